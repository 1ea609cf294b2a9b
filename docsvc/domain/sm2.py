"""The words of the SM2 profile: how a file that bears an SM2 signature with SM3 is labelled and spoken of."""

from __future__ import annotations

from typing import Final

from docsvc.domain.verdict import Check, Indication, Report

PROFILE: Final = "docsvc-sm2"
REASON: Final = f"国密SM2/SM3签名（{PROFILE}），不是PAdES签名；SM2 with SM3, not PAdES"
"""What the signature dictionary says of itself."""
CHECK: Final = "sm2-profile"
STEP: Final = 11
READERS: Final = (
    "docsvc和BouncyCastle能验证；Acrobat、pdfsig、openssl cms（3.0）不能判断",
    "docsvc and BouncyCastle can check it; Acrobat, pdfsig and openssl cms (3.0) can't judge it",
)

WORDS: Final[dict[bool | None, tuple[str, str]]] = {
    True: ("数学验证成立", "mathematically it holds"),
    False: ("数学验证不成立", "mathematically it does not hold"),
    None: ("未作数学验证", "it was not checked mathematically"),
}


def profile_check(*, holds: bool | None) -> Check:
    """What is said of every SM2 signature, also of one that holds: it is no PAdES, and few readers know it.

    `holds` None: the value could not be computed.
    """
    zh, en = WORDS[holds]
    return Check.undecided(
        STEP,
        CHECK,
        "SIG_CONSTRAINTS_FAILURE",
        f"SM2/SM3国密签名，不属于PAdES，不给出通过结论：{zh}；{READERS[0]}",
        f"an SM2/SM3 signature, a profile outside PAdES that never passes as PAdES: {en}; {READERS[1]}",
    )


def faults(report: Report) -> list[Check]:
    """What keeps a file from being a sound one of the profile: everything but the profile itself."""
    checks = [*report.checks, *(c for s in report.signatures for c in s.checks)]
    return [c for c in checks if c.indication is not Indication.PASSED and c.name != CHECK]
