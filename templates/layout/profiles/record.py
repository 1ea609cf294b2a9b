"""笔录 (profile `record`): what was said, 以下空白 under it, the party's signature at the foot of each page."""

from __future__ import annotations

from templates.layout.profiles.form_table import FormTable


class Record(FormTable):
    """The sheets of a form; what makes them a record stands in the body and in `page_sign`."""

    name = "record"
