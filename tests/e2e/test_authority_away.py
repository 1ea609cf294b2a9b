"""A time-stamp authority that is away for a while: no document waits for it, none claims what it has not."""

from __future__ import annotations

import io
import json
import time
import zipfile

import pytest

from tests.support.outside_tsa import OutsideTsa
from tests.support.stack import embedded

pytestmark = [pytest.mark.office, pytest.mark.slow]

BEFORE, MEANWHILE = 4, 8
PATIENCE_S = 300


def until(what, patience_s=PATIENCE_S):
    end = time.monotonic() + patience_s
    while not (found := what()):
        assert time.monotonic() < end, "it did not come"
        time.sleep(0.3)
    return found


def leaves(bundle):
    """What the log's leaves in an evidence bundle say of levels, in order."""
    said = []
    with zipfile.ZipFile(io.BytesIO(bundle)) as z:
        for name in sorted(z.namelist()):
            try:
                data = json.loads(z.read(name))
            except ValueError:
                continue
            if isinstance(data, dict) and str(data.get("schema", "")).startswith("docsvc.leaf/"):
                said.append((data["type"], data["pades"]["achieved"]))
    return said


def verified(stack, folder, pdf, bundle):
    """(indication, level) by the command line."""
    (folder / "d.pdf").write_bytes(pdf)
    (folder / "e.zip").write_bytes(bundle)
    words = ("verify", folder / "d.pdf", "--evidence", folder / "e.zip", "--trust", stack.trust, "--json")
    said = json.loads(stack.run(*words, check=False).stdout)
    return said["indication"], said["level"]


def test_documents_that_were_made_meanwhile_say_so_and_are_lifted_afterwards(development_keys, tmp_path):
    tsa = OutsideTsa(development_keys)
    settings = {"DOCSVC_TSA_URL": tsa.url, "DOCSVC_UPGRADE_EVERY_S": "1"}
    with tsa, embedded(tmp_path / "service", development_keys, **settings) as stack:
        api = stack.api("demo-market")
        before = [api.issue(stack.case("advice")) for _ in range(BEFORE)]
        tsa.stop()
        answered = tsa.answered
        posted = [api.post(stack.case("advice")).json()["id"] for _ in range(MEANWHILE)]
        low = [api.until_ends(each) for each in posted]

        assert {d["pades"]["achieved"] for d in before} == {"B-LTA"}
        # The row and the API say so, with the reason.
        assert {d["pades"]["target"] for d in low} == {"B-LTA"}
        assert {d["pades"]["achieved"] for d in low} == {"B-B"}
        assert all(tsa.url.split("/")[2] in d["pades"]["shortfall"] for d in low)
        rows = stack.rows(
            "SELECT achieved_level, shortfall, renew_before FROM documents WHERE shortfall IS NOT NULL"
        )
        assert len(rows) == MEANWHILE
        assert {(level, until is None) for level, _, until in rows} == {("B-B", True)}
        # The evidence's leaf and the verifier say so too.
        first = {}
        for document in low:
            pdf = api.get(f"/documents/{document['id']}/content").content
            bundle = api.get(f"/documents/{document['id']}/evidence").content
            assert ("document.sealed", "B-B") in leaves(bundle)
            first[document["id"]] = pdf
        assert verified(stack, tmp_path, pdf, bundle) == ("INDETERMINATE", "B-B")
        assert tsa.answered == answered

        tsa.start()
        until(lambda: stack.rows("SELECT count(*) FROM documents WHERE achieved_level <> 'B-LTA'")[0][0] == 0)
        until(lambda: stack.rows("SELECT count(*) FROM documents WHERE state <> 'recorded'")[0][0] == 0)
        for document in low:
            now = api.document(document["id"])
            assert now["pades"] == {"target": "B-LTA", "achieved": "B-LTA", "shortfall": None}
            pdf = api.get(f"/documents/{document['id']}/content").content
            bundle = api.get(f"/documents/{document['id']}/evidence").content
            assert pdf.startswith(first[document["id"]])
            assert len(pdf) > len(first[document["id"]])
            found = leaves(bundle)
            assert ("document.sealed", "B-B") in found
            assert ("document.upgraded", "B-LTA") in found
        assert verified(stack, tmp_path, pdf, bundle) == ("TOTAL-PASSED", "B-LTA")
        ids = ", ".join(f"'{each}'" for each in posted)
        told = stack.rows(
            f"SELECT type, count(*) FROM events WHERE document_id IN ({ids}) GROUP BY type ORDER BY type"
        )
        assert dict(told)["document.upgraded"] == MEANWHILE
        assert stack.rows("SELECT count(*) FROM documents WHERE renew_before IS NULL") == [(0,)]
        assert stack.run("log", "fsck").returncode == 0
