"""What production trusts: neither the row's case nor a file that lies in the store."""

from __future__ import annotations

import dataclasses
import datetime as dt
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa

from docsvc.adapters.db.database import SqlDatabase
from docsvc.adapters.processes import LinuxProcesses
from docsvc.adapters.stores.local import LocalStore
from docsvc.domain.canonical import sha256_hex
from docsvc.domain.custody import Quota
from docsvc.domain.document import State
from docsvc.domain.errors import SealError
from docsvc.domain.verdict import Indication, Report
from docsvc.pipeline.store import store
from docsvc.usecases.custody import Custody, WatchedKeys
from docsvc.usecases.intake import Intake
from docsvc.usecases.lease import Leases
from docsvc.usecases.produce import Production
from tests.support.cases import CHECK, FOLDER, laws, registry, sample

NOW = dt.datetime(2026, 11, 22, 12, tzinfo=dt.UTC)


class Everything:
    """Glyphs and Verifier in one; the stages that would make a file are not here."""

    indication = Indication.PASSED

    def undrawable(self, _text):
        return []

    def verify(self, pdf, at):
        return Report(sha256_hex(pdf), len(pdf), at, self.indication, (), ())


@pytest.fixture
def ports(tmp_path):
    database = SqlDatabase(f"sqlite:///{tmp_path / 'test.db'}")
    with database.begin() as tx:
        tx.agencies.save(registry().values())
    yield database, LocalStore(tmp_path / "objects"), Everything()
    database.close()


def accepted(database, everything):
    zone = ZoneInfo("Asia/Shanghai")
    return Intake(database, FOLDER, CHECK, everything, laws(), zone, lambda: NOW).accept(sample("advice")).row


def production(database, objects, everything):
    fields = {f.name: None for f in dataclasses.fields(Production)}
    leases = Leases(database, LinuxProcesses(), lambda: NOW, 60)
    mine = {"templates": FOLDER, "verifier": everything, "leases": leases, "clock": lambda: NOW}
    mine["custody"] = Custody(
        WatchedKeys(everything), lambda _seal: Quota(), ZoneInfo("Asia/Shanghai"), lambda: NOW
    )
    return Production(**{**fields, **mine, "database": database, "objects": objects})


def cut_off(database, objects, row, everything):
    """As a run leaves it that was killed after its files were stored and before the row said so."""
    files = {"docx_sha256": b"docx", "unsigned_sha256": b"unsigned", "signed_sha256": b"signed"}
    for data in (production(database, objects, everything)._accepted(row).case.canonical, *files.values()):
        store(data, objects)
    with database.begin() as tx:
        tx.documents.update(row.id, **{k: sha256_hex(v) for k, v in files.items()})


def test_a_stored_file_that_verifies_is_not_made_again(ports):
    database, objects, everything = ports
    row = accepted(database, everything)
    cut_off(database, objects, row, everything)
    assert production(*ports).produce(row.id).state is State.SEALED


def test_a_stored_file_that_does_not_verify_is_never_sealed(ports):
    database, objects, everything = ports
    row = accepted(database, everything)
    cut_off(database, objects, row, everything)
    everything.indication = Indication.FAILED
    with pytest.raises(SealError):
        production(*ports).produce(row.id)
    with database.begin() as tx:
        assert tx.documents.find(id=row.id).state is State.FAILED
        assert [e.type for e in tx.events.of(row.id)] == ["document.accepted"]


def test_a_case_altered_in_the_database_is_not_produced(ports, tmp_path):
    database, _, everything = ports
    row = accepted(database, everything)
    engine = sa.create_engine(f"sqlite:///{tmp_path / 'test.db'}")
    with engine.begin() as connection:
        altered = row.case_json.replace("鲜多多", "鲜少少")
        assert altered != row.case_json
        connection.execute(sa.text("UPDATE documents SET case_json = :c"), {"c": altered})
    engine.dispose()
    with pytest.raises(SealError, match="no longer the one"):
        production(*ports).produce(row.id)


def test_an_agency_that_left_the_registry_presses_no_seal(ports, tmp_path):
    database, _, everything = ports
    zone = ZoneInfo("Asia/Shanghai")
    intake = Intake(database, FOLDER, CHECK, everything, laws(), zone, lambda: NOW)
    row = intake.accept(sample("interview_notice", 3)).row
    assert [a.id for a in production(*ports)._accepted(row).sealing] == ["demo-market", "demo-enforcement"]
    engine = sa.create_engine(f"sqlite:///{tmp_path / 'test.db'}")
    with engine.begin() as connection:
        connection.execute(sa.text("DELETE FROM agencies WHERE id = 'demo-enforcement'"))
    engine.dispose()
    with pytest.raises(SealError, match="no longer in the registry"):
        production(*ports).produce(row.id)
