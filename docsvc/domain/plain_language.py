"""Plain words: phrases that a document had better not use, and how long a sentence may be; dated data."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from docsvc.domain.document import LegalNature
from docsvc.domain.errors import SetupError
from docsvc.domain.measures import Dated

MEMBERS: Final = frozenset({"pattern", "say", "say_en", "natures", "unless", "effective", "repealed"})
QUOTED: Final = re.compile("“[^”]*”|‘[^’]*’|《[^》]*》")  # other people's words, and titles of laws
SENTENCE: Final = re.compile(r"[^。；！？!?;\n]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Phrase(Dated):
    """A phrase to look for, and what to say instead. `natures` is empty where it concerns every document; a text
    that has `unless` in it may say it.
    """

    pattern: re.Pattern[str]
    say: str
    say_en: str
    natures: frozenset[LegalNature] = frozenset()
    unless: re.Pattern[str] | None = None


@dataclass(frozen=True, slots=True)
class Remark:
    """What could be said more plainly."""

    message: str
    message_en: str


@dataclass(frozen=True, slots=True)
class PlainLanguage:
    """The table; without phrases and with 0 it remarks on nothing."""

    phrases: tuple[Phrase, ...] = ()
    longest_sentence: int = 0

    @classmethod
    def from_mapping(cls, data: Mapping[str, Any]) -> PlainLanguage:
        """Build from plain_language.toml as read. Raises SetupError for a broken table."""
        longest = data.get("longest_sentence", 0)
        if set(data) - {"phrase", "longest_sentence"} or type(longest) is not int or longest < 0:
            raise SetupError("用语表中有无法识别的部分 / plain_language.toml has a member that it should not")
        return cls(tuple(_phrase(entry) for entry in data.get("phrase", ())), longest)

    def remarks(self, text: str, nature: LegalNature, day: dt.date) -> Iterator[Remark]:
        """What to say otherwise in a text of a document of that nature and day; quotations are left alone."""
        own = QUOTED.sub("", text)
        for phrase in self.phrases:
            if (phrase.natures and nature not in phrase.natures) or not phrase.holds(day):
                continue
            if phrase.unless and phrase.unless.search(text):
                continue
            if found := phrase.pattern.search(own):
                yield Remark(f"“{found[0]}”：{phrase.say}", f"“{found[0]}”: {phrase.say_en}")
        longest = max((len(m[0]) for m in SENTENCE.finditer(text)), default=0)
        if self.longest_sentence and longest > self.longest_sentence:
            yield Remark(
                f"一句话有{longest}字（宜在{self.longest_sentence}字以内），请分成几句",
                f"a sentence of {longest} characters (better at most {self.longest_sentence}): make it several",
            )


def _phrase(entry: Mapping[str, Any]) -> Phrase:
    dates = (entry.get("effective"), entry.get("repealed"))
    try:
        if set(entry) - MEMBERS or any(type(day) not in (dt.date, type(None)) for day in dates):
            raise _broken(entry)
        return Phrase(
            pattern=re.compile(entry["pattern"]),
            say=entry["say"],
            say_en=entry["say_en"],
            natures=frozenset(map(LegalNature, entry.get("natures", ()))),
            unless=re.compile(entry["unless"]) if "unless" in entry else None,
            effective=dates[0],
            repealed=dates[1],
        )
    except (KeyError, TypeError, ValueError, re.error) as e:
        raise _broken(entry) from e


def _broken(entry: Mapping[str, Any]) -> SetupError:
    return SetupError(f"用语表中有无法识别的条目 / plain_language.toml has a broken entry: {entry!r}")
