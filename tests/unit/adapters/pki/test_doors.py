"""`keys.toml`: where each seal's key is and how often it may be used; a slip of the pen is never a licence."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric import ed448

from docsvc.adapters.pki.doors import DoorKeys, Place, read_places, way_of
from docsvc.adapters.pki.enrolment import note_place
from docsvc.adapters.pki.folder import chain_path
from docsvc.adapters.pki.keys import FolderChains, FolderKeys
from docsvc.domain.custody import Quota
from docsvc.domain.errors import SealError, SetupError
from tests.support.sealing import AGENCY, agency, make_pki


def written(folder, text):
    (folder / "keys.toml").write_text(text)
    return read_places(folder, 100)


def test_without_a_list_all_keys_are_files(tmp_path):
    places = read_places(tmp_path, 100)
    assert places.of("SEAL-1") == Place("pkcs12", "", Quota(100))
    assert places.doors == {"pkcs12"}


def test_what_holds_for_all_and_what_for_one(tmp_path):
    places = written(
        tmp_path,
        'door = "pkcs11"\nhourly = 20\n[seals.SEAL-1]\nkey = "label"\ndaily = 5\n[seals."印章"]\ndoor = "remote"\n',
    )
    assert places.of("SEAL-1") == Place("pkcs11", "label", Quota(5, 20))
    assert places.of("印章") == Place("remote", "", Quota(100, 20))
    assert places.of("SEAL-3") == Place("pkcs11", "", Quota(100, 20))
    assert places.doors == {"pkcs11", "remote"}


@pytest.mark.parametrize(
    "text",
    [
        "door = ",
        'door = "usb"',
        "daily = -1",
        'daily = "many"',
        "daily = true",
        "dayly = 5",
        'key = "label"',
        "seals = 1",
        "[seals]\nSEAL-1 = 3",
        "[seals.SEAL-1]\nhour = 3",
    ],
)
def test_what_can_not_be_understood_is_refused(tmp_path, text):
    with pytest.raises(SetupError, match=r"keys\.toml"):
        written(tmp_path, text)


def test_a_new_key_is_noted_once_and_nothing_is_overruled(tmp_path):
    note_place(tmp_path, "SEAL-1", "SEAL-1")
    note_place(tmp_path, "SEAL-1", "SEAL-1")
    note_place(tmp_path, "印章 2", "label")
    places = read_places(tmp_path)
    assert places.of("SEAL-1") == Place("pkcs11")
    assert places.of("印章 2") == Place("pkcs11", "label")
    with pytest.raises(SetupError, match="SEAL-1"):
        note_place(tmp_path, "SEAL-1", "another")


class Door:
    """Takes note of what it is asked; signs nothing right."""

    def __init__(self):
        self.asked = []

    def ready(self, key, certificate):
        self.asked.append((key, certificate))

    def sign(self, *_):
        return bytes(64)


def test_a_key_that_is_elsewhere_has_its_certificates_here(tmp_path):
    folder, door = make_pki(tmp_path / "dev"), Door()
    (folder / "keys.toml").write_text('[seals.SEAL-1]\ndoor = "pkcs11"\n')
    keys = DoorKeys(folder, read_places(folder), FolderKeys(folder), lambda _name: door)
    seal = keys.of(AGENCY.seal)
    assert (seal.door, seal.development, seal.digest) == ("pkcs11", True, "sha256")
    assert seal.chain == FolderChains(folder).of(AGENCY.seal)
    assert keys.roots
    assert [key for key, _ in door.asked] == ["SEAL-1"]
    assert keys.of(AGENCY.seal) is seal
    with pytest.raises(SealError, match="nothing was sealed"):
        seal.sign_detached(bytes(32))
    chain_path(folder, "SEAL-1").write_bytes(chain_path(make_pki(tmp_path / "new"), "SEAL-1").read_bytes())
    assert keys.of(AGENCY.seal).chain != seal.chain  # renewed, without a restart


def test_a_certificate_of_another_agency_or_none_is_refused(tmp_path):
    folder = make_pki(tmp_path / "dev", agencies=[agency(1, "另一机关")])
    (folder / "keys.toml").write_text('door = "pkcs11"\n')
    keys = DoorKeys(folder, read_places(folder), FolderKeys(folder), lambda _name: Door())
    with pytest.raises(SealError, match="属于“另一机关”"):
        keys.of(AGENCY.seal)
    chain_path(folder, "SEAL-1").unlink()
    with pytest.raises(SealError, match="it has no seal certificate here"):
        keys.of(AGENCY.seal)


def test_a_kind_of_key_that_no_door_has_is_refused():
    with pytest.raises(SealError, match="kind"):
        way_of(ed448.Ed448PrivateKey.generate().public_key())
