"""Calls about envelopes: who has signed, remote signing by certificate, one-time links, refusals."""

from __future__ import annotations

import base64
import hashlib
from typing import Final

from flask import Response, request

from docsvc.api import signature_models as models
from docsvc.api.documents import PREFIX, posted, preferred_wait
from docsvc.api.models import Actor
from docsvc.api.route import JSON, Answer, Header, as_json, route, service, waits
from docsvc.domain.access import Permission, Principal
from docsvc.domain.signature import Given, Signature, SlotState, revision, turn
from docsvc.usecases.envelopes import Envelope

LARGEST: Final = 600_000  # octets: certificates, a CMS, a picture
TOLD: Final = "内容不合要求"
PREFER: Final = Header(
    "Prefer", "wait=N：最多等待N秒 — wait up to N seconds until it is in the document (RFC 7240)"
)
SLOT: Final = "/documents/<document_id>/signatures/<field>"


@route(
    method="GET",
    path="/documents/<document_id>/signatures",
    tag="signatures",
    summary="由谁签名，签到哪一步 — who signs, and how far it is",
    permission=Permission.READ,
    answers={200: Answer("依签名次序 — in the order of signing", {JSON: models.SignatureList})},
    problems=(404,),
)
def signatures(principal: Principal, document_id: str) -> Response:
    """Empty where the document does not go round in an envelope, or is not laid out yet."""
    return as_json(_listed(service().envelopes.look(principal, document_id)))


@route(
    method="POST",
    path=SLOT,
    tag="signatures",
    summary="准备证书签名 — prepare a signature by certificate",
    permission=Permission.SIGN,
    body={JSON: models.PrepareRequest},
    answers={201: Answer("待签的摘要 — what is to be signed", {JSON: models.Prepared})},
    problems=(400, 404, 409, 413, 415, 422),
)
def prepare_signature(principal: Principal, document_id: str, field: str) -> Response:
    """What was prepared for that field before counts no longer."""
    wanted = posted(models.PrepareRequest, TOLD, LARGEST)
    chain = [base64.b64decode(text) for text in wanted.certificates]
    picture = None if wanted.picture is None else base64.b64decode(wanted.picture)
    pending = service().remote_signing.prepare(principal, document_id, field, chain, picture)
    p = pending.prepared
    return as_json(
        models.Prepared(
            id=pending.id,
            field=field,
            to_be_signed=base64.b64encode(p.to_be_signed).decode(),
            digest=hashlib.new(p.digest_algorithm, p.to_be_signed).hexdigest(),
            digest_algorithm=p.digest_algorithm,
            signature_algorithm=p.signature_algorithm,
            content_digest=p.content_digest.hex(),
            revision=pending.revision,
            expires_at=pending.until,
        ),
        201,
    )


@route(
    method="PUT",
    path=SLOT,
    tag="signatures",
    summary="交回签名值或者CMS — give the signature value, or a CMS",
    permission=Permission.SIGN,
    headers=(PREFER,),
    body={JSON: models.ValueRequest},
    answers={
        200: Answer("已写入文书 — it is in the document", {JSON: models.Signature}, ("Preference-Applied",)),
        202: Answer(
            "已收到，正在写入 — taken; it is being completed",
            {JSON: models.Signature},
            ("Location", "Preference-Applied", "Retry-After"),
        ),
    },
    problems=(400, 404, 409, 413, 415, 422),
)
def give_signature(principal: Principal, document_id: str, field: str) -> Response:
    """Checked at once; time-stamped, verified and stored by the worker."""
    wanted = posted(models.ValueRequest, TOLD, LARGEST)
    given = Given(
        value=None if wanted.value is None else base64.b64decode(wanted.value),
        cms=None if wanted.cms is None else base64.b64decode(wanted.cms),
    )
    slot = service().remote_signing.give(principal, document_id, field, wanted.id, given)
    return _awaited(slot)


@route(
    method="POST",
    path=SLOT + "/link",
    tag="signatures",
    summary="手写签名的一次性链接 — a one-time link to sign by hand",
    permission=Permission.SIGN,
    body={JSON: models.LinkRequest},
    answers={201: Answer("只显示这一次 — shown this once", {JSON: models.NewLink})},
    problems=(400, 404, 409, 413, 415, 422),
)
def signature_link(principal: Principal, document_id: str, field: str) -> Response:
    """An older link of that field ends."""
    wanted = posted(models.LinkRequest, TOLD)
    link = service().hand_signing.link(principal, document_id, field, wanted.channel, wanted.minutes)
    told = models.NewLink(id=link.id, field=field, url=link.address, code=link.code, expires_at=link.until)
    return as_json(told, 201)


@route(
    method="POST",
    path=SLOT + "/refusal",
    tag="signatures",
    summary="记录拒绝签名 — note that they refused to sign",
    permission=Permission.SIGN,
    headers=(PREFER,),
    body={JSON: models.RefusalRequest},
    answers={
        200: Answer("已记录；有见证人的，由其签名 — noted; a witness signs next", {JSON: models.Signature}),
        202: Answer(
            "正在写入文书 — it is being written into the document",
            {JSON: models.Signature},
            ("Location", "Preference-Applied", "Retry-After"),
        ),
    },
    problems=(400, 404, 409, 413, 415, 422),
)
def refuse_signature(principal: Principal, document_id: str, field: str) -> Response:
    """With a witness, they sign by a one-time link; without one, the service seals the note at once."""
    wanted = posted(models.RefusalRequest, TOLD)
    witness = wanted.witness
    slot = service().refusing.refuse(
        principal,
        document_id,
        field,
        wanted.reason,
        witness=None if witness is None else witness.name,
        relation=None if witness is None else witness.relation,
        recording=wanted.recording,
    )
    return _awaited(slot)


def _awaited(slot: Signature) -> Response:
    """The slot, when the worker has done with it or the caller's patience ends."""
    seconds, applied = preferred_wait(request.headers.getlist("Prefer")), None
    if seconds is not None and slot.state is SlotState.GIVEN and waits().acquire(blocking=False):
        try:
            applied = min(seconds, int(service().settings.max_wait_s))
            slot = service().envelopes.wait(slot.document_id, slot.field, applied)
        finally:
            waits().release()
    pending = slot.state is SlotState.GIVEN
    response = as_json(_told(slot, its_turn=slot.state is not SlotState.SIGNED), 202 if pending else 200)
    if applied is not None:
        response.headers["Preference-Applied"] = f"wait={applied}"
    if pending:
        response.headers["Location"] = f"{PREFIX}/documents/{slot.document_id}/signatures"
        response.headers["Retry-After"] = "1"
    return response


def _listed(envelope: Envelope) -> models.SignatureList:
    first = turn(envelope.slots)
    return models.SignatureList(
        document=envelope.row.id,
        state=envelope.row.state,
        revision=revision(envelope.slots, envelope.row.unsigned_sha256) if envelope.slots else None,
        signatures=[_told(slot, its_turn=slot is first) for slot in envelope.slots],
    )


def _told(slot: Signature, *, its_turn: bool) -> models.Signature:
    who, refusal = slot.signatory, slot.refusal
    out = slot.link or slot.pending
    return models.Signature(
        field=slot.field,
        role=who.role,
        needs=who.needs,
        name=who.name,
        cert_no=who.cert_no,
        state=slot.state,
        signs_by="certificate" if slot.by_certificate else "link",
        turn=its_turn,
        signed_at=slot.signed_at,
        revision=slot.revision_sha256 if slot.state is SlotState.SIGNED else None,
        certificate=slot.certificate_sha256,
        level=slot.level,
        shortfall=slot.shortfall,
        fault=slot.fault,
        until=out.until if out else None,
        refusal=None
        if refusal is None
        else models.Refused(
            reason=refusal.reason,
            witness=refusal.witness,
            relation=refusal.relation,
            recording=refusal.recording,
            by=Actor.model_validate(refusal.by),
        ),
    )
