"""The press: the service's own way from a case to its unsigned PDF, with a real office."""

from __future__ import annotations

import pytest

from docsvc.adapters.fonts import Fonts, default_chain
from docsvc.adapters.word import WordFiller
from tests.support.drafts import filled
from tests.support.office import FONT_DIRS, make_office


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
