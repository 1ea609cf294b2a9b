"""Decades in some seconds: a document outlives its certificates, as long as it is renewed in time."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import pytest

from docsvc.adapters.pades.verifier import PdfVerifier
from docsvc.adapters.pki.authorities import Authorities
from docsvc.adapters.pki.folder import describe, password_of, seal_path, service_certificate
from docsvc.adapters.pki.keyfile import read_key
from docsvc.domain.document import Level, Slot
from docsvc.domain.verdict import Indication
from tests.support.later import after, new_service_keys
from tests.support.sealing import AGENCY, PLACE, make_pki, plain_pdf, sealer_for

SLOTS = [Slot(PLACE, AGENCY.seal)]


@dataclass
class Calendar:
    """A clock that stands at so many years after the start."""

    start: dt.datetime
    years: float = 0.0

    def __call__(self) -> dt.datetime:
        return after(self.start, self.years)


@dataclass
class Decades:
    """One document: as it was sealed, after the first renewal and after the second."""

    start: dt.datetime
    sealed: bytes
    once: bytes
    twice: bytes
    anchors: list
    ends: dict[str, float]  # certificates of the first years → when they end, in years

    def report(self, pdf, years):
        return PdfVerifier(self.anchors, isolated=False).verify(pdf, after(self.start, years))


@pytest.fixture(scope="module")
def decades(tmp_path_factory):
    folder = tmp_path_factory.mktemp("decades")
    clock = Calendar(dt.datetime.now(dt.UTC))
    keys = make_pki(folder / "dev", now=clock())
    firsts = {name: service_certificate(keys, name) for name in ("tsa", "ocsp-issuing", "ocsp-root", "issuing")}
    firsts["seal"] = read_key(seal_path(keys, AGENCY.seal.id), password_of(keys)).certificate
    with Authorities(keys, clock=clock):
        sealed, achieved, why = sealer_for(keys, clock=clock).seal(plain_pdf(), SLOTS, Level.B_LTA)
    assert (achieved, why) == (Level.B_LTA, None)

    clock.years = 7.5  # the same CA, a new key of its time-stamp authority
    new_service_keys(keys, clock())
    with Authorities(keys, clock=clock):
        once, achieved, why = sealer_for(keys, clock=clock).renew(sealed)
    assert (achieved, why) == (Level.B_LTA, None)

    clock.years = 11.5  # that CA ends soon: an authority under another root
    other = make_pki(folder / "other", now=clock(), algorithm="ecdsa-p384")
    (keys / "other.pem").write_bytes((other / "root.pem").read_bytes())
    with Authorities(keys, clock=clock), Authorities(other, clock=clock):
        twice, achieved, why = sealer_for(keys, clock=clock, tsa=describe(other).tsa_url).renew(once)
    assert (achieved, why) == (Level.B_LTA, None)
    ends = {name: (c.not_valid_after_utc - clock.start).days / 365.25 for name, c in firsts.items()}
    return Decades(clock.start, sealed, once, twice, sorted(keys.glob("*.pem")), ends)


def test_each_renewal_is_a_revision_of_its_own(decades):
    assert decades.once.startswith(decades.sealed)
    assert decades.twice.startswith(decades.once)
    fields = [s.field for s in decades.report(decades.twice, 12).signatures]
    assert fields == ["Seal", "DocumentTimeStamp1", "DocumentTimeStamp2", "DocumentTimeStamp3"]


def test_the_first_signature_outlives_its_certificate_its_responder_its_authority_and_its_ca(decades):
    assert max(decades.ends.values()) < 19
    report = decades.report(decades.twice, 19)
    assert report.indication is Indication.PASSED, report
    assert report.level is Level.B_LTA


@pytest.mark.parametrize("years", [0.1, 4.9, 5.1, 7.4])
def test_it_holds_all_the_years_until_the_first_renewal(decades, years):
    assert decades.report(decades.sealed, years).indication is Indication.PASSED


@pytest.mark.parametrize(
    ("file", "years"), [("sealed", 8.1), ("sealed", 19), ("once", 12.1), ("once", 19), ("twice", 20)]
)
def test_without_the_next_renewal_it_ends(decades, file, years):
    report = decades.report(getattr(decades, file), years)
    assert report.indication is Indication.INDETERMINATE
    assert report.sub_indication in {"OUT_OF_BOUNDS_NO_POE", "CERTIFICATE_CHAIN_GENERAL_FAILURE"}


@pytest.mark.parametrize(
    ("file", "first", "last"), [("sealed", 7.9, 8.1), ("once", 11.9, 12.1), ("twice", 19.4, 19.6)]
)
def test_the_sealer_knows_when_it_would_end(decades, file, first, last):
    keys = decades.anchors[0].parent
    until = sealer_for(keys).good_until(getattr(decades, file))
    assert after(decades.start, first) < until < after(decades.start, last)
    pdf = getattr(decades, file)
    verify = PdfVerifier(decades.anchors, isolated=False).verify
    assert verify(pdf, until - dt.timedelta(days=1)).indication is Indication.PASSED
    assert verify(pdf, until + dt.timedelta(days=1)).indication is Indication.INDETERMINATE


def test_a_renewal_that_comes_too_late_proves_nothing(tmp_path):
    clock = Calendar(dt.datetime.now(dt.UTC))
    keys = make_pki(tmp_path / "dev", now=clock())
    with Authorities(keys, clock=clock):
        sealed, _, _ = sealer_for(keys, clock=clock).seal(plain_pdf(), SLOTS, Level.B_LTA)
    clock.years = 8.5
    new_service_keys(keys, clock())
    with Authorities(keys, clock=clock):
        late, achieved, why = sealer_for(keys, clock=clock).renew(sealed)
    assert (late, achieved) == (sealed, Level.B_LTA)
    assert why


@pytest.fixture(scope="module")
def lasting(tmp_path_factory):
    """A file at B-LT, whose answers no time-stamp covers, and what becomes of it six years later."""
    clock = Calendar(dt.datetime.now(dt.UTC))
    keys = make_pki(tmp_path_factory.mktemp("lasting") / "dev", now=clock())
    with Authorities(keys, clock=clock):
        sealed, achieved, _ = sealer_for(keys, clock=clock).seal(plain_pdf(), SLOTS, Level.B_LT)
    assert achieved is Level.B_LT
    clock.years = 6  # the responders have ended, the time-stamp authority has not
    new_service_keys(keys, clock())
    with Authorities(keys, clock=clock):
        covered, achieved, _ = sealer_for(keys, clock=clock).lift(sealed, Level.B_LTA)
    assert achieved is Level.B_LTA

    def verify(pdf, years):
        return PdfVerifier([keys / "root.pem"], isolated=False).verify(pdf, after(clock.start, years))

    return sealed, covered, verify


def test_answers_count_as_long_as_their_responder_stands(lasting):
    sealed, _, verify = lasting
    report = verify(sealed, 4.9)
    assert (report.indication, report.level) == (Indication.PASSED, Level.B_LT)


@pytest.mark.parametrize("late", [False, True], ids=["nothing covers them", "a time-stamp from after its end"])
def test_answers_of_a_responder_that_has_ended_count_no_more(lasting, late):
    sealed, covered, verify = lasting
    report = verify(covered if late else sealed, 6.1)
    assert (report.indication, report.sub_indication) == (Indication.INDETERMINATE, "TRY_LATER")
    assert report.level is Level.B_T
