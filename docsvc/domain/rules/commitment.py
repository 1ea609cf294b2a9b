"""Rules of the commitment that follows a minor violation (C01 … C06; 舟政办发〔2023〕47号 二(一))."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from docsvc.domain.errors import Finding
from docsvc.domain.rules.party import CAPACITIES, contradicts_party
from docsvc.domain.rules.rule import Facts, fault

LONGEST: Final = dt.timedelta(days=30)  # from signature to correction
BREACH: Final = re.compile(r"终止|撤销|立案|查处|处罚|处理|责任|不再适用")
OWN: Final = frozenset({*CAPACITIES, "负责人", "主要负责人", "法定代表人（负责人）", "执行事务合伙人", "投资人"})


def told_before_signed(facts: Facts) -> Iterator[Finding]:
    """C01: the party was told before it signed."""
    if _signed_first(facts):
        yield fault("C01", "/body/signed_at", "签署早于告知", "signed before the party was told")


def _signed_first(facts: Facts) -> bool:
    informed, signed = facts.moment("/body/informed_at"), facts.moment("/body/signed_at")
    return informed is not None and signed is not None and signed < informed


def deadline_is_near(facts: Facts) -> Iterator[Finding]:
    """C02: the correction is due after the signature, within 30 days."""
    at = "/body/correction_deadline"
    signed, due = facts.day("/body/signed_at"), facts.day(at)
    if due is None:
        yield fault("C02", at, "应当写明改正期限", "the deadline of the correction is missing")
    elif signed is None or _signed_first(facts) or signed > facts.issue:
        return  # C01 or G07 tells it
    elif due < signed:
        yield fault("C02", at, "改正期限早于签署日期", "the deadline is before the signature")
    elif due - signed > LONGEST:
        yield fault(
            "C02",
            at,
            f"改正期限不得超过签署之日起{LONGEST.days}日",
            f"the deadline is more than {LONGEST.days} days after the signature",
        )


def breach_is_told(facts: Facts) -> Iterator[Finding]:
    """C03: the commitment says what follows its breach."""
    if BREACH.search(facts.text("/body/breach_consequence")) is None:
        yield fault(
            "C03",
            "/body/breach_consequence",
            "应当写明违反承诺的后果",
            "what follows a breach of the commitment must be told",
        )


def rests_on_item_or_ground(facts: Facts) -> Iterator[Finding]:
    """C04: an item of the list of minor violations, or the provisions that the penalty would rest on."""
    if not facts.text("/body/informed/list_item_no") and not facts.items("/body/informed/penalty_basis"):
        yield fault(
            "C04",
            "/body/informed/list_item_no",
            "应当写明不予处罚清单的事项编号；不在清单的，写明应适用的罚则",
            "an item of the list is needed, or the penalty provisions",
        )


def signer_may_sign(facts: Facts) -> Iterator[Finding]:
    """C05: who signs is the party, its representative or its operator, or has a power of attorney."""
    if facts.text("/body/signer/authority_no"):
        return
    if facts.text("/body/signer/capacity") not in OWN:
        yield fault(
            "C05",
            "/body/signer",
            "由他人代签的，应当写明授权委托书编号（authority_no）",
            "another signer needs a power of attorney (authority_no)",
        )
    elif contradicts_party(facts, "/body/signer/name", "/body/signer/capacity"):
        yield fault(
            "C05",
            "/body/signer/name",
            "签署人的姓名、身份与当事人信息不一致",
            "the signer is not whom the party names",
        )


def first_for_its_item(facts: Facts) -> Iterator[Finding]:
    """C06: the party has not made a commitment about the same item before."""
    if number := facts.known.committed.get(item_of(facts.case)):
        yield fault(
            "C06",
            "/body/informed/list_item_no",
            f"当事人已就同一事项作出承诺（{number}），不得再次适用告知承诺",
            f"this party has made a commitment about the same item before: {number}",
        )


def item_of(case: Mapping[str, Any]) -> str:
    """What a commitment is about: the item of the list, else the provisions that were violated."""
    informed = case["body"]["informed"]
    cited = {f"{c['law'].strip('《》')}{c.get('article') or ''}" for c in informed.get("violated") or []}
    return str(informed.get("list_item_no") or "").strip() or "、".join(sorted(cited))


def same_party(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether two cases concern one party: by its code or identity number, by name where both have none."""
    keys = ("uscc", "id_no")
    codes = [next((c["party"][k] for k in keys if c["party"].get(k)), c["party"]["name"]) for c in (one, other)]
    return bool(codes[0] == codes[1])
