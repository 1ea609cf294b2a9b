"""The life of certificates, with the real authorities: refused before use, rolled over while a sealer works."""

from __future__ import annotations

import dataclasses
import datetime as dt
import shutil
import threading

import pytest
from asn1crypto import tsp
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID

from docsvc.adapters.pades.achieved import held_by
from docsvc.adapters.pades.standing import SealStandings
from docsvc.adapters.pades.verifier import PdfVerifier
from docsvc.adapters.pki import revocation
from docsvc.adapters.pki.certificates import OCSP, SEAL, TSA, Issuer, certify, new_key
from docsvc.adapters.pki.cms import signer_with
from docsvc.adapters.pki.folder import describe, password_of, record_issued, revoke, seal_path, seal_subject
from docsvc.adapters.pki.keyfile import KeyFile, read_key, write_key
from docsvc.adapters.pki.keys import FolderChains, FolderKeys
from docsvc.adapters.pki.succession import renew_seal, withdraw
from docsvc.adapters.pki.timestamping import TimeStampAuthority
from docsvc.adapters.pki.timestamping import refusal as refusal_of
from docsvc.domain.document import Level, Slot
from docsvc.domain.errors import SealUnusableError
from docsvc.domain.unfit import Unfit
from docsvc.domain.verdict import Indication
from tests.support.sealing import AGENCY, PLACE, answering, make_pki, plain_pdf, sealer_for

SLOT = Slot(PLACE, AGENCY.seal)
DAY = dt.timedelta(days=1)

pytestmark = pytest.mark.usefixtures("authorities")


def sealed(sealer, level=Level.B_LTA):
    pdf, achieved, why = sealer.seal(plain_pdf(), [SLOT], level)
    assert (achieved, why) == (level, None)
    return pdf


def refusal(sealer):
    with pytest.raises(SealUnusableError) as e:
        sealer.seal(plain_pdf(), [SLOT], Level.B_LTA)
    assert AGENCY.seal.id in str(e.value)
    assert AGENCY.name in str(e.value)
    return e.value


def by_whom(pdf):
    """Serial number of the certificate that it was sealed with."""
    return x509.load_der_x509_certificate(held_by(pdf).seal_chains[0][0]).serial_number


def own(path):
    return x509.load_pem_x509_certificates(path.with_suffix(".pem").read_bytes())[0]


def verdict(keys, pdf, clock):
    verifier = PdfVerifier([keys / "root.pem"], isolated=False)
    return verifier.verify(pdf, clock() + dt.timedelta(seconds=2)).indication


def another(keys, profile, begins, at="SEAL-1@2.p12"):
    """A further key of the seal with a certificate of this profile."""
    secret = password_of(keys)
    above = read_key(keys / "issuing.p12", secret)
    key = new_key("ecdsa-p256")
    issuer = Issuer("issuing", above.certificate, above.key)
    name = seal_subject(AGENCY.seal, AGENCY.uscc)
    certificate = certify(profile, name, key, issuer, describe(keys).base_url, begins)
    record_issued(keys, "issuing", certificate)
    path = keys / "seals" / at
    write_key(path, secret, key, (certificate, *above.chain))
    chain = (certificate, *above.chain)
    path.with_suffix(".pem").write_bytes(b"".join(c.public_bytes(Encoding.PEM) for c in chain))
    return certificate.serial_number


def test_rolled_over_while_a_sealer_works(keys, clock):
    sealer = sealer_for(keys)
    before = own(seal_path(keys, AGENCY.seal.id)).serial_number
    made, faults, stop = [], [], threading.Event()

    def work():
        while not stop.is_set():
            try:
                made.append(sealed(sealer, Level.B_LT))
            except Exception as e:  # noqa: BLE001 - whatever it is, it is a failure of the roll-over
                faults.append(e)
                return

    def until(enough):
        while not enough() and all(thread.is_alive() for thread in threads):
            threads[0].join(0.02)

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    try:
        until(lambda: len(made) >= 2)
        after = own(renew_seal(keys, AGENCY, clock())).serial_number
        until(lambda: any(by_whom(pdf) == after for pdf in list(made)))
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert faults == []
    assert {by_whom(pdf) for pdf in made} == {before, after}
    assert {verdict(keys, pdf, clock) for pdf in made} == {Indication.PASSED}
    chains = [x509.load_der_x509_certificate(der).serial_number for der in FolderChains(keys).of(AGENCY.seal)]
    assert chains[0] == after
    assert before in chains


def test_a_withdrawn_key_gives_way_at_once_and_what_it_sealed_stands(keys, clock):
    sealer = sealer_for(keys)
    first = sealed(sealer)
    renewed = own(renew_seal(keys, AGENCY, clock())).serial_number
    second = sealed(sealer)
    assert by_whom(second) == renewed
    withdraw(keys, "SEAL-1@2", clock(), "keyCompromise")
    assert by_whom(sealed(sealer)) == by_whom(first)
    withdraw(keys, "SEAL-1", clock(), "superseded")
    assert refusal(sealer).reason == Unfit.REVOKED
    assert verdict(keys, first, clock) is verdict(keys, second, clock) is Indication.PASSED


def test_one_that_the_authority_revoked_is_refused_with_when_and_why(keys, clock):
    at = clock() - DAY
    revoke(keys, own(seal_path(keys, AGENCY.seal.id)).serial_number, at, "keyCompromise")
    error = refusal(sealer_for(keys))
    assert error.reason == Unfit.REVOKED
    assert f"was revoked on {at:%Y-%m-%d %H:%M} UTC (key_compromise)" in str(error)
    assert f"已于{at:%Y-%m-%d %H:%M} UTC被吊销" in str(error)
    assert "pki renew" in str(error)


def test_where_the_newest_is_revoked_the_one_before_seals(keys, clock):
    before = own(seal_path(keys, AGENCY.seal.id)).serial_number
    revoke(keys, own(renew_seal(keys, AGENCY, clock())).serial_number, clock())
    assert by_whom(sealed(sealer_for(keys))) == before


BAD = {
    "usage": (dataclasses.replace(SEAL, key_usage=("digital_signature",)), "lacks the key usage nonRepudiation"),
    "extended": (dataclasses.replace(SEAL, extended=ExtendedKeyUsageOID.SERVER_AUTH), "is for server_auth only"),
    "CA": (dataclasses.replace(SEAL, ca_path=0), "is that of a certification authority"),
}


@pytest.mark.parametrize("fault", BAD)
def test_a_next_key_that_must_not_be_used_leaves_the_work_to_the_one_before(keys, clock, fault):
    profile, said = BAD[fault]
    serial = another(keys, profile, clock())
    sealer = sealer_for(keys)
    assert by_whom(sealed(sealer)) != serial
    withdraw(keys, "SEAL-1", clock(), "superseded")
    error = refusal(sealer)
    assert error.reason == Unfit.WRONG_USAGE
    assert said in str(error)


def test_an_incomplete_chain_and_an_unknauthorityroot_are_refused(keys, tmp_path):
    path, secret = seal_path(keys, AGENCY.seal.id), password_of(keys)
    file = read_key(path, secret)
    path.unlink()
    write_key(path, secret, file.key, file.chain[:1])
    error = refusal(sealer_for(keys))
    assert error.reason == Unfit.ISSUER_MISSING
    assert "the certificate of its issuer docsvc development issuing CA is missing" in str(error)
    path.unlink()
    write_key(path, secret, file.key, file.chain)
    shutil.copy(make_pki(tmp_path / "other") / "root.pem", keys)
    error = refusal(sealer_for(keys))
    assert error.reason == Unfit.ROOT_UNTRUSTED
    assert "docsvc development root CA that is not trusted" in str(error)


def clock_now():
    return dt.datetime.now(dt.UTC)


@pytest.mark.parametrize(("minutes", "reason"), [(11, None), (9, "too soon"), (-1, "expired on")])
def test_up_to_its_last_minutes(keys, clock, minutes, reason):
    left = dt.timedelta(minutes=minutes)
    clock.offset = own(seal_path(keys, AGENCY.seal.id)).not_valid_after_utc - left - clock_now()
    sealer = sealer_for(keys, clock=clock)
    if reason is None:
        assert sealer.seal(plain_pdf(), [SLOT], Level.B_T)[1] is Level.B_T
        return
    error = refusal(sealer)
    assert error.reason == Unfit.EXPIRED
    assert reason in str(error)


def test_before_its_time_it_is_refused(keys, clock):
    clock.offset = -DAY
    error = refusal(sealer_for(keys, clock=clock))
    assert error.reason == Unfit.NOT_YET_VALID
    assert "not to be used before" in str(error)


def test_an_authority_whose_certificate_has_expired_stamps_nothing(authorities, clock):
    query = tsp.TimeStampReq(
        {
            "version": 1,
            "message_imprint": {"hash_algorithm": {"algorithm": "sha256"}, "hashed_message": bytes(32)},
            "cert_req": True,
        }
    ).dump()
    assert tsp.TimeStampResp.load(authorities.stamp(query))["status"]["status"].native == "granted"
    clock.offset = 9 * 365 * DAY
    refused = authorities.stamp(query)
    assert refused == refusal_of(25, f"the authority's certificate expired on {authorities._stamps_until:%Y-%m-%d}")


def test_a_sealer_tells_of_a_time_stamp_authority_that_has_expired(keys, clock):
    """By its own clock: the authority itself may be set wrong."""
    secret = password_of(keys)
    above = read_key(keys / "issuing.p12", secret)
    issuer = Issuer("issuing", above.certificate, above.key)
    key = new_key("ecdsa-p256")
    ended = dataclasses.replace(TSA, years=1)
    subject = read_key(keys / "tsa.p12", secret).certificate.subject
    authority = certify(ended, subject, key, issuer, describe(keys).base_url, clock_now() - 400 * DAY)
    chain = tuple(c.public_bytes(Encoding.DER) for c in (authority, *above.chain[:-1]))
    stamping = TimeStampAuthority(signer_with(key, chain), clock)
    with answering(lambda query: (200, "application/timestamp-reply", stamping.answer(query))) as address:
        _, achieved, why = sealer_for(keys, tsa=address).seal(plain_pdf(), [SLOT], Level.B_LTA)
    assert achieved is Level.B_B
    assert "not trusted" in why
    assert f"its certificate expired on {authority.not_valid_after_utc:%Y-%m-%d}" in why


def test_a_responder_whose_certificate_has_expired_answers_nothing_and_convinces_nobody(
    keys, authorities, monkeypatch
):
    secret = password_of(keys)
    above = read_key(keys / "issuing.p12", secret)
    issuer = Issuer("issuing", above.certificate, above.key)
    key = new_key("ecdsa-p256")
    subject = read_key(keys / "ocsp-issuing.p12", secret).certificate.subject
    profile = dataclasses.replace(OCSP, years=1)
    ended = certify(profile, subject, key, issuer, describe(keys).base_url, clock_now() - 400 * DAY)
    authorities.revocation._keys["ocsp-issuing"] = KeyFile(keys / "x", key, (ended, *above.chain))
    crl = authorities.revocation.crl
    monkeypatch.setattr(authorities.revocation, "crl", lambda name: crl(name) if name == "root" else b"")
    _, achieved, why = sealer_for(keys).seal(plain_pdf(), [SLOT], Level.B_LT)
    assert achieved is Level.B_T
    assert "OCSP: internal_error" in why
    monkeypatch.setattr(revocation, "_refuse_expired", lambda *_: None)
    _, achieved, why = sealer_for(keys).seal(plain_pdf(), [SLOT], Level.B_LT)
    assert achieved is Level.B_T
    assert "the responder's certificate is valid from" in why
    assert f"to {ended.not_valid_after_utc:%Y-%m-%d} only" in why


def test_the_doctor_asks_whether_a_certificate_is_revoked(keys, authorities, clock):
    chain = FolderChains(keys).held(AGENCY.seal)[0].chain
    standings = SealStandings(FolderKeys(keys).roots)
    assert standings.of(chain) == (None, None)
    standings.close()
    revoke(keys, own(seal_path(keys, AGENCY.seal.id)).serial_number, clock(), "superseded")
    refused, _ = SealStandings(FolderKeys(keys).roots).of(chain)
    assert "superseded" in refused
    authorities.stop()
    refused, missing = SealStandings(FolderKeys(keys).roots).of(chain)
    assert refused is None
    assert "can't be reached" in missing
