"""`docsvc scan check`, and where the key behind it comes from and where it does not."""

from __future__ import annotations

import dataclasses
import json
import shutil

import pytest
from click.testing import CliRunner

from docsvc.cli.scan import scan
from docsvc.domain.errors import UsageError
from docsvc.domain.scan import ScanCode, printed_facts
from tests.support.drafts import TEMPLATES, accepted, sample
from tests.support.scan_keys import scan_signer, write_scan_key
from tests.support.workspace import Workspace

CASE = TEMPLATES / "advice" / "cases" / "valid-1.json"


@pytest.fixture
def trust(tmp_path):
    write_scan_key(tmp_path)
    (tmp_path / "scan.key").unlink()  # who checks has the public key alone
    return tmp_path


@pytest.fixture
def text():
    code = ScanCode.of("https://a.example/d/f00d", scan_signer().key_id, printed_facts(sample("advice")))
    return dataclasses.replace(code, signature=scan_signer().sign(code.message)).text


def run(*words):
    return CliRunner().invoke(scan, ["check", *map(str, words)], standalone_mode=False, catch_exceptions=False)


def test_it_says_in_both_languages_what_the_code_says(trust, text):
    result = run(text, "--trust", trust)
    assert result.return_value == 0
    assert result.output.startswith("✓ 二维码属实 TOTAL-PASSED — the code is genuine")
    for part in (
        "舟示市监行建〔2026〕25号",
        "2026-09-22",
        "舟山市示例区市场监督管理局",
        "signed by the trusted key",
    ):
        assert part in result.output


def test_the_paper_is_compared_fact_by_fact_or_with_its_case(trust, text):
    facts = printed_facts(sample("advice"))
    pairs = [f"{name}={value}" for name, value in facts.items()]
    assert run(text, "--trust", trust, "--facts", *pairs).return_value == 0
    assert run(text, "--trust", trust, *(w for pair in pairs for w in ("--facts", pair))).return_value == 0
    result = run(text, "--trust", trust, "--case", CASE)
    assert (result.return_value, "the facts on the paper are those" in result.output) == (0, True)
    assert run(text, "--trust", trust, "--case", CASE, "--facts", "party=他人").return_value == 1
    assert run(text, "--trust", trust, "--facts", "party=他人").return_value == 2


def test_exit_codes_are_those_of_verify(tmp_path, trust, text):
    assert run(text.replace("f00d", "f00e"), "--trust", trust).return_value == 1
    result = run("garbage\x1b[2J", "--trust", trust)
    assert (result.return_value, "\x1b" in result.output) == (1, False)
    assert run(text.partition("#")[0], "--trust", trust).return_value == 2
    (tmp_path / "empty").mkdir()
    assert run(text, "--trust", tmp_path / "empty").return_value == 2


@pytest.mark.parametrize(
    "words",
    [
        ("--trust", "/nowhere"),
        ("--facts", "number"),
        ("--facts", "colour=red"),
        ("--facts", "issue_date=today"),
        ("--case", "/nowhere"),
    ],
    ids=str,
)
def test_wrong_usage_is_told(text, words):
    with pytest.raises(UsageError):
        run(text, *words)


@pytest.mark.parametrize("case", ["no json", "[]", "{}", json.dumps({"doc_type": "advice", "issue_date": 1})])
def test_a_case_that_is_none_is_wrong_usage(tmp_path, text, case):
    (tmp_path / "case.json").write_text(case)
    with pytest.raises(UsageError):
        run(text, "--case", tmp_path / "case.json")


@pytest.fixture
def keys(tmp_path, development_keys):
    """A folder of development keys as a version left it that knew no codes."""
    folder = tmp_path / "certs"
    shutil.copytree(development_keys, folder)
    for path in folder.glob("scan*"):
        path.unlink()
    return folder


def test_development_keys_of_a_version_before_get_the_key_with_a_word_about_it(tmp_path, keys):
    r = Workspace(tmp_path / "data", keys).run("agencies", "list", check=True)
    assert "making the key that signs the codes on documents" in r.stderr
    assert {path.name for path in keys.glob("scan*")} == {"scan.key", "scan.pub"}
    assert "scan" not in Workspace(tmp_path / "data", keys).run("agencies", "list", check=True).stderr


@pytest.mark.parametrize("lacking", ["log.key", "issuing.p12"])
def test_nothing_is_added_to_keys_that_were_handed_out(tmp_path, keys, lacking):
    (keys / lacking).unlink()
    workspace = Workspace(tmp_path / "data", keys)
    workspace.run("agencies", "import", TEMPLATES / "agencies.sample.json", check=True)
    workspace.run("pki", "init")
    assert not [*keys.glob("scan*"), *keys.glob(lacking)]
    (told,) = [r for r in workspace.run("doctor").stdout.splitlines() if " codes: " in r]
    assert told.startswith("FAULT")
    assert "openssl genpkey -algorithm ed25519" in told
    refused = workspace.run("issue", CASE, "--out", tmp_path / "out")
    assert refused.returncode == 1
    assert "openssl genpkey -algorithm ed25519" in refused.stderr


def test_a_case_whose_type_makes_several_documents_is_compared_by_its_stage(trust):
    path = TEMPLATES / "public_service_offset" / "cases" / "valid-4.json"
    code = ScanCode.of("https://a.example/d/f00d", scan_signer().key_id, printed_facts(accepted(path)))
    signed = dataclasses.replace(code, signature=scan_signer().sign(code.message)).text
    result = run(signed, "--trust", trust, "--case", path)
    assert (result.return_value, "the facts on the paper are those" in result.output) == (0, True)
    assert "公益抵罚认定书" in printed_facts(accepted(path)).values()
