"""HTTP to authorities (time-stamps, OCSP, CRLs): small answers, a deadline for the whole exchange, no redirects."""

from __future__ import annotations

import queue
import threading
from dataclasses import dataclass
from urllib.parse import urlsplit

import urllib3

ANSWER_BYTES = 4 * 1024 * 1024  # a CRL may be large; a token has some thousand bytes
OK = 200


class FetchError(Exception):
    """An authority could not be asked or gave no answer; `str` says why, in a few words."""


@dataclass(frozen=True, slots=True)
class Answer:
    """Body and media type of a 200 answer."""

    body: bytes
    media: str


class Fetcher:
    """Asks with connections kept open. `deadline_s` bounds each exchange as a whole, however slowly bytes come.

    urllib3's own time-outs bound single reads only, so that an authority which sends a byte now and then would hold
    a seal for hours. So the exchange runs in a thread of its own, which is left behind when its time is up.
    """

    def __init__(self, deadline_s: float = 10.0) -> None:
        self.deadline_s = deadline_s
        self._pool = urllib3.PoolManager(maxsize=4, retries=False, timeout=urllib3.Timeout(deadline_s))

    def get(self, address: str) -> Answer:
        """Raises FetchError."""
        return self._within("GET", address, None, {})

    def post(self, address: str, body: bytes, media: str, accept: str) -> Answer:
        """Raises FetchError, also where the answer is not of type `accept`."""
        answer = self._within("POST", address, body, {"Content-Type": media, "Accept": accept})
        if answer.media != accept:
            raise FetchError(
                f"{_host(address)} answered with {answer.media or 'no media type'} instead of {accept}"
            )
        return answer

    def close(self) -> None:
        """Let go of the open connections."""
        self._pool.clear()

    def _within(self, method: str, address: str, body: bytes | None, headers: dict[str, str]) -> Answer:
        if urlsplit(address).scheme not in {"http", "https"}:
            raise FetchError(f"{address} is no HTTP address")
        outcome: queue.SimpleQueue[Answer | FetchError] = queue.SimpleQueue()

        def exchange() -> None:
            try:
                outcome.put(self._exchange(method, address, body, headers))
            except FetchError as e:
                outcome.put(e)

        threading.Thread(target=exchange, name="authority", daemon=True).start()
        try:
            result = outcome.get(timeout=self.deadline_s)
        except queue.Empty:
            raise FetchError(f"{_host(address)} did not answer within {self.deadline_s:g} s") from None
        if isinstance(result, FetchError):
            raise result
        return result

    def _exchange(self, method: str, address: str, body: bytes | None, headers: dict[str, str]) -> Answer:
        for attempt in (1, 2):
            try:
                return self._once(method, address, body, headers)
            except urllib3.exceptions.ProtocolError as e:
                if attempt == 2:  # noqa: PLR2004 - a kept connection may have been closed at the other end: once more
                    raise FetchError(f"{_host(address)} broke the connection off") from e
            except urllib3.exceptions.NewConnectionError as e:  # a time-out by class, but nobody was there
                raise FetchError(f"{_host(address)} can't be reached") from e
            except urllib3.exceptions.TimeoutError as e:
                raise FetchError(f"{_host(address)} did not answer within {self.deadline_s:g} s") from e
            except (urllib3.exceptions.HTTPError, OSError, ValueError) as e:
                raise FetchError(f"{_host(address)} can't be reached") from e
        raise AssertionError("unreachable")

    def _once(self, method: str, address: str, body: bytes | None, headers: dict[str, str]) -> Answer:
        response = self._pool.request(
            method, address, body=body, headers=headers, redirect=False, preload_content=False
        )
        try:
            data = response.read(ANSWER_BYTES + 1)
            if len(data) > ANSWER_BYTES:
                response.close()
                raise FetchError(f"{_host(address)} answered with more than {ANSWER_BYTES} bytes")
            if response.status != OK:
                raise FetchError(f"{_host(address)} answered with status {response.status}")
            return Answer(data, response.headers.get("Content-Type", "").split(";")[0].strip().lower())
        finally:
            response.release_conn()


def _host(address: str) -> str:
    return urlsplit(address).netloc
