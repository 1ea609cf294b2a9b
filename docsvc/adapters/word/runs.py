"""Runs of a filled Word part: each character in a font that has it, what must not be torn in runs of its own."""

from __future__ import annotations

import copy
import itertools
from collections.abc import Iterator, Sequence
from typing import Any, Final

from docsvc.adapters.word.package import W
from docsvc.domain.errors import MissingGlyphError, TemplateFaultError
from docsvc.domain.phrases import RULE
from docsvc.domain.unbroken import unbroken
from docsvc.ports import FontChains

P: Final = f"{{{W}}}p"
R: Final = f"{{{W}}}r"
T: Final = f"{{{W}}}t"
RPR: Final = f"{{{W}}}rPr"
PPR: Final = f"{{{W}}}pPr"
RFONTS: Final = f"{{{W}}}rFonts"
BOLD: Final = f"{{{W}}}b"
VAL: Final = f"{{{W}}}val"
EAST_ASIA: Final = f"{{{W}}}eastAsia"
SLOTS: Final = tuple(f"{{{W}}}{slot}" for slot in ("ascii", "hAnsi", "eastAsia", "cs"))
STYLE: Final = f"{{{W}}}rStyle"
WHOLE: Final = "Whole"  # character style of what no line end may tear; the office is told so when it lays out
RULED_IN: Final = "song"  # whose low line reaches from edge to edge, so that a ruled blank is one line
SPACE: Final = "{http://www.w3.org/XML/1998/namespace}space"


class StyleFonts:
    """The font names that the styles give: by style id, after inheritance."""

    def __init__(self, styles: Any) -> None:
        self._own: dict[str, str | None] = {}
        self._parent: dict[str, str] = {}
        self._default_paragraph: str | None = None
        fonts = styles.find(f"{{{W}}}docDefaults/{{{W}}}rPrDefault/{RPR}/{RFONTS}")
        self._fallback = fonts.get(EAST_ASIA) if fonts is not None else None
        for style in styles.iter(f"{{{W}}}style"):
            key = style.get(f"{{{W}}}styleId", "")
            own = style.find(f"{RPR}/{RFONTS}")
            self._own[key] = own.get(EAST_ASIA) if own is not None else None
            parent = style.find(f"{{{W}}}basedOn")
            if parent is not None:
                self._parent[key] = parent.get(VAL, "")
            if style.get(f"{{{W}}}default") in ("1", "true") and style.get(f"{{{W}}}type") == "paragraph":
                self._default_paragraph = key

    def name(self, run: Any, paragraph: Any) -> str | None:
        """East Asian font name of a run: its own, its style's, its paragraph style's, the document's."""
        own = run.find(f"{RPR}/{RFONTS}")
        if own is not None and own.get(EAST_ASIA):
            return str(own.get(EAST_ASIA))
        for style in (run.find(f"{RPR}/{STYLE}"), paragraph.find(f"{PPR}/{{{W}}}pStyle")):
            if style is not None and (name := self._inherited(style.get(VAL))):
                return name
        return (self._inherited(self._default_paragraph) if self._default_paragraph else None) or self._fallback

    def _inherited(self, key: str) -> str | None:
        seen: set[str] = set()
        while key in self._own and key not in seen:
            seen.add(key)
            if name := self._own[key]:
                return name
            key = self._parent.get(key, "")
        return None


def set_fonts(root: Any, styles: StyleFonts, fonts: FontChains, names: Sequence[str] = ()) -> None:
    """Split the runs under `root` so that every character stands in a font that has it, and numbers, dates, amounts
    and `names` in runs of style WHOLE; then name real families.

    Raises MissingGlyphError naming the text and the character, TemplateFaultError for a font without a role.
    """
    for paragraph in root.iter(P):
        for run in list(paragraph.iter(R)):
            if run.find(T) is None:
                continue
            name = styles.name(run, paragraph)
            role = role_of(name, fonts)
            _split(run, role, fonts, names)
    name_families(root, fonts)


def add_whole_style(styles: Any) -> None:
    """Define the character style WHOLE where a template has none: it says what is meant and changes no looks."""
    if any(style.get(f"{{{W}}}styleId") == WHOLE for style in styles.iter(f"{{{W}}}style")):
        return
    style = styles.makeelement(f"{{{W}}}style", {f"{{{W}}}type": "character", f"{{{W}}}styleId": WHOLE})
    style.append(style.makeelement(f"{{{W}}}name", {VAL: "不断行"}))
    styles.append(style)


def role_of(name: str | None, fonts: FontChains) -> str:
    """The role behind a template's font name. Raises TemplateFaultError where it has none."""
    role = fonts.role(name) if name else None
    if role is None:
        raise TemplateFaultError(f"Word 模板使用了没有配置的字体“{name}”，请改用仿宋、楷体、黑体、宋体或小标宋")
    return role


def name_families(root: Any, fonts: FontChains) -> None:
    """Replace the template's font names (仿宋 …) by the families that are installed, in all four slots.

    Latin letters and figures stand in the same font as the Chinese around them. The title's stand-in is the bold
    face of its family, so boldness goes with it.
    """
    for element in root.iter(RFONTS):
        role = fonts.role(element.get(EAST_ASIA, ""))
        if role is None:
            if element.get(EAST_ASIA) is None:
                element.attrib.clear()  # only Latin slots: those follow the Chinese font
            continue
        family, bold = fonts.family(role)
        _name(element, family)
        if bold and element.getparent().find(BOLD) is None:
            element.addnext(element.makeelement(BOLD))


def _name(element: Any, family: str) -> None:
    element.attrib.clear()
    for slot in SLOTS:
        element.set(slot, family)


def _split(run: Any, role: str, fonts: FontChains, names: Sequence[str]) -> None:
    own = fonts.family(role)[0]
    properties, previous = run.find(RPR), run
    styled = properties is not None and properties.find(STYLE) is not None  # a run has one style: the template's
    pieces = {
        text: [
            (family, piece, whole)
            for part, whole in ([(text.text or "", False)] if styled else _parts(text.text or "", names))
            for family, piece in _pieces(part, role, fonts, run)
        ]
        for text in run.iter(T)
    }
    if all(family == own and not whole for parts in pieces.values() for family, _, whole in parts):
        return
    for child in [c for c in run if c.tag != RPR]:
        for family, text, whole in pieces.get(child, [(own, None, False)]):
            part = run.makeelement(R)
            if properties is not None:
                part.append(copy.deepcopy(properties))
            if family != own:
                _set_family(part, family)
            if whole:
                _properties(part).insert(0, part.makeelement(STYLE, {VAL: WHOLE}))
            if text is None:
                part.append(child)
            else:
                leaf = part.makeelement(T, {SPACE: "preserve"})
                leaf.text = text
                part.append(leaf)
            previous.addnext(part)
            previous = part
    run.getparent().remove(run)


def _parts(text: str, names: Sequence[str]) -> Iterator[tuple[str, bool]]:
    """`text` in pieces, each with whether it is to be kept whole."""
    at = 0
    for start, end in unbroken(text, names):
        if start > at:
            yield text[at:start], False
        yield text[start:end], True
        at = end
    if at < len(text):
        yield text[at:], False


def _pieces(text: str, role: str, fonts: FontChains, run: Any) -> list[tuple[str, str]]:
    found = []
    ruled = [(RULED_IN if rule else role, part) for part, rule in _ruled(text)]
    for family, piece in (split for role, part in ruled for split in fonts.split(role, part)):
        if family is None:
            paragraph = next(run.iterancestors(P))
            whole = "".join(leaf.text or "" for leaf in paragraph.iter(T))
            raise MissingGlyphError(missing(whole, piece[0]))
        found.append((family, piece))
    return found


def _ruled(text: str) -> Iterator[tuple[str, bool]]:
    """`text` in pieces, each with whether it is a ruled blank."""
    return (("".join(chars), rule) for rule, chars in itertools.groupby(text, RULE.__eq__))


def missing(text: str, char: str) -> str:
    """The sentence for a character that can't be drawn, with the text it stands in."""
    at = text.index(char)
    around = text[max(0, at - 20) : at + 20]
    shown = char if char.isprintable() else ""
    return f"“{around}”中的字“{shown}”（U+{ord(char):04X}）没有任何字体可以显示"


def _set_family(run: Any, family: str) -> None:
    properties = _properties(run)
    element = properties.find(RFONTS)
    if element is None:
        element = properties.makeelement(RFONTS)
        properties.insert(0 if properties.find(STYLE) is None else 1, element)
    _name(element, family)


def _properties(run: Any) -> Any:
    properties = run.find(RPR)
    if properties is None:
        properties = run.makeelement(RPR)
        run.insert(0, properties)
    return properties
