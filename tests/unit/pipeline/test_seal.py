"""The stage: what it asks of its ports, and when it refuses what they bring."""

from __future__ import annotations

import dataclasses
import datetime as dt
import types

import pytest

from docsvc.domain.canonical import sha256_hex
from docsvc.domain.document import LaidOut, Level, SealPlace, Slot
from docsvc.domain.errors import SealError
from docsvc.domain.joint import arrange
from docsvc.domain.verdict import Check, Indication, Report
from docsvc.pipeline.seal import chinese_date, seal
from tests.support.sealing import AGENCY as SEALED
from tests.support.sealing import agency

NOW = dt.datetime(2026, 11, 22, tzinfo=dt.UTC)
PLACE = SealPlace(0, 1, 2)
# Its seal's words differ from the name that stands under the document, so that a mix-up shows.
AGENCY = dataclasses.replace(SEALED, name="浙江省" + SEALED.name)


def accepted(*, cross_page_seal=False, joint=()):
    manifest = types.SimpleNamespace(cross_page_seal=cross_page_seal)
    return types.SimpleNamespace(
        agency=AGENCY,
        joint=joint,
        sealing=joint or (AGENCY,),
        case=types.SimpleNamespace(issue_date=dt.date(2026, 3, 5)),
        doc_type=types.SimpleNamespace(manifest=manifest),
    )


LAID_OUT = LaidOut(b"unsigned", sha256_hex(b"unsigned"), 1)


class Ports:
    """Pages, Sealer and Verifier in one, that remember."""

    def __init__(self, achieved, indication):
        self.achieved = achieved
        self.indication = indication
        self.asked = []

    def seal_place(self, pdf, name, date, diameter_mm):
        self.asked.append((pdf, name, date, diameter_mm))
        return PLACE

    def joint_places(self, pdf, rows, date, diameters_mm):
        self.asked.append((pdf, rows, date, diameters_mm))
        return [SealPlace(0, n, n) for n in range(len(diameters_mm))]

    def seal(self, pdf, slots, level):
        self.asked.append((pdf, slots, level))
        return b"signed", self.achieved, None if self.achieved is level else "a reason"

    def verify(self, pdf, at):
        self.asked.append((pdf, at))
        check = Check("byte-range", self.indication, "坏", "broken")
        return Report(sha256_hex(pdf), len(pdf), at, self.indication, (), (check,))


def run(achieved, indication, **manifest):
    ports = Ports(achieved, indication)
    return ports, seal(LAID_OUT, accepted(**manifest), Level.B_LTA, ports, ports, ports, NOW)


def test_the_seal_stands_over_name_and_date_and_the_result_is_verified():
    ports, sealed = run(Level.B_LTA, Indication.PASSED)
    assert ports.asked == [
        (b"unsigned", AGENCY.name, "2026年3月5日", AGENCY.seal.diameter_mm),
        (b"unsigned", [Slot(PLACE, AGENCY.seal)], Level.B_LTA),
        (b"signed", NOW),
    ]
    assert (sealed.pdf, sealed.sha256) == (b"signed", sha256_hex(b"signed"))
    assert (sealed.target, sealed.achieved, sealed.shortfall) == (Level.B_LTA, Level.B_LTA, None)


@pytest.mark.parametrize("wanted", [True, False])
def test_the_manifest_decides_on_the_seal_across_the_pages(wanted):
    ports, _ = run(Level.B_LTA, Indication.PASSED, cross_page_seal=wanted)
    assert ports.asked[1][1][0].place == SealPlace(0, 1, 2, across_pages=wanted)


def test_of_several_agencies_each_seals_in_its_order_and_the_first_across_the_pages():
    agencies = (AGENCY, agency(2, "舟山市示例区公安局"), agency(3, "舟山市示例区教育局"))
    ports, _ = run(Level.B_LTA, Indication.PASSED, joint=agencies, cross_page_seal=True)
    assert ports.asked[0] == (b"unsigned", arrange(agencies).rows, "2026年3月5日", [42, 42, 42])
    slots = ports.asked[1][1]
    assert [(s.field, s.design) for s in slots] == [
        (field, a.seal) for field, a in zip(("Seal", "Seal2", "Seal3"), agencies, strict=True)
    ]
    assert [s.place for s in slots] == [SealPlace(0, n, n, across_pages=n == 0) for n in range(3)]


@pytest.mark.parametrize("level", [Level.B_B, Level.B_T])
def test_below_b_lt_an_open_verdict_is_expected_and_the_shortfall_recorded(level):
    _, sealed = run(level, Indication.INDETERMINATE)
    assert (sealed.achieved, sealed.shortfall) == (level, "a reason")


@pytest.mark.parametrize("level", [Level.B_LT, Level.B_LTA])
def test_from_b_lt_on_an_open_verdict_is_a_fault(level):
    with pytest.raises(SealError, match="坏"):
        run(level, Indication.INDETERMINATE)


@pytest.mark.parametrize("level", list(Level))
def test_a_failed_verdict_is_a_fault_at_any_level(level):
    with pytest.raises(SealError, match="verification"):
        run(level, Indication.FAILED)


@pytest.mark.parametrize(
    ("date", "text"), [(dt.date(2026, 1, 1), "2026年1月1日"), (dt.date(2026, 12, 31), "2026年12月31日")]
)
def test_dates_have_no_leading_zeros(date, text):
    assert chinese_date(date) == text
