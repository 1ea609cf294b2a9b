"""A clerk's slips, made in the real templates, and what lint says of each and where."""

from __future__ import annotations

import datetime as dt
import io
import json
import zipfile

import pytest

from docsvc.adapters.fonts import ROLE_OF_NAME
from docsvc.adapters.word.anatomy import WordAnatomist
from docsvc.domain.errors import TemplateFaultError, UsageError
from docsvc.domain.template_lint import Place
from docsvc.usecases.keep_templates import Draft, NoSigner, TemplateDesk
from tests.support.cases import CHECK, FOLDER, TYPES
from tests.support.drafts import AllFonts
from tests.support.scan_keys import scan_signer

DOCUMENT = "word/document.xml"
PARAGRAPH = '<w:p><w:r><w:t xml:space="preserve">{}</w:t></w:r></w:p>'


class OurFonts(AllFonts):
    def role(self, name):
        return ROLE_OF_NAME.get(name)


def now():
    return dt.datetime(2026, 11, 22, 9, 30, tzinfo=dt.UTC)


DESK = TemplateDesk(FOLDER, WordAnatomist(OurFonts()), CHECK, now)


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


def lint(doc_type, template, **draft):
    return DESK.lint(doc_type, Draft(template, **draft))


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
    (note,) = lint("advice", added("请于{{ body.visit_date }}前联系。"))
    assert (note.kind, note.severity) == ("undefined", "error")
    assert note.place == Place(DOCUMENT, 1, 1, "请于{{ body.visit_date }}前联系。")
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
    notes = lint("advice", added(text))
    assert set(kinds(notes)) == {"undefined"}
    assert name in notes[0].message


def test_what_is_printed_no_more_is_a_warning():
    notes = lint("advice", edited("advice", ("{{ body.contact }}", "联系人见公告")))
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
        ("public_service_offset", "{{ body.litigation.court }}", "起诉法院"),
    ],
)
def test_what_the_law_demands_must_be_named(doc_type, tag, what):
    template = edited(doc_type, (tag, ""))
    assert any(n.kind == "missing" and what in n.message for n in lint(doc_type, template))


def test_guidance_with_remedies_is_a_fault():
    notes = lint("advice", added("可向{{ body.reconsideration.body }}申请复议"))
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
    assert "unsafe" in kinds(lint("advice", added(text)))


@pytest.mark.parametrize("text", ["{{ title", "{% if title %}", "{{ title|safe }}", "{% include 'x' %}", "{{ }}"])
def test_expressions_that_are_none(text):
    assert kinds(lint("advice", added(text))) != []


def field(name, node, *, required=False, doc_type="advice"):
    """The type's schema with one field more in its body, and its samples with a value there."""
    schema = json.loads(FOLDER.get(doc_type).files["schema.json"])
    schema["properties"]["body"]["properties"][name] = node
    schema["properties"]["body"]["required"] += [name] if required else []
    return json.dumps(schema).encode()


def with_value(name, value, doc_type="advice"):
    cases = {file: json.loads(raw) for file, raw in FOLDER.samples(doc_type).items()}
    for case in cases.values():
        case["body"][name] = value
    return {file: json.dumps(case).encode() for file, case in cases.items()}


DAY = {"type": "string", "format": "date"}
SAID = {"schema": field("visit_date", DAY, required=True), "samples": with_value("visit_date", "2026-10-12")}
MAYBE = {**SAID, "schema": field("visit_date", DAY)}
PRINTED = added("请于{{ fields.body.visit_date }}前联系。")


def test_a_clerks_own_field_is_asked_of_the_schema():
    (note,) = lint("advice", PRINTED)
    assert (note.kind, note.place) == (
        "undefined",
        Place(DOCUMENT, 1, 1, "请于{{ fields.body.visit_date }}前联系。"),
    )
    assert "schema.json 没有“body.visit_date”这一项" in note.message
    assert lint("advice", PRINTED, **SAID) == []


def test_a_field_that_no_sample_has_can_not_be_looked_at():
    assert kinds(lint("advice", PRINTED, schema=field("visit_date", DAY))) == ["sample"]


def test_a_field_that_the_document_does_not_print_is_a_warning():
    notes = DESK.lint("advice", Draft(**SAID))
    assert [(n.severity, n.message) for n in notes] == [
        ("warning", "schema.json 的“body.visit_date”没有印在文书上")
    ]


@pytest.mark.parametrize(
    "text",
    [
        "{% if fields.body.visit_date %}请于{{ fields.body.visit_date }}前联系。{% endif %}",
        "{% if title and fields.body.visit_date %}{{ fields.body.visit_date }}{% endif %}",
        "{% if fields.body.visit_date is not none %}{{ fields.body.visit_date }}{% endif %}",
        "{% if not fields.body.visit_date %}x{% else %}{{ fields.body.visit_date }}{% endif %}",
        "{% if fields.body.visit_date is none %}x{% else %}{{ fields.body.visit_date }}{% endif %}",
        "{{ fields.body.visit_date if fields.body.visit_date else '另行通知' }}",
        "{% if not fields.body.visit_date or not title %}x{% else %}{{ fields.body.visit_date }}{% endif %}",
        "{% for o in fields.officers if o.role %}{{ o.role }}{% endfor %}",
        "{% for o in fields.officers %}{{ o.name }}{% endfor %}{% if fields.body.visit_date %}有{% endif %}",
    ],
)
def test_what_may_be_missing_is_asked_for_first(text):
    assert kinds(lint("advice", added(text), **MAYBE)) == []


@pytest.mark.parametrize(
    "text",
    [
        "{{ fields.body.visit_date }}",
        "{{ fields.body.visit_date|upper }}",
        "{% if title or fields.body.visit_date %}{{ fields.body.visit_date }}{% endif %}",
        "{% if fields.body.visit_date %}有{% endif %}{{ fields.body.visit_date }}",
        "{% if fields.body.visit_date is none %}{{ fields.body.visit_date }}{% endif %}",
        "{{ '另行通知' if fields.body.visit_date else fields.body.visit_date }}",
        "{% for o in fields.officers %}{{ o.role }}{% endfor %}",
    ],
)
def test_else_it_is_a_fault(text):
    notes = lint("advice", added(text), **MAYBE)
    assert kinds(notes) == ["unguarded"]
    assert notes[0].place.paragraph == 1


def test_of_two_places_the_one_that_does_not_ask_is_named():
    asked = "答：{% if fields.body.visit_date %}{{ fields.body.visit_date }}{% endif %}"
    runs = f"<w:p><w:r><w:t>{asked}</w:t></w:r></w:p><w:p><w:r><w:t>请于</w:t></w:r><w:r><w:t>前{{{{ "
    text = f"<w:body>{runs}fields.body.visit_date }}}}</w:t></w:r></w:p>"
    (note,) = lint("advice", edited("advice", ("<w:body>", text)), **MAYBE)
    assert (note.kind, note.place.paragraph, note.place.run) == ("unguarded", 2, 2)


def test_a_paragraph_that_may_be_left_empty_is_a_warning():
    text = "{% if fields.body.visit_date %}请于{{ fields.body.visit_date }}前联系。{% endif %}"
    (note,) = lint("advice", added(text), **MAYBE)
    assert (note.kind, note.severity, note.place.paragraph) == ("hollow", "warning", 1)
    assert lint("advice", added(f"请回复。{text}"), **MAYBE) == []


@pytest.mark.parametrize(
    "text",
    [
        "{{ fields.body }}",
        "{{ fields }}",
        "{% if fields.party.e_delivery %}x{% endif %}",
        "{{ fields.officers }}",
        "{{ party.rows }}",
        "{{ party }}",
    ],
)
def test_a_group_can_not_be_printed(text):
    assert kinds(lint("advice", added(text))) == ["group"]


def test_a_code_without_words_can_not_be_printed():
    bare = {"schema": field("way", {"enum": ["by_air", "by_sea"]}, required=True)}
    samples = with_value("way", "by_sea")
    template = added("{{ fields.body.way }}")
    assert kinds(lint("advice", template, **bare, samples=samples)) == ["code"]
    labels = {"by_air": "空运 By air", "by_sea": "海运 By sea"}
    worded = field("way", {"enum": ["by_air", "by_sea"], "x-labels": labels}, required=True)
    assert lint("advice", template, schema=worded, samples=samples) == []


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        (b"{", None),
        (field("x", {"$ref": "http://example.invalid/x.json"}), "example.invalid"),
        (field("x", {"type": "daet"}), "daet"),
        (field("x", {"type": "string", "pattern": "("}), "pattern"),
    ],
)
def test_a_schema_that_is_none(schema, words):
    if words is None:
        with pytest.raises(TemplateFaultError):
            DESK.lint("advice", Draft(schema=schema))
    else:
        (note,) = DESK.lint("advice", Draft(schema=schema))
        assert note.kind == "schema"
        assert words in note.message


@pytest.mark.parametrize("raw", [b"{", b"[]", b'{"agency": 1}', b"{}"])
def test_a_sample_that_is_no_case(raw):
    notes = DESK.lint("advice", Draft(samples={"valid-1.json": raw}))
    assert set(kinds(notes)) == {"sample"}
    assert "valid-1.json" in notes[0].message


def test_a_sample_that_the_schema_refuses_is_named_with_its_place():
    notes = DESK.lint("advice", Draft(samples=with_value("visit_date", "2026-10-12")))
    assert [n.message for n in notes if "valid-2.json /body/visit_date" in n.message]


def test_each_stage_needs_a_sample():
    samples = dict(list(FOLDER.samples("public_service_offset").items())[:-1])
    notes = DESK.lint("public_service_offset", Draft(samples=samples))
    assert [n.message for n in notes if n.kind == "sample"] == ["没有《公益抵罚认定书》的样例案件"]


@pytest.mark.parametrize(
    "text",
    [
        "{{ '长' * 999999999 }}",
        "{{ 9 ** 9 ** 9 }}",
        "{{ '%999999999d' % 1 }}",
        "{{ title|center(999999999) }}",
        "{{ title|indent(999999999) }}",
        "{{ title|attr('__class__') }}",
        "{{ range(999999999)|join }}",
        "".join(f"{{% for {v} in party.rows %}}" for v in "abcd") + "x" + "{% endfor %}" * 4,
        "{{ " + "(" * 5000 + "title" + ")" * 5000 + " }}",
    ],
    ids=lambda text: text[:20],
)
def test_expressions_that_would_keep_a_process_busy(text):
    assert kinds(lint("advice", added(text))) != []


def test_content_controls_and_fonts_without_a_role_are_found_with_their_text():
    control = "<w:sdt><w:sdtContent>" + PARAGRAPH.format("选择日期") + "</w:sdtContent></w:sdt>"
    (note,) = lint("advice", edited("advice", ("<w:body>", "<w:body>" + control)))
    assert (note.kind, note.place.text) == ("control", "选择日期")
    odd = '<w:p><w:r><w:rPr><w:rFonts w:eastAsia="Comic Sans"/></w:rPr><w:t>花体</w:t></w:r></w:p>'
    (note,) = lint("advice", edited("advice", ("<w:body>", "<w:body>" + odd)))
    assert (note.kind, note.place.text) == ("font", "花体")
    assert "Comic Sans" in note.message


def test_a_template_without_the_qr_codes_picture():
    notes = lint("advice", edited("advice", ('name="二维码"', 'name="照片"')))
    assert "missing" in kinds(notes)


@pytest.mark.parametrize("template", [b"no zip", b"PK\x05\x06" + b"\0" * 18])
def test_what_is_no_word_file(template):
    (note,) = (n for n in lint("advice", template) if n.kind == "package")
    assert note.severity == "error"


def test_types_that_there_are_not():
    with pytest.raises(UsageError):
        DESK.lint("nothing")


def test_a_type_without_samples_can_not_be_judged():
    with pytest.raises(TemplateFaultError):
        DESK.lint("advice", Draft(samples={}))


def test_a_sample_of_agencies_that_the_sample_registry_lacks_can_not_be_judged():
    class OneAgency:
        get = FOLDER.get

        def samples(self, name):
            return {key: raw for key, raw in FOLDER.samples(name).items() if b'"joint"' in raw}

        def sample_agencies(self):
            return FOLDER.sample_agencies()[:1]

    notes = TemplateDesk(OneAgency(), WordAnatomist(OurFonts()), CHECK, now).lint("interview_notice")
    assert {note.kind for note in notes} == {"sample"}
    assert all("联合机关" in note.message for note in notes)


def test_the_command_line_names_place_and_fault_and_exits_with_1(tmp_path):
    from click.testing import CliRunner

    from docsvc.cli.main import cli

    good = CliRunner().invoke(cli, ["templates", "lint", "advice"], standalone_mode=False)
    assert (good.return_value, good.output) == (0, "ok    advice\n")
    file = tmp_path / "advice.docx"
    file.write_bytes(added("{{ body.visit_date }}"))
    bad = CliRunner().invoke(cli, ["templates", "lint", "advice", "--draft", str(file)], standalone_mode=False)
    assert bad.return_value == 1
    assert (
        "FAULT word/document.xml 第1段第1节 paragraph 1, run 1 “{{ body.visit_date }}”: 没有“body.visit_date”这一项"
        in bad.output
    )
    for words in (["lint", "--draft", str(file)], ["lint", "advice", "--draft", str(tmp_path / "none.docx")]):
        with pytest.raises(UsageError):
            CliRunner().invoke(cli, ["templates", *words], standalone_mode=False, catch_exceptions=False)


def test_a_template_that_lost_a_signatorys_label():
    template = edited("followup_record", ("回访人（签名）：", "回访者（签名）："))
    (note,) = lint("followup_record", template)
    assert (note.kind, note.severity) == ("signature", "error")
    assert note.message == "manifest.toml 第2条签名规则：template.docx 中没有以anchor“回访人（签名）：”开头的段落"


def test_a_schema_that_lost_a_signatory():
    schema = json.loads(FOLDER.get("commitment").common["schema.json"])
    samples = FOLDER.samples("commitment")
    signer = schema["properties"]["body"]["properties"]["signer"]
    signer["properties"]["full_name"] = signer["properties"].pop("name")
    signer["additionalProperties"], signer["required"] = True, []
    draft = Draft(schema=json.dumps(schema).encode(), samples=samples)
    told = [note.message for note in DESK.lint("commitment", draft) if note.kind == "signature"]
    assert told == ["manifest.toml 第1条签名规则：person 所写的“body.signer”没有姓名（name）"]
