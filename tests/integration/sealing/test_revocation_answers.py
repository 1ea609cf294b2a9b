"""OCSP before CRLs, lists where a responder is away, and no answer beyond its own time."""

from __future__ import annotations

import datetime as dt
import io

import pikepdf
import pytest
from cryptography.x509 import ocsp

from docsvc.adapters.pki import revocation
from docsvc.adapters.pki.folder import service_certificate
from docsvc.domain.document import Level, Slot
from tests.support.sealing import AGENCY, PLACE, plain_pdf, sealer_for

SLOTS = [Slot(PLACE, AGENCY.seal)]


def away(*_):
    """A responder that is there no more: the connection breaks."""
    raise ConnectionAbortedError


def held(pdf):
    """How many OCSP answers and CRLs lie in the DSS."""
    with pikepdf.open(io.BytesIO(pdf)) as opened:
        return tuple(len(opened.Root.DSS.get(key, ())) for key in ("/OCSPs", "/CRLs"))


@pytest.mark.parametrize("level", [Level.B_LT, Level.B_LTA])
def test_ocsp_is_preferred(keys, authorities, level):
    pdf, achieved, why = sealer_for(keys, clock=authorities.clock).seal(plain_pdf(), SLOTS, level)
    assert (achieved, why) == (level, None)
    assert held(pdf) == (3, 0)  # seal, time-stamp authority, the CA of both


@pytest.mark.parametrize("level", [Level.B_LT, Level.B_LTA])
def test_a_responder_that_is_away_costs_no_level(keys, authorities, monkeypatch, level):
    monkeypatch.setattr(authorities.revocation, "answer", away)
    pdf, achieved, why = sealer_for(keys, clock=authorities.clock).seal(plain_pdf(), SLOTS, level)
    assert (achieved, why) == (level, None)
    assert held(pdf) == (0, 2)


def test_a_list_stands_in_for_one_responder_alone(keys, authorities, monkeypatch):
    above = service_certificate(keys, "issuing").serial_number
    answer = authorities.revocation.answer

    def of_the_issuing_ca_only(query):
        return away() if ocsp.load_der_ocsp_request(query).serial_number == above else answer(query)

    monkeypatch.setattr(authorities.revocation, "answer", of_the_issuing_ca_only)
    pdf, achieved, why = sealer_for(keys, clock=authorities.clock).seal(plain_pdf(), SLOTS, Level.B_LTA)
    assert (achieved, why) == (Level.B_LTA, None)
    assert held(pdf) == (2, 1)


def test_where_both_are_away_the_reason_is_told(keys, authorities, monkeypatch):
    monkeypatch.setattr(authorities.revocation, "answer", away)
    monkeypatch.setattr(authorities.revocation, "crl", away)
    _, achieved, why = sealer_for(keys, clock=authorities.clock).seal(plain_pdf(), SLOTS, Level.B_LTA)
    assert achieved is Level.B_T
    assert "OCSP: " in why
    assert "CRL: " in why


@pytest.mark.parametrize("minutes", [2, 4])
def test_a_kept_answer_is_not_used_beyond_its_next_update(keys, authorities, clock, monkeypatch, minutes):
    monkeypatch.setattr(revocation, "VALID_FOR", dt.timedelta(minutes=8))  # 5 of which are left for clocks that lag
    sealer = sealer_for(keys, clock=clock)
    assert sealer.seal(plain_pdf(), SLOTS, Level.B_LT)[1:] == (Level.B_LT, None)
    monkeypatch.setattr(authorities.revocation, "answer", away)
    monkeypatch.setattr(authorities.revocation, "crl", away)
    clock.offset += dt.timedelta(minutes=minutes)
    _, achieved, why = sealer.seal(plain_pdf(), SLOTS, Level.B_LT)
    if minutes == 2:
        assert (achieved, why) == (Level.B_LT, None)
    else:
        assert achieved is Level.B_T
        assert "OCSP: " in why


@pytest.mark.parametrize(
    ("hours", "words"), [(1, "from the future"), (-25, "stale")], ids=["from the future", "stale"]
)
def test_answers_of_another_time_are_not_used(keys, authorities, clock, monkeypatch, hours, words):
    monkeypatch.setattr(authorities.revocation, "_clock", lambda: clock() + dt.timedelta(hours=hours))
    _, achieved, why = sealer_for(keys, clock=clock).seal(plain_pdf(), SLOTS, Level.B_LTA)
    assert achieved is Level.B_T
    assert f"OCSP: the answer is {words}" in why
    assert f"CRL: the list is {words}" in why
