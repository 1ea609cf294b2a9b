"""A development PKI, its authorities, a plain PDF and authorities that misbehave, for tests of sealing."""

from __future__ import annotations

import datetime as dt
import io
import subprocess
import threading
from collections.abc import Callable
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pikepdf
import pytest

from docsvc.adapters.pades.sealer import PadesSealer
from docsvc.adapters.pki.authorities import Authorities
from docsvc.adapters.pki.folder import describe, init_pki
from docsvc.adapters.pki.keys import FolderKeys
from docsvc.domain.agency import Agency, SealDesign
from docsvc.domain.document import SealPlace

SONG = Path("/usr/share/fonts/opentype/noto/NotoSerifCJK-Regular.ttc")
PLACE = SealPlace(page=0, x=400.0, y=200.0)


def agency(number: int, name: str = "舟山市示例区市场监督管理局", emblem: str = "star") -> Agency:
    """An agency whose seal is SEAL-<number>."""
    return Agency(
        id=f"agency-{number}",
        name=name,
        short="示",
        uscc=f"11330999000000{number:04d}",
        region_code="330999",
        address="测试路1号",
        postcode="316999",
        phone="0580-0000001",
        reconsideration_body="示例区人民政府",
        court="示例区人民法院",
        seal=SealDesign(f"SEAL-{number}", name, 42, emblem),
        numbering={},
    )


AGENCY = agency(1)


class Clock:
    """The time of day, with an offset that a test may move."""

    def __init__(self):
        self.offset = dt.timedelta()

    def __call__(self):
        return dt.datetime.now(dt.UTC) + self.offset


def plain_pdf(pages: int = 1, size: tuple[int, int] = (595, 842)) -> bytes:
    """A small PDF 1.7 without text."""
    pdf = pikepdf.new()
    for _ in range(pages):
        pdf.add_blank_page(page_size=size)
    out = io.BytesIO()
    pdf.save(out, min_version="1.7")
    return out.getvalue()


def office_pdf(folder: Path) -> bytes:
    """PDF/A-2b of a two-page Chinese document, tagged, from the office itself."""
    import docx

    document = docx.Document()
    document.add_paragraph("行政建议书")
    for _ in range(40):
        document.add_paragraph("本机关在日常巡查中发现相关问题，现提出如下建议。" * 3)
    document.add_paragraph(AGENCY.name)
    document.add_paragraph("2026年11月22日")
    source = folder / "paper.docx"
    document.save(source)
    export = (
        'pdf:writer_pdf_Export:{"SelectPdfVersion":{"type":"long","value":"2"},'
        '"UseTaggedPDF":{"type":"boolean","value":"true"},"ExportFormFields":{"type":"boolean","value":"false"}}'
    )
    profile = f"-env:UserInstallation={(folder / 'profile').as_uri()}"
    command = ["soffice", "--headless", profile, "--convert-to", export, "--outdir", str(folder), str(source)]
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    return (folder / "paper.pdf").read_bytes()


def sealer_for(
    folder: Path, *, tsa: str | list[str] | None = None, clock: Callable | None = None, **options
) -> PadesSealer:
    """A sealer with nothing kept from before."""
    return PadesSealer(
        FolderKeys(folder, **({"clock": clock} if clock else {})),
        [SONG],
        [tsa] if isinstance(tsa, str) else tsa or [describe(folder).tsa_url],
        **({"clock": clock} if clock else {}),
        **options,
    )


def make_pki(folder: Path, **options) -> Path:
    """Keys for one agency; ECDSA by default, which is made in no time."""
    options = {"agencies": [AGENCY], "now": dt.datetime.now(dt.UTC), "algorithm": "ecdsa-p256", **options}
    init_pki(folder, **options)
    return folder


@contextmanager
def answering(reply: Callable[[bytes], tuple[int, str, bytes]]):
    """An HTTP server on loopback that answers every POST and GET with `reply(body)`; yields its address."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            status, media, body = reply(self.rfile.read(int(self.headers.get("Content-Length") or 0)))
            self.send_response(status)
            self.send_header("Content-Type", media)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_GET(self):
            self.do_POST()

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
        try:
            yield f"http://127.0.0.1:{server.server_port}/tsa"
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture(scope="session")
def rsa_keys(tmp_path_factory):
    """A PKI with RSA keys that no test changes."""
    return make_pki(tmp_path_factory.mktemp("pki") / "dev", algorithm="rsa-2048")


@pytest.fixture(scope="session")
def rsa_authorities(rsa_keys):
    """Its authorities, serving."""
    with Authorities(rsa_keys) as authorities:
        yield authorities


@pytest.fixture
def keys(tmp_path):
    """A PKI of the test's own."""
    return make_pki(tmp_path / "dev")


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def authorities(keys, clock):
    """Authorities of the test's own PKI, by its own clock."""
    with Authorities(keys, clock=clock) as serving:
        yield serving


@pytest.fixture(scope="session")
def paper(tmp_path_factory):
    """A PDF/A-2b out of the office."""
    return office_pdf(tmp_path_factory.mktemp("office"))
