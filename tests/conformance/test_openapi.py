"""The running service against its own OpenAPI file, judged by schemathesis: no fault, nothing undocumented."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.stack import Stack, started

pytestmark = [pytest.mark.office, pytest.mark.slow]

EXAMPLES = os.environ.get("OPENAPI_EXAMPLES", "10")
CHECKS = """
[checks]
enabled = true
# A case that fits its schema may break a rule of the catalogue, a cursor or a precondition may be nobody's, and a
# reason may hold characters that can't be printed: no schema says those, so they are refused although they fit.
positive_data_acceptance.enabled = false

# Whatever octets somebody sends to be verified, the answer is a report that says what they are not.
[[operations]]
include-path = "/api/v1/verifications"
checks.negative_data_rejection.enabled = false
"""
# Elsewhere ids are made up, or what the judge itself has posted.
KNOWN = """
[[operations]]
include-path-regex = "/documents/.*/(content|docx|events|evidence|sm2)$"
parameters = {{ document_id = "{}" }}
"""


@pytest.fixture(scope="module")
def service(request, tmp_path_factory):
    """One of its own, for the judge may void what it finds. What differs between the ways lies behind the calls."""
    with started("embedded", tmp_path_factory.mktemp("openapi"), request) as running:
        yield running


def judge(service: Stack, folder: Path, *words: str, known: str | None = None) -> subprocess.CompletedProcess[str]:
    (folder / "schemathesis.toml").write_text(CHECKS + (KNOWN.format(known) if known else ""))
    return subprocess.run(
        [
            Path(sys.executable).with_name("schemathesis"),
            "run",
            f"{service.base_url}/openapi.json",
            f"--max-examples={EXAMPLES}",
            "--continue-on-failure",
            "--generation-deterministic",
            "--suppress-health-check=all",
            "--no-color",
            *words,
        ],
        cwd=folder,  # it leaves notes behind
        capture_output=True,
        text=True,
        check=False,
    )


def test_with_a_key_that_may_everything(service, tmp_path):
    document = service.api().issue(service.case("advice"))
    key = f"--header=Authorization: Bearer {service.key()}"
    done = judge(service, tmp_path, key, "--phases=examples,coverage,fuzzing,stateful", known=document["id"])
    assert done.returncode == 0, done.stdout[-8000:] + done.stderr
    # It did reach what lies behind the key: it posted, and took what had been posted.
    assert service.rows("SELECT count(*) FROM documents") > [(1,)]
    taken = "SELECT count(*) FROM events WHERE type = 'document.delivered' AND document_id ="
    assert service.rows(f"{taken} '{document['id']}'") > [(0,)]
    assert faults(service) == []


def test_without_a_key(service, tmp_path):
    before = service.rows("SELECT count(*) FROM events WHERE type NOT IN ('seal.used', 'document.sealed')")
    done = judge(service, tmp_path, "--phases=examples,fuzzing")
    assert done.returncode == 0, done.stdout[-8000:] + done.stderr
    assert service.rows("SELECT count(*) FROM events WHERE type NOT IN ('seal.used', 'document.sealed')") == before
    assert faults(service) == []


def faults(service: Stack) -> list[str]:
    """What the processes did not expect."""
    said = service.logs(10**9).splitlines()
    return [line for line in said if "Traceback" in line or '"level": "error"' in line or line.startswith("ERROR")]
