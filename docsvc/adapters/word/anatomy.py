"""A Word template taken apart for lint: the names in its tags, with their places, and what must not be in it."""

from __future__ import annotations

import io
import re
from bisect import bisect
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import accumulate
from typing import TYPE_CHECKING, Any, Final

from docsvc.adapters.word import DOCUMENT, FILLED, STYLES, TAG, compile_part, growing, parse_tags, sandbox
from docsvc.adapters.word.package import W, check_content, parse_part, read_package
from docsvc.adapters.word.pictures import picture_parts
from docsvc.adapters.word.runs import P, R, StyleFonts, T
from docsvc.domain.errors import TemplateFaultError
from docsvc.domain.shapes import EACH, Path
from docsvc.domain.template_lint import Anatomy, Place, TemplateNote, Use
from docsvc.ports import FontChains

if TYPE_CHECKING:
    from jinja2 import nodes

SCAN: Final = "二维码"  # the name of the picture that the QR code replaces
CONTROL: Final = f"{{{W}}}sdt"
SHOWN: Final = 60
WHOLLY: Final = re.compile(r"\s*{%-?\s*if\b(?:(?!endif).)*{%-?\s*endif\s*-?%}\s*", re.DOTALL)
ELSE: Final = re.compile(r"{%-?\s*(else|elif)\b")
GIVEN: Final = frozenset({"loop", "scan"})  # Jinja's own, and the QR code's address


class WordAnatomist:
    """Takes Word templates apart."""

    def __init__(self, fonts: FontChains) -> None:
        self._fonts = fonts
        self._environment = sandbox()

    def dissect(self, template: bytes) -> Anatomy:
        """The names a template uses and what is wrong with it; never raises for what is in the file."""
        try:
            parts = read_package(template)
            styles = StyleFonts(parse_part(STYLES, parts[STYLES]))
        except TemplateFaultError as e:
            return Anatomy((), (_fault("package", e),))
        uses: list[Use] = []
        notes: list[TemplateNote] = []
        texts: list[str] = []
        for name, data in parts.items():
            if not FILLED.match(name):
                continue
            try:
                root = parse_part(name, data)
                check_content(name, root)
                if name == DOCUMENT and SCAN not in picture_parts(root, parts):
                    notes.append(
                        TemplateNote("missing", "error", f"缺少图片“{SCAN}”", "the QR code's picture is missing")
                    )
                source = _source(template, root)
                tree = parse_tags(name, source, self._environment)
                unsafe = list(_unsafe(tree))
                if not unsafe:
                    compile_part(name, source, self._environment)
            except TemplateFaultError as e:
                notes.append(_fault("expression", e))
                continue
            notes += self._looks(name, root, styles)
            texts += ["".join(text for _, text in _runs(paragraph)) for paragraph in root.iter(P)]
            places = _Places(name, root)
            uses += [Use(n.path, places.of(n.written), n.printed, n.sure) for n in _walk(tree, _Known({}))]
            places = _Places(name, root)
            notes += [TemplateNote("unsafe", "error", zh, en, places.of(at)) for zh, en, at in unsafe]
        return Anatomy(tuple(dict.fromkeys(uses)), tuple(notes), tuple(texts))

    def _looks(self, part: str, root: Any, styles: StyleFonts) -> Iterator[TemplateNote]:
        for number, paragraph in enumerate(root.iter(P), 1):
            runs = _runs(paragraph)
            text = "".join(text for _, text in runs)
            place = Place(part, number, 1, text[:SHOWN])
            # docxtpl may take an open tag for a part of the tag in the next paragraph, and drop both.
            if any(text.count(begin) != text.count(end) for begin, end in (("{{", "}}"), ("{%", "%}"))):
                yield TemplateNote(
                    "expression", "error", "标签在本段中没有写完整", "a tag does not end in its paragraph", place
                )
            if (
                next(paragraph.iterancestors(CONTROL), None) is not None
                or paragraph.find(f".//{CONTROL}") is not None
            ):
                yield TemplateNote(
                    "control",
                    "error",
                    "不得使用内容控件",
                    "content controls become form fields in the PDF",
                    place,
                )
            if WHOLLY.fullmatch(text) and not ELSE.search(text):
                yield TemplateNote(
                    "hollow",
                    "warning",
                    "整段都在条件之内，条件不成立时会留下空段：请改用单独成段的 {%p if … %} 和 {%p endif %}",
                    "an empty paragraph is left where the condition does not hold: use {%p if … %}, {%p endif %}",
                    place,
                )
            fonts: dict[str, int] = {}  # and the first run that has it
            for at, (run, _) in enumerate(runs, 1):
                font = styles.name(run, paragraph)
                if not (font and self._fonts.role(font)):
                    fonts.setdefault(str(font), at)
            for font, at in sorted(fonts.items()):
                yield TemplateNote(
                    "font",
                    "error",
                    f"字体“{font}”不在字体角色之内，请改用仿宋、楷体、黑体、宋体或小标宋",
                    f"the font {font} has no role",
                    Place(part, number, at, text[:SHOWN]),
                )


def _source(template: bytes, root: Any) -> str:
    from docxtpl import DocxTemplate

    tags = DocxTemplate(io.BytesIO(template))
    source: str = tags.patch_xml(tags.xml_to_string(root))
    return source


def _fault(kind: str, error: TemplateFaultError) -> TemplateNote:
    return TemplateNote(kind, "error", str(error), str(error))


def _runs(paragraph: Any) -> list[tuple[Any, str]]:
    """The paragraph's own runs that have text, those of boxes within it left out."""
    own = (run for run in paragraph.iter(R) if next(run.iterancestors(P)) is paragraph)
    return [(run, "".join(leaf.text or "" for leaf in run.iter(T))) for run in own if run.find(T) is not None]


class _Places:
    """Finds the tags of a part again, in the order in which they stand."""

    def __init__(self, part: str, root: Any) -> None:
        self._part = part
        self._paragraphs = [_runs(paragraph) for paragraph in root.iter(P)]
        self._met: Counter[str] = Counter()

    def of(self, written: str) -> Place:
        """Where `written` stands in a tag: the first time asked, the first time; then the second, and so on."""
        found = list(self._all(written))
        nth = self._met[written]
        self._met[written] += 1
        return found[min(nth, len(found) - 1)] if found else Place(self._part, 0, 0, written)

    def _all(self, written: str) -> Iterator[Place]:
        whole = re.compile(rf"(?<![\w.]){re.escape(written)}(?![\w.])")
        for number, runs in enumerate(self._paragraphs, 1):
            text = "".join(text for _, text in runs)
            ends = list(accumulate(len(text) for _, text in runs))
            for tag in TAG.finditer(text):
                for match in whole.finditer(tag[0]):
                    run = bisect(ends, tag.start() + match.start()) + 1
                    yield Place(self._part, number, run, text[:SHOWN])


@dataclass(frozen=True, slots=True)
class _Named:
    """A value that a template names: its path, as written; whether to be printed, and asked for before."""

    path: Path
    written: str
    printed: bool
    sure: bool


@dataclass(frozen=True, slots=True)
class _Known:
    """What is known at some point of a template: what its loops' variables are, which values are there."""

    variables: Mapping[str, Path | None]
    sure: frozenset[Path] = frozenset()

    def after(self, test: nodes.Node | None, *, holds: bool) -> _Known:
        """Where `test`, if there is one, holds, or does not."""
        if test is None:
            return self
        return _Known(self.variables, self.sure | _assured(test, self.variables, holds=holds))


def _walk(node: nodes.Node, known: _Known, *, printed: bool = False) -> Iterator[_Named]:
    """Each value that is named, loops resolved, in the order of the source."""
    from jinja2 import nodes as n

    if not isinstance(node, n.Getattr | n.Getitem | n.Name):
        shown = printed or isinstance(node, n.Output)
        for child, at in _within(node, known):
            asked = isinstance(node, n.CondExpr) and child is node.test
            yield from _walk(child, at, printed=shown and not asked)
        return
    path = _resolve(node, known.variables)
    if path and path[0] not in GIVEN:
        yield _Named(path, _written(node), printed, path in known.sure)
    if isinstance(node, n.Getitem):
        yield from _walk(node.arg, known)


def _within(node: nodes.Node, known: _Known) -> Iterator[tuple[nodes.Node, _Known]]:
    """What stands in a node, and what is known there."""
    from jinja2 import nodes as n

    match node:
        case n.For(target=n.Name(name=variable), iter=source, test=test):
            path = _resolve(source, known.variables)
            inner = _Known({**known.variables, variable: (*path, EACH) if path else None}, known.sure)
            yield source, known
            yield from ((child, inner) for child in (test,) if child)
            yield from ((child, inner.after(test, holds=True)) for child in node.body)
            yield from ((child, known) for child in node.else_)
        case n.If(test=test):
            yield test, known
            yield from ((child, known.after(test, holds=True)) for child in node.body)
            yield from ((child, known.after(test, holds=False)) for child in (*node.elif_, *node.else_))
        case n.CondExpr(test=test, expr1=first, expr2=second):
            yield first, known.after(test, holds=True)
            yield test, known
            yield from ((child, known.after(test, holds=False)) for child in (second,) if child)
        case _:
            yield from ((child, known) for child in node.iter_child_nodes())


def _assured(test: nodes.Node, variables: Mapping[str, Path | None], *, holds: bool) -> frozenset[Path]:
    """The values that are certainly there where `test` holds, or does not."""
    from jinja2 import nodes as n

    match test:
        case n.Not(node=inner):
            return _assured(inner, variables, holds=not holds)
        case n.And(left=left, right=right) if holds:
            return _assured(left, variables, holds=True) | _assured(right, variables, holds=True)
        case n.Or(left=left, right=right) if not holds:
            return _assured(left, variables, holds=False) | _assured(right, variables, holds=False)
        case n.Test(node=inner, name="none"):
            return frozenset() if holds else _assured(inner, variables, holds=True)
        case n.Name() | n.Getattr() | n.Getitem() if holds:
            path = _resolve(test, variables)
            return frozenset({path} if path else ())
        case _:
            return frozenset()


def _resolve(node: nodes.Node, known: Mapping[str, Path | None]) -> Path | None:
    """The path of an expression that is one; None for any other."""
    from jinja2 import nodes as n

    match node:
        case n.Name(name=name):
            return known.get(name, (name,))
        case n.Getattr(node=inner, attr=attribute):
            path = _resolve(inner, known)
            return (*path, attribute) if path else None
        case n.Getitem(node=inner, arg=n.Const(value=str() as key)):
            path = _resolve(inner, known)
            return (*path, key) if path else None
        case n.Getitem(node=inner):
            path = _resolve(inner, known)
            return (*path, EACH) if path else None
        case n.Filter(node=inner) if inner is not None:
            return _resolve(inner, known)
        case _:
            return None


def _written(node: nodes.Node) -> str:
    from jinja2 import nodes as n

    match node:
        case n.Getattr(node=inner, attr=attribute):
            return f"{_written(inner)}.{attribute}"
        case n.Getitem(node=inner):
            return _written(inner)
        case n.Name(name=name):
            return name
        case _:
            return ""


def _unsafe(tree: nodes.Template) -> Iterator[tuple[str, str, str]]:
    """Calls and names that begin with an underscore: the sandbox stops what is dangerous, a clerk needs none."""
    from jinja2 import nodes as n

    for node in growing(tree):
        match node:
            case n.Call():
                at = _written(node.node)
                yield f"不得调用“{at}()”", f"nothing may be called: {at}()", at
            case n.Filter(name=at):
                yield f"不得使用过滤器“{at}”", f"this filter is not for templates: {at}", at
            case _:
                yield "不得使用乘法、取模和乘方", "no multiplication, modulo or powers in templates", "*"
    for attribute in tree.find_all(n.Getattr):
        if attribute.attr.startswith("_"):
            at = _written(attribute)
            yield f"不得使用“{at}”", f"names that begin with an underscore are not for templates: {at}", at
    for name in tree.find_all((n.Macro, n.CallBlock, n.Assign, n.AssignBlock, n.FilterBlock)):
        kind = type(name).__name__.lower()
        yield f"不得使用“{kind}”", f"{kind} is not for templates", kind
