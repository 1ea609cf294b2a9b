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
from docsvc.domain.validity import Held, Role, Standing, lasts_until
from docsvc.telemetry import logger

if TYPE_CHECKING:
    from docsvc.adapters.pades.standing import SealStandings
    from docsvc.usecases.observe import SealState

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
            told = [(one, *_asked(standings, one)) for one in seal.held]
            until = lasts_until([one for one, verdict, _ in told if verdict != "fault"], now())
            yield f"seal {seal.id}", *_seal(seal, until, warn)
            for one, verdict, detail in told:
                # Of several one is in use: the others hinder nothing.
                yield f"certificate {one.name}", "warn" if verdict == "fault" and until else verdict, detail
            for name, fault in faults_of_keys(service.settings.certs, designs[seal.id], service.key_password):
                yield f"key {name}", "fault", fault
    for one in service.observation.others():
        yield f"certificate {one.name}", _aged(one, warn), in_words(one)


def _seal(seal: SealState, until: dt.datetime | None, warn: dt.timedelta) -> tuple[Verdict, str]:
    if not seal.held:
        return "fault", "没有公开证书；no public certificates: docsvc pki init or import"
    if until is None:
        return "fault", "没有可用的证书；none of its certificates can be used now"
    end = f"{until:%Y-%m-%d}"
    if until - now() < warn:
        return "warn", f"{end}起没有可用的证书；nothing follows after {end}: docsvc pki renew or import"
    return "ok", f"can be used until {end}"


def _aged(one: Held, warn: dt.timedelta) -> Verdict:
    """An old root may be kept for what was made in its time."""
    match one.standing(now(), warn):
        case Standing.GOOD:
            return "ok"
        case Standing.ENDING:
            return "warn"
        case Standing.ENDED | Standing.NOT_YET | Standing.WITHDRAWN:
            return "warn" if one.role is Role.ROOT else "fault"


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
