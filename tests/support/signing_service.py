"""A remote signing service by the CSC API v2, small and real: it holds keys and signs digests."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.serialization import Encoding

SIGN = {  # signAlgo: its digest's OID, and that digest
    "1.2.840.113549.1.1.11": ("2.16.840.1.101.3.4.2.1", hashes.SHA256()),
    "1.2.840.113549.1.1.10": ("2.16.840.1.101.3.4.2.1", hashes.SHA256()),
    "1.2.840.10045.4.3.2": ("2.16.840.1.101.3.4.2.1", hashes.SHA256()),
    "1.2.840.10045.4.3.3": ("2.16.840.1.101.3.4.2.2", hashes.SHA384()),
}


@dataclass
class SigningService:
    """`credentials` maps ids to key and certificate. What it does wrong is set by the test."""

    token: str
    credentials: dict[str, tuple[object, x509.Certificate]] = field(default_factory=dict)
    url: str = ""
    asked: list[str] = field(default_factory=list)
    status: int | None = None  # of every answer
    slow: threading.Event | None = None  # answers wait for it
    spoiled: dict[str, object] = field(default_factory=dict)  # members of answers, by name, to put in place

    def answer(self, path: str, authorization: str, body: dict) -> tuple[int, dict]:
        self.asked.append(path)
        if self.slow:
            self.slow.wait(30)
        if self.status:
            return self.status, {"error": "server_error", "error_description": f"no {self.token}"}
        if authorization != f"Bearer {self.token}":
            return 401, {"error": "invalid_token", "error_description": authorization}
        if body.get("credentialID") not in self.credentials:
            return 400, {"error": "invalid_request", "error_description": "Invalid parameter credentialID"}
        key, certificate = self.credentials[body["credentialID"]]
        return 200, {**getattr(self, path.rsplit("/", 1)[1])(key, certificate, body), **self.spoiled}

    def info(self, key, certificate, body) -> dict:
        assert body["certificates"] == "single"
        der = base64.b64encode(certificate.public_bytes(Encoding.DER)).decode()
        return {
            "key": {"status": "enabled", "algo": ["1.2.840.113549.1.1.11"], "len": key.key_size},
            "cert": {"status": "valid", "certificates": [der]},
            "authMode": "explicit",
            "multisign": 1,
        }

    def signHash(self, key, _certificate, body) -> dict:  # noqa: N802 - the API's name
        digest_oid, algorithm = SIGN[body["signAlgo"]]
        assert body["hashAlgorithmOID"] == digest_oid
        ((digest,), known) = map(base64.b64decode, body["hashes"]), Prehashed(algorithm)
        if body["signAlgo"].endswith("1.1.10"):
            assert len(base64.b64decode(body["signAlgoParams"])) > 40
            value = key.sign(digest, padding.PSS(padding.MGF1(algorithm), 32), known)
        elif isinstance(key, rsa.RSAPrivateKey):
            value = key.sign(digest, padding.PKCS1v15(), known)
        else:
            value = key.sign(digest, ec.ECDSA(known))
        return {"signatures": [base64.b64encode(value).decode()]}


@contextmanager
def serving(service: SigningService) -> Iterator[SigningService]:
    """On loopback; stops with the block."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self):
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            status, members = service.answer(self.path, self.headers.get("Authorization", ""), body)
            data = json.dumps(members).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_):
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        block_on_close = False

        def handle_error(self, *_):
            pass

    with Server(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        service.url = f"http://127.0.0.1:{server.server_port}/csc/v2"
        try:
            yield service
        finally:
            if service.slow:
                service.slow.set()
            server.shutdown()
            thread.join()
