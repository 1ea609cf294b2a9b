"""The one who signed a field is the one whom it names."""

from __future__ import annotations

import datetime as dt

import pytest
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from pyhanko.pdf_utils.generic import DictionaryObject, NumberObject, pdf_name, pdf_string

from docsvc.adapters.pades.purposes import check, of
from docsvc.adapters.pki.certificates import SEAL, certify, subject
from docsvc.adapters.pki.officers import officer_subject
from docsvc.domain.verdict import Indication

KEY = ec.generate_private_key(ec.SECP256R1())
LONG = "舟山市示例区农业农村和水利渔业发展保障管理委员会第三分局"


def certificate(name: x509.Name):
    made = certify(SEAL, name, KEY, None, "", dt.datetime.now(dt.UTC))
    return asn1_x509.Certificate.load(made.public_bytes(Encoding.DER))


@pytest.mark.parametrize(
    ("purpose", "name"),
    [
        ("示例局 电子印章", subject("示例局", "示例局", "1")),
        (f"{LONG} 电子印章", subject(LONG, LONG, "1")),
        ("约谈人 陈测甲（TEST1） 数字签名", officer_subject("陈测甲", "TEST1")),
        ("约谈人 陈测甲 数字签名", officer_subject("陈测甲", "TEST1")),
        ("约谈人 陈测甲（TEST1） 数字签名", subject("陈测甲")),
    ],
)
def test_the_one_who_is_named(purpose, name):
    assert [c.indication for c in check(purpose, certificate(name))] == [Indication.PASSED]


@pytest.mark.parametrize(
    ("purpose", "name", "said"),
    [
        ("示例局 电子印章", subject("另一局", "另一局", "1"), "另一局"),
        ("示例局 电子印章", officer_subject("陈测甲", "TEST1"), "陈测甲"),
        (f"{LONG} 电子印章", subject(LONG[:-1], "", "1"), LONG[:-1]),
        ("约谈人 陈测甲（TEST1） 数字签名", officer_subject("王测乙", "TEST1"), "王测乙"),
        ("约谈人 陈测甲（TEST1） 数字签名", officer_subject("陈测甲", "TEST2"), "TEST2"),
    ],
)
def test_anybody_else(purpose, name, said):
    (found,) = check(purpose, certificate(name))
    assert (found.indication, found.sub_indication) == (Indication.INDETERMINATE, "SIG_CONSTRAINTS_FAILURE")
    assert said in found.message


@pytest.mark.parametrize("purpose", ["", "Signature", "被约谈人 林示例 手写签名", "示例局 电子印章 副本"])
def test_fields_that_name_nobody(purpose):
    assert check(purpose, certificate(subject("谁"))) == []


def test_only_a_text_describes():
    assert of(DictionaryObject({pdf_name("/TU"): pdf_string("示例局 电子印章")})) == "示例局 电子印章"
    assert of(DictionaryObject({pdf_name("/TU"): NumberObject(1)})) == ""
    assert of(DictionaryObject({})) == ""
    assert len(of(DictionaryObject({pdf_name("/TU"): pdf_string("x" * 9999)}))) == 400
