"""A clerk's slips, made in the real templates, and what lint says of each and where."""

from __future__ import annotations

import io
import zipfile

import pytest

from docsvc.adapters.fonts import ROLE_OF_NAME
from docsvc.adapters.word.anatomy import WordAnatomist
from docsvc.domain.errors import TemplateFaultError, UsageError
from docsvc.usecases.keep_templates import NoSigner, TemplateDesk
from tests.support.cases import FOLDER, TYPES
from tests.support.drafts import PUBLIC, AllFonts
from tests.support.scan_keys import scan_signer

DOCUMENT = "word/document.xml"
PARAGRAPH = '<w:p><w:r><w:t xml:space="preserve">{}</w:t></w:r></w:p>'


class OurFonts(AllFonts):
    def role(self, name):
        return ROLE_OF_NAME.get(name)


DESK = TemplateDesk(FOLDER, WordAnatomist(OurFonts()), PUBLIC)


def edited(doc_type, *changes, part=DOCUMENT):
    """The type's template with texts of one part replaced."""
    out = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(FOLDER.get(doc_type).template)) as old,
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for name in old.namelist():
            data = old.read(name).decode("utf-8", "surrogateescape")
            for was, becomes in changes if name == part else ():
                assert was in data, was
                data = data.replace(was, becomes)
            new.writestr(name, data.encode("utf-8", "surrogateescape"))
    return out.getvalue()


def added(text, doc_type="advice"):
    """A paragraph of the clerk's before the first."""
    return edited(doc_type, ("<w:body>", "<w:body>" + PARAGRAPH.format(text)))


def kinds(notes, severity="error"):
    return [note.kind for note in notes if note.severity == severity]


@pytest.mark.parametrize("doc_type", TYPES)
def test_our_own_templates_have_no_fault(doc_type):
    assert DESK.lint(doc_type) == []


def test_no_key_signs_the_code_of_a_draft():
    signer = NoSigner()
    assert scan_signer().key_id != signer.key_id
    assert signer.sign(b"facts") == signer.sign(b"others") != scan_signer().sign(b"facts")


def test_a_field_that_there_is_not_is_found_with_its_paragraph():
    (note,) = DESK.lint("advice", added("请于{{ body.visit_date }}前联系。"))
    assert (note.kind, note.severity) == ("undefined", "error")
    assert (note.place.part, note.place.paragraph, note.place.text) == (
        DOCUMENT,
        1,
        "请于{{ body.visit_date }}前联系。",
    )
    assert "body.visit_date" in note.message


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("{% if body.nothing %}x{% endif %}", "body.nothing"),
        ("{% for one in nothing %}{{ one.x }}{% endfor %}", "nothing"),
        ("{% for row in party.rows %}{{ row.colour }}{% endfor %}", "party.rows[].colour"),
        ("{{ party['nick'] }}", "party.nick"),
        ("{{ party.nick|upper }}", "party.nick"),
    ],
)
def test_wherever_a_name_is_asked_for(text, name):
    notes = DESK.lint("advice", added(text))
    assert set(kinds(notes)) == {"undefined"}
    assert name in notes[0].message


def test_what_is_printed_no_more_is_a_warning():
    notes = DESK.lint("advice", edited("advice", ("{{ body.contact }}", "联系人见公告")))
    assert kinds(notes) == []
    assert [n.message for n in notes if "body.contact" in n.message] == ["“body.contact”没有印在文书上"]


@pytest.mark.parametrize(
    ("doc_type", "tag", "what"),
    [
        ("advice", "{{ body.voluntary_notice }}", "自愿提示"),
        ("advice", "{{ number }}", "文号"),
        ("no_penalty_decision", "{{ body.litigation.court }}", "起诉法院"),
        ("no_penalty_decision", "{{ body.reconsideration.days }}", "复议期限"),
        ("termination_notice", "{{ action_code }}", "行政行为码"),
    ],
)
def test_what_the_law_demands_must_be_named(doc_type, tag, what):
    template = edited(doc_type, (tag, ""))
    assert any(n.kind == "missing" and what in n.message for n in DESK.lint(doc_type, template))


def test_guidance_with_remedies_is_a_fault():
    notes = DESK.lint("advice", added("可向{{ body.reconsideration.body }}申请复议"))
    assert "remedies" in kinds(notes)


@pytest.mark.parametrize(
    "text",
    [
        "{{ title.upper() }}",
        "{{ title.__class__ }}",
        "{{ party.rows.__len__() }}",
        "{% set x = 1 %}{{ title }}",
        "{{ title * 900000000 }}",
        "{{ title|center(900000000) }}",
    ],
)
def test_expressions_that_are_not_for_templates(text):
    assert "unsafe" in kinds(DESK.lint("advice", added(text)))


@pytest.mark.parametrize("text", ["{{ title", "{% if title %}", "{{ title|safe }}", "{% include 'x' %}", "{{ }}"])
def test_expressions_that_are_none(text):
    assert kinds(DESK.lint("advice", added(text))) != []


def test_content_controls_and_fonts_without_a_role_are_found_with_their_text():
    control = "<w:sdt><w:sdtContent>" + PARAGRAPH.format("选择日期") + "</w:sdtContent></w:sdt>"
    (note,) = DESK.lint("advice", edited("advice", ("<w:body>", "<w:body>" + control)))
    assert (note.kind, note.place.text) == ("control", "选择日期")
    odd = '<w:p><w:r><w:rPr><w:rFonts w:eastAsia="Comic Sans"/></w:rPr><w:t>花体</w:t></w:r></w:p>'
    (note,) = DESK.lint("advice", edited("advice", ("<w:body>", "<w:body>" + odd)))
    assert (note.kind, note.place.text) == ("font", "花体")
    assert "Comic Sans" in note.message


def test_a_template_without_the_qr_codes_picture():
    notes = DESK.lint("advice", edited("advice", ('name="二维码"', 'name="照片"')))
    assert "missing" in kinds(notes)


@pytest.mark.parametrize("template", [b"no zip", b"PK\x05\x06" + b"\0" * 18])
def test_what_is_no_word_file(template):
    (note,) = (n for n in DESK.lint("advice", template) if n.kind == "package")
    assert note.severity == "error"


def test_types_that_there_are_not():
    with pytest.raises(UsageError):
        DESK.lint("nothing")


def test_a_type_without_samples_can_not_be_judged():
    class NoSamples:
        get = FOLDER.get

        def samples(self, _):
            return []

        sample_agencies = FOLDER.sample_agencies

    with pytest.raises(TemplateFaultError):
        TemplateDesk(NoSamples(), WordAnatomist(OurFonts()), PUBLIC).lint("advice")


def test_a_sample_of_agencies_that_the_sample_registry_lacks_can_not_be_judged():
    class OneAgency:
        get = FOLDER.get

        def samples(self, name):
            return [case for case in FOLDER.samples(name) if case["body"]["mode"] == "joint"]

        def sample_agencies(self):
            return FOLDER.sample_agencies()[:1]

    with pytest.raises(TemplateFaultError, match="联合机关"):
        TemplateDesk(OneAgency(), WordAnatomist(OurFonts()), PUBLIC).lint("interview_notice")


def test_the_command_line_names_place_and_fault_and_exits_with_1(tmp_path):
    from click.testing import CliRunner

    from docsvc.cli.main import cli

    good = CliRunner().invoke(cli, ["templates", "lint", "advice"], standalone_mode=False)
    assert (good.return_value, good.output) == (0, "ok    advice\n")
    file = tmp_path / "advice.docx"
    file.write_bytes(added("{{ body.visit_date }}"))
    bad = CliRunner().invoke(cli, ["templates", "lint", "advice", "--file", str(file)], standalone_mode=False)
    assert bad.return_value == 1
    assert (
        "FAULT word/document.xml 第1段 paragraph 1 “{{ body.visit_date }}”: 没有“body.visit_date”这一项"
        in bad.output
    )
    for words in (["lint", "--file", str(file)], ["lint", "advice", "--file", str(tmp_path / "none.docx")]):
        with pytest.raises(UsageError):
            CliRunner().invoke(cli, ["templates", *words], standalone_mode=False, catch_exceptions=False)
