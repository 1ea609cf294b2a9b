"""The clerk's commands: what can be made, what is wrong with a template, what it makes, what a change changes."""

from __future__ import annotations

import json
from pathlib import Path

import click

from docsvc.bootstrap import blank_table, open_press, open_template_desk, open_templates
from docsvc.domain.errors import UsageError

another = click.option("--file", type=click.Path(path_type=Path), help="a .docx to look at in place of TYPE's own")


@click.group()
def templates() -> None:
    """What can be made."""


@templates.command("list")
@click.option("--json", "as_json", is_flag=True, help="as JSON")
def templates_list(as_json: bool) -> None:  # noqa: FBT001 - click gives a bool
    """List document types: id, title, version, level asked for, layouts (the first is its own)."""
    folder = open_templates()
    types = [folder.get(name) for name in folder.names()]
    if as_json:
        rows = [
            {
                "doc_type": m.doc_type,
                "title": m.title,
                "title_en": m.title_en,
                "version": m.version,
                "level": m.level,
                "layouts": t.layout_names,
            }
            for t in types
            for m in [t.manifest]
        ]
        click.echo(json.dumps(rows, ensure_ascii=False))
    else:
        for t in types:
            m, layouts = t.manifest, " ".join(t.layout_names)
            click.echo(f"{m.doc_type}\t{m.title}\t{m.title_en}\t{m.version}\t{m.level}\t{layouts}")


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


@templates.command("lint")
@click.argument("names", nargs=-1, metavar="[TYPE]...")
@another
def templates_lint(names: tuple[str, ...], file: Path | None) -> int:
    """Look templates over, all of them unless named; exit 1 where one has an error."""
    desk = open_template_desk()
    template = _read(file)
    if template is not None and len(names) != 1:
        raise UsageError("--file goes with one TYPE")
    faults = 0
    for name in names or desk.templates.names():
        notes = desk.lint(name, template)
        faults += sum(note.severity == "error" for note in notes)
        click.echo(f"{'ok   ' if not notes else '     '} {name}")
        for note in notes:
            place = note.place
            at = f"{place.part} 第{place.paragraph}段 paragraph {place.paragraph} “{place.text}”: " if place else ""
            click.echo(f"{'FAULT' if note.severity == 'error' else 'warn '} {at}{note.message} / {note.message_en}")
    return 1 if faults else 0


@templates.command("preview")
@click.argument("name", metavar="TYPE")
@another
@click.option(
    "--out", type=click.Path(path_type=Path, file_okay=False), required=True, help="folder for the drafts"
)
def templates_preview(name: str, file: Path | None, out: Path) -> None:
    """Lay the type's samples out: PDFs without a seal, and their pages as pictures."""
    template = _read(file)
    out.mkdir(parents=True, exist_ok=True)
    with open_press() as press:
        for draft in open_template_desk().drafts(name, press, template):
            stem = f"{name}-{draft.sample}"
            (out / f"{stem}.pdf").write_bytes(draft.pdf)
            for page, png in enumerate(draft.pictures, 1):
                (out / f"{stem}-page-{page}.png").write_bytes(png)
            click.echo(f"{out / stem}.pdf\t{len(draft.pictures)} 页 (pages)")


@templates.command("diff")
@click.argument("name", metavar="TYPE")
@click.argument("file", type=click.Path(path_type=Path))
def templates_diff(name: str, file: Path) -> int:
    """What FILE, a .docx, makes of the type's samples otherwise than its own template; exit 1 where it does."""
    template = _read(file)
    differs = False
    with open_press() as press:
        for found in open_template_desk().differences(name, press, template or b""):
            differs = differs or bool(found)
            pages = ", ".join(map(str, found.pages)) or "—"
            click.echo(f"样例 sample {found.sample}: 版面不同的页 pages that look otherwise: {pages}")
            for line in found.lines:
                click.echo(f"  {line}")
    return 1 if differs else 0


@templates.command("publish")
@click.argument("name", metavar="TYPE")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--accept", is_flag=True, help="what `diff` shows has been looked at, and is wanted")
def templates_publish(name: str, file: Path, *, accept: bool) -> None:
    """Make FILE, a .docx, the type's next version; documents that were accepted before keep theirs."""
    if not accept:
        raise UsageError(f"look at `docsvc templates diff {name} {file}` first, then publish with --accept")
    with open_press() as press:
        published = open_template_desk().publish(name, press, _read(file) or b"")
    click.echo(
        f"{published.manifest.title} 第{published.manifest.version}版已发布 (version in force)\t{published.sha256}"
    )


def _read(file: Path | None) -> bytes | None:
    if file is None:
        return None
    try:
        return file.read_bytes()
    except OSError as e:
        raise UsageError(f"no such file: {file}") from e
