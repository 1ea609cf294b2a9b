"""Outside judges on the same files: qpdf on form, pdfsig and openssl on the signature's value, chain and time."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from docsvc.domain.verdict import Indication
from tests.support.verified import authority, findings, good, signed, verify
from tests.vectors.bad_pdfs import BAD, gap_der, last_gap

pytestmark = pytest.mark.judge


def run(*command, **options):
    if shutil.which(command[0]) is None:
        pytest.skip(f"{command[0]} is not installed")
    return subprocess.run([str(c) for c in command], capture_output=True, text=True, check=False, **options)


@pytest.fixture
def anchor(tmp_path):
    path = tmp_path / "root.pem"
    path.write_bytes(authority().root.pem)
    return path


@pytest.mark.parametrize("level", ["B-B", "B-LTA"])
def test_qpdf_accepts_what_the_tests_start_from(tmp_path, level):
    path = tmp_path / "signed.pdf"
    path.write_bytes(signed(level))
    judged = run("qpdf", "--check", path)
    assert judged.returncode == 0, judged.stdout + judged.stderr


def pdfsig_says_valid(tmp_path, pdf):
    path = tmp_path / "judged.pdf"
    path.write_bytes(pdf)
    return "Signature is Valid" in run("pdfsig", "-nocert", path).stdout


def test_pdfsig_agrees_on_the_value(tmp_path):
    assert pdfsig_says_valid(tmp_path, good().certified)
    altered = BAD["text_altered_in_place"].build(good())
    assert not pdfsig_says_valid(tmp_path, altered)
    assert findings(verify(altered), Indication.FAILED)["signature-value"] == "HASH_FAILURE"


def test_the_wrapping_attack_deceives_a_reader_that_does_not_look_at_the_gap(tmp_path):
    forged = BAD["swa_wrapped"].build(good())
    assert pdfsig_says_valid(tmp_path, forged)
    path = tmp_path / "forged.pdf"
    path.write_bytes(forged)
    assert "10000 is owed" in run("pdftotext", path, "-").stdout
    assert verify(forged).indication is Indication.FAILED


def slices(tmp_path, pdf):
    gap = last_gap(pdf)
    covered, value = tmp_path / "covered", tmp_path / "value.der"
    covered.write_bytes(pdf[: gap.start(1) - 1] + pdf[gap.end() :])
    value.write_bytes(gap_der(pdf))
    return covered, value


def openssl_accepts(tmp_path, anchor, pdf):
    covered, value = slices(tmp_path, pdf)
    command = ("openssl", "cms", "-verify", "-cades", "-inform", "DER", "-binary", "-in", value)
    return run(*command, "-content", covered, "-CAfile", anchor, "-out", "/dev/null").returncode == 0


def test_openssl_agrees_on_the_signature(tmp_path, anchor):
    assert openssl_accepts(tmp_path, anchor, good().certified)
    for name in ("text_altered_in_place", "cms_without_signers"):
        assert not openssl_accepts(tmp_path, anchor, BAD[name].build(good())), name


def openssl_accepts_token(tmp_path, anchor, pdf):
    covered, value = slices(tmp_path, pdf)
    command = ("openssl", "ts", "-verify", "-token_in", "-in", value, "-data", covered)
    return run(*command, "-CAfile", anchor).returncode == 0


def test_openssl_agrees_on_the_document_time_stamp(tmp_path, anchor):
    assert openssl_accepts_token(tmp_path, anchor, good().archived)
    assert not openssl_accepts_token(tmp_path, anchor, BAD["token_of_another_document"].build(good()))
