"""The press: the service's own way from a case to its unsigned PDF, with a real office."""

from __future__ import annotations

import json
from pathlib import Path
from typing import NamedTuple

import pytest

from docsvc.adapters.fonts import Fonts, default_chain
from docsvc.adapters.word import WordFiller
from tests.support.drafts import filled
from tests.support.office import FONT_DIRS, make_office
from tests.support.workspace import CHECKOUT, Workspace


@pytest.fixture(scope="session")
def press(tmp_path_factory):
    """Sets a case and gives its PDF."""
    folder = tmp_path_factory.mktemp("press")
    filler = WordFiller(Fonts(default_chain(FONT_DIRS)))
    with make_office(folder / "office") as office:

        def print_(case, name):
            path = folder / f"{name}.pdf"
            path.write_bytes(office.convert(filled(case, filler).docx))
            return path

        yield print_


class Issued(NamedTuple):
    """Finished documents by type, what was said of each, and a print file of all."""

    documents: dict[str, Path]
    told: dict[str, dict]
    printed: Path


@pytest.fixture(scope="session")
def issued(tmp_path_factory, development_keys):
    """The first sample of each type, issued as its users would."""
    home = tmp_path_factory.mktemp("issued")
    workspace = Workspace(home / "data", development_keys)
    cases = sorted((CHECKOUT / "templates").glob("*/cases/valid-1.json"))
    words = ("issue", *cases, "--out", home / "out", "--merge", home / "print.pdf", "--json")
    lines = map(json.loads, workspace.run(*words, check=True).stdout.splitlines())
    told = {Path(line["case"]).parent.parent.name: line for line in lines if "case" in line}
    assert len(told) == len(cases) == 12
    return Issued({name: Path(line["file"]) for name, line in told.items()}, told, home / "print.pdf")
