"""`docsvc seals`: what each seal was used for, by whom, and with which key."""

from __future__ import annotations

import datetime as dt
import json
from collections import Counter
from collections.abc import Iterator
from typing import Any
from zoneinfo import ZoneInfo

import click

from docsvc.bootstrap import SealReport, custody_report, open_process
from docsvc.domain.custody import Quota, UseState
from docsvc.usecases.custody import Entry

STATES = {
    UseState.BEGUN: "未结 begun",
    UseState.SIGNED: "已签未存 signed, not stored",
    UseState.KEPT: "已存 kept",
    UseState.FAILED: "未成 failed",
}


@click.group()
def seals() -> None:
    """Seals: what each was used for."""


@seals.command()
@click.argument("seal", required=False)
@click.option("--from", "first", type=click.DateTime(["%Y-%m-%d"]), help="first day; else from the beginning")
@click.option("--to", "last", type=click.DateTime(["%Y-%m-%d"]), help="last day; else up to now")
@click.option("--json", "as_json", is_flag=True, help="one JSON object a seal")
def report(seal: str | None, first: dt.datetime | None, last: dt.datetime | None, as_json: bool) -> None:  # noqa: FBT001 - click gives a bool
    """The custody report of SEAL (its id), or of all: key, certificates, quota, every use with its document."""
    with open_process() as service:
        zone = ZoneInfo(service.settings.timezone)
        since = first.replace(tzinfo=zone) if first else None
        until = (last + dt.timedelta(days=1)).replace(tzinfo=zone) if last else None
        for each in custody_report(service, seal, since, until):
            told = _facts(each)
            click.echo(json.dumps(told, ensure_ascii=False) if as_json else "\n".join(_lines(each, told, zone)))


def _facts(each: SealReport) -> dict[str, Any]:
    account, seal = each.account, each.account.agency.seal
    until = each.valid_until and f"{each.valid_until:%Y-%m-%d}"
    return {
        "seal": seal.id,
        "name": seal.name,
        "agency": account.agency.id,
        "door": each.door,
        "certificate": {"sha256": each.certificate_sha256, "valid_until": until},
        "quota": {"daily": account.quota.daily, "hourly": account.quota.hourly},
        "used": {"today": account.today, "this_hour": account.this_hour},
        "unsettled": sum(e.use.state in (UseState.BEGUN, UseState.SIGNED) for e in account.entries),
        "failed": sum(e.use.state is UseState.FAILED for e in account.entries),
        "uses": [_use(entry) for entry in account.entries],
    }


def _use(entry: Entry) -> dict[str, Any]:
    use = entry.use
    return {
        "id": use.id,
        "begun_at": use.begun_at.isoformat(),
        "state": use.state,
        "document": use.document_id,
        "number": entry.number,
        "doc_type": entry.doc_type,
        "asked_by": dict(use.asked_by) or None,
        "door": use.door,
        "certificate_sha256": use.certificate_sha256,
        "unsigned_sha256": use.unsigned_sha256,
        "signed_sha256": use.signed_sha256,
        "settled_at": use.settled_at and use.settled_at.isoformat(),
        "reason": use.reason,
    }


def _lines(each: SealReport, told: dict[str, Any], zone: ZoneInfo) -> Iterator[str]:
    account, certificate = each.account, told["certificate"]
    yield f"印章 seal {told['seal']}  {told['name']}"
    yield f"  密钥 key: {told['door']}"
    yield f"  现行证书 certificate: {certificate['sha256']}，有效至 until {certificate['valid_until']}"
    others = {e.use.certificate_sha256 for e in account.entries} - {each.certificate_sha256}
    yield from (f"  曾用证书 used before: {sha256}" for sha256 in sorted(others))
    yield f"  限额 quota: {_quota(account.quota)}；本日 today {account.today}，本小时 this hour {account.this_hour}"
    days = Counter((e.use.begun_at.astimezone(zone).date(), e.doc_type, e.use.state) for e in account.entries)
    for (day, doc_type, state), count in sorted(days.items()):
        yield f"  {day}  {doc_type}  {count}×  {STATES[state]}"
    for entry in account.entries:
        use = entry.use
        who = use.asked_by.get("name", "service") if use.asked_by else "service"
        reason = f"  {use.reason}" if use.reason else ""
        yield (
            f"    {use.begun_at.astimezone(zone):%Y-%m-%d %H:%M:%S}  {entry.number}  {who}  {STATES[use.state]}  "
            f"{use.unsigned_sha256} -> {use.signed_sha256 or '-'}{reason}"
        )


def _quota(quota: Quota) -> str:
    limits = ((quota.daily, "每日 a day"), (quota.hourly, "每小时 an hour"))
    return "，".join(f"{limit} {unit}" for limit, unit in limits if limit is not None) or "不限 none"
