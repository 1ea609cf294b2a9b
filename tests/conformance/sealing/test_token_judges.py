"""Documents sealed with keys that are in a token or with a signing service, before the outside judges."""

from __future__ import annotations

import datetime as dt
import json
import time

import pytest

from docsvc.adapters.pades.sealer import PadesSealer
from docsvc.adapters.pades.verifier import PdfVerifier
from docsvc.adapters.pki.authorities import Authorities
from docsvc.adapters.pki.doors import DoorKeys, read_places
from docsvc.adapters.pki.enrolment import certify_for_development, note_place
from docsvc.adapters.pki.folder import describe
from docsvc.adapters.pki.keys import FolderKeys
from docsvc.adapters.pki.token import TokenDoor
from docsvc.domain.document import Level, Slot
from docsvc.domain.verdict import Indication
from tests.conformance.sealing.test_judges import MIDDLE, parts, run
from tests.support.sealing import AGENCY, SONG, make_pki
from tests.support.tokens import LABEL, PIN, make_token

pytestmark = [pytest.mark.judge, pytest.mark.office]


@pytest.mark.parametrize("algorithm", ["rsa-2048", "rsa-3072", "rsa-pss-2048", "ecdsa-p256", "ecdsa-p384"])
def test_a_seal_out_of_the_token_is_as_good_as_any(paper, tmp_path, monkeypatch, algorithm):
    token = make_token(tmp_path / "token")
    monkeypatch.setenv("SOFTHSM2_CONF", str(token.configuration))
    door, folder = TokenDoor(token.module, LABEL, lambda: PIN), make_pki(tmp_path / "dev")
    if "pss" in algorithm:
        written = describe(folder)
        told = {**{name: getattr(written, name) for name in written.__slots__}, "algorithm": algorithm}
        (folder / "authorities.json").write_text(json.dumps(told))
    certify_for_development(
        folder, None, AGENCY, door.generate(AGENCY.seal.id, algorithm.replace("pss-", "")), dt.datetime.now(dt.UTC)
    )
    note_place(folder, AGENCY.seal.id, AGENCY.seal.id)
    keys = DoorKeys(folder, read_places(folder), FolderKeys(folder), lambda _name: door)
    with Authorities(folder):
        sealer = PadesSealer(keys, [SONG], [describe(folder).tsa_url])
        pdf, achieved, why = sealer.seal(paper, [Slot(MIDDLE, AGENCY.seal)], Level.B_LTA)
        sealer.close()
    door.close()
    assert (achieved, why) == (Level.B_LTA, None)
    assert pdf.startswith(paper)

    (tmp_path / "sealed.pdf").write_bytes(pdf)
    code, text = run("qpdf", "--check", tmp_path / "sealed.pdf")
    assert code == 0, text
    _, text = run("pdfsig", "-nocert", tmp_path / "sealed.pdf")
    assert "Signature is Valid." in text
    covered, cms, _ = next(parts(pdf))
    (tmp_path / "data").write_bytes(covered)
    (tmp_path / "cms").write_bytes(cms)
    form = ("-cades", "-binary", "-purpose", "any", "-inform", "DER")
    files = ("-in", tmp_path / "cms", "-content", tmp_path / "data", "-CAfile", folder / "root.pem")
    code, text = run("openssl", "cms", "-verify", *form, *files)
    assert code == 0, text
    time.sleep(1)  # validation wants the time-stamps to be in the past, by the whole second
    report = PdfVerifier([folder / "root.pem"], isolated=False).verify(pdf, dt.datetime.now(dt.UTC))
    assert report.indication is Indication.PASSED, report
