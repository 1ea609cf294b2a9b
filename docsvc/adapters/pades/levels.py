"""The PAdES baseline level that a signature has reached, from what holds (EN 319 142-1, clause 6)."""

from __future__ import annotations

from collections.abc import Sequence

from docsvc.domain.document import Level
from docsvc.domain.verdict import RevocationUse


def classify(
    *,
    baseline: bool,
    proven: bool,
    revocation_known: bool,
    uses: Sequence[RevocationUse],
    archived: Sequence[frozenset[str]],
) -> Level | None:
    """The level, or None for what is no baseline signature.

    `proven`: a valid time-stamp stands behind the signature. `revocation_known`: the file's own answers decide for
    the signer's and the time-stamp authority's chain. `uses`: the answers about the signer's chain. `archived`: for
    each later valid document time-stamp, the digests of the answers that it covers.
    """
    if not baseline:
        return None
    if not proven:
        return Level.B_B
    if not revocation_known:
        return Level.B_T
    spoken_of = {use.certificate for use in uses}
    for covered in archived:
        if {use.certificate for use in uses if use.sha256 in covered} == spoken_of:
            return Level.B_LTA
    return Level.B_LT
