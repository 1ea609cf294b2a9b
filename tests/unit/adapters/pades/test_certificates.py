"""Embedded certificates: intact, altered, or beyond judgement."""

from __future__ import annotations

import pytest

from docsvc.adapters.pades.certificates import check_embedded, load_known
from docsvc.domain.verdict import Indication
from tests.support.signed_pdfs import Authority
from tests.support.verified import authority


def check(*embedded, known=()):
    return check_embedded(embedded, load_known((*known, *embedded)))


@pytest.mark.parametrize("kind", ["ec", "rsa2048"])
def test_certificates_with_their_issuers_are_intact(kind):
    own = authority(kind)
    (finding,) = check(own.signer.der, own.issuing.der, known=[own.root.der])
    assert finding.indication is Indication.PASSED
    assert not finding.remark


def test_a_certificate_whose_issuer_is_not_at_hand_is_a_remark():
    (finding,) = check(authority().signer.der)
    assert finding.indication is Indication.PASSED
    assert finding.remark


def test_a_certificate_of_strangers_is_a_remark():
    own, strangers = authority(), Authority("rsa2048", unit="Elsewhere")
    (finding,) = check(own.signer.der, own.issuing.der, strangers.signer.der, known=[own.root.der])
    assert finding.remark


def test_the_same_certificate_twice_is_a_remark():
    own = authority()
    (finding,) = check(own.signer.der, own.signer.der, known=[own.issuing.der])
    assert finding.remark


@pytest.mark.parametrize("role", ["signer", "issuing", "root"])
def test_each_octet_of_each_certificate_counts(role):
    own = authority()
    der = getattr(own, role).der
    known = load_known([own.root.der, own.issuing.der, own.signer.der])
    for index in range(0, len(der), 2):
        changed = der[:index] + bytes([der[index] ^ 1 << index % 8]) + der[index + 1 :]
        findings = check_embedded([changed], known)
        assert [f.indication for f in findings] == [Indication.FAILED], f"octet {index}"
