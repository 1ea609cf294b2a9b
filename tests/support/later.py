"""Years that pass for a development PKI: its services get new keys, as an authority's operator makes them."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

from docsvc.adapters.pki import certificates as profiles
from docsvc.adapters.pki.certificates import Issuer
from docsvc.adapters.pki.folder import _Maker, describe, password_of, service_path
from docsvc.adapters.pki.keyfile import read_key

YEAR = dt.timedelta(days=365.25)


def after(start: dt.datetime, years: float) -> dt.datetime:
    """So many years later."""
    return start + years * YEAR


SERVED = ("ocsp-root", "ocsp-issuing", "tsa")


def new_service_keys(folder: Path, now: dt.datetime, roles: tuple[str, ...] = SERVED) -> None:
    """New keys and certificates, by the CAs that are there, for the responders and the time-stamp authority."""
    secret = password_of(folder)
    maker = _Maker(folder, secret, now, describe(folder))
    root, issuing = (read_key(folder / f"{name}.p12", secret) for name in ("root", "issuing"))
    by_root = Issuer("root", root.certificate, root.key), root.chain
    by_issuing = Issuer("issuing", issuing.certificate, issuing.key), issuing.chain
    for role, profile, (issuer, chain) in (
        ("ocsp-root", profiles.OCSP, by_root),
        ("ocsp-issuing", profiles.OCSP, by_issuing),
        ("tsa", profiles.TSA, by_issuing),
    ):
        if role not in roles:
            continue
        (folder / f"{role}.p12").unlink()
        service_path(folder, role).unlink()
        maker.make(role, profile, f"docsvc development {role} {now:%Y}", issuer, chain)
