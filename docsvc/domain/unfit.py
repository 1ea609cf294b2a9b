"""Why a certificate must not be used, in both languages, and what mends it."""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from docsvc.domain.agency import SealDesign
from docsvc.domain.errors import SealUnusableError


class Unfit(enum.StrEnum):
    """A small bounded set, for logs and figures."""

    EXPIRED = "expired"
    NOT_YET_VALID = "not_yet_valid"
    REVOKED = "revoked"
    WRONG_USAGE = "wrong_usage"
    ISSUER_MISSING = "issuer_missing"
    ROOT_UNTRUSTED = "root_untrusted"
    KEY_MISMATCH = "key_mismatch"
    WRONG_NAME = "wrong_name"
    MISSING = "missing"
    INVALID = "invalid"


@dataclass(frozen=True, slots=True)
class Refusal:
    """What is wrong with one certificate, in words for people."""

    reason: Unfit
    zh: str
    en: str


RENEW: Final = "请换用新证书（docsvc pki renew 或 import）", "renew it: docsvc pki renew or import"
BRING: Final = (
    "请导入与印章相符的密钥与证书（docsvc pki import）",
    "import the right key with its certificate: docsvc pki import",
)
REMEDIES: Final[Mapping[Unfit, tuple[str, str]]] = {
    Unfit.EXPIRED: RENEW,
    Unfit.REVOKED: RENEW,
    Unfit.NOT_YET_VALID: (
        "请等到生效之时，或导入已生效的证书；如时钟有误请校准",
        "wait for its start, or import one that is valid now; is the clock right?",
    ),
    Unfit.WRONG_USAGE: (
        "请向发证机构申领用于电子印章签名的证书",
        "have the authority issue a certificate for signing",
    ),
    Unfit.ISSUER_MISSING: (
        "请把签发机构的证书一并放入印章的密钥文件",
        "put the issuers' certificates into the seal's key file",
    ),
    Unfit.ROOT_UNTRUSTED: (
        "核实后把根证书（*.pem）放入证书目录并重启服务",
        "check the root, put it (*.pem) into the folder of certificates and restart the service",
    ),
    Unfit.KEY_MISMATCH: BRING,
    Unfit.WRONG_NAME: BRING,
    Unfit.MISSING: ("请运行 docsvc pki init 或 import", "run docsvc pki init or import"),
    Unfit.INVALID: (
        "详情见日志，请向发证机构核实该证书",
        "the log has the cause; ask the authority about the certificate",
    ),
}


def unusable(design: SealDesign, refusals: Sequence[Refusal]) -> SealUnusableError:
    """The error for a seal of which no certificate may be used: each one's fault, and what mends the first."""
    told = list(dict.fromkeys(refusals))
    reason = told[0].reason
    remedy, remedy_en = REMEDIES[reason]
    zh, en = "；又：".join(r.zh for r in told), "; and: ".join(r.en for r in told)
    return SealUnusableError(
        f"印章“{design.name}”（{design.id}）不能使用：{zh}。{remedy}；"
        f"the seal {design.id} must not be used: {en}; {remedy_en}",
        reason,
    )
