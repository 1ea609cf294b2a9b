"""Filling Word templates: texts stay texts, faults are named, characters are never lost."""

from __future__ import annotations

import io
import re
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from docsvc.adapters.fonts import Fonts
from docsvc.adapters.word import WordFiller
from docsvc.domain.errors import MissingGlyphError, TemplateFaultError
from docsvc.domain.properties import Properties
from docsvc.pipeline.convert import body_text
from templates.layout.elements import each, fact_table, package, paragraph, run
from templates.layout.house import letter_edges, section, settings, styles
from tests.support.drafts import AllFonts
from tests.support.office import with_parts
from tests.support.small_fonts import save_font

CONTEXT = {
    "agency": {"name": "测试局"},
    "title": "测试书",
    "number": "测〔2026〕1号",
    "test_data": False,
    "value": "甲",
    "nothing": None,
    "items": ["一", "二"],
    "rows": [{"label": "项", "value": "目"}],
}


def template(body: str, title: str = "{{ title }}") -> bytes:
    return package(body, section(two_sided=True), styles(), settings(two_sided=True), letter_edges(), title)


def fill(body: str, **values: object) -> bytes:
    return WordFiller(AllFonts()).fill(template(body), {**CONTEXT, **values})


def parts(docx: bytes) -> dict[str, str]:
    with zipfile.ZipFile(io.BytesIO(docx)) as archive:
        return {name: archive.read(name).decode() for name in archive.namelist()}


def test_tags_loops_and_tables():
    docx = fill(
        paragraph("值：{{ value }}。", "Text")
        + each("i", "items", paragraph("{{ i }}", "Item"))
        + fact_table("rows")
    )
    assert body_text(docx) == "值：甲。\n一\n二\n项\n目\n"


def test_a_tag_that_word_spread_over_runs():
    body = "<w:p>" + run("值{") + run("{ val", "<w:b/>") + run("ue }}") + "</w:p>"
    assert body_text(fill(body)) == "值甲\n"


@given(
    st.text(
        st.characters(
            codec="utf-8",
            exclude_categories=["Cs"],
            exclude_characters="".join(map(chr, range(32))) + "\ufffe\uffff",
        )
    )
)
def test_any_text_comes_out_as_it_went_in(text):
    assert body_text(fill(paragraph("{{ value }}", "Text"), value=text)) == f"{text}\n"


@pytest.mark.parametrize(
    "text", ["{{ 7*7 }}", "{% raw %}", "</w:t></w:r><w:r><w:t>", "&lt;b&gt;", "{_{ value }_}", "<!--", "]]>", "\\a"]
)
def test_what_looks_like_code_in_a_case_is_text(text):
    assert body_text(fill(paragraph("{{ value }}", "Text"), value=text)) == f"{text}\n"


def test_core_properties_and_headers_are_filled_and_escaped():
    docx = WordFiller(AllFonts()).fill(
        template(paragraph("x", "Text")), {**CONTEXT, "title": "<甲&乙>", "test_data": True}
    )
    assert "<dc:title>&lt;甲&amp;乙&gt;</dc:title>" in parts(docx)["docProps/core.xml"]
    assert "测试数据，不具有法律效力" in parts(docx)["word/header1.xml"]
    assert "测试数据" not in parts(fill(paragraph("x", "Text")))["word/header2.xml"]


@pytest.mark.parametrize(
    "tag",
    [
        "{{ nobody }}",
        "{{ nothing }}",
        "{{ agency.nothing }}",
        "{{ value.__class__ }}",
        "{{ value.__class__.__mro__ }}",
        "{{ items.append(1) }}",
        "{{ 1 / 0 }}",
        "{{ value | nofilter }}",
        "{{ value | safe }}",
        "{{ value }",
        "{{ cycler }}",
        "{% include 'x' %}",
        "{% import 'x' as x %}",
        "{% autoescape false %}{{ value }}{% endautoescape %}",
        "{% for x in items %}",
    ],
)
def test_a_tag_that_can_not_be_filled_is_named(tag):
    with pytest.raises(TemplateFaultError) as caught:
        fill(paragraph("第一段", "Text") + paragraph(f"前{tag}后", "Text"))
    shown = re.search(r"“(.*?)”", str(caught.value))
    assert shown
    assert tag == "{{ value }" or shown[1].startswith(tag.split("}")[0])


def test_a_broken_tag_in_the_properties_is_found_too():
    with pytest.raises(TemplateFaultError, match=r"core\.xml.*config"):
        WordFiller(AllFonts()).fill(template(paragraph("x", "Text"), "{{ config }}"), CONTEXT)


def test_a_template_can_be_checked_without_a_case():
    filler = WordFiller(AllFonts())
    filler.check(template(paragraph("{{ value }}", "Text")))
    with pytest.raises(TemplateFaultError):
        filler.check(template(paragraph("{% if value %}", "Text")))


def test_control_characters_are_refused_not_dropped():
    for bad in ("甲\x07", "\x0c", "甲\ufffe"):
        with pytest.raises(MissingGlyphError, match=r"U\+"):
            fill(paragraph("{{ value }}", "Text"), value=bad)
        with pytest.raises(MissingGlyphError):
            fill(paragraph("x", "Text"), items=[{"deep": bad}])


@pytest.fixture
def fonts(tmp_path):
    latin = " 第12345…—0-9值：。甲乙测试书局，不具有法律效力数据页共{}"
    body = save_font(tmp_path / "body.ttf", "Body", latin)
    rare = save_font(tmp_path / "rare.ttf", "Rare", "喆堃")
    return Fonts(
        {role: [body, rare] for role in ("fangsong", "kai", "hei", "song")}
        | {"title": [save_font(tmp_path / "title.ttf", "Title", latin, bold=True), rare]}
    )


def test_characters_stand_in_a_font_that_has_them(fonts):
    docx = WordFiller(fonts).fill(
        template(paragraph("值：{{ value }}。", "Text")), {**CONTEXT, "value": "甲喆乙堃"}
    )
    xml = parts(docx)["word/document.xml"]
    runs = re.findall(r"<w:r>(.*?)</w:r>", xml)
    assert [(re.findall(r'eastAsia="(\w+)"', r), re.findall(r">([^<>]+)</w:t>", r)) for r in runs] == [
        ([], ["值：甲"]),
        (["Rare"], ["喆"]),
        ([], ["乙"]),
        (["Rare"], ["堃"]),
        ([], ["。"]),
    ]
    assert body_text(docx) == "值：甲喆乙堃。\n"
    for slot in ("ascii", "hAnsi", "eastAsia", "cs"):
        assert f'w:{slot}="Rare"' in xml


def test_a_ruled_blank_is_one_line_in_one_font(tmp_path):
    chars = "第12345…—值：。测试数据，不具有法律效力页共局书〔〕号 ＿"
    body, song = (save_font(tmp_path / f"{name}.ttf", name, chars) for name in ("Body", "Song"))
    fonts = Fonts(
        {role: [song if role == "song" else body] for role in ("fangsong", "kai", "hei", "song", "title")}
    )
    docx = WordFiller(fonts).fill(template(paragraph("值：{{ value }}。", "Text")), {**CONTEXT, "value": "＿＿"})
    runs = re.findall(r"<w:r>(.*?)</w:r>", parts(docx)["word/document.xml"])
    told = [(re.findall(r'eastAsia="(\w+)"', r), re.findall(r">([^<>]+)</w:t>", r)) for r in runs]
    assert told == [([], ["值："]), (["Song"], ["＿＿"]), ([], ["。"])]


def test_styles_name_installed_families_and_the_title_is_bold(fonts):
    docx = WordFiller(fonts).fill(template(paragraph("{{ value }}", "DocumentTitle")), CONTEXT)
    xml = parts(docx)["word/styles.xml"]
    assert set(re.findall(r'eastAsia="([^"]+)"', xml)) == {"Body", "Title", "zh-CN"}
    assert re.search(r'w:styleId="DocumentTitle".*?eastAsia="Title"[^>]*/><w:b/>', xml)
    assert not re.search(r'w:styleId="Section".*?<w:b/>.*?</w:style>', xml.split('w:styleId="Party"')[0])


def test_a_character_that_no_font_has_is_named_with_its_text(fonts):
    with pytest.raises(MissingGlyphError, match=r"值：甲龘乙.*“龘”（U\+9F98）"):
        WordFiller(fonts).fill(template(paragraph("值：{{ value }}", "Text")), {**CONTEXT, "value": "甲龘乙"})


def test_splitting_keeps_tabs_breaks_and_format(fonts):
    body = "<w:p><w:r><w:rPr><w:b/></w:rPr><w:t>甲喆</w:t><w:tab/><w:t>乙</w:t></w:r></w:p>"
    docx = WordFiller(fonts).fill(template(body), CONTEXT)
    assert body_text(docx) == "甲喆\t乙\n"
    xml = parts(docx)["word/document.xml"]
    assert xml.count("<w:b/>") == xml.count("<w:r>") == 4


def runs_of(docx: bytes) -> list[tuple[bool, str]]:
    """Is it to be kept whole, and its text: each run of the body."""
    runs = re.findall(r"<w:r>(.*?)</w:r>", parts(docx)["word/document.xml"])
    return [('<w:rStyle w:val="Whole"/>' in r, "".join(re.findall(r">([^<>]+)</w:t>", r))) for r in runs]


def test_numbers_dates_amounts_and_names_stand_in_runs_of_their_own():
    docx = WordFiller(AllFonts()).fill(
        template(paragraph("于{{ value }}处理。", "Text")),
        {**CONTEXT, "value": "2026年9月8日对赵六（〔2026〕1号）共3件"},
        names=["赵六"],
    )
    marked = [(False, "于"), (True, "2026年9月8日"), (False, "对"), (True, "赵六"), (False, "（")]
    assert runs_of(docx) == [*marked, (True, "〔2026〕1号"), (False, "）共"), (True, "3件"), (False, "处理。")]
    assert body_text(docx) == "于2026年9月8日对赵六（〔2026〕1号）共3件处理。\n"
    assert 'w:type="character" w:styleId="Whole"><w:name w:val="不断行"/>' in parts(docx)["word/styles.xml"]


def test_a_template_that_has_the_style_already_keeps_its_own():
    own = '<w:style w:type="character" w:styleId="Whole"><w:name w:val="mine"/></w:style></w:styles>'
    docx = with_parts(
        template(paragraph("3件", "Text")),
        {"word/styles.xml": lambda old: old.replace(b"</w:styles>", own.encode())},
    )
    filled = WordFiller(AllFonts()).fill(docx, CONTEXT)
    assert parts(filled)["word/styles.xml"].count('w:styleId="Whole"') == 1
    assert runs_of(filled) == [(True, "3件")]


def test_a_run_has_one_style_and_the_templates_own_goes_first():
    body = '<w:p><w:r><w:rPr><w:rStyle w:val="Strong"/></w:rPr><w:t>3件</w:t></w:r></w:p>'
    assert runs_of(WordFiller(AllFonts()).fill(template(body), CONTEXT)) == [(False, "3件")]


def test_a_rare_character_within_what_is_kept_whole(fonts):
    body = paragraph("{{ value }}", "Text")
    docx = WordFiller(fonts).fill(template(body), {**CONTEXT, "value": "甲喆乙"}, names=["甲喆乙"])
    assert runs_of(docx) == [(True, "甲"), (True, "喆"), (True, "乙")]
    xml = parts(docx)["word/document.xml"]
    assert re.search(r'<w:rPr><w:rStyle w:val="Whole"/><w:rFonts [^>]*eastAsia="Rare"', xml)


@pytest.mark.parametrize("font", ["Comic Sans MS", "华文行楷"])
def test_a_font_without_a_role_is_named(fonts, font):
    body = f'<w:p><w:r><w:rPr><w:rFonts w:eastAsia="{font}"/></w:rPr><w:t>甲</w:t></w:r></w:p>'
    with pytest.raises(TemplateFaultError, match=font):
        WordFiller(fonts).fill(template(body), CONTEXT)


def test_a_latin_font_alone_gives_way_to_the_chinese_one(fonts):
    body = '<w:p><w:r><w:rPr><w:rFonts w:ascii="Arial" w:hAnsi="Arial"/></w:rPr><w:t>甲1</w:t></w:r></w:p>'
    assert "Arial" not in parts(WordFiller(fonts).fill(template(body), CONTEXT))["word/document.xml"]


def test_fonts_come_from_the_style_and_its_parents(tmp_path):
    def font(family, characters):
        return save_font(tmp_path / f"{family}.ttf", family, characters)

    body = font("Body", "甲1—")
    roles = {role: [body] for role in ("fangsong", "hei", "title")}
    fonts = Fonts({**roles, "kai": [font("Kai", "乙")], "song": [font("Song", "1 —")]})
    assert "乙" in body_text(WordFiller(fonts).fill(template(paragraph("乙", "Question")), CONTEXT))  # 楷体
    assert "甲" in body_text(WordFiller(fonts).fill(template(paragraph("甲", "Closing")), CONTEXT))  # Text, Normal
    with pytest.raises(MissingGlyphError):
        WordFiller(fonts).fill(template(paragraph("乙", "Closing")), CONTEXT)


def test_a_rare_character_in_a_run_of_a_character_style(fonts):
    body = '<w:p><w:r><w:rPr><w:rStyle w:val="Strong"/><w:b/></w:rPr><w:t>喆</w:t></w:r></w:p>'
    xml = parts(WordFiller(fonts).fill(template(body), CONTEXT))["word/document.xml"]
    assert re.search(r'<w:rPr><w:rStyle w:val="Strong"/><w:rFonts [^>]*eastAsia="Rare"[^>]*/><w:b/></w:rPr>', xml)


def test_many_templates_do_not_pile_up():
    filler = WordFiller(AllFonts())
    for i in range(40):
        assert body_text(filler.fill(template(paragraph(f"{i}", "Text")), CONTEXT)) == f"{i}\n"
    assert len(filler._kept) == 32


@pytest.mark.parametrize(
    "tag",
    [
        "{{ 'x' * 900000000 }}",
        "{{ 9 ** 9 ** 9 }}",
        "{{ '%900000000d' % 1 }}",
        "{{ 'x'|center(900000000) }}",
        "{{ [1]|batch(900000000, 1)|list }}",
        "{{ 'x'.zfill(900000000) }}",
    ],
)
def test_what_makes_much_of_little_is_refused_before_jinja_works_it_out(tag):
    with pytest.raises(TemplateFaultError, match="不允许使用"):
        WordFiller(AllFonts()).check(template(paragraph(tag, "Text")))


def test_loops_within_loops_end_at_a_size():
    loops = "{% for a in value %}" * 3 + "{{ value }}" + "{% endfor %}" * 3
    with pytest.raises(TemplateFaultError, match="too large"):
        WordFiller(AllFonts()).fill(template(paragraph(loops, "Text")), {**CONTEXT, "value": "甲" * 200})


def test_the_properties_are_ours_and_nothing_of_the_templates_editor_is_left():
    before = with_parts(
        template(paragraph("文", "Text")),
        {"docProps/app.xml": b'<Properties xmlns="urn:app"><Company>Somebody Ltd</Company></Properties>'},
    )
    told = Properties("标题<&>", "机关", "主题", ("一", "二"))
    after = parts(WordFiller(AllFonts()).fill(before, CONTEXT, properties=told))
    core = after["docProps/core.xml"]
    for text in ("标题&lt;&amp;&gt;", "机关", "主题", "一, 二", "zh-CN"):
        assert f">{text}</" in core
    assert "Somebody" not in after["docProps/app.xml"]
