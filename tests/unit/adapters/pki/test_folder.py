"""The folder: whole or not at all, added to, never replaced."""

from __future__ import annotations

import concurrent.futures
import datetime as dt
import json
import stat

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID, ExtensionOID, NameOID

from docsvc import bootstrap
from docsvc.adapters.pki import folder as subject
from docsvc.adapters.pki.certificates import NO_EFFECT, Algorithm
from docsvc.adapters.pki.folder import (
    SERVICES,
    describe,
    init_pki,
    inspect_pki,
    issued_path,
    password_of,
    revoke,
    seal_path,
    service_certificate,
)
from docsvc.adapters.pki.keyfile import read_key, write_key
from docsvc.domain.errors import SetupError, UsageError
from tests.support.sealing import AGENCY, agency

NOW = dt.datetime(2026, 11, 22, tzinfo=dt.UTC)


def init(folder, *agencies, **options):
    options = {"agencies": agencies, "now": NOW, "algorithm": "ecdsa-p256", "port": 20001, **options}
    return init_pki(folder, **options)


def contents(folder):
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_a_second_run_changes_nothing_and_a_new_agency_adds_its_seal_only(tmp_path):
    made = init(tmp_path / "dev", AGENCY)
    before = contents(tmp_path / "dev")
    assert init(tmp_path / "dev", AGENCY, algorithm="rsa-2048", port=29999) == made
    assert contents(tmp_path / "dev") == before
    init(tmp_path / "dev", AGENCY, agency(2))
    after = contents(tmp_path / "dev")
    added = after.keys() - before.keys()
    assert {name.split("/")[0] for name in added} == {"seals", "issued"}
    assert {k: after[k] for k in before} == before


def test_private_files_are_for_their_owner(tmp_path):
    init(tmp_path / "dev", AGENCY)
    private = [*(tmp_path / "dev").rglob("*.p12"), tmp_path / "dev" / "password"]
    assert len(private) == len(SERVICES) + 3
    assert {stat.S_IMODE(p.stat().st_mode) for p in private} == {0o600}


def test_nothing_is_left_beside_the_folder(tmp_path):
    init(tmp_path / "dev", AGENCY)
    assert {p.name for p in tmp_path.iterdir()} == {"dev"}


def test_the_description_names_the_root_and_the_port(tmp_path):
    made = init(tmp_path / "dev", AGENCY, port=23456)
    assert json.loads((tmp_path / "dev" / "authorities.json").read_text()) == {
        "pki_id": made.pki_id,
        "port": 23456,
        "development": True,
        "algorithm": "ecdsa-p256",
    }
    assert made.tsa_url == f"http://127.0.0.1:23456/{made.pki_id}/tsa"


@pytest.mark.parametrize(
    ("algorithm", "title", "signed_by"),
    [
        ("rsa-pss-2048", "RSA-2048 PSS", "sha256"),
        ("rsa-3072", "RSA-3072", "sha256"),
        ("ecdsa-p384", "ECDSA P-384", "sha384"),
        ("ed25519", "Ed25519", None),
    ],
)
def test_each_algorithm_makes_a_whole_pki(tmp_path, algorithm, title, signed_by):
    folder = tmp_path / "dev"
    assert init(folder, AGENCY, algorithm=algorithm).pss == ("pss" in algorithm)
    assert {report.algorithm for report in inspect_pki(folder)} == {title}
    seal = read_key(seal_path(folder, "SEAL-1"), password_of(folder))
    digest = seal.certificate.signature_hash_algorithm
    assert (digest.name if digest else None) == signed_by
    seal.certificate.verify_directly_issued_by(service_certificate(folder, "issuing"))


def test_the_command_line_names_the_algorithms_that_keys_are_made_of():
    assert bootstrap.Algorithm == Algorithm


def test_a_run_cut_off_leaves_nothing_half(tmp_path, monkeypatch):
    def cut(*_args, **_kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr(subject, "_move_in", cut)
    with pytest.raises(KeyboardInterrupt):
        init(tmp_path / "dev", AGENCY)
    assert not (tmp_path / "dev").exists()
    monkeypatch.undo()
    init(tmp_path / "dev", AGENCY)
    assert {p.name for p in tmp_path.iterdir()} == {"dev"}
    assert describe(tmp_path / "dev").development


def test_other_files_in_the_folder_stay(tmp_path):
    (tmp_path / "dev" / "seals").mkdir(parents=True)
    (tmp_path / "dev" / "log.vkey").write_text("kept")
    (tmp_path / "dev" / "seals" / "SEAL-1.p12").write_text("of a PKI that was never whole")
    init(tmp_path / "dev", AGENCY)
    assert (tmp_path / "dev" / "log.vkey").read_text() == "kept"
    assert len(inspect_pki(tmp_path / "dev")) == len(SERVICES) + 2


def test_several_at_once_make_one_pki(tmp_path):
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        made = {job.result().pki_id for job in [pool.submit(init, tmp_path / "dev", AGENCY) for _ in range(4)]}
    assert len(made) == 1
    assert len(list((tmp_path / "dev" / "issued" / "issuing").iterdir())) == 5


def test_certificates_have_the_profiles_of_their_roles(tmp_path):
    made = init(tmp_path / "dev", AGENCY)
    own = {name: service_certificate(tmp_path / "dev", name) for name in SERVICES}
    seal = read_key(seal_path(tmp_path / "dev", "SEAL-1"), password_of(tmp_path / "dev")).certificate

    def value(certificate, kind):
        return certificate.extensions.get_extension_for_class(kind)

    assert value(own["root"], x509.BasicConstraints).value == x509.BasicConstraints(ca=True, path_length=1)
    assert value(own["issuing"], x509.BasicConstraints).value == x509.BasicConstraints(ca=True, path_length=0)
    stamp_use = value(own["tsa"], x509.ExtendedKeyUsage)
    assert stamp_use.critical
    assert list(stamp_use.value) == [ExtendedKeyUsageOID.TIME_STAMPING]
    for name in ("ocsp-root", "ocsp-issuing"):
        assert list(value(own[name], x509.ExtendedKeyUsage).value) == [ExtendedKeyUsageOID.OCSP_SIGNING]
        assert value(own[name], x509.OCSPNoCheck)
    use = value(seal, x509.KeyUsage)
    assert use.critical
    assert (use.value.digital_signature, use.value.content_commitment) == (True, True)
    assert not use.value.key_cert_sign
    places = [p.access_location.value for p in value(seal, x509.AuthorityInformationAccess).value]
    assert places == [f"{made.base_url}/ocsp", f"{made.base_url}/ca/issuing.cer"]
    points = value(seal, x509.CRLDistributionPoints).value
    assert points[0].full_name[0].value == f"{made.base_url}/crl/issuing.crl"
    names = {a.oid: a.value for a in seal.subject}
    assert names[NameOID.COMMON_NAME] == names[NameOID.ORGANIZATION_NAME] == AGENCY.name
    assert names[NameOID.SERIAL_NUMBER] == AGENCY.uscc
    assert names[NameOID.ORGANIZATION_IDENTIFIER] == f"NTRCN-{AGENCY.uscc}"
    for certificate in (*own.values(), seal):
        assert NO_EFFECT in {a.value for a in certificate.subject}
        assert certificate.not_valid_after_utc <= own["root"].not_valid_after_utc
    seal.verify_directly_issued_by(own["issuing"])
    own["issuing"].verify_directly_issued_by(own["root"])
    assert issued_path(tmp_path / "dev", "issuing", seal.serial_number).exists()


def test_expired_services_are_named(tmp_path):
    init(tmp_path / "dev", AGENCY)
    with pytest.raises(SetupError, match=r"ocsp-root .* valid .* 2031"):
        init(tmp_path / "dev", AGENCY, now=NOW + dt.timedelta(days=6 * 365))
    with pytest.raises(SetupError, match="valid"):
        init(tmp_path / "dev", AGENCY, now=NOW - dt.timedelta(days=1))


def test_the_doctor_sees_each_key_and_its_end(tmp_path):
    init(tmp_path / "dev", AGENCY)
    reports = {r.path.name: r for r in inspect_pki(tmp_path / "dev")}
    assert reports.keys() == {*(f"{s}.p12" for s in SERVICES), "platform.p12", "SEAL-1.p12"}
    seal = reports["SEAL-1.p12"]
    assert AGENCY.name in seal.subject
    assert seal.algorithm == "ECDSA P-256"
    assert not seal.expired(NOW)
    assert seal.expired(NOW + dt.timedelta(days=6 * 365))


def test_a_password_of_one_s_own_is_kept_nowhere(tmp_path):
    init(tmp_path / "dev", AGENCY, password="secret")
    assert not (tmp_path / "dev" / "password").exists()
    assert inspect_pki(tmp_path / "dev", "secret")
    with pytest.raises(SetupError, match="DOCSVC_KEY_PASSWORD"):
        inspect_pki(tmp_path / "dev")
    with pytest.raises(SetupError, match="wrong password"):
        inspect_pki(tmp_path / "dev", "other")


@pytest.mark.parametrize("name", ["../../escape", "a/b", "", ".hidden", "印章", "x" * 65])
def test_a_seal_s_id_never_leaves_the_folder(tmp_path, name):
    path = seal_path(tmp_path, name)
    assert path.parent == tmp_path / "seals"
    assert path.name != ".p12"


def test_a_key_file_is_never_replaced(tmp_path):
    init(tmp_path / "dev", AGENCY)
    file = read_key(tmp_path / "dev" / "tsa.p12", password_of(tmp_path / "dev"))
    with pytest.raises(FileExistsError):
        write_key(file.path, "x", file.key, file.chain)
    assert read_key(file.path, password_of(tmp_path / "dev")).certificate == file.certificate


@pytest.mark.parametrize("data", [b"", b"not PKCS#12", b"\x30\x82"])
def test_a_damaged_key_file_is_named(tmp_path, data):
    path = tmp_path / "tsa.p12"
    path.write_bytes(data)
    with pytest.raises(SetupError, match=r"tsa\.p12"):
        read_key(path, "x")


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"pki_id": "x"}'])
def test_a_damaged_description_is_named(tmp_path, text):
    (tmp_path / "authorities.json").write_text(text)
    with pytest.raises(SetupError, match=r"authorities\.json"):
        describe(tmp_path)


def test_no_pki_names_the_command_that_makes_one(tmp_path):
    with pytest.raises(SetupError, match="docsvc pki init"):
        describe(tmp_path)


def test_an_unknown_algorithm_leaves_no_folder(tmp_path):
    with pytest.raises(UsageError, match="dsa-512"):
        init(tmp_path / "dev", AGENCY, algorithm="dsa-512")
    assert not (tmp_path / "dev").exists()


def test_a_folder_that_can_not_be_written_is_a_fault_of_the_setup(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(SetupError, match="can't be written"):
        init(tmp_path / "file" / "dev", AGENCY)


def test_a_revocation_is_kept_as_it_was_first_written(tmp_path):
    init(tmp_path / "dev", AGENCY)
    revoke(tmp_path / "dev", 0xABC, NOW, "keyCompromise")
    revoke(tmp_path / "dev", 0xABC, NOW + dt.timedelta(days=1))
    assert json.loads((tmp_path / "dev" / "revoked.json").read_text()) == {
        "abc": {"at": NOW.isoformat(), "reason": "keyCompromise"}
    }
    with pytest.raises(UsageError, match="bored"):
        revoke(tmp_path / "dev", 1, NOW, "bored")


def test_extensions_that_must_be_critical_are(tmp_path):
    init(tmp_path / "dev", AGENCY)
    for name in SERVICES:
        critical = {e.oid for e in service_certificate(tmp_path / "dev", name).extensions if e.critical}
        assert {ExtensionOID.BASIC_CONSTRAINTS, ExtensionOID.KEY_USAGE} <= critical
