"""Hostile values and templates by the command line: what is refused leaves nothing, what is let in is only text."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import time

import pytest

from tests.support.office import with_body, with_parts, with_relation
from tests.support.workspace import CHECKOUT, Workspace, case, write_case

pytestmark = pytest.mark.office

ADVICE = (CHECKOUT / "templates" / "advice" / "template.docx").read_bytes()
RUN = "<w:p><w:r><w:t>{}</w:t></w:r></w:p>"

# Texts that mean something to a machine on the way, and nothing to a reader.
HARMLESS = {
    "word": "</w:t></w:r></w:p><w:p><w:r><w:t>整改</w:t></w:r></w:p>",
    "entity": "&lt;b&gt; &amp; &#65; &xxe; <!ENTITY xxe SYSTEM 'file:///etc/passwd'>",
    "cdata": "<![CDATA[甲]]> <!-- 乙 --> <?xml version='1.0'?>",
    "field": '{ INCLUDETEXT "/etc/passwd" } =cmd|"/c calc"!A1',
    "path": "../../../etc/passwd\\..\\甲",
    "script": '<script>alert("甲")</script><img src=x onerror=alert(1)>',
    "query": "'; DROP TABLE documents; --",
    "bracket": "{ {7*7} } {7*7} #{7*7} %(a)s %s {0}",
}
REFUSED = {
    "jinja": ("{{ 7*7 }}", "G08"),
    "block": ("{% for a in party %}甲{% endfor %}", "G08"),
    "comment": ("{# 甲 #}", "G08"),
    "null": ("甲\x00乙", "G12"),
    "escape": ("甲\x1b[2J乙", "G12"),
    "bell": ("甲\x07乙", "G12"),
    "next line": ("甲\x85乙", "G12"),
    "bidi override": ("甲\u202e乙", "G12"),
    "bidi isolate": ("甲\u2066乙\u2069", "G12"),
    "zero width": ("甲\u200b乙", "G12"),
    "byte order mark": ("甲\ufeff乙", "G12"),
    "tag": ("甲\U000e0041乙", "G12"),
    "noncharacter": ("甲\uffff乙", "G12"),
    "half a character": ("甲\ud800乙", "G12"),
    "replacement": ("甲\ufffd乙", "G12"),
    "private use": ("甲\ue000乙", "G12"),
    "a megabyte": ("甲" * 350_000, "SCHEMA"),
    "two megabytes": ("甲" * 700_000, "SCHEMA"),
}


def with_text(text):
    data = case("advice")
    data["body"]["problem"] = f"现场查明：{text}。"
    return data


@pytest.fixture(scope="module")
def printed(tmp_path_factory, development_keys):
    """The text of a document each with a value of HARMLESS in its body."""
    home = tmp_path_factory.mktemp("hostile")
    workspace = Workspace(home / "data", development_keys)
    files = [write_case(home / "in", str(n), with_text(text)) for n, text in enumerate(HARMLESS.values())]
    done = workspace.run("issue", *files, "--out", home / "out", "--json", check=True)
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(lines) == len(HARMLESS)
    assert workspace.run("verify", *(line["file"] for line in lines)).returncode == 0
    texts = (
        subprocess.run(["pdftotext", d["file"], "-"], capture_output=True, text=True, check=True) for d in lines
    )
    return dict(zip(HARMLESS, ("".join(t.stdout.split()) for t in texts), strict=True))


@pytest.mark.parametrize("name", HARMLESS)
def test_code_in_a_value_is_printed_letter_by_letter(printed, name):
    assert f"现场查明：{''.join(HARMLESS[name].split())}。" in printed[name]


def test_what_can_not_stand_on_paper_or_would_run_is_refused_by_a_rule(workspace, tmp_path):
    files = {name: tmp_path / f"{n}.json" for n, name in enumerate(REFUSED)}
    for name, file in files.items():
        file.write_text(json.dumps(with_text(REFUSED[name][0])))  # in ASCII: half a character has no UTF-8
    start = time.monotonic()
    refused = workspace.run("issue", *files.values(), "--out", tmp_path / "out")
    assert time.monotonic() - start < 60
    assert refused.returncode == 1
    assert "Traceback" not in refused.stderr
    for name, (_, rule) in REFUSED.items():
        said = [line for line in refused.stderr.splitlines() if line.startswith(f"{files[name]}: ")]
        assert [line for line in said if re.search(rf": {rule} /body/problem|: {rule} ", line)], (name, said)
        assert all(len(line) < 1000 for line in said), name
    assert not list((tmp_path / "out").iterdir())
    assert workspace.rows("SELECT count(*) FROM documents") == [(0,)]


def test_a_hostile_party_name_names_no_file(workspace, tmp_path):
    data = case("advice")
    data["party"]["name"] = "../../甲<&>'\";$(touch x)公司"
    done = workspace.run("issue", write_case(tmp_path, "a", data), "--out", tmp_path / "out", "--json", check=True)
    told = json.loads(done.stdout)
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == [
        f"{told['number']}.evidence.zip",
        f"{told['number']}.pdf",
    ]


def bomb():
    """A part of 100 MB in a file of little more than 100 KB."""
    return with_parts(ADVICE, {"word/media/image2.png": b"\0" * 100_000_000})


def laughs(old):
    entities = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10 if n else "ha"}">' for n in range(10))
    return old.replace(b"<w:document", f"<!DOCTYPE w:document [{entities}]><w:document".encode(), 1).replace(
        b"<w:body>", b"<w:body>" + RUN.format("&a9;").encode(), 1
    )


TEMPLATES = {
    "zip bomb": (bomb, "过大"),
    "macro": (lambda: with_parts(ADVICE, {"word/vbaProject.bin": b"\xd0\xcf\x11\xe0"}), "宏"),
    "macro content type": (
        lambda: with_parts(
            ADVICE, {"[Content_Types].xml": lambda old: old.replace(b"document.main+xml", b"macroEnabled.main+xml")}
        ),
        "宏",
    ),
    "embedded object": (lambda: with_parts(ADVICE, {"word/embeddings/oleObject1.xlsx": b"PK"}), "嵌入"),
    "template elsewhere": (lambda: with_relation(ADVICE, "attachedTemplate", "https://a.invalid/x.dotm"), "外部"),
    "picture elsewhere": (lambda: with_relation(ADVICE, "image", "https://a.invalid/x.png"), "外部"),
    "file elsewhere": (lambda: with_relation(ADVICE, "oleObject", "file:///etc/passwd"), "外部"),
    "document type": (lambda: with_parts(ADVICE, {"word/document.xml": laughs}), "文档类型|XML 有误"),
    "document type in relations": (
        lambda: with_parts(
            ADVICE,
            {
                "word/_rels/document.xml.rels": lambda old: old.replace(
                    b"<Relationships", b"<!DOCTYPE r><Relationships", 1
                )
            },
        ),
        "文档类型",
    ),
    "field": (
        lambda: with_body(ADVICE, b'<w:p><w:fldSimple w:instr="INCLUDETEXT /etc/passwd"/></w:p>'),
        "不允许的域",
    ),
    "dde field": (
        lambda: with_body(ADVICE, b'<w:p><w:fldSimple w:instr="DDEAUTO c:\\\\cmd"/></w:p>'),
        "不允许的域",
    ),
    "chunk": (lambda: with_body(ADVICE, b'<w:altChunk r:id="rId1"/>'), "altChunk"),
    "escape from the sandbox": (
        lambda: with_body(ADVICE, RUN.format("{{ ''.__class__.__mro__[1].__subclasses__() }}").encode()),
        "__",
    ),
    "memory": (lambda: with_body(ADVICE, RUN.format("{{ 'x' * 9000000000 }}").encode()), "乘法"),
    "unescaped": (lambda: with_body(ADVICE, RUN.format("{{ body.problem|safe }}").encode()), "safe"),
    "other file": (lambda: with_body(ADVICE, RUN.format("{% include '/etc/passwd' %}").encode()), "不允许使用"),
}


@pytest.mark.parametrize("name", TEMPLATES)
def test_a_hostile_template_is_found_by_lint_and_not_published(workspace, tmp_path, name):
    make, words = TEMPLATES[name]
    file = tmp_path / "hostile.docx"
    file.write_bytes(make())
    start = time.monotonic()
    looked = workspace.run("templates", "lint", "advice", "--draft", file)
    assert looked.returncode == 1
    assert re.search(rf"FAULT .*({words})", looked.stdout), looked.stdout + looked.stderr
    published = workspace.run("templates", "publish", "advice", file, "--accept", "0" * 16)
    assert published.returncode == 1
    assert "Traceback" not in looked.stderr + published.stderr
    assert time.monotonic() - start < 30


def test_a_hostile_template_in_the_folder_makes_no_document(workspace, tmp_path):
    folder = tmp_path / "templates"
    shutil.copytree(CHECKOUT / "templates", folder, ignore=shutil.ignore_patterns("__pycache__"))
    workspace.extra["DOCSVC_TEMPLATES_DIR"] = str(folder)
    (folder / "advice" / "template.docx").write_bytes(with_relation(ADVICE, "image", "https://a.invalid/x.png"))
    done = workspace.run("issue", write_case(tmp_path, "a", case("advice")), "--out", tmp_path / "out")
    assert done.returncode == 1
    assert "https://a.invalid/x.png" in done.stderr
    assert not list((tmp_path / "out").iterdir())
