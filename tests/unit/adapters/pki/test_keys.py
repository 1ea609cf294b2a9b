"""Seals' public certificates beside their keys: for those who hold no key, and made up for older folders."""

from __future__ import annotations

import dataclasses
import datetime as dt
import stat

import pytest
from cryptography import x509
from cryptography.x509.oid import NameOID

from docsvc.adapters.pki.certificates import DESCRIPTION
from docsvc.adapters.pki.folder import chain_path, init_pki, lacking_chains, seal_path
from docsvc.adapters.pki.keys import FolderChains, FolderKeys
from docsvc.domain.errors import SealError, SetupError
from docsvc.domain.validity import Role
from tests.support.sealing import AGENCY, agency

NOW = dt.datetime(2026, 11, 22, tzinfo=dt.UTC)


@pytest.fixture
def folder(tmp_path):
    init_pki(tmp_path / "dev", agencies=[AGENCY], now=NOW, algorithm="ecdsa-p256", port=20001)
    return tmp_path / "dev"


def test_they_are_those_of_the_key(folder):
    path = chain_path(folder, AGENCY.seal.id)
    assert stat.S_IMODE(path.stat().st_mode) == 0o644
    assert b"PRIVATE" not in path.read_bytes()
    chains = FolderChains(folder)
    assert list(chains.of(AGENCY.seal)) == list(FolderKeys(folder).of(AGENCY.seal).chain)
    (held,) = chains.held(AGENCY.seal)
    assert NOW < held.ends < NOW + dt.timedelta(days=366 * 10)
    assert (held.name, held.role, held.withdrawn) == (AGENCY.seal.id, Role.SEAL, None)


def test_neither_key_nor_password_is_needed(folder):
    seal_path(folder, AGENCY.seal.id).unlink()
    (folder / "password").unlink()
    assert FolderChains(folder).of(AGENCY.seal)


def test_a_folder_that_lacks_them_gets_them_with_the_next_run(folder):
    path = chain_path(folder, AGENCY.seal.id)
    before = path.read_bytes()
    path.unlink()
    assert lacking_chains(folder) == [seal_path(folder, AGENCY.seal.id)]
    init_pki(folder, agencies=[], now=NOW)
    assert path.read_bytes() == before
    assert lacking_chains(folder) == []


@pytest.mark.parametrize("damage", [None, b"", b"no certificate"])
def test_where_they_are_missing_the_seal_is_named(folder, damage):
    path = chain_path(folder, AGENCY.seal.id)
    path.unlink()
    if damage is not None:
        path.write_bytes(damage)
    with pytest.raises(SetupError, match=AGENCY.seal.id):
        FolderChains(folder).of(AGENCY.seal)
    with pytest.raises(SetupError):
        FolderChains(folder).held(dataclasses.replace(AGENCY.seal, id="another"))


def test_a_name_longer_than_a_common_name_stands_whole_in_its_certificate(tmp_path):
    """64 octets are 21 characters: a seal may bear 40."""
    name = "舟山市示例区农业农村和水利渔业发展保障管理委员会综合行政执法大队直属第一中队"
    long = agency(3, name)
    init_pki(tmp_path / "dev", agencies=[long], now=NOW, algorithm="ecdsa-p256", port=20001)
    keys = FolderKeys(tmp_path / "dev")
    subject = x509.load_der_x509_certificate(keys.of(long.seal).chain[0]).subject
    assert subject.get_attributes_for_oid(DESCRIPTION)[0].value == name
    assert name.startswith(subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value)
    with pytest.raises(SealError, match="is for"):
        keys.of(dataclasses.replace(long.seal, name=name[:-1] + "局"))
