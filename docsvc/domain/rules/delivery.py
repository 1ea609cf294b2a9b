"""Rules of the receipt of delivery (D01 … D07, D09; 民事诉讼法 第八十七条至第九十五条, 行政处罚法 第六十一条)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Final

from docsvc.domain.calendar import working_day_after
from docsvc.domain.errors import Finding
from docsvc.domain.phrases import WORDS
from docsvc.domain.rules.party import contradicts_party
from docsvc.domain.rules.rule import Facts, doubt, fault, holidays_not_known

TERM: Final = 7  # working days (行政处罚法 第六十一条第一款, 第八十五条)
ANNOUNCED: Final = dt.timedelta(days=30)  # 民事诉讼法 第九十五条
DETAIL: Final = "/body/detail"


def method_is_known(facts: Facts) -> Iterator[Finding]:
    """D01: one of the statutory ways of delivery."""
    if facts.raw("/body/method") not in WORDS["method"]:
        known = ", ".join(WORDS["method"])
        yield fault("D01", "/body/method", f"送达方式须为：{known}", f"must be one of: {known}")


def delivered_after_issue(facts: Facts) -> Iterator[Finding]:
    """D02: nothing is delivered before it is issued, and the day signed or arrived is the day of delivery; a
    warning where it took longer than seven working days.
    """
    delivered = facts.day("/body/delivered_at")
    if delivered is None or delivered > facts.issue:
        return  # G07
    early = False
    for i in range(len(facts.items("/body/documents"))):
        at = f"/body/documents/{i}/issue_date"
        issued = facts.day(at) or delivered  # the schema has made sure that it is one
        if delivered < issued:
            early = True
            yield fault("D02", at, "送达早于文书的成文日期", "delivered before the document was issued")
        else:
            yield from _in_time(facts, at, issued, delivered)
    name = {"direct": "signed_at", "electronic": "system_arrival_at"}.get(facts.raw("/body/method"), "")
    day = facts.day(f"{DETAIL}/{name}")
    if day and day != delivered and day <= facts.issue and not early:
        yield fault(
            "D02", f"{DETAIL}/{name}", "与送达日期不是同一日", "the day signed or arrived is the day of delivery"
        )


def _in_time(facts: Facts, at: str, issued: dt.date, delivered: dt.date) -> Iterator[Finding]:
    acted = (
        facts.day(f"{DETAIL}/announced_on") if facts.raw("/body/method") == "announcement" else None
    ) or delivered
    last = working_day_after(issued, TERM)
    if acted > last.day:
        yield doubt(
            "D02",
            at,
            f"超过七个工作日（{last.day}）送达，请核对",
            f"delivered later than seven working days after its issue ({last.day})",
        )
    if acted > issued and not last.certain:
        yield holidays_not_known(at, last.day)


def left_before_witness(facts: Facts) -> Iterator[Finding]:
    """D03: refused for a noted reason, and left before a witness or a camera (民事诉讼法 第八十九条)."""
    if facts.raw("/body/method") != "left":
        return
    if not facts.text(f"{DETAIL}/witness") and not facts.text(f"{DETAIL}/av_evidence"):
        yield fault(
            "D03",
            f"{DETAIL}/witness",
            "留置送达应当有见证人（witness）或者拍照、录像（av_evidence）",
            "left documents need a witness, or a photo or video (av_evidence)",
        )
    elif not facts.text(f"{DETAIL}/refuse_reason"):
        yield fault(
            "D03", f"{DETAIL}/refuse_reason", "留置送达应当记明拒收事由", "the reason of the refusal must be noted"
        )


def post_is_tracked(facts: Facts) -> Iterator[Finding]:
    """D04: post has a tracking number, and is delivered on the day of its receipt (民事诉讼法 第九十一条)."""
    if facts.raw("/body/method") != "post":
        return
    received, delivered = facts.day(f"{DETAIL}/received_on"), facts.day("/body/delivered_at")
    if not facts.text(f"{DETAIL}/tracking_no"):
        yield fault("D04", f"{DETAIL}/tracking_no", "邮寄送达应当写明邮件号码", "the tracking number is missing")
    elif received is None:
        yield fault(
            "D04", f"{DETAIL}/received_on", "邮寄送达应当写明回执上的收件日期", "the date of the receipt is missing"
        )
    elif received != delivered and max(received, delivered or received) <= facts.issue:
        yield fault(
            "D04",
            f"{DETAIL}/received_on",
            "邮寄送达以回执上的收件日期为送达日期",
            "post is delivered on the day of its receipt",
        )


def consent_came_first(facts: Facts) -> Iterator[Finding]:
    """D05: electronic delivery rests on a consent that the party confirmed before (行政处罚法 第六十一条第二款)."""
    if facts.raw("/body/method") != "electronic":
        return
    confirmed = _confirmed(facts)
    delivered = facts.day("/body/delivered_at")
    if not facts.told("/party/e_delivery/agreed") or confirmed is None:
        yield fault(
            "D05",
            "/party/e_delivery/agreed",
            "当事人没有签订确认书同意电子送达，不得电子送达",
            "the party has not consented to electronic delivery",
        )
    elif delivered and confirmed > delivered:
        yield fault(
            "D05",
            f"{DETAIL}/consent_confirmed_on",
            "同意电子送达的日期晚于送达",
            "the consent came after the delivery",
        )


def _confirmed(facts: Facts) -> dt.date | None:
    return facts.day(f"{DETAIL}/consent_confirmed_on") or facts.day("/party/e_delivery/confirmed_on")


def consent_agrees_with_issued(facts: Facts) -> Iterator[Finding]:
    """D05: no consent is dated before a document of this service in whose case the party had not consented."""
    confirmed = _confirmed(facts)
    if facts.raw("/body/method") == "electronic" and confirmed and _denied(facts, confirmed):
        yield fault(
            "D05",
            f"{DETAIL}/consent_confirmed_on",
            "所写的同意日期早于所送文书，而该文书的案件中当事人未同意电子送达",
            "the consent is dated before a document whose case says that there was none",
        )


def _denied(facts: Facts, confirmed: dt.date) -> bool:
    issued = facts.known.references.values()
    return any(not one.e_agreed and confirmed < one.issue_date for one in issued)


def announced_thirty_days(facts: Facts) -> Iterator[Finding]:
    """D06: what is announced counts as delivered thirty days later (民事诉讼法 第九十五条)."""
    if facts.raw("/body/method") != "announcement":
        return
    announced, deemed = facts.day(f"{DETAIL}/announced_on"), facts.day(f"{DETAIL}/deemed_on")
    delivered = facts.day("/body/delivered_at")
    if announced is None:
        yield fault("D06", f"{DETAIL}/announced_on", "应当写明公告日期", "the day of the announcement is missing")
    elif announced > facts.issue or (delivered and delivered > facts.issue):
        return  # G07
    elif deemed is None or deemed - announced != ANNOUNCED:
        yield fault(
            "D06",
            f"{DETAIL}/deemed_on",
            f"公告之日起经过三十日视为送达：{announced + ANNOUNCED}",
            f"deemed delivered thirty days after the announcement: {announced + ANNOUNCED}",
        )
    elif delivered != deemed:
        yield fault(
            "D06", "/body/delivered_at", "公告送达的送达日期是视为送达之日", "delivered on the day that is deemed"
        )


def receiver_is_related(facts: Facts) -> Iterator[Finding]:
    """D07: somebody signed, and who is not the recipient tells their relation to it (民事诉讼法 第八十八条)."""
    signer, relation = facts.text(f"{DETAIL}/signer"), facts.text(f"{DETAIL}/signer_relation")
    if not signer:
        if facts.raw("/body/method") == "direct":
            yield fault(
                "D07", f"{DETAIL}/signer", "直接送达应当由受送达人或者代收人签收", "nobody signed for the documents"
            )
    elif not relation and signer != facts.text("/body/recipient"):
        yield fault(
            "D07",
            f"{DETAIL}/signer_relation",
            "签收人不是受送达人的，应当写明与受送达人的关系",
            "the relation of another signer to the recipient is missing",
        )
    elif facts.text("/body/recipient") == facts.text("/party/name") and contradicts_party(
        facts, f"{DETAIL}/signer", f"{DETAIL}/signer_relation"
    ):
        yield fault(
            "D07",
            f"{DETAIL}/signer_relation",
            "签收人的姓名与所写的身份不一致",
            "the signer is not whom the party names in that capacity",
        )


def decision_names_online_channel(facts: Facts) -> Iterator[Finding]:
    """D09: a decision that is delivered by internet tells an internet channel for the application for
    reconsideration (行政复议法 第二十二条第二款): in its own text, or beside it.
    """
    if facts.raw("/body/method") != "electronic" or facts.text(f"{DETAIL}/online_channel"):
        return
    for i in range(len(facts.items("/body/documents"))):
        at = f"/body/documents/{i}/doc_no"
        issued = facts.known.references.get(facts.text(at))
        lacks = issued and issued.doc_type == "no_penalty_decision" and not issued.e_agreed
        if lacks and not _denied(facts, _confirmed(facts) or dt.date.max):  # else D05 tells it
            yield fault(
                "D09",
                at,
                "电子送达的决定没有写明互联网复议渠道，应当一并告知（online_channel）",
                "the decision names no internet channel for reconsideration: tell one (online_channel)",
            )
