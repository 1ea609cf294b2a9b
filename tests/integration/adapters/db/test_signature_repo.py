"""Signatures and kept keys on both databases: what goes in comes out, whatever is out for a slot."""

from __future__ import annotations

import dataclasses
import datetime as dt

import pytest

from docsvc.domain.access import Role as UserRole
from docsvc.domain.access import User
from docsvc.domain.document import Signing, State
from docsvc.domain.envelope import Needs, Prepared, Role, Signatory
from docsvc.domain.errors import DocsvcError, NotFoundError
from docsvc.domain.signature import Channel, Given, Link, Pending, Refusal, Signature, SlotState, begun
from docsvc.domain.signer import Signer
from tests.support.rows import document_row

NOON = dt.datetime(2026, 11, 25, 12, 0, 0, 250, dt.UTC)
PEOPLE = [
    Signatory("Party", Role.PARTY, Needs.HANDWRITING, "林示例", None, "被约谈人（签名）：", every_page="每页："),
    Signatory("Officer2", Role.OFFICER, Needs.CERTIFICATE, "王测乙", "TEST2", "约谈人（签名）：", nth=1),
]
PREPARED = Prepared(b"\0update", "Officer2", b"d", b"1\0", "sha256", "sha256_ecdsa", (b"a", b"\xff"), NOON)
LINK = Link("l-1", "ab" * 32, "$argon2id$", Channel.ON_SITE, "cd" * 32, NOON, 3)
EVERYTHING = {
    "state": SlotState.GIVEN,
    "pending": Pending("p-1", "cd" * 32, NOON, PREPARED),
    "link": LINK,
    "given": Given(value=b"\0v", picture=b"\x89PNG"),
    "refusal": Refusal("不愿", "钱见证", "社区", None, {"kind": "user", "id": "u", "name": "张三"}),
    "evidence": {"channel": "sms", "code_confirmed": True},
    "fault": "存储暂不可用；away",
    "attempts": 2,
    "signed_at": NOON,
    "revision_sha256": "ef" * 32,
    "certificate_sha256": "01" * 32,
    "level": "B-B",
    "shortfall": "no authority",
}


@pytest.fixture
def row(database):
    row = document_row(signing=Signing.ENVELOPE, state=State.AWAITING_SIGNATURES)
    with database.begin() as tx:
        tx.documents.add(row)
        tx.signatures.add(begun(row.id, PEOPLE))
    return row


def test_slots_come_back_in_order_and_as_they_were(database, row):
    with database.read() as tx:
        assert tx.documents.find(id=row.id).signing is Signing.ENVELOPE
        assert list(tx.signatures.of(row.id)) == [Signature(row.id, n, who) for n, who in enumerate(PEOPLE)]
        assert tx.signatures.of("\0") == []
    changed = dataclasses.replace(Signature(row.id, 1, PEOPLE[1]), **EVERYTHING)
    with database.begin() as tx:
        tx.signatures.save(changed)
    with database.read() as tx:
        assert tx.signatures.of(row.id)[1] == changed
        assert tx.signatures.by_link("ab" * 32) == changed
        assert tx.signatures.by_link("ba" * 32) is None


def test_every_field_of_a_slot_is_kept():
    names = {f.name for f in dataclasses.fields(Signature)} - {"document_id", "ordinal", "signatory"}
    assert names == set(EVERYTHING)


def test_what_can_t_be(database, row):
    stranger = Signature("nobody", 0, PEOPLE[0])
    with pytest.raises(NotFoundError), database.begin() as tx:
        tx.signatures.save(stranger)
    with pytest.raises(DocsvcError), database.begin() as tx:
        tx.signatures.add([stranger])
    with pytest.raises(ValueError, match="fixed"), database.begin() as tx:
        tx.documents.update(row.id, signing=Signing.SEAL)


def test_a_kept_key_is_replaced_and_forgotten(database):
    user = User("u-1", "officer", "hash", UserRole.OFFICER, None, NOON)
    chain = (b"0\x03abc", b"0\x82\x01\x00" + b"x" * 256, b"0\x81\x80" + b"y" * 128)
    signer = Signer("u-1", "陈测甲", "TEST1", chain, b"\0locked", NOON)
    with database.begin() as tx:
        tx.users.add(user)
        assert tx.signers.find("u-1") is None
        tx.signers.save(signer)
        assert tx.signers.find("u-1") == signer
        locked = dataclasses.replace(signer, failures=5, locked_until=NOON, cert_no="TEST2")
        tx.signers.save(locked)
    with database.read() as tx:
        assert list(tx.signers.list()) == [locked]
    with database.begin() as tx:
        assert tx.signers.remove("u-1")
        assert not tx.signers.remove("u-1")
