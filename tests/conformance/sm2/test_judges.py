"""SM2 before outside judges: BouncyCastle on everything, openssl on value and chain; and who can't judge."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from asn1crypto import cms, pem, x509

from tests.support.sm2 import make_sm2, sealed
from tests.vectors.bad_pdfs import gap_der, last_gap

pytestmark = pytest.mark.judge

JARS = [Path("/usr/share/java") / f"{name}.jar" for name in ("bcprov", "bcpkix", "bcutil")]
DISTID = "distid:1234567812345678"


def run(*words):
    return subprocess.run([str(w) for w in words], capture_output=True, text=True, check=False, timeout=120)


@pytest.fixture(scope="module")
def judge(tmp_path_factory):
    """What BouncyCastle says of files under a root, a line each."""
    if not all(jar.exists() for jar in JARS) or shutil.which("javac") is None:
        pytest.skip("BouncyCastle (libbcpkix-java) or a JDK is not installed")
    classes = tmp_path_factory.mktemp("classes")
    path = ":".join(map(str, (classes, *JARS)))
    built = run("javac", "-cp", path, "-d", classes, Path(__file__).with_name("Judge.java"))
    assert built.returncode == 0, built.stderr

    def ask(root, *files):
        said = run("java", "-cp", path, "Judge", root, *files)
        assert said.returncode == 0, said.stderr
        return said.stdout.splitlines()

    return ask


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return make_sm2(tmp_path_factory.mktemp("sm2") / "dev")


@pytest.fixture(scope="module")
def pdf(folder):
    path = folder / "sealed.pdf"
    path.write_bytes(sealed(folder))
    return path


def test_bouncy_castle_accepts_it_and_no_altered_one(judge, folder, pdf, tmp_path):
    whole = pdf.read_bytes()
    two = tmp_path / "two.pdf"
    two.write_bytes(sealed(folder, 2))
    content = tmp_path / "content.pdf"
    content.write_bytes(whole.replace(b"595", b"596", 1))
    assert content.read_bytes() != whole
    value = tmp_path / "value.pdf"
    at = last_gap(whole).start(1) + 2 * len(gap_der(whole)) - 1
    value.write_bytes(whole[:at] + (b"0" if whole[at : at + 1] != b"0" else b"1") + whole[at + 1 :])
    said = judge(folder / "sm2/root.pem", pdf, two, content, value)
    assert said[:2] == ["holds", "holds"]
    assert "message-digest attribute value does not match" in said[2]
    assert "does not hold" in said[3]


def test_bouncy_castle_refuses_another_root(judge, pdf, tmp_path):
    other = make_sm2(tmp_path / "other")
    assert judge(other / "sm2/root.pem", pdf) == ["the certificate is not of this root"]


def parts(pdf):
    """(signed attributes as they were signed, signature value, certificate) of the last signature, DER."""
    signed = cms.ContentInfo.load(gap_der(pdf.read_bytes()))["content"]
    info = signed["signer_infos"][0]
    return info["signed_attrs"].untag().dump(), info["signature"].native, signed["certificates"][0].chosen.dump()


def openssl_verifies(folder, data, value, certificate):
    for name, octets in (("data", data), ("value", value)):
        (folder / name).write_bytes(octets)
    key = x509.Certificate.load(certificate).public_key.dump()
    (folder / "key.pem").write_bytes(pem.armor("PUBLIC KEY", key))
    words = ("openssl", "pkeyutl", "-verify", "-rawin", "-digest", "sm3", "-pubin", "-inkey", folder / "key.pem")
    return run(*words, "-pkeyopt", DISTID, "-in", folder / "data", "-sigfile", folder / "value").returncode == 0


def test_openssl_agrees_on_the_value(pdf, tmp_path):
    data, value, certificate = parts(pdf)
    assert openssl_verifies(tmp_path, data, value, certificate)
    assert not openssl_verifies(tmp_path, data[:-1] + bytes([data[-1] ^ 1]), value, certificate)


def test_openssl_agrees_on_the_chain_and_opens_the_key(folder, pdf, tmp_path):
    _, _, certificate = parts(pdf)
    own = tmp_path / "own.pem"
    own.write_bytes(pem.armor("CERTIFICATE", certificate))
    verified = run("openssl", "verify", "-vfyopt", DISTID, "-CAfile", folder / "sm2/root.pem", own)
    assert verified.returncode == 0, verified.stderr
    words = ("openssl", "pkey", "-in", folder / "sm2/seals/SEAL-1.key", "-pubout", "-outform", "DER")
    opened = subprocess.run(
        [*map(str, words), "-passin", f"file:{folder / 'password'}"], capture_output=True, check=False
    )
    assert opened.stdout == x509.Certificate.load(certificate).public_key.dump()


def test_who_cannot_judge_it_does_not_accept_it(folder, pdf, tmp_path):
    """What the report says of other readers is true of those that can be tried."""
    if shutil.which("pdfsig"):
        assert "Signature is Valid" not in run("pdfsig", "-nocert", pdf).stdout
    if " 3.0." not in run("openssl", "version").stdout:
        pytest.skip("the report speaks of openssl 3.0")
    whole = pdf.read_bytes()
    gap = last_gap(whole)
    (tmp_path / "covered").write_bytes(whole[: gap.start(1) - 1] + whole[gap.end() :])
    (tmp_path / "value.der").write_bytes(gap_der(whole))
    words = ("openssl", "cms", "-verify", "-inform", "DER", "-binary", "-in", tmp_path / "value.der")
    judged = run(*words, "-content", tmp_path / "covered", "-CAfile", folder / "sm2/root.pem", "-out", "/dev/null")
    assert judged.returncode != 0
