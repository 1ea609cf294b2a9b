"""Sealing with real authorities over HTTP, and with authorities that are dead, slow or lie."""

from __future__ import annotations

import concurrent.futures
import datetime as dt
import io
import socket
import threading

import pikepdf
import pytest
from asn1crypto import tsp
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, ExtensionOID
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.fields import enumerate_sig_fields

from docsvc.adapters.pades.achieved import held_by
from docsvc.adapters.pades.verifier import PdfVerifier
from docsvc.adapters.pki.authorities import Authorities
from docsvc.adapters.pki.certificates import ROOT, TSA, Issuer, certify, new_key, subject
from docsvc.adapters.pki.cms import SEQUENCE, TST_INFO, integer, signer_with, tlv
from docsvc.adapters.pki.folder import password_of, revoke
from docsvc.adapters.pki.keyfile import read_key
from docsvc.adapters.pki.timestamping import TimeStampAuthority
from docsvc.domain.agency import SealDesign
from docsvc.domain.document import Level, SealPlace, Slot
from docsvc.domain.errors import SealError
from docsvc.domain.verdict import Indication
from tests.support.sealing import AGENCY, PLACE, agency, answering, make_pki, plain_pdf, sealer_for

pytestmark = pytest.mark.usefixtures("rsa_authorities")
REPLY = "application/timestamp-reply"
BELOW = {Level.B_B: Indication.INDETERMINATE, Level.B_T: Indication.INDETERMINATE}


def fields_of(pdf):
    return [name for name, _, _ in enumerate_sig_fields(PdfFileReader(io.BytesIO(pdf)), filled_status=True)]


def verdict(pdf, keys):
    verifier = PdfVerifier([keys / "root.pem"], isolated=False)
    return verifier.verify(pdf, dt.datetime.now(dt.UTC) + dt.timedelta(seconds=2))


@pytest.mark.parametrize("level", list(Level))
def test_each_level_is_reached_read_back_and_confirmed_by_the_verifier(rsa_keys, level):
    pdf, achieved, why = sealer_for(rsa_keys).seal(plain_pdf(), [Slot(PLACE, AGENCY.seal)], level)
    assert (achieved, why) == (level, None)
    report = verdict(pdf, rsa_keys)
    assert report.level is level
    assert report.indication is BELOW.get(level, Indication.PASSED), report


def test_the_original_is_a_prefix_and_its_metadata_is_untouched(rsa_keys):
    original = plain_pdf()
    with pikepdf.open(io.BytesIO(original)) as pdf:
        pdf.docinfo["/Producer"] = "an office"
        with pdf.open_metadata() as xmp:
            xmp["pdf:Producer"] = "an office"
        out = io.BytesIO()
        pdf.save(out)
    original = out.getvalue()
    sealed, _, _ = sealer_for(rsa_keys).seal(original, [Slot(PLACE, AGENCY.seal)], Level.B_LTA)
    assert sealed.startswith(original)
    with pikepdf.open(io.BytesIO(sealed)) as after, pikepdf.open(io.BytesIO(original)) as before:
        assert dict(after.docinfo) == dict(before.docinfo)
        assert after.Root.Metadata.read_bytes() == before.Root.Metadata.read_bytes()


def test_the_signature_dictionary_says_what_pades_and_pdf_a_want(rsa_keys):
    sealed, _, _ = sealer_for(rsa_keys).seal(plain_pdf(2), [Slot(SealPlace(1, 300, 300), AGENCY.seal)], Level.B_LTA)
    with pikepdf.open(io.BytesIO(sealed)) as pdf:
        seal, stamp = pdf.Root.AcroForm.Fields
        assert (seal.T, seal.V.SubFilter, stamp.V.SubFilter) == ("Seal", "/ETSI.CAdES.detached", "/ETSI.RFC3161")
        assert pdf.Root.Perms.DocMDP.objgen == seal.V.objgen
        assert seal.V.Reference[0].TransformParams.P == 1
        assert seal.V.Name == AGENCY.name
        assert "/Reason" not in seal.V
        assert seal.F == 4 | 128  # Print and Locked
        assert pdf.pages[1].Annots[0].objgen == seal.objgen
        assert set(seal.AP.keys()) == {"/N"}
        assert [round(float(v), 1) for v in seal.Rect] == [240.5, 240.5, 359.5, 359.5]
        assert "/VRI" not in pdf.Root.DSS
        assert pdf.Root.AcroForm.SigFlags == 3
    end = sum(map(int, list(stamp_range(sealed))[-2:]))
    assert end == len(sealed)


def stamp_range(pdf):
    with pikepdf.open(io.BytesIO(pdf)) as opened:
        return [int(v) for v in opened.Root.AcroForm.Fields[-1].V.ByteRange]


def test_room_for_tokens_follows_the_authority_and_threads_share_one_sealer(rsa_keys):
    sealer = sealer_for(rsa_keys)
    first = len(sealer.seal(plain_pdf(), [Slot(PLACE, AGENCY.seal)], Level.B_LTA)[0])
    second = len(sealer.seal(plain_pdf(), [Slot(PLACE, AGENCY.seal)], Level.B_LTA)[0])
    assert second < first
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        jobs = [pool.submit(sealer.seal, plain_pdf(), [Slot(PLACE, AGENCY.seal)], Level.B_LTA) for _ in range(12)]
        assert {job.result()[1] for job in jobs} == {Level.B_LTA}


@pytest.mark.parametrize("start", [Level.B_B, Level.B_T, Level.B_LT])
@pytest.mark.parametrize("target", list(Level))
def test_lifting_reaches_the_target_by_incremental_update_only(rsa_keys, start, target):
    sealer = sealer_for(rsa_keys)
    sealed, _, _ = sealer.seal(plain_pdf(), [Slot(PLACE, AGENCY.seal)], start)
    lifted, achieved, why = sealer.lift(sealed, target)
    assert why is None
    if target.rank <= start.rank:
        assert (lifted, achieved) == (sealed, start)
    else:
        assert lifted.startswith(sealed)
        assert achieved is target
        assert verdict(lifted, rsa_keys).level is target


def test_renewal_adds_one_more_time_stamp(rsa_keys):
    sealer = sealer_for(rsa_keys)
    sealed, _, _ = sealer.seal(plain_pdf(), [Slot(PLACE, AGENCY.seal)], Level.B_LTA)
    renewed, achieved, why = sealer.renew(sealed)
    assert (achieved, why) == (Level.B_LTA, None)
    assert renewed.startswith(sealed)
    assert fields_of(renewed) == ["Seal", "DocumentTimeStamp1", "DocumentTimeStamp2"]
    assert verdict(renewed, rsa_keys).indication is Indication.PASSED
    assert sealer.lift(renewed, Level.B_LTA) == (renewed, Level.B_LTA, None)


def test_with_a_dead_authority_the_seal_is_b_b_and_says_why(rsa_keys):
    with socket.socket() as unheard:
        unheard.bind(("127.0.0.1", 0))
        dead = f"http://127.0.0.1:{unheard.getsockname()[1]}/tsa"
        sealer = sealer_for(rsa_keys, tsa=dead)
        pdf, achieved, why = sealer.seal(plain_pdf(), [Slot(PLACE, AGENCY.seal)], Level.B_LTA)
        assert achieved is Level.B_B
        assert "can't be reached" in why
        assert held_by(pdf).level is Level.B_B
        assert verdict(pdf, rsa_keys).level is Level.B_B
        again, still, why = sealer.lift(pdf, Level.B_LTA)
        assert (again, still) == (pdf, Level.B_B)
        assert why
    lifted, achieved, why = sealer_for(rsa_keys).lift(pdf, Level.B_LTA)
    assert (achieved, why) == (Level.B_LTA, None)
    assert lifted.startswith(pdf)


def test_an_authority_that_dribbles_bytes_is_given_up(rsa_keys):
    done = threading.Event()

    def dribble(connection):
        connection.recv(65536)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n")
        while not done.wait(0.1):
            connection.sendall(b"X-More: yes\r\n")

    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve():
            connection, _ = server.accept()
            with connection:
                dribble(connection)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            sealer = sealer_for(rsa_keys, tsa=f"http://127.0.0.1:{server.getsockname()[1]}/", deadline_s=0.5)
            _, achieved, why = sealer.seal(plain_pdf(), [Slot(PLACE, AGENCY.seal)], Level.B_LTA)
        finally:
            done.set()
            thread.join()
    assert achieved is Level.B_B
    assert "did not answer" in why


def test_an_authority_at_rest_is_not_asked_for_each_document(rsa_keys):
    asked = []

    def refuse(body):
        asked.append(body)
        return 503, "text/plain", b""

    with answering(refuse) as address:
        sealer = sealer_for(rsa_keys, tsa=address)
        outcomes = {sealer.seal(plain_pdf(), [Slot(PLACE, AGENCY.seal)], Level.B_T)[1:] for _ in range(3)}
    assert len(asked) == 1
    assert {level for level, _ in outcomes} == {Level.B_B}
    assert all("503" in why for _, why in outcomes)


def test_each_authority_that_fails_rests_and_the_next_stamps(rsa_keys, lies):
    asked, told, living = [], [], []

    def refuse(body):
        asked.append(body)
        return 503, "text/plain", b""

    def stamp(body):
        living.append(body)
        return 200, REPLY, lies.honest.answer(body)

    with answering(refuse) as away, answering(lambda q: (200, REPLY, lies.untrusted(q))) as stranger:  # noqa: SIM117
        with answering(stamp) as other:
            sealer = sealer_for(rsa_keys, tsa=[away, stranger, other], on_fault=told.append)
            outcomes = [sealer.seal(plain_pdf(), [Slot(PLACE, AGENCY.seal)], Level.B_LTA)[1:] for _ in range(3)]
    assert outcomes == 3 * [(Level.B_LTA, None)]
    assert len(asked) == 1
    assert len(living) == 6
    assert ["503" in told[0], "not trusted" in told[1], len(told)] == [True, True, 2]


def test_where_all_authorities_fail_the_faults_of_each_are_told(rsa_keys, lies):
    with answering(lambda _: (503, "text/plain", b"")) as away:  # noqa: SIM117
        with answering(lambda q: (200, REPLY, lies.wrong_time(q))) as late:
            sealer = sealer_for(rsa_keys, tsa=[away, late])
            pdf, achieved, why = sealer.seal(plain_pdf(), [Slot(PLACE, AGENCY.seal)], Level.B_T)
            assert achieved is Level.B_B
            assert "503" in why
            assert "is not ours" in why
            assert all(address.split("/")[2] in why for address in (away, late))
    with answering(lambda q: (200, REPLY, lies.honest.answer(q))) as living:
        sealer = sealer_for(rsa_keys, tsa=[away, living])
        assert sealer.lift(pdf, Level.B_T)[1:] == (Level.B_T, None)


def and_for_mail(certificate, key):
    """The same with another extended key usage beside the one, and not critical (RFC 3161, 2.3 wants neither)."""
    builder = (
        x509.CertificateBuilder()
        .subject_name(certificate.subject)
        .issuer_name(certificate.issuer)
        .public_key(certificate.public_key())
        .serial_number(certificate.serial_number)
        .not_valid_before(certificate.not_valid_before_utc)
        .not_valid_after(certificate.not_valid_after_utc)
    )
    for extension in certificate.extensions:
        if extension.oid != ExtensionOID.EXTENDED_KEY_USAGE:
            builder = builder.add_extension(extension.value, critical=extension.critical)
    both = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING, ExtendedKeyUsageOID.EMAIL_PROTECTION])
    return builder.add_extension(both, critical=False).sign(key, hashes.SHA256())


class Lies:
    """What a hostile or broken authority may answer, with the real authority's key unless said otherwise."""

    def __init__(self, folder, strange):
        file = read_key(folder / "tsa.p12", password_of(folder))
        self.signer = signer_with(file.key, file.chain_der[:-1])
        self.honest = TimeStampAuthority(self.signer, lambda: dt.datetime.now(dt.UTC))
        other = read_key(strange / "tsa.p12", password_of(strange))
        self.other = signer_with(other.key, other.chain_der[:-1])
        wrong = read_key(folder / "officer.p12", password_of(folder))
        self.wrong_use = signer_with(wrong.key, wrong.chain_der[:-1])
        earlier = {"hash_algorithm": {"algorithm": "sha256"}, "hashed_message": bytes(32)}
        request = tsp.TimeStampReq({"version": 1, "message_imprint": earlier, "nonce": 7, "cert_req": True})
        self.kept = self.honest.answer(request.dump())
        ca = read_key(folder / "issuing.p12", password_of(folder))
        issuing, name = Issuer("issuing", ca.certificate, ca.key), subject("time-stamps")
        weak = rsa.generate_private_key(65537, 1024)
        own = certify(TSA, name, weak, issuing, "http://127.0.0.1:9", dt.datetime.now(dt.UTC))
        self.weak = signer_with(weak, [c.public_bytes(Encoding.DER) for c in (own, ca.certificate)])
        key = ec.generate_private_key(ec.SECP256R1())
        own = certify(TSA, name, key, issuing, "http://127.0.0.1:9", dt.datetime.now(dt.UTC))
        own = and_for_mail(own, ca.key)
        self.other_uses = signer_with(key, [c.public_bytes(Encoding.DER) for c in (own, ca.certificate)])

    def wrong_imprint(self, query):
        request = tsp.TimeStampReq.load(query)
        request["message_imprint"]["hashed_message"] = bytes(32)
        return self.honest.answer(request.dump(force=True))

    def wrong_nonce(self, query):
        request = tsp.TimeStampReq.load(query)
        request["nonce"] = 42
        return self.honest.answer(request.dump(force=True))

    def no_nonce(self, query):
        request = tsp.TimeStampReq.load(query)
        del request["nonce"]
        return self.honest.answer(request.dump(force=True))

    def replayed(self, _):
        return self.kept

    def no_certificate(self, query):
        request = tsp.TimeStampReq.load(query)
        request["cert_req"] = False
        return self.honest.answer(request.dump(force=True))

    def untrusted(self, query):
        return TimeStampAuthority(self.other, lambda: dt.datetime.now(dt.UTC)).answer(query)

    def not_an_authority(self, query):
        return TimeStampAuthority(self.wrong_use, lambda: dt.datetime.now(dt.UTC)).answer(query)

    def wrong_time(self, query):
        past = dt.datetime.now(dt.UTC) - dt.timedelta(hours=1)
        return TimeStampAuthority(self.signer, lambda: past).answer(query)

    def weak_key(self, query):
        return TimeStampAuthority(self.weak, lambda: dt.datetime.now(dt.UTC)).answer(query)

    def not_for_time_stamps_alone(self, query):
        return TimeStampAuthority(self.other_uses, lambda: dt.datetime.now(dt.UTC)).answer(query)

    def length_that_is_not_der(self, query):
        granted = tlv(SEQUENCE, integer(0))
        token = self.honest.answer(query).partition(granted)[2]
        assert token[:2] == b"\x30\x82"
        return tlv(SEQUENCE, granted, b"\x30\x83\x00" + token[2:])

    def broken_signature(self, query):
        answer = bytearray(self.honest.answer(query))
        answer[-1] ^= 1
        return bytes(answer)

    def other_content(self, query):
        honest = self.honest.answer(query)
        raw = bytes(tsp.TimeStampResp.load(honest)["time_stamp_token"]["content"]["encap_content_info"]["content"])
        token = self.signer.sign(bytes(32), kind=TST_INFO, content=raw)
        return tlv(SEQUENCE, tlv(SEQUENCE, integer(0)), token)

    def refused(self, _):
        return self.honest.answer(b"")

    def garbage(self, query):
        return b"\x30\x82\xff\xff" + query

    def empty(self, _):
        return b""

    def granted_without_token(self, _):
        return tlv(SEQUENCE, tlv(SEQUENCE, integer(0)))


LIES = [name for name in vars(Lies) if not name.startswith("_")]


@pytest.fixture(scope="module")
def lies(rsa_keys, tmp_path_factory):
    return Lies(rsa_keys, make_pki(tmp_path_factory.mktemp("strange") / "dev"))


@pytest.mark.parametrize("lie", LIES)
def test_a_lying_authority_never_gets_its_token_into_the_file(rsa_keys, lies, lie):
    sealer_of_lies = getattr(lies, lie)
    with answering(lambda query: (200, REPLY, sealer_of_lies(query))) as address:
        pdf, achieved, why = sealer_for(rsa_keys, tsa=address).seal(
            plain_pdf(), [Slot(PLACE, AGENCY.seal)], Level.B_LTA
        )
    assert achieved is Level.B_B
    assert why.startswith("time-stamp authority")
    assert fields_of(pdf) == ["Seal"]
    assert held_by(pdf).stamp_chains == ()
    assert verdict(pdf, rsa_keys).level is Level.B_B


@pytest.mark.parametrize("media", ["text/html", "application/timestamp-query", ""])
def test_an_answer_of_another_media_type_is_no_token(rsa_keys, lies, media):
    with answering(lambda query: (200, media, lies.honest.answer(query))) as address:
        _, achieved, why = sealer_for(rsa_keys, tsa=address).seal(
            plain_pdf(), [Slot(PLACE, AGENCY.seal)], Level.B_T
        )
    assert achieved is Level.B_B
    assert "instead of" in why


def test_an_endless_answer_is_cut_off(rsa_keys):
    with answering(lambda _: (200, REPLY, bytes(5 * 1024 * 1024))) as address:
        _, achieved, why = sealer_for(rsa_keys, tsa=address).seal(
            plain_pdf(), [Slot(PLACE, AGENCY.seal)], Level.B_T
        )
    assert achieved is Level.B_B
    assert "more than" in why


def test_a_redirect_is_not_followed(rsa_keys):
    with answering(lambda _: (307, REPLY, b"")) as address:
        _, achieved, why = sealer_for(rsa_keys, tsa=address).seal(
            plain_pdf(), [Slot(PLACE, AGENCY.seal)], Level.B_T
        )
    assert achieved is Level.B_B
    assert "307" in why


def test_an_authority_that_dies_before_the_last_stamp_leaves_b_lt(rsa_keys, lies):
    answers = iter([lies.honest.answer])

    def once(query):
        answer = next(answers, None)
        return (200, REPLY, answer(query)) if answer else (500, "text/plain", b"")

    with answering(once) as address:
        pdf, achieved, why = sealer_for(rsa_keys, tsa=address).seal(
            plain_pdf(), [Slot(PLACE, AGENCY.seal)], Level.B_LTA
        )
    assert achieved is Level.B_LT
    assert "500" in why
    assert fields_of(pdf) == ["Seal"]
    report = verdict(pdf, rsa_keys)
    assert (report.level, report.indication) == (Level.B_LT, Indication.PASSED)


def test_a_token_larger_than_its_room_gets_more_room(rsa_keys):
    file = read_key(rsa_keys / "tsa.p12", password_of(rsa_keys))
    padding = [*file.chain_der[:-1], *thick_certificates()]
    large = TimeStampAuthority(signer_with(file.key, padding), lambda: dt.datetime.now(dt.UTC))
    with answering(lambda query: (200, REPLY, large.answer(query))) as address:
        sealer = sealer_for(rsa_keys, tsa=address)
        pdf, achieved, why = sealer.seal(plain_pdf(), [Slot(PLACE, AGENCY.seal)], Level.B_LTA)
    assert (achieved, why) == (Level.B_LTA, None)
    assert verdict(pdf, rsa_keys).level is Level.B_LTA


def thick_certificates():
    """Certificates of some size that belong to nothing."""
    key, now = new_key("ecdsa-p256"), dt.datetime.now(dt.UTC)
    for n in range(20):
        yield certify(ROOT, subject(f"padding {n} " + "x" * 40), key, None, "", now).public_bytes(Encoding.DER)


def test_without_revocation_answers_the_seal_stays_b_t(keys, clock):
    file = read_key(keys / "tsa.p12", password_of(keys))
    honest = TimeStampAuthority(signer_with(file.key, file.chain_der[:-1]), clock)
    with answering(lambda query: (200, REPLY, honest.answer(query))) as address:  # OCSP and CRL: nobody there
        pdf, achieved, why = sealer_for(keys, tsa=address).seal(
            plain_pdf(), [Slot(PLACE, AGENCY.seal)], Level.B_LTA
        )
    assert achieved is Level.B_T
    assert "OCSP" in why
    assert "CRL" in why
    with Authorities(keys):
        lifted, achieved, why = sealer_for(keys).lift(pdf, Level.B_LTA)
    assert (achieved, why) == (Level.B_LTA, None)
    assert lifted.startswith(pdf)


def test_without_ocsp_the_crl_proves_it(keys, authorities, monkeypatch):
    monkeypatch.setattr(authorities.revocation, "answer", lambda _: b"\x30\x03\x0a\x01\x06")  # "unauthorized"
    pdf, achieved, why = sealer_for(keys).seal(plain_pdf(), [Slot(PLACE, AGENCY.seal)], Level.B_LTA)
    assert (achieved, why) == (Level.B_LTA, None)
    with pikepdf.open(io.BytesIO(pdf)) as opened:
        assert "/OCSPs" not in opened.Root.DSS
        assert len(opened.Root.DSS.CRLs) == 2
    assert verdict(pdf, keys).level is Level.B_LTA


def test_forged_ocsp_answers_are_worth_nothing(keys, authorities, monkeypatch, tmp_path):
    strange = make_pki(tmp_path / "strange")
    forger = Authorities(strange).revocation
    genuine = authorities.revocation.answer

    def forged(query):
        answer = bytearray(genuine(query))
        answer[-5] ^= 1  # in the responder's certificate or signature
        return bytes(answer)

    monkeypatch.setattr(authorities.revocation, "answer", forged)
    monkeypatch.setattr(authorities.revocation, "crl", forger.crl)
    _, achieved, why = sealer_for(keys).seal(plain_pdf(), [Slot(PLACE, AGENCY.seal)], Level.B_LTA)
    assert achieved is Level.B_T
    assert "do not hold" in why


def serial_of(keys, file):
    return read_key(keys / file, password_of(keys)).certificate.serial_number


@pytest.mark.parametrize("file", ["seals/SEAL-1.p12", "issuing.p12"])
@pytest.mark.usefixtures("authorities")
def test_a_revoked_seal_is_refused(keys, clock, file):
    revoke(keys, serial_of(keys, file), clock(), "keyCompromise")
    with pytest.raises(SealError, match="revoked"):
        sealer_for(keys).seal(plain_pdf(), [Slot(PLACE, AGENCY.seal)], Level.B_LTA)


def test_a_revocation_is_believed_even_where_only_the_crl_answers(keys, authorities, clock, monkeypatch):
    revoke(keys, serial_of(keys, "seals/SEAL-1.p12"), clock())
    monkeypatch.setattr(authorities.revocation, "answer", lambda _: b"")
    with pytest.raises(SealError, match="revoked"):
        sealer_for(keys).seal(plain_pdf(), [Slot(PLACE, AGENCY.seal)], Level.B_B)


@pytest.mark.usefixtures("authorities")
def test_a_revocation_is_noticed_within_minutes_by_a_running_sealer(keys, clock):
    sealer = sealer_for(keys, clock=clock)
    sealer.seal(plain_pdf(), [Slot(PLACE, AGENCY.seal)], Level.B_LTA)
    revoke(keys, serial_of(keys, "seals/SEAL-1.p12"), clock())
    clock.offset = dt.timedelta(minutes=11)
    with pytest.raises(SealError, match="revoked"):
        sealer.seal(plain_pdf(), [Slot(PLACE, AGENCY.seal)], Level.B_LTA)


@pytest.mark.usefixtures("authorities")
def test_revocation_after_sealing_does_not_bar_the_archive_stamp(keys, clock):
    sealed, _, _ = sealer_for(keys).seal(plain_pdf(), [Slot(PLACE, AGENCY.seal)], Level.B_LT)
    revoke(keys, serial_of(keys, "seals/SEAL-1.p12"), clock())
    _, achieved, why = sealer_for(keys).lift(sealed, Level.B_LTA)
    assert (achieved, why) == (Level.B_LTA, None)


@pytest.mark.usefixtures("authorities")
def test_a_revoked_authority_gives_no_level(keys, clock):
    revoke(keys, serial_of(keys, "tsa.p12"), clock())
    _, achieved, why = sealer_for(keys).seal(plain_pdf(), [Slot(PLACE, AGENCY.seal)], Level.B_LTA)
    assert achieved is Level.B_B
    assert "not trusted" in why


@pytest.mark.usefixtures("authorities")
def test_an_expired_seal_is_refused(keys, clock):
    clock.offset = dt.timedelta(days=6 * 365)
    with pytest.raises(SealError, match="must not be used"):
        sealer_for(keys, clock=clock).seal(plain_pdf(), [Slot(PLACE, AGENCY.seal)], Level.B_LTA)


def test_a_seal_without_certificate_names_its_agency(rsa_keys):
    other = agency(9, "无证局").seal
    with pytest.raises(SealError, match=r"无证局.*SEAL-9"):
        sealer_for(rsa_keys).seal(plain_pdf(), [Slot(PLACE, other)], Level.B_B)


def test_a_seal_whose_name_is_not_its_certificate_s_is_refused(rsa_keys):
    renamed = SealDesign(AGENCY.seal.id, "另一个局", 42, "star")
    with pytest.raises(SealError, match="另一个局"):
        sealer_for(rsa_keys).seal(plain_pdf(), [Slot(PLACE, renamed)], Level.B_B)


def test_a_sealed_document_is_not_sealed_again(rsa_keys):
    sealer = sealer_for(rsa_keys)
    sealed, _, _ = sealer.seal(plain_pdf(), [Slot(PLACE, AGENCY.seal)], Level.B_B)
    with pytest.raises(SealError, match="already"):
        sealer.seal(sealed, [Slot(PLACE, AGENCY.seal)], Level.B_B)


def encrypted():
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(plain_pdf())) as pdf:
        pdf.save(out, encryption=pikepdf.Encryption(owner="o", user="", R=6))
    return out.getvalue()


@pytest.mark.parametrize(
    "pdf", [b"", b"%PDF-1.7\n", plain_pdf()[:-300], encrypted()], ids=["empty", "bare", "cut", "locked"]
)
def test_a_file_that_can_not_be_signed_is_refused(rsa_keys, pdf):
    with pytest.raises(SealError):
        sealer_for(rsa_keys).seal(pdf, [Slot(PLACE, AGENCY.seal)], Level.B_LTA)


def test_a_place_on_a_page_that_is_not_there_is_refused(rsa_keys):
    with pytest.raises(SealError):
        sealer_for(rsa_keys).seal(plain_pdf(), [Slot(SealPlace(3, 10, 10), AGENCY.seal)], Level.B_B)


@pytest.mark.parametrize("pdf", [b"", b"no PDF", plain_pdf()])
def test_what_bears_no_seal_can_not_be_lifted(rsa_keys, pdf):
    with pytest.raises(SealError):
        sealer_for(rsa_keys).lift(pdf, Level.B_LTA)


@pytest.mark.usefixtures("authorities")
def test_ecdsa_keys_serve_as_well(keys):
    pdf, achieved, why = sealer_for(keys).seal(plain_pdf(), [Slot(PLACE, AGENCY.seal)], Level.B_LTA)
    assert (achieved, why) == (Level.B_LTA, None)
    report = verdict(pdf, keys)
    assert (report.level, report.indication) == (Level.B_LTA, Indication.PASSED)
