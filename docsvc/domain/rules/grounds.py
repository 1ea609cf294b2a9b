"""The grounds on which no penalty is imposed: statutory words, and where the statute has them (行政处罚法 2021)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

PENALTY_LAW: Final = "中华人民共和国行政处罚法"

# 第三十三条第三款: whoever is not punished under 第三十三条 must be educated.
EDUCATED: Final = frozenset({"first_minor", "minor_no_harm", "no_fault"})
GUARDED: Final = frozenset({"under_14", "mental"})


@dataclass(frozen=True, slots=True)
class Ground:
    """One ground. `formulas` are its statutory words in the forms in which they may be quoted, without a final
    stop; empty where any law may state it. `articles` are the places that state it, paragraph and item included.
    """

    name: str
    formulas: tuple[str, ...]
    articles: tuple[str, ...]


GROUNDS: Final[Mapping[str, Ground]] = {
    "first_minor": Ground(
        "初次违法",
        ("初次违法且危害后果轻微并及时改正的，可以不予行政处罚",),
        ("第三十三条第一款",),
    ),
    "minor_no_harm": Ground(
        "违法行为轻微",
        ("违法行为轻微并及时改正，没有造成危害后果的，不予行政处罚",),
        ("第三十三条第一款",),
    ),
    "no_fault": Ground(
        "没有主观过错",
        (
            "当事人有证据足以证明没有主观过错的，不予行政处罚",
            "有证据足以证明没有主观过错的，不予行政处罚",
        ),
        ("第三十三条第二款",),
    ),
    "under_14": Ground(
        "不满十四周岁",
        (
            "不满十四周岁的未成年人有违法行为的，不予行政处罚",
            "不满十四周岁的未成年人有违法行为的，不予行政处罚，责令监护人加以管教",
        ),
        ("第三十条",),
    ),
    "mental": Ground(
        "不能辨认或者不能控制自己行为",
        (
            "精神病人、智力残疾人在不能辨认或者不能控制自己行为时有违法行为的，不予行政处罚",
            (
                "精神病人、智力残疾人在不能辨认或者不能控制自己行为时有违法行为的，不予行政处罚，"
                "但应当责令其监护人严加看管和治疗"
            ),
        ),
        ("第三十一条",),
    ),
    "expired": Ground(
        "超过追责时效",
        (
            "违法行为在二年内未被发现的，不再给予行政处罚",
            (
                "违法行为在二年内未被发现的，不再给予行政处罚；"
                "涉及公民生命健康安全、金融安全且有危害后果的，上述期限延长至五年"
            ),
        ),
        ("第三十六条第一款",),
    ),
    "facts_not_established": Ground(
        "违法事实不能成立",
        (
            "违法事实不能成立的，不予行政处罚",
            "违法事实不清、证据不足的，不得给予行政处罚",
        ),
        ("第五十七条第一款第三项", "第四十条"),
    ),
    "other_statutory": Ground("其他法定情形", (), ()),
}


def quotes(ground: Ground, text: str) -> bool:
    """Whether `text` has the statutory words of `ground`, to the letter; a final stop is free."""
    return not ground.formulas or text.strip().removesuffix("。") in ground.formulas


def stands_in(ground: Ground, article: str) -> bool:
    """Whether `article` is where the statute states `ground`; a citation may stop at the article."""
    return not ground.articles or any(article == a or a.startswith(f"{article}第") for a in ground.articles)
