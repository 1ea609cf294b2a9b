"""Check the code of a paper copy against the keys that someone trusts: no database, no network, no file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from docsvc.domain.errors import UsageError
from docsvc.domain.note import shown
from docsvc.domain.scan import (
    FACTS,
    SHOWN,
    OtherVersionError,
    ScanCode,
    ScanCodeError,
    UnsignedCodeError,
    facts_digest,
    normal,
)
from docsvc.domain.verdict import Check, Indication, worst
from docsvc.ports import ScanKeys

FORM: Final = "code-form"
SIGNATURE: Final = "code-signature"
PRINTED: Final = "code-facts"


@dataclass(frozen=True, slots=True)
class ScanVerdict:
    """What was found; `code` is None where it can't be read."""

    checks: tuple[Check, ...]
    code: ScanCode | None = None

    @property
    def indication(self) -> Indication:
        return worst(check.indication for check in self.checks)


def check_scan(text: str, keys: ScanKeys, facts: Mapping[str, str] | None = None) -> ScanVerdict:
    """The verdict on a code's text in three steps; never raises for what is in it.

    1. code-form: it is a signed code of a version that is known.
    2. code-signature: a trusted key has signed it.
    3. code-facts: `facts` read from the paper (names of domain.scan.FACTS) are those that were signed; left
       out where none are given. Raises UsageError for other names and for a date that is none.
    """
    given = {name: normal(name, value) for name, value in (facts or {}).items() if _known(name)}
    try:
        code = ScanCode.parse(text.strip())
    except (UnsignedCodeError, OtherVersionError) as e:
        return ScanVerdict((Check.undecided(1, FORM, "NO_POE", *_both(e)),))
    except ScanCodeError as e:
        return ScanVerdict((Check.failed(1, FORM, "FORMAT_FAILURE", *_both(e)),))
    checks = [
        Check.passed(1, FORM, "二维码内容可读", "the code can be read"),
        _signature(code, keys),
        *([_printed(code, given)] if given else []),
    ]
    return ScanVerdict(tuple(checks), code)


def _signature(code: ScanCode, keys: ScanKeys) -> Check:
    """Step 2."""
    key = code.key_id.hex()
    holds = keys.holds(code.key_id, code.message, code.signature)
    if holds is None:
        return Check.undecided(
            2,
            SIGNATURE,
            "NO_CERTIFICATE_CHAIN_FOUND",
            f"信任目录中没有密钥 {key} 的公钥（scan*.pub）",
            f"no trusted key (scan*.pub) is {key}",
        )
    if not holds:
        return Check.failed(
            2,
            SIGNATURE,
            "SIG_CRYPTO_FAILURE",
            f"签名与密钥 {key} 不符：内容被改动或系伪造",
            f"not signed by the key {key} that it names: altered or forged",
        )
    return Check.passed(
        2, SIGNATURE, f"由可信密钥 {key} 签名，未被改动", f"signed by the trusted key {key}, and unaltered"
    )


def _printed(code: ScanCode, given: Mapping[str, str]) -> Check:
    """Step 3: what the code says in plain is compared as such, the rest by the digest of all."""
    plain = {"number": code.number, "issue_date": code.issue_date, "agency": code.agency}
    read = {**given, "agency": given["agency"][:SHOWN]} if "agency" in given else given
    wrong = [name for name, value in plain.items() if read.get(name, value) != value]
    if wrong:
        names = ", ".join(wrong)
        return _differ(f"纸面所载与二维码不一致：{names}", f"not what the code says: {names}")
    if len(code.agency) == SHOWN:
        del plain["agency"]  # perhaps its beginning only
    every = {**plain, **given}
    missing = [name for name in FACTS if name not in every]
    if missing:
        names = ", ".join(missing)
        return Check.undecided(
            3,
            PRINTED,
            "NO_POE",
            f"其余要素须一并提供方能核对：{names}",
            f"only all facts together can be compared; still needed: {names}",
        )
    if facts_digest(every) != code.digest:
        names = ", ".join(name for name in FACTS if name in given)
        return _differ(
            f"纸面要素的摘要与二维码不一致（所给要素：{names}）",
            f"the digest of these facts is not the one in the code (given: {names})",
        )
    return Check.passed(3, PRINTED, "纸面要素与二维码所签一致", "the facts on the paper are those that were signed")


def _differ(message: str, message_en: str) -> Check:
    return Check.failed(3, PRINTED, "HASH_FAILURE", message, message_en)


def _known(name: str) -> bool:
    if name not in FACTS:
        raise UsageError(f"没有要素 {shown(name[:40])}；facts are {', '.join(FACTS)}")
    return True


def _both(error: ScanCodeError) -> tuple[str, str]:
    zh, _, en = str(error).partition("；")
    return zh, en
