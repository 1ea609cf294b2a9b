from __future__ import annotations

import dataclasses
import datetime as dt

import pytest

from docsvc.domain.measures import Measures, OffsetScheme
from tests.support.cases import ABSENT, broken, changed, known, measures, sample, warned

APPLICATION, ARRANGEMENT, COMPLETION, DETERMINATION = 1, 2, 3, 4


def offset(n, changes):
    return changed(sample("public_service_offset", n), changes)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"body/legal_basis": ABSENT}, {"S01"}),
        ({"body/penalty_article/article": "第三十三条"}, set()),
        ({"body/penalty_article/article": "第三十八条第一款"}, set()),
        ({"body/penalty_article/article": "第三十二条"}, {"S01"}),
        ({"body/penalty_article/article": "第三十三条、第三十九条"}, {"S01"}),
        ({"body/penalty_article/law": "《舟山市文明行为促进条例》"}, set()),
        ({"body/legal_basis/0/article": "第四十条第一款"}, set()),
        ({"body/legal_basis/0/law": "舟山市文明条例", "body/penalty_article/article": "第一条"}, set()),
        ({"body/applied_on": ABSENT}, {"S02"}),
        ({"body/applied_on": "2026-10-09"}, set()),
    ],
)
def test_basis_and_application(changes, expected):
    assert broken(offset(APPLICATION, changes)) == expected


def test_another_basis_helps_where_the_first_does_not_cover_the_fine_and_is_doubted():
    case = offset(
        APPLICATION, {"body/penalty_article": {"law": "城市市容和环境卫生管理条例", "article": "第三十四条"}}
    )
    assert broken(case) == {"S01"}
    case["body"]["legal_basis"].append({"law": "舟山市公益服务抵扣罚款办法", "article": "第五条"})
    assert broken(case) == set()
    assert warned(case) == {"LAW"}


def test_a_local_law_covers_its_own_place_alone():
    case = sample("public_service_offset")
    elsewhere = dataclasses.replace(known(case).agency, region_code="330599")
    assert broken(case, agency=elsewhere) == {"S01"}


def test_a_scheme_holds_for_its_time():
    case = sample("public_service_offset")
    (scheme,) = measures().offsets
    ended = Measures(offsets=(dataclasses.replace(scheme, repealed=dt.date(2026, 1, 1), last=33),))
    assert broken(case, measures=ended) == set()  # what the register no longer has is not judged


@pytest.mark.parametrize(
    ("limits", "expected"),
    [
        ({"rate_yuan_per_hour": 50, "fine_at_most_yuan": 200}, set()),
        ({"rate_yuan_per_hour": 40}, {"S03"}),
        ({"fine_at_most_yuan": 49}, {"S03"}),
    ],
)
def test_rate_and_cap_come_from_the_register(limits, expected):
    scheme = OffsetScheme(law="舟山市文明行为促进条例", article=40, first=33, last=38, **limits)
    assert broken(sample("public_service_offset"), measures=Measures(offsets=(scheme,))) == expected


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"body/offset_yuan": -10, "body/remaining_yuan": 110}, {"S03"}),
        ({"body/offset_yuan": 0, "body/remaining_yuan": 100}, set()),
        ({"body/offset_yuan": 60, "body/remaining_yuan": 40}, {"S03"}),  # an hour is worth 50
        ({"body/proposed_fine_yuan": 50, "body/remaining_yuan": 0}, {"S03"}),  # then nothing is lighter
        ({"body/proposed_fine_yuan": 50, "body/remaining_yuan": 0, "body/result": "no_fine"}, set()),
        ({"body/result": "mitigate"}, set()),
        ({"body/rate_yuan_per_hour": -1}, {"G11"}),
        ({"body/voluntary_notice": None}, set()),
        ({"body/remedies": ABSENT}, {"G14"}),
        ({"body/remedies/litigation/court": "舟山市中级人民法院"}, {"G14"}),
    ],
)
def test_sums_result_and_remedies_of_a_determination(changes, expected):
    assert broken(offset(DETERMINATION, changes)) == expected


@pytest.mark.parametrize(
    ("n", "changes", "expected"),
    [
        (APPLICATION, {"body/result": "no_fine"}, {"S03"}),
        (ARRANGEMENT, {"body/service/end": None}, {"S04"}),
        (ARRANGEMENT, {"body/service/certifier": None, "body/service/certified_on": None}, set()),
        (ARRANGEMENT, {"body/service/end": "2026-10-17T08:00"}, {"S04"}),
        (COMPLETION, {"body/service/certifier": " "}, {"S04"}),
        (COMPLETION, {"body/service/certified_on": "2026-10-17"}, set()),
        (DETERMINATION, {"issue_date": "2026-10-18"}, set()),
        (DETERMINATION, {"body/service/hours": 0, "body/offset_yuan": 0, "body/remaining_yuan": 100}, {"S04"}),
    ],
)
def test_a_service_is_arranged_then_done_then_certified_then_determined(n, changes, expected):
    assert broken(offset(n, changes)) == expected


@pytest.mark.parametrize("n", [COMPLETION, DETERMINATION])
def test_a_document_dated_before_the_certificate_is_doubted(n):
    case = offset(n, {"issue_date": "2026-10-17"})
    assert (broken(case), warned(case)) == (set(), {"S04"})


def test_without_a_basis_nothing_is_said_of_the_service():
    case = offset(DETERMINATION, {"issue_date": "2026-10-15", "body/legal_basis": []})
    assert broken(case) == {"S01"}
