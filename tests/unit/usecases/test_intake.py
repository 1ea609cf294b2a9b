from __future__ import annotations

import dataclasses
import datetime as dt
import threading
import time
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa

from docsvc.adapters.db.database import SqlDatabase
from docsvc.domain.access import Permission, Principal
from docsvc.domain.document import State
from docsvc.domain.errors import CaseRefusedError, ForbiddenError, SetupError
from docsvc.domain.leaf import parse_opening
from docsvc.usecases.intake import MAX_CASE_BYTES, Intake, read_case
from tests.support.cases import CHECK, FOLDER, changed, laws, registry, sample

NOW = dt.datetime(2026, 11, 22, 16, 30, tzinfo=dt.UTC)  # the 23rd in Shanghai
TABLES = ("documents", "counters", "events", "log_entries")


class FewGlyphs:
    """Fonts that lack one character."""

    def undrawable(self, text):
        return [c for c in dict.fromkeys(text) if c == "龘"]


@pytest.fixture
def database(tmp_path):
    database = SqlDatabase(f"sqlite:///{tmp_path / 'test.db'}")
    with database.begin() as tx:
        tx.agencies.save(registry().values())
    yield database
    database.close()


@pytest.fixture
def intake(database):
    return Intake(database, FOLDER, CHECK, FewGlyphs(), laws(), ZoneInfo("Asia/Shanghai"), lambda: NOW)


def counts(tmp_path):
    engine = sa.create_engine(f"sqlite:///{tmp_path / 'test.db'}")
    with engine.connect() as connection:
        found = {t: connection.execute(sa.text(f"SELECT count(*) FROM {t}")).scalar_one() for t in TABLES}
    engine.dispose()
    return found


def rules(intake, case):
    with pytest.raises(CaseRefusedError) as refused:
        intake.accept(case)
    return {f.rule for f in refused.value.findings}


def test_an_accepted_case_has_number_row_and_event(intake, database, tmp_path):
    accepted = intake.accept(sample("advice"))
    assert accepted.new
    assert accepted.row.number == "舟示市监行建〔2026〕1号"
    assert counts(tmp_path) == {"documents": 1, "counters": 1, "events": 1, "log_entries": 0}
    with database.begin() as tx:
        assert [e.type for e in tx.events.of(accepted.row.id)] == ["document.accepted"]


class Seals:
    """Chains of seals that are all of development, or none; or there are none at all."""

    def __init__(self, answer):
        self.answer = answer

    def development(self, design):
        if self.answer is None:
            raise SetupError(f"no certificates: {design.id}")
        return self.answer


@pytest.mark.parametrize("development", [True, False])
def test_a_seal_without_effect_and_real_cases_never_meet(intake, tmp_path, development):
    at_hand = dataclasses.replace(intake, chains=Seals(development))
    assert rules(at_hand, {**sample("advice"), "test_data": not development}) == {"SEAL"}
    assert counts(tmp_path)["documents"] == 0
    assert at_hand.accept({**sample("advice"), "test_data": development}).new


def test_a_seal_without_certificates_is_not_the_callers_to_mend(intake):
    assert dataclasses.replace(intake, chains=Seals(None)).accept(sample("advice")).new


def test_the_same_facts_are_the_same_document_whatever_their_order(intake, tmp_path):
    first = intake.accept(sample("advice"))
    again = intake.accept(dict(reversed(sample("advice").items())))
    assert (again.new, again.row) == (False, first.row)
    assert counts(tmp_path)["documents"] == 1


def test_a_layout_is_the_callers_or_else_the_agencys_or_else_the_types_own(intake, database):
    def layout(case, **asked):
        row = intake.accept(case, **asked).row
        return FOLDER.version(row.doc_type, row.template_sha256).layout

    def other(n):
        case = sample("advice")
        case["body"]["problem"] = f"{n}"
        return case

    assert layout(other(1)) == "letter"
    assert layout(other(2), layout="form") == "form"
    with database.begin() as tx:
        tx.agencies.save([dataclasses.replace(registry()["demo-market"], layouts={"advice": "form"})])
    assert layout(other(3)) == "form"
    assert layout(other(4), layout="letter") == "letter"
    assert layout(other(2), layout="letter") == "form"  # the document that there is


def test_a_layout_that_the_type_has_not_is_refused(intake, database, tmp_path):
    for asked in ({"layout": "record"}, {"layout": ""}):
        with pytest.raises(CaseRefusedError) as refused:
            intake.accept(sample("advice"), **asked)
        assert [(f.rule, f.pointer) for f in refused.value.findings] == [("LAYOUT", "")]
    with database.begin() as tx:
        tx.agencies.save([dataclasses.replace(registry()["demo-market"], layouts={"advice": "record"})])
    with pytest.raises(CaseRefusedError) as refused:  # a template that was there when the registry was imported
        intake.accept(sample("advice"))
    assert [(f.rule, f.pointer) for f in refused.value.findings] == [("LAYOUT", "/agency")]
    assert not any(counts(tmp_path).values())


def test_the_same_facts_from_many_at_once_are_one_document(intake, tmp_path):
    found = []
    threads = [threading.Thread(target=lambda: found.append(intake.accept(sample("advice")))) for _ in range(8)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert len({a.row.id for a in found}) == 1
    assert sum(a.new for a in found) == 1
    assert counts(tmp_path)["documents"] == 1


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"officers/1/cert_no": "TEST33099900001"}, "G01"),
        ({"issue_date": "2026-11-24"}, "G05"),
        ({"body/problem": "龘"}, "G12"),
        ({"body/problem": "\ud800"}, "G12"),
        ({"agency": "nowhere"}, "SCHEMA"),
        ({"surprise": 1}, "SCHEMA"),
        ({"action_code": 10**400}, "SCHEMA"),
    ],
    ids=lambda v: str(v).encode("ascii", "replace").decode()[:30],
)
def test_a_refused_case_leaves_nothing(intake, tmp_path, change, rule):
    assert rules(intake, changed(sample("advice"), change)) == {rule}
    assert counts(tmp_path) == dict.fromkeys(TABLES, 0)


def test_today_is_the_day_in_shanghai(intake):
    assert intake.accept(changed(sample("advice"), {"issue_date": "2026-11-23", "body/reply/by": "2026-12-01"})).new


def test_an_agency_without_a_word_for_the_type_is_refused_and_takes_nothing(intake, database, tmp_path):
    import dataclasses

    market = registry()["demo-market"]
    words = {k: v for k, v in market.numbering.items() if k != "advice"}
    with database.begin() as tx:
        tx.agencies.save([dataclasses.replace(market, numbering=words)])
    assert rules(intake, sample("advice")) == {"SCHEMA"}
    assert counts(tmp_path) == dict.fromkeys(TABLES, 0)


def test_a_receipt_has_no_number_in_law_and_is_counted_even_where_the_registry_has_no_word(intake, database):
    import dataclasses

    market = registry()["demo-market"]
    words = {k: v for k, v in market.numbering.items() if k != "delivery_receipt"}
    with database.begin() as tx:
        tx.agencies.save([dataclasses.replace(market, numbering=words)])
    assert intake.accept(sample("delivery_receipt")).row.number == "舟示市监送证〔2026〕1号"


def test_a_measure_is_ended_once(intake):
    case = sample("termination_notice")
    intake.accept(case)
    again = changed(case, {"body/reason/detail": "你单位于2026年9月16日再次书面提出要求适用一般程序。"})
    assert rules(intake, again) == {"T04"}
    assert intake.accept(case).new is False


def test_a_record_must_cite_the_notice_as_it_was_issued(intake):
    notice = intake.accept(sample("interview_notice")).row
    record = changed(sample("interview_record"), {"body/notice/doc_no": notice.number})
    assert rules(intake, changed(record, {"body/notice/issued_on": "2026-09-11"})) == {"I02"}
    assert intake.accept(record).warnings == ()


def test_a_party_commits_itself_about_an_item_once(intake, database):
    case = sample("commitment")
    first = intake.accept(case)
    assert intake.accept(case).new is False
    again = changed(case, {"action_code": "13309992600077"})
    assert rules(intake, again) == {"C06"}
    another_item = changed(again, {"body/informed/list_item_no": "SC-015"})
    assert intake.accept(another_item).new
    namesake = changed(sample("commitment", 2), {"agency": "demo-market", "party/name": case["party"]["name"]})
    assert intake.accept(changed(namesake, {"body/informed/list_item_no": "SC-014"})).new
    with database.begin() as tx:
        tx.documents.update(first.row.id, state=State.VOIDED)
    assert intake.accept(again).new


def test_only_an_earlier_commitment_counts(intake):
    intake.accept(sample("commitment"))
    earlier = {"issue_date": "2026-09-07", "action_code": "13309992600077"}
    moved = {f"case/{n}": "2026-09-07" for n in ("violation_on", "discovered_on", "filed_on")}
    at = {"body/informed_at": "2026-09-07T09:00", "body/signed_at": "2026-09-07T09:10"}
    assert intake.accept(changed(sample("commitment"), {**earlier, **moved, **at})).new


def decided(intake, *, agreed):
    case = sample("no_penalty_decision")
    way = case["party"]["e_delivery"] if agreed else {"agreed": False}
    return intake.accept(changed(case, {"party/e_delivery": way})).row


def with_title(receipt, title):
    return changed(receipt, {"body/documents/0/title": title})


def receipt_of(row, **changes):
    places = {"body/documents/0/doc_no": row.number, "body/documents/0/issue_date": row.issue_date.isoformat()}
    return changed(sample("delivery_receipt"), {**places, **changes})


def test_a_receipt_must_name_the_document_as_it_was_issued(intake):
    row = decided(intake, agreed=True)
    assert rules(intake, receipt_of(row, **{"body/documents/0/issue_date": "2026-09-30"})) == {"D02"}
    assert rules(intake, receipt_of(row, **{"body/documents/0/title": "行政建议书"})) == {"D02"}
    assert intake.accept(receipt_of(row)).warnings == ()


def test_a_type_of_several_documents_is_received_under_the_title_of_its_stage(intake):
    case = sample("public_service_offset", 4)
    row = intake.accept(case).row
    at = "2026-10-21T09:12:33"
    later = {"issue_date": at[:10], "body/delivered_at": at, "body/detail/system_arrival_at": at}
    receipt = changed(receipt_of(row), {"agency": case["agency"], "party": case["party"], **later})
    assert rules(intake, with_title(receipt, "公益抵罚文书")) == {"D02"}
    assert intake.accept(with_title(receipt, "公益抵罚认定书")).new


def test_a_decision_that_names_no_online_channel_is_not_delivered_by_internet(intake):
    row = decided(intake, agreed=False)
    assert rules(intake, receipt_of(row)) == {"D05"}  # a consent older than the decision that knew of none
    later = receipt_of(row, **{"body/detail/consent_confirmed_on": "2026-09-30"})
    assert rules(intake, later) == {"D09"}
    assert intake.accept(changed(later, {"body/detail/online_channel": "全国行政复议服务平台"})).new


def test_a_visit_follows_the_delivery_that_a_receipt_of_the_case_tells(intake):
    row = decided(intake, agreed=True)
    intake.accept(receipt_of(row))
    visit = changed(sample("followup_record"), {"body/related_doc_no": row.number})
    assert rules(intake, changed(visit, {"issue_date": "2026-09-30"})) == {"V01"}
    assert intake.accept(visit).warnings == ()


def test_numbers_count_by_agency_word_and_year(intake):
    other = changed(sample("advice"), {"action_code": "13309992600099"})
    assert [intake.accept(c).row.number for c in (sample("advice"), sample("advice", 2), other)] == [
        "舟示市监行建〔2026〕1号",
        "舟示综执行建〔2026〕1号",
        "舟示市监行建〔2026〕2号",
    ]


@pytest.mark.parametrize(
    "raw",
    [b"", b"{", b"\xff", b'{"a": 1, "a": 2}', b'{"a": Infinity}', b"[" * 200_000, b" " * (MAX_CASE_BYTES + 1)],
    ids=lambda raw: repr(raw[:12]),
)
def test_what_is_no_strict_json_is_refused(raw):
    with pytest.raises(CaseRefusedError):
        read_case(raw)


def test_a_byte_order_mark_is_no_fault():
    assert read_case(b'\xef\xbb\xbf{"a": 1}') == {"a": 1}


def test_a_name_that_stands_twice_is_found_in_one_walk_and_told_in_short():
    names = [f'"k{i}":0' for i in range(100_000)]
    begun = time.monotonic()
    with pytest.raises(CaseRefusedError):
        read_case(f"{{{','.join([*names, names[-1]])}}}".encode())
    assert time.monotonic() - begun < 5  # the name by name search took minutes
    long = '"' + "a" * 100_000 + '":0'
    with pytest.raises(CaseRefusedError) as refused:
        read_case(f"{{{long},{long}}}".encode())
    assert len(refused.value.findings[0].message) < 200


def test_a_type_with_a_word_of_its_own_is_numbered_where_the_registry_has_none(intake, database):
    import dataclasses

    market = registry()["demo-market"]
    words = {k: v for k, v in market.numbering.items() if k != "archive_index"}
    with database.begin() as tx:
        tx.agencies.save([dataclasses.replace(market, numbering=words)])
    assert intake.accept(sample("archive_index")).row.number == "舟示市监卷〔2026〕1号"


JOINT = {"body/mode": "joint", "body/agencies": ["舟山市示例区市场监督管理局", "舟山市示例区综合行政执法局"]}


def caller(agency_id):
    return Principal("client", "c", "平台", agency_id, frozenset(Permission))


@pytest.mark.parametrize("own", ["demo-market", "demo-enforcement"])
def test_who_acts_for_one_agency_presses_no_other_one_s_seal(intake, tmp_path, own):
    case = changed(sample("interview_notice"), JOINT)
    with pytest.raises(ForbiddenError):
        intake.accept(case, principal=caller(own))
    assert counts(tmp_path)["documents"] == 0
    # Not even to learn that the service has made it before.
    intake.accept(case)
    with pytest.raises(ForbiddenError):
        intake.accept(case, principal=caller(own))


def test_the_refusal_names_the_agency(intake):
    with pytest.raises(ForbiddenError, match=r"综合行政执法局.*demo-enforcement"):
        intake.accept(changed(sample("interview_notice"), JOINT), principal=caller("demo-market"))


def test_who_acts_for_every_agency_posts_joint_documents_whose_event_names_them_all(intake, database):
    row = intake.accept(changed(sample("interview_notice"), JOINT), principal=caller(None)).row
    with database.read() as tx:
        (event,) = tx.events.of(row.id)
    assert (
        parse_opening(event.opening).facts["agencies"] == "舟山市示例区市场监督管理局、舟山市示例区综合行政执法局"
    )
    alone = intake.accept(sample("interview_notice"), principal=caller("demo-market")).row
    with database.read() as tx:
        (event,) = tx.events.of(alone.id)
    assert "agencies" not in parse_opening(event.opening).facts


def test_seals_side_by_side_need_more_than_a_roll(intake):
    case = changed(sample("interview_notice"), JOINT)
    with pytest.raises(CaseRefusedError) as refused:
        intake.accept(case, layout="narrow-80")
    assert [(f.rule, f.pointer) for f in refused.value.findings] == [("LAYOUT", "/body/mode")]
    assert intake.accept(case, layout="form").new


def test_every_agency_of_a_joint_notice_may_cite_it(intake):
    notice = intake.accept(changed(sample("interview_notice"), JOINT)).row
    record = sample("interview_record")
    cited = {"body/notice/doc_no": notice.number, "body/notice/issued_on": notice.issue_date.isoformat()}
    partners = changed(record, {"agency": "demo-enforcement", **cited})
    assert "I02" not in {w.rule for w in intake.accept(partners).warnings}
    alone = intake.accept(sample("interview_notice")).row
    foreign = changed(partners, {"body/notice/doc_no": alone.number, "action_code": "13309992600099"})
    assert rules(intake, foreign) == {"I02"}
