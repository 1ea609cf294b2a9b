"""Which version of its template a document was made with: kept with the documents, whatever clerks do."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field

from docsvc.domain.document import DocumentRow, DocumentType
from docsvc.domain.errors import ObjectMissingError, StoreError, TemplateFaultError
from docsvc.pipeline.store import object_key, store
from docsvc.ports import ObjectStore, Templates

AHEAD = dt.timedelta(days=366)  # kept longer than asked for, so that it is not asked for with every document


@dataclass(frozen=True, slots=True)
class TemplateName:
    """A version as documents name it; `version` None where only its digest is left."""

    type: str
    version: str | None
    sha256: str


@dataclass(frozen=True, slots=True)
class TemplateVersions:
    """Versions in force, superseded and retired, and those that the store alone still has."""

    templates: Templates
    objects: ObjectStore
    _found: dict[str, DocumentType] = field(default_factory=dict)  # by digest: a version never changes
    _kept: dict[str, dt.datetime] = field(default_factory=dict)  # until when

    def of(self, row: DocumentRow) -> DocumentType | None:
        """The version that the row names; None where nobody has it any more.

        Raises AlteredError, StoreError where the store fails, TemplateFaultError for a broken folder.
        """
        sha256 = row.template_sha256
        if sha256 not in self._found:
            version = self.templates.version(row.doc_type, sha256) or self._stored(row)
            if version is None:
                return None
            self._found[sha256] = version
        return self._found[sha256]

    def keep(self, version: DocumentType, until: dt.datetime) -> None:
        """Its files, and the listing that its digest is of, are in the store at least until then."""
        if self._kept.get(version.sha256, until - AHEAD) < until:
            for data in (*version.files.values(), version.listing):
                store(data, self.objects, until + AHEAD)
            self._kept[version.sha256] = until + AHEAD

    def name(self, row: DocumentRow) -> TemplateName:
        """What the row's version is called."""
        try:
            version = self.of(row)
        except (StoreError, TemplateFaultError):  # a document is shown whatever became of its template
            version = None
        return TemplateName(row.doc_type, version.manifest.version if version else None, row.template_sha256)

    def _stored(self, row: DocumentRow) -> DocumentType | None:
        try:
            listed = self.objects.get(object_key(row.template_sha256)).decode().split()
            digests = dict(zip(listed[1::2], listed[::2], strict=True))
            files = {name: self.objects.get(object_key(digest)) for name, digest in digests.items()}
        except ObjectMissingError:
            return None
        return self.templates.read(row.doc_type, files)
