"""The pages of a real office: every missing glyph is caught, every case that ships gets its seal's place."""

import shutil

import pytest

from docsvc.adapters.fonts import Fonts, default_chain
from docsvc.adapters.pages import PdfPages
from docsvc.adapters.word import WordFiller
from docsvc.domain.document import Filled
from docsvc.domain.errors import MissingGlyphError
from docsvc.pipeline.convert import convert
from docsvc.pipeline.seal import chinese_date
from tests.support.drafts import accepted, filled, samples
from tests.support.office import BODY_FONT, FONT_DIRS, make_docx, make_office

pytestmark = pytest.mark.office

LONE = "FandolFang-Regular.otf"


@pytest.fixture(scope="module")
def office(tmp_path_factory):
    with make_office(tmp_path_factory.mktemp("offices")) as made:
        yield made


@pytest.fixture(scope="module")
def office_with_one_font(tmp_path_factory):
    """Nothing stands in for what the only font lacks."""
    fonts = tmp_path_factory.mktemp("fonts")
    shutil.copy(next(path for folder in FONT_DIRS for path in folder.rglob(LONE)), fonts)
    offices = tmp_path_factory.mktemp("offices")
    with make_office(offices, font_dirs=(fonts,), families=(BODY_FONT,), font_cache=offices / "cache") as made:
        yield made


def laid_out(docx, office):
    return convert(Filled(docx, "0" * 64), office, PdfPages())


def test_rare_names_pass_where_other_fonts_stand_in(office):
    assert laid_out(make_docx(["李喆、镕堃祎昇龑赟垚", "𠀀𫝊㐀"]), office).pages == 1


def test_what_a_form_is_made_of_passes(office):
    assert laid_out(make_docx(["□☐☑√×·—……“”‘’〔2026〕①㎡％℃"]), office).pages == 1


def test_a_name_that_the_only_font_lacks_is_caught(office_with_one_font):
    assert laid_out(make_docx(["当事人李明"]), office_with_one_font).pages == 1
    with pytest.raises(MissingGlyphError, match=r"“喆”U\+5586.*当事人李喆"):
        laid_out(make_docx(["当事人李喆，男"]), office_with_one_font)


@pytest.mark.parametrize("font", [BODY_FONT, "LXGW WenKai", "Noto Sans CJK SC", "Noto Serif CJK SC", "HanaMinA"])
@pytest.mark.parametrize("char", ["\ue123", "\U000f0001", "\U0010fffd", "\U000323b0", "\u0378"])
def test_what_no_font_has_is_caught_in_every_font(office, font, char):
    with pytest.raises(MissingGlyphError):
        laid_out(make_docx([f"甲{char}乙"], font), office)


def test_a_second_missing_character_does_not_hide_the_first(office):
    with pytest.raises(MissingGlyphError, match=r"U\+E123"):
        laid_out(make_docx(["甲\ue123乙", "丙\ue456丁"]), office)


@pytest.fixture(scope="module")
def filler():
    return WordFiller(Fonts(default_chain(FONT_DIRS)))


# Joint ones are measured in conformance/sealing/test_joint.py.
@pytest.mark.parametrize(
    "path", [p for p in samples() if not accepted(p).joint], ids=lambda path: f"{path.parts[-3]}/{path.stem}"
)
def test_each_shipped_case_is_whole_and_has_its_seal_on_the_sign_off(path, office, filler):
    case = accepted(path)
    seal = case.agency.seal
    pages = PdfPages()
    made = convert(filled(case, filler), office, pages)
    place = pages.seal_place(made.pdf, case.agency.name, chinese_date(case.case.issue_date), seal.diameter_mm)
    # The last pages hold the table of facts: the sign-off comes before them.
    assert 0 <= place.page < made.pages
    assert place.x > 595 / 2
