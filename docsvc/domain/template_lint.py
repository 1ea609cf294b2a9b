"""What may be wrong with a Word template, and what a document of its legal nature must name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from docsvc.domain.document import LegalNature

Path = tuple[str, ...]
"""A name in a template, step by step; EACH stands for any item of a list: body.qa[].q."""
EACH: Final = "[]"


@dataclass(frozen=True, slots=True)
class Place:
    """Where in a template: its part, the paragraph (from 1), and the text that stands there."""

    part: str
    paragraph: int
    text: str


@dataclass(frozen=True, slots=True)
class TemplateNote:
    """One thing that lint found; an error keeps the template from being used."""

    kind: str
    severity: Literal["error", "warning"]
    message: str
    message_en: str
    place: Place | None = None


@dataclass(frozen=True, slots=True)
class Use:
    """A name that a template uses, and where: to print it, or else to ask or to walk through it."""

    path: Path
    place: Place
    printed: bool


@dataclass(frozen=True, slots=True)
class Anatomy:
    """A template, taken apart: the names it uses, and what is wrong with it whatever the case."""

    uses: tuple[Use, ...]
    notes: tuple[TemplateNote, ...]


# Each entry is held by any one of its names. GB/T 9704-2012 7.2–7.3 and 行政处罚法 第59条, 第60条.
ALWAYS: Final[Mapping[str, Sequence[str]]] = {
    "发文机关 — the agency": ("agency.name",),
    "标题 — the title": ("title",),
    "文号 — the number": ("number",),
    "行政行为码 — the action code": ("action_code",),
    "成文日期 — the date of issue": ("date",),
}
BY_NATURE: Final[Mapping[LegalNature, Mapping[str, Sequence[str]]]] = {
    LegalNature.GUIDANCE: {
        "当事人 — the party": ("party.name", "party.rows"),
        "自愿提示 — that it is voluntary": ("body.voluntary_notice", "body.notice"),
    },
    LegalNature.DECISION: {
        "当事人 — the party": ("party.name", "party.rows"),
        "复议机关 — the reconsideration body": ("body.reconsideration.body",),
        "复议期限 — its term": ("body.reconsideration.days",),
        "起诉法院 — the court": ("body.litigation.court",),
        "起诉期限 — its term": ("body.litigation.months",),
    },
    LegalNature.RECORD: {},
    LegalNature.PROCEDURAL: {},
}
BODY: Final = "word/document.xml"  # what stands in headers or properties alone is no element of the document
REMEDIES: Final = frozenset({"reconsideration", "litigation"})


def judge(anatomy: Anatomy, nature: LegalNature, contexts: Sequence[Mapping[str, Any]]) -> Iterator[TemplateNote]:
    """What is wrong with a template of this legal nature, given what it is filled with for some `contexts`."""
    yield from anatomy.notes
    offered = {path for context in contexts for path in _paths(context)}
    lists = {path[: path.index(EACH)] for path in offered if EACH in path}
    for use in anatomy.uses:
        name = dotted(use.path)
        if use.path not in offered and not any(use.path[: len(known)] == known for known in _empty(contexts)):
            yield TemplateNote(
                "undefined", "error", f"没有“{name}”这一项", f"there is nothing called {name}", use.place
            )
    used = {use.path for use in anatomy.uses}
    for path in sorted(offered - lists):
        if path[0] == "body" and len(path) > 1 and not any(_touches(path, one) for one in used):
            name = dotted(path)
            yield TemplateNote(
                "unused", "warning", f"“{name}”没有印在文书上", f"{name} is printed nowhere in the document"
            )
    names = {dotted(use.path) for use in anatomy.uses if use.printed and use.place.part == BODY}
    for what, ways in ({**ALWAYS, **BY_NATURE[nature]}).items():
        if not any(name == way or name.startswith((f"{way}.", f"{way}[")) for way in ways for name in names):
            zh, en = what.split(" — ")
            ways_told = " / ".join(ways)
            yield TemplateNote(
                "missing", "error", f"缺少法定要素：{zh}（{ways_told}）", f"{en} must be named ({ways_told})"
            )
    if nature is LegalNature.GUIDANCE:
        for use in anatomy.uses:
            if REMEDIES & set(use.path):
                yield TemplateNote(
                    "remedies",
                    "error",
                    "行政指导不得写明复议和诉讼途径",
                    "guidance offers no remedies (G14)",
                    use.place,
                )


def dotted(path: Path) -> str:
    """As a clerk writes it."""
    return ".".join(path).replace(f".{EACH}", EACH)


def _paths(value: Any, at: Path = ()) -> Iterator[Path]:
    """Every name in a context, groups and lists themselves included."""
    if at:
        yield at
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from _paths(item, (*at, key))
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _paths(item, (*at, EACH))


def _empty(contexts: Iterable[Mapping[str, Any]]) -> set[Path]:
    """Lists and groups that no context has anything in: what they hold is not known."""
    filled: set[Path] = set()
    empty: set[Path] = set()

    def walk(value: Any, at: Path) -> None:
        if isinstance(value, Mapping):
            (filled if value else empty).add(at)
            for key, item in value.items():
                walk(item, (*at, key))
        elif isinstance(value, list | tuple):
            (filled if value else empty).add(at)
            for item in value:
                walk(item, (*at, EACH))
        elif value is None:
            empty.add(at)

    for context in contexts:
        walk(context, ())
    return empty - filled


def _touches(one: Path, other: Path) -> bool:
    """Whether naming one of them concerns the other: it is the same, within it, or around it."""
    shorter = min(len(one), len(other))
    return one[:shorter] == other[:shorter]
