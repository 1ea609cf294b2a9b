"""The one error tree: every fault that a caller may see, with a sentence for people and a kind for metrics."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong (or doubtful) in a case, at one place.

    `rule` is an id of the catalogue (G01 …) or "SCHEMA"; `pointer` an RFC 6901 JSON pointer.
    """

    rule: str
    pointer: str
    message: str
    message_en: str
    severity: Literal["error", "warning"] = "error"


class DocsvcError(Exception):
    """Root of the tree. `str(error)` is fit for the caller; the cause (`__cause__`) is for the log only."""

    kind: ClassVar[str] = "internal"
    retryable: ClassVar[bool] = False


class CaseRefusedError(DocsvcError):
    """The case JSON breaks the schema or a rule; nothing was stored and no number was taken."""

    kind = "case_refused"

    def __init__(self, findings: Iterable[Finding]) -> None:
        self.findings = tuple(findings)
        super().__init__("; ".join(f"{f.rule} {f.pointer or '/'}: {f.message}" for f in self.findings))


class SignatureRefusedError(DocsvcError):
    """What was given for a signature does not do (certificate, value, picture, code, PIN); nothing was signed."""

    kind = "signature_refused"

    def __init__(self, findings: Iterable[Finding]) -> None:
        self.findings = tuple(findings)
        super().__init__(f"{self.findings[0].message}；{self.findings[0].message_en}")


class RegistryRefusedError(DocsvcError):
    """A file of agencies breaks the registry's rules; nothing of it was imported."""

    kind = "registry_refused"

    def __init__(self, findings: Iterable[Finding]) -> None:
        self.findings = tuple(findings)
        super().__init__("; ".join(f"{f.rule} {f.pointer or '/'}: {f.message}" for f in self.findings))


class TableRefusedError(DocsvcError):
    """A file of many cases can't be read as a table at all; no row of it was taken."""

    kind = "table_refused"


class TableTooLargeError(TableRefusedError):
    """A file of many cases has more rows or octets than are taken at once."""

    kind = "table_too_large"


class TemplateFaultError(DocsvcError):
    """A template folder is broken: its manifest, its schema or an expression in its template.docx."""

    kind = "template"


class MissingGlyphError(DocsvcError):
    """A character can be drawn by no font of its role's chain; names the field and the character."""

    kind = "glyph"


class ConversionError(DocsvcError):
    """The office could not lay the document out (crash, time-out or refusal); its own office was restarted."""

    kind = "conversion"
    retryable = True


class DocumentRefusedError(ConversionError):
    """The Word file itself is at fault (encrypted, a bomb, linked to the outside): no use to try again."""

    kind = "document_refused"
    retryable = False


class SealError(DocsvcError):
    """The document could not be sealed (key, certificate, place of the seal)."""

    kind = "seal"


class SealUnusableError(SealError):
    """A seal's key or certificate must not be used as it is now. An operator can mend that, so it is tried again.

    `reason` is one of domain.unfit.Unfit, for logs and figures.
    """

    kind = "seal_unusable"
    retryable = True

    def __init__(self, message: str, reason: str = "invalid") -> None:
        self.reason = reason
        super().__init__(message)


class KeyAwayError(SealError):
    """What holds a seal's key does not answer (a token, a signing service): the document waits for it."""

    kind = "key_away"
    retryable = True


class QuotaError(SealError):
    """A seal was used as often as it may be until `opens_at`; the document waits for that."""

    kind = "quota"
    retryable = True

    def __init__(self, message: str, opens_at: dt.datetime) -> None:
        self.opens_at = opens_at
        super().__init__(message)


class StoreError(DocsvcError):
    """The object store refused, lost or altered an object."""

    kind = "store"
    retryable = True


class ObjectMissingError(StoreError):
    """No object has this key."""

    kind = "object_missing"
    retryable = False


class AlteredError(StoreError):
    """What the object store holds is not what was put there: nobody gets it."""

    kind = "altered"
    retryable = False


class DatabaseError(DocsvcError):
    """The database was lost, stayed locked too long or broke a transaction off; nothing of it was kept."""

    kind = "database"
    retryable = True


class DuplicateError(DocsvcError):
    """A unique value is taken: `field` is its name, `document_id` the document that has it.

    Nothing was written and the transaction still stands, but what it did before (a number taken) has to be undone:
    let the error leave the block, then look the other document up.
    """

    kind = "duplicate"

    def __init__(self, field: str, document_id: str) -> None:
        self.field, self.document_id = field, document_id
        super().__init__(f"已有文书使用相同的 {field}；document {document_id} has the same {field}")


class LogError(DocsvcError):
    """The Merkle log contradicts itself, its checkpoint or its published tiles."""

    kind = "log"


class EvidenceError(DocsvcError):
    """An evidence bundle can't be read or can't be built from what is recorded."""

    kind = "evidence"


class SetupError(DocsvcError):
    """The machine or the settings lack something that the service needs; names what."""

    kind = "setup"


class KeyMismatchError(SetupError):
    """A key file's private key belongs to none of the certificates in it."""

    kind = "key_mismatch"


class UsageError(DocsvcError):
    """The caller asked for something that does not exist (file, document, type, option)."""

    kind = "usage"


class BusyError(DocsvcError):
    """Another live process is working on the same document."""

    kind = "busy"
    retryable = True


class LeaseLostError(BusyError):
    """The lease on a document ran out and another worker took over: what this one made is not written."""

    kind = "lease_lost"


class QueueError(DocsvcError):
    """The broker took no message; the database keeps the job and the sweeper sends it again."""

    kind = "queue"
    retryable = True


class OverloadedError(DocsvcError):
    """More is being asked for at once than this process does at once."""

    kind = "overloaded"
    retryable = True


class NotFoundError(UsageError):
    """There is no such thing, or the caller's agency does not own it: both read the same."""

    kind = "not_found"


class ForbiddenError(DocsvcError):
    """The caller is known, and may not do this."""

    kind = "forbidden"


class UnauthorizedError(DocsvcError):
    """Nobody is signed in, or the key or password is wrong; never says which."""

    kind = "unauthorized"


class ConflictError(DocsvcError):
    """The document's state, or a request that still runs, does not permit this now."""

    kind = "conflict"


def refused_signature(pointer: str, sentence: str, rule: str = "SIGNATURE") -> SignatureRefusedError:
    """From a sentence of ours in both languages."""
    chinese, _, english = sentence.replace(" / ", "；", 1).partition("；")
    return SignatureRefusedError([Finding(rule, pointer, chinese, english or chinese)])


class LinkGoneError(ConflictError):
    """A one-time link holds no longer: used, expired, replaced, locked, or the document went on without it."""

    kind = "link_gone"


class StillRunningError(ConflictError):
    """The first request with this Idempotency-Key still runs."""

    kind = "still_running"
    retryable = True


class KeyReusedError(DocsvcError):
    """The same Idempotency-Key came with another body."""

    kind = "key_reused"
