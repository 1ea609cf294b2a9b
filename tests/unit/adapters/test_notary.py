"""The log's key file, the notes it signs, and whom a note is trusted from."""

from __future__ import annotations

import hashlib
import stat

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from docsvc.adapters.notary import (
    KeyFileNotary,
    KeyFileScanSigner,
    TrustedLogKeys,
    TrustedScanKeys,
    create_log_key,
    create_scan_key,
)
from docsvc.domain.errors import SetupError
from docsvc.domain.note import NoteError, VerifierKey, parse_note

TEXT = b"log.example/docs\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n"
PETER = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
PETERS_NOTE = (
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n"
    "\n"
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
).encode()


@pytest.fixture
def key_file(tmp_path):
    create_log_key(tmp_path / "keys" / "log.key")
    return tmp_path / "keys" / "log.key"


@pytest.fixture
def notary(key_file):
    return KeyFileNotary(key_file, "log.example/docs")


def test_the_key_is_its_owners_alone_and_never_replaced(key_file):
    assert stat.S_IMODE(key_file.stat().st_mode) == 0o600
    before = key_file.read_bytes()
    create_log_key(key_file)
    assert key_file.read_bytes() == before
    assert [p.name for p in key_file.parent.iterdir()] == ["log.key"]


def test_what_it_signs_is_trusted_by_its_key_alone(notary, key_file, tmp_path):
    note = parse_note(notary.sign(TEXT))
    assert note.text == TEXT
    assert notary.signed(note)
    assert TrustedLogKeys([PETER, notary.vkey]).signer(note) == "log.example/docs"
    assert TrustedLogKeys([PETER]).signer(note) is None
    assert TrustedLogKeys([]).signer(note) is None
    assert KeyFileNotary(key_file, "log.example/docs").vkey == notary.vkey

    create_log_key(tmp_path / "other.key")
    other = KeyFileNotary(tmp_path / "other.key", "log.example/docs")
    assert not other.signed(note)
    assert TrustedLogKeys([other.vkey]).signer(note) is None


def test_a_known_signature_holds():
    assert TrustedLogKeys([PETER]).signer(parse_note(PETERS_NOTE)) == "PeterNeumann"


def test_a_wrong_signature_of_a_trusted_key_is_refused_even_beside_a_right_one(notary):
    data = notary.sign(TEXT)
    altered = parse_note(data.replace(b"\n0\n", b"\n1\n"))
    assert not notary.signed(altered)
    with pytest.raises(NoteError, match="is wrong"):
        TrustedLogKeys([notary.vkey]).signer(altered)
    both = parse_note(PETERS_NOTE + data.split(b"\n\n")[1])
    with pytest.raises(NoteError, match=r"log\.example/docs is wrong"):
        TrustedLogKeys([PETER, notary.vkey]).signer(both)
    assert TrustedLogKeys([PETER]).signer(both) == "PeterNeumann"


def test_a_key_that_is_no_point_verifies_nothing(notary):
    broken = VerifierKey("log.example/docs", b"\xff" * 32)
    note = parse_note(notary.sign(TEXT))
    claim = parse_note(
        b"%s\n\xe2\x80\x94 log.example/docs %s\n"
        % (TEXT, __import__("base64").b64encode(broken.id + note.signatures[0].signature))
    )
    with pytest.raises(NoteError):
        TrustedLogKeys([broken.text]).signer(claim)


def test_unfit_files_and_names_are_named(tmp_path, key_file):
    with pytest.raises(SetupError, match="can't be read"):
        KeyFileNotary(tmp_path / "none.key", "log")
    with pytest.raises(SetupError, match="can't name"):
        KeyFileNotary(key_file, "a log")
    (tmp_path / "text.key").write_text("no key")
    (tmp_path / "text.key").chmod(0o600)
    with pytest.raises(SetupError, match="not a private key"):
        KeyFileNotary(tmp_path / "text.key", "log")
    elliptic = ec.generate_private_key(ec.SECP256R1()).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (tmp_path / "ec.key").write_bytes(elliptic)
    (tmp_path / "ec.key").chmod(0o600)
    with pytest.raises(SetupError, match="not an Ed25519 key"):
        KeyFileNotary(tmp_path / "ec.key", "log")
    key_file.chmod(0o640)
    with pytest.raises(SetupError, match="0600"):
        KeyFileNotary(key_file, "log")
    (tmp_path / "file").touch()
    with pytest.raises(SetupError, match="could not be written"):
        create_log_key(tmp_path / "file" / "log.key")


def test_the_key_of_codes_lies_beside_its_public_key_and_neither_is_replaced(tmp_path):
    create_scan_key(tmp_path)
    kept = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert set(kept) == {"scan.key", "scan.pub"}
    assert stat.S_IMODE((tmp_path / "scan.key").stat().st_mode) == 0o600
    create_scan_key(tmp_path)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == kept
    (tmp_path / "scan.pub").unlink()  # a run that was cut off between the two
    create_scan_key(tmp_path)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == kept


def test_the_id_of_a_key_is_what_openssl_says(tmp_path):
    create_scan_key(tmp_path)
    signer = KeyFileScanSigner(tmp_path / "scan.key")
    public = serialization.load_pem_public_key((tmp_path / "scan.pub").read_bytes())
    der = public.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    assert signer.key_id == hashlib.sha256(der).digest()[:4]


def test_a_new_key_of_codes_leaves_the_old_public_key_to_those_who_check(tmp_path):
    create_scan_key(tmp_path)
    old, public = KeyFileScanSigner(tmp_path / "scan.key"), (tmp_path / "scan.pub").read_bytes()
    (tmp_path / "scan.key").unlink()
    create_scan_key(tmp_path)
    assert (
        (tmp_path / f"scan-{old.key_id.hex()}.pub").read_bytes() == public != (tmp_path / "scan.pub").read_bytes()
    )
    keys = TrustedScanKeys(sorted(tmp_path.glob("*.pub")))
    assert keys.holds(old.key_id, b"said", old.sign(b"said")) is True
    assert keys.holds(old.key_id, b"said", KeyFileScanSigner(tmp_path / "scan.key").sign(b"said")) is False
    assert keys.holds(old.key_id, b"said", b"short") is False
    assert keys.holds(bytes(4), b"said", old.sign(b"said")) is None


def test_unfit_keys_of_codes_are_named(tmp_path):
    with pytest.raises(SetupError, match=r"scan\.key.*openssl genpkey"):
        KeyFileScanSigner(tmp_path / "scan.key")
    elliptic = ec.generate_private_key(ec.SECP256R1()).public_key()
    (tmp_path / "scan.pub").write_bytes(
        elliptic.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    )
    with pytest.raises(SetupError, match="not an Ed25519 public key"):
        TrustedScanKeys([tmp_path / "scan.pub"])
    (tmp_path / "scan.pub").write_text("no key")
    with pytest.raises(SetupError, match="not a public key"):
        TrustedScanKeys([tmp_path / "scan.pub"])
    with pytest.raises(SetupError, match="can't be read"):
        TrustedScanKeys([tmp_path / "none.pub"])
    (tmp_path / "scan.pub").unlink()
    (tmp_path / "file").touch()
    with pytest.raises(SetupError, match="could not be written"):
        create_scan_key(tmp_path / "file")
