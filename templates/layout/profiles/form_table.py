"""Forms to fill in and sign (profile `form-table`): tables of the full width, 第 页 共 页 at the foot."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from templates.layout.edges import Edge, header, page_of_pages
from templates.layout.profiles.form import Form


class FormTable(Form):
    """Both sides alike: sheets are filed one by one. The footer has room for the party's signature too."""

    name = "form-table"
    page = replace(Form.page, footer=850)
    two_sided = False

    def edges(self, page_sign: str = "") -> Sequence[Edge]:
        """The same on every page."""
        return header(1), page_of_pages(page_sign)
