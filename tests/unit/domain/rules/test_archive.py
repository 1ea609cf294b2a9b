from __future__ import annotations

import pytest

from tests.support.cases import ABSENT, broken, changed, sample, warned


def index(changes):
    return changed(sample("archive_index"), changes)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"body/items/0/seq": 0}, {"A01"}),
        ({"body/items/0/page_from": 0}, {"A01"}),
        ({"body/items/5/page_to": 17}, {"A01"}),
        ({"body/items/9/page_to": 30, "body/total_pages": 30}, set()),
        ({"body/items/9": ABSENT, "body/total_items": 9, "body/total_pages": 23}, {"A02"}),
        ({"body/items/8": ABSENT}, {"A01"}),
        ({"body/items/7": ABSENT}, {"A02"}),  # one fault: the gap that it leaves is not told too
        ({"body/items": [], "body/total_items": 0, "body/total_pages": 0}, {"A02"}),
        ({"body/cover/result": "给予行政处罚"}, {"A02"}),
        ({"body/cover/result": "给予行政处罚", "body/items/6/title": "行政处罚决定书"}, set()),
        ({"body/items/1/title": "勘验笔录", "body/items/2/title": "陈述笔录"}, set()),
        ({"body/media": None}, set()),
        ({"body/media/0/sha256": "A" * 64}, {"A03"}),
        ({"body/media/0/sha256": ABSENT}, {"A03"}),
        ({"body/media/0/duration_s": None}, set()),
        ({"body/remarks/checked_on": "2026-11-06"}, {"G07"}),
        ({"body/items/0/doc_no": "舟示市监立〔2026〕031号"}, {"G04"}),
        ({"body/items/0/doc_no": "档案-31"}, set()),
        ({"case/filed_on": None, "body/cover/filed_on": None}, set()),
    ],
)
def test_an_index(changes, expected):
    assert broken(index(changes)) == expected


def test_a_result_that_the_register_does_not_know_and_a_cover_of_another_case_are_doubted():
    case = index({"body/cover/result": "移送公安机关"})
    assert broken(case) == set()
    assert warned(case) == {"A02"}
    assert warned(index({"body/cover/case_no": "舟示市监立〔2026〕32号"})) == {"A01"}
