"""Seals with several keys: which one signs, what running processes notice, what is brought and taken away."""

from __future__ import annotations

import dataclasses
import datetime as dt
import shutil
import stat

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, pkcs12

from docsvc.adapters.pki.certificates import BACKDATE
from docsvc.adapters.pki.folder import (
    init_pki,
    lacking_chains,
    password_of,
    seal_path,
    service_certificate,
)
from docsvc.adapters.pki.keyfile import read_key, write_key
from docsvc.adapters.pki.keys import FolderChains, FolderKeys
from docsvc.adapters.pki.revocation import read_revoked
from docsvc.adapters.pki.seal_files import files_of, next_path, write_note
from docsvc.adapters.pki.succession import faults_of_keys, import_seal, renew_seal, withdraw
from docsvc.domain.errors import SealUnusableError, SetupError, UsageError
from docsvc.domain.unfit import Unfit
from docsvc.domain.validity import LAST_MINUTES, Role
from tests.support.sealing import AGENCY, agency

NOW = dt.datetime(2026, 11, 25, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)
SEAL = AGENCY.seal


class At:
    """A clock that stands."""

    def __init__(self, moment=NOW):
        self.moment = moment

    def __call__(self):
        return self.moment


@pytest.fixture
def clock():
    return At()


@pytest.fixture
def folder(tmp_path):
    init_pki(tmp_path / "dev", agencies=[AGENCY, agency(12)], now=NOW - DAY, algorithm="ecdsa-p256", port=20001)
    return tmp_path / "dev"


@pytest.fixture
def keys(folder, clock):
    """Those of a process that runs."""
    keys = FolderKeys(folder, clock=clock)
    keys.of(SEAL)
    return keys


def serial(key):
    return x509.load_der_x509_certificate(key.chain[0]).serial_number


def serial_in(path):
    return x509.load_pem_x509_certificates(path.with_suffix(".pem").read_bytes())[0].serial_number


def refusal(keys, design=SEAL):
    with pytest.raises(SealUnusableError) as e:
        keys.of(design)
    assert design.id in str(e.value)
    return e.value


def test_a_running_process_takes_the_next_key_up_at_once(folder, keys):
    before = serial(keys.of(SEAL))
    path = renew_seal(folder, AGENCY, NOW)
    assert path.name == "SEAL-1@2.p12"
    assert serial(keys.of(SEAL)) == serial_in(path) != before
    assert [serial(k) for k in keys.all_of(SEAL)] == [serial_in(path), before]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_seals_whose_ids_begin_alike_keep_apart(folder, keys):
    """SEAL-1 and SEAL-12; and an id may hold a dot."""
    renew_seal(folder, agency(12), NOW)
    assert len(keys.all_of(SEAL)) == 1
    assert len(keys.all_of(agency(12).seal)) == 2
    assert files_of(folder, "SEAL-1", ".p12") == [seal_path(folder, "SEAL-1")]


def test_what_the_web_shows_is_all_of_them_the_one_in_use_first(folder, clock):
    chains = FolderChains(folder, clock)
    (before,) = chains.of(SEAL)[:1]
    path = renew_seal(folder, AGENCY, NOW)
    held = chains.held(SEAL)
    assert [one.name for one in held] == ["SEAL-1@2", "SEAL-1"]
    shown = chains.of(SEAL)
    assert len(shown) == len(set(shown)) == 4, "both certificates, and their issuers once"
    assert x509.load_der_x509_certificate(shown[0]).serial_number == serial_in(path)
    assert before in shown


def test_the_next_one_may_wait_for_its_day(folder, keys, clock):
    before = serial(keys.of(SEAL))
    path = renew_seal(folder, AGENCY, NOW, begins=NOW + 30 * DAY)
    assert serial(keys.of(SEAL)) == before
    assert FolderChains(folder, clock).held(SEAL)[0].name == "SEAL-1"
    clock.moment = NOW + 30 * DAY - dt.timedelta(seconds=1)
    assert serial(keys.of(SEAL)) == before
    clock.moment = NOW + 30 * DAY
    assert serial(keys.of(SEAL)) == serial_in(path)
    assert FolderChains(folder, clock).held(SEAL)[0].name == "SEAL-1@2"
    begins = x509.load_pem_x509_certificates(path.with_suffix(".pem").read_bytes())[0].not_valid_before_utc
    assert begins == NOW + 30 * DAY - BACKDATE


def test_a_wish_delays_a_certificate_that_is_valid_already(folder, keys, clock):
    path = renew_seal(folder, AGENCY, NOW)
    before = [serial(k) for k in keys.all_of(SEAL)]
    write_note(path.with_suffix(".from"), NOW + DAY)
    assert [serial(k) for k in keys.all_of(SEAL)] == before[1:]
    seal_path(folder, SEAL.id).unlink()
    error = refusal(keys)
    assert error.reason == Unfit.NOT_YET_VALID
    assert "not to be used before 2026-11-26" in str(error)
    clock.moment = NOW + DAY
    assert serial(keys.of(SEAL)) == serial_in(path)


def test_shortly_before_its_end_the_older_one_gives_way(folder, keys, clock):
    path = seal_path(folder, SEAL.id)
    end = read_key(path, password_of(folder)).certificate.not_valid_after_utc
    clock.moment = end - DAY
    coming = renew_seal(folder, AGENCY, clock.moment)
    write_note(coming.with_suffix(".from"), end - LAST_MINUTES)
    assert serial(keys.of(SEAL)) == serial_in(path)
    clock.moment = end - LAST_MINUTES
    assert serial(keys.of(SEAL)) == serial_in(coming)


def test_a_key_taken_away_is_not_used_any_more(folder, keys):
    seal_path(folder, SEAL.id).unlink()
    error = refusal(keys)
    assert error.reason == Unfit.MISSING
    assert "has no seal certificate" in str(error)


@pytest.mark.parametrize("damage", [b"", b"no PKCS#12"])
def test_a_file_that_does_not_open_hinders_no_other(folder, keys, damage):
    before = serial(keys.of(SEAL))
    path = seal_path(folder, SEAL.id).with_name("SEAL-1@2.p12")
    path.write_bytes(damage)
    assert serial(keys.of(SEAL)) == before
    seal_path(folder, SEAL.id).unlink()
    assert refusal(keys).reason == Unfit.INVALID
    path.unlink()
    good = renew_seal(folder, AGENCY, NOW)
    assert serial(keys.of(SEAL)) == serial_in(good)


def test_a_file_is_read_again_when_it_has_become_whole(folder, keys):
    path = renew_seal(folder, AGENCY, NOW)
    whole = path.read_bytes()
    path.write_bytes(whole[:100])
    assert serial(keys.of(SEAL)) != serial_in(path)
    path.write_bytes(whole)
    assert serial(keys.of(SEAL)) == serial_in(path)


def test_a_file_under_another_password_is_named_by_the_doctor(folder, keys):
    source = seal_path(folder, SEAL.id)
    file = read_key(source, password_of(folder))
    write_key(source.with_name("SEAL-1@2.p12"), "another password", file.key, file.chain)
    assert len(keys.all_of(SEAL)) == 1
    ((name, fault),) = faults_of_keys(folder, SEAL)
    assert name == "SEAL-1@2.p12"
    assert "does not open" in fault


def strange_key_file(path, folder):
    """A PKCS#12 with a key that none of its certificates is for."""
    own = read_key(seal_path(folder, SEAL.id), password_of(folder))
    protection = BestAvailableEncryption(password_of(folder).encode())
    key = ec.generate_private_key(ec.SECP256R1())
    path.write_bytes(pkcs12.serialize_key_and_certificates(b"x", key, None, own.chain, protection))


def test_a_key_that_is_not_its_certificate_s_is_refused_by_name(folder, keys):
    path = seal_path(folder, SEAL.id)
    strange_key_file(path, folder)
    error = refusal(keys)
    assert error.reason == Unfit.KEY_MISMATCH
    assert "does not belong to its certificate" in str(error)
    assert "不符" in str(error)
    assert [name for name, _ in faults_of_keys(folder, SEAL)] == [path.name]


def test_a_certificate_for_another_name_is_refused(folder, keys):
    other = dataclasses.replace(SEAL, name="另一个局")
    error = refusal(keys, other)
    assert error.reason == Unfit.WRONG_NAME
    assert "is for another name" in str(error)
    assert list(faults_of_keys(folder, other))


def test_sound_keys_give_the_doctor_nothing_to_say(folder):
    renew_seal(folder, AGENCY, NOW)
    assert list(faults_of_keys(folder, SEAL)) == []
    path = seal_path(folder, SEAL.id).with_suffix(".pem")
    shutil.copy(path.with_name("SEAL-1@2.pem"), path)
    assert [name for name, _ in faults_of_keys(folder, SEAL)] == ["SEAL-1.p12"]


def test_a_withdrawn_key_gives_way_at_once(folder, keys, clock):
    path = renew_seal(folder, AGENCY, NOW)
    assert withdraw(folder, "SEAL-1@2", NOW, "keyCompromise")
    assert serial(keys.of(SEAL)) == serial_in(seal_path(folder, SEAL.id))
    assert read_revoked(folder / "revoked.json")[serial_in(path)].at == NOW
    held = FolderChains(folder, clock).held(SEAL)
    assert [(one.name, one.withdrawn) for one in held] == [("SEAL-1", None), ("SEAL-1@2", NOW)]


def test_the_only_key_withdrawn_is_refused_with_when_and_why(folder, keys):
    withdraw(folder, "SEAL-1", NOW, "keyCompromise")
    withdraw(folder, "SEAL-1", NOW + DAY, "superseded")
    error = refusal(keys)
    assert error.reason == Unfit.REVOKED
    assert "revoked on 2026-11-25 00:00 UTC (keyCompromise)" in str(error), "the first word stands"


def test_elsewhere_it_is_taken_out_of_use_alone(folder, keys):
    (folder / "issuing.p12").unlink()
    assert not withdraw(folder, "SEAL-1", NOW, "keyCompromise")
    assert read_revoked(folder / "revoked.json") == {}
    assert refusal(keys).reason == Unfit.REVOKED


def test_a_certificate_of_the_services_is_revoked_by_its_role(folder):
    assert withdraw(folder, "tsa", NOW, "superseded")
    assert list(read_revoked(folder / "revoked.json")) == [service_certificate(folder, "tsa").serial_number]


@pytest.mark.parametrize(
    ("name", "reason"),
    [("SEAL-9", "superseded"), ("../root", "superseded"), ("", "superseded"), ("SEAL-1", "because")],
)
def test_what_can_not_be_withdrawn(folder, name, reason):
    with pytest.raises(UsageError):
        withdraw(folder, name, NOW, reason)
    assert read_revoked(folder / "revoked.json") == {}


def test_a_note_that_can_not_be_read_bars_its_key_and_no_other(folder, keys):
    path = renew_seal(folder, AGENCY, NOW)
    path.with_suffix(".from").write_text("some day")
    assert serial(keys.of(SEAL)) == serial_in(seal_path(folder, SEAL.id))
    assert [one.name for one in FolderChains(folder, lambda: NOW).held(SEAL)] == ["SEAL-1"]


@pytest.mark.parametrize(
    ("away", "reason", "said"),
    [
        (-2 * DAY, Unfit.NOT_YET_VALID, "not to be used before 2026-11-23 23:50 UTC"),
        (6 * 365 * DAY, Unfit.EXPIRED, "expired on 2031-11-23"),
    ],
)
def test_out_of_its_time_it_is_refused_with_the_day(keys, clock, away, reason, said):
    clock.moment = NOW + away
    error = refusal(keys)
    assert (error.reason, said in str(error)) == (reason, True), error


def test_where_no_key_may_be_used_each_one_s_fault_is_told(folder, keys):
    renew_seal(folder, AGENCY, NOW, begins=NOW + DAY)
    withdraw(folder, "SEAL-1", NOW, "superseded")
    said = str(refusal(keys))
    assert "SEAL-1 was revoked" in said
    assert "SEAL-1@2 is not to be used before" in said


# Brought by an operator


@pytest.fixture
def brought(tmp_path):
    """A PKCS#12 of another authority, as it sends one: whole, under a password of its own."""
    init_pki(tmp_path / "ca", agencies=[AGENCY], now=NOW - DAY, algorithm="rsa-2048", password="theirs", port=20002)
    return seal_path(tmp_path / "ca", SEAL.id)


@pytest.fixture
def production(tmp_path, folder, brought):
    """A worker's folder: seals, roots, no authority's key."""
    there = tmp_path / "worker"
    (there / "seals").mkdir(parents=True)
    for path in (folder / "seals").iterdir():
        shutil.copy(path, there / "seals")
    shutil.copy(folder / "root.pem", there)
    shutil.copy(brought.parent.parent / "root.pem", there / "theirs.pem")
    (there / "authorities.json").write_text('{"development": false}')
    return there


def test_a_pkcs12_file_becomes_the_next_key(folder, production, brought, clock):
    secret = password_of(folder)
    keys = FolderKeys(production, secret, clock)
    keys.of(SEAL)
    path = import_seal(production, AGENCY, brought, "theirs", NOW, secret)
    theirs = read_key(brought, "theirs").certificate.serial_number
    assert serial(keys.of(SEAL)) == theirs == serial_in(path)
    assert read_key(path, secret).certificate.serial_number == theirs, "under the password of the folder"
    assert FolderChains(production, clock).held(SEAL)[0].name == "SEAL-1@2"
    assert list(faults_of_keys(production, SEAL, secret)) == []


def test_the_same_one_is_not_brought_twice(production, brought, folder):
    secret = password_of(folder)
    import_seal(production, AGENCY, brought, "theirs", NOW, secret)
    with pytest.raises(UsageError, match="SEAL-1@2"):
        import_seal(production, AGENCY, brought, "theirs", NOW, secret)


def test_issuers_that_the_file_lacks_are_added_from_the_folder(production, folder, tmp_path):
    secret = password_of(folder)
    renewed = renew_seal(folder, AGENCY, NOW)
    file = read_key(renewed, secret)
    alone = write_key(tmp_path / "alone.p12", "x", file.key, (file.certificate,))
    assert len(read_key(alone.path, "x").chain) == 1
    path = import_seal(production, AGENCY, alone.path, "x", NOW, secret)
    assert len(read_key(path, secret).chain) == 3


def test_what_does_not_fit_is_refused_and_leaves_nothing(production, folder, brought, tmp_path):
    secret = password_of(folder)
    before = sorted((production / "seals").iterdir())
    theirs = read_key(brought, "theirs")
    alone = write_key(tmp_path / "alone.p12", "theirs", theirs.key, (theirs.certificate,)).path
    init_pki(tmp_path / "x", agencies=[AGENCY], now=NOW, algorithm="ecdsa-p256", password="x", port=20003)
    elsewhere = seal_path(tmp_path / "x", SEAL.id)
    strange = tmp_path / "strange.p12"
    strange_key_file(strange, folder)
    other = dataclasses.replace(AGENCY, seal=dataclasses.replace(SEAL, name="另一个局"))
    for holder, file, password, at, said in (
        (AGENCY, brought, "wrong", NOW, "wrong password"),
        (AGENCY, brought.with_name("none.p12"), "theirs", NOW, "can't be read"),
        (other, brought, "theirs", NOW, "another name"),
        (AGENCY, brought, "theirs", NOW + 6 * 365 * DAY, "expired on"),
        (AGENCY, alone, "theirs", NOW, "incomplete"),
        (AGENCY, strange, secret, NOW, "does not belong"),
        (AGENCY, elsewhere, "x", NOW, "not trusted"),
    ):
        with pytest.raises((UsageError, SetupError), match=said):
            import_seal(production, holder, file, password, at, secret)
    assert sorted((production / "seals").iterdir()) == before


def test_without_an_issuing_ca_nothing_can_be_renewed(production, folder):
    with pytest.raises(SetupError, match="import"):
        renew_seal(production, AGENCY, NOW, password_of(folder))


def test_a_new_seal_s_first_key_has_its_id_as_its_name(production, folder, brought):
    for path in files_of(production, SEAL.id, ".p12") + files_of(production, SEAL.id, ".pem"):
        path.unlink()
    assert next_path(production, SEAL.id).name == "SEAL-1.p12"
    assert import_seal(production, AGENCY, brought, "theirs", NOW, password_of(folder)).name == "SEAL-1.p12"


def test_further_keys_lack_their_certificates_like_first_ones(folder):
    renew_seal(folder, AGENCY, NOW).with_suffix(".pem").unlink()
    init_pki(folder, agencies=[], now=NOW)
    assert lacking_chains(folder) == []
    assert list(faults_of_keys(folder, SEAL)) == []


def test_the_others_are_roots_authorities_and_cas(folder, clock):
    found = {one.name: one.role for one in FolderChains(folder, clock).others()}
    assert found == {
        "root": Role.ROOT,
        "issuing": Role.CA,
        "tsa": Role.AUTHORITY,
        "platform": Role.AUTHORITY,
        "ocsp-root": Role.AUTHORITY,
        "ocsp-issuing": Role.AUTHORITY,
    }
    (folder / "services" / "tsa.cer").write_bytes(b"damaged")
    with pytest.raises(SetupError, match=r"tsa\.cer"):
        FolderChains(folder, clock).others()
