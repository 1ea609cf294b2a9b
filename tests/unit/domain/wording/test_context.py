"""What a case says in its document, by legal nature and by type."""

from __future__ import annotations

import dataclasses
import json
import re

import pytest

from docsvc.adapters.word import WordFiller
from docsvc.domain.case import strings_of
from docsvc.domain.document import LegalNature, Signing
from docsvc.domain.errors import TemplateFaultError
from docsvc.domain.phrases import WORDS, date, moment
from docsvc.domain.rules.no_penalty import HARMS
from docsvc.domain.rules.termination import REASONS
from docsvc.domain.wording import BODIES, context
from docsvc.pipeline.convert import body_text
from tests.support.cases import ABSENT, broken, changed
from tests.support.drafts import TEMPLATES, AllFonts, accepted, drafts, filled, golden, sample, samples

FILLER = WordFiller(AllFonts())
# Codes that documents say in words, and the agency's key in the registry.
CODE = re.compile(r"docsvc\.case/1|[a-z]+(_[a-z0-9]+)*|demo-[a-z]+")


def text_of(case) -> str:
    return body_text(filled(case, FILLER).docx)


def flat(text: str) -> str:
    return re.sub(r"\s", "", text)


def on_paper(value: str) -> str:
    if re.fullmatch(r"\d{4}-\d\d-\d\d", value):
        return date(value)
    return moment(value) if re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d)?", value) else flat(value)


def test_every_sample_has_its_golden_text():
    assert samples()
    for path, text in drafts(FILLER):
        assert text == golden(path).read_text(), (
            f"{path.parent.parent.name} {path.stem}: see tests/support/drafts.py"
        )


def test_no_golden_text_is_left_over():
    assert sorted(TEMPLATES.glob("*/golden/*.txt")) == sorted(map(golden, samples()))


@pytest.mark.parametrize("path", samples(), ids=lambda p: f"{p.parent.parent.name}-{p.stem}")
def test_every_value_of_a_case_is_said(path):
    case = accepted(path)
    text = flat(text_of(case))
    lost = [
        (pointer, value)
        for pointer, value in strings_of(case.case.data)
        if value and not CODE.fullmatch(value) and on_paper(value) not in text
    ]
    assert lost == []


@pytest.mark.parametrize("path", samples(), ids=lambda p: f"{p.parent.parent.name}-{p.stem}")
def test_the_ending_fits_the_legal_nature(path):
    case = accepted(path)
    text = flat(text_of(case))
    nature = case.doc_type.manifest.nature_of(case.case.body)
    assert ("申请行政复议" in text) == ("提起行政诉讼" in text) == (nature is LegalNature.DECISION)
    if nature is LegalNature.GUIDANCE:
        assert flat(case.case.body["voluntary_notice"]) in text
    last = (case.joint or (case.agency,))[-1]
    assert text.count(f"{last.name}{date(case.case.issue_date)}") == 1


def test_remedies_name_term_body_and_court():
    text = text_of(sample("no_penalty_decision"))
    assert "自收到本决定书之日起六十日内向舟山市示例区人民政府申请行政复议" in text
    assert "自收到本决定书之日起六个月内向舟山市示例区人民法院提起行政诉讼" in text


def test_an_internet_channel_goes_with_electronic_delivery_only():
    assert "互联网渠道“全国行政复议服务平台”" in text_of(sample("no_penalty_decision"))
    assert "互联网渠道" not in text_of(
        sample("no_penalty_decision", lambda c: c["party"].update(e_delivery={"agreed": False}))
    )

    def name(c):
        c["body"]["remedies"]["reconsideration"]["online_channel"] = "测试复议网"

    assert "互联网渠道测试复议网提交" in text_of(sample("no_penalty_decision", name))


FULL = {
    "advice": {},
    "reminder": {
        "period": {"start": "2026-09-28", "end": "2026-10-08"},
        "recipients": ["甲公司", "乙商行"],
        "contact": {"name": "钱某", "phone": "0580-1"},
    },
    "interview_notice": {
        "purpose": "督促整改\n并说明后果",
        "urgent_reason": "危及安全",
        "interviewers": [{"name": "钱测", "cert_no": "T-9", "role": "主办"}],
        "contact": {"name": "钱测", "phone": "0580-1"},
    },
    "interview_record": {
        "interviewee": {
            "name": "林示例",
            "gender": "女",
            "id_no": "330999198503129011",
            "post": "经理",
            "phone": "00000000009",
            "relation": "代理人",
        },
        "signatures": {
            "party_every_page": False,
            "refused": True,
            "refuse_reason": "不愿签名",
            "witness": "孙见证",
        },
        "corrections": ["第一页第三行“三”改为“四”"],
    },
    "no_penalty_decision": {
        "list_item": {
            "on_list": True,
            "list_name": "测试清单",
            "list_version": "2026-2",
            "item_no": "X-1",
            "effective_from": "2026-08-01",
            "effective_to": "2027-07-31",
            "off_list_reason": "另有说明",
            "newer_and_lighter": True,
        },
        "commitment_fulfilled": True,
        "guardian_order": {"guardian": "李监护", "ordered_on": "2026-09-09", "content": "严加管教"},
        "limitation": {"years": 2, "ended_on": "2024-01-01"},
        "extension_no": "舟示延〔2026〕3号",
    },
    "termination_notice": {"contact": {"name": "钱测", "phone": "0580-1"}},
    "commitment": {"signer": {"name": "孙示例", "capacity": "委托代理人", "authority_no": "授委〔2026〕7号"}},
    "delivery_receipt": {
        "detail": {
            "signer": "孙示例",
            "signer_relation": "收件负责人",
            "signed_at": "2026-09-30T09:00",
            "proxy_reason": "收发室代收",
            "refuse_reason": "需要商量",
            "witness": "钱见证",
            "av_evidence": "录像LX-1",
            "consent_confirmed_on": "2026-09-08",
            "channel": "email",
            "system_arrival_at": "2026-09-30T09:12:33",
            "opened_at": "2026-09-30T09:20:01",
            "online_channel": "测试复议网",
            "tracking_no": "XA-1",
            "received_on": "2026-09-30",
            "through": "虚构街道",
            "announced_in": "网站",
            "announced_on": "2026-08-31",
            "deemed_on": "2026-09-30",
        },
        "remarks": "无其他事项",
    },
    "followup_record": {"next_visit": "2026-11-30", "needs_help": ["讲解规定"]},
    "public_service_offset": {
        "sessions": [{"start": "2026-10-17T08:00", "end": "2026-10-17T10:00", "hours": 2}],
    },
    "credit_repair_notice": {"contact": {"name": "钱测", "phone": "0580-1"}},
    "archive_index": {},
}
# What a schema lists only to name the rule that refuses it.
REFUSED = {"remedies", "voluntary_notice"}


@pytest.mark.parametrize("name", sorted(BODIES))
def test_optional_fields_are_said_too_and_none_is_forgotten(name):
    case = sample(name, lambda c: c["body"].update(FULL[name]))
    text = flat(text_of(case))
    missing = [v for _, v in strings_of(FULL[name]) if not CODE.fullmatch(v) and on_paper(v) not in text]
    assert missing == []
    known = set(case.doc_type.schema["properties"]["body"]["properties"])
    assert known - set(case.case.body) <= REFUSED, "a field that no test fills"


def test_every_code_that_the_rules_accept_has_a_word():
    assert set(WORDS["harm"]) == set(HARMS)
    assert set(WORDS["reason"]) == set(map(str, REASONS))
    assert set(WORDS["sub"]) >= set().union(*REASONS.values())
    for name, table in (("interview_notice", "mode"), ("interview_record", "choice")):
        schema = json.loads((TEMPLATES / name / "schema.json").read_text())
        assert set(WORDS[table]) == set(schema["properties"]["body"]["properties"][table]["enum"])


def test_the_reasons_of_termination_are_the_opinions_own_words():
    text = text_of(sample("termination_notice"))
    assert "“行政相对人撤回申请或者要求适用一般程序的”" in text


@pytest.mark.parametrize(
    ("length", "place"), [(1, "short"), (15, "short"), (16, "long"), (21, "long"), (22, "wide"), (60, "wide")]
)
def test_longer_names_move_the_sign_off_to_the_left(length, place):
    case = sample("advice")
    renamed = dataclasses.replace(case, agency=dataclasses.replace(case.agency, name="局" * length))
    assert context(renamed)["signoff"] == place
    assert body_text(filled(renamed, FILLER).docx).splitlines().count("局" * length) == 2  # title and sign-off


def test_copies_come_from_the_case_or_the_manifest():
    assert context(sample("no_penalty_decision"))["copies_note"] == "本文书一式3份，1份送达当事人，2份归档。"
    without = sample("advice", lambda c: c.pop("copies"))
    assert context(without)["copies_note"] == "本文书一式2份，1份送达当事人，1份归档。"
    assert context(sample("interview_record"))["copies_note"] == "本文书一式1份，1份归档。"


def test_a_day_to_fill_in_stands_only_where_people_sign_on_paper():
    record = sample("interview_record")
    assert context(record)["sign_date"] == "　　年　　月　　日"
    assert context(dataclasses.replace(record, signing=Signing.ENVELOPE))["sign_date"] == ""


def test_a_type_without_wording_and_a_case_without_what_it_needs_are_named():
    case = sample("advice")
    poem = dataclasses.replace(case.case, data={**case.case.data, "doc_type": "poem"})
    with pytest.raises(TemplateFaultError, match="poem"):
        context(dataclasses.replace(case, case=poem))
    with pytest.raises(TemplateFaultError, match="problem"):
        context(sample("advice", lambda c: c["body"].pop("problem")))


def leaves(value, path=()):
    if isinstance(value, dict):
        for key, item in value.items():
            yield from leaves(item, (*path, key))
    elif isinstance(value, list):
        for i, item in enumerate(value):
            yield from leaves(item, (*path, i))
    if path:
        yield path


@pytest.mark.parametrize("value", [None, ABSENT], ids=["null", "absent"])
@pytest.mark.parametrize("path", samples(), ids=lambda p: f"{p.parent.parent.name}-{p.stem}")
def test_what_intake_accepts_without_a_value_can_be_written_without_it(path, value):
    whole = json.loads(path.read_text())
    written = 0
    for place in leaves(whole):
        case = changed(whole, {"/".join(map(str, place)): value})
        if place[0] in ("doc_type", "agency") or broken(case):
            continue
        text = text_of(accepted(path, lambda c, case=case: (c.clear(), c.update(case))))
        assert "None" not in text, place
        assert not re.search(r"：。|（）|《》|，，|。。|：；", text), place
        written += 1
    assert written


def test_a_case_without_what_its_document_needs_is_refused_by_name():
    with pytest.raises(TemplateFaultError, match="reconsideration"):
        context(sample("no_penalty_decision", lambda c: c["body"]["remedies"].update(reconsideration=None)))


def test_an_interview_that_was_not_announced():
    text = text_of(sample("interview_record", lambda c: c["body"].pop("notice")))
    assert "约谈通知" not in text


def test_a_decision_that_rests_on_no_list():
    assert "清单" not in text_of(sample("no_penalty_decision", lambda c: c["body"].pop("list_item")))
