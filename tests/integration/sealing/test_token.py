"""Keys in a PKCS#11 token: they sign and never leave; a token that goes away and comes back."""

from __future__ import annotations

import datetime as dt
import os
import time

import pkcs11
import pytest
from cryptography import x509
from pkcs11 import Attribute, KeyType, Mechanism, ObjectClass
from pkcs11.util.rsa import encode_rsa_public_key

from docsvc.adapters.pades.sealer import PadesSealer
from docsvc.adapters.pades.verifier import PdfVerifier
from docsvc.adapters.pki.authorities import Authorities
from docsvc.adapters.pki.doors import DoorKeys, holds, read_places, way_of
from docsvc.adapters.pki.enrolment import certify_for_development, note_place, request
from docsvc.adapters.pki.folder import describe
from docsvc.adapters.pki.keys import FolderKeys
from docsvc.adapters.pki.token import PRIVATE, TokenDoor
from docsvc.domain.document import Level, SealPlace, Slot
from docsvc.domain.errors import KeyAwayError, SealError, SetupError
from docsvc.domain.verdict import Indication
from tests.support.sealing import AGENCY, PLACE, SONG, agency, make_pki, plain_pdf
from tests.support.tokens import LABEL, PIN, make_token

OTHER = agency(2, "舟山市示例区综合行政执法局")
NOW = dt.datetime.now(dt.UTC)


@pytest.fixture
def token(tmp_path, monkeypatch):
    made = make_token(tmp_path / "token")
    monkeypatch.setenv("SOFTHSM2_CONF", str(made.configuration))
    return made


@pytest.fixture
def door(token):
    opened = TokenDoor(token.module, LABEL, lambda: PIN)
    yield opened
    opened.close()


@pytest.fixture
def folder(tmp_path):
    """Development keys for two agencies."""
    return make_pki(tmp_path / "dev", agencies=[AGENCY, OTHER])


def enrolled(folder, door, owner, algorithm="ecdsa-p256"):
    """A key in the token for the seal of `owner`, and its certificate."""
    own = certify_for_development(folder, None, owner, door.generate(owner.seal.id, algorithm), NOW)
    note_place(folder, owner.seal.id, owner.seal.id)
    return own


def keys_of(folder, door):
    return DoorKeys(folder, read_places(folder), FolderKeys(folder), lambda _name: door)


@pytest.mark.parametrize("pss", [False, True])
@pytest.mark.parametrize("algorithm", ["rsa-2048", "ecdsa-p256", "ecdsa-p384"])
def test_a_signature_is_that_of_the_certificates_key(folder, door, algorithm, pss):
    own = enrolled(folder, door, AGENCY, algorithm)
    way = way_of(own.public_key(), pss=pss)
    door.ready(AGENCY.seal.id, own)
    value = door.sign(AGENCY.seal.id, own, way, b"signed attributes")
    assert holds(own.public_key(), way, value, b"signed attributes")
    assert not holds(own.public_key(), way, value, b"other attributes")


@pytest.mark.parametrize("algorithm", ["rsa-2048", "ecdsa-p256"])
def test_the_key_never_leaves(token, door, algorithm):
    door.generate("SEAL-1", algorithm)
    door.close()
    library = pkcs11.lib(str(token.module))
    with library.get_token(token_label=LABEL).open(user_pin=PIN) as session:
        key = session.get_key(object_class=ObjectClass.PRIVATE_KEY, label="SEAL-1")
        told = {
            name: key[name] for name in (Attribute.SENSITIVE, Attribute.EXTRACTABLE, Attribute.NEVER_EXTRACTABLE)
        }
        assert list(told.values()) == [True, False, True]
        assert not key[Attribute.DECRYPT]
        secret = Attribute.PRIVATE_EXPONENT if algorithm.startswith("rsa") else Attribute.VALUE
        with pytest.raises(pkcs11.AttributeSensitive):
            key[secret]
        wrapping = session.generate_key(KeyType.AES, 256)
        with pytest.raises(pkcs11.PKCS11Error):
            wrapping.wrap_key(key, mechanism=Mechanism.AES_KEY_WRAP)
    library.finalize()


def test_a_label_is_given_once(door):
    door.generate("SEAL-1", "ecdsa-p256")
    with pytest.raises(SealError, match="already"):
        door.generate("SEAL-1", "ecdsa-p256")
    with pytest.raises(SealError, match="no such algorithm"):
        door.generate("SEAL-2", "dsa-1024")


def test_of_keys_with_one_label_it_is_the_certificates(folder, token, door):
    """As after a renewal: the old key is still there."""
    library = pkcs11.lib(str(token.module))
    with library.get_token(token_label=LABEL).open(user_pin=PIN, rw=True) as session:
        pairs = [
            session.generate_keypair(
                KeyType.RSA, 2048, label="SEAL-1", id=bytes([n]), store=True, private_template=PRIVATE
            )
            for n in (1, 2)
        ]
        spkis = [encode_rsa_public_key(public) for public, _ in pairs]
    library.finalize()
    publics = door.publics("SEAL-1")
    assert len(publics) == len(spkis) == 2
    for public in publics:
        own = certify_for_development(folder, None, AGENCY, public, NOW)
        value = door.sign("SEAL-1", own, way_of(public), b"data")
        assert holds(public, way_of(public), value, b"data")


def test_a_key_that_is_not_there_is_no_outage(folder, door):
    own = enrolled(folder, door, AGENCY)
    with pytest.raises(SealError, match="has no key") as refused:
        door.ready("SEAL-9", own)
    assert not refused.value.retryable


def test_another_keys_signature_gets_nowhere(folder, door):
    """The one key of that label is not the certificate's: what it signs is looked at before it is used."""
    enrolled(folder, door, AGENCY)
    certify_for_development(folder, None, AGENCY, door.generate("else", "ecdsa-p256"), NOW)
    with pytest.raises(SealError, match="nothing was sealed"):
        keys_of(folder, door).of(AGENCY.seal).sign_detached(bytes(32))


def test_a_token_that_went_away_is_waited_for_and_used_when_it_is_back(folder, token, door):
    own = enrolled(folder, door, AGENCY)
    keys = keys_of(folder, door)
    assert keys.of(AGENCY.seal).sign_detached(bytes(32))
    pulled = keys.of(AGENCY.seal)
    token.pull_out()
    for use in (lambda: keys.of(AGENCY.seal), lambda: pulled.sign_detached(bytes(32))) * 2:
        with pytest.raises(KeyAwayError) as away:
            use()
        assert away.value.retryable
        assert PIN not in str(away.value)
        assert "没有响应" in str(away.value)
        assert "does not answer" in str(away.value)
    token.put_back()
    value = door.sign(AGENCY.seal.id, own, way_of(own.public_key()), b"data")
    assert holds(own.public_key(), way_of(own.public_key()), value, b"data")
    assert keys.of(AGENCY.seal).sign_detached(bytes(32))


def test_a_wrong_pin_is_tried_once(folder, token, door):
    own = enrolled(folder, door, AGENCY)
    door.close()
    pins = ["wrong-1", PIN]
    other = TokenDoor(token.module, LABEL, lambda: pins.pop(0))
    for _ in range(2):
        with pytest.raises(SealError, match="does not take the PIN") as refused:
            other.ready(AGENCY.seal.id, own)
        assert not refused.value.retryable
        assert "wrong-1" not in str(refused.value)
    assert pins == [PIN]


def test_a_forked_child_has_a_session_of_its_own(folder, door):
    own = enrolled(folder, door, AGENCY)
    way = way_of(own.public_key())
    door.ready(AGENCY.seal.id, own)
    child = os.fork()
    if not child:
        code = 1
        try:
            value = door.sign(AGENCY.seal.id, own, way, b"child")
            code = 0 if holds(own.public_key(), way, value, b"child") else 2
        finally:
            os._exit(code)
    assert os.waitpid(child, 0)[1] == 0
    assert holds(own.public_key(), way, door.sign(AGENCY.seal.id, own, way, b"parent"), b"parent")


def test_a_module_that_is_none_is_named(tmp_path):
    with pytest.raises(SetupError, match="DOCSVC_PKCS11_MODULE"):
        TokenDoor(tmp_path / "none.so", LABEL, lambda: PIN)
    (tmp_path / "text.so").write_text("no library")
    with pytest.raises(SealError, match="can't be loaded"):
        TokenDoor(tmp_path / "text.so", LABEL, lambda: PIN).publics("SEAL-1")


def test_a_document_sealed_by_both_doors_and_none_when_the_second_is_away(folder, token, door):
    """A joint notice: the first seal's key is a file, the second's in the token."""
    enrolled(folder, door, OTHER)
    slots = [Slot(PLACE, AGENCY.seal), Slot(SealPlace(0, 200, 500), OTHER.seal, "Seal2")]
    with Authorities(folder):
        sealer = PadesSealer(keys_of(folder, door), [SONG], [describe(folder).tsa_url])
        pdf, achieved, why = sealer.seal(plain_pdf(), slots, Level.B_LTA)
        assert (achieved, why) == (Level.B_LTA, None)
        token.pull_out()
        with pytest.raises(KeyAwayError):
            sealer.seal(plain_pdf(), slots, Level.B_LTA)
        sealer.close()
    time.sleep(1)  # validation wants the time-stamps to be in the past, by the whole second
    report = PdfVerifier([folder / "root.pem"], isolated=False).verify(pdf, dt.datetime.now(dt.UTC))
    assert report.indication is Indication.PASSED, report
    assert [s.signer for s in report.signatures][:2] == [AGENCY.seal.name, OTHER.seal.name]


def test_the_request_for_a_certificate_names_the_seal_and_is_signed_by_the_token(door):
    public = door.generate(AGENCY.seal.id, "ecdsa-p256")
    sign = lambda way, data: door.sign_with(AGENCY.seal.id, public, way, data)  # noqa: E731
    asked = x509.load_pem_x509_csr(request(AGENCY, public, sign))
    assert asked.is_signature_valid
    assert asked.public_key() == public
    values = [attribute.value for attribute in asked.subject]
    assert values == ["CN", AGENCY.seal.name, f"NTRCN-{AGENCY.uscc}", AGENCY.uscc, AGENCY.seal.name]
