"""A seal is used only for what was just made of its case, and within its quota; every use is an event."""

from __future__ import annotations

import dataclasses
import datetime as dt
from zoneinfo import ZoneInfo

import pytest

from docsvc.adapters.db.database import SqlDatabase
from docsvc.adapters.processes import LinuxProcesses
from docsvc.adapters.stores.local import LocalStore
from docsvc.domain.access import Permission, Principal
from docsvc.domain.canonical import sha256_hex
from docsvc.domain.custody import Quota, UseState
from docsvc.domain.document import Filled, LaidOut, Level, Sealed, State
from docsvc.domain.errors import KeyAwayError, QuotaError, SealError
from docsvc.domain.job import KEY_AWAY_S, MAX_ATTEMPTS
from docsvc.domain.leaf import parse_opening
from docsvc.domain.verdict import Indication, Report
from docsvc.usecases import produce as producing
from docsvc.usecases.custody import Custody, WatchedKeys, accounts
from docsvc.usecases.intake import Intake
from docsvc.usecases.lease import Leases
from docsvc.usecases.produce import Production
from docsvc.usecases.template_versions import TemplateVersions
from tests.support.cases import CHECK, FOLDER, changed, laws, registry, sample

ZONE = ZoneInfo("Asia/Shanghai")
NOON = dt.datetime(2026, 11, 22, 4, tzinfo=dt.UTC)
SYSTEM = Principal("client", "c-1", "办案系统", None, frozenset({Permission.CREATE}))


@dataclasses.dataclass
class Key:
    """A seal's key that signs anything."""

    world: World
    chain: tuple[bytes, ...]
    other: bool = False  # of the other kind
    door = "pkcs11"
    digest = "sha256"

    @property
    def development(self):
        return self.world.development is not self.other

    def sign_detached(self, _digest, _stamp):
        return b"signature"


class World:
    """Clock, glyphs, keys, verifier and the stages of production: what a seal is pressed on, and when."""

    development = True
    roots = ()
    chosen = 0  # of the keys that the sealer may use
    mixed = False  # is one key of development and the other not?
    marked = None  # was the layout to be marked as test data?

    def __init__(self):
        self.keys = WatchedKeys(self)
        self.now, self.quota, self.away, self.pressed, self.altered = NOON, Quota(), set(), [], False

    def clock(self):
        return self.now

    def undrawable(self, _text):
        return []

    def all_of(self, design):
        if "key" in self.away:
            raise KeyAwayError(f"令牌没有响应；no answer: {design.id}")
        return [Key(self, (b"certificate",)), Key(self, (b"next certificate",), self.mixed)]

    def verify(self, pdf, at):
        return Report(sha256_hex(pdf), len(pdf), at, Indication.PASSED, (), ())

    def good_until(self, _pdf):
        return None

    # the stages

    def render(self, *_):
        return Filled(b"docx", sha256_hex(b"docx"))

    def convert(self, _filled, *_, test_data):
        self.marked = test_data
        return LaidOut(b"other" if self.altered else b"unsigned", sha256_hex(b"unsigned"), 1)

    def seal(self, laid_out, accepted, target, *_):
        if "sealing" in self.away:
            raise KeyAwayError("令牌没有响应；no answer")
        if "process" in self.away:
            raise KeyboardInterrupt
        for agency in accepted.sealing:
            self.keys.all_of(agency.seal)[self.chosen].sign_detached(b"digest")
        self.pressed.append(laid_out.sha256)
        return Sealed(b"signed", sha256_hex(b"signed"), target, Level.B_LTA, None)


@pytest.fixture
def world(monkeypatch):
    made = World()
    for stage in ("render", "convert", "seal"):
        monkeypatch.setattr(producing, stage, getattr(made, stage))
    return made


@pytest.fixture
def database(tmp_path):
    opened = SqlDatabase(f"sqlite:///{tmp_path / 'test.db'}")
    with opened.begin() as tx:
        tx.agencies.save(registry().values())
    yield opened
    opened.close()


@pytest.fixture
def production(database, world, tmp_path):
    objects = LocalStore(tmp_path / "objects")
    given = {
        "database": database,
        "templates": FOLDER,
        "versions": TemplateVersions(FOLDER, objects),
        "objects": objects,
        "verifier": world,
        "sealer": world,
        "custody": Custody(world.keys, lambda _seal: world.quota, ZONE, world.clock),
        "leases": Leases(database, LinuxProcesses(), world.clock, 60),
        "clock": world.clock,
    }
    return Production(**{f.name: None for f in dataclasses.fields(Production)} | given)


@pytest.fixture
def accept(database, world):
    intake = Intake(database, FOLDER, CHECK, world, laws(), ZONE, world.clock)

    def made(name="advice", n=1, principal=None, **changes):
        return intake.accept(changed(sample(name, n), changes), principal=principal).row

    return made


def uses(database, seal_id="SEAL-TEST-MKT"):
    with database.read() as tx:
        return list(tx.seal_uses.list(seal_id, None, None))


def events(database, row):
    with database.read() as tx:
        return [(e.type, parse_opening(e.opening)) for e in tx.events.of(row.id)]


def row_of(database, row):
    with database.read() as tx:
        return tx.documents.find(id=row.id)


def test_a_use_is_bound_to_what_was_sealed_and_to_what_came_of_it(database, production, world, accept):
    row = production.produce(accept(principal=SYSTEM).id)
    assert world.marked
    (use,) = uses(database)
    assert use.state is UseState.KEPT
    assert (use.unsigned_sha256, use.signed_sha256) == (row.unsigned_sha256, row.signed_sha256)
    assert (use.agency_id, use.certificate_sha256, use.door) == (
        "demo-market",
        sha256_hex(b"certificate"),
        "pkcs11",
    )
    (_, accepted), (kind, begun), (_, sealed) = events(database, row)
    assert kind == "seal.used"
    assert begun.sha256 == {**sealed.sha256, "signed": None}
    assert begun.detail == {
        "use": use.id,
        "seal": "SEAL-TEST-MKT",
        "agency": "demo-market",
        "certificate": use.certificate_sha256,
        "door": "pkcs11",
        "by": {"kind": "client", "id": "c-1", "name": "办案系统"},
    }
    assert dict(use.asked_by) == begun.detail["by"] == accepted.detail["by"]
    assert sealed.detail["seals"] == [{k: v for k, v in begun.detail.items() if k != "by"}]
    assert accepted.sha256["unsigned"] is None


def test_the_sealer_is_not_given_a_key_of_the_other_kind(database, production, world, accept):
    """Where the first is not trusted the sealer takes the next: an old one of development, perhaps."""
    world.mixed, world.chosen = True, -1
    production.produce(accept().id)
    (use,) = uses(database)
    assert use.certificate_sha256 == sha256_hex(b"certificate")


def test_a_key_that_was_replaced_by_one_of_the_other_kind_is_not_used(world):
    design = next(iter(registry().values())).seal
    world.keys.begin(development=False)
    with pytest.raises(SealError, match="must not seal"):
        world.keys.all_of(design)
    assert world.keys.of(design).development


def test_the_certificate_is_that_of_the_key_that_was_operated(database, production, world, accept):
    """While one key follows another, the sealer takes the next where the first is not trusted."""
    world.chosen = 1
    row = production.produce(accept().id)
    (use,) = uses(database)
    assert use.certificate_sha256 == sha256_hex(b"next certificate")
    sealed = next(opening for kind, opening in events(database, row) if kind == "document.sealed")
    assert sealed.detail["seals"][0]["certificate"] == use.certificate_sha256


def test_a_joint_document_is_a_use_of_each_seal(database, production, accept):
    production.produce(accept("interview_notice", n=3).id)
    assert [len(uses(database, seal)) for seal in ("SEAL-TEST-MKT", "SEAL-TEST-ZF")] == [1, 1]


def test_a_pdf_that_is_not_the_one_just_made_is_not_sealed(database, production, world, accept):
    row, world.altered = accept(), True
    with pytest.raises(SealError, match="no seal is used"):
        production.produce(row.id)
    assert (uses(database), world.pressed) == ([], [])
    assert [kind for kind, _ in events(database, row)] == ["document.accepted"]
    assert row_of(database, row).unsigned_sha256 is None


@pytest.mark.parametrize(("test_data", "development"), [(True, False), (False, True)])
def test_test_keys_and_real_cases_never_meet(database, production, world, accept, test_data, development):
    row = accept(test_data=test_data)
    world.development = development
    with pytest.raises(SealError, match="must not be sealed"):
        production.produce(row.id)
    assert row_of(database, row).state is State.FAILED
    assert uses(database) == []


def test_a_real_case_is_sealed_with_a_real_key(production, world, accept):
    world.development = False
    row = production.produce(accept(test_data=False).id)
    assert row.state is State.SEALED
    assert not world.marked


def test_over_the_quota_a_document_waits_until_it_opens_again(database, production, world, accept):
    world.quota = Quota(daily=1)
    production.produce(accept().id)
    second = accept("reminder")
    for _ in range(MAX_ATTEMPTS + 1):  # as often as it takes
        with pytest.raises(QuotaError, match="本日1次"):
            production.produce(second.id)
    waiting = row_of(database, second)
    assert (waiting.state, waiting.retryable, waiting.attempts) == (State.ACCEPTED, True, 1)
    assert "2026-11-23 00:00" in waiting.reason
    assert len(uses(database)) == len(world.pressed) == 1
    midnight = dt.datetime(2026, 11, 23, tzinfo=ZONE)
    with database.read() as tx:
        assert second.id not in tx.jobs.due(midnight - dt.timedelta(seconds=1), 10)
        assert second.id in tx.jobs.due(midnight, 10)
    world.now = midnight.astimezone(dt.UTC)
    assert production.produce(second.id).state is State.SEALED


def test_a_joint_document_waits_where_one_of_its_seals_may_not_be_used(database, production, world, accept):
    world.quota = Quota(hourly=1)
    production.produce(accept().id)
    with pytest.raises(QuotaError):
        production.produce(accept("interview_notice", n=3).id)
    assert uses(database, "SEAL-TEST-ZF") == []


@pytest.mark.parametrize("when", ["key", "sealing"])
def test_a_key_that_is_away_is_waited_for_as_long_as_it_takes(database, production, world, accept, when):
    row = accept()
    world.away = {when}
    for _ in range(MAX_ATTEMPTS + 1):
        with pytest.raises(KeyAwayError):
            production.produce(row.id)
    waiting = row_of(database, row)
    assert (waiting.state, waiting.reason.split("；")[0]) == (State.ACCEPTED, "令牌没有响应")
    assert waiting.signed_sha256 is None
    with database.read() as tx:
        assert tx.jobs.due(world.now + dt.timedelta(seconds=KEY_AWAY_S), 10) == [row.id]
    # Begun or not: what the key may have signed is counted.
    begun = {use.state for use in uses(database)}
    assert begun == ({UseState.FAILED} if when == "sealing" else set())
    world.away = set()
    assert production.produce(row.id).state is State.SEALED
    assert [use.state for use in uses(database)].count(UseState.KEPT) == 1


def test_a_use_whose_process_died_is_seen_and_settled_by_the_next(database, production, world, accept):
    row = accept()
    world.away = {"process"}
    with pytest.raises(KeyboardInterrupt):
        production.produce(row.id)
    (begun,) = uses(database)
    assert begun.state is UseState.BEGUN
    world.away, world.now = set(), NOON + dt.timedelta(minutes=5)
    production.produce(row.id)
    assert sorted(use.state for use in uses(database)) == [UseState.FAILED, UseState.KEPT]
    assert [kind for kind, _ in events(database, row)].count("seal.used") == 2


def test_the_report_tells_quota_and_every_use(database, production, world, accept):
    world.quota = Quota(daily=9)
    row = production.produce(accept().id)
    (market,) = accounts(database, lambda _seal: world.quota, ZONE, world.now, ("SEAL-TEST-MKT", None, None))
    assert (market.quota, market.today, market.this_hour) == (Quota(9), 1, 1)
    (entry,) = market.entries
    assert (entry.number, entry.doc_type, entry.use.state) == (row.number, "advice", UseState.KEPT)
    later = (None, NOON + dt.timedelta(days=1), None)
    everything = list(accounts(database, lambda _seal: world.quota, ZONE, world.now, later))
    assert {a.agency.id for a in everything} == {"demo-market", "demo-enforcement"}
    assert [list(a.entries) for a in everything] == [[], []]
