"""Many cases in one file, over the running service: contiguous numbers, one bad row told, killed in the middle."""

from __future__ import annotations

import collections
import contextlib
import io
import json
import re
import secrets
import time
import zipfile

import pikepdf
import pytest
import requests
from openpyxl import load_workbook

from docsvc.api.batches import XLSX
from tests.support.stack import started
from tests.support.tables import fill_in, row_of

pytestmark = [pytest.mark.office, pytest.mark.slow]

ROWS = 60
BAD = 17  # the row's place among them
KILLED = 40


def post(api, raw, media_type, key=None):
    headers = {"Content-Type": media_type, "Idempotency-Key": key or secrets.token_hex(8)}
    answer = api.call("POST", "/batches", data=raw, headers=headers)
    assert answer.status_code == 202, answer.text
    return answer.json()


def until(api, batch_id, true, patience_s=240, cut_off=()):
    """The batch when `true` of it; `cut_off` are errors of a connection to a process that was killed."""
    end, found = time.monotonic() + patience_s, None
    while found is None or not true(found):
        assert time.monotonic() < end, found
        time.sleep(0.1)
        with contextlib.suppress(*cut_off):
            found = api.get(f"/batches/{batch_id}").json()
    return found


def rows_of(api, batch_id, query=""):
    """All pages, as links lead."""
    path, rows = f"/batches/{batch_id}/rows?limit=25{query}", []
    while path:
        answer = api.get(path)
        rows += answer.json()["rows"]
        link = re.search(r'</api/v1(.*)>; rel="next"', answer.headers.get("Link", ""))
        path = link[1] if link else None
    return rows


def places(rows):
    numbers = [row["document"]["number"] for row in rows if row["document"]]
    return [int(re.search(r"〕(\d+)号", number)[1]) for number in numbers]


def test_sixty_reminders_from_a_workbook_with_one_bad_row(stack, tmp_path):
    workbook = tmp_path / "reminders.xlsx"
    stack.run("templates", "sheet", "reminder", "--out", workbook)
    cells = [row_of(stack.case("reminder")) | {"party.type": "企业", "test_data": "是"} for _ in range(ROWS)]
    cells[BAD]["party.uscc"] = "91330999MA0TEXT120"
    fill_in(workbook, cells)
    api = stack.api("demo-market")
    raw, key = workbook.read_bytes(), secrets.token_hex(8)
    batch = post(api, raw, XLSX, key)
    done = until(api, batch["id"], lambda found: found["state"] == "done")
    assert done["progress"] == 1
    wanted = {"total": ROWS, "waiting": 0, "refused": 1, "accepted": ROWS - 1, "recorded": ROWS - 1}
    assert {name: done["counts"][name] for name in wanted} == wanted

    rows = rows_of(api, batch["id"])
    assert [row["row"] for row in rows] == list(range(4, 4 + ROWS))
    found = places(rows)
    assert found == list(range(found[0], found[0] + ROWS - 1))
    (refused,) = rows_of(api, batch["id"], "&outcome=refused")
    (error,) = refused["errors"]
    assert (error["row"], error["rule"], error["path"]) == (4 + BAD, "G02", "party.uscc")
    assert load_workbook(workbook).active[f"{error['column']}2"].value == "party.uscc"

    taken = api.get(f"/batches/{batch['id']}/documents.zip")
    assert taken.status_code == 200
    numbers = [row["document"]["number"] for row in rows if row["document"]]
    with zipfile.ZipFile(io.BytesIO(taken.content)) as archive:
        assert archive.namelist() == [f"{number}.pdf" for number in numbers]
        archive.extractall(tmp_path / "all")
    some = sorted((tmp_path / "all").iterdir())[:3]
    assert stack.run("verify", *some, "--trust", stack.trust).returncode == 0
    printed = api.get(f"/batches/{batch['id']}/print.pdf")
    assert printed.status_code == 200, printed.text
    with pikepdf.open(io.BytesIO(printed.content)) as merged, merged.open_outline() as outline:
        assert [item.title for item in outline.root] == numbers
    first = next(row["document"]["id"] for row in rows if row["document"])
    told = api.get(f"/documents/{first}/events").json()["events"]
    assert [e["detail"]["what"] for e in told if e["type"] == "document.delivered"] == ["content", "print"]

    assert post(api, raw, XLSX, key)["id"] == batch["id"]
    assert stack.api("demo-enforcement").get(f"/batches/{batch['id']}").status_code == 404


@pytest.fixture
def own(request, tmp_path_factory):
    """A service that may be killed."""
    with started("embedded", tmp_path_factory.mktemp("batch"), request) as running:
        yield running


def test_killed_in_the_middle_every_row_once_in_order(own):
    api = own.api()
    raw = "\n".join(json.dumps(own.case("reminder"), ensure_ascii=False) for _ in range(KILLED)).encode()
    before = post(api, raw, "application/x-ndjson", "killed")["id"]
    for accepted in (3, 12, 21):
        found = until(api, before, lambda found, least=accepted: found["counts"]["accepted"] >= least)
        assert found["counts"]["waiting"], "the machine was too fast for this test: raise KILLED"
        own.kill("scheduler")
    until(api, before, lambda found: found["counts"]["accepted"] >= 25)
    own.kill("serve")
    own.supervised()
    done = until(api, before, lambda found: found["state"] == "done", cut_off=[requests.ConnectionError])
    assert done["counts"]["recorded"] == KILLED
    rows = rows_of(api, before)
    assert places(rows) == list(range(1, KILLED + 1))
    assert {row["new"] for row in rows} == {True}
    assert own.rows("SELECT count(*) FROM documents") == [(KILLED,)]
    events = collections.Counter(own.rows("SELECT document_id, type FROM events"))
    assert set(events.values()) == {1}
    assert own.rows("SELECT count(*) FROM batch_rows WHERE case_json IS NOT NULL") == [(0,)]

    again = post(api, raw, "application/x-ndjson", "again")["id"]
    until(api, again, lambda found: found["state"] == "done")
    assert [row["document"]["id"] for row in rows_of(api, again)] == [row["document"]["id"] for row in rows]
    assert {row["new"] for row in rows_of(api, again)} == {False}
