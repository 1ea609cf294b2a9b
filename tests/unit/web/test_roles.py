"""Who may look at what and do what: every role at every page."""

from __future__ import annotations

import json

import pytest

from docsvc.domain.access import Role
from docsvc.domain.document import State
from tests.support.cases import changed, sample
from tests.support.portal import action_code

OTHER = "demo-enforcement"
WHO = {
    "anyone": (None, None),
    "officer": (Role.OFFICER, "demo-market"),
    "officer elsewhere": (Role.OFFICER, OTHER),
    "officer of all": (Role.OFFICER, None),
    "auditor": (Role.AUDITOR, "demo-market"),
    "auditor elsewhere": (Role.AUDITOR, OTHER),
    "auditor of all": (Role.AUDITOR, None),
    "administrator": (Role.ADMINISTRATOR, "demo-market"),
    "administrator elsewhere": (Role.ADMINISTRATOR, OTHER),
    "administrator of all": (Role.ADMINISTRATOR, None),
}
COLUMNS = tuple(WHO)
SIGN_IN, OK, NOTHING, NO, HIDDEN, DONE = 303, 200, 204, 403, 404, 302
OPEN = (OK,) * 10
SIGNED_IN = (SIGN_IN, *(OK,) * 9)
READS = (SIGN_IN, OK, HIDDEN, OK, OK, HIDDEN, OK, OK, HIDDEN, OK)
VOIDS = (SIGN_IN, OK, HIDDEN, OK, NO, NO, NO, OK, HIDDEN, OK)
SIGNS = (SIGN_IN, OK, HIDDEN, OK, NO, NO, NO, NO, NO, NO)
GONE = (410,) * 10  # without a link
CREATES = (SIGN_IN, OK, OK, OK, NO, NO, NO, NO, NO, NO)
NOBODYS = (SIGN_IN, HIDDEN, HIDDEN, HIDDEN, NO, NO, NO, NO, NO, NO)
TABLE = {
    "/": OPEN,
    "/verify": OPEN,
    "/d/{id}": OPEN,
    "/still-here": (NOTHING,) * 10,
    "/password": SIGNED_IN,
    "/documents": SIGNED_IN,
    "/documents/{id}": READS,
    "/documents/{id}/pages/1.png": READS,
    "/documents/{id}/files/pdf": READS,
    "/documents/{id}/files/docx": READS,
    "/documents/{id}/files/evidence": READS,
    "/documents/{id}/void": VOIDS,
    "/documents/{id}/signatures": SIGNS,
    "/sign": OPEN,
    "/sign/document": GONE,
    "/sign/pages/1.png": GONE,
    "/sign/done": OPEN,
    "/new": CREATES,
    "/new/advice": CREATES,
    "/new/json": CREATES,
    "/batches": CREATES,
    "/batches/sheets/reminder.csv": CREATES,
    "/batches/{id}": NOBODYS,
    "/batches/{id}/documents.zip": NOBODYS,
    "/batches/{id}/print.pdf": NOBODYS,
}


@pytest.mark.parametrize("column", range(len(COLUMNS)), ids=COLUMNS)
def test_every_page(site, column):
    document_id = site.recorded().id
    visitor = site.visitor(*WHO[COLUMNS[column]])
    for page, expected in TABLE.items():
        r = visitor.get(page.format(id=document_id))
        assert r.status_code == expected[column], page
        if r.status_code == SIGN_IN:
            assert r.headers["Location"].startswith("/sign-in"), page
    # The sign-in page goes on with whoever is signed in already.
    assert visitor.get("/sign-in").status_code == (OK if visitor.name is None else SIGN_IN)


def test_the_table_has_every_page(site):
    known = {path.format(id="<batch_id>" if "/batches/" in path else "<document_id>") for path in TABLE}
    known = {
        path.replace("/reminder.csv", "/<doc_type>.<kind>").replace("/1.png", "/<int:number>.png") for path in known
    }
    known = {path.replace("/new/advice", "/new/<doc_type>") for path in known}
    known = {
        path.replace(f"/files/{kind}", "/files/<kind>") for path in known for kind in ("pdf", "docx", "evidence")
    }
    known = {path for path in known if not path.endswith(("/files/pdf", "/files/docx", "/files/evidence"))}
    pages = {r.rule for r in site.app.url_map.iter_rules() if r.endpoint.startswith("web.") and "GET" in r.methods}
    assert pages - {"/sign-in", "/static/<path:filename>"} == known


@pytest.mark.parametrize("column", range(len(COLUMNS)), ids=COLUMNS)
def test_every_deed(site, column):
    who = COLUMNS[column]
    visitor = site.visitor(*WHO[who])
    void = (SIGN_IN, DONE, HIDDEN, DONE, NO, NO, NO, DONE, HIDDEN, DONE)[column]
    create = (SIGN_IN, DONE, NO, DONE, NO, NO, NO, NO, NO, NO)[column]

    document_id = site.recorded().id
    r = visitor.post(f"/documents/{document_id}/void", {"reason": "当事人名称有误", "sure": "yes"})
    said = DONE if r.headers.get("Location", "").startswith("/documents/") else r.status_code
    assert said == void
    assert site.state(document_id) is (State.VOIDED if void == DONE else State.RECORDED)

    case = changed(sample("advice"), {"action_code": action_code(7)})
    before = count(site)
    r = visitor.post("/new/json", {"text": json.dumps(case)})
    said = DONE if r.headers.get("Location", "").startswith("/documents/") else r.status_code
    assert said == create
    assert count(site) - before == (create == DONE)


def count(site):
    with site.office.database.read() as tx:
        return sum(tx.documents.count_by_state().values())


def test_buttons_follow_the_permissions(site):
    row = site.recorded()
    officer, auditor, administrator = (site.visitor(role) for role in Role)
    assert {"新建", "作废…"} <= set(words_of(officer, row))
    assert not {"新建", "作废…"} & set(words_of(auditor, row))
    assert "作废…" in words_of(administrator, row)
    assert "新建" not in words_of(administrator, row)
    site.service.voiding.void(site.service.accounts.list()[0].principal, row.id, "误")
    assert "作废…" not in words_of(officer, row)


def words_of(visitor, row):
    text = visitor.get(f"/documents/{row.id}").text
    return [word for word in ("新建", "作废…") if word in text]


def test_another_agencys_documents_are_not_in_the_list(site):
    own = site.recorded()
    other = site.recorded(n=2)  # of the other agency
    assert other.agency_id == OTHER
    here = site.visitor(Role.OFFICER).get("/documents").text
    assert own.number in here
    assert other.number not in here
    everywhere = site.visitor(Role.AUDITOR, None).get("/documents").text
    assert own.number in everywhere
    assert other.number in everywhere
