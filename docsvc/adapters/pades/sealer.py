"""Seals documents as PAdES (EN 319 142-1): signature with the picture of the seal, then time and evidence."""

from __future__ import annotations

import datetime as dt
import hashlib
import threading
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from asn1crypto import x509

from docsvc.adapters.pades.achieved import BYTE_RANGE, Held, held_by
from docsvc.adapters.pades.envelopes import completion, preparation
from docsvc.adapters.pades.fetch import Fetcher
from docsvc.adapters.pades.fitness import Purpose, UntrustedError
from docsvc.adapters.pades.lifetime import good_until
from docsvc.adapters.pades.marks import awaited, marked, name_of, of_development
from docsvc.adapters.pades.outlines import Outlines
from docsvc.adapters.pades.seal_art import Appearance, draw, show
from docsvc.adapters.pades.seal_image import SealImageError, raster
from docsvc.adapters.pades.stamping import UNREADABLE, StampError, TimeStamps
from docsvc.adapters.pades.trust import Evidence, Trust
from docsvc.adapters.pades.updates import (
    Awaited,
    RoomError,
    SealDetails,
    Signing,
    write_evidence,
    write_seal,
    write_stamp,
)
from docsvc.domain.agency import SealDesign
from docsvc.domain.document import Level, Slot
from docsvc.domain.envelope import Blank, Mark, Prepared
from docsvc.domain.errors import SealError
from docsvc.domain.unfit import unusable
from docsvc.domain.validity import LAST_MINUTES
from docsvc.ports import SealKey, SealKeys

CMS_BYTES = 4096  # room for the seal's CMS without a time-stamp, until one is known
TOKEN_BYTES = 8192  # room for a token, until one of this authority is known
MARGIN = 256  # tokens of one authority differ by some bytes
TRIES = 3


class PadesSealer:
    """Fits ports.Sealer. One object serves all documents of a process, from any thread.

    `keys` holds the seals and the trusted roots, `fonts` the files that names are drawn from (宋体 first),
    `tsa_urls` are the RFC 3161 authorities in the order in which they are asked, `images` gives an operator's
    picture of a seal by its SHA-256. `deadline_s` bounds each exchange with an authority; `on_fault` hears of each
    time-stamp authority that fails, also where the next one helps. `clock` returns an aware datetime.
    """

    def __init__(
        self,
        keys: SealKeys,
        fonts: Sequence[Path],
        tsa_urls: Sequence[str],
        *,
        images: Callable[[str], bytes] | None = None,
        deadline_s: float = 10.0,
        clock: Callable[[], dt.datetime] = lambda: dt.datetime.now(dt.UTC),
        on_fault: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._keys = keys
        self._images = images
        self._clock = clock
        self._fetcher = Fetcher(deadline_s)
        self._roots = [x509.Certificate.load(der) for der in keys.roots]
        self._trust = Trust(keys.roots, self._fetcher, clock)
        self._stamps = TimeStamps(tsa_urls, self._fetcher, self._trust, clock, on_fault=on_fault)
        self._outlines = Outlines(fonts)
        self._drawn: dict[tuple[SealDesign, bool], Appearance] = {}
        self._lock = threading.Lock()
        self._cms_room = CMS_BYTES
        self._token_room = TOKEN_BYTES

    def seal(self, pdf: bytes, slots: Sequence[Slot], level: Level) -> tuple[bytes, Level, str | None]:
        """The PDF with a signature in each of `slots`, the level that every one of them really has and, where that
        is less than `level`, why.

        An authority that is dead, slow or lies costs level, never the seal: without a token that holds the document
        stays B-B, without revocation answers B-T. Raises SealError where a seal has no key, its certificate is
        expired, revoked or untrusted, its name can't be drawn, or the file can't be signed; no seal is used before
        all have been looked at.
        """
        chosen = [self._may_sign(slot) for slot in slots]
        keys = [key for key, _ in chosen]
        evidence = [*(found for _, found in chosen), *self._evidence_of_earlier(pdf)]
        seals = [
            SealDetails(slot, self.appearance(slot.design, key), self._clock())
            for slot, key in zip(slots, keys, strict=True)
        ]
        fault = None
        for n, key in enumerate(keys):
            pdf, stamping = self._sign(pdf, seals[n], seals[n + 1 :], key, stamped=level.rank >= Level.B_T.rank)
            evidence += stamping.evidence
            fault = fault or stamping.fault
        return self._raised(pdf, level, evidence, fault)

    def _may_sign(self, slot: Slot) -> tuple[SealKey, Evidence]:
        """The first of the seal's keys whose certificate is trusted. Raises SealUnusableError."""
        refused = []
        for key in self._keys.all_of(slot.design):
            try:
                return key, self._trust.of(key.chain, Purpose.SEAL, LAST_MINUTES)
            except UntrustedError as e:
                refused.append(e.refusal)
                cause = e
        raise unusable(slot.design, refused) from cause

    def _evidence_of_earlier(self, pdf: bytes) -> list[Evidence]:
        """For the signatures of an envelope, which the seal closes. Raises SealError where one has been revoked."""
        if BYTE_RANGE.search(pdf) is None:
            return []
        held = held_by(pdf)
        try:
            found = [self._trust.of(chain, Purpose.SEAL) for chain in held.seal_chains]
            return found + [self._trust.of(chain, Purpose.TIME_STAMP) for chain in held.stamp_chains]
        except UntrustedError as e:
            raise SealError(f"已有签名的证书不再可信 / an earlier signature is no longer trusted: {e}") from e

    def lift(self, pdf: bytes, level: Level) -> tuple[bytes, Level, str | None]:
        """Raise an own signed PDF to `level`; the same bytes where nothing was gained. Raises SealError."""
        held = held_by(pdf)
        if held.level.rank >= level.rank:
            return pdf, held.level, None
        self._stamps.wake()
        try:
            evidence = self._evidence_for(held)
        except UntrustedError as e:
            return pdf, held.level, str(e)
        lifted = pdf
        if held.level is Level.B_B:
            try:
                lifted, found = self._stamp_document(pdf, [])
            except StampError as e:
                return pdf, held.level, str(e)
            evidence.append(found)
        return self._raised(lifted, level, evidence, None)

    def renew(self, pdf: bytes) -> tuple[bytes, Level, str | None]:
        """A new document time-stamp, with evidence for all before it, while the last holds (EN 319 142-1, 5.5).

        The same bytes with a reason where the authorities give none. Raises SealError where it is no sealed file.
        """
        held = held_by(pdf)
        self._stamps.wake()
        self._trust.forget()
        try:
            evidence = self._evidence_for(held)
            missing = _missing(evidence)
            if missing:
                return pdf, held.level, missing
            renewed, _ = self._stamp_document(pdf, evidence)
        except (UntrustedError, StampError) as e:
            return pdf, held.level, str(e)
        return renewed, held_by(renewed).level, None

    def good_until(self, pdf: bytes) -> dt.datetime | None:
        """Until when the last time-stamp of a B-LTA file protects it; None for lower levels. Raises SealError."""
        held = held_by(pdf)
        if held.level is not Level.B_LTA or held.last_stamp is None:
            return None
        try:
            return good_until(held.last_stamp, self._roots)
        except UNREADABLE as e:
            raise SealError("the last time-stamp can't be read back") from e

    def sign(
        self, pdf: bytes, fields: Sequence[Blank | Slot], mark: Mark, key: SealKey
    ) -> tuple[bytes, str | None]:
        """The PDF with the signature of `key` in the first of `fields`; where it has no time-stamp, why.

        Where it is the first signature of the document, it declares the other `fields`. Raises SealError.
        """
        self._may_use(key.chain)
        own, *later = fields
        details = marked(own, mark, key.chain, self._clock(), self._outlines.of, development=key.development)
        signed, stamping = self._sign(pdf, details, [awaited(f) for f in later], key, stamped=True)
        return signed, stamping.fault

    def prepare(
        self, pdf: bytes, fields: Sequence[Blank | Slot], mark: Mark, chain: Sequence[bytes], at: dt.datetime
    ) -> Prepared:
        """The same for a key that is elsewhere. Raises SealError where that certificate must not be used."""
        # Whatever else was handed in with the certificate stays outside.
        chain = [certificate.dump() for certificate in self._may_use(chain).path]
        own, *later = fields
        test = of_development(chain)
        details = marked(own, mark, chain, at, self._outlines.of, development=test)
        return preparation(pdf, details, [awaited(f) for f in later], chain, max(self._token_room, TOKEN_BYTES))

    def complete(
        self, pdf: bytes, prepared: Prepared, *, value: bytes | None = None, cms: bytes | None = None
    ) -> tuple[bytes, str | None]:
        """`pdf` with a prepared signature, and why it has no time-stamp if it has none.

        Nothing is written before the signature was seen to hold over this very file. Raises SealError.
        """
        self._may_use(prepared.chain)
        stamping = _Stamping(self._stamps)
        signed, fault = completion(pdf, prepared, stamping.stamp, value=value, cms=cms)
        return signed, fault or stamping.fault

    def _may_use(self, chain: Sequence[bytes]) -> Evidence:
        try:
            return self._trust.of(chain, Purpose.SEAL)
        except UntrustedError as e:
            raise SealError(f"证书不能用于签名：{name_of(chain)} / the certificate must not be used: {e}") from e

    def close(self) -> None:
        """Let go of connections."""
        self._fetcher.close()

    def _raised(
        self, pdf: bytes, level: Level, evidence: Sequence[Evidence], fault: str | None
    ) -> tuple[bytes, Level, str | None]:
        """From a signed (and, if it went well, stamped) file upwards."""
        if fault is None and level.rank >= Level.B_LT.rank:
            fault = _missing(evidence)
            if fault is None and level is Level.B_LTA:
                try:
                    pdf, _ = self._stamp_document(pdf, evidence)
                except StampError as e:
                    fault = str(e)
                    pdf = write_evidence(pdf, evidence)
            elif fault is None:
                pdf = write_evidence(pdf, evidence)
        achieved = held_by(pdf).level
        if achieved.rank < level.rank and fault is None:
            fault = f"the file holds {achieved} only"
        return pdf, achieved, fault if achieved.rank < level.rank else None

    def _sign(
        self, pdf: bytes, own: Signing, later: Sequence[Awaited], key: SealKey, *, stamped: bool
    ) -> tuple[bytes, _Stamping]:
        for _ in range(TRIES):
            stamping = _Stamping(self._stamps if stamped else None)
            room = self._cms_room + (self._token_room if stamped else 0)
            try:
                sign = partial(key.sign_detached, stamp=stamping.stamp)
                signed = write_seal(pdf, own, later, room, sign, key.digest)
            except RoomError as e:
                self._cms_room = max(self._cms_room, e.needed - stamping.size + MARGIN)
                self._token_room = max(self._token_room, stamping.size + MARGIN)
                continue
            if stamping.size:
                self._token_room = stamping.size + MARGIN
            return signed, stamping
        raise SealError("the signature outgrew the room kept for it")

    def _stamp_document(self, pdf: bytes, evidence: Sequence[Evidence]) -> tuple[bytes, Evidence]:
        """Raises StampError."""
        for _ in range(TRIES):
            stamping = _Stamping(self._stamps)
            try:
                stamped = write_stamp(pdf, evidence, self._token_room, stamping.token)
            except RoomError as e:
                self._token_room = e.needed + MARGIN
                continue
            self._token_room = stamping.size + MARGIN
            return stamped, stamping.evidence[0]
        raise StampError("the time-stamp outgrew the room kept for it")

    def _evidence_for(self, held: Held) -> list[Evidence]:
        """What the DSS still lacks. Raises UntrustedError.

        From B-LT on, it holds all for the seal, which may have been revoked since without harm to what it sealed
        before; what a renewal needs is evidence for the last time-stamp (EN 319 142-1, 5.5).
        """
        if held.level is Level.B_LT:
            return []
        if held.level is Level.B_LTA:
            return [self._trust.of(held.stamp_chains[-1], Purpose.TIME_STAMP)]
        found = [self._trust.of(chain, Purpose.SEAL) for chain in held.seal_chains]
        found += [self._trust.of(chain, Purpose.TIME_STAMP) for chain in held.stamp_chains]
        return found

    def appearance(self, design: SealDesign, key: SealKey) -> Appearance:
        """The picture of a seal, drawn once. Raises SealError."""
        with self._lock:
            drawn = self._drawn.get((design, key.development))
            if drawn is None:
                drawn = self._picture(design, development=key.development)
                self._drawn[design, key.development] = drawn
            return drawn

    def _picture(self, design: SealDesign, *, development: bool) -> Appearance:
        if design.image is None:
            return draw(design, self._outlines.of, development=development)
        if self._images is None:
            raise SealError(f"no pictures of seals are here: {design.name}")
        try:
            image = raster(self._images(design.image), design.diameter_mm, design.image)
        except SealImageError as e:
            raise SealError(f"the picture of the seal {design.name} can't be used: {e}") from e
        return show(image, design, self._outlines.of, development=development)


class _Stamping:
    """One attempt at a token: what came of it, beside the bytes."""

    def __init__(self, stamps: TimeStamps | None) -> None:
        self._stamps = stamps
        self.size = 0
        self.fault: str | None = None
        self.evidence: list[Evidence] = []

    def stamp(self, value: bytes) -> bytes | None:
        """A token over the SHA-256 of a signature value, or None with `fault` set."""
        if self._stamps is None:
            return None
        try:
            return self.token(hashlib.sha256(value).digest())
        except StampError as e:
            self.fault = str(e)
            return None

    def token(self, digest: bytes) -> bytes:
        """A token over a digest. Raises StampError."""
        if self._stamps is None:
            raise StampError("no time-stamp authority")
        found = self._stamps.stamp(digest)
        self.size = len(found.token)
        self.evidence = [found.evidence]
        return found.token


def _missing(evidence: Sequence[Evidence]) -> str | None:
    faults = dict.fromkeys(e.missing for e in evidence if e.missing)
    return "; ".join(faults) or None
