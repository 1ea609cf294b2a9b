"""The clerks' workbench: look a template over, see what it makes, what a change changes; publish and retire it."""

from __future__ import annotations

import dataclasses
import datetime as dt
import difflib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from docsvc.domain.agency import Agency
from docsvc.domain.blanks import blank_context
from docsvc.domain.canonical import sha256_hex
from docsvc.domain.case import Case
from docsvc.domain.document import Accepted, DocumentType, Filled, Layout, Remark
from docsvc.domain.errors import CaseRefusedError, ConflictError, TemplateFaultError, UsageError
from docsvc.domain.joint import joint_agencies
from docsvc.domain.numbering import DocNumber
from docsvc.domain.properties import Properties
from docsvc.domain.scan import KEY_ID_BYTES, SIGNATURE_BYTES
from docsvc.domain.shapes import unsound
from docsvc.domain.signature_lint import judge_signatures
from docsvc.domain.template_lint import Anatomy, TemplateNote, Trial, judge
from docsvc.domain.wording import context, unworded
from docsvc.domain.wording.fields import fields_of, filled
from docsvc.pipeline.convert import body_text, convert
from docsvc.pipeline.render import render
from docsvc.ports import Anatomist, Converter, Filler, PageImages, Pages, QrCodes, SchemaCheck, Templates
from docsvc.usecases.intake import read_case

NOBODY: Final = "00000000-0000-0000-0000-000000000000"  # the id of a sample that is no document
WIDTH_PX: Final = 1100
MOST_SAMPLES: Final = 20
CODE: Final = 16  # hexadecimal digits of what a clerk accepts


class NoSigner:
    """Stands where a key would: the code of a draft takes its room, and no key that anyone trusts has signed it."""

    key_id: Final = bytes(KEY_ID_BYTES)

    def sign(self, message: bytes) -> bytes:
        """Zeros, whatever the message."""
        del message
        return bytes(SIGNATURE_BYTES)


@dataclass(frozen=True, slots=True)
class Draft:
    """A clerk's change to a type; what is None stays as it is, and so do `layouts` that are not named."""

    template: bytes | None = None
    schema: bytes | None = None
    samples: Mapping[str, bytes] | None = None
    layouts: Mapping[str, bytes] = field(default_factory=dict)  # "layouts/doc.docx" and the like


@dataclass(frozen=True, slots=True)
class Proof:
    """A sample case as a template lays it out, unsigned and without a number of its own."""

    sample: str  # and the layout, where it is not the type's own
    text: str
    pdf: bytes
    pictures: tuple[bytes, ...]  # PNG, a page each

    @property
    def digest(self) -> str:
        """Of its text and of how its pages look."""
        return sha256_hex("\n".join(map(sha256_hex, (self.text.encode(), *self.pictures))).encode())


@dataclass(frozen=True, slots=True)
class Difference:
    """What a draft makes of a sample otherwise: changed lines as a unified diff, and pages that look otherwise."""

    sample: str
    lines: tuple[str, ...]
    pages: tuple[int, ...]  # from 1; those that only one of them has included

    def __bool__(self) -> bool:
        return bool(self.lines or self.pages)


@dataclass(frozen=True, slots=True)
class Comparison:
    """A draft beside the version in force. `code` stands for what was seen: who publishes gives it back."""

    differences: tuple[Difference, ...]
    code: str


@dataclass(frozen=True, slots=True)
class BlankForm:
    """A type's form to fill in by hand, as `sample` uses it: without facts, number, code or seal."""

    sample: int  # from 1
    docx: bytes
    pdf: bytes


@dataclass(frozen=True, slots=True)
class Press:
    """What lays proofs out."""

    filler: Filler
    codes: QrCodes
    converter: Converter
    pages: Pages
    images: PageImages
    public_url: str

    def proof(self, sample: str, accepted: Accepted) -> Proof:
        """Raises TemplateFaultError, MissingGlyphError or ConversionError where it can't be laid out."""
        made = render(accepted, self.filler, self.codes, NoSigner(), self.public_url)
        laid_out = convert(made, self.converter, self.pages)
        pictures = (self.images.png(laid_out.pdf, page, WIDTH_PX) for page in range(1, laid_out.pages + 1))
        return Proof(sample, body_text(made.docx), laid_out.pdf, tuple(pictures))


@dataclass(frozen=True, slots=True)
class TemplateDesk:
    """Where templates are kept. A `Draft` that is not given is the version in force itself."""

    templates: Templates
    anatomist: Anatomist
    schema_check: SchemaCheck
    clock: Callable[[], dt.datetime]

    def open(self, name: str) -> Draft:
        """The version in force, to work on. Raises UsageError for an unknown type."""
        version = self.templates.get(name)
        layouts = [version.layouts[other] for other in version.layout_names[1:]]
        return Draft(
            version.template,
            version.common["schema.json"],
            self.templates.samples(name),
            {layout.file: layout.template for layout in layouts},
        )

    def lint(self, name: str, draft: Draft | None = None) -> list[TemplateNote]:
        """What is wrong, errors first.

        Raises UsageError for an unknown type, TemplateFaultError where manifest, schema or samples can't be read.
        """
        doc_type, samples = self._type(name, draft), self._samples(name, draft)
        why = unsound(doc_type.schema) or self.schema_check.unsound(doc_type.schema)
        if why:
            return [_fault("schema", f"schema.json 有误（{why}）", f"the schema is faulty ({why})")]
        notes = list(self._faults_of(doc_type, samples))
        if not notes:
            accepted = [self._accepted(doc_type, raw) for raw in samples.values()]
            schema = doc_type.schema
            trial = Trial(
                manifest=doc_type.manifest,
                fields=fields_of(schema),
                contexts=[context(each) for each in accepted],
                filled=frozenset().union(*(filled(schema, each.case.data) for each in accepted)),
                unworded=frozenset().union(*map(unworded, accepted)),
                stages=frozenset(str(each.case.body.get("stage")) for each in accepted),
            )
            own, *others = doc_type.layout_names
            anatomies = {doc_type.layouts[own].file: self.anatomist.dissect(doc_type.template)}
            notes = [note for anatomy in anatomies.values() for note in judge(anatomy, trial)]
            for layout in (doc_type.layouts[other] for other in others):
                anatomies[layout.file] = self.anatomist.dissect(layout.template)
                notes += _faults_in(layout, anatomies[layout.file], trial)
            texts = {file: anatomy.texts for file, anatomy in anatomies.items()}
            cases = [each.case.data for each in accepted]
            notes += judge_signatures(doc_type.manifest.signatures, trial.fields, texts, cases)
        return sorted(dict.fromkeys(notes), key=lambda note: note.severity != "error")

    def proofs(self, name: str, press: Press, draft: Draft | None = None) -> Iterator[Proof]:
        """Each sample laid out, and the first in every other layout too.

        Raises as `lint` does, and as `Press.proof` for the first that can't be.
        """
        doc_type = self._type(name, draft)
        for sample, (raw, layout) in self._looks(name, draft).items():
            yield press.proof(sample, self._accepted(doc_type, raw, layout))

    def proof(self, name: str, press: Press, draft: Draft | None, case: bytes) -> Proof:
        """A case of the clerk's own laid out. Raises as `proofs`, CaseRefusedError for one that is none."""
        doc_type = self._type(name, draft)
        if faults := self.schema_check.check(doc_type.schema, read_case(case)):
            raise CaseRefusedError(faults)
        return press.proof("case", self._accepted(doc_type, case))

    def compare(self, name: str, press: Press, draft: Draft) -> Comparison:
        """What the draft makes of each of its samples otherwise than the version in force. Raises as `proofs`."""
        in_force = self.templates.get(name)
        differences, proofs, looks = [], [], self._looks(name, draft)
        for proof in self.proofs(name, press, draft):
            proofs.append(proof)
            try:
                accepted = self._accepted(in_force, *looks[proof.sample])
                before: Proof | None = press.proof(proof.sample, accepted)
            except TemplateFaultError:  # a sample or a layout of which the version in force does not know
                before = None
            differences.append(_difference(before, proof))
        return Comparison(tuple(differences), self._code(name, draft, proofs))

    def blanks(self, name: str, press: Press) -> Iterator[BlankForm]:
        """A blank form for each way in which the samples use the type; what reads the same comes once.

        Raises as `proofs` does.
        """
        doc_type, seen = self.templates.get(name), set()
        for number, raw in enumerate(self._samples(name, None).values(), 1):
            accepted = self._accepted(doc_type, raw)
            words = {**blank_context(context(accepted), accepted.case.data), "scan": ""}
            title = f"{words['title']}（空白文书）"
            about = Properties(title, author="", subject=title, keywords=(name,))
            docx = press.filler.fill(doc_type.template, words, properties=about)
            if (text := body_text(docx)) not in seen:
                seen.add(text)
                pdf = convert(Filled(docx, sha256_hex(docx)), press.converter, press.pages).pdf
                yield BlankForm(number, docx, pdf)

    def publish(self, name: str, press: Press, draft: Draft, remark: Remark, code: str) -> DocumentType:
        """The draft as the type's next version. `code` is that of the comparison that the clerk has looked at.

        Raises TemplateFaultError where lint finds an error or nothing changed, ConflictError for another code, and
        as `proofs` does where a sample can't be laid out.
        """
        doc_type, in_force = self._type(name, draft), self.templates.get(name)
        if doc_type.everything == in_force.everything and in_force.retired is None:
            raise TemplateFaultError("与现行版本相同，无需发布；it is the version in force already")
        faults = [note for note in self.lint(name, draft) if note.severity == "error"]
        if faults:
            told = "；".join(note.message for note in faults)
            raise TemplateFaultError(f"模板有{len(faults)}处错误，不能发布：{told}")
        proofs = list(self.proofs(name, press, draft))
        if code != self._code(name, draft, proofs):
            raise ConflictError(
                "同意代码与比较结果不符，请重新比较；the code is not that of what it looks like now: compare again"
            )
        golden = {
            path: data
            for proof in proofs
            for path, data in (
                (f"{proof.sample}.txt", proof.text.encode()),
                *((f"{proof.sample}-page-{n}.png", png) for n, png in enumerate(proof.pictures, 1)),
            )
        }
        samples = {f"{sample}.json": raw for sample, raw in self._samples(name, draft).items()}
        return self.templates.publish(doc_type, samples, golden, remark)

    def retire(self, name: str, version: str, remark: Remark) -> DocumentType:
        """The version makes no new documents any more; the one in force now.

        Raises UsageError without a reason or for an unknown version, ConflictError where it is retired already.
        """
        if not remark.why.strip():
            raise UsageError("停用须说明理由；a reason is needed")
        self.templates.retire(name, version, remark)
        return self.templates.get(name)

    def _type(self, name: str, draft: Draft | None) -> DocumentType:
        version = self.templates.get(name)
        if draft is None:
            return version
        changed = {"template.docx": draft.template, "schema.json": draft.schema, **draft.layouts}
        files = {**version.everything, **{file: data for file, data in changed.items() if data is not None}}
        return self.templates.read(name, files)

    def _samples(self, name: str, draft: Draft | None) -> Mapping[str, bytes]:
        samples = self.templates.samples(name) if draft is None or draft.samples is None else draft.samples
        if not samples:
            raise TemplateFaultError(f"文书模板 {name} 没有样例案件（cases/valid-1.json）；there is no sample")
        if len(samples) > MOST_SAMPLES:
            raise TemplateFaultError(f"样例案件超过{MOST_SAMPLES}个；more than {MOST_SAMPLES} samples")
        return {file.removesuffix(".json"): raw for file, raw in sorted(samples.items())}

    def _looks(self, name: str, draft: Draft | None) -> dict[str, tuple[bytes, str]]:
        """What is laid out to look at: a sample and the layout, by what the proof is called."""
        samples, (own, *others) = self._samples(name, draft), self._type(name, draft).layout_names
        looks = {sample: (raw, own) for sample, raw in samples.items()}
        first = next(iter(samples))
        return looks | {f"{first}-{other}": (samples[first], other) for other in others}

    def _faults_of(self, doc_type: DocumentType, samples: Mapping[str, bytes]) -> Iterator[TemplateNote]:
        """What is wrong with the samples themselves."""
        for sample, raw in samples.items():
            try:
                case = read_case(raw)
                for fault in self.schema_check.check(doc_type.schema, case):
                    at = f"{sample}.json {fault.pointer}"
                    yield _fault("sample", f"样例 {at}：{fault.message}", f"sample {at}: {fault.message_en}")
                context(self._accepted(doc_type, raw))
            except (CaseRefusedError, TemplateFaultError) as e:
                yield _fault(
                    "sample", f"样例 {sample}.json 无法使用：{e}", f"the sample {sample}.json is of no use: {e}"
                )

    def _accepted(self, doc_type: DocumentType, raw: bytes, layout: str | None = None) -> Accepted:
        """A sample as intake would hand it on."""
        laid_out = doc_type.in_layout(layout or doc_type.layout)
        if laid_out is None:
            raise TemplateFaultError(f"没有版式 {layout}；there is no layout {layout}")
        agencies = {entry["id"]: Agency.from_json(entry) for entry in self.templates.sample_agencies()}
        try:
            case = Case.of(read_case(raw))
            agency = agencies.get(case.agency_id)
            year = case.issue_date.year
        except (ValueError, KeyError, TypeError, AttributeError) as e:
            raise TemplateFaultError(f"样例案件有误：{e}") from e
        if agency is None:
            raise TemplateFaultError(f"样例案件的机关 {case.agency_id} 不在样例登记表中")
        word = agency.numbering.get(case.doc_type, agency.short)
        joint = joint_agencies(case.data, agency, agencies.values())
        if joint is None:
            raise TemplateFaultError("样例案件的联合机关不在样例登记表中")
        return Accepted(NOBODY, case, agency, DocNumber(word, year, 1), laid_out, joint)

    def _code(self, name: str, draft: Draft, proofs: Sequence[Proof]) -> str:
        told = {
            "in_force": self.templates.get(name).sha256,
            "draft": self._type(name, draft).sha256,
            "samples": {proof.sample: proof.digest for proof in proofs},
        }
        return sha256_hex(json.dumps(told, sort_keys=True).encode())[:CODE]


def _faults_in(layout: Layout, anatomy: Anatomy, trial: Trial) -> Iterator[TemplateNote]:
    """What is wrong with another layout's Word file. It may leave out what the type's own prints."""
    for note in judge(anatomy, trial):
        if note.kind != "unused":
            place = note.place and dataclasses.replace(note.place, part=f"{layout.file}: {note.place.part}")
            yield dataclasses.replace(note, place=place)


def _difference(old: Proof | None, new: Proof) -> Difference:
    before, pictures = (old.text, old.pictures) if old else ("", ())
    lines = difflib.unified_diff(before.splitlines(), new.text.splitlines(), "now", "then", lineterm="", n=1)
    most = max(len(pictures), len(new.pictures))
    pages = (p for p in range(most) if pictures[p : p + 1] != new.pictures[p : p + 1])
    return Difference(new.sample, tuple(lines), tuple(page + 1 for page in pages))


def _fault(kind: str, zh: str, en: str) -> TemplateNote:
    return TemplateNote(kind, "error", zh, en)
