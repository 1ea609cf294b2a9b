"""执法文书 (profile `form`): no red head, name and title in plain black, and what the other profiles start from."""

from __future__ import annotations

from collections.abc import Sequence

from templates.layout.edges import Edge, header, named, outside_number, section
from templates.layout.elements import fact_table, form_table, grid, package, paragraph, picture, sign_row, when
from templates.layout.house import DATE_BLANK, MM, Page, Style, blank, settings, styles

# What stands for the QR code in a template: one white pixel.
PLACEHOLDER = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010100000000376ef924"
    "0000000a49444154789c636800000082008177cd72b60000000049454e44ae426082"
)


class Form:
    """A profile: paper, type, edges, and the parts of a document that differ by it. Others override some of it."""

    name = "form"
    page = Page()
    two_sided = True  # odd pages differ from even ones
    # The QR code, 24 mm with its white border, in the upper right corner over the act code: left edge, upper edge
    # and side in EMU. Its black part ends where the text ends and at 34 mm, so its border of 1.4 mm (4 of 69
    # modules, as most codes have) stands out of the type area.
    qr_place = ((210 - 26 - 24) * MM + 14 * MM // 10, (34 - 24) * MM + 14 * MM // 10, 24 * MM)

    def package(self, body: str, title: str, page_sign: str = "") -> bytes:
        """The Word file with this body; `page_sign` labels the line that the party signs on every page."""
        edges = self.edges(page_sign)
        return package(
            body,
            section(self.page, edges),
            styles(self.page, self.styles()),
            settings(two_sided=self.two_sided),
            {name: (edge.kind, edge.xml) for name, edge in named(edges).items()},
            title,
            PLACEHOLDER,
        )

    def styles(self) -> tuple[Style, ...]:
        """Styles of this profile's own, and those that it has otherwise than the house."""
        return ()

    def edges(self, page_sign: str = "") -> Sequence[Edge]:
        """Headers and footers: — 1 — outside, right on odd pages, left on even ones (GB/T 9704-2012 7.5)."""
        del page_sign
        return (
            header(1),
            outside_number("PageOdd", "default"),
            header(2, "even"),
            outside_number("PageEven", "even"),
        )

    def heading(self) -> str:
        """QR code over act code, agency, title and number: the top of every document."""
        return (
            paragraph("行政行为码：{{ action_code }}", "Code", self.qr_code())
            + paragraph("{{ agency.name }}", "AgencyTitle")
            + paragraph("{{ title }}", "DocumentTitle")
            + paragraph("{{ number }}", "Number")
        )

    def qr_code(self) -> str:
        """The QR code: a placeholder that is drawn anew for each document."""
        left, top, side = self.qr_place
        return picture("二维码", "二维码，扫描可查看本文书的状态：{{ scan }}", side, left, top)

    def facts(self, *sources: str) -> str:
        """Rows of the context, label and value."""
        return fact_table(*sources)

    def form(self, source: str, *more: str) -> str:
        """Rows of the context whose values have several paragraphs, and `more` rows."""
        return form_table(source, *more)

    def sign_row(self, condition: str, label: str, blank: str) -> str:
        """Room to sign in, for `form`."""
        return sign_row(condition, label, blank)

    def signature(self, label: str) -> str:
        """Where to sign, and the day to fill in."""
        return paragraph(label, "Signature", blank(DATE_BLANK))

    def grid(self, source: str, columns: Sequence[tuple[str, int, str, str]]) -> str:
        """Entries of the context in columns under headings."""
        return grid(source, columns)

    def copied(self, name: str, sentence: str) -> str:
        """Who else gets the document: a `sentence` of its text, where the context has a list of that `name`."""
        return when(name, paragraph(sentence, "Text"))

    def imprint(self, copied: str = "") -> str:
        """What closes the last page (版记); `copied` is the name of the list of those who get a copy."""
        del copied
        return ""
