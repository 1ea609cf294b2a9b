"""What signing needs from outside: keys, certificates, the sealer and the verifier."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from typing import Protocol

from docsvc.domain.agency import SealDesign
from docsvc.domain.document import Level, Slot
from docsvc.domain.envelope import Blank, Mark, Prepared
from docsvc.domain.signer import Person
from docsvc.domain.validity import Held
from docsvc.domain.verdict import Report


class Sealer(Protocol):
    """PAdES signatures."""

    def seal(self, pdf: bytes, slots: Sequence[Slot], level: Level) -> tuple[bytes, Level, str | None]:
        """The PDF with a signature in each of `slots`, in their order, or with none; the level reached and, where
        less than `level`, why. Raises SealError.
        """

    def lift(self, pdf: bytes, level: Level) -> tuple[bytes, Level, str | None]:
        """Raise an own signed PDF to `level` by incremental update; the same bytes where nothing was gained."""

    def renew(self, pdf: bytes) -> tuple[bytes, Level, str | None]:
        """One more document time-stamp over a B-LTA file, with what validates the one before; the same bytes, and
        why, where the authorities give none.
        """

    def good_until(self, pdf: bytes) -> dt.datetime | None:
        """Until when the last document time-stamp of a B-LTA file can be relied on; None for a lower level."""

    def sign(
        self, pdf: bytes, fields: Sequence[Blank | Slot], mark: Mark, key: SealKey
    ) -> tuple[bytes, str | None]:
        """The PDF with the signature of `key` in the first of `fields`, which shows `mark`; the others are those
        that are still to be signed, in order. Time-stamped, else why not. Raises SealError.
        """

    def prepare(
        self, pdf: bytes, fields: Sequence[Blank | Slot], mark: Mark, chain: Sequence[bytes], at: dt.datetime
    ) -> Prepared:
        """The same for a key that is elsewhere; `chain` is its DER certificates, its own first. Raises SealError
        where that certificate must not be used.
        """

    def complete(
        self, pdf: bytes, prepared: Prepared, *, value: bytes | None = None, cms: bytes | None = None
    ) -> tuple[bytes, str | None]:
        """`pdf` continued by a prepared signature with its raw `value`, or with a whole CMS of the signer's making;
        time-stamped, else why not. Raises SealError where it is not that signer's signature over this document.
        """


class Sm2Sealer(Protocol):
    """Signatures of the SM2 profile, which is no PAdES."""

    def seal(self, pdf: bytes, slots: Sequence[Slot]) -> bytes:
        """The PDF with an SM2 signature in each of `slots`, in their order. Raises SealError."""


class SealKey(Protocol):
    """One seal's private key, held loaded by whoever may use it; nothing but signatures comes out."""

    @property
    def chain(self) -> Sequence[bytes]:
        """DER certificates: the seal's own first, each issuer after, the root last."""

    @property
    def development(self) -> bool:
        """A key of the development PKI, without legal effect."""

    @property
    def digest(self) -> str:
        """Name of the digest that goes with the key: sha256, sha384 or sha512."""

    @property
    def door(self) -> str:
        """The way to the key: pkcs12, pkcs11 or remote."""

    def sign_detached(self, digest: bytes, stamp: Callable[[bytes], bytes | None] | None = None) -> bytes:
        """CAdES detached (DER) over a digest by `self.digest`; `stamp` gives a time-stamp token over its value."""


class SealKeys(Protocol):
    """The keys of each seal: one, or several while one follows another."""

    def of(self, design: SealDesign) -> SealKey:
        """The one to be used first. Raises SealError as `all_of`."""

    def all_of(self, design: SealDesign) -> Sequence[SealKey]:
        """Those that the operator lets be used now, one at least; the one to be used first comes first, ready.

        Raises SealError that names the seal where no key or certificate of it is here, KeyAwayError where what
        holds the key does not answer.
        """

    @property
    def roots(self) -> Sequence[bytes]:
        """DER certificates that seals, authorities and time-stamps are trusted by."""


class PlatformKeys(Protocol):
    """The service's own key."""

    @property
    def platform(self) -> SealKey:
        """Seals what people sign by hand. Raises SealError where there is none."""


class SealChains(Protocol):
    """The public certificates of each seal, and of the authorities, for those who hold no key."""

    def of(self, design: SealDesign) -> Sequence[bytes]:
        """DER certificates of all its keys, each chain as in SealKey.chain, the one in use first; once each.

        Raises SetupError that names the seal where there are none.
        """

    def held(self, design: SealDesign) -> Sequence[Held]:
        """The certificate of each of its keys, the one in use first. Raises SetupError as `of`."""

    def others(self) -> Sequence[Held]:
        """Those of authorities and roots that lie here. Raises SetupError where one can't be read."""

    def development(self, design: SealDesign) -> bool:
        """Is it a seal of the development PKI, without legal effect? Raises SetupError."""


class Verifier(Protocol):
    """PAdES validation, offline."""

    def verify(self, pdf: bytes, at: dt.datetime) -> Report:
        """A verdict with findings, whatever the bytes are; never raises for what is in the file."""


class SignatureChecks(Protocol):
    """Certificates and signatures that people hand in; needs no key."""

    def person(self, certificate: bytes) -> Person | None:
        """Whose certificate (DER) it is; None where it is none."""

    def fault(self, prepared: Prepared, value: bytes | None, cms: bytes | None) -> str | None:
        """Why the value, or the CMS, is not that signer's signature over what was prepared; None where it is."""

    def picture(self, png: bytes) -> str | None:
        """Why the picture can't be shown as a mark made by hand; None where it can."""


class Vault(Protocol):
    """Private keys that open by a PIN alone."""

    def locked(self, key: bytes, pin: str) -> bytes:
        """A key (PKCS#8, DER), encrypted. Raises UsageError where it is no key that can sign here."""

    def opened(self, locked: bytes, pin: str) -> Callable[[bytes], bytes] | None:
        """What signs with it; None for a wrong PIN."""
