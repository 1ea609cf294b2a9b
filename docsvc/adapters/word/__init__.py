"""Word templates: docxtpl's tags filled in a sandbox, each character put into a font that has it."""

from __future__ import annotations

import hashlib
import io
import re
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from docsvc.adapters.word.package import check_content, parse_part, read_package, write_package
from docsvc.adapters.word.pictures import part_of, picture_parts
from docsvc.adapters.word.properties import CORE, core_part, is_of_the_editor
from docsvc.adapters.word.runs import StyleFonts, add_whole_style, missing, name_families, set_fonts
from docsvc.domain.errors import MissingGlyphError, TemplateFaultError
from docsvc.domain.properties import Properties
from docsvc.ports import FontChains

if TYPE_CHECKING:
    from jinja2 import Environment, Template, nodes

MAX_FILLED: Final = 16 * 1024 * 1024  # characters of a part
KEPT: Final = 32  # compiled templates held at a time
STYLES: Final = "word/styles.xml"
DOCUMENT: Final = "word/document.xml"
FILLED: Final = re.compile(r"^(word/(document|header\d*|footer\d*|footnotes|endnotes)|docProps/core)\.xml$")
# What XML 1.0 can't hold; the filler never drops a character in silence.
UNWRITABLE: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
# Filters that give back no more than they take.
FILTERS: Final = frozenset({"default", "d", "first", "last", "length", "count", "lower", "upper", "trim", "join"})
DEEPEST: Final = 3  # loops within loops
TAG: Final = re.compile(r"{{.*?}}|{%.*?%}", re.DOTALL)


@dataclass(frozen=True)
class _Compiled:
    """A template, read once: what stays as it is, and what is filled for each document."""

    fixed: Mapping[str, bytes]
    filled: Mapping[str, tuple[str, Template]]  # source with tags, compiled
    styles: StyleFonts
    pictures: Mapping[str, str]  # name in Word → part


class WordFiller:
    """Fills Word templates. Keeps compiled ones: most of docxtpl's time goes into parsing what never changes."""

    def __init__(self, fonts: FontChains) -> None:
        self._fonts = fonts
        self._environment = sandbox()
        self._kept: OrderedDict[bytes, _Compiled] = OrderedDict()

    def fill(
        self,
        template: bytes,
        context: Mapping[str, Any],
        pictures: Mapping[str, bytes] | None = None,
        names: Sequence[str] = (),
        properties: Properties | None = None,
    ) -> bytes:
        """Filled DOCX: the same template, context, pictures and fonts give the same bytes.

        `pictures` are PNGs by the name of the picture that they replace. What no line end may tear, `names` among
        it, stands in runs of the character style WHOLE. `properties` replace the template's. Raises
        TemplateFaultError naming the expression that can't be filled, the picture that is not there or what the
        template must not hold, MissingGlyphError naming a character that no font has.
        """
        compiled = self._compiled(template)
        _check_writable(context)
        parts = dict(compiled.fixed)
        for picture, png in (pictures or {}).items():
            parts[part_of(picture, compiled.pictures)] = png
        for name, (source, jinja) in compiled.filled.items():
            xml = _render(name, source, jinja, context)
            root = parse_part(name, xml.encode())
            if name.startswith("word/"):
                set_fonts(root, compiled.styles, self._fonts, names)
            parts[name] = _bytes(root)
        if properties is not None:
            parts[CORE] = _bytes(core_part(properties))
        return write_package(parts)

    def check(self, template: bytes) -> None:
        """Read and compile a template without filling it. Raises TemplateFaultError."""
        self._compiled(template)

    def _compiled(self, template: bytes) -> _Compiled:
        key = hashlib.sha256(template).digest()
        if (kept := self._kept.get(key)) is None:
            kept = self._kept[key] = self._compile(template)
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        return kept

    def _compile(self, template: bytes) -> _Compiled:
        from docxtpl import DocxTemplate

        parts = read_package(template)
        tags = DocxTemplate(io.BytesIO(template))
        fixed, filled, pictures = {}, {}, {}
        styles = parse_part(STYLES, parts[STYLES])
        style_fonts = StyleFonts(styles)
        name_families(styles, self._fonts)
        add_whole_style(styles)
        for name, data in parts.items():
            if FILLED.match(name):
                root = parse_part(name, data)
                check_content(name, root)
                if name == DOCUMENT:
                    pictures = picture_parts(root, parts)
                # A line a paragraph, so that a fault's line number finds its paragraph.
                source = re.sub(r"<w:p([ >])", r"\n<w:p\1", tags.patch_xml(tags.xml_to_string(root)))
                filled[name] = (source, compile_part(name, source, self._environment))
            elif is_of_the_editor(name):
                root = parse_part(name, data)
                del root[:]
                fixed[name] = _bytes(root)
            else:
                fixed[name] = _bytes(styles) if name == STYLES else data
        return _Compiled(fixed, filled, style_fonts, pictures)


def sandbox() -> Environment:
    """Where expressions of templates run: no globals, nothing unescaped, nothing undefined."""
    from jinja2 import StrictUndefined
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    class Sandbox(ImmutableSandboxedEnvironment):
        def getattr(self, obj: Any, attribute: str) -> Any:
            """A member is a member: of a mapping no method, which would hide a field called items."""
            return self.getitem(obj, attribute) if isinstance(obj, Mapping) else super().getattr(obj, attribute)

        def getitem(self, obj: Any, argument: Any) -> Any:
            if isinstance(obj, Mapping):
                return obj[argument] if argument in obj else self.undefined(obj=obj, name=argument)
            return super().getitem(obj, argument)

    environment = Sandbox(autoescape=True, undefined=StrictUndefined, loader=None, finalize=_printable)
    environment.filters = {name: environment.filters[name] for name in FILTERS}
    environment.globals.clear()
    return environment


def _printable(value: Any) -> Any:
    """As documents say it: never "None", never True, no list but of texts."""
    if value is None or value == []:
        raise ValueError("没有值 / no value")
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, list | tuple) and all(isinstance(item, str) for item in value):
        return "、".join(value)
    if isinstance(value, list | tuple | Mapping):
        raise TypeError("是一组内容，不是文字 / a group, not a text")
    return value


@contextmanager
def _compiling(name: str, source: str) -> Iterator[None]:
    """What Jinja says of a part's source, as TemplateFaultError."""
    from jinja2.exceptions import TemplateSyntaxError

    try:
        yield
    except RecursionError as e:
        raise TemplateFaultError(f"Word 模板部件 {name} 的表达式嵌套过深") from e
    except TemplateSyntaxError as e:
        raise TemplateFaultError(
            f"Word 模板部件 {name} 的“{_tags(source, e.lineno)}”有语法错误：{e.message}"
        ) from e


def parse_tags(name: str, source: str, environment: Environment) -> nodes.Template:
    """The tags of a part, not compiled. Raises TemplateFaultError for faulty syntax."""
    with _compiling(name, source):
        return environment.parse(source)


def compile_part(name: str, source: str, environment: Environment) -> Template:
    """The compiled tags of a part. Raises TemplateFaultError for faulty syntax and tags not meant for it."""
    from jinja2 import nodes as n

    tree = parse_tags(name, source, environment)
    unwanted = (n.ScopedEvalContextModifier, n.Include, n.Import, n.FromImport, n.Extends)
    for node in (*tree.find_all(unwanted), *growing(tree), *_deep(tree, 0)):
        raise TemplateFaultError(f"Word 模板部件 {name} 的“{_tags(source, node.lineno)}”不允许使用")
    with _compiling(name, source):
        return environment.from_string(source)


def _deep(node: nodes.Node, depth: int) -> Iterator[nodes.Node]:
    """Loops that stand too deep in others."""
    from jinja2 import nodes as n

    for loop in node.iter_child_nodes():
        inside = depth + isinstance(loop, n.For)
        if inside > DEEPEST:
            yield loop
        else:
            yield from _deep(loop, inside)


def growing(tree: nodes.Template) -> Iterator[nodes.Expr]:
    """Expressions that can make much out of little, by which a short template could take all memory.

    Jinja works out those of constants while it compiles: they have to be found before.
    """
    from jinja2 import nodes as n

    yield from tree.find_all((n.Call, n.Mul, n.Pow, n.Mod))  # "%9d" % 1 is Mod, too
    yield from (each for each in tree.find_all(n.Filter) if each.name not in FILTERS)


def _render(name: str, source: str, jinja: Template, context: Mapping[str, Any]) -> str:
    try:
        xml = _bounded(jinja.generate(context))
    except Exception as e:
        at = _line(e)
        raise TemplateFaultError(f"Word 模板部件 {name} 的“{_tags(source, at)}”无法填写：{e}") from e
    return re.sub(r"\n<w:p([ >])", r"<w:p\1", xml)


def _bounded(pieces: Iterator[str]) -> str:
    """Loops within loops over long lists end here."""
    kept, size = [], 0
    for piece in pieces:
        size += len(piece)
        if size > MAX_FILLED:
            raise ValueError("填写结果过大 / the filled part is too large")
        kept.append(piece)
    return "".join(kept)


def _line(error: BaseException) -> int:
    """Line of the template where `error` arose: Jinja rewrites tracebacks to say so."""
    line, step = 0, error.__traceback__
    while step is not None:
        if step.tb_frame.f_code.co_filename == "<template>":
            line = step.tb_lineno
        step = step.tb_next
    return line


def _tags(source: str, line: int) -> str:
    """The tags that stand on a line of the source, without the XML between."""
    lines = source.split("\n")
    text = lines[line - 1] if 0 < line <= len(lines) else ""
    return " ".join(re.sub(r"<[^>]+>", "", tag) for tag in TAG.findall(text)) or "?"


def _check_writable(value: Any) -> None:
    if isinstance(value, str):
        if found := UNWRITABLE.search(value):
            raise MissingGlyphError(missing(value, found[0]))
    elif isinstance(value, Mapping):
        for item in value.values():
            _check_writable(item)
    elif isinstance(value, list | tuple):
        for item in value:
            _check_writable(item)


def _bytes(root: Any) -> bytes:
    from lxml import etree

    data: bytes = etree.tostring(root, xml_declaration=True, encoding="UTF-8", standalone=True)
    return data
