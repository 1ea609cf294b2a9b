"""What receipts and visits say in their cells."""

from __future__ import annotations

import pytest

from docsvc.adapters.word import WordFiller
from docsvc.domain.wording import context
from docsvc.pipeline.convert import body_text
from tests.support.drafts import AllFonts, filled, sample


def cells(case, part="rows"):
    return {cell["label"]: cell["lines"] for cell in context(case)["body"][part]}


def lines(case):
    return body_text(filled(case, WordFiller(AllFonts())).docx).splitlines()


def test_a_receipt_names_each_document_with_its_copies():
    assert cells(sample("delivery_receipt", number=3))["送达文书"] == [
        "《不予行政处罚决定书》舟示综执不罚〔2026〕22号（2026年10月8日成文，1份）",
        "《责令改正通知书》（2026年10月8日成文，2份）",
    ]


@pytest.mark.parametrize(
    ("n", "by_hand", "witness"), [(1, 0, 0), (2, 1, 0), (3, 0, 1), (4, 0, 0), (5, 0, 0), (6, 1, 0)]
)
def test_boxes_to_sign_in_stand_where_somebody_signs(n, by_hand, witness):
    said = lines(sample("delivery_receipt", number=n))
    assert said.count("代收人签名盖章") == by_hand
    assert said.count("见证人签名") == witness
    assert sum(line.startswith("送达人（签名）：") for line in said) == 2


def test_the_seconds_of_an_electronic_delivery_are_told():
    assert cells(sample("delivery_receipt"))["到达系统时间"] == ["2026年9月30日9时12分33秒"]


@pytest.mark.parametrize(
    ("detail", "said"),
    [
        ({"signer": "孙示例"}, ["孙示例"]),
        ({"signer_relation": "经营者"}, ["经营者"]),
        ({"signer": "孙示例", "signer_relation": "经营者"}, ["孙示例（与受送达人的关系：经营者）"]),
    ],
)
def test_who_signed_for_the_documents(detail, said):
    assert cells(sample("delivery_receipt", lambda c: c["body"].update(detail=detail)))["签收人"] == said


def test_a_visit_tells_what_it_found():
    said = cells(sample("followup_record", number=3))
    assert said["回访日期和方式"] == ["2026年10月28日，线上回访"]
    assert said["改正情况"] == ["部分改正；再次发生同类违法行为"]
    assert said["对执法的评价"] == ["合法性（未评价），规范性5分（满分5分）"]
    assert cells(sample("followup_record"))["需要帮助的事项"] == ["无"]


@pytest.mark.parametrize(("n", "boxes"), [(1, 1), (2, 0), (3, 0)])
def test_only_who_is_visited_on_site_signs(n, boxes):
    assert lines(sample("followup_record", number=n)).count("被回访人签名") == boxes
