"""Checks of a signature against its own certificates and attributes, and the words for what holds."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from asn1crypto import x509
from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature

from docsvc.adapters.pades import algorithms
from docsvc.adapters.pades.chain import Judgement
from docsvc.adapters.pades.cms_checks import Shape, read_shape
from docsvc.adapters.pades.der import CONTEXT_0, DerFault, parse
from docsvc.domain.verdict import Check, RevocationUse

ESS_V2 = 2


def all_certificates(shape: Shape | None) -> list[bytes]:
    """The certificates in a signature and in the time-stamp tokens on it."""
    out: list[bytes] = []
    if shape is not None:
        out += shape.certificates
        for token in shape.tokens:
            inner, _ = read_shape(token, time_stamp=True)
            out += inner.certificates if inner is not None else ()
    return out


def loaded(ders: Sequence[bytes]) -> list[x509.Certificate]:
    """Those certificates that can be read whole."""
    out: list[x509.Certificate] = []
    for der in ders:
        try:
            certificate = x509.Certificate.load(der, strict=True)
            certificate.native  # noqa: B018 - reads every field now, so that nothing breaks later
        except Exception:  # noqa: BLE001, S112 - what can't be read builds no chain
            continue
        out.append(certificate)
    return out


def claimed(embedded: EmbeddedPdfSignature) -> dt.datetime | None:
    """The time that the signer claims (signing-time attribute or /M), where it can be read."""
    try:
        claimed = embedded.self_reported_timestamp
    except Exception:  # noqa: BLE001 - a claim that can't be read is no claim
        return None
    if not isinstance(claimed, dt.datetime):
        return None
    return claimed if claimed.tzinfo is not None else claimed.replace(tzinfo=dt.UTC)


def check_signer_id(shape: Shape) -> list[Check]:
    """The signer identifier must be its certificate's issuer and serial number to the octet."""
    if shape.by_key_id or not shape.certificates:
        return []
    wanted = parse(shape.signer_id).content
    if any(_issuer_and_serial(der) == wanted for der in shape.certificates):
        return []
    return [
        Check.failed(
            4,
            "cms-structure",
            "FORMAT_FAILURE",
            "签名者标识与签名中的任何证书都不一致",
            "the signer identifier is that of no embedded certificate",
        )
    ]


def _issuer_and_serial(der: bytes) -> bytes | None:
    """Both as they stand in the certificate (RFC 5280, 4.1), None where it can't be read."""
    try:
        fields = [c for c in parse(der).children[0].children if c.tag != CONTEXT_0]
        return fields[2].raw + fields[0].raw
    except (DerFault, IndexError):
        return None


def check_identifiers(shape: Shape, tokens: Sequence[bytes]) -> list[Check]:
    """The algorithm identifier of the last signature, which may have two spellings that verify alike.

    Where its signed attributes do not protect it, another token of the same authority in the file, which digests do
    cover, tells how that authority spells it.
    """
    if shape.protected:
        return []
    others = [other for other in (read_shape(t, time_stamp=True)[0] for t in tokens) if other is not None]
    same = {other.algorithm for other in others if other.signer_id == shape.signer_id}
    if same and shape.algorithm not in same:
        return [
            Check.failed(
                4,
                "cms-structure",
                "FORMAT_FAILURE",
                "算法标识与同一机构的另一时间戳不一致",
                "the algorithm identifier is not that of the same authority's other time-stamp",
            )
        ]
    return [
        Check.remarked(
            4,
            "cms-structure",
            "最后的签名没有保护其算法标识（RFC 6211）",
            "the last signature does not protect its algorithm identifiers (RFC 6211)",
        )
    ]


def check_binding(shape: Shape) -> list[Check]:
    """EN 319 142-1, 6.3: a PAdES signature names its certificate in signing-certificate-v2."""
    if shape.signing_certificate == ESS_V2:
        return []
    return [
        Check.undecided(
            5,
            "signing-certificate",
            "SIG_CONSTRAINTS_FAILURE",
            "签名没有用signing-certificate-v2绑定签名证书",
            "the signature does not bind its certificate by signing-certificate-v2",
        )
    ]


def revocation_good(uses: Sequence[RevocationUse]) -> Check:
    """The finding that no certificate of the chain was revoked."""
    kinds = "、".join(sorted({u.kind for u in uses})) or "—"
    return Check.passed(
        8,
        "revocation",
        f"签名时证书有效，未被吊销（依据{kinds}）",
        f"no certificate of the chain was revoked at the proven time (from {kinds})",
    )


def check_strength(digest: str, judged: Judgement | None, at: dt.datetime) -> list[Check]:
    """Step 11: the digest, and the keys of the chain but for its anchor, at the time `at`."""
    strengths = [algorithms.digest_strength(digest, at)]
    if judged is not None:
        chain = judged.chain[:-1] or ((judged.certificate,) if judged.certificate else ())
        strengths += [algorithms.key_strength(c.public_key, at) for c in chain]
    weak = [s.title for s in strengths if not s.good]
    if weak:
        return [
            Check.undecided(
                11,
                "algorithm",
                "CRYPTO_CONSTRAINTS_FAILURE",
                f"算法强度不足：{'、'.join(weak)}",
                f"too weak at that time: {', '.join(weak)}",
            )
        ]
    if judged is None or not judged.chain:
        return []
    titles = ", ".join(dict.fromkeys(s.title for s in strengths))
    return [Check.passed(11, "algorithm", f"算法强度足够（{titles}）", f"strong enough ({titles})")]
