"""The JSON of envelopes: who signs, what is handed out to be signed, what is taken back."""

from __future__ import annotations

import base64
import binascii
import datetime as dt
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from docsvc.api.models import Actor, Model
from docsvc.domain.document import State
from docsvc.domain.envelope import Needs, Role
from docsvc.domain.signature import (
    LINK_MINUTES,
    LONGEST_LINK_MINUTES,
    LONGEST_NAME,
    LONGEST_TEXT,
    Channel,
    SlotState,
)

DIGEST = "^[0-9a-f]{64}$"


def _is_base64(text: str) -> str:
    try:
        base64.b64decode(text, validate=True)
    except binascii.Error as e:
        raise ValueError("须为Base64；not Base64 (RFC 4648, 4)") from e
    return text


Base64 = Annotated[
    str, Field(min_length=4, json_schema_extra={"contentEncoding": "base64"}), AfterValidator(_is_base64)
]


class Refused(Model):
    """That somebody refused to sign, and who stands for it."""

    reason: str
    witness: Annotated[str | None, Field(description="见证人 — signs in their stead")]
    relation: str | None
    recording: Annotated[str | None, Field(description="录音录像 — where the recording is kept")]
    by: Actor


class Signature(Model):
    """One who signs; in the list in the order of signing."""

    field: Annotated[str, Field(description="签名栏 — name of the signature field", examples=["Officer2"])]
    role: Role
    needs: Needs
    name: str
    cert_no: str | None
    state: Annotated[
        SlotState,
        Field(
            description="waiting: 未签；asked: 链接已发出；prepared: 摘要已给出；given: 正在写入；signed: 已签"
            " — only the first that is not signed has its turn"
        ),
    ]
    signs_by: Annotated[Literal["certificate", "link"], Field(description="证书签名或者一次性链接手写")]
    turn: Annotated[bool, Field(description="现在轮到 — is it their turn now?")]
    signed_at: dt.datetime | None
    revision: Annotated[str | None, Field(pattern=DIGEST, description="签后文件的摘要 — of the file after it")]
    certificate: Annotated[str | None, Field(pattern=DIGEST, description="证书的摘要 — of the certificate (DER)")]
    level: Annotated[str | None, Field(description="B-T；未取得时间戳的为B-B — B-B without a time-stamp")]
    shortfall: Annotated[str | None, Field(description="未取得时间戳的原因 — why there is no time-stamp")]
    fault: Annotated[str | None, Field(description="上一次未成功的原因 — why the last try came to nothing")]
    until: Annotated[dt.datetime | None, Field(description="链接或者准备的签名何时过期 — when what is out ends")]
    refusal: Refused | None


class SignatureList(Model):
    """Who has to sign a document beside its agency, whose seal comes last."""

    document: str
    state: State
    revision: Annotated[
        str | None, Field(pattern=DIGEST, description="现在待签文件的摘要 — of the file that is to be signed now")
    ]
    signatures: list[Signature]


class PrepareRequest(Model):
    """Whose certificate will sign."""

    certificates: Annotated[
        list[Annotated[Base64, Field(max_length=27_000)]],
        Field(min_length=1, max_length=8, description="签名人证书在前，DER的Base64 — DER, the signer's own first"),
    ]
    picture: Annotated[
        Base64 | None, Field(max_length=400_000, description="手写签名的PNG — a mark by hand to be shown, PNG")
    ] = None


class Prepared(Model):
    """What is to be signed: `value` is the signature over `to_be_signed`; a CMS is over the document itself."""

    id: str
    field: str
    to_be_signed: Annotated[
        str, Field(description="待签的签名属性，DER的Base64 — signed attributes (RFC 5652, 5.4)")
    ]
    digest: Annotated[str, Field(description="其摘要，十六进制 — of to_be_signed, for tokens that sign digests")]
    digest_algorithm: Annotated[str, Field(examples=["sha256"])]
    signature_algorithm: Annotated[str, Field(examples=["sha256_rsa", "sha256_ecdsa"])]
    content_digest: Annotated[
        str, Field(description="文书本身的摘要，十六进制 — of the document, for a CMS of the signer's own making")
    ]
    revision: Annotated[str, Field(pattern=DIGEST, description="所签文件的摘要 — of the file that it continues")]
    expires_at: dt.datetime


class ValueRequest(Model):
    """The signature: its raw value, or a detached CMS (CAdES, without signing-time)."""

    id: Annotated[str, Field(max_length=64, description="准备时给出 — as it was prepared")]
    value: Annotated[Base64 | None, Field(max_length=4_000)] = None
    cms: Annotated[Base64 | None, Field(max_length=140_000)] = None


class LinkRequest(Model):
    """A one-time link for whoever signs by hand."""

    channel: Annotated[Channel, Field(description="链接如何送达 — how it reaches them; it stands in the log")]
    minutes: Annotated[int, Field(ge=1, le=LONGEST_LINK_MINUTES)] = LINK_MINUTES


class NewLink(Model):
    """Shown this once. The code travels by another way than the address."""

    id: str
    field: str
    url: str
    code: Annotated[str, Field(description="验证码，另行告知签名人 — tell it to them by another way")]
    expires_at: dt.datetime


class Witness(Model):
    """Who saw the refusal, and signs for it."""

    name: Annotated[str, Field(min_length=1, max_length=LONGEST_NAME)]
    relation: Annotated[str | None, Field(max_length=LONGEST_NAME)] = None


class RefusalRequest(Model):
    """Why they did not sign; a witness, or a recording, stands for it (I05)."""

    reason: Annotated[str, Field(min_length=1, max_length=LONGEST_TEXT)]
    witness: Witness | None = None
    recording: Annotated[
        str | None, Field(max_length=LONGEST_TEXT, description="录音录像的编号或者存放处 — where it is kept")
    ] = None


MODELS = (SignatureList, Signature, PrepareRequest, Prepared, ValueRequest, LinkRequest, NewLink, RefusalRequest)
