"""What a signature field says it is for, and whether the one who signed it is the one whom it names.

The words stand in the field's description (/TU), which the first signature of a document fixes for all its fields.
"""

from __future__ import annotations

import re
from typing import Any, Final

from asn1crypto import x509

from docsvc.domain.verdict import Check

STEP, NAME = 6, "named-signer"
SEAL: Final = re.compile(r"(?P<name>.+) 电子印章")
PERSON: Final = re.compile(r"(?:\S+) (?P<name>[^（）]+)(?:（(?P<number>[^（）]+)）)? 数字签名")
LONGEST: Final = 400
CUT: Final = 64  # octets of a common name (X.520)
DESCRIPTION: Final = "2.5.4.13"


def of(field: Any) -> str:
    """The description of a field; empty where it has none that can be read."""
    said = field.get("/TU", "")
    return said[:LONGEST] if isinstance(said, str) else ""


def check(purpose: str, certificate: x509.Certificate) -> list[Check]:
    """A field for the seal of one agency, or for one officer, is signed by nobody else.

    Other fields name no certificate; nor do those for a mark by hand, which the service signs.
    """
    found = SEAL.fullmatch(purpose) or PERSON.fullmatch(purpose)
    if found is None:
        return []
    name, number = found["name"], found.groupdict().get("number")
    subject = certificate.subject.native
    # A name too long for the common name stands whole in the description.
    signer = str(subject.get(DESCRIPTION) or subject.get("common_name") or "—")
    cut = {name, name[:CUT], name.encode()[:CUT].decode("utf-8", "ignore")}
    serial = subject.get("serial_number")
    if signer not in cut:
        return [_other(purpose, signer)]
    if number and serial and serial != number:
        return [_other(purpose, f"{name}（{serial}）")]
    return [
        Check.passed(
            STEP, NAME, f"签名者就是签名栏写明的人：{name}", f"the signer is the one whom the field names: {name}"
        )
    ]


def _other(purpose: str, signer: str) -> Check:
    return Check.undecided(
        STEP,
        NAME,
        "SIG_CONSTRAINTS_FAILURE",
        f"签名栏写明“{purpose}”，签名者却是{signer}",
        f"the field is for {purpose}, but the signer is {signer}",
    )
