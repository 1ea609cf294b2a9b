"""Document numbers (发文字号): their text form and how a text is read back."""

from __future__ import annotations

import re
from dataclasses import dataclass

NUMBER_TEXT = re.compile(r"^(?P<word>[^\s〔〕\[\]（）()/\\]{1,40})〔(?P<year>[1-9]\d{3})〕(?P<seq>[1-9]\d*)号$")


@dataclass(frozen=True, slots=True, order=True)
class DocNumber:
    """One number: numbering word (机关代字 + 文种), year, and place in that year's sequence, from 1."""

    word: str
    year: int
    seq: int

    @property
    def text(self) -> str:
        """GB/T 9704-2012 7.2.5: year in 〔〕, no 第, no leading zero."""
        return f"{self.word}〔{self.year}〕{self.seq}号"

    @classmethod
    def parse(cls, text: str) -> DocNumber | None:
        """Read a number's text; None where it is not in the form of GB/T 9704-2012 7.2.5."""
        m = NUMBER_TEXT.match(text)
        return cls(m["word"], int(m["year"]), int(m["seq"])) if m else None
