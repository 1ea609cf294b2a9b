"""Lay out template.docx of every document type anew. The .docx files stay the source that the service uses: this
overwrites what was edited in Word since.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from templates.layout.archive import archive_index, credit_repair_notice
from templates.layout.elements import package
from templates.layout.formal import interview_record, no_penalty_decision
from templates.layout.forms import commitment, delivery_receipt, followup_record
from templates.layout.house import letter_edges, record_edges, section, settings, styles
from templates.layout.letters import advice, interview_notice, reminder, termination_notice
from templates.layout.offsets import public_service_offset

BODIES: Mapping[str, Callable[[], str]] = {
    "advice": advice,
    "reminder": reminder,
    "interview_notice": interview_notice,
    "interview_record": interview_record,
    "no_penalty_decision": no_penalty_decision,
    "termination_notice": termination_notice,
    "commitment": commitment,
    "delivery_receipt": delivery_receipt,
    "followup_record": followup_record,
    "public_service_offset": public_service_offset,
    "credit_repair_notice": credit_repair_notice,
    "archive_index": archive_index,
}
# What stands for the QR code in a template: one white pixel.
PLACEHOLDER = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010100000000376ef924"
    "0000000a49444154789c636800000082008177cd72b60000000049454e44ae426082"
)
# Records and forms, with what the party signs every page under.
RECORDS = {
    "interview_record": "被约谈人签名（按指印）：",
    "commitment": "",
    "delivery_receipt": "",
    "followup_record": "",
}


def template(doc_type: str) -> bytes:
    """template.docx of one document type."""
    two_sided = doc_type not in RECORDS
    return package(
        BODIES[doc_type](),
        section(two_sided=two_sided),
        styles(),
        settings(two_sided=two_sided),
        letter_edges() if two_sided else record_edges(RECORDS[doc_type]),
        "{{ agency.name }}{{ title }}",
        PLACEHOLDER,
    )


def main() -> None:
    """Write all templates beside this tool."""
    folder = Path(__file__).resolve().parent.parent
    for doc_type in BODIES:
        path = folder / doc_type / "template.docx"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(template(doc_type))


if __name__ == "__main__":
    main()
