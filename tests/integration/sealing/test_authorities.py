"""The embedded authorities over HTTP: hostile input, several processes, strangers on the port."""

from __future__ import annotations

import base64
import contextlib
import datetime as dt
import http.client
import json
import signal
import socket
import subprocess
import sys
import textwrap

import pytest
import requests
from asn1crypto import tsp
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp

from docsvc.adapters.pki.authorities import Authorities, answering_pki
from docsvc.adapters.pki.folder import describe, service_certificate
from docsvc.domain.errors import SetupError
from tests.support.sealing import answering, make_pki

QUERY = {"Content-Type": "application/timestamp-query"}


def stamp_query():
    imprint = {"hash_algorithm": {"algorithm": "sha256"}, "hashed_message": bytes(32)}
    return tsp.TimeStampReq({"version": 1, "message_imprint": imprint, "cert_req": True}).dump()


def works(folder):
    answer = requests.post(describe(folder).tsa_url, stamp_query(), headers=QUERY, timeout=5)
    granted = tsp.TimeStampResp.load(answer.content)["status"]["status"].native == "granted"
    return answer.status_code == 200 and answer.headers["Content-Type"] == "application/timestamp-reply" and granted


@pytest.fixture
def served(rsa_authorities):
    return rsa_authorities.description


def test_certificates_and_lists_are_served_as_they_are(rsa_keys, served):
    certificate = requests.get(f"{served.base_url}/ca/issuing.cer", timeout=5)
    assert x509.load_der_x509_certificate(certificate.content) == service_certificate(rsa_keys, "issuing")
    for name in ("root", "issuing"):
        crl = requests.get(f"{served.base_url}/crl/{name}.crl", timeout=5)
        assert crl.headers["Content-Type"] == "application/pkix-crl"
        parsed = x509.load_der_x509_crl(crl.content)
        assert parsed.is_signature_valid(service_certificate(rsa_keys, name).public_key())


def test_ocsp_by_get(rsa_keys, served):
    issuing, root = service_certificate(rsa_keys, "issuing"), service_certificate(rsa_keys, "root")
    query = ocsp.OCSPRequestBuilder().add_certificate(issuing, root, hashes.SHA1()).build()
    text = base64.b64encode(query.public_bytes(Encoding.DER)).decode()
    for path in (text, requests.utils.quote(text, safe="")):
        answer = requests.get(f"{served.base_url}/ocsp/{path}", timeout=5)
        assert answer.headers["Content-Type"] == "application/ocsp-response"
        assert "Expires" in answer.headers
        assert ocsp.load_der_ocsp_response(answer.content).certificate_status is ocsp.OCSPCertStatus.GOOD


@pytest.mark.parametrize(
    ("method", "path", "headers", "body", "status"),
    [
        ("POST", "/tsa", {"Content-Type": "text/plain"}, b"x", 415),
        ("POST", "/nothing", QUERY, b"x", 404),
        ("POST", "/tsa", {**QUERY, "Content-Length": "99999999"}, b"", 413),
        ("POST", "/tsa", {**QUERY, "Content-Length": "9" * 400}, b"", 413),
        ("POST", "/tsa", {**QUERY, "Content-Length": "-1"}, b"", 411),
        ("POST", "/tsa", {**QUERY, "Content-Length": "²"}, b"", 411),
        ("POST", "/tsa", {**QUERY, "Transfer-Encoding": "chunked"}, b"", 411),
        ("GET", "/crl/../root.p12", {}, b"", 404),
        ("GET", "/ca/tsa.cer", {}, b"", 404),
        ("GET", "/crl/other.crl", {}, b"", 404),
        ("DELETE", "/tsa", {}, b"", 501),
    ],
)
def test_hostile_requests_are_refused_and_the_authorities_live_on(
    rsa_keys, served, method, path, headers, body, status
):
    connection = http.client.HTTPConnection("127.0.0.1", served.port, timeout=5)
    with contextlib.closing(connection):
        connection.putrequest(method, f"/{served.pki_id}{path}", skip_accept_encoding=True)
        for name, value in headers.items():
            connection.putheader(name, value.encode("utf-8"))
        if "Content-Length" not in headers and body:
            connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body or None)
        assert connection.getresponse().status == status
    assert works(rsa_keys)


@pytest.mark.parametrize("data", [b"\x00" * 100, b"GET\r\n\r\n", b"POST / HTTP/9.9\r\n\r\n", b"\xff" * 70_000, b""])
def test_nonsense_on_the_wire_harms_nothing(rsa_keys, served, data):
    with socket.create_connection(("127.0.0.1", served.port), timeout=5) as wire, contextlib.suppress(OSError):
        wire.sendall(data)
        wire.shutdown(socket.SHUT_WR)
        while wire.recv(65536):
            pass
    assert works(rsa_keys)


def test_another_pki_s_addresses_are_not_answered(served):
    assert (
        requests.get(f"http://127.0.0.1:{served.port}/0000000000000000/ca/root.cer", timeout=5).status_code == 404
    )


def test_stopping_ends_it_and_starting_again_works(keys):
    authorities = Authorities(keys)
    with authorities:
        assert works(keys)
        authorities.start()
    assert answering_pki(describe(keys).port) is None
    with authorities:
        assert works(keys)


def test_two_in_one_process_serve_together(keys):
    with Authorities(keys):
        with Authorities(keys):
            assert works(keys)
        assert works(keys)


CHILD = textwrap.dedent("""
    import sys
    from pathlib import Path
    from docsvc.adapters.pki.authorities import Authorities
    with Authorities(Path(sys.argv[1])):
        print("up", flush=True)
        sys.stdin.read()
""")


def test_a_killed_process_takes_nothing_from_the_others(keys):
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD, str(keys)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        assert child.stdout.readline() == "up\n"
        with Authorities(keys):
            child.send_signal(signal.SIGKILL)
            child.wait()
            assert all(works(keys) for _ in range(20))
    finally:
        child.kill()
        child.communicate()


def test_a_stranger_on_the_port_is_named(tmp_path):
    with answering(lambda _: (200, "text/plain", b"hello")) as address:
        port = int(address.split(":")[2].split("/")[0])
        folder = make_pki(tmp_path / "dev", port=port)
        with pytest.raises(SetupError, match=str(port)):
            Authorities(folder).start()


def test_another_checkout_s_authorities_on_the_port_are_no_ours(tmp_path, keys):
    other = make_pki(tmp_path / "other", port=describe(keys).port)
    with Authorities(keys), pytest.raises(SetupError, match="another program"):
        Authorities(other).start()


def test_an_expired_authority_does_not_start(keys, clock):
    clock.offset = dt.timedelta(days=9 * 365)
    with pytest.raises(SetupError, match="expired"):
        Authorities(keys, clock=clock)


def test_a_damaged_revocation_list_is_an_error_over_http(keys):
    with Authorities(keys) as authorities:
        (keys / "revoked.json").write_text(json.dumps({"not hexadecimal": {}}))
        assert requests.get(f"{authorities.description.base_url}/crl/issuing.crl", timeout=5).status_code == 500
        assert works(keys)
