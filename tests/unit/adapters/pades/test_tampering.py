"""One octet changed anywhere in a signed PDF: the verdict is TOTAL-FAILED and says why.

The last signature's own value lies outside every digest, so most of the work goes there: each octet of its DER,
its padding and the spelling of its digits. Positions are drawn from seeded sources; the sweep takes every one.
"""

from __future__ import annotations

import random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from docsvc.domain.verdict import Indication
from tests.support.verified import authority, signed, verify
from tests.vectors.bad_pdfs import gap_der, last_gap

CASES = [("B-B", "ec"), ("B-LTA", "ec"), ("B-B", "rsa2048"), ("B-LTA", "rsa2048")]


def assert_failed(level, kind, changed, what):
    report = verify(changed, authority(kind).root.der)
    checks = [*report.checks, *(c for s in report.signatures for c in s.checks)]
    assert report.indication is Indication.FAILED, f"{level} {kind}: {what} went unnoticed"
    assert any(c.indication is Indication.FAILED and c.message and c.message_en for c in checks)


def with_octet(pdf, at, value):
    return pdf[:at] + bytes([value]) + pdf[at + 1 :]


def with_der_octet(pdf, index, value):
    """The octet `index` of the DER in the last gap, written in the digits that stand there."""
    gap = last_gap(pdf)
    digits = f"{value:02X}" if gap[1] == gap[1].upper() else f"{value:02x}"
    at = gap.start(1) + 2 * index
    return pdf[:at] + digits.encode() + pdf[at + 2 :]


@pytest.mark.parametrize(("level", "kind"), CASES)
@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(place=st.floats(0, 1, exclude_max=True), flip=st.integers(1, 255))
def test_any_octet_of_the_file(level, kind, place, flip):
    pdf = signed(level, kind)
    at = int(place * len(pdf))
    assert_failed(level, kind, with_octet(pdf, at, pdf[at] ^ flip), f"octet {at}")


@pytest.mark.parametrize(("level", "kind"), CASES)
def test_octets_of_the_last_value(level, kind):
    pdf = signed(level, kind)
    der = gap_der(pdf)
    source = random.Random(f"{level}/{kind}")
    for index in source.sample(range(len(der)), 16):
        value = der[index] ^ 1 << source.randrange(8)
        assert_failed(level, kind, with_der_octet(pdf, index, value), f"DER octet {index} to {value:#04x}")


@pytest.mark.parametrize(("level", "kind"), CASES)
def test_headers_and_identifiers_of_the_last_value(level, kind):
    """Tags, lengths and object identifiers: where a lenient reader would accept another octet."""
    pdf = signed(level, kind)
    der = gap_der(pdf)
    interesting = [i for i, octet in enumerate(der[:80]) if octet] + [
        i
        for i in range(len(der) - 420, len(der) - 260)
        if der[i] in {0x30, 0x31, 0xA0, 0xA1, 0x06, 0x05, 0x02, 0x04, 0x01, 0x0B, 0x03}
    ]
    source = random.Random(f"headers {level}/{kind}")
    for index in source.sample(interesting, 12):
        for value in (der[index] ^ 0x20, der[index] ^ 0x0A):
            assert_failed(level, kind, with_der_octet(pdf, index, value), f"DER octet {index} to {value:#04x}")


@pytest.mark.parametrize(("level", "kind"), CASES)
def test_spelling_and_padding_of_the_last_value(level, kind):
    pdf = signed(level, kind)
    gap = last_gap(pdf)
    source = random.Random(f"spelling {level}/{kind}")
    letters = [i for i in range(gap.start(1), gap.end(1)) if chr(pdf[i]).isalpha()]
    for at in source.sample(letters, 2):
        assert_failed(level, kind, with_octet(pdf, at, pdf[at] ^ 0x20), f"case of the digit at {at}")
    padding = gap.start(1) + 2 * len(gap_der(pdf))
    for at in source.sample(range(padding, gap.end(1)), 2):
        assert_failed(level, kind, with_octet(pdf, at, ord("1")), f"padding at {at}")
        assert_failed(level, kind, with_octet(pdf, at, ord(" ")), f"white space at {at}")


@pytest.mark.sweep
@pytest.mark.parametrize(("level", "kind"), CASES)
def test_every_octet_of_the_last_value(level, kind):
    pdf = signed(level, kind)
    der = gap_der(pdf)
    for index in range(len(der)):
        value = der[index] ^ 1 << index % 8
        assert_failed(level, kind, with_der_octet(pdf, index, value), f"DER octet {index} to {value:#04x}")
