"""The register of laws: which titles exist, when they came into force or lapsed, and how citations are read."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from docsvc.domain.errors import SetupError

NUMERAL: Final = "零〇一二三四五六七八九十百千两"
ARTICLE: Final = re.compile(
    rf"第(?P<article>[{NUMERAL}]+|[1-9][0-9]*)条(?:之(?P<sub>[{NUMERAL}]+))?"
    rf"(?:第(?:[{NUMERAL}]+|[1-9][0-9]*)款)?"
    rf"(?:第[（(]?(?:[{NUMERAL}]+|[1-9][0-9]*)[）)]?项)?"
    rf"(?:第[（(]?(?:[{NUMERAL}]+|[1-9][0-9]*)[）)]?目)?"
)
FURTHER: Final = re.compile(  # what may follow after 、: a further article, paragraph or item of the same law
    rf"第[（(]?(?:[{NUMERAL}]+|[1-9][0-9]*)[）)]?[款项目](?:第[（(]?(?:[{NUMERAL}]+|[1-9][0-9]*)[）)]?[项目])*"
)
SEPARATOR: Final = re.compile(r"[、，,和及至]")
ANNEX: Final = re.compile(r"附(?:件|表|录)[一二三四五六七八九十0-9]*")
DIGITS: Final = {c: i for i, c in enumerate("零一二三四五六七八九")} | {"〇": 0, "两": 2}
UNITS: Final = {"十": 10, "百": 100, "千": 1000}


@dataclass(frozen=True, slots=True)
class Law:
    """One law, regulation or rule. A date that is None is not known; `articles` counts its articles,
    the most that any of its versions had.
    """

    title: str
    effective: dt.date | None = None
    repealed: dt.date | None = None
    articles: int | None = None
    replaced_by: str | None = None

    def in_force(self, day: dt.date) -> bool:
        """Whether it was in force on `day`, as far as its dates are known."""
        begun = self.effective is None or self.effective <= day
        return begun and (self.repealed is None or day < self.repealed)


NATION: Final = "中华人民共和国"


@dataclass(frozen=True, slots=True)
class Laws:
    """Laws by title and by the other titles that they go by."""

    by_title: Mapping[str, Law] = field(default_factory=dict)
    statutes: frozenset[str] = frozenset()

    @classmethod
    def from_mapping(cls, data: Mapping[str, Any]) -> Laws:
        """Build from laws.toml as read: `law` = list of tables with title, and optionally aliases, effective,
        repealed (dates), articles, replaced_by; `statutes` = names of national statutes without 中华人民共和国.
        Raises SetupError for a broken register.
        """
        by_title: dict[str, Law] = {}
        for entry in data.get("law", ()):
            law = _law(entry)
            for title in (law.title, *entry.get("aliases", ())):
                if by_title.setdefault(_plain(title), law) is not law:
                    raise SetupError(f"法规登记表中“{title}”重复")
        statutes = data.get("statutes", [])
        if not isinstance(statutes, list) or not all(isinstance(name, str) and name for name in statutes):
            raise SetupError("法规登记表中的国家法律名称有误")
        return cls(by_title, frozenset(statutes))

    def has_no_statute(self, title: str) -> bool:
        """Whether `title` claims to be a national statute that there is none of. Statutes are few enough for a list
        of all; regulations and rules are not. An empty list says nothing.
        """
        plain = _plain(title)
        claims = plain.startswith(NATION) and plain.endswith("法") and self.find(title) is None
        return bool(self.statutes) and claims and plain.removeprefix(NATION) not in self.statutes

    def find(self, title: str) -> Law | None:
        """The law of this title (书名号 do not matter), or None where the register has none."""
        return self.by_title.get(_plain(title))


def _law(entry: Any) -> Law:
    try:
        law = Law(**{k: v for k, v in entry.items() if k != "aliases"})
    except (AttributeError, TypeError) as e:
        raise SetupError(f"法规登记表中有无法识别的条目：{entry!r}") from e
    dates = [d for d in (law.effective, law.repealed) if d is not None]
    if not law.title or any(type(d) is not dt.date for d in dates) or dates != sorted(dates):
        raise SetupError(f"法规登记表中“{law.title}”的名称或者日期有误")
    if law.articles is not None and (type(law.articles) is not int or law.articles < 1):
        raise SetupError(f"法规登记表中“{law.title}”的条数有误")
    return law


def _plain(title: str) -> str:
    return title.strip().strip("《》")


def articles_cited(text: str) -> list[int] | None:
    """Article numbers that a citation names, in order: 第三十三条第一款 → [33], 附件一 → [].

    None where it is not in the form of a citation (第…条[之…][第…款][第…项][第…目], several joined by 、).
    """
    found: list[int] = []
    rest = text.strip()
    while rest:
        if m := ARTICLE.match(rest):
            number = numeral_value(m["article"])
            if not number or (m["sub"] and not numeral_value(m["sub"])):
                return None
            found.append(number)
        elif not (m := ANNEX.match(rest) or (FURTHER.match(rest) if found else None)):
            return None
        rest = rest[m.end() :]
        if rest:
            if not (s := SEPARATOR.match(rest)) or s.end() == len(rest):
                return None
            rest = rest[s.end() :]
            # 第三条至第五条, 第一款、第二款: what follows is read by the same loop
    return found if text.strip() else None


def numeral_value(text: str) -> int | None:
    """Value of a Chinese numeral as laws number their articles (三, 六十一, 一百零五), or of Arabic digits;
    None where it is no such numeral.
    """
    if text.isascii() and text.isdigit():
        return (int(text) or None) if len(text) <= 5 else None  # noqa: PLR2004 - no law has a hundred thousand articles
    total, digit, last_unit = 0, None, 10_000
    for c in text:
        if c in UNITS:
            if UNITS[c] >= last_unit or digit == 0:
                return None
            last_unit = UNITS[c]
            if digit is None and total:
                return None
            total += (1 if digit is None else digit) * last_unit
            digit = None
        elif c in DIGITS:
            if digit:
                return None
            digit = DIGITS[c]
        else:
            return None
    return total + (digit or 0) or None
