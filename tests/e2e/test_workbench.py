"""The workbench over HTTP on a running service: a draft is looked over, laid out, compared, published, retired."""

from __future__ import annotations

import io
import json
import subprocess

import pikepdf
import pytest

from docsvc.adapters.pages.marking import MARK
from tests.support.clerk import with_sentence
from tests.support.stack import embedded
from tests.support.workspace import CHECKOUT, case

pytestmark = [pytest.mark.office, pytest.mark.slow]

ADVICE = CHECKOUT / "templates" / "advice"
DAY = {"title": "到场日期 Visit", "type": "string", "format": "date"}


@pytest.fixture
def stack(development_keys, tmp_path):
    with embedded(tmp_path / "embedded", development_keys) as running:
        yield running


def parts():
    """A draft with a field of its own, as a form posts it."""
    sentence = "{%p if fields.body.visit_date %}\n请于{{ fields.body.visit_date }}前到场。\n{%p endif %}"
    schema = json.loads((ADVICE / "schema.json").read_text())
    schema["properties"]["body"]["properties"]["visit_date"] = DAY
    one = case("advice")
    one["body"]["visit_date"] = "2026-10-12"
    return [
        ("template", ("template.docx", with_sentence((ADVICE / "template.docx").read_bytes(), sentence))),
        ("schema", ("schema.json", json.dumps(schema).encode())),
        ("samples", ("valid-1.json", json.dumps(one).encode())),
        ("samples", ("valid-2.json", (ADVICE / "cases" / "valid-2.json").read_bytes())),
    ]


def pdf_text(data):
    text = subprocess.run(["pdftotext", "-", "-"], input=data, capture_output=True, check=True).stdout.decode()
    return "".join(text.split())


def is_marked(data):
    """样稿 DRAFT is drawn, not written: text readers do not meet it."""
    with pikepdf.open(io.BytesIO(data)) as document:
        pages = [
            [pikepdf.unparse_content_stream([i]) for i in pikepdf.parse_content_stream(p)] for p in document.pages
        ]
    return all(b"/Artifact BMC" in page and page.count(b"S") > len(MARK) for page in pages)


def test_a_draft_becomes_the_version_in_force(stack):
    keeper, clerk = stack.api(None, ["templates:keep"]), stack.api("demo-market")
    files = parts()

    def do(action, **fields):
        more = [*files, *((name, (None, value)) for name, value in fields.items())]
        answer = keeper.call("POST", f"/templates/advice/{action}", files=more, headers={"Prefer": "wait=60"})
        assert answer.status_code == 200, answer.text
        return answer.json()

    assert do("lint")["notes"] == []
    proofs = do("preview")["proofs"]
    pdf = keeper.get(proofs[0]["pdf"].removeprefix("/api/v1")).content
    assert "请于2026年10月12日前到场。" in pdf_text(pdf)
    assert is_marked(pdf)
    picture = keeper.get(proofs[0]["pictures"][0].removeprefix("/api/v1")).content
    assert picture.startswith(b"\x89PNG")
    compared = do("diff")
    assert "+请于2026年10月12日前到场。" in compared["differences"][0]["lines"]
    assert compared["differences"][1] == {"sample": "valid-2", "lines": [], "pages": []}
    assert do("publish", accept="0" * 16)["error"]["kind"] == "conflict"
    published = do("publish", accept=compared["code"], why="增加到场日期")
    assert published["version"]["version"] == "2"

    with_day = stack.case("advice")
    with_day["body"]["visit_date"] = "2026-10-15"
    document = clerk.issue(with_day)
    assert document["template"] == {"type": "advice", **published["version"]}
    content = clerk.get(f"/documents/{document['id']}/content").content
    assert "请于2026年10月15日前到场。" in pdf_text(content)
    assert not is_marked(content)
    listed = keeper.get("/templates/advice/versions").json()["versions"]
    assert [(v["version"], v["in_force"]) for v in listed] == [("1", False), ("2", True)]
    assert listed[1]["published"]["why"] == "增加到场日期"
    gone = keeper.call("POST", "/templates/advice/versions/2/retire", json={"reason": "有错字"})
    assert [v["in_force"] for v in gone.json()["versions"]] == [True, False]
    assert (
        clerk.post(with_day | {"action_code": "13309992600888"}).status_code == 422
    )  # version 1 has no such field
