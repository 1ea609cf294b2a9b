"""What needs neither keys nor database: templates, tables, print files, verifying, checking a published log."""

from __future__ import annotations

import datetime as dt
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from docsvc.bootstrap.adapters import Adapters, log_keys, now, trust_anchors
from docsvc.domain.errors import UsageError
from docsvc.settings import load_settings
from docsvc.telemetry import configure_logs

if TYPE_CHECKING:
    from docsvc.adapters.template_folder import TemplateFolder
    from docsvc.ports import LogKeys, Verifier
    from docsvc.usecases.check_log import LogVerdict
    from docsvc.usecases.check_scan import ScanVerdict
    from docsvc.usecases.keep_templates import Press, TemplateDesk
    from docsvc.usecases.work_on_drafts import PressRoom


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


def open_press_room() -> PressRoom:
    """Where drafts that clerks hand in over HTTP are worked on: no keys and no database."""
    from docsvc.adapters.processes import run_limited
    from docsvc.usecases.work_on_drafts import PressRoom

    settings = load_settings()
    configure_logs(settings.log_level)

    def run(folder: Path) -> bool:
        words = [sys.executable, "-m", "docsvc", "press", "--request", str(folder)]
        return run_limited(words, settings.task_limit_s, settings.press_memory_mb)

    limit = dt.timedelta(seconds=settings.task_limit_s)
    return PressRoom(Adapters(settings, ExitStack()).draft_box, run, now, limit)


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


def check_scan(text: str, trust: Path | None, facts: Mapping[str, str]) -> ScanVerdict:
    """The verdict on the text of a document's code, by the public keys (scan*.pub) of a trust folder."""
    from docsvc.adapters.notary import SCAN_PUBS, TrustedScanKeys
    from docsvc.usecases.check_scan import check_scan as check

    folder = trust or load_settings().trust
    return check(text, TrustedScanKeys(sorted(folder.glob(SCAN_PUBS))), facts)


def case_facts(data: Any) -> dict[str, str]:
    """What a case JSON says of the facts that a code covers. Raises UsageError for JSON of another shape."""
    try:
        facts = {
            "title": open_templates().get(data["doc_type"]).manifest.title_of(data["body"]),
            "issue_date": data["issue_date"],
            "party": data["party"]["name"],
            "action_code": data["action_code"],
        }
    except (KeyError, TypeError, AttributeError) as e:
        raise UsageError("案件 JSON 缺少所需的要素；the case lacks facts that a code covers") from e
    if not all(isinstance(value, str) for value in facts.values()):
        raise UsageError("案件 JSON 的要素应为文字；the facts of a case are texts")
    return facts
