"""Font chains: which font draws what, and what none draws."""

from __future__ import annotations

import pytest

from docsvc.adapters.fonts import DEFAULT_FILES, Fonts, default_chain
from docsvc.domain.errors import SetupError
from tests.support.small_fonts import save_collection, save_font, small_font


@pytest.fixture
def fonts(tmp_path):
    body = save_font(tmp_path / "body.ttf", "Body R", "甲乙 A1", typographic="Body")
    rare = save_font(tmp_path / "rare.ttf", "Rare", "喆𫝊甲", variants=[("甲", "\U000e0100")])
    title = save_font(tmp_path / "title.ttf", "Song", "甲", bold=True)
    return Fonts({"fangsong": [body, rare], "title": [title, rare]})


def test_each_character_stands_in_the_first_font_that_has_it(fonts):
    assert fonts.split("fangsong", "甲喆𫝊乙") == [("Body", "甲"), ("Rare", "喆𫝊"), ("Body", "乙")]
    assert fonts.split("fangsong", "") == []


def test_what_no_font_has_is_named_in_order_and_once(fonts):
    assert fonts.undrawable("龘甲龖龘") == ["龘", "龖"]
    assert fonts.split("fangsong", "甲龘") == [("Body", "甲"), (None, "龘")]
    assert fonts.undrawable("甲乙喆") == []


def test_white_space_needs_no_glyph_and_no_change_of_font(fonts):
    assert fonts.undrawable("甲\n\t乙") == []
    assert fonts.split("fangsong", "喆\n喆") == [("Rare", "喆\n喆")]
    assert fonts.split("fangsong", "\n甲") == [("Body", "\n甲")]


def test_a_variant_is_drawn_only_by_a_font_that_knows_it(fonts):
    selector = "\U000e0100"
    assert fonts.split("fangsong", f"甲{selector}乙") == [("Rare", f"甲{selector}"), ("Body", "乙")]
    assert fonts.undrawable(f"乙{selector}") == ["乙", selector]
    assert fonts.undrawable(f"甲{selector}{selector}") == [selector]


def test_roles_by_the_names_that_word_uses(fonts):
    assert fonts.role("仿宋") == fonts.role("仿宋_GB2312") == fonts.role("Body") == "fangsong"
    assert fonts.role("方正小标宋简体") == "title"
    assert fonts.role("楷体") is None  # not configured here
    assert fonts.role("Comic Sans MS") is None


def test_family_and_boldness_come_from_the_file(fonts):
    assert fonts.family("fangsong") == ("Body", False)
    assert fonts.family("title") == ("Song", True)


def test_a_weight_that_bold_can_not_select_has_a_family_of_its_own(tmp_path):
    path = save_font(tmp_path / "semi.ttf", "Song SemiBold", "甲", typographic="Song", weight=600)
    assert Fonts({"fangsong": [path]}).family("fangsong") == ("Song SemiBold", False)


def test_the_simplified_face_of_a_collection_is_taken(tmp_path):
    faces = [small_font("Serif CJK JP", "甲"), small_font("Serif CJK SC", "甲乙")]
    fonts = Fonts({"fangsong": [save_collection(tmp_path / "serif.ttc", faces)]})
    assert fonts.family("fangsong") == ("Serif CJK SC", False)
    assert fonts.undrawable("甲乙丙") == ["丙"]


@pytest.mark.parametrize("content", [None, b"no font at all"])
def test_a_missing_or_broken_file_is_named(tmp_path, content):
    path = tmp_path / "lost.ttf"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(SetupError, match=r"lost\.ttf"):
        Fonts({"fangsong": [path]})


def test_the_body_needs_a_font(tmp_path):
    with pytest.raises(SetupError, match="fangsong"):
        Fonts({"title": [save_font(tmp_path / "t.ttf", "T", "甲")]})


def test_files_are_found_below_the_folders_in_their_order(tmp_path):
    for folder in ("first/deep", "second"):
        (tmp_path / folder).mkdir(parents=True)
    names = {name for chain in DEFAULT_FILES.values() for name in chain}
    for name in names - {"HanaMinB.ttf"}:
        (tmp_path / "first" / "deep" / name).touch()
    for name in names:
        (tmp_path / "second" / name).touch()
    found = default_chain([tmp_path / "nowhere", tmp_path / "first", tmp_path / "second"])
    assert {role: [path.name for path in chain] for role, chain in found.items()} == {
        role: list(chain) for role, chain in DEFAULT_FILES.items()
    }
    assert found["fangsong"][0].parent.name == "deep"
    assert found["fangsong"][-1].parent.name == "second"


def test_an_operator_mounts_a_font_of_their_own(tmp_path):
    for name in {name for chain in DEFAULT_FILES.values() for name in chain}:
        (tmp_path / name).touch()
    own = tmp_path / "elsewhere.ttf"
    own.touch()
    found = default_chain([tmp_path], {"fangsong": (str(own), "HanaMinA.ttf")})
    assert found["fangsong"] == [own, tmp_path / "HanaMinA.ttf"]
    assert [path.name for path in found["kai"]] == list(DEFAULT_FILES["kai"])


def test_a_file_that_is_nowhere_is_named(tmp_path):
    with pytest.raises(SetupError, match=r"FandolFang-Regular\.otf"):
        default_chain([tmp_path])
