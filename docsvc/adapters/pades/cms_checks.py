"""The shape of a CMS SignedData, octet for octet (RFC 5652): what no digest covers must have one form only.

The /Contents of the last signature lies outside every digest. A reader that parses leniently would accept altered
octets there, so each field that the signature value does not protect is compared with the one form it may have.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace

from docsvc.adapters.pades.algorithms import DIGEST_NAMES
from docsvc.adapters.pades.der import (
    CONTEXT_0,
    CONTEXT_1,
    INTEGER,
    OCTET_STRING,
    OID,
    SEQUENCE,
    SET,
    DerFault,
    Node,
    oid_text,
    parse,
)
from docsvc.domain.verdict import Check

STEP = 4
NAME = "cms-structure"

SIGNED_DATA = "1.2.840.113549.1.7.2"
ID_DATA = "1.2.840.113549.1.7.1"
TST_INFO = "1.2.840.113549.1.9.16.1.4"
CONTENT_TYPE = "1.2.840.113549.1.9.3"
MESSAGE_DIGEST = "1.2.840.113549.1.9.4"
ALGORITHM_PROTECTION = "1.2.840.113549.1.9.52"
SIGNING_CERTIFICATE = "1.2.840.113549.1.9.16.2.12"
SIGNING_CERTIFICATE_V2 = "1.2.840.113549.1.9.16.2.47"
SIGNATURE_TIME_STAMP = "1.2.840.113549.1.9.16.2.14"
UNIQUE_ATTRIBUTES = {
    CONTENT_TYPE,
    MESSAGE_DIGEST,
    ALGORITHM_PROTECTION,
    SIGNING_CERTIFICATE,
    SIGNING_CERTIFICATE_V2,
}

RSA_ENCRYPTION = "1.2.840.113549.1.1.1"
RSA_PSS = "1.2.840.113549.1.1.10"
SM2 = "1.2.156.10197.1.501"  # with SM3; what more is looked at stands in `sm2_checks`
ECDSA_PREFIX = ("1.2.840.10045.4.3.", "2.16.840.1.101.3.4.3.", SM2)
MGF1 = "1.2.840.113549.1.1.8"
ED25519 = "1.3.101.112"
ED25519_OCTETS = 64
EDWARDS = {ED25519, "1.3.101.113"}
# Signature algorithms that name their digest; the digestAlgorithm must be the same (RFC 8933).
NAMED_DIGEST = {
    "1.2.840.113549.1.1.5": "sha1",
    "1.2.840.113549.1.1.11": "sha256",
    "1.2.840.113549.1.1.12": "sha384",
    "1.2.840.113549.1.1.13": "sha512",
    "1.2.840.113549.1.1.14": "sha224",
    "1.2.840.10045.4.1": "sha1",
    "1.2.840.10045.4.3.1": "sha224",
    "1.2.840.10045.4.3.2": "sha256",
    "1.2.840.10045.4.3.3": "sha384",
    "1.2.840.10045.4.3.4": "sha512",
    "2.16.840.1.101.3.4.3.10": "sha3_256",
    "2.16.840.1.101.3.4.3.11": "sha3_384",
    "2.16.840.1.101.3.4.3.12": "sha3_512",
    "2.16.840.1.101.3.4.3.14": "sha3_256",
    "2.16.840.1.101.3.4.3.15": "sha3_384",
    "2.16.840.1.101.3.4.3.16": "sha3_512",
    SM2: "sm3",
}
ABSENT_OR_NULL = (b"", b"\x05\x00")


class ShapeFault(ValueError):  # noqa: N818 - turned into a finding
    """The octets have not the form of a SignedData; carries the sentence in both languages."""

    def __init__(self, zh: str, en: str) -> None:
        super().__init__(en)
        self.zh = zh
        self.en = en


@dataclass(frozen=True, slots=True)
class Shape:
    """The parts of one SignedData as raw octets, after all checks of form have passed.

    `signer_id` is the issuerAndSerialNumber or the content of the subject key identifier, `tokens` the signature
    time-stamps (each a ContentInfo), `protected` whether the signed attributes bind the algorithm identifiers.
    """

    content_type: str
    certificates: tuple[bytes, ...]
    digest: str
    signer_id: bytes
    by_key_id: bool
    tokens: tuple[bytes, ...]
    algorithm: bytes  # the signature's AlgorithmIdentifier
    protected: bool
    signing_certificate: int  # version of the ESS attribute, 0 where there is none
    remarks: tuple[Check, ...]


def _remark(zh: str, en: str) -> Check:
    return Check.remarked(STEP, NAME, zh, en)


def read_shape(der: bytes, *, time_stamp: bool) -> tuple[Shape | None, list[Check]]:
    """Check the form of a ContentInfo with SignedData; a time-stamp token (RFC 3161) where `time_stamp`."""
    try:
        shape = _content_info(parse(der), time_stamp=time_stamp)
    except DerFault as e:
        return None, [
            Check.failed(
                STEP,
                NAME,
                "FORMAT_FAILURE",
                f"签名值不是规范的DER编码（{e}）",
                f"the CMS is not canonical DER: {e}",
            )
        ]
    except ShapeFault as e:
        return None, [Check.failed(STEP, NAME, "FORMAT_FAILURE", e.zh, e.en)]
    return shape, [
        Check.passed(STEP, NAME, "签名数据结构规范，字段前后一致", "the CMS is canonical and consistent"),
        *shape.remarks,
    ]


def _need(ok: bool, zh: str, en: str) -> None:  # noqa: FBT001 - reads as a sentence at its calls
    if not ok:
        raise ShapeFault(zh, en)


def _children(node: Node, tag: int, least: int, most: int, what: str) -> tuple[Node, ...]:
    _need(
        node.tag == tag and least <= len(node.children) <= most,
        f"签名数据的{what}结构不对",
        f"{what} is not of the form that RFC 5652 gives it",
    )
    return node.children


def _oid(node: Node, what: str) -> str:
    _need(node.tag == OID, f"签名数据的{what}缺少对象标识符", f"{what} lacks its object identifier")
    return oid_text(node)


def _number(node: Node, what: str) -> int:
    _need(node.tag == INTEGER, f"签名数据的{what}不是整数", f"{what} is not an integer")
    return int.from_bytes(node.content, "big", signed=True)


def _content_info(root: Node, *, time_stamp: bool) -> Shape:
    kind, wrapped = _children(root, SEQUENCE, 2, 2, "ContentInfo")
    _need(_oid(kind, "ContentInfo") == SIGNED_DATA, "签名值不是SignedData", "the CMS is not a SignedData")
    (signed_data,) = _children(wrapped, CONTEXT_0, 1, 1, "ContentInfo.content")
    parts = list(_children(signed_data, SEQUENCE, 4, 6, "SignedData"))
    version = _number(parts.pop(0), "SignedData.version")
    digests = _children(parts.pop(0), SET, 1, 1, "digestAlgorithms")
    content_type = _encapsulated(parts.pop(0), time_stamp=time_stamp)
    remarks: list[Check] = []
    certificates: list[bytes] = []
    others = 0
    if parts and parts[0].tag == CONTEXT_0:
        certificates, others = _certificates(parts.pop(0))
    if others:
        remarks.append(_remark("签名数据中另有非X.509的证书", "the CMS carries certificates other than X.509"))
    if parts and parts[0].tag == CONTEXT_1:
        parts.pop(0)
        remarks.append(_remark("签名数据中另有吊销信息", "the CMS itself carries revocation information"))
    _need(len(parts) == 1, "SignedData的字段不对", "SignedData has fields that RFC 5652 does not give it")
    (signer,) = _children(parts[0], SET, 1, 1, "signerInfos")
    shape, signer_version = _signer(signer, digests[0], content_type, tuple(certificates))
    expected = 3 if content_type != ID_DATA or signer_version == 3 else 1  # noqa: PLR2004 - RFC 5652 5.1
    _need(
        version == expected or bool(others and version in {3, 4, 5}),
        f"SignedData.version为{version}，应为{expected}",
        f"SignedData.version is {version} where RFC 5652 5.1 asks for {expected}",
    )
    return replace(shape, remarks=(*remarks, *shape.remarks))


def _encapsulated(node: Node, *, time_stamp: bool) -> str:
    parts = _children(node, SEQUENCE, 1, 2, "encapContentInfo")
    content_type = _oid(parts[0], "eContentType")
    if time_stamp:
        _need(
            content_type == TST_INFO and len(parts) == 2,  # noqa: PLR2004 - type and content
            "时间戳令牌中没有TSTInfo",
            "the time-stamp token carries no TSTInfo",
        )
        (octets,) = _children(parts[1], CONTEXT_0, 1, 1, "eContent")
        _need(octets.tag == OCTET_STRING, "eContent不是八位串", "eContent is not an octet string")
    else:
        _need(
            content_type == ID_DATA and len(parts) == 1,
            "签名不是分离式签名",
            "the signature is not detached (ISO 32000-2 12.8.3.3)",
        )
    return content_type


def _certificates(node: Node) -> tuple[list[bytes], int]:
    plain = [child.raw for child in node.children if child.tag == SEQUENCE]
    others = [child for child in node.children if child.tag != SEQUENCE]
    for child in others:
        # An attribute certificate starts with a sequence whose first field is its version 1; anything else that
        # is tagged as one is a certificate in disguise.
        first = child.children[0].children if child.children else ()
        _need(
            child.tag == 0xA2 and bool(first) and first[0].tag == INTEGER and first[0].content == b"\x01",  # noqa: PLR2004 - [2]
            "签名数据中有无法识别的证书",
            "the CMS carries a certificate of an unknown form",
        )
    return plain, len(others)


def _signer(node: Node, digest: Node, content_type: str, certificates: tuple[bytes, ...]) -> tuple[Shape, int]:
    parts = list(_children(node, SEQUENCE, 6, 7, "SignerInfo"))
    version = _number(parts[0], "SignerInfo.version")
    sid = parts[1]
    by_key_id = sid.tag == 0x80  # noqa: PLR2004 - [0] IMPLICIT OCTET STRING
    _need(
        by_key_id or (sid.tag == SEQUENCE and len(sid.children) == 2),  # noqa: PLR2004 - issuer and serial
        "签名者标识的结构不对",
        "the signer identifier is malformed",
    )
    _need(
        version == (3 if by_key_id else 1),
        "SignerInfo.version与签名者标识不符",
        "SignerInfo.version does not fit the signer identifier (RFC 5652 5.3)",
    )
    algorithm, digest_parameters = _algorithm(parts[2], "digestAlgorithm")
    _need(
        digest_parameters in ABSENT_OR_NULL and algorithm in DIGEST_NAMES,
        "摘要算法的标识不规范",
        "the digest algorithm identifier is unknown or malformed",
    )
    remarks: list[Check] = []
    if digest.raw != parts[2].raw:
        listed, listed_parameters = _algorithm(digest, "digestAlgorithms")
        _need(
            listed == algorithm and listed_parameters in ABSENT_OR_NULL,
            "digestAlgorithms与签名者的摘要算法不一致",
            "digestAlgorithms does not name the signer's digest algorithm",
        )
        remarks.append(
            _remark("同一摘要算法有两种写法", "the digest algorithm is written in two ways (with and without NULL)")
        )
    _need(parts[3].tag == CONTEXT_0, "缺少签名属性", "there are no signed attributes")
    attributes = _attributes(parts[3], "signedAttrs")
    for name in (CONTENT_TYPE, MESSAGE_DIGEST):
        _need(len(attributes.get(name, ())) == 1, "缺少必要的签名属性", "a mandatory signed attribute is missing")
    for name in UNIQUE_ATTRIBUTES & attributes.keys():
        _need(len(attributes[name]) == 1, "签名属性重复", "a signed attribute occurs more than once")
    _signature_algorithm(parts[4], DIGEST_NAMES[algorithm])
    protected = ALGORITHM_PROTECTION in attributes
    if protected:
        _algorithm_protection(attributes[ALGORITHM_PROTECTION][0], parts[2], parts[4])
    _need(parts[5].tag == OCTET_STRING, "签名值不是八位串", "the signature value is not an octet string")
    _signature_value(parts[5], _algorithm(parts[4], "signatureAlgorithm")[0])
    unsigned: dict[str, tuple[Node, ...]] = {}
    if len(parts) == 7:  # noqa: PLR2004 - unsignedAttrs is the seventh field
        _need(parts[6].tag == CONTEXT_1, "SignerInfo的字段不对", "SignerInfo has an unknown field")
        unsigned = _attributes(parts[6], "unsignedAttrs")
        _need(bool(unsigned), "未签名属性为空", "unsignedAttrs is present but empty")
    if unsigned.keys() - {SIGNATURE_TIME_STAMP}:
        remarks.append(_remark("有本服务不认识的未签名属性", "there are unsigned attributes that we do not know"))
    ess = 2 if SIGNING_CERTIFICATE_V2 in attributes else int(SIGNING_CERTIFICATE in attributes)
    return Shape(
        content_type=content_type,
        certificates=certificates,
        digest=DIGEST_NAMES[algorithm],
        signer_id=sid.content if by_key_id else sid.raw,
        by_key_id=by_key_id,
        tokens=tuple(n.raw for n in unsigned.get(SIGNATURE_TIME_STAMP, ())),
        algorithm=parts[4].raw,
        protected=protected,
        signing_certificate=ess,
        remarks=tuple(remarks),
    ), version


def _algorithm(node: Node, what: str) -> tuple[str, bytes]:
    """(dotted OID, raw parameters or nothing) of an AlgorithmIdentifier."""
    parts = _children(node, SEQUENCE, 1, 2, what)
    return _oid(parts[0], what), b"".join(p.raw for p in parts[1:])


def _attributes(node: Node, what: str) -> dict[str, tuple[Node, ...]]:
    out: dict[str, tuple[Node, ...]] = {}
    for attribute in node.children:
        kind, values = _children(attribute, SEQUENCE, 2, 2, what)
        name = _oid(kind, what)
        _need(
            values.tag == SET and bool(values.children), f"{what}的属性值不对", f"an attribute of {what} is empty"
        )
        out[name] = (*out.get(name, ()), *values.children)
    return out


def _signature_algorithm(node: Node, digest: str) -> None:
    """The identifier must be one we know, agree with the digest, and carry the parameters its RFC gives it."""
    name, parameters = _algorithm(node, "signatureAlgorithm")
    named = NAMED_DIGEST.get(name)
    _need(
        named is None or named == digest,
        "签名算法与摘要算法不一致",
        "the signature algorithm names another digest than digestAlgorithm",
    )
    if name == RSA_PSS:
        _pss_parameters(node, digest)
        return
    # RFC 8419, 3.1: with signed attributes, the content is digested by SHA-512.
    _need(
        name != ED25519 or digest == "sha512",
        "Ed25519签名的摘要算法应为SHA-512",
        "an Ed25519 signature goes with SHA-512",
    )
    known = name == RSA_ENCRYPTION or named is not None or name in EDWARDS
    _need(known, "不认识的签名算法", "the signature algorithm is unknown")
    allowed = ABSENT_OR_NULL if not name.startswith(ECDSA_PREFIX) and name not in EDWARDS else (b"",)
    _need(parameters in allowed, "签名算法的参数不规范", "the signature algorithm has parameters it must not have")


def _pss_parameters(node: Node, digest: str) -> None:
    """RFC 4055, 3.1: digest and mask digest are the message digest, the salt is no shorter, no trailer field.

    An altered length of the salt would not verify; what is asked of it here is strength.
    """
    _need(len(node.children) == 2, "RSA-PSS缺少参数", "RSA-PSS lacks its parameters")  # noqa: PLR2004 - OID, parameters
    fields = node.children[1].children
    _need(
        [f.tag for f in fields] == [0xA0, 0xA1, 0xA2] and all(len(f.children) == 1 for f in fields),
        "RSA-PSS参数不规范",
        "the RSA-PSS parameters are unusual",
    )
    own, mask, salt = (f.children[0] for f in fields)
    _pss_digest(own, digest)
    generator, _ = _algorithm(mask, "maskGenAlgorithm")
    _need(generator == MGF1, "RSA-PSS的掩码函数不是MGF1", "the mask of RSA-PSS is not MGF1")
    _need(len(mask.children) == 2, "RSA-PSS的掩码函数缺少参数", "the mask of RSA-PSS lacks its digest")  # noqa: PLR2004 - as above
    _pss_digest(mask.children[1], digest)
    _need(
        _number(salt, "saltLength") >= hashlib.new(digest).digest_size,
        "RSA-PSS的盐过短",
        "the salt of RSA-PSS is shorter than the digest",
    )


def _pss_digest(node: Node, digest: str) -> None:
    name, parameters = _algorithm(node, "RSASSA-PSS-params")
    _need(
        DIGEST_NAMES.get(name) == digest and parameters in ABSENT_OR_NULL,
        "RSA-PSS参数中的摘要算法与签名的不一致",
        "RSA-PSS names another digest than digestAlgorithm",
    )


def _algorithm_protection(value: Node, digest: Node, signature: Node) -> None:
    """RFC 6211: the attribute repeats both identifiers under the signature; they must be the same octets."""
    parts = _children(value, SEQUENCE, 2, 3, "CMSAlgorithmProtection")
    _need(
        parts[0].raw == digest.raw and parts[1].tag == CONTEXT_1 and parts[1].content == signature.content,
        "算法标识与签名保护的算法标识不一致",
        "the algorithm identifiers differ from those that the signature protects (RFC 6211)",
    )


def _signature_value(node: Node, algorithm: str) -> None:
    _need(
        algorithm != ED25519 or len(node.content) == ED25519_OCTETS,
        "Ed25519签名值的长度不对",
        "an Ed25519 signature value has 64 octets",
    )
    if not algorithm.startswith(("1.2.840.10045.4.", "2.16.840.1.101.3.4.3.9", "2.16.840.1.101.3.4.3.1", SM2)):
        return
    if algorithm in {"2.16.840.1.101.3.4.3.14", "2.16.840.1.101.3.4.3.15", "2.16.840.1.101.3.4.3.16"}:
        return  # RSA with SHA-3
    value = parse(node.content)
    _need(
        value.tag == SEQUENCE
        and [n.tag for n in value.children] == [INTEGER, INTEGER]
        and all(n.content[0] < 0x80 for n in value.children),  # noqa: PLR2004 - positive
        "ECDSA签名值不规范",
        "the ECDSA signature value is malformed",
    )
