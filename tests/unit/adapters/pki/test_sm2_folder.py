"""SM2 keys in their folder: made once, encrypted, opened by their password alone, with their certificate."""

from __future__ import annotations

import concurrent.futures
import datetime as dt
import json
import stat

import pytest
from asn1crypto import cms, pem

from docsvc.adapters.pki import sm2
from docsvc.adapters.pki.folder import password_of
from docsvc.adapters.pki.sm2 import locked, new_sm2_key, unlocked
from docsvc.adapters.pki.sm2_folder import Sm2Keys, init_sm2, sm2_seal_path
from docsvc.domain.errors import SealError, SetupError
from tests.support.sealing import AGENCY, agency, make_pki

NOW = dt.datetime(2026, 11, 25, tzinfo=dt.UTC)


@pytest.fixture(autouse=True)
def few_rounds(monkeypatch):
    monkeypatch.setattr(sm2, "ITERATIONS", 1000)


@pytest.fixture
def folder(tmp_path):
    folder = make_pki(tmp_path / "dev", agencies=[])
    init_sm2(folder, [AGENCY], NOW)
    return folder


def contents(folder):
    return {p.relative_to(folder): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_a_second_run_changes_nothing_and_a_new_agency_adds_its_key_only(folder):
    before = contents(folder)
    init_sm2(folder, [AGENCY], NOW)
    assert contents(folder) == before
    init_sm2(folder, [AGENCY, agency(2)], NOW)
    after = contents(folder)
    assert {p.name for p in after.keys() - before.keys()} == {"SEAL-2.key"}
    assert all(after[p] == before[p] for p in before)


def test_many_at_once_make_one_root_and_one_key(tmp_path):
    folder = make_pki(tmp_path / "dev", agencies=[])
    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        list(pool.map(lambda _: init_sm2(folder, [AGENCY], NOW), range(6)))
    seal = Sm2Keys(folder).of(AGENCY.seal)
    assert (seal.chain[-1],) == Sm2Keys(folder).roots
    assert sorted(p.name for p in (folder / "sm2").rglob("*") if p.is_file()) == [
        "SEAL-1.key",
        "root.key",
        "root.pem",
    ]
    assert not list(folder.glob(".sm2.*"))


def test_keys_are_for_their_owner_and_encrypted(folder):
    for path in (folder / "sm2/root.key", sm2_seal_path(folder, AGENCY.seal.id)):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        (label, _, der), *_ = pem.unarmor(path.read_bytes(), multiple=True)
        assert label == "ENCRYPTED PRIVATE KEY"
        key = unlocked(der, password_of(folder))
        assert key.secret not in path.read_bytes()
        assert key.secret not in der
        assert repr(key.secret) not in repr(key)


def test_another_password_or_key_is_refused(folder):
    with pytest.raises(SealError, match="wrong password"):
        Sm2Keys(folder, "another").of(AGENCY.seal)
    path = sm2_seal_path(folder, AGENCY.seal.id)
    foreign = pem.armor("ENCRYPTED PRIVATE KEY", locked(new_sm2_key(), password_of(folder)))
    own = path.read_bytes()
    path.write_bytes(foreign + own[own.index(b"-----BEGIN CERTIFICATE") :])
    with pytest.raises(SealError, match="does not belong"):
        Sm2Keys(folder).of(AGENCY.seal)
    path.write_bytes(own[own.index(b"-----BEGIN CERTIFICATE") :])
    with pytest.raises(SealError, match="no encrypted private key"):
        Sm2Keys(folder).of(AGENCY.seal)
    path.write_bytes(b"nothing")
    with pytest.raises(SealError, match="can't be read"):
        Sm2Keys(folder).of(AGENCY.seal)


def test_without_a_key_or_a_root_it_is_said_what_to_do(folder, tmp_path):
    with pytest.raises(SealError, match="DOCSVC_SM2_PROFILE"):
        Sm2Keys(folder).of(agency(2).seal)
    with pytest.raises(SetupError, match="DOCSVC_SM2_PROFILE"):
        _ = Sm2Keys(make_pki(tmp_path / "bare", agencies=[])).roots


def test_a_certificate_bears_its_seal_s_name_whole_however_long(tmp_path):
    long = agency(3, "舟山市示例区市场监督管理局综合行政执法大队第十二中队示例名称")
    folder = make_pki(tmp_path / "dev", agencies=[])
    init_sm2(folder, [long], NOW)
    assert Sm2Keys(folder).of(long.seal).development
    renamed = agency(3, "另一个机关")
    with pytest.raises(SealError, match="not for 另一个机关"):
        Sm2Keys(folder).of(renamed.seal)


def test_a_signature_is_national_throughout(folder):
    seal = Sm2Keys(folder).of(AGENCY.seal)
    assert seal.digest == "sm3"
    der = seal.sign_detached(bytes(32))
    info = cms.ContentInfo.load(der)["content"]["signer_infos"][0]
    assert info["signature_algorithm"].dump() == sm2.SM2_WITH_SM3
    assert info["digest_algorithm"]["algorithm"].dotted == "1.2.156.10197.1.401"
    assert bytes.fromhex("608648016503040201") not in info.dump()  # SHA-256 nowhere


@pytest.mark.parametrize("der", [b"", b"\x30\x00", bytes(40)])
def test_what_is_no_key_is_refused(der):
    with pytest.raises(SetupError, match="SM2 key"):
        unlocked(der, "x")


def test_whether_a_key_is_of_development_its_certificate_says_not_the_folder(folder):
    path = folder / "authorities.json"
    path.write_text(json.dumps(json.loads(path.read_text("utf-8")) | {"development": False}), "utf-8")
    assert Sm2Keys(folder).of(AGENCY.seal).development
