"""`docsvc verify`: the report on a PDF, alone or with its evidence bundle; no database, no network."""

from __future__ import annotations

import json
from pathlib import Path

import click

from docsvc.bootstrap import now, open_verifier
from docsvc.cli.report import EXIT, report_json, report_text
from docsvc.domain.errors import UsageError
from docsvc.domain.verdict import worst
from docsvc.usecases.verify import verify_file


@click.command()
@click.argument("files", metavar="FILE.pdf...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--evidence", type=click.Path(path_type=Path), help="evidence bundle of the (one) file")
@click.option("--trust", type=click.Path(path_type=Path), help="folder of trust anchors *.pem and log keys *.vkey")
@click.option("--json", "as_json", is_flag=True, help="the report as JSON")
def verify(files: tuple[Path, ...], evidence: Path | None, trust: Path | None, as_json: bool) -> int:  # noqa: FBT001
    """Check signed PDFs; exit 0 TOTAL-PASSED, 1 TOTAL-FAILED, 2 INDETERMINATE, 64 usage. The worst file decides."""
    if evidence and len(files) > 1:
        raise UsageError("--evidence belongs to one file: verify that one alone")
    for path in (*files, *([evidence] if evidence else [])):
        if not path.is_file():
            raise UsageError(f"no such file: {path}")
    if trust and not trust.is_dir():
        raise UsageError(f"no such folder: {trust}")
    verifier, log_keys = open_verifier(trust)
    bundle = evidence.read_bytes() if evidence else None
    reports = []
    for path in files:
        report = verify_file(path.read_bytes(), verifier, now(), bundle=bundle, log_keys=log_keys)
        reports.append(report)
        if as_json:
            click.echo(json.dumps({"file": str(path), **report_json(report)}, ensure_ascii=False))
        else:
            click.echo(f"{path}\n{report_text(report)}")
    return EXIT[worst(r.indication for r in reports)]
