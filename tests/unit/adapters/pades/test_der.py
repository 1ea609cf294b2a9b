"""The strict DER reader accepts what canonical encoders write, and nothing else."""

from __future__ import annotations

import pytest
from asn1crypto import core
from hypothesis import given, settings
from hypothesis import strategies as st

from docsvc.adapters.pades.der import DerFault, element_length, oid_text, parse

values = st.one_of(
    st.integers(-(2**70), 2**70).map(lambda v: core.Integer(v).dump()),
    st.binary(max_size=300).map(lambda v: core.OctetString(v).dump()),
    st.booleans().map(lambda v: core.Boolean(v).dump()),
    st.just(core.Null().dump()),
    st.text(max_size=60).map(lambda v: core.UTF8String(v).dump()),
    st.lists(st.integers(0, 2**40), min_size=1, max_size=6).map(
        lambda arcs: core.ObjectIdentifier(".".join(map(str, (1, 3, *arcs)))).dump()
    ),
)


def sequence(children):
    body = b"".join(children)
    return core.Sequence(contents=body).dump()


trees = st.recursive(values, lambda inner: st.lists(inner, max_size=5).map(sequence), max_leaves=12)


@settings(deadline=None)
@given(trees)
def test_canonical_encodings_are_read_whole(der):
    node = parse(der)
    assert node.raw == der
    assert element_length(der + b"rest") == len(der)
    for child in node.walk():
        assert der[child.start : child.end] == child.raw


@settings(deadline=None)
@given(st.lists(st.integers(0, 2**40), min_size=1, max_size=6))
def test_identifiers_read_as_they_are_written(arcs):
    dotted = ".".join(map(str, (2, 999, *arcs)))
    assert oid_text(parse(core.ObjectIdentifier(dotted).dump())) == dotted


@pytest.mark.parametrize(
    ("hexadecimal", "fault"),
    [
        ("", "cut off"),
        ("30", "cut off"),
        ("3080 0000", "indefinite"),
        ("0481 05 0000000000", "longer than it need be"),
        ("048200 80" + "00" * 128, "longer than it need be"),
        ("04850000000001 00", "impossible"),
        ("0405 00", "past its frame"),
        ("0500 00", "after the element"),
        ("1f8101 00", "long tag"),
        ("0101 01", "one form"),
        ("0202 0001", "one form"),
        ("0202 ff80", "one form"),
        ("0200", "one form"),
        ("0302 0801", "one form"),
        ("0302 0101", "one form"),
        ("0301 01", "one form"),
        ("0501 00", "one form"),
        ("0600", "one form"),
        ("0602 8001", "one form"),
        ("0603 2a8001", "one form"),
        ("0602 2a81", "one form"),
        ("170b 32363131323231323030 30", "one form"),
        ("2403 040161", "in pieces"),
        ("1000", "constructed bit"),
    ],
)
def test_each_departure_from_der_is_named(hexadecimal, fault):
    with pytest.raises(DerFault, match=fault):
        parse(bytes.fromhex(hexadecimal))


def test_deep_and_wide_structures_are_refused():
    deep = b""
    for _ in range(60):
        deep = sequence([deep])
    with pytest.raises(DerFault, match="deeply"):
        parse(deep)
    with pytest.raises(DerFault, match="many"):
        parse(sequence([b"\x05\x00" * 250_000]))


@settings(deadline=None)
@given(st.binary(max_size=64))
def test_any_octets_are_read_or_refused(data):
    try:
        node = parse(data)
    except DerFault:
        return
    assert node.raw == data
