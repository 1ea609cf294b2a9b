"""Pictures of a Word template that are drawn anew for each document: found by the name they bear in Word."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from typing import Any, Final

from docsvc.adapters.word.package import RELATIONSHIP, parse_part
from docsvc.domain.errors import TemplateFaultError

PROPERTIES: Final = "{http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing}docPr"
BLIP: Final = "{http://schemas.openxmlformats.org/drawingml/2006/main}blip"
EMBED: Final = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}embed"
RELATIONS: Final = "word/_rels/document.xml.rels"


def picture_parts(document: Any, parts: Mapping[str, bytes]) -> dict[str, str]:
    """Name of each picture of the body → the part that holds its pixels.

    Word gives parts names of its own when it saves a template; a picture's name (docPr, "选择窗格") stays.
    """
    if RELATIONS not in parts:
        return {}
    targets = {
        relation.get("Id"): posixpath.normpath(posixpath.join("word", relation.get("Target", "")))
        for relation in parse_part(RELATIONS, parts[RELATIONS]).iter(RELATIONSHIP)
    }
    found = {}
    for properties in document.iter(PROPERTIES):
        for blip in properties.getparent().iter(BLIP):
            target = targets.get(blip.get(EMBED), "").lstrip("/")
            if target in parts:
                found[properties.get("name", "")] = target
    return found


def part_of(name: str, pictures: Mapping[str, str]) -> str:
    """The part behind a picture's name; only a PNG can be replaced. Raises TemplateFaultError."""
    part = pictures.get(name)
    if part is None or not part.lower().endswith(".png"):
        raise TemplateFaultError(
            f"Word 模板没有名为“{name}”的 PNG 图片（在 Word 的“选择窗格”中命名）/ no PNG picture is named {name}"
        )
    return part
