"""What needs neither keys nor database: templates, tables, print files, verifying, checking a published log."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from docsvc.bootstrap.adapters import Adapters, log_keys, now, trust_anchors
from docsvc.settings import load_settings
from docsvc.telemetry import configure_logs

if TYPE_CHECKING:
    from docsvc.adapters.template_folder import TemplateFolder
    from docsvc.ports import LogKeys, Verifier
    from docsvc.usecases.check_log import LogVerdict
    from docsvc.usecases.keep_templates import Press, TemplateDesk


def open_templates() -> TemplateFolder:
    """The template folders alone: no keys, no database."""
    return Adapters(load_settings(), ExitStack()).templates


def open_template_desk() -> TemplateDesk:
    """Where templates are looked at: fonts, but no keys and no database."""
    from docsvc.adapters.word.anatomy import WordAnatomist
    from docsvc.usecases.keep_templates import TemplateDesk

    settings = load_settings()
    adapters = Adapters(settings, ExitStack())
    return TemplateDesk(adapters.templates, WordAnatomist(adapters.fonts), adapters.schema_check, now)


@contextmanager
def open_press() -> Iterator[Press]:
    """What lays drafts out: fonts and an office, but no keys and no database."""
    from docsvc.adapters.pages.reading import PdfPages
    from docsvc.adapters.qr import SegnoCodes
    from docsvc.adapters.word import WordFiller
    from docsvc.usecases.keep_templates import Press

    settings = load_settings()
    configure_logs(settings.log_level)
    with ExitStack() as closing:
        adapters = Adapters(settings, closing)
        yield Press(
            filler=WordFiller(adapters.fonts),
            codes=SegnoCodes(),
            converter=adapters.converter,
            pages=PdfPages(),
            images=adapters.images,
            public_url=settings.public,
        )


def blank_table(suffix: str, doc_type: str) -> bytes:
    """A table (`.csv`, `.xlsx`) to fill in for one document type: no keys, no database."""
    from docsvc.adapters.sheets import Sheets
    from docsvc.usecases.read_batch import blank_table as blank

    return blank(suffix, doc_type, Sheets(), open_templates())


def merge_pages(documents: Mapping[str, Path], target: Path) -> None:
    """Write one PDF to print, of documents by name."""
    from docsvc.adapters.pages.merging import merge_pages as merge

    merge(documents, target)


def open_verifier(trust: Path | None) -> tuple[Verifier, LogKeys]:
    """A verifier for files from outside, and the log keys that count: no database, no network."""
    from docsvc.adapters.pades.verifier import PdfVerifier

    settings = load_settings()
    configure_logs(settings.log_level)
    folder = trust or settings.trust
    return PdfVerifier(trust_anchors(folder)), trusted_log_keys(folder)


def trusted_log_keys(folder: Path) -> LogKeys:
    """The log keys (*.vkey) of a trust folder."""
    return log_keys([path.read_text("utf-8").strip() for path in sorted(folder.glob("*.vkey"))])


def check_log(where: str, vkey: str | None) -> LogVerdict:
    """Check a published log (folder or URL) against `vkey`, else against the trusted log keys."""
    from docsvc.adapters.log_reader import open_log
    from docsvc.usecases.check_log import check_log as check

    settings = load_settings()
    return check(open_log(where), log_keys([vkey]) if vkey else trusted_log_keys(settings.trust))
