"""Time-stamps from RFC 3161 authorities: asked over HTTP, believed only after every check on the token."""

from __future__ import annotations

import datetime as dt
import hashlib
import secrets
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar
from urllib.parse import urlsplit

from asn1crypto import cms, core, tsp
from asn1crypto import x509 as asn1_x509
from pyhanko.sign.general import NonexistentAttributeError
from pyhanko.sign.validation.generic_cms import validate_sig_integrity

from docsvc.adapters.pades.algorithms import digest_strength, key_strength
from docsvc.adapters.pades.cms_checks import read_shape
from docsvc.adapters.pades.fetch import Fetcher, FetchError
from docsvc.adapters.pades.fitness import Purpose, UntrustedError
from docsvc.adapters.pades.time_stamps import check_authority, read_stamp
from docsvc.adapters.pades.trust import Evidence, Trust

QUERY, REPLY = "application/timestamp-query", "application/timestamp-reply"
TOLERANCE = dt.timedelta(minutes=5)
NONCE_BITS = 64
ESS = frozenset({"signing_certificate", "signing_certificate_v2"})
UNREADABLE = (
    ValueError,
    TypeError,
    KeyError,
    AttributeError,
    IndexError,
    AssertionError,
    OverflowError,
    RecursionError,
)


class _Response(core.Sequence):  # type: ignore[misc]  # asn1crypto declares no types
    """TimeStampResp of RFC 3161, 2.4.2; asn1crypto's own knows no answer without a token."""

    _fields: ClassVar = [
        ("status", tsp.PKIStatusInfo),
        ("time_stamp_token", cms.ContentInfo, {"optional": True}),
    ]


class StampError(Exception):
    """No time-stamp that can be believed; `str` says why."""


@dataclass(frozen=True, slots=True)
class Stamp:
    """A checked token (DER), its time, and why its authority is trusted."""

    token: bytes
    time: dt.datetime
    evidence: Evidence


class TimeStamps:
    """The authorities at `addresses`, asked in their order until one gives a token that holds.

    One that fails (no answer, a refusal, a token that can't be believed) rests for `rest_s` seconds, and the next
    is asked meanwhile. Without that rest, a batch of thousands would wait out the deadline for each of its
    documents. `on_fault` hears of each failure as it happens.
    """

    def __init__(
        self,
        addresses: Sequence[str],
        fetcher: Fetcher,
        trust: Trust,
        clock: Callable[[], dt.datetime],
        *,
        rest_s: float = 10.0,
        on_fault: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._addresses = tuple(dict.fromkeys(addresses))
        self._fetcher = fetcher
        self._trust = trust
        self._clock = clock
        self._rest_s = rest_s
        self._on_fault = on_fault
        self._resting: dict[str, tuple[float, str]] = {}  # address → until when, and why
        self._lock = threading.Lock()

    def wake(self) -> None:
        """Where all of them rest, ask again even so."""
        with self._lock:
            if all(map(self._rests, self._addresses)):
                self._resting.clear()

    def stamp(self, digest: bytes) -> Stamp:
        """A token over a SHA-256 digest. Raises StampError that tells what is wrong with each authority."""
        faults = []
        for address in self._addresses:
            with self._lock:
                reason = self._rests(address)
            if reason is None:
                try:
                    return self._asked(address, digest)
                except StampError as e:
                    reason = f"time-stamp authority {urlsplit(address).netloc}: {e}"
                    with self._lock:
                        self._resting[address] = (time.monotonic() + self._rest_s, reason)
                    self._on_fault(reason)
            faults.append(reason)
        raise StampError("; ".join(faults) or "no time-stamp authority is set")

    def _rests(self, address: str) -> str | None:
        """Why an authority is not asked now."""
        until, reason = self._resting.get(address, (0.0, ""))
        return reason if time.monotonic() < until else None

    def _asked(self, address: str, digest: bytes) -> Stamp:
        nonce = secrets.randbits(NONCE_BITS) | 1 << (NONCE_BITS - 1)
        query = tsp.TimeStampReq(
            {
                "version": 1,
                "message_imprint": {"hash_algorithm": {"algorithm": "sha256"}, "hashed_message": digest},
                "nonce": nonce,
                "cert_req": True,
            }
        ).dump()
        try:
            return self._checked(self._fetcher.post(address, query, QUERY, REPLY).body, digest, nonce)
        except FetchError as e:
            raise StampError(str(e)) from e
        except UntrustedError as e:
            raise StampError(f"not trusted: {e.refusal.en}") from e
        except NonexistentAttributeError as e:
            raise StampError("an attribute is missing in the token") from e
        except UNREADABLE as e:
            raise StampError("the answer is not a time-stamp token") from e

    def _checked(self, body: bytes, digest: bytes, nonce: int) -> Stamp:
        response = _Response.load(body, strict=True)
        status = response["status"]["status"].native
        if status not in {"granted", "granted_with_mods"}:
            sentences = "; ".join(response["status"]["status_string"].native or ())
            raise StampError(f"refused ({status}) {sentences}".strip())
        token = response["time_stamp_token"]
        signed: cms.SignedData = token["content"]
        content = signed["encap_content_info"]
        if token["content_type"].native != "signed_data" or content["content_type"].native != "tst_info":
            raise StampError("the token holds no TSTInfo")
        raw = bytes(content["content"])
        info = tsp.TSTInfo.load(raw, strict=True)
        imprint = info["message_imprint"]
        if imprint["hash_algorithm"]["algorithm"].native != "sha256" or imprint["hashed_message"].native != digest:
            raise StampError("the token is for another imprint")
        if info["nonce"].native != nonce:
            raise StampError("the token has another nonce")
        at: dt.datetime = info["gen_time"].native
        if abs(at - self._clock()) > TOLERANCE:
            raise StampError(f"its time {at:%Y-%m-%dT%H:%M:%SZ} is not ours")
        # What our verifier would not take is no time-stamp either: a document must not fail for its authority.
        shape, checks = read_shape(token.dump(), time_stamp=True)
        if shape is None:
            raise StampError(checks[0].message_en)
        return Stamp(token.dump(), at, self._signed(signed, raw))

    def _signed(self, signed: cms.SignedData, content: bytes) -> Evidence:
        """RFC 3161, 2.4.2: exactly one signature, by a trusted authority that the attributes name."""
        if len(signed["signer_infos"]) != 1:
            raise StampError("the token must have one signature")
        info = signed["signer_infos"][0]
        own, others = signer_of(signed)
        if not ESS & {a["type"].native for a in info["signed_attrs"]}:
            raise StampError("the token does not name its signing certificate")
        digest = hashlib.new(info["digest_algorithm"]["algorithm"].native, content).digest()
        intact, valid = validate_sig_integrity(info, own, "tst_info", digest)
        if not (intact and valid):
            raise StampError("the token's signature does not hold")
        evidence = self._trust.of([own.dump(), *(c.dump() for c in others)], Purpose.TIME_STAMP)
        for check in check_authority(own, read_stamp(signed)):
            raise StampError(check.message_en)
        now = self._clock()
        strengths = [digest_strength(info["digest_algorithm"]["algorithm"].native, now)]
        strengths += [key_strength(c.public_key, now) for c in evidence.path[:-1]]
        if weak := [s.title for s in strengths if not s.good]:
            raise StampError(f"too weak: {', '.join(weak)}")
        return evidence


def signer_of(signed: cms.SignedData) -> tuple[asn1_x509.Certificate, list[asn1_x509.Certificate]]:
    """The signer's certificate and the others in a SignedData. Raises ValueError where its own is not there."""
    sid = signed["signer_infos"][0]["sid"].chosen
    certificates = list(_certificates(signed))
    for certificate in certificates:
        if isinstance(sid, cms.IssuerAndSerialNumber):
            same = (
                sid["issuer"].dump() == certificate.issuer.dump()
                and sid["serial_number"].native == certificate.serial_number
            )
        else:
            same = sid.native == certificate.key_identifier
        if same:
            return certificate, [c for c in certificates if c is not certificate]
    raise ValueError("the signer's certificate is not in the signature")


def _certificates(signed: cms.SignedData) -> Iterator[asn1_x509.Certificate]:
    for choice in signed["certificates"] or ():
        if isinstance(choice.chosen, asn1_x509.Certificate):
            yield choice.chosen
