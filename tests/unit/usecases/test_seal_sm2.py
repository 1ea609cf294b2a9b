"""The SM2 copy: made once, of the very unsigned PDF, bound by an event; and what keeps it from being made."""

from __future__ import annotations

import datetime as dt
import types
from zoneinfo import ZoneInfo

import pytest

from docsvc.adapters.processes import LinuxProcesses
from docsvc.adapters.stores.local import LocalStore
from docsvc.domain.canonical import sha256_hex
from docsvc.domain.custody import Quota, SealUse, UseState
from docsvc.domain.document import SealPlace, State
from docsvc.domain.errors import BusyError, ConflictError, NotFoundError, QuotaError, SealError
from docsvc.domain.leaf import parse_opening
from docsvc.domain.sm2 import profile_check
from docsvc.domain.verdict import Check, Indication, Report
from docsvc.pipeline.store import object_key, store
from docsvc.usecases.custody import Custody, WatchedKeys
from docsvc.usecases.intake import Intake
from docsvc.usecases.lease import Leases
from docsvc.usecases.seal_sm2 import Sm2Copies, sm2_digest
from tests.support.cases import CHECK, FOLDER, laws, registry, sample

NOW = dt.datetime(2026, 11, 22, 12, tzinfo=dt.UTC)
UNSIGNED = b"%PDF-1.7 unsigned"


class World:
    """Glyphs, Pages, SealKeys, Sm2Sealer and Verifier in one."""

    def __init__(self):
        self.development = True
        self.fault = None
        self.sealed = 0
        self.quota = Quota()
        self.hook = lambda: None

    def undrawable(self, _text):
        return []

    def seal_place(self, pdf, _name, _date, _diameter):
        assert pdf == UNSIGNED
        return SealPlace(0, 1, 2)

    roots = ()

    def of(self, _design):
        return types.SimpleNamespace(development=self.development, door="sm2", chain=(b"certificate",))

    def all_of(self, design):
        return [self.of(design)]

    def seal(self, pdf, slots):
        assert (pdf, [s.field for s in slots]) == (UNSIGNED, ["Seal"])
        self.hook()
        self.sealed += 1
        return pdf + b" sealed %d" % self.sealed

    def verify(self, pdf, at):
        checks = (profile_check(holds=True), *((self.fault,) if self.fault else ()))
        return Report(sha256_hex(pdf), len(pdf), at, Indication.INDETERMINATE, (), checks)


@pytest.fixture
def world():
    return World()


@pytest.fixture
def objects(tmp_path):
    return LocalStore(tmp_path / "objects")


@pytest.fixture
def leases(database):
    return Leases(database, LinuxProcesses(), lambda: NOW, 60)


@pytest.fixture
def copies(database, objects, world, leases):
    custody = Custody(WatchedKeys(world), lambda _seal: world.quota, ZoneInfo("Asia/Shanghai"), lambda: NOW)
    return Sm2Copies(database, FOLDER, world, world, custody, world, world, objects, leases, lambda: NOW)


@pytest.fixture
def row(database, objects, world):
    """A sealed document, with what its copy is made from."""
    with database.begin() as tx:
        tx.agencies.save(registry().values())
    zone = ZoneInfo("Asia/Shanghai")
    row = Intake(database, FOLDER, CHECK, world, laws(), zone, lambda: NOW).accept(sample("advice")).row
    store(UNSIGNED, objects)
    with database.begin() as tx:
        digests = {"unsigned_sha256": sha256_hex(UNSIGNED), "signed_sha256": sha256_hex(b"signed")}
        tx.documents.update(row.id, state=State.SEALED, **digests)
        return tx.documents.find(id=row.id)


def events(database, row, kind="document.sm2_sealed"):
    with database.read() as tx:
        return [e for e in tx.events.of(row.id) if e.type == kind]


def uses(database):
    with database.read() as tx:
        return tx.seal_uses.list("SEAL-TEST-MKT", None, None)


def test_it_is_made_once_and_bound_by_an_event(copies, database, objects, world, row):
    made, pdf = copies.make(row.id)
    assert made == row
    assert copies.make(row.id) == (row, pdf)
    assert world.sealed == 1
    assert objects.get(object_key(sha256_hex(pdf))) == pdf
    (event,) = events(database, row)
    detail = {"profile": "docsvc-sm2", "sha256": sha256_hex(pdf), "size": len(pdf)}
    (use,) = uses(database)
    told = {"use": use.id, "seal": use.seal_id, "agency": use.agency_id, "certificate": use.certificate_sha256}
    assert dict(parse_opening(event.opening).detail) == {**detail, "seals": [{**told, "door": "sm2"}]}
    with database.read() as tx:
        assert sm2_digest(tx, row.id) == sha256_hex(pdf)
        assert tx.documents.find(id=row.id) == row  # the document of record is untouched


def test_one_that_does_not_hold_is_not_kept(copies, database, world, row):
    world.fault = Check.failed(5, "signature-value", "SIG_CRYPTO_FAILURE", "签名值不正确", "wrong")
    with pytest.raises(SealError, match="签名值不正确"):
        copies.make(row.id)
    assert events(database, row) == []
    world.fault = None
    assert copies.make(row.id)[1].endswith(b"sealed 2")  # the lease was given back


def test_test_data_is_never_sealed_with_a_production_key(copies, database, world, row):
    world.development = False
    with pytest.raises(SealError, match="test data"):
        copies.make(row.id)
    assert (events(database, row), world.sealed) == ([], 0)


@pytest.mark.parametrize("state", [State.ACCEPTED, State.FAILED, State.VOIDED])
def test_only_a_sealed_document_has_one(copies, database, row, state):
    with database.begin() as tx:
        tx.documents.update(row.id, state=state)
    with pytest.raises(ConflictError):
        copies.make(row.id)


def test_no_document_no_copy(copies):
    with pytest.raises(NotFoundError):
        copies.make("00000000-0000-0000-0000-000000000000")


def test_while_another_works_on_the_document_it_waits(copies, leases, row):
    with leases.hold(row.id), pytest.raises(BusyError):
        copies.make(row.id)


def test_a_use_of_the_seal_s_sm2_key_is_told_before_the_key_is_operated(copies, database, world, row):
    def look():
        (use,) = uses(database)
        assert (use.state, use.door, use.unsigned_sha256) == (UseState.BEGUN, "sm2", row.unsigned_sha256)
        (event,) = events(database, row, "seal.used")
        assert parse_opening(event.opening).detail["use"] == use.id

    world.hook = look
    _, pdf = copies.make(row.id)
    (use,) = uses(database)
    assert (use.state, use.signed_sha256, use.certificate_sha256) == (
        UseState.KEPT,
        sha256_hex(pdf),
        sha256_hex(b"certificate"),
    )


def test_a_use_that_nothing_came_of_says_why(copies, database, world, row):
    world.fault = Check.failed(5, "signature-value", "SIG_CRYPTO_FAILURE", "签名值不正确", "wrong")
    with pytest.raises(SealError):
        copies.make(row.id)
    (use,) = uses(database)
    assert use.state is UseState.FAILED
    assert "签名值不正确" in use.reason


def test_an_internal_fault_settles_the_use_without_its_words(copies, database, world, row):
    def fault():
        raise RuntimeError("a secret")

    world.hook = fault
    with pytest.raises(RuntimeError):
        copies.make(row.id)
    (use,) = uses(database)
    assert (use.state, use.reason) == (UseState.FAILED, "程序内部错误；internal fault: RuntimeError")


def test_what_a_process_began_that_was_killed_is_settled_by_the_next(copies, database, world, row):
    def killed():
        raise KeyboardInterrupt

    world.hook = killed
    with pytest.raises(KeyboardInterrupt):
        copies.make(row.id)
    world.hook = lambda: None
    copies.make(row.id)
    assert sorted(use.state for use in uses(database)) == [UseState.FAILED, UseState.KEPT]


def test_the_quota_bounds_copies_for_themselves(copies, database, world, row):
    """A seal's documents and their copies are made with two keys, each within the same quota."""
    world.quota = Quota(daily=1)
    with database.begin() as tx:
        began = SealUse("u-1", "SEAL-TEST-MKT", "demo-market", row.id, "c", "pkcs12", {}, "u", NOW, UseState.KEPT)
        tx.seal_uses.add(began)
    copies.make(row.id)
    with database.begin() as tx:
        assert tx.seal_uses.count("SEAL-TEST-MKT", NOW) == 1
        assert tx.seal_uses.count("SEAL-TEST-MKT", NOW, sm2=True) == 1


def test_beyond_the_quota_no_copy_is_made(copies, database, world, row):
    world.quota = Quota(daily=0)
    with pytest.raises(QuotaError):
        copies.make(row.id)
    assert (uses(database), events(database, row, "seal.used"), world.sealed) == ([], [], 0)
