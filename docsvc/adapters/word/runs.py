"""Runs of a filled Word part: each character is put into a font that has it."""

from __future__ import annotations

import copy
from typing import Any, Final

from docsvc.adapters.word.package import W
from docsvc.domain.errors import MissingGlyphError, TemplateFaultError
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
        for style in (run.find(f"{RPR}/{{{W}}}rStyle"), paragraph.find(f"{PPR}/{{{W}}}pStyle")):
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


def set_fonts(root: Any, styles: StyleFonts, fonts: FontChains) -> None:
    """Split the runs under `root` so that every character stands in a font that has it, then name real families.

    Raises MissingGlyphError naming the text and the character, TemplateFaultError for a font without a role.
    """
    for paragraph in root.iter(P):
        for run in list(paragraph.iter(R)):
            if run.find(T) is None:
                continue
            name = styles.name(run, paragraph)
            role = role_of(name, fonts)
            _split(run, role, fonts)
    name_families(root, fonts)


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


def _split(run: Any, role: str, fonts: FontChains) -> None:
    own = fonts.family(role)[0]
    pieces = {text: _pieces(text.text or "", role, fonts, run) for text in run.iter(T)}
    if all(family == own for parts in pieces.values() for family, _ in parts):
        return
    properties, previous = run.find(RPR), run
    for child in [c for c in run if c.tag != RPR]:
        for family, text in pieces.get(child, [(own, None)]):
            part = run.makeelement(R)
            if properties is not None:
                part.append(copy.deepcopy(properties))
            if family != own:
                _set_family(part, family)
            if text is None:
                part.append(child)
            else:
                leaf = part.makeelement(T, {SPACE: "preserve"})
                leaf.text = text
                part.append(leaf)
            previous.addnext(part)
            previous = part
    run.getparent().remove(run)


def _pieces(text: str, role: str, fonts: FontChains, run: Any) -> list[tuple[str, str]]:
    found = []
    for family, piece in fonts.split(role, text):
        if family is None:
            paragraph = next(run.iterancestors(P))
            whole = "".join(leaf.text or "" for leaf in paragraph.iter(T))
            raise MissingGlyphError(missing(whole, piece[0]))
        found.append((family, piece))
    return found


def missing(text: str, char: str) -> str:
    """The sentence for a character that can't be drawn, with the text it stands in."""
    at = text.index(char)
    around = text[max(0, at - 20) : at + 20]
    shown = char if char.isprintable() else ""
    return f"“{around}”中的字“{shown}”（U+{ord(char):04X}）没有任何字体可以显示"


def _set_family(run: Any, family: str) -> None:
    properties = run.find(RPR)
    if properties is None:
        properties = run.makeelement(RPR)
        run.insert(0, properties)
    element = properties.find(RFONTS)
    if element is None:
        element = properties.makeelement(RFONTS)
        style = properties.find(f"{{{W}}}rStyle")
        properties.insert(0 if style is None else 1, element)
    _name(element, family)
