"""Setting the embedded way up on first use, and making keys."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Literal

from docsvc.bootstrap.adapters import now
from docsvc.bootstrap.keys import LOG_VKEY
from docsvc.bootstrap.service import Service
from docsvc.domain.agency import Agency
from docsvc.domain.errors import SetupError
from docsvc.ports import Database
from docsvc.settings import load_settings
from docsvc.telemetry import configure_logs

Algorithm = Literal[
    "rsa-2048",
    "rsa-3072",
    "rsa-4096",
    "rsa-pss-2048",
    "rsa-pss-3072",
    "rsa-pss-4096",
    "ecdsa-p256",
    "ecdsa-p384",
    "ed25519",
]
"""Of development keys."""


@contextmanager
def open_service() -> Iterator[Service]:
    """The service of this process, set up on first use; closed at the end of the block."""
    settings = load_settings()
    configure_logs(settings.log_level)
    with ExitStack() as closing:
        service = Service(settings, closing)
        set_up(service)
        yield service


@contextmanager
def open_process() -> Iterator[Service]:
    """The service for one of its processes, as it stands: keys, registry and schema were set up before."""
    settings = load_settings()
    configure_logs(settings.log_level)
    with ExitStack() as closing:
        yield Service(settings, closing)


def end_with(parent: int) -> None:
    """This process ends when its parent does."""
    from docsvc.adapters.processes import end_with

    end_with(parent)


@contextmanager
def open_database() -> Iterator[Database]:
    """The database as it stands, whatever version its schema has; nothing is set up."""
    settings = load_settings()
    configure_logs(settings.log_level)
    with ExitStack() as closing:
        yield Service(settings, closing).database


def set_up(service: Service) -> None:
    """Make what the embedded way lacks (keys, registry), and say so; nothing where all is there.

    A folder with `log.vkey` is whole, or was handed out to this process: no keys are made in it, but for what an
    older version did not make yet in the whole one. The sample agencies go with the development PKI only.
    """
    from docsvc.adapters.notary import SCAN_PUB
    from docsvc.adapters.pki.folder import lacking_chains

    certs = service.settings.certs
    if not (certs / LOG_VKEY).exists():
        _say(f"first use: making development keys in {certs} (no legal effect)")
        make_keys(service, _samples(service))
    elif service.all_keys and not (certs / SCAN_PUB).exists():
        _say(f"making the key that signs the codes on documents in {certs} (no legal effect)")
        make_keys(service, ())
    elif service.own_pki and lacking_chains(certs):  # a version before did not write the certificates beside them
        make_keys(service, ())
    elif service.all_keys and service.settings.sm2_profile and not (certs / "sm2").exists():
        _say(f"making development SM2 keys in {certs} (no legal effect)")
        make_keys(service, service.agencies())
    if service.settings.store == "s3":
        lacking = [name for name, holds in service.objects.probe().items() if not holds]
        if lacking:
            _say(f"the object store does not enforce: {', '.join(lacking)} (the log still shows any change)")
    if service.own_pki and not service.agencies():
        _say("first use: importing the sample agencies")
        service.import_agencies((service.templates_dir / "agencies.sample.json").read_bytes())


def _samples(service: Service) -> Sequence[Agency]:
    entries = json.loads((service.templates_dir / "agencies.sample.json").read_text("utf-8"))
    return [Agency.from_json(entry) for entry in entries]


def make_keys(service: Service, agencies: Sequence[Agency], algorithm: Algorithm = "rsa-2048") -> None:
    """Development PKI, the log's key and the one under scan codes, where missing."""
    from docsvc.adapters.notary import create_log_key, create_scan_key
    from docsvc.adapters.pki.folder import init_pki
    from docsvc.adapters.pki.sm2_folder import init_sm2

    certs = service.settings.certs
    init_pki(certs, agencies=agencies, now=now(), algorithm=algorithm, password=service.key_password)
    vkey = certs / LOG_VKEY  # written last: where it stands, the keys are whole
    if vkey.exists() and not service.all_keys:
        return  # handed out to one process: what it was not given it must not have
    if service.settings.sm2_profile:
        init_sm2(certs, agencies, now(), service.key_password)
    create_log_key(certs / "log.key")
    create_scan_key(certs)
    if not vkey.exists():
        vkey.write_text(service.notary.vkey + "\n", "utf-8")


def init_development_pki(algorithm: Algorithm = "rsa-2048") -> Iterator[str]:
    """Make what is missing of the development keys; a line a key file.

    Raises SetupError in a folder of other keys, or of those that were handed out to one process.
    """
    from docsvc.adapters.pki.folder import inspect_pki

    settings = load_settings()
    with ExitStack() as closing:
        service = Service(settings, closing)
        if (settings.certs / LOG_VKEY).exists() and not service.own_pki:
            raise SetupError(
                f"{settings.certs} 中不是完整的开发用密钥，不作改动；"
                f"{settings.certs} does not hold the development PKI: nothing is made or changed there"
            )
        make_keys(service, [*_samples(service), *service.agencies()], algorithm)
        for report in inspect_pki(settings.certs, service.key_password):
            yield f"{report.path.name}\t{report.algorithm}\tuntil {report.not_after:%Y-%m-%d}\t{report.subject}"


def _say(sentence: str) -> None:
    sys.stderr.write(f"docsvc: {sentence}\n")
