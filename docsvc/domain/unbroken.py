"""Which parts of a text no line end may tear: numbers, dates, amounts and names."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

_FIGURES: Final = r"\d+(?:[.,]\d+)*"
_NUMERALS: Final = "[〇零一二两三四五六七八九十百千万亿]+"
_LONG_UNITS: Final = (
    r"个(?:月|工作日|自然日|小时)|工作日|自然日|小时|分钟|周岁|平方(?:米|公里)|立方米|公里|公斤|千克|毫升|"
    r"[百千万亿]{1,2}(?:余)?[元人份件次]|美元|欧元|港元"
)
_UNBROKEN: Final = re.compile(
    # A document's number from its year on: 〔2026〕25号, 〔2026〕104-116号
    r"[〔［\[]\d{4}[〕］\]]第?\s?\d+(?:-\d+)?号"
    # a code or telephone number: SC-014, 0580-0000001
    r"|(?<![A-Za-z0-9-])[A-Za-z0-9]{1,8}(?:-[A-Za-z0-9]{1,8}){1,3}(?![A-Za-z0-9-])"
    # a date, a time of day
    r"|\d{2,4}年(?:\d{1,2}月(?:\d{1,2}日)?)?|\d{1,2}月\d{1,2}日|\d{1,2}[时点]\d{1,2}分(?:\d{1,2}秒)?"
    # figures and what they count; a unit that is not listed is one character long
    rf"|[第￥¥]?{_FIGURES}\s?(?:{_LONG_UNITS}|[\u4e00-\u9fff％‰℃])|[￥¥]{_FIGURES}"
    # the same in Chinese numerals, before these units only: most words with a numeral count nothing
    rf"|{_NUMERALS}(?:{_LONG_UNITS}|[年月日天元号份次倍])"
)


def unbroken(text: str, names: Iterable[str] = ()) -> Iterator[tuple[int, int]]:
    """(start, end) of each part of `text` to be kept on one line, in order, none within another.

    `names` are the people's names to look for (GB/T 9704-2012 and common practice: a name stays whole as a
    number does).
    """
    found = [match.span() for match in _UNBROKEN.finditer(text)]
    for name in filter(None, names):
        found += [match.span() for match in re.finditer(re.escape(name), text)]
    end = 0
    for start, stop in sorted(found, key=lambda span: (span[0], -span[1])):
        if start >= end:
            yield start, stop
            end = stop
