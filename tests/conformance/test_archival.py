"""What a finished PDF says of itself and how it is structured, type by type, as pikepdf reads it."""

from __future__ import annotations

import datetime as dt
import json
import re
from itertools import pairwise

import pikepdf
import pytest

from tests.support.workspace import CHECKOUT

pytestmark = [pytest.mark.office, pytest.mark.judge]

TYPES = sorted(path.parent.name for path in (CHECKOUT / "templates").glob("*/manifest.toml"))


@pytest.fixture(params=TYPES)
def finished(request, issued):
    """(type, case, what was told of it, the open PDF)"""
    case = json.loads((CHECKOUT / "templates" / request.param / "cases" / "valid-1.json").read_text())
    with pikepdf.open(issued.documents[request.param]) as pdf:
        yield request.param, case, issued.told[request.param], pdf


def elements(node):
    """Structure elements below `node` in reading order."""
    kids = node.get("/K")
    for kid in kids if isinstance(kids, pikepdf.Array) else [kids]:
        if isinstance(kid, pikepdf.Dictionary) and "/S" in kid:
            yield kid
            yield from elements(kid)


def test_title_author_subject_keywords_and_dates_agree_in_info_and_xmp(finished):
    name, case, told, pdf = finished
    info, xmp = pdf.docinfo, pdf.open_metadata()
    title, author = str(info["/Title"]), str(info["/Author"])
    assert re.fullmatch(rf"[\u4e00-\u9fff]{{3,20}}（{told['number']}）", title)
    assert (xmp["dc:title"], xmp["dc:creator"]) == (title, [author])
    assert str(info["/Subject"]) == author + title.removesuffix(f"（{told['number']}）") == xmp["dc:description"]
    keywords = f"{case['action_code']}, {told['number']}, {name}, 测试数据"
    assert (str(info["/Keywords"]), xmp["pdf:Keywords"]) == (keywords, keywords)
    assert str(info["/Producer"]) == xmp["pdf:Producer"]
    assert str(info["/Creator"]) == xmp["xmp:CreatorTool"]
    created = dt.datetime.fromisoformat(xmp["xmp:CreateDate"])
    assert pikepdf.models.metadata.decode_pdf_date(str(info["/CreationDate"])) == created
    assert abs(dt.datetime.now(dt.UTC) - created) < dt.timedelta(hours=1)
    assert "/ModDate" not in info
    assert case["party"]["name"] not in str(xmp) + str(dict(info))


def test_language_title_bar_and_declared_standards(finished):
    *_, pdf = finished
    root, xmp = pdf.Root, pdf.open_metadata()
    assert root.Lang == "zh-CN"
    assert bool(root.ViewerPreferences.DisplayDocTitle)
    assert bool(root.MarkInfo.Marked)
    declared = (xmp["pdfaid:part"], xmp["pdfaid:conformance"], xmp["pdfuaid:part"])
    assert declared == ("2", "B", "1")


def test_headings_begin_with_the_title_and_skip_no_level(finished):
    *_, pdf = finished
    roles = {str(key): str(role) for key, role in pdf.Root.StructTreeRoot.RoleMap.items()}
    kinds = [str(e.S) for e in elements(pdf.Root.StructTreeRoot)]
    levels = [int(kind[2:]) for kind in kinds if re.fullmatch(r"/H\d", kind)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    headings = {"/一级标题", "/一级标题·另页", "/附表标题", "/续表标题", "/文书标题"}
    assert not headings & (set(kinds) | set(roles))  # these styles come out as H1 and H2


def test_tables_have_heads_with_a_scope(finished):
    name, _, _, pdf = finished
    tables = [e for e in elements(pdf.Root.StructTreeRoot) if e.S == "/Table"]
    assert tables or name == "no_penalty_decision"
    for table in tables:
        scopes = [
            str(attributes.Scope)
            for cell in elements(table)
            if cell.S == "/TH"
            for attributes in cell.A
            if "/Scope" in attributes
        ]
        rows = sum(e.S == "/TR" for e in elements(table))
        assert scopes.count("/Row") == rows or scopes.count("/Column") > 3


def test_pictures_have_words_and_the_seal_is_a_form_in_the_structure(finished):
    *_, pdf = finished
    tree = pdf.Root.StructTreeRoot
    assert [kid.S for kid in tree.K] == ["/Document"]
    figures = [e for e in elements(tree) if e.S == "/Figure"]
    assert figures
    assert all("/Alt" in figure for figure in figures)
    seal = next(field for field in pdf.Root.AcroForm.Fields if field.V.SubFilter == "/ETSI.CAdES.detached")
    *_, form = (e for e in elements(tree) if e.S == "/Form")
    assert form.K.Obj == seal
    assert str(form.Alt) == str(seal.TU) == f"{pdf.docinfo['/Author']} 电子印章"
    numbers = tree.ParentTree.Nums
    parents = {int(numbers[i]): numbers[i + 1] for i in range(0, len(numbers), 2)}
    assert parents[int(seal.StructParent)] == form
    assert all(page.obj.Tabs == "/S" for page in pdf.pages)
