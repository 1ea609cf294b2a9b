"""What people hand in: whose certificate it is, what is no certificate, and no picture of a pad."""

from __future__ import annotations

import datetime as dt

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from docsvc.adapters.pades.handed_in import HandedIn
from docsvc.domain.signer import Person
from tests.support.signing import handwriting

NOON = dt.datetime(2026, 11, 25, 12, tzinfo=dt.UTC)
ISSUER = "Some issuing authority"


def certificate():
    key = ec.generate_private_key(ec.SECP256R1())
    subject = [(NameOID.SERIAL_NUMBER, "T1"), (NameOID.COMMON_NAME, "陈测甲")]
    made = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(*part) for part in subject]))
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, ISSUER)]))
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(NOON)
        .not_valid_after(NOON + dt.timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    return made.public_bytes(Encoding.DER)


def test_whose_certificate_it_is():
    assert HandedIn().person(certificate()) == Person("陈测甲", "T1")


PAD = handwriting()
DATA = PAD.index(b"IDAT")


def test_a_pad_s_picture_will_do():
    assert HandedIn().picture(PAD) is None


@pytest.mark.parametrize(
    "picture",
    [
        PAD[:8],
        PAD[:-12],  # no end
        PAD[:-1] + b"x",
        PAD + b"more",
        PAD[: DATA - 4] + PAD[-12:],  # no pixels
        PAD[: DATA + 9] + b"x" + PAD[DATA + 10 :],
        PAD[:33] + PAD[8:],  # two headers
        b"GIF89a",
    ],
)
def test_other_pictures_are_refused(picture):
    assert HandedIn().picture(picture)


@pytest.mark.parametrize(
    "broken",
    [
        lambda _: b"",
        lambda _: b"\x30\x00",
        lambda der: der[:-1],
        lambda der: der + b"\0",
        lambda der: der.replace(ISSUER.encode(), b"\xff" * len(ISSUER)),
        lambda der: der.replace(b"\x30\x00", b"\x30\x7f"),  # the contents of an extension
    ],
    ids=["nothing", "empty", "cut", "longer", "issuer", "extension"],
)
def test_what_can_t_be_read_whole_is_nobody_s(broken):
    """Its parts are read one by one later on, where nobody expects a fault any more."""
    assert HandedIn().person(broken(certificate())) is None
