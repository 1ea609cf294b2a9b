"""The clerk's commands: what can be made, what is wrong with a template, what it makes, what a change changes."""

from __future__ import annotations

import getpass
import json
from dataclasses import asdict
from pathlib import Path

import click

from docsvc.bootstrap import blank_table, now, open_press, open_service, open_template_desk, open_templates
from docsvc.domain.document import Remark
from docsvc.domain.errors import UsageError
from docsvc.domain.template_lint import Place
from docsvc.usecases.keep_templates import Draft

TEMPLATE, SCHEMA, CASES = "template.docx", "schema.json", "cases"
drafted = click.option(
    "--draft", "path", type=click.Path(path_type=Path), help="a .docx, or a folder as `templates draft` makes it"
)
signed = click.option("--by", default=getpass.getuser, help="who does it; default: who is logged in")


@click.group()
def templates() -> None:
    """What can be made."""


@templates.command("list")
@click.option("--json", "as_json", is_flag=True, help="as JSON")
def templates_list(as_json: bool) -> None:  # noqa: FBT001 - click gives a bool
    """List document types: id, title, version, level asked for."""
    folder = open_templates()
    manifests = [folder.get(name).manifest for name in folder.names()]
    if as_json:
        rows = [
            {
                "doc_type": m.doc_type,
                "title": m.title,
                "title_en": m.title_en,
                "version": m.version,
                "level": m.level,
            }
            for m in manifests
        ]
        click.echo(json.dumps(rows, ensure_ascii=False))
    else:
        for m in manifests:
            click.echo(f"{m.doc_type}\t{m.title}\t{m.title_en}\t{m.version}\t{m.level}")


@templates.command("sheet")
@click.argument("doc_type", metavar="TYPE")
@click.option("--out", required=True, type=click.Path(path_type=Path, dir_okay=False), help="FILE.xlsx or FILE.csv")
def templates_sheet(doc_type: str, out: Path) -> None:
    """Write a table to fill in, a row a case, for `docsvc issue`: names, paths, and what belongs in each column."""
    suffix = out.suffix.lower()
    if suffix not in (".xlsx", ".csv"):
        raise UsageError(f"--out is FILE.xlsx or FILE.csv, not {out.name}")
    out.write_bytes(blank_table(suffix, doc_type))
    click.echo(out)


@templates.command("draft")
@click.argument("name", metavar="TYPE")
@click.option("--out", required=True, type=click.Path(path_type=Path, file_okay=False), help="a new folder")
def templates_draft(name: str, out: Path) -> None:
    """Copy the version in force into a folder to work on: template.docx, schema.json and the samples in cases/."""
    draft = open_template_desk().open(name)
    files = {TEMPLATE: draft.template, SCHEMA: draft.schema}
    files |= {f"{CASES}/{file}": raw for file, raw in (draft.samples or {}).items()}
    if out.exists() and any(out.iterdir()):
        raise UsageError(f"{out} 不是空文件夹；it is not empty")
    (out / CASES).mkdir(parents=True, exist_ok=True)
    for file, data in files.items():
        (out / file).write_bytes(data or b"")
    click.echo(out)


@templates.command("lint")
@click.argument("names", nargs=-1, metavar="[TYPE]...")
@drafted
def templates_lint(names: tuple[str, ...], path: Path | None) -> int:
    """Look templates over, all of them unless named; exit 1 where one has an error."""
    desk = open_template_desk()
    if path is not None and len(names) != 1:
        raise UsageError("--draft goes with one TYPE")
    draft, faults = _read(path), 0
    for name in names or desk.templates.names():
        notes = desk.lint(name, draft)
        faults += sum(note.severity == "error" for note in notes)
        click.echo(f"{'ok   ' if not notes else '     '} {name}")
        for note in notes:
            at = "" if note.place is None else f"{_place(note.place)}: "
            click.echo(f"{'FAULT' if note.severity == 'error' else 'warn '} {at}{note.message} / {note.message_en}")
    return 1 if faults else 0


@templates.command("preview")
@click.argument("name", metavar="TYPE")
@drafted
@click.option(
    "--out", type=click.Path(path_type=Path, file_okay=False), required=True, help="folder for the proofs"
)
def templates_preview(name: str, path: Path | None, out: Path) -> None:
    """Lay the type's samples out: PDFs without a seal, marked as drafts, and their pages as pictures."""
    draft = _read(path)
    out.mkdir(parents=True, exist_ok=True)
    with open_press() as press:
        for proof in open_template_desk().proofs(name, press, draft):
            stem = f"{name}-{proof.sample}"
            (out / f"{stem}.pdf").write_bytes(press.pages.mark_draft(proof.pdf))
            for page, png in enumerate(proof.pictures, 1):
                (out / f"{stem}-page-{page}.png").write_bytes(png)
            click.echo(f"{out / stem}.pdf\t{len(proof.pictures)} 页 (pages)")


@templates.command("blank")
@click.argument("names", nargs=-1, metavar="[TYPE]...")
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), required=True, help="folder for the forms")
def templates_blank(names: tuple[str, ...], out: Path) -> None:
    """Make blank forms to fill in by hand, as Word files and PDFs, of all types unless named."""
    out.mkdir(parents=True, exist_ok=True)
    desk = open_template_desk()
    with open_press() as press:
        for name in names or desk.templates.names():
            for count, form in enumerate(desk.blanks(name, press), 1):
                stem = out / f"{name}-blank-{count}"
                stem.with_suffix(".docx").write_bytes(form.docx)
                stem.with_suffix(".pdf").write_bytes(form.pdf)
                click.echo(f"{stem}.pdf")


@templates.command("diff")
@click.argument("name", metavar="TYPE")
@click.argument("path", type=click.Path(path_type=Path), metavar="DRAFT")
def templates_diff(name: str, path: Path) -> int:
    """What DRAFT makes of the samples otherwise than the version in force; exit 1 where it does.

    DRAFT is a .docx or a folder as `templates draft` makes it. The code at the end is what `publish` asks for.
    """
    draft = _read(path) or Draft()
    with open_press() as press:
        comparison = open_template_desk().compare(name, press, draft)
    for found in comparison.differences:
        pages = ", ".join(map(str, found.pages)) or "—"
        click.echo(f"样例 sample {found.sample}: 版面不同的页 pages that look otherwise: {pages}")
        for line in found.lines:
            click.echo(f"  {line}")
    click.echo(f"同意代码 accept with: {comparison.code}")
    return 1 if any(comparison.differences) else 0


@templates.command("publish")
@click.argument("name", metavar="TYPE")
@click.argument("path", type=click.Path(path_type=Path), metavar="DRAFT")
@click.option("--accept", metavar="CODE", help="of what `diff` showed: it has been looked at, and is wanted")
@click.option("--why", default="", help="what was changed, and why")
@signed
def templates_publish(name: str, path: Path, accept: str | None, why: str, by: str) -> None:
    """Make DRAFT the type's next version; documents that were accepted before keep theirs."""
    if not accept:
        raise UsageError(
            f"look at `docsvc templates diff {name} {path}` first, then publish with its --accept CODE"
        )
    with open_press() as press:
        published = open_template_desk().publish(
            name, press, _read(path) or Draft(), Remark(by, now(), why), accept
        )
    click.echo(
        f"{published.manifest.title} 第{published.manifest.version}版已发布 (version in force)\t{published.sha256}"
    )


@templates.command("retire")
@click.argument("name", metavar="TYPE")
@click.argument("version")
@click.option("--reason", required=True, help="why no new document may be made with it")
@signed
def templates_retire(name: str, version: str, reason: str, by: str) -> None:
    """Make no new document with VERSION; documents that were made with it keep it."""
    left = open_template_desk().retire(name, version, Remark(by, now(), reason))
    click.echo(f"{left.manifest.title} 第{version}版已停用 (retired)")
    if left.retired is None:
        click.echo(f"现行版本 version in force: {left.manifest.version}")
    else:
        click.echo("没有现行版本，此类文书不能制作 no version is in force: the type can't be issued")


@templates.command("versions")
@click.argument("name", metavar="TYPE")
def templates_versions(name: str) -> None:
    """List a type's versions: number, digest, who published it and when, who retired it and why."""
    desk = open_template_desk()
    in_force = desk.templates.get(name)
    for version in desk.templates.versions(name):
        told = [version.manifest.version, version.sha256]
        if version.published:
            told.append(f"发布 published {_remark(version.published)}")
        if version.retired:
            told.append(f"停用 retired {_remark(version.retired)}")
        if version.sha256 == in_force.sha256 and not version.retired:
            told.append("现行 in force")
        click.echo("\t".join(told))


@templates.command("rerender")
@click.argument("number", metavar="NUMBER|ID")
@click.option("--json", "as_json", is_flag=True, help="as JSON")
def templates_rerender(number: str, as_json: bool) -> int:  # noqa: FBT001 - click gives a bool
    """Make an old document again from what is stored of it, with the version it names; exit 1 for another text.

    Nothing is changed. Tells whether text, pages and Word file are the same as then.
    """
    with open_service() as service:
        found = service.rerendering.rerender(service.document_by(number))
        template = service.versions.name(found.row)
    if as_json:
        same = {"text": found.same_text, "pages": not found.pages, "docx": found.same_docx}
        told = {"id": found.row.id, "number": found.row.number, "template": asdict(template), "same": same}
        click.echo(json.dumps({**told, "diff": found.lines, "pages": found.pages}, ensure_ascii=False))
        return 0 if found.same_text else 1
    click.echo(f"{found.row.number}\t第{template.version}版 (template version)\t{template.sha256}")
    click.echo(f"文字 text: {'相同 same' if found.same_text else '不同 DIFFERS'}")
    pages = ", ".join(map(str, found.pages))
    click.echo(f"页面 pages: {f'不同 differ: {pages}' if pages else '相同 same'}")
    click.echo(f"Word 文件 file: {'逐字节相同 same bytes' if found.same_docx else '不同 differs'}")
    for line in found.lines:
        click.echo(f"  {line}")
    return 0 if found.same_text else 1


def _remark(remark: Remark) -> str:
    return f"{remark.at:%Y-%m-%d %H:%M} {remark.by}" + (f": {remark.why}" if remark.why else "")


def _place(place: Place) -> str:
    at = f"第{place.paragraph}段第{place.run}节 paragraph {place.paragraph}, run {place.run}"
    return f"{place.part} {at} “{place.text}”"


def _read(path: Path | None) -> Draft | None:
    """A draft: a Word file, or a folder with what `templates draft` puts into one."""
    if path is None:
        return None
    try:
        if path.is_dir():
            samples = {file.name: file.read_bytes() for file in sorted((path / CASES).glob("*.json"))}
            return Draft((path / TEMPLATE).read_bytes(), (path / SCHEMA).read_bytes(), samples)
        return Draft(path.read_bytes())
    except OSError as e:
        raise UsageError(f"没有文件 {e.filename}；there is no such file") from e
