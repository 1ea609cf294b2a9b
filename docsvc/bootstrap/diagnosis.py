"""Looking the whole machine over: everything that the service needs, a line each, certificates with their end."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, Literal

from docsvc.bootstrap.adapters import now
from docsvc.bootstrap.custody import look_at_doors
from docsvc.bootstrap.first_use import open_service
from docsvc.bootstrap.service import Service
from docsvc.domain.errors import DocsvcError
from docsvc.domain.validity import Held, Role, Standing
from docsvc.telemetry import logger

if TYPE_CHECKING:
    from docsvc.adapters.pades.standing import SealStandings

Verdict = Literal["ok", "warn", "fault"]
Line = tuple[str, Verdict, str]


def diagnose() -> Iterator[Line]:
    """(what, verdict, detail) of everything that the service needs."""
    from docsvc.adapters.pki.folder import inspect_pki

    with open_service() as service:

        def look(what: str, finding: Any) -> Line:
            try:
                return what, "ok", str(finding())
            except DocsvcError as e:
                logger().debug("doctor_fault", what=what, exc_info=True)
                return what, "fault", str(e)

        yield look("settings", lambda: f"data in {service.settings.data}, store {service.settings.store}")
        yield look("templates", lambda: ", ".join(n for n in service.templates.names() if service.templates.get(n)))
        yield look("fonts", lambda: ", ".join(service.fonts.families))
        yield look("office", service.converter.start)
        yield look("database", lambda: f"{len(service.agencies())} agencies")
        yield look("store", lambda: ", ".join(f"{k}={v}" for k, v in service.objects.probe().items()))
        yield look("authorities", lambda: service.sealer and "answer")
        yield look("log", lambda: service.notary.vkey)
        yield look("codes", lambda: f"key {service.scan_signer.key_id.hex()}")
        for name, fault in look_at_doors(service):
            yield name, "fault" if fault else "ok", fault or "answers"
        try:
            for key in inspect_pki(service.settings.certs, service.key_password):
                yield f"key {key.path.name}", "ok", f"{key.algorithm} until {key.not_after:%Y-%m-%d}"
        except DocsvcError as e:
            yield "keys", "fault", str(e)
        try:
            yield from look_at_certificates(service)
        except DocsvcError as e:
            yield "certificates", "fault", str(e)


def look_at_certificates(service: Service) -> Iterator[Line]:
    """When each certificate ends, whether a seal's is revoked, whether it may be used. Raises DocsvcError."""
    from docsvc.adapters.pades.standing import SealStandings
    from docsvc.adapters.pki.succession import faults_of_keys

    warn = service.observation.warn
    designs = {a.seal.id: a.seal for a in service.agencies()}
    with ExitStack() as closing:
        standings = SealStandings(service.keys.roots, now)
        closing.callback(standings.close)
        for seal in service.observation.seals():
            if not seal.held:
                yield (
                    f"seal {seal.id}",
                    "fault",
                    "没有公开证书；no public certificates: docsvc pki init or import-seal",
                )
            for one in seal.held:
                # Of several one is in use; what has ended or waits beside it is no fault.
                verdict, detail = _asked(standings, one)
                spare = verdict == "fault" and seal.until is not None and one is not seal.held[0]
                yield f"seal {one.name}", "warn" if spare else verdict, detail
            if seal.held and seal.until is None:
                yield f"seal {seal.id}", "fault", "没有可用的证书；none of its certificates can be used now"
            elif seal.until and seal.until - now() < warn:
                ends = f"{seal.until:%Y-%m-%d}"
                yield (
                    f"seal {seal.id}",
                    "warn",
                    f"{ends}起没有可用的证书；nothing follows after {ends}: docsvc pki renew",
                )
            for name, fault in faults_of_keys(service.settings.certs, designs[seal.id], service.key_password):
                yield f"key {name}", "fault", fault
    for one in service.observation.others():
        standing = one.standing(now(), warn)
        verdict = "warn" if standing is Standing.ENDING or (ended(standing) and one.role is Role.ROOT) else "ok"
        yield f"{one.role} {one.name}", "fault" if ended(standing) and verdict == "ok" else verdict, in_words(one)


def _asked(standings: SealStandings, one: Held) -> tuple[Verdict, str]:
    standing = one.standing(now(), dt.timedelta())
    if standing is not Standing.GOOD:
        return "ok", in_words(one)
    refused, missing = standings.of(one.chain)
    if refused:
        return "fault", refused
    if missing:
        return "warn", f"{in_words(one)}；吊销情况不明 — is it revoked? not known: {missing}"
    return "ok", f"{in_words(one)}, not revoked"


def ended(standing: Standing) -> bool:
    """Is it out of its time, at either end?"""
    return standing in {Standing.ENDED, Standing.NOT_YET}


def in_words(one: Held) -> str:
    """From when until when, or why not any more."""
    match one.standing(now(), dt.timedelta()):
        case Standing.WITHDRAWN:
            return f"revoked on {one.withdrawn:%Y-%m-%d}"
        case Standing.ENDED:
            return f"expired on {one.ends:%Y-%m-%d}"
        case Standing.NOT_YET:
            return f"to be used from {one.starts:%Y-%m-%d}, until {one.ends:%Y-%m-%d}"
        case Standing.GOOD | Standing.ENDING:
            return f"until {one.ends:%Y-%m-%d}"
