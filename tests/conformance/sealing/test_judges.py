"""What tools of other make say of our seals, tokens and revocation answers."""

from __future__ import annotations

import datetime as dt
import io
import re
import subprocess

import pikepdf
import pypdfium2
import pytest
import requests
from asn1crypto import tsp
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from rfc3161_client import HashAlgorithm, TimestampRequestBuilder, VerifierBuilder, decode_timestamp_response

from docsvc.adapters.pades.achieved import _signatures
from docsvc.adapters.pki.authorities import Authorities
from docsvc.adapters.pki.folder import describe, password_of, revoke, seal_path
from docsvc.adapters.pki.keyfile import read_key
from docsvc.domain.document import Level, SealPlace, Slot
from tests.support.sealing import AGENCY, make_pki, sealer_for

pytestmark = [pytest.mark.judge, pytest.mark.usefixtures("rsa_authorities")]
RANGE = re.compile(rb"/ByteRange\s*\[\s*(\d+) (\d+) (\d+) (\d+)\s*\]")
MIDDLE = SealPlace(0, 300, 420)


def run(*words):
    done = subprocess.run([str(w) for w in words], capture_output=True, check=False)
    return done.returncode, (done.stdout + done.stderr).decode("utf-8", "replace")


def parts(pdf):
    """(covered bytes, CMS) of each signature, the oldest first."""
    ranges = sorted((tuple(map(int, r)) for r in RANGE.findall(pdf)), key=lambda r: r[2] + r[3])
    for (start, length, rest, more), (signed, _) in zip(ranges, _signatures(pdf), strict=True):
        assert start == 0
        yield pdf[:length] + pdf[rest : rest + more], bytes.fromhex(pdf[length + 1 : rest - 1].decode()), signed


@pytest.fixture(scope="module", params=["rsa-2048", "ecdsa-p256", "rsa-3072"])
def folder(request, tmp_path_factory, rsa_keys):
    if request.param == "rsa-2048":
        yield rsa_keys
        return
    made = make_pki(tmp_path_factory.mktemp(request.param) / "dev", algorithm=request.param)
    with Authorities(made):
        yield made


@pytest.mark.office
@pytest.mark.parametrize("level", list(Level))
def test_qpdf_pdfsig_and_openssl_accept_each_level(paper, folder, tmp_path, level):
    pdf, achieved, why = sealer_for(folder).seal(paper, [Slot(MIDDLE, AGENCY.seal)], level)
    assert (achieved, why) == (level, None)
    (tmp_path / "sealed.pdf").write_bytes(pdf)
    code, text = run("qpdf", "--check", tmp_path / "sealed.pdf")
    assert code == 0, text
    _, text = run("pdfsig", "-nocert", tmp_path / "sealed.pdf")
    assert "Signature is Valid." in text
    root, data, token = folder / "root.pem", tmp_path / "data", tmp_path / "token"
    kinds = []
    for covered, cms, signed in parts(pdf):
        data.write_bytes(covered)
        token.write_bytes(cms)
        if signed["encap_content_info"]["content_type"].native == "tst_info":
            kinds.append("stamp")
            code, text = run("openssl", "ts", "-verify", "-token_in", "-in", token, "-data", data, "-CAfile", root)
        else:
            kinds.append("seal")
            form = ("-cades", "-binary", "-purpose", "any", "-inform", "DER")
            code, text = run("openssl", "cms", "-verify", *form, "-in", token, "-content", data, "-CAfile", root)
        assert code == 0, text
        for attribute in signed["signer_infos"][0]["unsigned_attrs"] or ():
            kinds.append("token")
            token.write_bytes(attribute["values"][0].dump())
            data.write_bytes(signed["signer_infos"][0]["signature"].native)
            code, text = run("openssl", "ts", "-verify", "-token_in", "-in", token, "-data", data, "-CAfile", root)
            assert code == 0, text
    assert kinds == ["seal", "token", "stamp"][: {Level.B_B: 1, Level.B_LTA: 3}.get(level, 2)]


@pytest.mark.office
def test_one_changed_byte_fails_with_the_judges(paper, rsa_keys, tmp_path):
    pdf, _, _ = sealer_for(rsa_keys).seal(paper, [Slot(MIDDLE, AGENCY.seal)], Level.B_B)
    ((covered, cms, _),) = parts(pdf)
    (tmp_path / "cms").write_bytes(cms)
    (tmp_path / "data").write_bytes(covered[:5000] + bytes([covered[5000] ^ 1]) + covered[5001:])
    code, _ = run(
        "openssl", "cms", "-verify", "-binary", "-purpose", "any", "-inform", "DER", "-in", tmp_path / "cms",
        "-content", tmp_path / "data", "-CAfile", rsa_keys / "root.pem",
    )  # fmt: skip
    assert code != 0


@pytest.mark.office
def test_the_office_s_pdf_a_stays_what_it_was(paper, rsa_keys):
    pdf, _, _ = sealer_for(rsa_keys).seal(paper, [Slot(MIDDLE, AGENCY.seal)], Level.B_LTA)
    assert pdf.startswith(paper)
    with pikepdf.open(io.BytesIO(pdf)) as sealed, pikepdf.open(io.BytesIO(paper)) as before:
        xmp = sealed.open_metadata()  # not in a with block, which would rewrite it
        assert (xmp.get("pdfaid:part"), xmp.get("pdfaid:conformance")) == ("2", "B")
        assert dict(sealed.docinfo) == dict(before.docinfo)
        assert sealed.Root.OutputIntents[0].S == "/GTS_PDFA1"
        seal = sealed.Root.AcroForm.Fields[0]
        # ISO 19005-2, 6.3.2 and 6.3.3: Print set, none of Hidden, Invisible, NoView; an appearance with /N alone
        assert int(seal.F) & 0b100
        assert not int(seal.F) & 0b100011
        assert list(seal.AP.keys()) == ["/N"]
        assert "/NeedAppearances" not in sealed.Root.AcroForm
        assert set(sealed.Root.Perms.keys()) == {"/DocMDP"}  # 6.1.12
        assert not {"/DigestMethod", "/DigestValue", "/DigestLocation"} & set(seal.V.Reference[0].keys())


def colours(image, box):
    red = black = 0
    data = image.crop(box).convert("RGB").tobytes()
    for r, g, b in zip(data[::3], data[1::3], data[2::3], strict=True):
        red += r > 150 and g < 90 and b < 90
        black += r < 60 and g < 60 and b < 60
    return red, black


@pytest.mark.office
def test_poppler_and_pdfium_draw_the_same_red_seal_and_leave_the_text_black(paper, rsa_keys, tmp_path):
    from PIL import Image

    pdf, _, _ = sealer_for(rsa_keys).seal(paper, [Slot(MIDDLE, AGENCY.seal)], Level.B_B)
    (tmp_path / "sealed.pdf").write_bytes(pdf)
    (tmp_path / "plain.pdf").write_bytes(paper)
    seen = {}
    for name in ("sealed", "plain"):
        run(
            "pdftoppm",
            "-r",
            "144",
            "-f",
            "1",
            "-l",
            "1",
            "-png",
            "-singlefile",
            tmp_path / f"{name}.pdf",
            tmp_path / name,
        )
        with Image.open(tmp_path / f"{name}.png") as image:
            image.load()
            height = image.height
            box = (2 * 300 - 120, height - 2 * 420 - 120, 2 * 300 + 120, height - 2 * 420 + 120)
            seen["poppler", name] = colours(image, box)
        document = pypdfium2.PdfDocument(tmp_path / f"{name}.pdf")
        document.init_forms()
        seen["pdfium", name] = colours(document[0].render(scale=2, may_draw_forms=True).to_pil(), box)
        document.close()
    for renderer in ("poppler", "pdfium"):
        assert seen[renderer, "plain"][0] == 0
        assert seen[renderer, "sealed"][0] > 5000
        # Red over black stays black: hardly a pixel of the text is lost under the seal.
        assert seen[renderer, "sealed"][1] > 0.95 * seen[renderer, "plain"][1] > 0
    assert seen["poppler", "sealed"][0] == pytest.approx(seen["pdfium", "sealed"][0], rel=0.1)


@pytest.mark.parametrize("algorithm", [HashAlgorithm.SHA256, HashAlgorithm.SHA512])
def test_rfc3161_client_believes_our_tokens(folder, algorithm):
    description = describe(folder)
    message = b"anything"
    request = (
        TimestampRequestBuilder()
        .data(message)
        .hash_algorithm(algorithm)
        .nonce(nonce=True)
        .cert_request(cert_request=True)
        .build()
    )
    headers = {"Content-Type": "application/timestamp-query"}
    answer = requests.post(description.tsa_url, data=request.as_bytes(), headers=headers, timeout=5)
    response = decode_timestamp_response(answer.content)
    root = x509.load_pem_x509_certificate((folder / "root.pem").read_bytes())
    verifier = VerifierBuilder.from_request(request).add_root_certificate(root).build()
    assert verifier.verify_message(response, message)
    assert abs(response.tst_info.gen_time - dt.datetime.now(dt.UTC)) < dt.timedelta(minutes=1)


def test_openssl_reads_queries_answers_and_refusals(rsa_keys, tmp_path):
    (tmp_path / "data").write_bytes(b"data")
    tsa = describe(rsa_keys).tsa_url
    for digest, words in (("-sha384", "Status: Granted."), ("-sha1", "unrecognized or unsupported algorithm")):
        query, reply = tmp_path / "query", tmp_path / "reply"
        run("openssl", "ts", "-query", "-data", tmp_path / "data", digest, "-cert", "-out", query)
        headers = {"Content-Type": "application/timestamp-query"}
        reply.write_bytes(requests.post(tsa, query.read_bytes(), headers=headers, timeout=5).content)
        _, text = run("openssl", "ts", "-reply", "-in", reply, "-text")
        assert words in text
    assert tsp.TimeStampReq.load(query.read_bytes())["cert_req"].native is True


@pytest.mark.parametrize("digest", ["-sha1", "-sha256"])
def test_openssl_believes_our_ocsp_answers(folder, tmp_path, digest):
    description = describe(folder)
    (tmp_path / "issuing.pem").write_bytes(pem(folder / "services" / "issuing.cer"))
    seal = read_key(seal_path(folder, AGENCY.seal.id), password_of(folder)).certificate
    (tmp_path / "seal.pem").write_bytes(seal.public_bytes(Encoding.PEM))
    for certificate, issuer in (
        (tmp_path / "seal.pem", tmp_path / "issuing.pem"),
        (tmp_path / "issuing.pem", folder / "root.pem"),
    ):
        code, text = run(
            "openssl", "ocsp", digest, "-issuer", issuer, "-cert", certificate, "-url",
            f"{description.base_url}/ocsp", "-CAfile", folder / "root.pem",
        )  # fmt: skip
        assert code == 0
        assert "Response verify OK" in text
        assert f"{certificate}: good" in text


def test_openssl_sees_a_revocation_in_ocsp_and_crl(keys, authorities, clock, tmp_path):
    base = authorities.description.base_url
    seal = read_key(seal_path(keys, AGENCY.seal.id), password_of(keys)).certificate
    (tmp_path / "seal.pem").write_bytes(seal.public_bytes(Encoding.PEM))
    (tmp_path / "issuing.pem").write_bytes(pem(keys / "services" / "issuing.cer"))
    check = (
        "openssl",
        "verify",
        "-crl_check",
        "-CAfile",
        keys / "root.pem",
        "-untrusted",
        tmp_path / "issuing.pem",
    )

    def verify():
        (tmp_path / "crl").write_bytes(requests.get(f"{base}/crl/issuing.crl", timeout=5).content)
        return run(*check, "-CRLfile", tmp_path / "crl", tmp_path / "seal.pem")

    assert verify()[0] == 0
    revoke(keys, seal.serial_number, clock(), "cessationOfOperation")
    code, text = verify()
    assert code != 0
    assert "certificate revoked" in text
    _, text = run(
        "openssl", "ocsp", "-issuer", tmp_path / "issuing.pem", "-cert", tmp_path / "seal.pem", "-url",
        f"{base}/ocsp", "-CAfile", keys / "root.pem",
    )  # fmt: skip
    assert "seal.pem: revoked" in text
    assert "cessationOfOperation" in text


def pem(path):
    return x509.load_der_x509_certificate(path.read_bytes()).public_bytes(Encoding.PEM)
