"""Keys with a remote signing service: what it signs is checked, and its absence is waited for."""

from __future__ import annotations

import base64
import datetime as dt
import threading
import time

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from docsvc.adapters.pades.sealer import PadesSealer
from docsvc.adapters.pades.verifier import PdfVerifier
from docsvc.adapters.pki.authorities import Authorities
from docsvc.adapters.pki.doors import DoorKeys, read_places
from docsvc.adapters.pki.folder import describe, password_of, seal_path
from docsvc.adapters.pki.keyfile import read_key
from docsvc.adapters.pki.keys import FolderKeys
from docsvc.adapters.pki.remote import RemoteDoor
from docsvc.domain.document import Level, Slot
from docsvc.domain.errors import KeyAwayError, SealError, SetupError
from docsvc.domain.verdict import Indication
from tests.support.sealing import AGENCY, PLACE, SONG, make_pki, plain_pdf
from tests.support.signing_service import SigningService, serving

TOKEN = "bearer-77120"


@pytest.fixture(params=["ecdsa-p256", "ecdsa-p384", "rsa-2048", "rsa-pss-2048"])
def folder(request, tmp_path):
    """The seal's certificate is here, its key is not."""
    made = make_pki(tmp_path / "dev", algorithm=request.param)
    (made / "keys.toml").write_text('[seals.SEAL-1]\ndoor = "remote"\nkey = "credential-1"\n')
    return made


@pytest.fixture
def service(folder):
    path = seal_path(folder, AGENCY.seal.id)
    file = read_key(path, password_of(folder))
    path.unlink()
    with serving(SigningService(TOKEN, {"credential-1": (file.key, file.certificate)})) as running:
        yield running


@pytest.fixture
def keys(folder, service):
    door = RemoteDoor(service.url, lambda: TOKEN, deadline_s=1)
    yield DoorKeys(folder, read_places(folder), FolderKeys(folder), lambda _name: door)
    door.close()


def test_a_document_is_sealed_without_the_key_being_here(folder, service, keys):
    with Authorities(folder):
        sealer = PadesSealer(keys, [SONG], [describe(folder).tsa_url])
        pdf, achieved, why = sealer.seal(plain_pdf(), [Slot(PLACE, AGENCY.seal)], Level.B_LTA)
        sealer.close()
    assert (achieved, why) == (Level.B_LTA, None)
    time.sleep(1)  # validation wants the time-stamps to be in the past, by the whole second
    report = PdfVerifier([folder / "root.pem"], isolated=False).verify(pdf, dt.datetime.now(dt.UTC))
    assert report.indication is Indication.PASSED, report
    assert service.asked == ["/csc/v2/credentials/info", "/csc/v2/signatures/signHash"]


@pytest.mark.parametrize(
    "spoiled",
    [
        {"signatures": [base64.b64encode(bytes(256)).decode()]},
        {"signatures": []},
        {"signatures": ["no base64!"]},
        {"signatures": "AAAA"},
        {"signatures": ["AAAA", "AAAA"]},
        {"signatures": None},
    ],
)
def test_what_is_no_signature_gets_nowhere(service, keys, spoiled):
    seal = keys.of(AGENCY.seal)
    service.spoiled = spoiled
    with pytest.raises(SealError) as refused:
        seal.sign_detached(bytes(32))
    assert not refused.value.retryable


def test_a_signature_by_another_key_gets_nowhere(service, keys):
    seal = keys.of(AGENCY.seal)
    _, certificate = service.credentials["credential-1"]
    service.credentials["credential-1"] = ec.generate_private_key(ec.SECP256R1()), certificate
    # An RSA certificate asks for RSA, so that this service breaks down at its own assertion.
    with pytest.raises(SealError):
        seal.sign_detached(bytes(32))


@pytest.mark.parametrize(
    ("spoiled", "said"),
    [
        ({"cert": {"certificates": ["AAAA"]}}, "is not that of the seal's certificate"),
        ({"cert": None}, "is not that of the seal's certificate"),
        ({"key": {"status": "disabled"}}, "is not enabled"),
        ({"key": None}, "is not enabled"),
    ],
)
def test_a_credential_that_is_not_the_seals_is_found_out_before_anything_is_signed(service, keys, spoiled, said):
    service.spoiled = spoiled
    with pytest.raises(SealError, match=said):
        keys.of(AGENCY.seal)
    assert service.asked == ["/csc/v2/credentials/info"]


@pytest.mark.parametrize("status", [408, 429, 500, 503])
def test_a_service_that_is_away_is_waited_for(service, keys, status):
    seal = keys.of(AGENCY.seal)
    service.status = status
    for use in (lambda: seal.sign_detached(bytes(32)), lambda: keys.of(AGENCY.seal)):
        with pytest.raises(KeyAwayError) as away:
            use()
        assert away.value.retryable
        assert TOKEN not in str(away.value)
        assert "恢复后自动继续" in str(away.value)
    service.status = None
    assert keys.of(AGENCY.seal).sign_detached(bytes(32))


def test_nobody_there_and_an_answer_that_does_not_come(folder, service, keys):
    seal = keys.of(AGENCY.seal)
    service.slow = threading.Event()
    with pytest.raises(KeyAwayError):
        seal.sign_detached(bytes(32))
    service.slow.set()
    nobody = RemoteDoor("http://127.0.0.1:1/csc/v2", lambda: TOKEN, deadline_s=1)
    with pytest.raises(KeyAwayError, match="does not answer"):
        DoorKeys(folder, read_places(folder), FolderKeys(folder), lambda _name: nobody).of(AGENCY.seal)


def test_a_refusal_is_told_by_its_code_and_no_secret(folder, service):
    wrong = RemoteDoor(service.url, lambda: "another-token", deadline_s=1)
    with pytest.raises(SealError, match="invalid_token") as refused:
        DoorKeys(folder, read_places(folder), FolderKeys(folder), lambda _name: wrong).of(AGENCY.seal)
    assert not refused.value.retryable
    assert "another-token" not in str(refused.value)


@pytest.mark.parametrize(
    "url",
    [
        "http://sign.example/csc/v2",
        "ftp://127.0.0.1/",
        "https://user:pw@sign.example/",
        "https://sign.example/?k=v",
    ],
)
def test_an_address_that_would_give_secrets_away_is_refused(url):
    with pytest.raises(SetupError) as refused:
        RemoteDoor(url, lambda: TOKEN)
    assert "pw" not in str(refused.value)
