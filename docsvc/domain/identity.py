"""Identity codes of organisations and people: GB 32100-2015 and GB 11643-1999, their form and check characters."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from typing import Final, Literal

USCC_ALPHABET: Final = "0123456789ABCDEFGHJKLMNPQRTUWXY"  # GB 32100 table 1: no I, O, S, V, Z
USCC_WEIGHTS: Final = (1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28)
USCC_FORM: Final = re.compile(r"[0-9A-HJ-NPQRTUWXY]{18}")

ID_WEIGHTS: Final = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
ID_CHECKS: Final = "10X98765432"  # ISO 7064 MOD 11-2, by remainder
ID_FORM: Final = re.compile(r"[0-9]{17}[0-9X]")
CERTIFICATE_FORM: Final = re.compile(r"[0-9A-Za-z()（）\u4e00-\u9fff-]{5,30}")

RESIDENT_ID: Final = "居民身份证"


@dataclass(frozen=True, slots=True)
class Resident:
    """What a resident identity number says about its holder (GB 11643)."""

    birth: dt.date
    gender: Literal["男", "女"]


def uscc_check(first17: str) -> str:
    """The check character of a unified social credit code (GB 32100-2015 5.5).

    Raises ValueError for a character outside the code's alphabet.
    """
    total = sum(USCC_ALPHABET.index(c) * w for c, w in zip(first17, USCC_WEIGHTS, strict=True))
    return USCC_ALPHABET[-total % len(USCC_ALPHABET)]


def is_uscc(text: str) -> bool:
    """Whether `text` is a unified social credit code: 18 characters of its alphabet, check character right."""
    return USCC_FORM.fullmatch(text) is not None and uscc_check(text[:-1]) == text[-1]


def resident_check(first17: str) -> str:
    """The check character of a resident identity number (GB 11643-1999 4.2.4, ISO 7064 MOD 11-2)."""
    return ID_CHECKS[sum(int(c) * w for c, w in zip(first17, ID_WEIGHTS, strict=True)) % len(ID_CHECKS)]


def read_resident_id(text: str) -> Resident | None:
    """Birth date and gender from a resident identity number; None where form, date or check character is wrong."""
    if ID_FORM.fullmatch(text) is None or resident_check(text[:-1]) != text[-1]:
        return None
    try:
        birth = dt.date(int(text[6:10]), int(text[10:12]), int(text[12:14]))
    except ValueError:
        return None
    return Resident(birth, "男" if int(text[16]) % 2 else "女")


def is_certificate(text: str) -> bool:
    """Whether `text` may be the number of a certificate other than the resident's card (passport, permit …).

    No national form covers them, so only length and characters are checked.
    """
    return CERTIFICATE_FORM.fullmatch(text) is not None
