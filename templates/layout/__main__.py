"""Lay out the Word files of every document type anew. The .docx files stay the source that the service uses: this
overwrites what was edited in Word since.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from templates.layout.archive import archive_index, credit_repair_notice
from templates.layout.formal import interview_record, no_penalty_decision
from templates.layout.forms import commitment, delivery_receipt, followup_record
from templates.layout.letters import advice, interview_notice, reminder, termination_notice
from templates.layout.offsets import public_service_offset
from templates.layout.profiles.doc import Doc
from templates.layout.profiles.form import Form
from templates.layout.profiles.form_table import FormTable
from templates.layout.profiles.letter import Letter
from templates.layout.profiles.narrow import Narrow
from templates.layout.profiles.record import Record

FORM, FORM_TABLE, RECORD, LETTER, DOC = Form(), FormTable(), Record(), Letter(), Doc()
NARROW = Narrow(58, 48, 20, 290), Narrow(80, 72, 22, 330)
# The body of each type, and its profiles: its own, as the manifest says too, and those a caller may ask for.
TYPES: Mapping[str, tuple[Callable[[Form], str], tuple[Form, ...]]] = {
    "advice": (advice, (LETTER, DOC, FORM, *NARROW)),
    "reminder": (reminder, (LETTER, DOC, FORM, *NARROW)),
    "interview_notice": (interview_notice, (LETTER, FORM, *NARROW)),
    "interview_record": (interview_record, (RECORD, *NARROW)),
    "no_penalty_decision": (no_penalty_decision, (FORM, DOC, *NARROW)),
    "termination_notice": (termination_notice, (FORM, DOC, *NARROW)),
    "commitment": (commitment, (FORM_TABLE, *NARROW)),
    "delivery_receipt": (delivery_receipt, (FORM_TABLE, *NARROW)),
    "followup_record": (followup_record, (FORM_TABLE, *NARROW)),
    "public_service_offset": (public_service_offset, (FORM, *NARROW)),
    "credit_repair_notice": (credit_repair_notice, (FORM, *NARROW)),
    "archive_index": (archive_index, (FORM_TABLE, *NARROW)),
}
# What the party signs every page under.
PAGE_SIGN = {"interview_record": "被约谈人签名（按指印）："}


def template(doc_type: str, look: Form) -> bytes:
    """The Word file of one document type in one profile."""
    body, _ = TYPES[doc_type]
    return look.package(body(look), "{{ agency.name }}{{ title }}", PAGE_SIGN.get(doc_type, ""))


def main() -> None:
    """Write all templates beside this tool: template.docx, and layouts/<profile>.docx of those to ask for."""
    for doc_type, (_, looks) in TYPES.items():
        folder = Path(__file__).resolve().parent.parent / doc_type
        own, *others = looks
        (folder / "template.docx").write_bytes(template(doc_type, own))
        if others:
            (folder / "layouts").mkdir(exist_ok=True)
        for look in others:
            (folder / "layouts" / f"{look.name}.docx").write_bytes(template(doc_type, look))


if __name__ == "__main__":
    main()
