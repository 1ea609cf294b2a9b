"""One signed object judged at one moment: its value, its signer's certificate, the chain, its revocation state.

The arithmetic and RFC 5280 path validation are pyHanko's; which moment, which revocation rule and what a result
means for the verdict is decided here (EN 319 102-1, 5.2.6, 5.2.7 and 5.3). Nothing is ever fetched.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import enum
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from asn1crypto import cms, x509
from cryptography.exceptions import InvalidSignature
from pyhanko.sign.ades.report import AdESIndeterminate
from pyhanko.sign.general import CMSExtractionError, extract_certificate_info
from pyhanko.sign.validation.errors import SignatureValidationError
from pyhanko.sign.validation.generic_cms import cms_basic_validation
from pyhanko.sign.validation.settings import KeyUsageConstraints
from pyhanko_certvalidator import ValidationContext
from pyhanko_certvalidator.policy_decl import (
    NO_REVOCATION,
    REQUIRE_REVINFO,
    CertRevTrustPolicy,
    FreshnessReqType,
)
from pyhanko_certvalidator.sig_validate import DefaultSignatureValidator, SignatureValidationContext

from docsvc.adapters.pades.revocation import Material
from docsvc.domain.verdict import Check

CRYPTO_STEP, CHAIN_STEP, REVOCATION_STEP = 5, 6, 8
AGES = dt.timedelta(days=36_500)
TOLERANCE = dt.timedelta(seconds=1)

SIGNER_USAGE = KeyUsageConstraints(key_usage={"digital_signature", "non_repudiation"}, match_all_key_usages=False)
TSA_USAGE = KeyUsageConstraints(extd_key_usage={"time_stamping"}, explicit_extd_key_usage_required=True)


class Rule(enum.Enum):
    """How revocation is judged: by answers fresh at the moment, by answers of any age, or not at all."""

    FRESH = "fresh"
    ANY_AGE = "any-age"
    IGNORED = "ignored"


POLICIES = {
    # An answer given after the proven time speaks about it too: revocation carries its own date.
    Rule.FRESH: CertRevTrustPolicy(REQUIRE_REVINFO, retroactive_revinfo=True),
    Rule.ANY_AGE: CertRevTrustPolicy(
        REQUIRE_REVINFO, freshness=AGES, freshness_req_type=FreshnessReqType.MAX_DIFF_REVOCATION_VALIDATION
    ),
    Rule.IGNORED: CertRevTrustPolicy(NO_REVOCATION),
}

WORDS = {
    "NO_CERTIFICATE_CHAIN_FOUND": (
        "证书不能追溯到受信任的根",
        "no chain leads from the certificate to a trust anchor",
    ),
    "TRY_LATER": (
        "文件中缺少可用的证书状态信息（OCSP或CRL），无法确认证书当时未被吊销",
        "the file holds no usable revocation information (OCSP or CRL) for the time in question",
    ),
    "OUT_OF_BOUNDS_NO_POE": (
        "在可证明的时间，证书不在有效期内",
        "at the proven time the certificate was outside its validity",
    ),
    "REVOKED_NO_POE": (
        "证书已被吊销，且没有时间戳证明签名在吊销之前",
        "the certificate is revoked and no time-stamp proves that the signature is older",
    ),
    "REVOKED_CA_NO_POE": (
        "颁发机构的证书已被吊销，且没有时间戳证明签名在吊销之前",
        "an authority of the chain is revoked and no time-stamp proves that the signature is older",
    ),
    "REVOKED": ("签名时证书已被吊销", "the certificate was revoked when it signed"),
    "CHAIN_CONSTRAINTS_FAILURE": (
        "证书的密钥用途不允许这样使用",
        "the certificate's key usage does not allow this use",
    ),
    "CERTIFICATE_CHAIN_GENERAL_FAILURE": ("证书链验证失败", "the certificate chain does not validate"),
    "CRYPTO_CONSTRAINTS_FAILURE": ("证书链使用了过弱的算法", "the chain uses an algorithm that is too weak"),
    "CRYPTO_CONSTRAINTS_FAILURE_NO_POE": (
        "证书链使用了已过时的算法",
        "the chain uses an algorithm that was outdated",
    ),
    "NO_SIGNING_CERTIFICATE_FOUND": (
        "找不到与签名对应的签名证书",
        "the signing certificate is missing or not the one that the signature names",
    ),
    "NO_POE": ("缺少存在时间的证明", "there is no proof of existence"),
}


@dataclass(frozen=True, slots=True)
class Judgement:
    """What came out. `chain` runs from the signer's certificate to the anchor, empty where none was found."""

    checks: tuple[Check, ...]
    certificate: x509.Certificate | None
    chain: tuple[x509.Certificate, ...]

    @property
    def sound(self) -> bool:
        return all(c.indication == "TOTAL-PASSED" for c in self.checks)

    @property
    def value_broken(self) -> bool:
        """Whether the digest or the signature value itself does not hold."""
        return any(c.step == CRYPTO_STEP and c.indication != "TOTAL-PASSED" for c in self.checks)


@dataclass(frozen=True, slots=True)
class Judge:
    """Judges signed objects of one file with the anchors and the material at hand."""

    anchors: Sequence[x509.Certificate]
    material: Material

    def signature(
        self,
        signed_data: cms.SignedData,
        digest: bytes,
        moment: dt.datetime,
        *,
        proven: bool,
        claimed: dt.datetime | None,
    ) -> Judgement:
        """A detached signature at `moment`; `proven` says that a time-stamp stands behind the moment."""
        found, informed = self._with_revocation(signed_data, digest, moment, Rule.FRESH, SIGNER_USAGE)
        if not informed and isinstance(found, dict):
            found = {**found, "trust_problem_indic": AdESIndeterminate.TRY_LATER}
        return self._judged(found, signed_data, proven=proven, claimed=claimed)

    def time_stamp(self, signed_data: cms.SignedData, moment: dt.datetime) -> tuple[Judgement, bool]:
        """A token's own signature at `moment`; and whether the file says how its authority's certificate stands.

        What a file holds about the authority of its last time-stamp can't be younger than the file, so old answers
        count; a revocation counts at any age. Where there is none at all the chain is judged without.
        """
        found, informed = self._with_revocation(signed_data, None, moment, Rule.ANY_AGE, TSA_USAGE)
        return self._judged(found, signed_data, proven=False, claimed=None), informed

    def _with_revocation(
        self,
        signed_data: cms.SignedData,
        digest: bytes | None,
        moment: dt.datetime,
        rule: Rule,
        usage: KeyUsageConstraints,
    ) -> tuple[dict[str, Any] | SignatureValidationError, bool]:
        """What the rule finds; where all but revocation information is there, what is found without, and False."""
        found = self._run(signed_data, digest, moment, rule, usage)
        if _problem(found) not in {"TRY_LATER", "CERTIFICATE_CHAIN_GENERAL_FAILURE"}:
            return found, True
        bare = self._run(signed_data, digest, moment, Rule.IGNORED, usage)
        return bare, _problem(bare) is not None

    def _run(
        self,
        signed_data: cms.SignedData,
        digest: bytes | None,
        moment: dt.datetime,
        rule: Rule,
        usage: KeyUsageConstraints,
    ) -> dict[str, Any] | SignatureValidationError:
        context = ValidationContext(
            trust_roots=list(self.anchors),
            other_certs=self.material.certificates,
            crls=[c.value for c in self.material.crls],
            ocsps=[o.value for o in self.material.ocsps],
            moment=moment,
            best_signature_time=moment,
            allow_fetching=False,
            revinfo_policy=POLICIES[rule],
            time_tolerance=TOLERANCE,
        )
        try:
            found: dict[str, Any] = asyncio.run(
                cms_basic_validation(
                    signed_data, raw_digest=digest, validation_context=context, key_usage_settings=usage
                )
            )
        except SignatureValidationError as e:
            return e
        return found

    def _judged(
        self,
        found: dict[str, Any] | SignatureValidationError,
        signed_data: cms.SignedData,
        *,
        proven: bool,
        claimed: dt.datetime | None,
    ) -> Judgement:
        if isinstance(found, SignatureValidationError):
            sub = _indicated(found)
            if sub == "NO_SIGNING_CERTIFICATE_FOUND" and not _attributes_signed(signed_data):
                # Not a matter of the certificate: what names it was altered.
                return Judgement((_VALUE_BROKEN,), None, ())
            zh, en = WORDS.get(sub, ("签名数据不符合规范", str(found.failure_message)))
            failing = found.ades_subindication is None or found.ades_subindication.status.name == "FAILED"
            make = Check.failed if failing else Check.undecided
            return Judgement((make(CRYPTO_STEP, "signature-value", sub, zh, en),), None, ())
        certificate: x509.Certificate = found["signing_cert"]
        if not found["intact"]:
            return Judgement((_HASH_BROKEN,), certificate, ())
        if not found["valid"]:
            return Judgement((_VALUE_BROKEN,), certificate, ())
        path = found["validation_path"]
        chain = tuple(path.iter_certs(include_root=True))[::-1] if path is not None else ()
        problem = _problem(found)
        if problem is None:
            return Judgement((_VALUE_GOOD, _chain_good(chain)), certificate, chain)
        if problem in {"REVOKED_NO_POE", "REVOKED_CA_NO_POE"}:
            since = found["error_time_horizon"]
            if proven or (claimed is not None and since is not None and claimed >= since):
                # The time-stamp (or the signer's own claim) puts the signature after the revocation.
                problem = "REVOKED"
        return Judgement((_VALUE_GOOD, _chain_bad(problem)), certificate, chain if problem != "REVOKED" else ())


def _problem(found: dict[str, Any] | SignatureValidationError) -> str | None:
    if isinstance(found, SignatureValidationError):
        return _indicated(found)
    problem = found["trust_problem_indic"]
    return None if problem is None else str(problem.name)


def _indicated(error: SignatureValidationError) -> str:
    # Each class of sub-indications is an enumeration; their common base is not, so it knows no `name`.
    return str(error.ades_subindication.standard_name) if error.ades_subindication else "SIG_CRYPTO_FAILURE"


def _attributes_signed(signed_data: cms.SignedData) -> bool:
    """Whether the signature value fits the signed attributes under the certificate that the signer id names."""
    info = signed_data["signer_infos"][0]
    try:
        DefaultSignatureValidator().validate_signature(
            info["signature"].native,
            info["signed_attrs"].untag().dump(),
            extract_certificate_info(signed_data).signer_cert.public_key,
            info["signature_algorithm"],
            context=SignatureValidationContext(
                contextual_md_algorithm=info["digest_algorithm"]["algorithm"].native
            ),
        )
    except (InvalidSignature, CMSExtractionError):
        return False
    return True


def _chain_good(chain: Sequence[x509.Certificate]) -> Check:
    anchor = common_name(chain[-1]) if chain else ""
    return Check.passed(
        CHAIN_STEP,
        "certificate-chain",
        f"证书链追溯到受信任的根“{anchor}”",
        f'the certificate chain leads to the trust anchor "{anchor}"',
    )


def _chain_bad(problem: str) -> Check:
    zh, en = WORDS.get(problem, WORDS["CERTIFICATE_CHAIN_GENERAL_FAILURE"])
    about_revocation = problem.startswith("REVOKED") or problem == "TRY_LATER"
    step, name = (REVOCATION_STEP, "revocation") if about_revocation else (CHAIN_STEP, "certificate-chain")
    make = Check.failed if problem == "REVOKED" else Check.undecided
    return make(step, name, problem, zh, en)


_VALUE_GOOD = Check.passed(
    CRYPTO_STEP,
    "signature-value",
    "文件摘要与签名值相符，签名证书与签名绑定一致",
    "the digest, the signature value and the signing certificate fit each other",
)
_HASH_BROKEN = Check.failed(
    CRYPTO_STEP,
    "signature-value",
    "HASH_FAILURE",
    "文件内容与签名不符：签名之后内容被改动",
    "the content does not fit the signature: it was altered after signing",
)
_VALUE_BROKEN = Check.failed(
    CRYPTO_STEP,
    "signature-value",
    "SIG_CRYPTO_FAILURE",
    "签名值不正确：签名数据被改动",
    "the signature value is wrong: the signature was altered",
)


def common_name(certificate: x509.Certificate) -> str:
    """The subject's common name, or its whole name where it has none."""
    return _name(certificate.subject)


def issuer_name(certificate: x509.Certificate) -> str:
    """The issuer's common name, or its whole name where it has none."""
    return _name(certificate.issuer)


def _name(name: x509.Name) -> str:
    native = name.native
    value = native.get("common_name") or name.human_friendly
    return str(value[0] if isinstance(value, list) else value)
