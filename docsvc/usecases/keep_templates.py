"""The clerks' workbench: look a Word template over, see what it makes, and what a change to it changes."""

from __future__ import annotations

import dataclasses
import difflib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from docsvc.domain.agency import Agency
from docsvc.domain.case import Case
from docsvc.domain.document import Accepted, DocumentType
from docsvc.domain.errors import TemplateFaultError
from docsvc.domain.numbering import DocNumber
from docsvc.domain.scan import KEY_ID_BYTES, SIGNATURE_BYTES
from docsvc.domain.template_lint import TemplateNote, judge
from docsvc.domain.wording import context
from docsvc.pipeline.convert import body_text, convert
from docsvc.pipeline.render import render
from docsvc.ports import Anatomist, Converter, Filler, PageImages, Pages, QrCodes, Templates

NOBODY: Final = "00000000-0000-0000-0000-000000000000"  # the id of a sample that is no document
WIDTH_PX: Final = 1100


class NoSigner:
    """Stands where a key would: the code of a draft takes its room, and no key that anyone trusts has signed it."""

    key_id: Final = bytes(KEY_ID_BYTES)

    def sign(self, message: bytes) -> bytes:
        """Zeros, whatever the message."""
        del message
        return bytes(SIGNATURE_BYTES)


@dataclass(frozen=True, slots=True)
class Draft:
    """A sample case as a template lays it out, unsigned and without a number of its own."""

    sample: int  # from 1
    text: str
    pdf: bytes
    pictures: tuple[bytes, ...]  # PNG, a page each


@dataclass(frozen=True, slots=True)
class Difference:
    """What another template makes of a sample: changed lines as a unified diff, and pages that look otherwise."""

    sample: int
    lines: tuple[str, ...]
    pages: tuple[int, ...]  # from 1; those that only one of them has included

    def __bool__(self) -> bool:
        return bool(self.lines or self.pages)


@dataclass(frozen=True, slots=True)
class TemplateDesk:
    """Where templates are looked at."""

    templates: Templates
    anatomist: Anatomist
    public_url: str

    def lint(self, name: str, template: bytes | None = None) -> list[TemplateNote]:
        """What is wrong with a type's Word files, one for each layout, or with `template` in their place, errors
        first.

        Raises UsageError for an unknown type, TemplateFaultError where manifest, schema or samples can't be read.
        """
        accepted = self._samples(name, template)
        doc_type = accepted[0].doc_type
        contexts = [context(each) for each in accepted]
        files = [each.template for each in doc_type.layouts.values()] if template is None else [template]
        nature = doc_type.manifest.legal_nature
        notes = [note for file in files for note in judge(self.anatomist.dissect(file), nature, contexts)]
        return sorted(dict.fromkeys(notes), key=lambda note: note.severity != "error")

    def drafts(self, name: str, press: Press, template: bytes | None = None) -> Iterator[Draft]:
        """Each sample as the type's template, or `template`, lays it out.

        Raises as `lint` does, and TemplateFaultError, MissingGlyphError or ConversionError for the first that it
        can't lay out.
        """
        for number, accepted in enumerate(self._samples(name, template), 1):
            filled = render(accepted, press.filler, press.codes, NoSigner(), self.public_url)
            laid_out = convert(filled, press.converter, press.pages)
            pictures = (press.images.png(laid_out.pdf, page, WIDTH_PX) for page in range(1, laid_out.pages + 1))
            yield Draft(number, body_text(filled.docx), laid_out.pdf, tuple(pictures))

    def differences(self, name: str, press: Press, template: bytes) -> Iterator[Difference]:
        """What `template` makes of each sample otherwise than the type's own. Raises as `drafts` does."""
        both = zip(self.drafts(name, press), self.drafts(name, press, template), strict=True)
        for old, new in both:
            lines = difflib.unified_diff(
                old.text.splitlines(), new.text.splitlines(), "now", "then", lineterm="", n=1
            )
            most = max(len(old.pictures), len(new.pictures))
            pages = (p for p in range(most) if old.pictures[p : p + 1] != new.pictures[p : p + 1])
            yield Difference(old.sample, tuple(lines), tuple(page + 1 for page in pages))

    def publish(self, name: str, press: Press, template: bytes) -> DocumentType:
        """`template` as the type's next version. Raises TemplateFaultError where lint finds an error or nothing
        changed, and as `drafts` does where a sample can't be laid out with it.
        """
        if template == self.templates.get(name).template:
            raise TemplateFaultError("与现行版本相同，无需发布；it is the version in force already")
        faults = [note for note in self.lint(name, template) if note.severity == "error"]
        if faults:
            told = "；".join(note.message for note in faults)
            raise TemplateFaultError(f"模板有{len(faults)}处错误，不能发布：{told}")
        for _ in self.drafts(name, press, template):
            pass
        return self.templates.publish(name, template)

    def _samples(self, name: str, template: bytes | None) -> list[Accepted]:
        """The sample cases beside the type's template, as intake would hand them on."""
        doc_type = self.templates.get(name)
        if template is not None:
            doc_type = dataclasses.replace(doc_type, template=template)
        agencies = {entry["id"]: Agency.from_json(entry) for entry in self.templates.sample_agencies()}
        accepted = []
        for data in self.templates.samples(name):
            case = Case.of(data)
            agency = agencies.get(case.agency_id)
            if agency is None:
                raise TemplateFaultError(f"样例案件的机关 {case.agency_id} 不在样例登记表中")
            word = agency.numbering.get(case.doc_type, agency.short)
            number = DocNumber(word, case.issue_date.year, 1)
            accepted.append(Accepted(NOBODY, case, agency, number, doc_type))
        if not accepted:
            raise TemplateFaultError(f"文书模板 {name} 没有样例案件（cases/valid-1.json）")
        return accepted


@dataclass(frozen=True, slots=True)
class Press:
    """What lays drafts out."""

    filler: Filler
    codes: QrCodes
    converter: Converter
    pages: Pages
    images: PageImages
