"""The files of a seal's keys: `<id>.p12`, and `<id>@<label>.p12` of those that follow it; what lies beside each.

Beside a key file lie its public certificates (`.pem`), perhaps the time from which it is to be used (`.from`), and
the time at which it was taken out of use (`.revoked`, with the reason). Names decide nothing: the certificates do.
"""

from __future__ import annotations

import datetime as dt
import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from docsvc.adapters.pki.folder import seal_path
from docsvc.adapters.pki.keyfile import write_private
from docsvc.domain.errors import SetupError
from docsvc.domain.validity import Held, Role

MARK: Final = "@"  # stands in no seal's file name otherwise
LABEL: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,31}")
FROM, REVOKED, PUBLIC, KEY = ".from", ".revoked", ".pem", ".p12"


def files_of(folder: Path, seal_id: str, suffix: str) -> list[Path]:
    """Files with this suffix of all keys of a seal, by name. Cheap: one look at the folder."""
    stem = seal_path(folder, seal_id).stem
    try:
        names = [e.name for e in os.scandir(folder / "seals") if e.name.endswith(suffix)]
    except FileNotFoundError:
        return []
    found = [n for n in names if n == stem + suffix or n.startswith(stem + MARK)]
    return [folder / "seals" / name for name in sorted(found)]


def next_path(folder: Path, seal_id: str) -> Path:
    """The key file that a further key of the seal gets."""
    first = seal_path(folder, seal_id)
    number, path = 1, first
    while any(path.with_suffix(suffix).exists() for suffix in (KEY, PUBLIC)):
        number += 1
        path = first.with_name(f"{first.stem}{MARK}{number}{KEY}")
    return path


def held_in(path: Path, chain: Sequence[x509.Certificate], role: Role = Role.SEAL) -> Held:
    """A certificate with what lies beside its file. Raises SetupError where that can't be read."""
    own = chain[0]
    wish, _ = read_note(path.with_suffix(FROM))
    withdrawn, _ = read_note(path.with_suffix(REVOKED))
    return Held(
        role=role,
        name=path.stem,
        serial=own.serial_number,
        not_before=own.not_valid_before_utc,
        starts=max(own.not_valid_before_utc, wish) if wish else own.not_valid_before_utc,
        ends=min(c.not_valid_after_utc for c in chain),
        withdrawn=withdrawn,
        chain=tuple(c.public_bytes(Encoding.DER) for c in chain),
    )


def read_note(path: Path) -> tuple[dt.datetime | None, str]:
    """Time and word in a `.from` or `.revoked`; None where there is no such file. Raises SetupError."""
    try:
        moment, _, word = path.read_text("utf-8").strip().partition(" ")
        at = dt.datetime.fromisoformat(moment)
    except FileNotFoundError:
        return None, ""
    except (OSError, ValueError) as e:
        raise SetupError(f"{path.name} 无法读取；{path.name} holds no time (2027-01-01T00:00+08:00)") from e
    return (at if at.tzinfo else at.replace(tzinfo=dt.UTC)), word


def write_note(path: Path, at: dt.datetime, word: str = "") -> None:
    """Write a `.from` or `.revoked`, whole or not at all."""
    part = path.with_name(f".{path.name}.{os.getpid()}")
    write_private(part, f"{at.astimezone(dt.UTC).isoformat(timespec='seconds')} {word}".strip().encode() + b"\n")
    part.chmod(0o644)
    part.replace(path)
