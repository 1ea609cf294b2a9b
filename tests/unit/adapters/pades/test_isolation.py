"""The verifier's door: limits of time and memory, a helper process that may die, threads, and no exceptions."""

from __future__ import annotations

import os
import signal
import threading

import pytest

from docsvc.adapters.pades.verifier import PdfVerifier, load_anchors
from docsvc.domain.errors import SetupError
from docsvc.domain.verdict import Indication
from tests.support.signed_pdfs import plain_pdf
from tests.support.verified import authority, signed, soon, verify


@pytest.fixture(scope="module")
def door():
    with PdfVerifier([authority().root.pem]) as verifier:
        yield verifier


def test_the_answer_of_the_child_is_that_of_this_process(door):
    at = soon()
    assert door.verify(signed(), at) == verify(signed(), at=at)


def test_a_deadline_makes_the_verdict_indeterminate():
    with PdfVerifier([authority().root.pem], deadline_s=0.001) as verifier:
        report = verifier.verify(signed(), soon())
    assert report.indication is Indication.INDETERMINATE
    assert [c.name for c in report.checks] == ["limits"]


def test_too_little_memory_makes_the_verdict_indeterminate():
    # The file alone is larger than what the child may take.
    with PdfVerifier([authority().root.pem], memory_mb=1) as verifier:
        report = verifier.verify(signed() + b"%" * 8_000_000, soon())
    assert report.indication is Indication.INDETERMINATE
    assert [c.name for c in report.checks] == ["limits"]


def test_a_file_above_the_limit_is_not_read():
    verifier = PdfVerifier([], max_octets=100)
    report = verifier.verify(signed(), soon())
    assert report.indication is Indication.INDETERMINATE
    assert [c.name for c in report.checks] == ["limits"]


def test_a_killed_helper_is_replaced():
    with PdfVerifier([authority().root.pem]) as verifier:
        assert verifier.verify(signed(), soon()).indication is Indication.PASSED
        assert verifier._examiners is not None
        server = verifier._examiners._server
        assert server is not None
        os.kill(server._process.pid, signal.SIGKILL)
        server._process.wait()
        assert verifier.verify(signed(), soon()).indication is Indication.PASSED


def test_closing_ends_the_helper():
    verifier = PdfVerifier([authority().root.pem])
    verifier.verify(plain_pdf(), soon())
    assert verifier._examiners is not None
    server = verifier._examiners._server
    assert server is not None
    verifier.close()
    assert server._process.returncode == 0
    verifier.close()


def test_threads_share_one_helper(door):
    documents = [signed("B-B"), signed("B-LTA"), plain_pdf(), b"nothing"]
    expected = [Indication.INDETERMINATE, Indication.PASSED, Indication.INDETERMINATE, Indication.FAILED]
    answers: dict[int, Indication] = {}

    def ask(number):
        answers[number] = door.verify(documents[number], soon()).indication

    threads = [threading.Thread(target=ask, args=(n,)) for n in range(len(documents))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [answers[n] for n in range(len(documents))] == expected


def test_a_moment_without_zone_is_a_fault_of_the_caller(door):
    with pytest.raises(ValueError, match="aware"):
        door.verify(b"", soon().replace(tzinfo=None))


def test_anchors_are_read_from_octets_files_and_folders(tmp_path):
    own = authority()
    (tmp_path / "root.pem").write_bytes(own.root.pem + own.issuing.pem)
    (tmp_path / "root.der").write_bytes(own.root.der)
    (tmp_path / "log.vkey").write_text("not a certificate")
    assert load_anchors([tmp_path]) == (own.root.der, own.issuing.der)
    assert load_anchors([tmp_path / "root.der", own.root.pem]) == (own.root.der,)
    assert load_anchors([]) == ()


@pytest.mark.parametrize(
    "content", [b"", b"hello", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"]
)
def test_an_anchor_that_is_no_certificate_is_refused(tmp_path, content):
    (tmp_path / "root.pem").write_bytes(content)
    with pytest.raises(SetupError, match=r"root\.pem"):
        load_anchors([tmp_path])


def test_missing_anchors_are_named(tmp_path):
    with pytest.raises(SetupError, match="absent"):
        load_anchors([tmp_path / "absent.pem"])
    with pytest.raises(SetupError, match="no certificate"):
        load_anchors([tmp_path])
