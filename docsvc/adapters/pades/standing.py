"""How a certificate stands this moment, asked of its authorities: for whoever looks the machine over."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence

from docsvc.adapters.pades.fetch import Fetcher
from docsvc.adapters.pades.fitness import Purpose, UntrustedError
from docsvc.adapters.pades.trust import Trust


class SealStandings:
    """Judges seals' certificates as the sealer does before each use; nothing is kept from before."""

    def __init__(
        self,
        roots: Sequence[bytes],
        clock: Callable[[], dt.datetime] = lambda: dt.datetime.now(dt.UTC),
        deadline_s: float = 10.0,
    ) -> None:
        self._fetcher = Fetcher(deadline_s)
        self._trust = Trust(roots, self._fetcher, clock)

    def of(self, chain: Sequence[bytes]) -> tuple[str | None, str | None]:
        """(why it must not be used, what could not be learnt of its revocation): both None where all is well."""
        try:
            return None, self._trust.of(chain, Purpose.SEAL).missing
        except UntrustedError as e:
            return str(e), None

    def close(self) -> None:
        """Let go of connections."""
        self._fetcher.close()
