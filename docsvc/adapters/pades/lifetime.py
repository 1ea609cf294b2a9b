"""Until when a time-stamp can be relied on: the ends of its authority's certificates and of its algorithms."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator

from asn1crypto import cms, x509

from docsvc.adapters.pades.algorithms import digest_strength, key_strength
from docsvc.adapters.pades.stamping import signer_of
from docsvc.adapters.pades.time_stamps import read_stamp

EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


def good_until(stamp: cms.SignedData, roots: Iterable[x509.Certificate]) -> dt.datetime:
    """When the first of what a token rests on ends: a certificate of its path, a key or a digest of our table.

    By then another time-stamp must stand over it (EN 319 142-1, 5.5). An algorithm that is relied on no more gives
    the epoch. Raises ValueError, TypeError or KeyError for what is no token.
    """
    own, others = signer_of(stamp)
    path = list(_path(own, [*others, *roots]))
    said = read_stamp(stamp)
    digests = {said.algorithm, str(stamp["signer_infos"][0]["digest_algorithm"]["algorithm"].native)}
    ends = [c.not_valid_after for c in path]
    ends += [until for c in path if (until := key_strength(c.public_key, said.time).until)]
    ends += [until for name in digests if (until := digest_strength(name, said.time).until)]
    first: dt.datetime = max(min(ends), EPOCH)
    return first


def _path(own: x509.Certificate, others: list[x509.Certificate]) -> Iterator[x509.Certificate]:
    """From a certificate upwards by names, as far as certificates are at hand."""
    seen = {own.dump()}
    yield own
    while own.issuer.dump() != own.subject.dump():
        above = next((c for c in others if c.subject.dump() == own.issuer.dump() and c.dump() not in seen), None)
        if above is None:
            return
        seen.add(above.dump())
        yield (own := above)
