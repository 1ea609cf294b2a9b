"""The door to keys with a remote signing service, by the API v2 of the Cloud Signature Consortium (CSC).

`POST credentials/info` tells the certificates of a credential, `POST signatures/signHash` signs a digest. Who asks
is told by a bearer token, whose scope authorises the signature. Nothing but digests leaves this machine.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
import time
from collections.abc import Callable, Mapping
from typing import Any, Final
from urllib.parse import urlsplit

import urllib3
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from docsvc.adapters.pki.cms import PSS_PARAMETERS
from docsvc.adapters.pki.doors import Way
from docsvc.domain.errors import KeyAwayError, SealError, SetupError

ANSWER_BYTES: Final = 256 * 1024
OK, REQUEST_TIMEOUT, TOO_MANY, SERVER_FAULT = 200, 408, 429, 500
DIGESTS: Final = {"sha256": "2.16.840.1.101.3.4.2.1", "sha384": "2.16.840.1.101.3.4.2.2"}
ALGORITHMS: Final = {
    ("rsa", "sha256"): "1.2.840.113549.1.1.11",
    ("rsa-pss", "sha256"): "1.2.840.113549.1.1.10",
    ("ecdsa", "sha256"): "1.2.840.10045.4.3.2",
    ("ecdsa", "sha384"): "1.2.840.10045.4.3.3",
}
LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "::1"})
ERROR: Final = re.compile(r"[a-z_]{1,40}")


class RemoteDoor:
    """One service (fits doors.Door). `url` is the base of its API, e.g. https://sign.example/csc/v2.

    `token` gives the bearer token when it is needed. `deadline_s` bounds each exchange, however slowly bytes come.
    """

    def __init__(self, url: str, token: Callable[[], str], deadline_s: float = 15.0) -> None:
        """Raises SetupError for an address whose traffic others could read."""
        parts = urlsplit(url)
        if parts.scheme != "https" and (parts.scheme != "http" or parts.hostname not in LOOPBACK):
            raise SetupError("远程签名服务须用 https；DOCSVC_REMOTE_SIGNING_URL must begin with https://")
        if parts.username or parts.password or parts.query:
            raise SetupError("远程签名服务的地址中不得有口令；DOCSVC_REMOTE_SIGNING_URL is to hold no secret")
        self._url, self._token, self._deadline_s = url.rstrip("/"), token, deadline_s
        self._host = parts.netloc
        self._pool = urllib3.PoolManager(maxsize=4, retries=False, timeout=urllib3.Timeout(deadline_s))
        self._known: set[tuple[str, bytes]] = set()

    def ready(self, key: str, certificate: x509.Certificate) -> None:
        """Is the credential that of the certificate, and can it be used? Asked once, and again after a fault."""
        der = certificate.public_bytes(Encoding.DER)
        if (key, der) in self._known:
            return
        info = self._ask("credentials/info", {"credentialID": key, "certificates": "single"})
        cert, about = info.get("cert"), info.get("key")
        listed = cert.get("certificates") if isinstance(cert, dict) else None
        status = about.get("status") if isinstance(about, dict) else None
        if not isinstance(listed, list) or not listed or _octets(listed[0]) != der:
            raise SealError(
                f"远程签名服务的凭证 {key} 与印章证书不符；"
                f"the credential {key} of the signing service is not that of the seal's certificate"
            )
        if status != "enabled":
            raise SealError(f"远程签名服务的凭证 {key} 已停用；the credential {key} is not enabled")
        self._known.add((key, der))

    def sign(self, key: str, certificate: x509.Certificate, way: Way, data: bytes) -> bytes:  # noqa: ARG002 - Door
        """The signature value over the digest of `data`; whether it is one, whoever uses it checks."""
        wanted: dict[str, Any] = {
            "credentialID": key,
            "hashes": [base64.b64encode(way.digest_of(data)).decode()],
            "hashAlgorithmOID": DIGESTS[way.digest],
            "signAlgo": ALGORITHMS[way.kind, way.digest],
        }
        if way.kind == "rsa-pss":
            wanted["signAlgoParams"] = base64.b64encode(PSS_PARAMETERS).decode()
        signatures = self._ask("signatures/signHash", wanted).get("signatures")
        value = _octets(signatures[0]) if isinstance(signatures, list) and len(signatures) == 1 else None
        if value is None:
            raise self._strange()
        return value

    def close(self) -> None:
        """Let go of the open connections."""
        self._pool.clear()

    def _ask(self, method: str, body: Mapping[str, Any]) -> Mapping[str, Any]:
        """The answer's members. Raises KeyAwayError where the service is away, SealError where it refuses."""
        try:
            status, answer = self._exchange(f"{self._url}/{method}", json.dumps(body).encode())
        except (urllib3.exceptions.HTTPError, OSError) as e:
            self._known.clear()
            raise self._away("没有响应", "does not answer") from e
        if status in (REQUEST_TIMEOUT, TOO_MANY) or status >= SERVER_FAULT:
            self._known.clear()
            raise self._away(f"暂不可用（{status}）", f"answers with status {status}")
        try:
            members = json.loads(answer)
        except (ValueError, RecursionError):
            members = None
        if not isinstance(members, dict):
            raise self._strange(status)
        if status != OK:
            # Its description is free text of another's making, so only the code of the fault is shown.
            code = members.get("error")
            code = code if isinstance(code, str) and ERROR.fullmatch(code) else status
            raise SealError(
                f"远程签名服务 {self._host} 拒绝签名（{code}）；the signing service {self._host} refused: {code}"
            )
        return members

    def _exchange(self, address: str, body: bytes) -> tuple[int, bytes]:
        end = time.monotonic() + self._deadline_s
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {self._token()}"}
        response = self._pool.request(
            "POST", address, body=body, headers=headers, redirect=False, preload_content=False
        )
        answer = b""
        try:
            while chunk := response.read1(ANSWER_BYTES):
                answer += chunk
                if len(answer) > ANSWER_BYTES or time.monotonic() > end:
                    response.close()
                    raise TimeoutError("too long an answer, or too slow a one")
            return response.status, answer
        finally:
            response.release_conn()

    def _away(self, zh: str, en: str) -> KeyAwayError:
        return KeyAwayError(
            f"远程签名服务 {self._host} {zh}，恢复后自动继续；"
            f"the signing service {self._host} {en}, work goes on when it is back"
        )

    def _strange(self, status: int = OK) -> SealError:
        return SealError(
            f"远程签名服务 {self._host} 的答复不合规范（{status}）；"
            f"the signing service {self._host} answers (status {status}) otherwise than the CSC API says"
        )


def _octets(text: Any) -> bytes | None:
    try:
        return base64.b64decode(text, validate=True) if isinstance(text, str) else None
    except binascii.Error:
        return None
