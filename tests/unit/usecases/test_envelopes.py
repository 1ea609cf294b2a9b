"""Envelopes on a real database: who may do what and when, what a cut-off run leaves, what a fault leaves."""

from __future__ import annotations

import concurrent.futures
import dataclasses
import json

import pytest

from docsvc.domain.access import Permission, Principal, Role, User
from docsvc.domain.canonical import sha256_hex
from docsvc.domain.document import Signing, State
from docsvc.domain.errors import (
    AlteredError,
    BusyError,
    CaseRefusedError,
    ConflictError,
    ForbiddenError,
    LinkGoneError,
    SealError,
    SignatureRefusedError,
    StoreError,
    UsageError,
)
from docsvc.domain.job import MAX_ATTEMPTS
from docsvc.domain.signature import Channel, Given, SlotState
from docsvc.domain.signer import WRONG_IN_ALL, Signer
from docsvc.domain.verdict import Indication
from docsvc.pipeline.store import object_key
from tests.support.cases import sample
from tests.support.paper import UNSIGNED, Desk
from tests.support.portal import Portal
from tests.support.signing import handwriting

EVERYTHING = frozenset(Permission)
OFFICER = Principal("user", "u-1", "张三", "demo-market", EVERYTHING)
LOCKED_KEY = b"docsvc.vault/1" + bytes(100)  # opens by no PIN
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
    assert portal.events(row.id) == ["document.accepted", "signature.given", *["document.signed"] * 4]
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
    assert (left.state, portal.events(row.id)) == (SlotState.GIVEN, ["document.accepted", "signature.given"])
    release(portal, row)
    desk.completion.advance(row.id)
    assert desk.pen.signed == 1
    assert desk.slot(row.id, "Party").revision_sha256 == left.revision_sha256
    assert portal.events(row.id)[1:] == ["signature.given", "document.signed"]


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


def test_what_a_person_gave_outlives_a_long_outage(desk):
    row = desk.laid_out()
    drawn(desk, row)
    for _ in range(MAX_ATTEMPTS + 2):
        desk.pen.faults = [StoreError("存储暂不可用；the store is away")]
        with pytest.raises(StoreError):
            desk.completion.advance(row.id)
    desk.completion.advance(row.id)
    assert desk.slot(row.id, "Party").state is SlotState.SIGNED


def test_a_fault_of_ours_is_not_tried_for_ever(desk):
    row = desk.laid_out()
    drawn(desk, row)
    for _ in range(MAX_ATTEMPTS):
        desk.pen.faults = [ZeroDivisionError()]
        with pytest.raises(ZeroDivisionError):
            desk.completion.advance(row.id)
    assert desk.slot(row.id, "Party").state is SlotState.WAITING


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


def kept(portal, slot, **fields):
    """The slot as somebody at the database, or time, changed it."""
    with portal.office.database.begin() as tx:
        tx.signatures.save(dataclasses.replace(slot, **fields))


def test_what_ends_its_process_each_time_is_given_up(desk, portal):
    row = desk.laid_out()
    drawn(desk, row)
    kept(portal, desk.slot(row.id, "Party"), attempts=MAX_ATTEMPTS)
    assert desk.completion.advance(row.id).state is State.AWAITING_SIGNATURES
    slot = desk.slot(row.id, "Party")
    assert (desk.pen.signed, slot.state, slot.given) == (0, SlotState.WAITING, None)
    assert "被终止" in slot.fault
    assert not desk.due(row.id)
    signed_by_hand(desk, row)
    assert desk.slot(row.id, "Party").state is SlotState.SIGNED


def test_another_picture_than_was_given_is_not_signed(desk, portal):
    row = desk.laid_out()
    drawn(desk, row)
    kept(portal, desk.slot(row.id, "Party"), given=Given(picture=handwriting(500)))
    with pytest.raises(AlteredError):
        desk.completion.advance(row.id)
    assert (desk.pen.signed, desk.slot(row.id, "Party").state) == (0, SlotState.WAITING)


def test_the_day_beside_a_handwriting_is_that_of_the_hand_however_late_the_worker_comes(desk, portal):
    row = desk.laid_out()
    drawn(desk, row)
    slot = desk.slot(row.id, "Party")
    kept(portal, slot, evidence={**slot.evidence, "given_at": "2026-11-19T16:30:00+00:00"})  # after midnight here
    desk.completion.advance(row.id)
    text = portal.office.objects.get(object_key(desk.slot(row.id, "Party").revision_sha256)).decode()
    assert "2026.11.20" in text


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
    assert portal.events(row.id) == ["document.accepted", "signature.given"]


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
    with pytest.raises(SignatureRefusedError) as unreadable:
        prepared(desk, row, chain=(*CHEN, b"the issuer", b""))
    assert [f.pointer for f in unreadable.value.findings] == ["/certificates/2"]
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


def test_a_refusal_that_can_t_be_written_down_asks_the_person_anew(desk, portal):
    row = desk.laid_out()
    portal.service.refusing.refuse(OFFICER, row.id, "Party", "不愿签名", recording="7号")
    desk.pen.faults = [SealError("没有这个字 / no font has it")]
    with pytest.raises(SealError):
        desk.completion.advance(row.id)
    slot = desk.slot(row.id, "Party")
    assert (slot.state, slot.refusal, slot.fault) == (SlotState.WAITING, None, "没有这个字 / no font has it")
    signed_by_hand(desk, row)
    assert desk.slot(row.id, "Party").state is SlotState.SIGNED


def test_the_log_tells_of_a_refusal_whether_they_had_been_asked_and_who_the_witness_is(desk, portal):
    row = desk.laid_out()
    refusing = portal.service.refusing
    refusing.refuse(OFFICER, row.id, "Party", "不愿签名", witness="钱见证", relation="社区工作人员")
    first = portal.service.search.history(OFFICER, row.id)[-1].detail
    assert (first["witness"], first["relation"], first["asked"]) == ("钱见证", "社区工作人员", None)
    link = portal.service.hand_signing.link(OFFICER, row.id, "Party", Channel.SMS, 30)
    refusing.refuse(OFFICER, row.id, "Party", "不愿签名", recording="7号")
    asked = portal.service.search.history(OFFICER, row.id)[-1].detail["asked"]
    assert asked == {"link": link.id, "channel": "sms", "until": link.until.isoformat(), "wrong_codes": 0}


def test_who_signs_by_certificate_is_known_by_more_than_a_name(desk):
    with pytest.raises(CaseRefusedError) as e:
        desk.laid_out(**{"body/recorder": {"name": "郑测戊", "cert_no": None}})
    assert [(f.rule, f.pointer) for f in e.value.findings] == [("SIGNING", "/body/recorder")]
    assert "郑测戊" in e.value.findings[0].message


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


def test_wrong_pins_lock_a_while_and_in_the_end_for_good(desk, portal):
    row = desk.laid_out()
    signed_by_hand(desk, row)
    signers = portal.service.signers
    with portal.office.database.begin() as tx:
        tx.users.add(User(OFFICER.id, "chen", "-", Role.OFFICER, None, portal.office_now()))
        number, begun, wrong = "TEST33099900001", portal.office_now(), WRONG_IN_ALL - 6
        tx.signers.save(Signer(OFFICER.id, "陈测甲", number, (), LOCKED_KEY, begun, wrong))
    seen = []
    for _ in range(6):
        with pytest.raises((SignatureRefusedError, ForbiddenError)) as e:
            signers.sign(OFFICER, row.id, "Officer", "wrong-1")
        seen.append(str(e.value))
        with portal.office.database.begin() as tx:
            tx.signers.save(dataclasses.replace(tx.signers.find(OFFICER.id), locked_until=None))
    assert ["已锁定15分钟" in text for text in seen] == [True, *[False] * 5]
    assert "重新登记" in seen[-1]
    with pytest.raises(ForbiddenError, match="重新登记"):
        signers.sign(OFFICER, row.id, "Officer", "any")


def test_the_same_case_asked_for_otherwise_is_the_document_that_there_is(desk, portal):
    row = desk.laid_out()
    again = portal.service.intake.accept(json.loads(row.case_json))
    assert (again.new, again.row.id, again.row.signing) == (False, row.id, "envelope")


@pytest.mark.parametrize(("name", "number"), [("advice", 1), ("public_service_offset", 2)])
def test_a_case_that_nobody_signs_does_not_go_round(portal, name, number):
    """The type names nobody, or nobody for what this case is."""
    with pytest.raises(CaseRefusedError) as refused:
        portal.service.intake.accept(sample(name, number), signing=Signing.ENVELOPE)
    assert [f.rule for f in refused.value.findings] == ["SIGNING"]
