"""What may be wrong with a Word template, and what a document of its legal nature must name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from docsvc.domain.document import LegalNature, Manifest
from docsvc.domain.shapes import EACH, Path
from docsvc.domain.wording.fields import FIELDS, Field


@dataclass(frozen=True, slots=True)
class Place:
    """Where in a template: its part, the paragraph and the run in it (from 1), and the paragraph's text."""

    part: str
    paragraph: int
    run: int
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
    """A name that a template uses, and where: to print it, or else to ask or to walk through it.

    `sure`: the template has asked before whether there is anything.
    """

    path: Path
    place: Place
    printed: bool
    sure: bool = False


@dataclass(frozen=True, slots=True)
class Anatomy:
    """A template, taken apart: the names it uses, what is wrong with it whatever the case, and the text of each of
    its paragraphs.
    """

    uses: tuple[Use, ...]
    notes: tuple[TemplateNote, ...]
    texts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Trial:
    """What a template is judged by: what its type is, the fields of its schema, and what the samples give it."""

    manifest: Manifest
    fields: Mapping[Path, Field]
    contexts: Sequence[Mapping[str, Any]]
    filled: frozenset[Path]  # fields that a sample has
    unworded: frozenset[Path]  # those of them that no wording of ours uses
    stages: frozenset[str] = frozenset()  # that a sample is of


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
GROUP: Final = ("group", "“{}”是一组内容，须写明其中哪一项", "{} is a group: name what is in it")
REMEDIES: Final = frozenset({"reconsideration", "litigation"})


def judge(anatomy: Anatomy, trial: Trial) -> Iterator[TemplateNote]:
    """What is wrong with a template."""
    yield from anatomy.notes
    yield from _names(anatomy.uses, trial.contexts)
    yield from _fields(anatomy.uses, trial)
    yield from _elements(anatomy.uses, trial.manifest)
    for stage in sorted(trial.manifest.stages.keys() - trial.stages):
        title = trial.manifest.stages[stage].title
        yield TemplateNote(
            "sample", "error", f"没有《{title}》的样例案件", f"there is no sample of the stage {stage} in cases/"
        )


def _names(uses: Sequence[Use], contexts: Sequence[Mapping[str, Any]]) -> Iterator[TemplateNote]:
    """Of what is worded: names that there are not, groups that are printed, what is printed nowhere."""
    offered: dict[Path, Any] = {}
    for context in contexts:
        offered |= {path: value for path, value in _paths(context) if value not in (None, [], ())}
    known = {path for context in contexts for path, _ in _paths(context)}
    lists = {path[: path.index(EACH)] for path in known if EACH in path}
    empty = _empty(contexts)
    for use in uses:
        name = dotted(use.path)
        if use.path[0] == FIELDS:
            continue
        if use.path not in known and not any(use.path[: len(one)] == one for one in empty):
            yield TemplateNote(
                "undefined", "error", f"没有“{name}”这一项", f"there is nothing called {name}", use.place
            )
        elif use.printed and _is_group(offered.get(use.path)):
            yield TemplateNote(GROUP[0], "error", GROUP[1].format(name), GROUP[2].format(name), use.place)
    used = {use.path for use in uses}
    for path in sorted(known - lists):
        if path[0] == "body" and len(path) > 1 and not any(_touches(path, one) for one in used):
            name = dotted(path)
            yield TemplateNote(
                "unused", "warning", f"“{name}”没有印在文书上", f"{name} is printed nowhere in the document"
            )


def _fields(uses: Sequence[Use], trial: Trial) -> Iterator[TemplateNote]:
    """Of what the schema names: fields that it does not, what may be missing, what is printed nowhere."""
    for use in uses:
        if use.path[0] == FIELDS and (fault := _field_fault(use, trial)):
            yield TemplateNote(fault[0], "error", fault[1], fault[2], use.place)
    used = {use.path[1:] for use in uses if use.path[0] == FIELDS}
    for path in sorted(trial.unworded):
        if not any(_touches(path, one) for one in used):
            name = dotted(path)
            yield TemplateNote(
                "unused",
                "warning",
                f"schema.json 的“{name}”没有印在文书上",
                f"the schema's {name} is printed nowhere in the document",
            )


def _field_fault(use: Use, trial: Trial) -> tuple[str, str, str] | None:
    """Kind and words, in both languages, of what is wrong with a use of a field."""
    name, path = dotted(use.path), use.path[1:]
    one = trial.fields.get(path)
    if one is None and path:
        field = dotted(path)
        return (
            "undefined",
            f"schema.json 没有“{field}”这一项（{name}）",
            f"the schema has no field {field} ({name})",
        )
    if one is None or one.shape == "group" or (one.shape == "groups" and use.printed):
        return GROUP[0], GROUP[1].format(name), GROUP[2].format(name)
    if one.shape != "groups" and not trial.filled & {path, (*path, EACH)}:
        return "sample", f"没有样例案件填写“{dotted(path)}”", f"no sample has {dotted(path)}"
    if use.printed and not one.worded:
        zh = f"“{name}”是代码，schema.json 的 x-labels 未写明用语"
        return "code", zh, f"{name} is a code, and the schema has no words for it (x-labels)"
    if use.printed and not (one.always or use.sure):
        zh = f"“{name}”可能没有填写，须写在 {{% if {name} %}} 与 {{% endif %}} 之间"
        return "unguarded", zh, f"{name} may be missing: print it within {{% if {name} %}} … {{% endif %}}"
    return None


def _elements(uses: Sequence[Use], manifest: Manifest) -> Iterator[TemplateNote]:
    """What the law demands of such a document, or of one of its stages, or forbids in it."""
    natures = {manifest.legal_nature, *(stage.legal_nature for stage in manifest.stages.values())}
    demanded = dict(ALWAYS)
    for nature in natures:
        demanded |= BY_NATURE[nature]
    names = {dotted(use.path) for use in uses if use.printed and use.place.part == BODY}
    for what, ways in demanded.items():
        if not any(name == way or name.startswith((f"{way}.", f"{way}[")) for way in ways for name in names):
            zh, en = what.split(" — ")
            ways_told = " / ".join(ways)
            yield TemplateNote(
                "missing", "error", f"缺少法定要素：{zh}（{ways_told}）", f"{en} must be named ({ways_told})"
            )
    if natures == {LegalNature.GUIDANCE}:
        for use in uses:
            if REMEDIES & set(use.path):
                yield TemplateNote(
                    "remedies",
                    "error",
                    "行政指导不得写明复议和诉讼途径",
                    "guidance offers no remedies (G14)",
                    use.place,
                )


def _is_group(value: Any) -> bool:
    if isinstance(value, list | tuple):
        return any(map(_is_group, value))
    return isinstance(value, Mapping)


def dotted(path: Path) -> str:
    """As a clerk writes it."""
    return ".".join(path).replace(f".{EACH}", EACH)


def _paths(value: Any, at: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Every name in a context with its value, groups and lists themselves included."""
    if at:
        yield at, value
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
