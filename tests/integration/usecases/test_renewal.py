"""Renewal with a real sealer, verifier, store and log, while years pass."""

from __future__ import annotations

import datetime as dt

import pytest

from docsvc.adapters.pades.verifier import PdfVerifier
from docsvc.adapters.pki.authorities import Authorities
from docsvc.adapters.processes import LinuxProcesses
from docsvc.bootstrap import open_templates
from docsvc.domain.document import Level, Slot, State
from docsvc.domain.leaf import RENEWED, SEALED, parse_opening
from docsvc.pipeline.store import object_key
from docsvc.usecases.lease import Leases
from docsvc.usecases.upgrade import Upgrade, due_renewals, lapsed, unread_renewals
from tests.support.later import after, new_service_keys
from tests.support.registry_office import RegistryOffice
from tests.support.sealing import AGENCY, PLACE, make_pki, plain_pdf, sealer_for

LEAD = dt.timedelta(days=365)
SLOTS = [Slot(PLACE, AGENCY.seal)]


class Archive:
    """A registry office with one document that is really sealed, and a clock that is set by years."""

    def __init__(self, folder):
        self.start = dt.datetime.now(dt.UTC)
        self.years = 0.0
        self.keys = make_pki(folder / "dev", now=self.start)
        self.office = RegistryOffice(folder / "office")
        with Authorities(self.keys, clock=self.clock):
            pdf, achieved, _ = sealer_for(self.keys, clock=self.clock).seal(plain_pdf(), SLOTS, Level.B_LTA)
        assert achieved is Level.B_LTA
        row = self.office.seal(self.office.accept())  # its case, Word file and unsigned PDF
        self.row = self.office._signed(row, SEALED, pdf, achieved_level=Level.B_LTA)
        self.office.sequence()

    def clock(self):
        return after(self.start, self.years)

    def newest(self):
        return self.office.row(self.row.id)

    def upgrade(self, objects=None):
        return Upgrade(
            self.office.database,
            open_templates(),
            sealer_for(self.keys, clock=self.clock),
            PdfVerifier([self.keys / "root.pem"], isolated=False),
            objects or self.office.objects,
            Leases(self.office.database, LinuxProcesses(), self.clock, 60),
            self.clock,
        )

    def due(self):
        return due_renewals(self.office.database, self.clock(), LEAD)


@pytest.fixture
def archive(tmp_path):
    archive = Archive(tmp_path)
    yield archive
    archive.office.close()


def test_a_document_from_before_is_looked_into_once(archive):
    assert archive.newest().renew_before is None
    (unread,) = unread_renewals(archive.office.database)
    looked = archive.upgrade().look(unread)
    assert after(archive.start, 7.9) < looked.renew_before < after(archive.start, 8.1)
    assert unread_renewals(archive.office.database) == []
    assert archive.due() == []
    assert looked.state is State.RECORDED, "nothing has become of the document"


def test_it_is_renewed_in_time_stored_and_recorded(archive):
    archive.upgrade().look(archive.row)
    archive.years = 7.5
    (due,) = archive.due()
    new_service_keys(archive.keys, archive.clock())
    with Authorities(archive.keys, clock=archive.clock):
        renewed = archive.upgrade().renew(due)
    assert (renewed.gained, renewed.shortfall) == (True, None)
    row = archive.newest()
    assert (row.state, row.achieved_level) == (State.SEALED, Level.B_LTA)
    assert after(archive.start, 11.9) < row.renew_before < after(archive.start, 12.1)
    before, now = archive.office.pdf(archive.row), archive.office.objects.get(object_key(row.signed_sha256))
    assert now.startswith(before)
    assert len(now) == row.size > len(before)
    with archive.office.database.read() as tx:
        event = tx.events.of(row.id)[-1]
    assert event.type == RENEWED
    assert parse_opening(event.opening).detail == {"continues": archive.row.signed_sha256}
    assert archive.due() == []
    archive.office.sequence()
    assert archive.newest().state is State.RECORDED
    assert archive.office.fsck() == []


def test_an_authority_that_ends_as_soon_gains_nothing_and_leaves_no_trace(archive):
    archive.upgrade().look(archive.row)
    archive.years = 7.5
    before = sorted(archive.office.objects.keys("sha256/"))
    row = archive.newest()
    # The time-stamp authority has its old key still; its responders are new, so that there is evidence.
    new_service_keys(archive.keys, archive.clock(), ("ocsp-root", "ocsp-issuing"))
    with Authorities(archive.keys, clock=archive.clock):
        outcome = archive.upgrade().renew(row)
    assert not outcome.gained
    assert "hardly later" in outcome.shortfall
    assert archive.newest() == row
    assert sorted(archive.office.objects.keys("sha256/")) == before


def test_without_an_authority_it_stays_as_it_is_and_says_why(archive):
    archive.upgrade().look(archive.row)
    archive.years = 7.5
    outcome = archive.upgrade().renew(archive.newest())
    assert not outcome.gained
    assert outcome.shortfall
    assert archive.due()


class Cut(Exception):  # noqa: N818 - a kill, as a test can have it
    """The process ends here."""


def test_a_kill_between_store_and_database_loses_nothing(archive, monkeypatch):
    archive.upgrade().look(archive.row)
    archive.years = 7.5
    new_service_keys(archive.keys, archive.clock())
    row, objects = archive.newest(), archive.office.objects
    with Authorities(archive.keys, clock=archive.clock):
        upgrade = archive.upgrade()
        put = objects.put

        def put_and_die(*words, **options):
            put(*words, **options)
            raise Cut

        with monkeypatch.context() as patched:
            patched.setattr(objects, "put", put_and_die)
            with pytest.raises(Cut):
                upgrade.renew(row)
        assert archive.newest() == row
        assert archive.office.fsck() == []
        assert archive.upgrade().renew(row).gained
    archive.office.sequence()
    assert archive.office.fsck() == []


def test_one_that_nobody_renewed_in_time_is_reported_and_not_renewed(archive):
    archive.upgrade().look(archive.row)
    archive.years = 8.5
    assert archive.due() == []
    assert [row.id for row in lapsed(archive.office.database, archive.clock())] == [archive.row.id]
