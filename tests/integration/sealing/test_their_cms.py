"""The CMS that a signer's own client made: taken over where it is right, refused with a reason where it is not."""

from __future__ import annotations

import datetime as dt
import hashlib
import subprocess

import pytest
from asn1crypto import algos, cms, core, tsp, x509
from cryptography import x509 as crypto_x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from docsvc.adapters.pades.achieved import _signatures
from docsvc.adapters.pades.detached import way_of
from docsvc.domain.envelope import Mark
from docsvc.domain.errors import SealError
from tests.support.envelopes import blanks, lines, person
from tests.support.sealing import plain_pdf, sealer_for

PAPER = plain_pdf(2)


def now():
    return dt.datetime.now(dt.UTC)


@pytest.fixture(scope="module")
def pki(rsa_keys, rsa_authorities):
    del rsa_authorities
    return rsa_keys


@pytest.fixture(scope="module")
def sealer(pki):
    return sealer_for(pki)


@pytest.fixture(scope="module")
def who(pki):
    return person(pki, "陈测甲", "TEST33099900001")


@pytest.fixture(scope="module")
def prepared(sealer, who):
    return sealer.prepare(PAPER, [blanks()[1]], Mark(None, lines(who)), who.chain, now())


def attributes(prepared, certificate, **changed):
    """Signed attributes as a client would make them; None leaves one out."""
    ess = tsp.SigningCertificateV2({"certs": [{"cert_hash": hashlib.sha256(certificate).digest()}]})
    wanted = {
        "content_type": "data",
        "message_digest": prepared.content_digest,
        "signing_certificate_v2": ess,
        **changed,
    }
    made = [cms.CMSAttribute({"type": k, "values": [v]}) for k, v in wanted.items() if v is not None]
    return cms.CMSAttributes(made)


def info_of(who, signed, *, digest="sha256", key=None, **changed):
    key = key or who.key
    algorithm = getattr(hashes, digest.upper())()
    if isinstance(key, rsa.RSAPrivateKey):
        value, name = key.sign(signed.dump(), padding.PKCS1v15(), algorithm), f"{digest}_rsa"
    else:
        value, name = key.sign(signed.dump(), ec.ECDSA(algorithm)), f"{digest}_ecdsa"
    own = x509.Certificate.load(who.chain[0])
    return {
        "version": "v1",
        "sid": {"issuer_and_serial_number": {"issuer": own.issuer, "serial_number": own.serial_number}},
        "digest_algorithm": {"algorithm": digest},
        "signed_attrs": signed,
        "signature_algorithm": {"algorithm": name},
        "signature": value,
        **changed,
    }


def whole(who, *infos, content=None, certificates=None):
    signed = cms.SignedData(
        {
            "version": "v1",
            "digest_algorithms": [infos[0]["digest_algorithm"]],
            "encap_content_info": {"content_type": "data", **({"content": content} if content else {})},
            "certificates": [x509.Certificate.load(c) for c in certificates or who.chain],
            "signer_infos": list(infos),
        }
    )
    return cms.ContentInfo({"content_type": "signed_data", "content": signed}).dump()


def made(prepared, who, certificate=None, **changed):
    return whole(who, info_of(who, attributes(prepared, certificate or who.chain[0], **changed)))


def test_the_plain_one_is_taken_with_our_time_stamp_and_our_chain(sealer, prepared, who):
    """The refused ones below differ from it in one thing each."""
    pdf, why = sealer.complete(PAPER, prepared, cms=made(prepared, who))
    assert why is None
    ((signed, _),) = _signatures(pdf)
    assert [c.chosen.dump() for c in signed["certificates"]] == sorted(who.chain[:-1])
    assert [a["type"].native for a in signed["signer_infos"][0]["unsigned_attrs"]] == ["signature_time_stamp_token"]


def test_certificates_that_lead_nowhere_stay_outside(sealer, who, pki):
    other = person(pki, "王测乙", "TEST33099900002")
    chain = [who.chain[0], other.chain[0], *who.chain[1:]]
    taken = sealer.prepare(PAPER, [blanks()[1]], Mark(None, lines(who)), chain, now())
    assert taken.chain == who.chain


def test_what_is_not_signed_is_left_behind(sealer, prepared, who, pki):
    other = person(pki, "王测乙", "TEST33099900002")
    junk = cms.CMSAttribute({"type": "1.2.3.4.5", "values": [core.OctetString(b"x" * 3000)]})
    info = info_of(who, attributes(prepared, who.chain[0]), unsigned_attrs=[junk])
    der = whole(who, info, certificates=[*who.chain, *other.chain[:1]])
    pdf, why = sealer.complete(PAPER, prepared, cms=der)
    assert why is None
    assert b"x" * 3000 not in bytes.fromhex(pdf[len(PAPER) :].split(b"/Contents <")[1].split(b">")[0].decode())
    ((signed, _),) = _signatures(pdf)
    assert other.chain[0] not in [c.chosen.dump() for c in signed["certificates"]]


def refused_ones(prepared, who, other):
    own = attributes(prepared, who.chain[0])
    info = info_of(who, own)
    backwards = cms.CMSAttributes.load(own.dump()[: -len(own.contents)] + unsorted(own))
    sha512 = attributes(prepared, who.chain[0], message_digest=hashlib.sha512(b"x").digest())
    return {
        "signing-time": (made(prepared, who, signing_time=cms.Time({"utc_time": now()})), "signing-time"),
        "no ess": (made(prepared, who, signing_certificate_v2=None), "没有signing-certificate-v2"),
        "other ess": (made(prepared, who, other.chain[0]), "指向另一证书"),
        "other document": (made(prepared, who, message_digest=hashlib.sha256(b"x").digest()), "不是对本文书"),
        "no digest": (made(prepared, who, message_digest=None), "缺少必要的签名属性"),
        "other signer": (made(prepared, other), "不是该签名人"),
        "other key": (whole(who, info_of(who, own, key=other.key)), "签名无效"),
        "other content": (made(prepared, who, content_type="signed_data"), "签名"),
        "commitment": (
            made(prepared, who, mime_type=core.UTF8String("text/plain")),
            "不接受的签名属性 mime_type",
        ),
        "sha512": (whole(who, info_of(who, sha512, digest="sha512")), "摘要算法应为sha256"),
        "two signers": (whole(who, info, info), ""),
        "none detached": (whole(who, info, content=b"x"), "分离"),
        "unsorted": (whole(who, info_of(who, backwards)), "次序"),
        "trailing": (made(prepared, who) + b"\0", ""),
        "cut off": (made(prepared, who)[:-1], ""),
        "nothing": (b"", ""),
        "text": (b"-----BEGIN CMS-----", ""),
        "indefinite": (b"\x30\x80" + made(prepared, who)[4:] + b"\0\0", ""),
        "large": (made(prepared, who) + bytes(200_000), "过大"),
        "empty value": (whole(who, {**info, "signature": b""}), ""),
    }


def unsorted(attributes):
    parts = [a.dump() for a in attributes]
    return b"".join(sorted(parts, reverse=True))


NAMES = (
    "signing-time", "no ess", "other ess", "other document", "no digest", "other signer", "other key",
    "other content", "commitment", "sha512", "two signers", "none detached", "unsorted", "trailing", "cut off",
    "nothing", "text", "indefinite", "large", "empty value",
)  # fmt: skip


@pytest.fixture(scope="module")
def hostile(prepared, who, pki):
    return refused_ones(prepared, who, person(pki, "王测乙", "TEST33099900002"))


@pytest.mark.parametrize("name", NAMES)
def test_anything_else_is_refused_with_a_reason(sealer, prepared, hostile, name):
    der, said = hostile[name]
    with pytest.raises(SealError, match="签名不能接受") as refused:
        sealer.complete(PAPER, prepared, cms=der)
    assert said in str(refused.value)
    assert set(hostile) == set(NAMES)


def test_openssl_s_cms_is_refused_for_its_signing_time(sealer, prepared, who, tmp_path):
    (tmp_path / "key.pem").write_bytes(
        who.key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    pem = x509_pem(who.chain[0])
    (tmp_path / "cert.pem").write_bytes(pem)
    whole_file = PAPER + prepared.update
    first, second = (int(v) for v in whole_file.rpartition(b"/ByteRange [0 ")[2].split(b"]")[0].split()[:2])
    (tmp_path / "data").write_bytes(whole_file[:first] + whole_file[second:])
    words = ["openssl", "cms", "-sign", "-binary", "-cades", "-md", "sha256", "-nosmimecap", "-outform", "DER"]
    words += ["-signer", "cert.pem", "-inkey", "key.pem", "-in", "data", "-out", "cms"]
    subprocess.run(words, check=True, cwd=tmp_path, capture_output=True)
    with pytest.raises(SealError, match="signing-time"):
        sealer.complete(PAPER, prepared, cms=(tmp_path / "cms").read_bytes())


def x509_pem(der):
    return crypto_x509.load_der_x509_certificate(der).public_bytes(serialization.Encoding.PEM)


@pytest.mark.parametrize("value", [b"", b"\0", b"x" * 64, bytes(300)])
def test_a_value_that_is_no_signature_is_refused(sealer, prepared, value):
    with pytest.raises(SealError, match="签名"):
        sealer.complete(PAPER, prepared, value=value)


def test_a_value_of_another_key_is_refused(sealer, prepared, pki):
    other = person(pki, "王测乙", "TEST33099900002")
    with pytest.raises(SealError, match="签名无效"):
        sealer.complete(PAPER, prepared, value=other.value(prepared.to_be_signed))


def test_one_of_the_two_is_wanted(sealer, prepared, who):
    for given in ({}, {"value": who.value(prepared.to_be_signed), "cms": made(prepared, who)}):
        with pytest.raises(SealError, match="either"):
            sealer.complete(PAPER, prepared, **given)


@pytest.mark.parametrize("key", [ec.generate_private_key(ec.SECP521R1()), ec.generate_private_key(ec.SECP256K1())])
def test_keys_that_we_do_not_know_are_refused(key):
    name = crypto_x509.Name([])
    certificate = (
        crypto_x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now())
        .not_valid_after(now() + dt.timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    with pytest.raises(SealError, match="不支持的密钥"):
        way_of(certificate.public_bytes(serialization.Encoding.DER))


def test_algorithm_identifiers_are_as_rfc_5754_writes_them(prepared):
    assert prepared.signature_algorithm == "sha256_ecdsa"
    digest = algos.DigestAlgorithm.load(bytes.fromhex("300b0609608648016503040201"))
    assert digest["algorithm"].native == prepared.digest_algorithm
