"""Rare characters from the case to the paper: right in the text layer, and drawn as their font draws them."""

from __future__ import annotations

import json
import subprocess

import pytest
from fontTools.subset import Options, Subsetter
from fontTools.ttLib import TTFont

from docsvc.adapters.fonts import Fonts, _face, default_chain
from tests.support.glyph_pictures import drawn, likeness, reference
from tests.support.office import FONT_DIRS
from tests.support.workspace import CHECKOUT, Workspace, case, write_case

pytestmark = [pytest.mark.office, pytest.mark.judge]

NAMES = "䶮喆堃祎昇龑赟垚镕"
EXTENSIONS = "㐀𠮷𪟝𫞩𬭼𭀀"  # one each of CJK extension A to F
KEPT = "\ufa0e\uf9d8\U0002f800"  # compatibility ideographs; normalised, the last two would be other characters
RARE = NAMES + EXTENSIONS + KEPT
VARIANT = "葛\U000e0100"  # with a variation selector
ALIKE, UNLIKE = 0.85, 0.6


def renamed(path, family, characters):
    """A few characters of the 楷体 under another name, as a font that an operator brings."""
    font = TTFont(next(p for folder in FONT_DIRS for p in folder.rglob("LXGWWenKai-Regular.ttf")))
    options = Options(name_IDs=["*"])
    subsetter = Subsetter(options)
    subsetter.populate(text=characters)
    subsetter.subset(font)
    for record in font["name"].names:
        record.string = {1: family, 2: "Regular", 4: family, 6: family.replace(" ", "")}.get(record.nameID, "-")
    font.save(path)
    return path


@pytest.fixture(scope="module")
def paper(tmp_path_factory, development_keys):
    """An advice with rare characters in the agency's name, the party's, a table's cell and the body."""
    home = tmp_path_factory.mktemp("rare")
    workspace = Workspace(home / "data", development_keys)
    agencies = json.loads((CHECKOUT / "templates" / "agencies.sample.json").read_text())
    agency = next(a for a in agencies if a["id"] == "demo-market")
    agency["name"] = agency["seal"]["name"] = f"{NAMES}市场监督管理局"
    agency["seal"]["id"] = "SEAL-TEST-RARE"
    (home / "agencies.json").write_text(json.dumps([agency], ensure_ascii=False))
    workspace.run("agencies", "import", home / "agencies.json", check=True)
    data = case("advice")
    data["party"]["name"], data["party"]["legal_rep"] = f"{RARE}公司", "李" + EXTENSIONS
    data["body"]["problem"] = f"现场查明：{RARE}{VARIANT}。"
    done = workspace.run("issue", write_case(home, "a", data), "--out", home / "out", "--json", check=True)
    (line,) = done.stdout.splitlines()
    return json.loads(line)["file"]


def test_the_text_layer_has_every_character_as_it_was_written(paper):
    text = "".join(
        subprocess.run(["pdftotext", paper, "-"], capture_output=True, text=True, check=True).stdout.split()
    )
    assert text.count(f"{NAMES}市场监督管理局") >= 2  # over the title, and over the date
    assert text.count(f"{RARE}公司") >= 2  # addressee, and a cell of the table
    assert f"李{EXTENSIONS}" in text
    assert f"现场查明：{RARE}{VARIANT}。" in text


def test_each_is_drawn_as_its_font_draws_it_and_is_no_box(paper):
    chain = default_chain(FONT_DIRS)
    fonts = Fonts(chain)
    faces = {face.family: face for role in chain.values() for face in map(_face, role) if not face.bold}
    bold = _face(chain["title"][0])
    found = list(drawn(paper, RARE))
    assert {d.char for d in found} == set(RARE)
    for d in found:
        ((family, _),) = fonts.split("fangsong", d.char)
        face = faces[family]
        plain = likeness(d.ink, reference(face.path, face.number, d.char))
        title = likeness(d.ink, reference(bold.path, bold.number, d.char)) if d.char in NAMES else 0
        assert max(plain, title) > ALIKE, (d.char, d.page, plain, title)
        assert likeness(d.ink, reference(face.path, face.number, "\U0010fffd")) < UNLIKE, d.char


@pytest.mark.parametrize("char", ["\U00030000", "\U00031350"])  # CJK extensions G and H
def test_what_no_font_has_is_refused_by_field_and_character(workspace, tmp_path, char):
    data = case("advice")
    data["party"]["name"] = f"甲{char}公司"
    refused = workspace.run("issue", write_case(tmp_path, "a", data), "--out", tmp_path / "out")
    assert refused.returncode == 1
    assert f"G12 /party/name 字体无法印出的字符：“{char}”（U+{ord(char):X}）" in refused.stderr


def test_an_operators_font_goes_first_and_the_others_stand_in(workspace, tmp_path):
    own = renamed(tmp_path / "own.ttf", "Operator Fang", "查明")
    chain = [str(own), "FandolFang-Regular.otf", "NotoSerifCJK-Regular.ttc", "HanaMinA.ttf", "HanaMinB.ttf"]
    workspace.extra["DOCSVC_FONTS"] = json.dumps({"fangsong": chain})
    data = case("advice")
    data["body"]["problem"] = "现场查明：喆。"
    done = workspace.run("issue", write_case(tmp_path, "a", data), "--out", tmp_path / "out", "--json", check=True)
    file = json.loads(done.stdout)["file"]
    assert "Operator" in subprocess.run(["pdffonts", file], capture_output=True, text=True, check=True).stdout
    usual = _face(default_chain(FONT_DIRS)["fangsong"][0])
    best = max(drawn(file, "查"), key=lambda d: likeness(d.ink, reference(own, 0, "查")))
    assert likeness(best.ink, reference(own, 0, "查")) > ALIKE
    assert likeness(best.ink, reference(usual.path, usual.number, "查")) < ALIKE
    text = subprocess.run(["pdftotext", file, "-"], capture_output=True, text=True, check=True).stdout
    assert "现场查明：喆。" in "".join(text.split())
