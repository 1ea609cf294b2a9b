"""Envelopes on a real database: who may do what and when, what a cut-off run leaves, what a fault leaves."""

from __future__ import annotations

import concurrent.futures
import json

import pytest

from docsvc.domain.access import Permission, Principal
from docsvc.domain.canonical import sha256_hex
from docsvc.domain.document import State
from docsvc.domain.errors import (
    BusyError,
    ConflictError,
    ForbiddenError,
    LinkGoneError,
    SealError,
    SignatureRefusedError,
    StoreError,
    UsageError,
)
from docsvc.domain.signature import Channel, Given, SlotState
from docsvc.domain.verdict import Indication
from docsvc.pipeline.store import object_key
from tests.support.paper import UNSIGNED, Desk
from tests.support.portal import Portal
from tests.support.signing import handwriting

EVERYTHING = frozenset(Permission)
OFFICER = Principal("user", "u-1", "张三", "demo-market", EVERYTHING)
CHEN, WANG = ("陈测甲 TEST33099900001".encode(),), ("王测乙 TEST33099900002".encode(),)


@pytest.fixture(scope="module")
def pattern(tmp_path_factory):
    """Folder of a portal that nobody has used: making tables anew is slow."""
    folder = tmp_path_factory.mktemp("envelopes") / "empty"
    Portal(folder).close()
    return folder


@pytest.fixture
def portal(tmp_path, pattern):
    portal = Portal(tmp_path / "portal", pattern)
    yield portal
    portal.close()


@pytest.fixture
def desk(portal):
    return Desk(portal)


def drawn(desk, row, field="Party"):
    """Signed by hand, as far as the web process goes."""
    hand = desk.portal.service.hand_signing
    link = hand.link(OFFICER, row.id, field, Channel.SMS, 30)
    hand.give(link.address.partition("#")[2], link.code, handwriting())


def signed_by_hand(desk, row, field="Party"):
    drawn(desk, row, field)
    return desk.completion.advance(row.id)


def prepared(desk, row, field="Officer", chain=CHEN):
    return desk.portal.service.remote_signing.prepare(OFFICER, row.id, field, chain)


def given(desk, row, field="Officer", chain=CHEN, value=b"right"):
    pending = prepared(desk, row, field, chain)
    return desk.portal.service.remote_signing.give(OFFICER, row.id, field, pending.id, Given(value=value))


def test_all_sign_and_the_document_goes_on_to_be_sealed(desk, portal):
    row = desk.laid_out()
    assert signed_by_hand(desk, row).state is State.AWAITING_SIGNATURES
    given(desk, row)
    desk.completion.advance(row.id)
    given(desk, row, "Officer2", WANG)
    desk.completion.advance(row.id)
    assert not desk.due(row.id)
    given(desk, row, "Recorder", ("郑测戊 TEST33099900005".encode(),))
    assert desk.due(row.id)
    assert desk.completion.advance(row.id).state is State.RENDERING
    assert desk.due(row.id)  # to be sealed
    newest = portal.office.objects.get(object_key(desk.slot(row.id, "Recorder").revision_sha256))
    assert newest.startswith(UNSIGNED)
    first = newest.removeprefix(UNSIGNED).splitlines()[0].decode()
    assert first.endswith("then ['Officer', 'Officer2', 'Recorder', 'Seal']")
    assert portal.events(row.id) == ["document.accepted", *["document.signed"] * 4]
    assert desk.slot(row.id, "Party").given is None  # the picture is in the document now


def test_what_the_log_keeps_of_a_mark_by_hand(desk, portal):
    row = desk.laid_out()
    signed_by_hand(desk, row)
    told = portal.service.search.history(OFFICER, row.id)[-1]
    evidence = told.detail["evidence"]
    assert (told.detail["name"], told.detail["field"], told.detail["level"]) == ("林示例", "Party", "B-T")
    assert (evidence["channel"], evidence["code_confirmed"]) == ("sms", True)
    assert evidence["picture"] == sha256_hex(handwriting())
    with portal.office.database.read() as tx:
        leaf = tx.events.of(row.id)[-1].entry
    assert "林示例".encode() not in leaf
    assert desk.slot(row.id, "Party").revision_sha256.encode() in leaf


def test_a_run_that_is_cut_off_after_its_file_was_stored_does_not_sign_again(desk, portal, monkeypatch):
    row = desk.laid_out()
    drawn(desk, row)
    monkeypatch.setattr(type(desk.completion), "_finish", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        desk.completion.advance(row.id)
    monkeypatch.undo()
    left = desk.slot(row.id, "Party")
    assert (left.state, portal.events(row.id)) == (SlotState.GIVEN, ["document.accepted"])
    release(portal, row)
    desk.completion.advance(row.id)
    assert desk.pen.signed == 1
    assert desk.slot(row.id, "Party").revision_sha256 == left.revision_sha256
    assert portal.events(row.id)[1:] == ["document.signed"]


def test_a_run_that_is_cut_off_before_its_file_was_stored_signs_anew(desk, portal, monkeypatch):
    row = desk.laid_out()
    drawn(desk, row)
    with monkeypatch.context() as m:
        m.setattr("docsvc.usecases.complete.store", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            desk.completion.advance(row.id)
    assert desk.slot(row.id, "Party").revision_sha256  # written down, and nobody takes it for the newest
    assert desk.envelopes.look(OFFICER, row.id).revision == row.unsigned_sha256
    release(portal, row)
    desk.completion.advance(row.id)
    assert desk.pen.signed == 2
    assert desk.slot(row.id, "Party").state is SlotState.SIGNED


def release(portal, row):
    """The killed worker's lease, as the sweeper takes it."""
    with portal.office.database.begin() as tx:
        (job,) = [job for job in tx.jobs.held() if job.document_id == row.id]
        assert job.due_at is not None
        tx.jobs.release(row.id, job.token, job.due_at)


def test_a_fault_that_may_pass_is_tried_again(desk, portal):
    row = desk.laid_out()
    drawn(desk, row)
    desk.pen.faults = [StoreError("存储暂不可用；the store is away")]
    with pytest.raises(StoreError):
        desk.completion.advance(row.id)
    slot = desk.slot(row.id, "Party")
    assert (slot.state, slot.fault) == (SlotState.GIVEN, "存储暂不可用；the store is away")
    with portal.office.database.read() as tx:
        assert tx.jobs.backlog().waiting == 1
    desk.completion.advance(row.id)
    assert (desk.slot(row.id, "Party").state, desk.slot(row.id, "Party").fault) == (SlotState.SIGNED, None)


def test_a_fault_that_does_not_pass_asks_for_the_signature_anew(desk):
    row = desk.laid_out()
    drawn(desk, row)
    desk.pen.faults = [SealError("证书已吊销 / the certificate is revoked")]
    with pytest.raises(SealError):
        desk.completion.advance(row.id)
    slot = desk.slot(row.id, "Party")
    assert (slot.state, slot.given, slot.fault) == (
        SlotState.WAITING,
        None,
        "证书已吊销 / the certificate is revoked",
    )
    assert not desk.due(row.id)
    signed_by_hand(desk, row)
    assert desk.slot(row.id, "Party").state is SlotState.SIGNED


def test_the_platform_s_development_key_signs_no_real_document(desk, portal):
    """The seal may be a production one, so that custody has nothing against it."""
    portal.chains.of_development = False
    row = desk.laid_out(test_data=False)
    drawn(desk, row)
    with pytest.raises(SealError, match="no test data"):
        desk.completion.advance(row.id)
    assert desk.slot(row.id, "Party").state is SlotState.WAITING
    assert desk.pen.signed == 0


def test_a_file_that_does_not_verify_is_nobody_s_signature(desk, portal):
    row = desk.laid_out()
    drawn(desk, row)
    desk.pen.indication = Indication.FAILED
    with pytest.raises(SealError, match="own verification"):
        desk.completion.advance(row.id)
    assert desk.slot(row.id, "Party").state is SlotState.WAITING
    assert portal.events(row.id) == ["document.accepted"]


def test_links_asked_for_at_once_leave_one(desk):
    row = desk.laid_out()
    hand = desk.portal.service.hand_signing
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        links = [
            f.result() for f in [pool.submit(hand.link, OFFICER, row.id, "Party", Channel.SMS, 5) for _ in range(4)]
        ]
    alive = []
    for link in links:
        try:
            alive.append(hand.open(link.address.partition("#")[2]).name)
        except LinkGoneError:
            continue
    assert alive == ["林示例"]


def test_a_link_is_used_once_by_many_at_once(desk, portal):
    row = desk.laid_out()
    hand = desk.portal.service.hand_signing
    link = hand.link(OFFICER, row.id, "Party", Channel.ON_SITE, 30)
    token = link.address.partition("#")[2]

    def use(_n):
        try:
            return hand.give(token, link.code, handwriting())
        except (LinkGoneError, ConflictError, BusyError):
            return None

    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        assert [each for each in pool.map(use, range(4)) if each] == [row.id]
    assert portal.queue.sent.count(row.id) == 1


def test_secrets_of_a_link_are_shown_once_and_kept_as_hashes(desk, portal):
    row = desk.laid_out()
    link = desk.portal.service.hand_signing.link(OFFICER, row.id, "Party", Channel.SMS, 30)
    token = link.address.partition("#")[2]
    assert link.code not in repr(link)
    assert token not in repr(link)
    kept = portal.office.path.read_bytes() + portal.office.path.with_name("docsvc.db-wal").read_bytes()
    assert token.encode() not in kept
    assert sha256_hex(token.encode()).encode() in kept


@pytest.mark.parametrize("minutes", [0, -1, 7 * 24 * 60 + 1])
def test_how_long_a_link_may_hold(desk, minutes):
    row = desk.laid_out()
    with pytest.raises(UsageError):
        desk.portal.service.hand_signing.link(OFFICER, row.id, "Party", Channel.SMS, minutes)


def test_what_is_prepared_is_given_once(desk):
    row = desk.laid_out()
    signed_by_hand(desk, row)
    remote = desk.portal.service.remote_signing
    with pytest.raises(SignatureRefusedError, match="证书不是陈测甲"):
        prepared(desk, row, chain=WANG)
    old, new = prepared(desk, row), prepared(desk, row)
    with pytest.raises(ConflictError):
        remote.give(OFFICER, row.id, "Officer", old.id, Given(value=b"right"))
    with pytest.raises(SignatureRefusedError, match="签名无效"):
        remote.give(OFFICER, row.id, "Officer", new.id, Given(value=b"wrong"))
    for nothing in (Given(), Given(value=b"right", cms=b"right")):
        with pytest.raises(SignatureRefusedError):
            remote.give(OFFICER, row.id, "Officer", new.id, nothing)
    assert remote.give(OFFICER, row.id, "Officer", new.id, Given(value=b"right")).state is SlotState.GIVEN
    assert remote.give(OFFICER, row.id, "Officer", new.id, Given(value=b"right")).state is SlotState.GIVEN
    with pytest.raises(ConflictError, match="another value"):
        remote.give(OFFICER, row.id, "Officer", new.id, Given(value=b"also right"))
    with pytest.raises(ConflictError):
        prepared(desk, row)
    desk.completion.advance(row.id)
    assert remote.give(OFFICER, row.id, "Officer", new.id, Given(value=b"right")).state is SlotState.SIGNED


def test_while_a_worker_is_at_it_nobody_changes_the_envelope(desk, portal):
    row = desk.laid_out()
    with portal.service.leases.hold(row.id):
        with pytest.raises(BusyError):
            desk.portal.service.hand_signing.link(OFFICER, row.id, "Party", Channel.SMS, 30)
        with pytest.raises(ConflictError):
            portal.service.voiding.void(OFFICER, row.id, "案件撤销")


def test_voiding_ends_what_is_out(desk, portal):
    row = desk.laid_out()
    link = portal.service.hand_signing.link(OFFICER, row.id, "Party", Channel.SMS, 30)
    portal.service.voiding.void(OFFICER, row.id, "案件撤销")
    assert desk.slot(row.id, "Party").link is None
    with pytest.raises(LinkGoneError):
        portal.service.hand_signing.open(link.address.partition("#")[2])
    with pytest.raises(ConflictError):
        portal.service.hand_signing.link(OFFICER, row.id, "Party", Channel.SMS, 30)
    assert not portal.office.fsck()


def test_a_refusal_with_a_recording_is_noted_at_once(desk, portal):
    row = desk.laid_out()
    with pytest.raises(SignatureRefusedError) as e:
        portal.service.refusing.refuse(OFFICER, row.id, "Party", " ")
    assert [f.pointer for f in e.value.findings] == ["/reason", "/witness"]
    for bad in ({"reason": "a\nb"}, {"reason": "x" * 201}, {"reason": "x", "witness": "y" * 41}):
        with pytest.raises(SignatureRefusedError):
            portal.service.refusing.refuse(OFFICER, row.id, "Party", **{"recording": "7号", **bad})
    portal.service.refusing.refuse(OFFICER, row.id, "Party", "不愿签名。", recording="7号")
    desk.completion.advance(row.id)
    slot = desk.slot(row.id, "Party")
    text = portal.office.objects.get(object_key(slot.revision_sha256)).decode()
    assert "拒绝签名。理由：不愿签名。录音录像：7号。" in text
    assert portal.events(row.id)[1:] == ["document.refused", "document.signed"]


def test_who_may_not(desk):
    row = desk.laid_out()
    reader = Principal("user", "r", "r", None, frozenset({Permission.READ}))
    service = desk.portal.service
    with pytest.raises(ForbiddenError):
        service.hand_signing.link(reader, row.id, "Party", Channel.SMS, 30)
    with pytest.raises(ForbiddenError):
        service.refusing.refuse(reader, row.id, "Party", "x", recording="y")
    assert desk.envelopes.look(reader, row.id).slots[0].field == "Party"
    with pytest.raises(ForbiddenError, match="no certificate of yours"):
        service.signers.sign(OFFICER, row.id, "Party", "123456")


def test_the_same_case_asked_for_otherwise_is_the_document_that_there_is(desk, portal):
    row = desk.laid_out()
    again = portal.service.intake.accept(json.loads(row.case_json))
    assert (again.new, again.row.id, again.row.signing) == (False, row.id, "envelope")
