"""Evidence bundles: what they prove, and every way in which they must not pass."""

from __future__ import annotations

import dataclasses
import datetime as dt
import io
import json
import lzma
import warnings
import zipfile
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from docsvc.adapters.notary import KeyFileNotary, TrustedLogKeys, create_log_key
from docsvc.domain.canonical import canonical_json, sha256_hex
from docsvc.domain.errors import EvidenceError, LogError
from docsvc.domain.verdict import Indication, worst
from docsvc.usecases.evidence import MAX_SMALL_BYTES, build, check, check_consistency, consistency
from tests.support.registry_office import NOON, RegistryOffice

LATER = NOON + dt.timedelta(days=365 * 10)
PASSED, UNSURE, FAILED = Indication.PASSED, Indication.INDETERMINATE, Indication.FAILED
PEM = b"-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n"


@pytest.fixture(scope="module")
def pattern(tmp_path_factory):
    """Five documents, recorded."""
    office = RegistryOffice(tmp_path_factory.mktemp("pattern") / "office")
    office.issue(5)
    office.sequence()
    office.close()
    return office


@pytest.fixture
def office(pattern, tmp_path):
    office = pattern.copy(tmp_path / "office")
    yield office
    office.close()


@pytest.fixture(scope="module")
def sample(pattern):
    """A bundle, its PDF and the keys that vouch for it, for tests that only read."""
    row = document(pattern, 3)
    bundle = bundle_of(pattern, row)
    pattern.close()
    return bundle, pattern.pdf(row), pattern.keys


@pytest.fixture
def row(office):
    return document(office, 3)


def document(office, n):
    with office.database.begin() as tx:
        return tx.documents.find(number=f"舟示市监建〔2026〕{n}号")


def bundle_of(office, row):
    return build(office.database, office.publisher, row, office.pdf(row), office.notary.vkey, certificates=[PEM])


def files_of(bundle):
    with zipfile.ZipFile(io.BytesIO(bundle)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def packed(files, compression=zipfile.ZIP_STORED):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", compression) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return out.getvalue()


def verdicts(checks):
    return {c.name: c.indication for c in checks}


def failed(checks):
    return [c.name for c in checks if c.indication is not PASSED]


def test_a_recorded_document_passes(office, row):
    checks = check(bundle_of(office, row), office.pdf(row), office.keys, LATER)
    assert verdicts(checks) == dict.fromkeys(
        [
            "evidence-form",
            "evidence-checkpoint",
            "evidence-inclusion",
            "evidence-opening",
            "evidence-file",
            "evidence-history",
        ],
        PASSED,
    )
    words = "".join(c.message for c in checks)
    assert row.number in words
    assert row.party_name in words


def test_the_public_keys_of_codes_lie_in_it(office, row):
    keys = {"scan.pub": b"one", "scan-0a0b0c0d.pub": b"two", "scan of mine.pub": b"three"}
    bundle = build(office.database, office.publisher, row, office.pdf(row), office.notary.vkey, keys)
    assert not failed(check(bundle, office.pdf(row), office.keys, LATER))
    held = {name: data for name, data in files_of(bundle).items() if "scan" in name}
    assert held == {"keys/scan.pub": b"one", "keys/scan-0a0b0c0d.pub": b"two"}


def test_the_bundle_is_the_same_bytes_each_time_and_holds_what_it_says(office, row):
    bundle = bundle_of(office, row)
    assert bundle_of(office, row) == bundle
    files = files_of(bundle)
    assert set(files) == {
        "README.md",
        "document.pdf",
        "checkpoint",
        "keys/log.vkey",
        "keys/log.pem",
        "certificates/0.pem",
        "entries/4.json",
        "entries/5.json",
        "openings/4.json",
        "openings/5.json",
        "proofs/4.tlog-proof",
        "proofs/5.tlog-proof",
    }
    assert files["document.pdf"] == office.pdf(row)
    assert files["checkpoint"] == office.publisher.published()
    assert files["keys/log.vkey"].decode().strip() == office.notary.vkey
    assert sha256_hex(files["openings/5.json"]) == json.loads(files["entries/5.json"])["commitment"]
    assert row.number in files["README.md"].decode()


def test_it_may_be_packed_again(office, row):
    again = packed(files_of(bundle_of(office, row)), zipfile.ZIP_DEFLATED)
    assert failed(check(again, office.pdf(row), office.keys, LATER)) == []


def test_a_document_that_is_not_recorded_has_no_evidence(office, tmp_path):
    row = office.issue(1)[0]
    with pytest.raises(EvidenceError, match="not recorded"):
        bundle_of(office, row)
    fresh = RegistryOffice(tmp_path / "fresh")
    with pytest.raises(EvidenceError, match="not published"):
        bundle_of(fresh, fresh.issue(1)[0])
    fresh.close()


def test_later_events_are_listed_and_an_earlier_revision_still_passes(office, row):
    before = office.pdf(row)
    row = office.upgrade(row)
    office.sequence()
    bundle = bundle_of(office, row)
    new = check(bundle, office.pdf(row), office.keys, LATER)
    assert failed(new) == []
    assert "10 document.upgraded" in new[-1].message
    old = check(bundle, before, office.keys, LATER)
    assert failed(old) == []
    assert "entry 10 records a later revision" in next(c.message_en for c in old if c.name == "evidence-file")


def test_an_sm2_copy_passes_as_what_it_is(office, row):
    copy = office.copy_in_sm2(row)
    office.sequence()
    bundle = bundle_of(office, row)
    told = {c.name: c for c in check(bundle, copy, office.keys, LATER)}
    assert {c.indication for c in told.values()} == {PASSED}
    assert "not the PAdES document itself" in told["evidence-file"].message_en
    assert failed(check(bundle, office.pdf(row), office.keys, LATER)) == []
    assert failed(check(bundle, copy + b" ", office.keys, LATER)) == ["evidence-file"]


def test_a_voided_document_does_not_pass(office, row):
    office.void(row)
    office.sequence()
    checks = check(bundle_of(office, row), office.pdf(row), office.keys, LATER)
    assert failed(checks) == ["evidence-history"]
    assert worst(c.indication for c in checks) is FAILED
    assert checks[-1].sub_indication == "REVOKED"


# Trust


def test_the_key_inside_is_never_trusted(office, row, tmp_path):
    bundle, pdf = bundle_of(office, row), office.pdf(row)
    for keys in (TrustedLogKeys([]), another_key(tmp_path, office.origin)):
        checks = check(bundle, pdf, keys, LATER)
        assert failed(checks) == ["evidence-checkpoint"]
        assert verdicts(checks)["evidence-checkpoint"] is UNSURE


def another_key(tmp_path, name):
    create_log_key(tmp_path / "other.key")
    return TrustedLogKeys([KeyFileNotary(tmp_path / "other.key", name).vkey])


def test_a_forgers_log_with_the_right_name_is_not_ours(office, tmp_path):
    """A whole second log, made with the same origin and another key."""
    forger = RegistryOffice(tmp_path / "forger")
    forged = forger.issue(5)[2]
    forger.sequence()
    checks = check(bundle_of(forger, forged), forger.pdf(forged), office.keys, LATER)
    assert verdicts(checks)["evidence-checkpoint"] is UNSURE
    assert worst(c.indication for c in checks) is not PASSED
    forger.close()


def test_a_trusted_key_vouches_for_its_own_log_only(office, row, tmp_path):
    """A key that is trusted for one log signs a checkpoint of another."""
    create_log_key(tmp_path / "other.key")
    other = KeyFileNotary(tmp_path / "other.key", "other.example/log")
    files = files_of(bundle_of(office, row))
    old = files["checkpoint"]
    files["checkpoint"] = other.sign(old.split(b"\n\n")[0] + b"\n")
    files = {n: d.replace(old, files["checkpoint"]) if n.startswith("proofs/") else d for n, d in files.items()}
    checks = check(packed(files), office.pdf(row), TrustedLogKeys([other.vkey]), LATER)
    assert verdicts(checks)["evidence-checkpoint"] is FAILED


def test_a_wrong_signature_fails(office, row):
    files = files_of(bundle_of(office, row))
    files["checkpoint"] = files["checkpoint"].replace(b"\n10\n", b"\n11\n")
    checks = check(packed(files), office.pdf(row), office.keys, LATER)
    assert verdicts(checks)["evidence-checkpoint"] is FAILED


# The file


def test_another_file_fails(office, row):
    bundle = bundle_of(office, row)
    for pdf in (office.pdf(row) + b" ", b"", office.pdf(document(office, 4))):
        assert "evidence-file" in failed(check(bundle, pdf, office.keys, LATER))


def test_another_file_inside_fails(office, row):
    files = files_of(bundle_of(office, row)) | {"document.pdf": b"%PDF-1.7 other"}
    assert failed(check(packed(files), office.pdf(row), office.keys, LATER)) == ["evidence-file"]
    assert "evidence-file" in failed(check(packed(files), b"%PDF-1.7 other", office.keys, LATER))


def test_a_record_from_the_future_is_doubtful(office, row):
    checks = check(bundle_of(office, row), office.pdf(row), office.keys, NOON - dt.timedelta(seconds=1))
    assert verdicts(checks)["evidence-file"] is UNSURE


# What was altered in the database shows


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE events SET entry = CAST(replace(CAST(entry AS TEXT), 'B-B', 'B-T') AS BLOB) WHERE leaf_index = 5",
        "UPDATE log_hashes SET hash = zeroblob(32) WHERE level = 0 AND idx = 4",
        "UPDATE log_hashes SET hash = zeroblob(32) WHERE level = 2 AND idx = 0",
        "UPDATE events SET opening = CAST(replace(CAST(opening AS TEXT), '3公', '4公') AS BLOB) WHERE leaf_index=5",
        "UPDATE events SET leaf_index = 30 - leaf_index WHERE leaf_index IN (5, 25)",
    ],
)
def test_a_bundle_from_an_altered_database_does_not_pass_and_an_old_one_still_does(office, row, statement):
    office.issue(10)
    office.sequence()
    old, pdf = bundle_of(office, row), office.pdf(row)
    if "30 -" in statement:
        office.tamper("UPDATE events SET leaf_index = NULL WHERE leaf_index = 25")
    office.tamper(statement)
    try:
        checks = check(bundle_of(office, row), pdf, office.keys, LATER)
    except EvidenceError:
        pass
    else:
        assert worst(c.indication for c in checks) is FAILED
    assert failed(check(old, pdf, office.keys, LATER)) == []


def test_another_file_put_in_its_place_in_row_and_store_does_not_pass(office, row):
    other = b"%PDF-1.7 with a better ending"
    office.tamper("UPDATE documents SET signed_sha256 = ? WHERE id = ?", sha256_hex(other), row.id)
    office.pdfs[sha256_hex(other)] = other
    row = office.row(row.id)
    checks = check(bundle_of(office, row), other, office.keys, LATER)
    assert verdicts(checks)["evidence-file"] is FAILED


def test_an_event_rewritten_whole_does_not_pass(office, row):
    """Entry, opening and file all changed to agree with one another: the tree still says otherwise."""
    other = b"%PDF-1.7 with a better ending"
    with office.database.begin() as tx:
        event = next(e for e in tx.events.of(row.id) if e.type == "document.sealed")
    opening = json.loads(event.opening)
    opening["sha256"]["signed"] = sha256_hex(other)
    entry = json.loads(event.entry)
    entry["sha256"]["signed"] = sha256_hex(other)
    entry["commitment"] = sha256_hex(canonical_json(opening))
    office.tamper(
        "UPDATE events SET entry = ?, opening = ? WHERE id = ?",
        canonical_json(entry),
        canonical_json(opening),
        event.id,
    )
    changed = dataclasses.replace(row, signed_sha256=sha256_hex(other))
    office.pdfs[sha256_hex(other)] = other
    checks = check(bundle_of(office, changed), other, office.keys, LATER)
    assert failed(checks) == ["evidence-inclusion"]
    assert "entry 5 " in next(c.message_en for c in checks if c.name == "evidence-inclusion")


# Growth


def test_an_old_bundle_and_a_new_one_are_shown_to_be_of_one_log(office, row):
    old = files_of(bundle_of(office, row))["checkpoint"]
    office.issue(4)
    office.sequence()
    growth = consistency(office.database, 10)
    assert growth.checkpoint == office.publisher.published()
    assert check_consistency(old, growth, office.keys)
    assert check_consistency(growth.checkpoint, consistency(office.database, 18), office.keys)
    assert not check_consistency(old, dataclasses.replace(growth, hashes=growth.hashes[:-1]), office.keys)
    assert not check_consistency(old, dataclasses.replace(growth, old_size=9), office.keys)
    assert not check_consistency(old, growth, TrustedLogKeys([]))
    with pytest.raises(LogError, match="fewer than 19"):
        consistency(office.database, 19)


def test_a_rewritten_log_is_not_the_old_ones_continuation(office, row, tmp_path):
    old = files_of(bundle_of(office, row))["checkpoint"]
    rewritten = RegistryOffice(tmp_path / "rewritten")
    rewritten.notary, rewritten.keys = office.notary, office.keys  # by the log's own operator, with its own key
    rewritten.issue(9)
    rewritten.sequence()
    assert not check_consistency(old, consistency(rewritten.database, 10), office.keys)
    rewritten.close()


# Hostile bundles


def test_missing_files_are_named(office, row):
    files = files_of(bundle_of(office, row))
    for name in ("checkpoint", "document.pdf", "openings/5.json", "proofs/5.tlog-proof"):
        (fault,) = check(packed({n: d for n, d in files.items() if n != name}), b"", office.keys, LATER)[:1]
        assert (fault.name, fault.indication) == ("evidence-form", FAILED)
        assert name in fault.message
    none = {n: d for n, d in files.items() if not n.startswith("entries/")}
    assert "no entry" in check(packed(none), b"", office.keys, LATER)[0].message_en


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("../../etc/passwd", b""),
        ("/document.pdf", b""),
        ("C:\\x", b""),
        ("entries/05.json", b""),
        ("entries/٥.json", b""),
        ("entries/", b""),
        ("DOCUMENT.PDF", b""),
        ("evil\x1b[31m", b""),
    ],
)
def test_odd_names_are_refused(office, row, name, data):
    bundle = packed(files_of(bundle_of(office, row)) | {name: data})
    (fault,) = check(bundle, office.pdf(row), office.keys, LATER)
    assert fault.indication is FAILED
    assert fault.message.isprintable()


def test_a_name_that_ends_in_the_middle_is_refused(office, row):
    bundle = packed(files_of(bundle_of(office, row)) | {"checkpoint__exe": b""})
    bundle = bundle.replace(b"checkpoint__exe", b"checkpoint\x00exe\x00")
    (fault,) = check(bundle, office.pdf(row), office.keys, LATER)
    assert fault.indication is FAILED


def test_nothing_in_a_bundle_reaches_the_terminal_unseen(office, row):
    files = files_of(bundle_of(office, row))
    files["openings/5.json"] = files["openings/5.json"].replace("舟山".encode(), "\u202e\x9b".encode())
    files["checkpoint"] = files["checkpoint"].replace(b"log.example", "log\u202e\x9b".encode())
    checks = check(packed(files), office.pdf(row), office.keys, LATER)
    assert len(checks) == 6
    assert all(c.message.isprintable() and c.message_en.isprintable() for c in checks)


def test_one_name_twice_is_refused(office, row):
    out = io.BytesIO(bundle_of(office, row))
    with zipfile.ZipFile(out, "a") as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        archive.writestr("document.pdf", b"%PDF-1.7 other")
    (fault,) = check(out.getvalue(), office.pdf(row), office.keys, LATER)
    assert "one name twice" in fault.message


def test_bombs_are_not_unpacked(office, row):
    files = files_of(bundle_of(office, row))
    bomb = packed(files | {"README.md": bytes(MAX_SMALL_BYTES + 1)}, zipfile.ZIP_DEFLATED)
    (fault,) = check(bomb, office.pdf(row), office.keys, LATER)
    assert "too large" in fault.message
    many = packed({f"entries/{n}.json": b"" for n in range(5000)})
    assert "too many" in check(many, b"", office.keys, LATER)[0].message
    swarm = packed({f"entries/{n}.json": bytes(MAX_SMALL_BYTES) for n in range(600)}, zipfile.ZIP_DEFLATED)
    assert "too large" in check(swarm, b"", office.keys, LATER)[0].message
    assert "too large" in check(bytes(128 * 1024 * 1024 + 1), b"", office.keys, LATER)[0].message


def test_a_size_that_lies_is_found_out(office):
    bundle = bytearray(packed({"README.md": b"A" * 100}))
    at = bundle.rindex(b"PK\x01\x02")
    bundle[at + 24 : at + 28] = (5).to_bytes(4, "little")
    (fault,) = check(bytes(bundle), b"", office.keys, LATER)
    assert fault.indication is FAILED


def test_other_compression_and_encryption_are_refused(office, row):
    files = files_of(bundle_of(office, row))
    assert failed(check(packed(files, zipfile.ZIP_LZMA), b"", office.keys, LATER)) == ["evidence-form"]
    locked = bytearray(packed(files))
    locked[locked.rindex(b"PK\x01\x02") + 8] |= 1
    assert failed(check(bytes(locked), b"", office.keys, LATER)) == ["evidence-form"]


def test_entries_of_two_documents_are_not_one_documents_evidence(office, row):
    mixed = files_of(bundle_of(office, row)) | {
        n: d for n, d in files_of(bundle_of(office, document(office, 1))).items() if n[-6:] in {"0.json", "-proof"}
    }
    assert "different documents" in check(packed(mixed), b"", office.keys, LATER)[0].message_en


def test_an_entry_shown_twice_is_refused(office, row):
    files = files_of(bundle_of(office, row))
    twice = files | {n.replace("5.", "6."): d for n, d in files.items() if "/5." in n}
    assert "stands twice" in check(packed(twice), b"", office.keys, LATER)[0].message_en


def test_a_proof_for_another_place_fails(office, row):
    files = files_of(bundle_of(office, row))
    moved = {n.replace("/5.", "/7."): d for n, d in files.items()}
    assert "evidence-inclusion" in failed(check(packed(moved), office.pdf(row), office.keys, LATER))
    moved = {n: d.replace(b"index 5", b"index 7") for n, d in moved.items()}
    assert "evidence-inclusion" in failed(check(packed(moved), office.pdf(row), office.keys, LATER))


def test_the_opaque_extra_line_of_a_proof_is_allowed_and_ignored(office, row):
    files = files_of(bundle_of(office, row))
    name = "proofs/5.tlog-proof"
    files[name] = files[name].replace(b"@v1\n", b"@v1\nextra AAAA\n")
    assert failed(check(packed(files), office.pdf(row), office.keys, LATER)) == []
    for wrong in (b"", b"c2sp.org/tlog-proof@v1", b"c2sp.org/tlog-proof@v1\nindex 05\n\n", b"x\n\n"):
        assert failed(check(packed(files | {name: wrong}), b"", office.keys, LATER)) == ["evidence-form"]
    bad = files[name].replace(b"index 5\n", b"index 5\n!\n")
    assert failed(check(packed(files | {name: bad}), b"", office.keys, LATER)) == ["evidence-form"]


UNREADABLE = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError)  # a bit may turn stored into compressed


@settings(deadline=None, max_examples=300)
@given(data=st.data())
def test_no_flipped_bit_passes_for_proof(sample, data):
    bundle, pdf, keys = sample
    changed = bytearray(bundle)
    at = data.draw(st.integers(0, len(bundle) - 1))
    changed[at] ^= 1 << data.draw(st.integers(0, 7))
    try:
        files = files_of(bytes(changed))
    except (*UNREADABLE, ValueError, LookupError, NotImplementedError, RuntimeError, OSError):
        files = None
    checks = check(bytes(changed), pdf, keys, LATER)
    if files is None:
        assert failed(checks) == ["evidence-form"]
    elif files == files_of(bundle):  # a bit of the container that says nothing (a time, an attribute)
        assert failed(checks) in ([], ["evidence-form"])
    else:
        assert failed(checks)


@given(st.binary(max_size=300))
def test_no_bytes_break_the_check(data):
    (fault,) = check(data, b"", TrustedLogKeys([]), LATER)
    assert fault.indication is FAILED
