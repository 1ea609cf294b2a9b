"""A caller of the HTTP API, as a system's program is one: an address, a key, and patience."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Mapping
from typing import Any

import requests

ENDS = ("recorded", "failed", "voided")
PATIENCE_S = 120


class Api:
    """Calls below `base_url`; each path is given as the contract writes it, below /api/v1."""

    def __init__(self, base_url: str, key: str | None = None) -> None:
        self.base_url, self.key = base_url, key
        self.session = requests.Session()
        self.session.trust_env = False
        if key is not None:
            self.session.headers["Authorization"] = f"Bearer {key}"

    def url(self, path: str) -> str:
        return f"{self.base_url}/api/v1{path}"

    def call(self, method: str, path: str, **options: Any) -> requests.Response:
        return self.session.request(method, self.url(path), timeout=PATIENCE_S, **options)

    def get(self, path: str, **options: Any) -> requests.Response:
        return self.call("GET", path, **options)

    def post(
        self, case: Mapping[str, Any] | bytes, key: str | None = None, wait: int | None = None, **query: str
    ) -> requests.Response:
        """A case, under an Idempotency-Key of its own where none is given."""
        body = case if isinstance(case, bytes) else json.dumps(case, ensure_ascii=False).encode()
        headers = {"Content-Type": "application/json", "Idempotency-Key": key or secrets.token_hex(16)}
        if wait is not None:
            headers["Prefer"] = f"wait={wait}"
        return self.call("POST", "/documents", data=body, headers=headers, params=query)

    def issue(self, case: Mapping[str, Any]) -> dict[str, Any]:
        """The document of a case, recorded."""
        answer = self.post(case, wait=60)
        assert answer.status_code in (201, 202), f"{answer.status_code} {answer.text}"
        return self.until_ends(answer.json()["id"])

    def send_round(self, case: Mapping[str, Any]) -> dict[str, Any]:
        """The document of a case, laid out to be signed."""
        answer = self.post(case, wait=60, signing="envelope")
        assert answer.status_code == 202, f"{answer.status_code} {answer.text}"
        assert answer.json()["state"] == "awaiting_signatures", answer.text
        return answer.json()

    def document(self, document_id: str) -> dict[str, Any]:
        answer = self.get(f"/documents/{document_id}")
        assert answer.status_code == 200, f"{answer.status_code} {answer.text}"
        return answer.json()

    def until_ends(
        self, document_id: str, state: str = "recorded", patience_s: float = PATIENCE_S
    ) -> dict[str, Any]:
        """The document when nothing more comes of it; it has to be in `state` then."""
        end = time.monotonic() + patience_s
        while (found := self.document(document_id))["state"] not in ENDS and time.monotonic() < end:
            time.sleep(0.1)
        assert found["state"] == state, found
        return found
