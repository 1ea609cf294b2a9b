"""A Word template taken apart for lint: the names in its tags, with their places, and what must not be in it."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

from docsvc.adapters.word import DOCUMENT, FILLED, STYLES, TAG, compile_part, sandbox
from docsvc.adapters.word.package import W, check_content, parse_part, read_package
from docsvc.adapters.word.pictures import picture_parts
from docsvc.adapters.word.runs import P, R, StyleFonts, T
from docsvc.domain.errors import TemplateFaultError
from docsvc.domain.template_lint import EACH, Anatomy, Path, Place, TemplateNote, Use
from docsvc.ports import FontChains

if TYPE_CHECKING:
    from jinja2 import nodes

SCAN: Final = "二维码"  # the name of the picture that the QR code replaces
CONTROL: Final = f"{{{W}}}sdt"
SHOWN: Final = 60
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
                compile_part(name, source, self._environment)
                tree = self._environment.parse(source)
            except TemplateFaultError as e:
                notes.append(_fault("expression", e))
                continue
            notes += self._looks(name, root, styles)
            uses += [Use(path, _place(name, root, tag), printed) for path, tag, printed in _walk(tree, {})]
            notes += [
                TemplateNote("unsafe", "error", zh, en, _place(name, root, at)) for zh, en, at in _unsafe(tree)
            ]
        return Anatomy(tuple(dict.fromkeys(uses)), tuple(notes))

    def _looks(self, part: str, root: Any, styles: StyleFonts) -> Iterator[TemplateNote]:
        for number, paragraph in enumerate(root.iter(P), 1):
            text = _text(paragraph)
            place = Place(part, number, text[:SHOWN])
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
                    "control", "error", "不得使用内容控件", "content controls become form fields in the PDF", place
                )
            fonts = {styles.name(run, paragraph) for run in paragraph.iter(R) if run.find(T) is not None}
            for font in sorted(str(font) for font in fonts if not (font and self._fonts.role(font))):
                yield TemplateNote(
                    "font",
                    "error",
                    f"字体“{font}”不在字体角色之内，请改用仿宋、楷体、黑体、宋体或小标宋",
                    f"the font {font} has no role",
                    place,
                )


def _source(template: bytes, root: Any) -> str:
    from docxtpl import DocxTemplate

    tags = DocxTemplate(io.BytesIO(template))
    source: str = tags.patch_xml(tags.xml_to_string(root))
    return source


def _fault(kind: str, error: TemplateFaultError) -> TemplateNote:
    return TemplateNote(kind, "error", str(error), str(error))


def _text(paragraph: Any) -> str:
    return "".join(leaf.text or "" for leaf in paragraph.iter(T))


def _place(part: str, root: Any, written: str) -> Place:
    """The first paragraph with a tag that holds `written`."""
    spaced = re.compile(rf"(?<![\w.]){re.escape(written)}(?![\w])")
    for number, paragraph in enumerate(root.iter(P), 1):
        text = _text(paragraph)
        if any(spaced.search(tag) for tag in TAG.findall(text)):
            return Place(part, number, text[:SHOWN])
    return Place(part, 0, written)


def _walk(
    node: nodes.Node, known: Mapping[str, Path | None], *, printed: bool = False
) -> Iterator[tuple[Path, str, bool]]:
    """(path, as written, printed) of each value that is named, loops resolved: `known` are their variables."""
    from jinja2 import nodes as n

    match node:
        case n.For(target=n.Name(name=variable)):
            yield from _walk(node.iter, known)
            source = _resolve(node.iter, known)
            inner = {**known, variable: (*source, EACH) if source else None}
            for child in (*node.body, *node.else_, *([node.test] if node.test else [])):
                yield from _walk(child, inner)
        case n.Getattr() | n.Getitem() | n.Name():
            path = _resolve(node, known)
            if path and path[0] not in GIVEN:
                yield path, _written(node), printed
            if isinstance(node, n.Getitem):
                yield from _walk(node.arg, known)
        case n.CondExpr(test=test):
            yield from _walk(test, known)
            for child in filter(None, (node.expr1, node.expr2)):
                yield from _walk(child, known, printed=printed)
        case _:
            for child in node.iter_child_nodes():
                yield from _walk(child, known, printed=printed or isinstance(node, n.Output))


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

    for call in tree.find_all(n.Call):
        at = _written(call.node)
        yield f"不得调用“{at}()”", f"nothing may be called: {at}()", at
    for attribute in tree.find_all(n.Getattr):
        if attribute.attr.startswith("_"):
            at = _written(attribute)
            yield f"不得使用“{at}”", f"names that begin with an underscore are not for templates: {at}", at
    for name in tree.find_all((n.Macro, n.CallBlock, n.Assign, n.AssignBlock, n.FilterBlock)):
        kind = type(name).__name__.lower()
        yield f"不得使用“{kind}”", f"{kind} is not for templates", kind
