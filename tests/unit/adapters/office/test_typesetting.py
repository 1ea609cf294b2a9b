"""What the office is told beyond what the Word file says: which runs stay on one line."""

from __future__ import annotations

import io
import re
import zipfile

import pytest

from docsvc.adapters.office.typesetting import WORD_JOINER, keep_whole
from tests.support.office import make_docx, with_body

PLAIN = make_docx(["x"])


def xml_of(*runs: str) -> str:
    docx = keep_whole(with_body(PLAIN, f"<w:p>{''.join(runs)}</w:p>".encode()))
    with zipfile.ZipFile(io.BytesIO(docx)) as package:
        assert package.testzip() is None
        return package.read("word/document.xml").decode()


def run(text: str, properties: str = '<w:rStyle w:val="Whole"/>') -> str:
    return f"<w:r><w:rPr>{properties}</w:rPr><w:t>{text}</w:t></w:r>"


def text_of(xml: str) -> str:
    return re.findall(r"<w:t(?: [^>]*)?>([^<]*)</w:t>", xml)[0]


@pytest.mark.parametrize(
    ("text", "joined"),
    [
        ("2026年9月8日", "2026|年|9|月|8|日"),
        ("〔2026〕12号", "〔|2026|〕|12|号"),
        ("赵六", "赵|六"),
        ("1,200.5元", "1|,|200|.|5|元"),
        ("𠀀𪜀", "𠀀|𪜀"),
        ("A1", "A1"),
        ("元", "元"),
        ("", ""),
    ],
)
def test_joined_wherever_a_line_could_end(text, joined):
    found = text_of(xml_of(run(text))) if text else ""
    assert found == joined.replace("|", WORD_JOINER)
    assert found.replace(WORD_JOINER, "") == text


def test_the_mark_gives_way_to_no_language_and_all_else_stays():
    given = '<w:rStyle w:val="Whole"/><w:b/><w:lang w:val="en-US"/><w:eastAsianLayout/>'
    xml = xml_of(run("3件", given), run("4件", '<w:rStyle w:val="Whole"/><w:b/><w:eastAsianLayout/>'))
    none = '<w:b/><w:lang w:val="x-none" w:eastAsia="x-none"/><w:eastAsianLayout/>'
    assert re.findall(r"<w:rPr>(.*?)</w:rPr>", xml)[:2] == [none, none]
    assert "Whole" not in xml


def test_other_runs_are_left_alone():
    xml = xml_of(run("3件"), run("2026年", '<w:rStyle w:val="Strong"/>'))
    assert '<w:rStyle w:val="Strong"/></w:rPr><w:t>2026年</w:t>' in xml


def test_what_stands_in_two_fonts_is_joined_across_them_and_neighbours_are_not():
    rare = '<w:rStyle w:val="Whole"/><w:rFonts w:eastAsia="Rare"/>'
    xml = xml_of(run("赵"), run("喆", rare), run("六"), run("3件"), run("x", ""), run("4件", rare))
    texts = re.findall(r"<w:t(?: [^>]*)?>([^<]*)</w:t>", xml)[:6]
    assert [t.replace(WORD_JOINER, "|") for t in texts] == ["赵", "|喆", "|六", "3|件", "x", "4|件"]


def test_a_paragraph_mark_may_bear_the_style():
    xml = xml_of('<w:pPr><w:rPr><w:rStyle w:val="Whole"/></w:rPr></w:pPr>', run("3件"))
    assert text_of(xml) == f"3{WORD_JOINER}件"


def test_a_file_without_such_runs_is_the_same_file():
    assert keep_whole(PLAIN) is PLAIN
