"""The catalogue: every rule with its id, its meaning and the documents it concerns, and how a case is judged."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from docsvc.domain.errors import Finding
from docsvc.domain.rules import (
    archive,
    citations,
    commitment,
    credit,
    delivery,
    followup,
    general,
    guidance,
    interview,
    nature,
    no_penalty,
    offset,
    party,
    references,
    termination,
    wording,
)
from docsvc.domain.rules.references import references_in
from docsvc.domain.rules.rule import Facts, Known, Reference, Rule

__all__ = ["RULES", "Facts", "Known", "Reference", "Rule", "check_case", "references_in"]

GUIDANCE: Final = frozenset({"advice", "reminder", "interview_notice"})
LETTERS: Final = frozenset({"advice", "reminder"})
NOTICE: Final = frozenset({"interview_notice"})
RECORD: Final = frozenset({"interview_record"})
DECISION: Final = frozenset({"no_penalty_decision"})
ENDING: Final = frozenset({"termination_notice"})
COMMITMENT: Final = frozenset({"commitment"})
RECEIPT: Final = frozenset({"delivery_receipt"})
FOLLOWUP: Final = frozenset({"followup_record"})
VOLUNTARY: Final = GUIDANCE | COMMITMENT
OFFSET: Final = frozenset({"public_service_offset"})
CREDIT: Final = frozenset({"credit_repair_notice"})
ARCHIVE: Final = frozenset({"archive_index"})
CITING: Final = GUIDANCE | DECISION | ENDING | COMMITMENT | OFFSET | CREDIT

RULES: Final[tuple[Rule, ...]] = (
    Rule("SCHEMA", "机关已登记", "the agency is registered", general.agency_is_registered),
    Rule("SCHEMA", "份数相加等于总份数", "copies add up", general.copies_add_up),
    Rule("SCHEMA", "危害后果用语", "harm is a known word", no_penalty.harm_is_known, DECISION),
    Rule("G01", "两名以上执法人员，一名主办", "two or more officers, one leading", general.two_officers),
    Rule("G02", "统一社会信用代码", "unified social credit code (GB 32100)", party.uscc_is_right),
    Rule("G03", "居民身份证号码", "resident identity number (GB 11643)", party.identity_numbers_are_right),
    Rule("G04", "引用文号的写法和年份", "form and year of cited numbers", references.numbers_in_form),
    Rule("G05", "日期真实，成文日期不在未来", "dates are real; not issued in the future", general.not_in_future),
    Rule("G06", "当事人类型与各项相符", "the party has the fields of its type", party.kind_has_its_fields),
    Rule("G07", "成文日期不早于事实", "issued after every fact that it tells", general.dates_in_order),
    Rule("G07", "期限晚于成文日期", "terms lie ahead", guidance.terms_follow, LETTERS),
    Rule("G07", "下次回访晚于本次", "the next visit lies ahead", followup.next_visit_lies_ahead, FOLLOWUP),
    Rule("G08", "没有未填写的占位符", "no placeholder is left", wording.nothing_unfilled),
    Rule("G09", "印章名称与机关名称一致", "the seal bears the agency's name", general.seal_is_the_agencys),
    Rule(
        "G10",
        "法律依据存在且有效",
        "the law cited exists and is in force",
        citations.law_is_cited_and_in_force,
        CITING,
    ),
    Rule("G12", "每个字都能印出", "every character can be drawn", wording.everything_drawable),
    Rule("G13", "行政指导写明自愿", "guidance says that it is voluntary", nature.says_it_is_voluntary, VOLUNTARY),
    Rule("G14", "法律性质与结尾相符", "the ending fits the legal nature", nature.ends_as_its_nature_demands),
    Rule("NP01", "不予处罚的法定理由", "statutory ground, word for word", no_penalty.ground_is_statutory, DECISION),
    Rule(
        "NP02", "轻微、改正、无危害", "minor, corrected, no harm", no_penalty.minor_corrected_without_harm, DECISION
    ),
    Rule("NP03", "初次、轻微、改正", "first, slight, corrected", no_penalty.first_offence_checked, DECISION),
    Rule("NP04", "证据", "evidence", no_penalty.evidence_is_listed, DECISION),
    Rule("NP05", "清单事项", "item of the list", no_penalty.list_item_was_effective, DECISION),
    Rule("NP06", "教育", "education", no_penalty.party_was_educated, DECISION),
    Rule("NP07", "九十日内作出", "within 90 days of filing", no_penalty.decided_within_term, DECISION),
    Rule("NP08", "复议和诉讼途径", "remedies", no_penalty.remedies_are_offered, DECISION),
    Rule("NP09", "改正后复查", "rechecked after the correction", no_penalty.rechecked_after_correction, DECISION),
    Rule("NP10", "追责时效已过", "the limitation has passed", no_penalty.limitation_has_passed, DECISION),
    Rule("NP11", "没有处罚内容", "no penalty is imposed", no_penalty.no_penalty_is_imposed, DECISION),
    Rule("NP12", "责令监护人", "the guardian is ordered", no_penalty.guardian_is_ordered, DECISION),
    Rule("NP13", "承诺已履行", "the commitment was kept", no_penalty.commitment_was_kept, DECISION),
    Rule("T01", "三种终止理由之一", "one of three reasons", termination.reason_is_one_of_three, ENDING),
    Rule("T02", "措施正在实施", "the measure was running", termination.measure_was_running, ENDING),
    Rule("T03", "后续处理", "next step", termination.next_step_is_known, ENDING),
    Rule("I01", "同一日内开始和结束", "starts and ends on one day", interview.one_sitting, RECORD),
    Rule("I02", "先通知后约谈", "notice comes first", interview.notice_came_first, NOTICE | RECORD),
    Rule("I03", "记录人不是被约谈人", "the recorder is another person", interview.recorder_is_another, RECORD),
    Rule("I04", "联合约谈两个以上机关", "joint: two agencies or more", interview.joint_names_agencies, NOTICE),
    Rule("I05", "逐页签名或者注明拒签", "every page signed, or refusal noted", interview.every_page_signed, RECORD),
    Rule("I06", "告知权利", "rights were told", interview.rights_were_told, RECORD),
    Rule("I08", "整改期限晚于约谈", "the deadline follows the interview", interview.deadline_follows, RECORD),
    Rule("C01", "先告知后签署", "told before it was signed", commitment.told_before_signed, COMMITMENT),
    Rule("C02", "改正期限", "deadline of the correction", commitment.deadline_is_near, COMMITMENT),
    Rule("C03", "违反承诺的后果", "consequence of a breach", commitment.breach_is_told, COMMITMENT),
    Rule("C04", "清单事项或者罚则", "item of the list or ground", commitment.rests_on_item_or_ground, COMMITMENT),
    Rule("C05", "签署人的权限", "authority of the signer", commitment.signer_may_sign, COMMITMENT),
    Rule("D01", "送达方式", "way of delivery", delivery.method_is_known, RECEIPT),
    Rule("D02", "送达不早于成文", "delivered after the issue", delivery.delivered_after_issue, RECEIPT),
    Rule("D03", "留置送达的见证", "left before a witness", delivery.left_before_witness, RECEIPT),
    Rule("D04", "邮寄送达的回执", "post is tracked", delivery.post_is_tracked, RECEIPT),
    Rule("D05", "电子送达先有同意", "consent to electronic delivery", delivery.consent_came_first, RECEIPT),
    Rule("D06", "公告满三十日", "thirty days of announcement", delivery.announced_thirty_days, RECEIPT),
    Rule("D07", "签收人与受送达人的关系", "relation of the signer", delivery.receiver_is_related, RECEIPT),
    Rule("V01", "写明所回访的文书", "the document is cited", followup.document_is_cited, FOLLOWUP),
    Rule("V02", "回访用语和评价", "known words and ratings", followup.codes_are_known, FOLLOWUP),
    Rule("G11", "金额不为负", "no amount is negative", offset.money_is_no_debt, OFFSET),
    Rule("G13", "当事人自愿", "the party's own choice", offset.is_voluntary, OFFSET),
    Rule(
        "G14", "认定书载明救济途径", "a determination offers remedies", offset.determination_offers_remedies, OFFSET
    ),
    Rule("S01", "公益抵罚的依据和范围", "basis and scope of the offset", offset.basis_covers_the_fine, OFFSET),
    Rule("S02", "由当事人申请", "the party applied", offset.party_applied, OFFSET),
    Rule("S03", "抵扣金额", "the sums agree", offset.sums_agree, OFFSET),
    Rule("S04", "先完成服务后认定", "done before it is determined", offset.service_was_done, OFFSET),
    Rule("G07", "处罚在先", "the penalty came first", credit.decided_in_time, CREDIT),
    Rule("X01", "失信等级与公示期相符", "months fit the severity", credit.months_fit_class, CREDIT),
    Rule("X02", "不适用于不予处罚", "not where no penalty was imposed", credit.follows_a_penalty, CREDIT),
    Rule("G07", "卷内日期不晚于目录", "entries precede their index", archive.entries_precede_index, ARCHIVE),
    Rule("A01", "序号、页号连续，合计相符", "numbers and pages run on", archive.numbers_run_on, ARCHIVE),
    Rule("A02", "必备文件齐全", "required documents are there", archive.required_documents_present, ARCHIVE),
    Rule("A03", "载体有摘要值", "media have digests", archive.media_have_digests, ARCHIVE),
)

# Rules about what this service issued before.
HISTORY: Final[tuple[Rule, ...]] = (
    Rule(
        "NP13", "与出具的承诺书一致", "agrees with the commitment issued", references.agrees_with_issued, DECISION
    ),
    Rule("T02", "与出具的文书一致", "agrees with the document issued", references.agrees_with_issued, ENDING),
    Rule("T04", "只终止一次", "ended once", termination.ended_once, ENDING),
    Rule("I02", "与出具的通知书一致", "agrees with the notice issued", references.agrees_with_issued, RECORD),
    Rule("C06", "同一事项只承诺一次", "first for its item", commitment.first_for_its_item, COMMITMENT),
    Rule("D02", "与出具的文书一致", "agrees with the document issued", references.agrees_with_issued, RECEIPT),
    Rule(
        "D05", "与出具的文书一致", "agrees with the document issued", delivery.consent_agrees_with_issued, RECEIPT
    ),
    Rule(
        "D09", "互联网复议渠道", "internet channel of a decision", delivery.decision_names_online_channel, RECEIPT
    ),
    Rule("V01", "与出具的文书一致", "agrees with the document issued", references.agrees_with_issued, FOLLOWUP),
    Rule("V01", "回访晚于送达", "visited after the delivery", followup.visited_after_delivery, FOLLOWUP),
    Rule("X02", "不是不予处罚的文书", "no document of ours", references.agrees_with_issued, CREDIT),
)

# A text that is unfilled or can't be drawn has no meaning that other rules could judge.
ABOUT_TEXT: Final = ("G08", "G12")


def check_case(case: Mapping[str, Any], known: Known) -> list[Finding]:
    """Everything that the catalogue finds wrong (severity error) or doubtful (warning) in a case whose shape the
    schema has accepted, in the order of the catalogue. One fault gives one rule id.

    Warnings have ids of their own: REF (cited document not of this service), LAW (title not in the register),
    CALENDAR (holidays of that year not known), PLAIN (could be said more plainly).
    """
    facts = Facts(case, known)
    findings = [f for rule in RULES if rule.concerns(facts.doc_type) for f in rule.check(facts)]
    if not any(f.severity == "error" for f in findings):
        # What the service did earlier speaks only of a case that holds by itself: the same case, refused and put
        # right, must not be told of a history that its faulty form has nothing to do with.
        findings += [f for rule in HISTORY if rule.concerns(facts.doc_type) for f in rule.check(facts)]
        findings += wording.reads_plainly(facts)
    unreadable = {f.pointer for f in findings if f.rule in ABOUT_TEXT}
    return [f for f in findings if f.rule in ABOUT_TEXT or not _covers(f.pointer, unreadable)]


def _covers(pointer: str, places: set[str]) -> bool:
    """Whether one of `places` is at or under `pointer`."""
    return any(p == pointer or p.startswith(f"{pointer}/") for p in places)
