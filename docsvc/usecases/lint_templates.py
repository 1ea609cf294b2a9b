"""Look a template over before it is used: what a clerk changed may be wrong in ways that Word can't show."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from docsvc.domain.agency import Agency
from docsvc.domain.case import Case
from docsvc.domain.document import Accepted, DocumentType
from docsvc.domain.errors import TemplateFaultError
from docsvc.domain.numbering import DocNumber
from docsvc.domain.template_lint import TemplateNote, judge
from docsvc.domain.wording import context
from docsvc.ports import Anatomist, Templates

NOBODY: Final = "00000000-0000-0000-0000-000000000000"  # the id of a sample that is no document


@dataclass(frozen=True, slots=True)
class TemplateDesk:
    """Where clerks' templates are looked at."""

    templates: Templates
    anatomist: Anatomist

    def lint(self, name: str, template: bytes | None = None) -> list[TemplateNote]:
        """What is wrong with a type's template, or with `template` in its place, errors first.

        Raises UsageError for an unknown type, TemplateFaultError where manifest, schema or samples can't be read.
        """
        doc_type = self.templates.get(name)
        contexts = list(self._contexts(doc_type))
        if not contexts:
            raise TemplateFaultError(f"文书模板 {name} 没有样例案件（cases/valid-1.json）")
        notes = judge(
            self.anatomist.dissect(template or doc_type.template), doc_type.manifest.legal_nature, contexts
        )
        return sorted(dict.fromkeys(notes), key=lambda note: note.severity != "error")

    def _contexts(self, doc_type: DocumentType) -> Iterator[dict[str, Any]]:
        """What the template is filled with for each sample."""
        agencies = {entry["id"]: Agency.from_json(entry) for entry in self.templates.sample_agencies()}
        for data in self.templates.samples(doc_type.manifest.doc_type):
            case = Case.of(data)
            agency = agencies.get(case.agency_id)
            if agency is None:
                raise TemplateFaultError(f"样例案件的机关 {case.agency_id} 不在样例登记表中")
            word = agency.numbering.get(case.doc_type, agency.short)
            yield context(Accepted(NOBODY, case, agency, DocNumber(word, case.issue_date.year, 1), doc_type))
