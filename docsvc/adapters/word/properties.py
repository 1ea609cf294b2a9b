"""The properties of a Word file (docProps): ours in the place of whatever the last editor of the template left."""

from __future__ import annotations

from typing import Any, Final

from lxml import etree

from docsvc.domain.properties import Properties

CORE: Final = "docProps/core.xml"
CP: Final = "http://schemas.openxmlformats.org/package/2006/metadata/core-properties"
DC: Final = "http://purl.org/dc/elements/1.1/"


def core_part(properties: Properties) -> Any:
    """The core properties (ISO/IEC 29500-2, 11), and no others: no editor's name, no dates of the template."""
    root = etree.Element(f"{{{CP}}}coreProperties", nsmap={"cp": CP, "dc": DC})
    for name, value in (
        (f"{{{DC}}}title", properties.title),
        (f"{{{DC}}}subject", properties.subject),
        (f"{{{DC}}}creator", properties.author),
        (f"{{{CP}}}keywords", ", ".join(properties.keywords)),
        (f"{{{DC}}}language", properties.language),
    ):
        etree.SubElement(root, name).text = value
    return root


def is_of_the_editor(name: str) -> bool:
    """Whether a part holds what an editor tells of itself: company, manager, hours, properties of its own."""
    return name.startswith("docProps/") and name.endswith(".xml") and name != CORE
