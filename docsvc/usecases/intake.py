"""Accept a case: schema, rules, then number, document and first event in one transaction, or nothing at all."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import re
import uuid
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo

from docsvc.domain.access import Permission, Principal
from docsvc.domain.agency import Agency
from docsvc.domain.case import Case, strings_of
from docsvc.domain.document import DocumentRow, DocumentType, Level, Signing, State
from docsvc.domain.envelope import unfit
from docsvc.domain.errors import CaseRefusedError, DuplicateError, Finding, ForbiddenError, SetupError
from docsvc.domain.joint import joint_names
from docsvc.domain.laws import Laws
from docsvc.domain.leaf import ACCEPTED
from docsvc.domain.measures import Measures
from docsvc.domain.numbering import DocNumber
from docsvc.domain.plain_language import PlainLanguage
from docsvc.domain.rules.catalogue import Known, Reference, check_case, references_in
from docsvc.domain.rules.commitment import item_of, same_party
from docsvc.ports import Database, Glyphs, SchemaCheck, SealChains, Templates, Transaction
from docsvc.usecases.events import by, happened


@dataclass(frozen=True, slots=True)
class Acceptance:
    """The document of a case; `new` is false where the same facts were accepted before."""

    row: DocumentRow
    new: bool
    warnings: tuple[Finding, ...] = ()


Settle = Callable[[Transaction, Acceptance], None]


@dataclass(frozen=True, slots=True)
class _Posted:
    """A case whose shape holds, and how it came."""

    case: Case
    doc_type: DocumentType
    undrawable: frozenset[str]
    principal: Principal | None
    settle: Settle | None
    due_at: dt.datetime | None
    layout: str | None
    signing: Signing


@dataclass(frozen=True, slots=True)
class Intake:
    """Gathers what the rules need to know, asks them once, commits once."""

    database: Database
    templates: Templates
    schema_check: SchemaCheck
    glyphs: Glyphs
    laws: Laws
    zone: ZoneInfo
    clock: Callable[[], dt.datetime]
    level: Level | None = None  # overrides the manifests
    measures: Measures = field(default_factory=Measures)
    language: PlainLanguage = field(default_factory=PlainLanguage)
    chains: SealChains | None = None  # where they are at hand, a seal without effect refuses a real case at once

    def accept(
        self,
        data: Any,
        *,
        principal: Principal | None = None,
        settle: Settle | None = None,
        due_at: dt.datetime | None = None,
        layout: str | None = None,
        signing: Signing = Signing.SEAL,
    ) -> Acceptance:
        """The document of a case, with its job due at `due_at` (now, unless given).

        `principal` None is the service itself, which may do everything. `settle` writes down, in the same
        transaction, that what was posted has this document: the Idempotency-Key, the row of a batch.
        `layout` is the one that a new document is to have; else it has the agency's or the type's own. `signing` is
        how it is to be signed. Raises
        CaseRefusedError with every finding; then nothing of the case is left behind. Raises ForbiddenError where
        the principal may not post, or not for that agency.
        """
        if principal is not None:
            principal.require(Permission.CREATE)
        doc_type = self._doc_type(data)
        if layout is not None and doc_type.in_layout(layout) is None:
            raise CaseRefusedError([_no_layout("", layout, doc_type)])
        if faults := self.schema_check.check(doc_type.schema, data):
            raise CaseRefusedError(faults)
        if halves := [p for p, text in strings_of(data) if SURROGATE.search(text)]:
            # Half a character has no UTF-8 form, so no digest could be taken.
            raise CaseRefusedError([Finding("G12", p, "含有不完整的字符", "half a character") for p in halves])
        if signing is Signing.ENVELOPE and (faults := list(unfit(doc_type.manifest.signatures, data))):
            raise CaseRefusedError(faults)
        try:
            case = Case.of(data)
        except ValueError as e:
            raise CaseRefusedError([_no_json(str(e))]) from e
        # Fonts are asked before the transaction opens: reading them is slow, holding other writers up is worse.
        undrawable = frozenset(self.glyphs.undrawable("".join(text for _, text in strings_of(data))))
        posted = _Posted(case, doc_type, undrawable, principal, settle, due_at, layout, signing)
        try:
            return self._accept(posted)
        except DuplicateError:  # another process accepted the same facts meanwhile; our number was given back
            return self._accept(posted)

    def _accept(self, posted: _Posted) -> Acceptance:
        case, doc_type, principal = posted.case, posted.doc_type, posted.principal
        if principal is not None and not principal.owns(case.agency_id):
            raise ForbiddenError(
                f"只能为自己的机关提交（/agency：{case.agency_id}）；you may post for your own agency only"
            )
        with self.database.begin() as tx:
            names = joint_names(case.data)
            registered = tx.agencies.list() if names else ()
            if principal is not None:
                _act_for_each(principal, names, registered)
            if row := tx.documents.find(case_sha256=case.sha256):
                acceptance = Acceptance(row, new=False)
                if posted.settle:
                    posted.settle(tx, acceptance)
                return acceptance
            if doc_type.retired is not None:
                raise CaseRefusedError([_retired(doc_type.manifest.title, doc_type.retired.why)])
            agency = tx.agencies.get(case.agency_id)
            now = self.clock()
            findings = check_case(case.data, self._known(tx, posted, agency, registered, now))
            faults = [f for f in findings if f.severity == "error"]
            layout = posted.layout or (agency and agency.layouts.get(case.doc_type)) or doc_type.layout
            laid_out = doc_type.in_layout(layout)
            if laid_out is None:
                faults.append(_no_layout("/agency", layout, doc_type))
            elif names and laid_out.on_roll:
                faults.append(TOO_NARROW)
            faults += self._wrong_seal(case, agency)
            if faults or agency is None or laid_out is None:
                raise CaseRefusedError(faults)
            warnings = tuple(f for f in findings if f.severity == "warning")
            row = self._number(tx, case, agency, laid_out, warnings, now)
            row = dataclasses.replace(row, signing=posted.signing)
            tx.documents.add(row)
            tx.jobs.add(row.id, posted.due_at or now)
            tx.events.add(happened(ACCEPTED, row, now, by(principal)))
            acceptance = Acceptance(row, new=True, warnings=warnings)
            if posted.settle:
                posted.settle(tx, acceptance)
            return acceptance

    def _wrong_seal(self, case: Case, agency: Agency | None) -> Sequence[Finding]:
        """A development seal for a real case, or the reverse; production looks again, at the key itself."""
        if agency is None or self.chains is None:
            return ()
        try:
            development = self.chains.development(agency.seal)
        except SetupError:
            return ()  # whether there is a seal at all is not for the caller to mend
        if development == case.is_test:
            return ()
        return (NO_EFFECT if development else NOT_FOR_TESTS,)

    def _doc_type(self, data: Any) -> DocumentType:
        name = data.get("doc_type") if isinstance(data, Mapping) else None
        if not isinstance(name, str) or name not in self.templates.names():
            known = ", ".join(self.templates.names())
            raise CaseRefusedError(
                [Finding("SCHEMA", "/doc_type", f"文书类型须为：{known}", f"must be one of: {known}")]
            )
        return self.templates.get(name)

    def _known(
        self,
        tx: Transaction,
        posted: _Posted,
        agency: Agency | None,
        registered: Sequence[Agency],
        now: dt.datetime,
    ) -> Known:
        case = posted.case
        earlier = {text: row for text in references_in(case.data) if (row := tx.documents.find(number=text))}
        notices = tx.documents.search(
            doc_type="termination_notice", action_code=case.action_code, agency_id=case.agency_id
        )
        ended = [json.loads(n.case_json)["body"]["measure"] for n in notices if n.state not in GONE]
        return Known(
            today=now.astimezone(self.zone).date(),
            agency=agency,
            manifest=posted.doc_type.manifest,
            laws=self.laws,
            references={text: self._reference(row) for text, row in earlier.items()},
            undrawable=lambda text: [c for c in dict.fromkeys(text) if c in posted.undrawable],
            terminated=frozenset(measure["doc_no"] for measure in ended if measure.get("doc_no")),
            committed=_committed(tx, case),
            delivered=_delivered(tx, case),
            measures=self.measures,
            language=self.language,
            registered=registered,
        )

    def _reference(self, row: DocumentRow) -> Reference:
        case = json.loads(row.case_json)
        return Reference(
            row.doc_type,
            row.agency_id,
            row.action_code,
            row.party_name,
            row.issue_date,
            voided=row.state is State.VOIDED,
            title=self.templates.get(row.doc_type).manifest.title_of(case["body"]),
            sealed_by=joint_names(case),
            e_agreed=bool(case["party"]["e_delivery"]["agreed"]),
        )

    def _number(
        self,
        tx: Transaction,
        case: Case,
        agency: Agency,
        doc_type: DocumentType,
        warnings: tuple[Finding, ...],
        now: dt.datetime,
    ) -> DocumentRow:
        """The row with its number: one counter per agency × word × year (issue year), in this transaction."""
        default = doc_type.manifest.number_word
        word = agency.numbering.get(case.doc_type) or (default and agency.short + default)
        if not word:
            raise CaseRefusedError(
                [
                    Finding(
                        "SCHEMA",
                        "/agency",
                        f"登记表未给{agency.name}配置{doc_type.manifest.title}的文号字头",
                        f"the registry has no numbering word of {agency.id} for {case.doc_type}",
                    )
                ]
            )
        number = DocNumber(word, case.issue_date.year, tx.numbers.take(agency.id, word, case.issue_date.year))
        return DocumentRow(
            id=str(uuid.uuid4()),
            doc_type=case.doc_type,
            agency_id=agency.id,
            number=number.text,
            state=State.ACCEPTED,
            case_sha256=case.sha256,
            case_json=json.dumps(case.data, ensure_ascii=False),
            action_code=case.action_code,
            party_name=case.party_name,
            issue_date=case.issue_date,
            created_at=now,
            template_sha256=doc_type.sha256,
            docx_sha256=None,
            unsigned_sha256=None,
            signed_sha256=None,
            size=None,
            target_level=self.level or doc_type.manifest.level,
            achieved_level=None,
            shortfall=None,
            reason=None,
            retryable=False,
            attempts=0,
            warnings=warnings,
        )


def read_case(raw: bytes) -> Any:
    """Case JSON from bytes. Raises CaseRefusedError for what is not one strict JSON value."""
    try:
        return read_json(raw)
    except ValueError as e:
        raise CaseRefusedError([_no_json(str(e))]) from e


def read_json(raw: bytes) -> Any:
    """One strict JSON value (RFC 8259, I-JSON). Raises ValueError that says what is wrong."""

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        members = dict(pairs)
        if len(members) != len(pairs):
            ((twice, _),) = Counter(name for name, _ in pairs).most_common(1)
            raise ValueError(f"member {twice[:LONGEST_SHOWN]!r} stands twice")
        if any(map(SURROGATE.search, members)):
            # Refused here already: a name stands in the place of whatever is wrong below it.
            raise ValueError("half a character in the name of a member")
        return members

    def no_constant(name: str) -> Any:
        raise ValueError(f"{name} is no JSON number")

    if len(raw) > MAX_CASE_BYTES:
        raise ValueError(f"larger than {MAX_CASE_BYTES} bytes")
    try:
        return json.loads(raw.decode("utf-8-sig"), object_pairs_hook=once, parse_constant=no_constant)
    except RecursionError as e:
        raise ValueError(str(e) or "nested too deeply") from e


MAX_CASE_BYTES = 2_000_000
LONGEST_SHOWN = 60
TOO_NARROW = Finding(
    "LAYOUT",
    "/body/mode",
    "窄幅纸上放不下几枚印章，联合文书不能用窄幅版式",
    "a roll has no room for several seals side by side",
)
NO_EFFECT = Finding(
    "SEAL",
    "/test_data",
    "该机关的印章是开发用印章，没有法律效力，只能制作测试数据（test_data 为 true）的文书",
    "the agency's seal is a development one, without legal effect: it seals test data (test_data true) only",
)
NOT_FOR_TESTS = Finding(
    "SEAL",
    "/test_data",
    "该机关的印章是正式印章，不得用于测试数据",
    "the agency's seal is a production one: it must not be used on test data",
)
GONE = frozenset({State.FAILED, State.VOIDED})  # no document that anybody holds
SURROGATE = re.compile("[\ud800-\udfff]")


def _committed(tx: Transaction, case: Case) -> dict[str, str]:
    """Items that the party of a commitment has committed itself about before, with the numbers."""
    if case.doc_type != "commitment":
        return {}
    rows = tx.documents.search(doc_type="commitment", agency_id=case.agency_id, party_name=case.party_name)
    before = [(row, json.loads(row.case_json)) for row in rows if row.state not in GONE]
    return {
        item_of(data): row.number
        for row, data in before
        if row.issue_date <= case.issue_date and same_party(data, case.data)
    }


def _delivered(tx: Transaction, case: Case) -> dict[str, dt.date]:
    """When the documents that a record cites were delivered, as receipts of the same case tell."""
    if case.doc_type != "followup_record":
        return {}
    cited = references_in(case.data)
    rows = tx.documents.search(doc_type="delivery_receipt", agency_id=case.agency_id, action_code=case.action_code)
    bodies = [json.loads(row.case_json)["body"] for row in rows if row.state not in GONE]
    days = [
        (document["doc_no"], dt.datetime.fromisoformat(body["delivered_at"]).date())
        for body in bodies
        for document in body["documents"]
        if document.get("doc_no") in cited
    ]
    return dict(sorted(days, reverse=True))  # delivered twice: the first time counts


def _act_for_each(principal: Principal, names: Sequence[str], registered: Sequence[Agency]) -> None:
    """A seal is a power: who posts a joint document must be permitted to act for every agency that seals it.

    Raises ForbiddenError. Names that the registry lacks are the rules' business.
    """
    for agency in registered:
        if agency.name in names and not principal.owns(agency.id):
            raise ForbiddenError(
                f"联合文书须加盖{agency.name}的印章，而您不能代表该机关（/body/agencies：{agency.id}）；"
                f"a joint document bears the seal of each agency, and you may not act for {agency.id}"
            )


def _retired(title: str, why: str) -> Finding:
    return Finding(
        "SCHEMA",
        "/doc_type",
        f"{title}的模板已停用，没有现行版本：{why}",
        f"every version of its template is retired: {why}",
    )


def _no_layout(pointer: str, layout: str, doc_type: DocumentType) -> Finding:
    known = ", ".join(doc_type.layout_names)
    title = doc_type.manifest.title
    return Finding(
        "LAYOUT",
        pointer,
        f"{title}没有版式 {layout[:LONGEST_SHOWN]}，只有：{known}",
        f"{doc_type.manifest.doc_type} has no layout {layout[:LONGEST_SHOWN]}, only: {known}",
    )


def _no_json(why: str) -> Finding:
    return Finding("SCHEMA", "", f"不是有效的案件JSON：{why}", f"no valid case JSON: {why}")
