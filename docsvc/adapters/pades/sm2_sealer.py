"""Seals documents with SM2 and SM3: a CMS (RFC 5652) in a PDF that says of itself that it is no PAdES signature."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence

from pyhanko.sign.fields import SigSeedSubFilter

from docsvc.adapters.pades.seal_art import Appearance
from docsvc.adapters.pades.updates import Form, RoomError, SealDetails, write_seal
from docsvc.domain.agency import SealDesign
from docsvc.domain.document import Slot
from docsvc.domain.errors import SealError
from docsvc.domain.sm2 import REASON
from docsvc.ports import SealKey, SealKeys

CMS_BYTES = 4096
SM3 = "sm3"
# Not ETSI.CAdES.detached: that would claim a PAdES signature, whose algorithms TS 119 312 lists.
SM2_FORM = Form(SigSeedSubFilter.ADOBE_PKCS7_DETACHED, REASON)


class Sm2Sealer:
    """Fits ports.Sm2Sealer. `picture` draws a seal; `clock` returns an aware datetime."""

    def __init__(
        self,
        keys: SealKeys,
        picture: Callable[[SealDesign, SealKey], Appearance],
        clock: Callable[[], dt.datetime] = lambda: dt.datetime.now(dt.UTC),
    ) -> None:
        self._keys = keys
        self._picture = picture
        self._clock = clock

    def seal(self, pdf: bytes, slots: Sequence[Slot]) -> bytes:
        """The PDF with an SM2 signature in each of `slots`, in their order, without time-stamps. Raises SealError
        where a seal has no SM2 key, can't be drawn, or the file can't be signed.
        """
        keys = [self._keys.of(slot.design) for slot in slots]
        seals = [
            SealDetails(slot, self._picture(slot.design, key), self._clock())
            for slot, key in zip(slots, keys, strict=True)
        ]
        for n, key in enumerate(keys):
            try:
                pdf = write_seal(pdf, seals[n], seals[n + 1 :], CMS_BYTES, key.sign_detached, SM3, SM2_FORM)
            except RoomError as e:
                raise SealError(f"the SM2 signature of {slots[n].design.name} outgrew the room kept for it") from e
        return pdf
