"""Blank forms: the words of a document with its facts taken out, for filling in by hand."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from docsvc.domain.phrases import RULE, WORDS

# What the law or the house words, although a case brings it: a form prints it.
KEPT: Final = frozenset(
    {
        "voluntary_notice",
        "right_notice",
        "breach_consequence",
        "read_confirm",
        "warning",
        "copies_note",
        "sign_date",
        "signoff",
        "marks",
        "decision",
        "stage",
        "ground",
        "days",
        "months",
    }
)
SHORT, LINE, PARAGRAPH = 4, 24, 78  # characters of a short blank, of one within a line, of one of three lines
# Facts that wording has put into words of its own, and so stand in no case as they are printed.
WORDED: Final = (
    (re.compile(r"\d{4}年\d{1,2}月\d{1,2}日"), f"{RULE * 4}年{RULE * 2}月{RULE * 2}日"),
    (re.compile(r"\d{1,2}时\d{1,2}分(\d{1,2}秒)?"), f"{RULE * 2}时{RULE * 2}分"),
    (re.compile(r"[^\s，。；：、（）〔〕《》]{2,}〔\d{4}〕\d+号"), f"{RULE * 4}〔{RULE * 4}〕{RULE * 2}号"),
    (re.compile(r"[\d,.]+元（大写：[^）]+）"), f"{RULE * 4}元（大写：{RULE * 6}）"),
)
BOX: Final = "□"
WORDS_LEFT: Final = re.compile(rf"[^\W\d_{RULE}]")
FIGURES: Final = re.compile(r"(?<!满分)\d+(?:\.\d+)?")
ITEM: Final = re.compile(r"^\d+\.")


def blank_context(context: Mapping[str, Any], case: Mapping[str, Any]) -> dict[str, Any]:
    """The context of a document (`wording.context`) without the facts of its `case` and its agency.

    Cells of facts are left empty, a word of a closed table gives way to all words of it with a box each, and within
    sentences facts become ruled blanks. What the law words stays.
    """
    form = _Form(
        facts=sorted({*_facts(case), *_facts(context["agency"])}, key=len, reverse=True),
        kept=frozenset(_kept(case)),
        title=context["title"],
    )
    cleared = {key: form.cleared(key, value) for key, value in context.items()}
    return {**cleared, "test_data": False, "people": []}


def _facts(value: Any) -> Iterator[str]:
    """Every text of the case that is its own, and the words of its codes; shorter ones stand in too many words."""
    if isinstance(value, Mapping):
        for key, item in value.items():
            if key not in KEPT:
                yield from _facts(item)
    elif isinstance(value, list):
        for item in value:
            yield from _facts(item)
    elif isinstance(value, str):
        yield from (text for text in (value,) if len(text) > 1)
        yield from (text for words in WORDS.values() if len(text := words.get(value, "")) >= SHORT)


def _kept(value: Any, *, within: bool = False) -> Iterator[str]:
    """Every text of the case under a name in KEPT."""
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from _kept(item, within=within or key in KEPT)
    elif isinstance(value, list):
        for item in value:
            yield from _kept(item, within=within)
    elif isinstance(value, str) and within:
        yield value


@dataclass(frozen=True)
class _Form:
    facts: list[str]  # longest first: one may stand in another
    kept: frozenset[str]
    title: str

    def cleared(self, key: str, value: Any) -> Any:
        if key in KEPT or value == self.title:
            return value
        if isinstance(value, Mapping):
            if "label" in value:
                return {k: v if k == "label" else self._cell(v) for k, v in value.items()}
            return {k: self.cleared(k, v) for k, v in value.items()}
        if isinstance(value, list):
            return [self._entry(item) or self.cleared(key, item) for item in value]
        return self._sentence(value) if isinstance(value, str) else value

    def _entry(self, item: Any) -> dict[str, str] | None:
        """An empty line of a table with several columns."""
        if isinstance(item, Mapping) and "label" not in item and all(isinstance(v, str) for v in item.values()):
            return dict.fromkeys(item, "")
        return None

    def _cell(self, value: Any) -> Any:
        """What stands beside a label: choices, what the law words, words between blanks, or nothing."""
        if not isinstance(value, str):
            return [self._cell(line) for line in value]
        if value in self.kept or value == self.title:
            return value
        text = FIGURES.sub(RULE * 2, self._sentence(value))
        return text if BOX in text or (RULE in text and WORDS_LEFT.search(text)) else ""

    def _sentence(self, text: str) -> str:
        if choices := next((words.values() for words in WORDS.values() if text in words.values()), None):
            return "　".join(f"{BOX}{word}" for word in dict.fromkeys(choices))
        item = ITEM.match(text)
        number, text = (item[0], text[item.end() :]) if item else ("", text)
        most = PARAGRAPH if text.rstrip("。；") in self.facts or text in self.facts else LINE
        for fact in self.facts:
            text = text.replace(fact, _rule(len(fact), most))
        for pattern, ruled in WORDED:
            text = pattern.sub(ruled, text)
        return number + text


def _rule(length: int, most: int) -> str:
    return RULE * (most if length > LINE else max(length, SHORT))
