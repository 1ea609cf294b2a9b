"""Each file that leaves is an event, whoever hands it out; the rest is tried through the API."""

from __future__ import annotations

import io
import ssl
import zipfile

import pytest

from docsvc.domain.access import Permission, Principal
from docsvc.domain.document import State
from docsvc.domain.errors import AlteredError, ConflictError, ForbiddenError, NotFoundError, ObjectMissingError
from docsvc.pipeline.store import object_key
from tests.support.cases import sample
from tests.support.portal import Portal

READER = Principal("user", "u-1", "张三", "demo-market", frozenset({Permission.READ}))


@pytest.fixture
def portal(tmp_path):
    portal = Portal(tmp_path)
    yield portal
    portal.close()


@pytest.mark.parametrize("kind", ["content", "docx", "evidence"])
def test_a_file_and_its_event(portal, kind):
    row = portal.recorded()
    delivery = portal.service.delivery
    file = getattr(delivery, kind)(READER, row.id)
    assert file.data
    told = portal.service.search.history(READER, row.id)[-1]
    assert told.type == "document.delivered"
    assert told.by == {"kind": "user", "id": "u-1", "name": "张三"}
    assert told.detail == {"what": kind, "sha256": file.sha256}
    getattr(delivery, kind)(READER, row.id)
    assert portal.events(row.id).count("document.delivered") == 2
    portal.office.sequence()
    assert portal.office.fsck() == []


def test_the_sm2_copy_and_its_event_where_there_is_one(portal):
    row = portal.recorded()
    with pytest.raises(NotFoundError, match="SM2"):
        portal.service.delivery.deliver(READER, row.id, "sm2")
    copy = portal.office.copy_in_sm2(row)
    file = portal.service.delivery.deliver(READER, row.id, "sm2")
    assert (file.data, file.name) == (copy, f"{row.number}.sm2.pdf")
    assert portal.events(row.id)[-2:] == ["document.sm2_sealed", "document.delivered"]
    portal.office.sequence()
    assert portal.office.fsck() == []
    portal.office.tamper_object(object_key(file.sha256), lambda data: data + b" ")
    with pytest.raises(AlteredError):
        portal.service.delivery.look(READER, row.id, "sm2")
    assert any("sm2" in fault for fault in portal.office.fsck())


def test_looking_leaves_no_event(portal):
    row = portal.recorded()
    portal.service.delivery.look(READER, row.id, "content")
    portal.service.delivery.preview(READER, row.id, 1, 100)
    assert portal.service.delivery.pages(READER, row.id) == 2
    assert "document.delivered" not in portal.events(row.id)


@pytest.mark.parametrize("what", ["content", "preview", "pages"])
def test_who_may_not_look_gets_nothing(portal, what):
    row = portal.recorded()
    call = getattr(portal.service.delivery, what)
    more = (1, 100) if what == "preview" else ()
    with pytest.raises(ForbiddenError):
        call(Principal("user", "u", "x", "demo-market", frozenset({Permission.CREATE})), row.id, *more)
    with pytest.raises(NotFoundError):
        call(Principal("user", "u", "x", "demo-enforcement", frozenset({Permission.READ})), row.id, *more)


def test_what_failed_says_why(portal):
    row = portal.service.intake.accept(sample("advice")).row
    portal.change(row.id, reason="字体缺字")
    with pytest.raises(ConflictError, match="字体缺字"):
        portal.service.delivery.content(READER, row.id)


@pytest.mark.parametrize("kind", ["content", "docx", "evidence"])
def test_what_has_a_digest_and_no_object_yet_is_not_made(portal, kind):
    row = portal.service.intake.accept(sample("advice")).row
    digest = {"docx_sha256" if kind == "docx" else "signed_sha256": "0" * 64}
    portal.change(row.id, state=State.RENDERING, **digest)
    with pytest.raises(ConflictError, match="not made yet"):
        portal.service.delivery.look(READER, row.id, kind)
    portal.change(row.id, state=State.SEALED)
    with pytest.raises(ObjectMissingError):  # this one was stored
        portal.service.delivery.look(READER, row.id, kind)


def test_a_store_that_hands_back_other_bytes_is_caught(portal):
    row = portal.recorded()
    object.__setattr__(portal.service.delivery, "objects", Liar())
    with pytest.raises(AlteredError):
        portal.service.delivery.content(READER, row.id)
    assert "document.delivered" not in portal.events(row.id)


class Liar:
    """A store that does not look at its keys."""

    def get(self, _key):
        return b"%PDF other"


def test_evidence_of_an_agency_that_left_the_registry_has_no_certificates(portal):
    row = portal.recorded()
    portal.office.tamper("DELETE FROM agencies")
    assert portal.service.delivery.bundle(row)


class Chains:
    """Public certificates: one of the seal's own, and one above them all."""

    def of(self, design):
        return [design.id.encode(), b"root"]


def certificates(bundle):
    with zipfile.ZipFile(io.BytesIO(bundle)) as files:
        pems = [files.read(n).decode() for n in sorted(files.namelist()) if n.startswith("certificates/")]
    return [ssl.PEM_cert_to_DER_cert(pem) for pem in pems]


def test_evidence_of_a_joint_document_has_the_certificates_of_every_seal(portal):
    object.__setattr__(portal.service.delivery, "chains", Chains())
    alone, joint = portal.recorded(), portal.recorded(3, "interview_notice")
    assert certificates(portal.service.delivery.bundle(alone)) == [b"SEAL-TEST-MKT", b"root"]
    found = certificates(portal.service.delivery.bundle(joint))
    assert found == [b"SEAL-TEST-MKT", b"root", b"SEAL-TEST-ZF"]
