"""Keys as an installation hands them out: each process with a folder of its own, and another party's authority."""

from __future__ import annotations

import datetime as dt
import json
import shutil
from contextlib import ExitStack

import pytest

from docsvc.adapters.pades.sealer import PadesSealer
from docsvc.adapters.pades.verifier import PdfVerifier
from docsvc.adapters.pki.authorities import Authorities
from docsvc.adapters.pki.folder import describe, password_of
from docsvc.adapters.pki.keys import FolderChains, FolderKeys
from docsvc.bootstrap import Service
from docsvc.domain.document import Level, Slot
from docsvc.domain.errors import SealError, SetupError
from docsvc.domain.verdict import Indication
from docsvc.settings import Settings
from tests.support.sealing import AGENCY, PLACE, SONG, make_pki, plain_pdf

pytestmark = pytest.mark.usefixtures("rsa_authorities")


@pytest.fixture
def production(tmp_path, rsa_keys):
    """What an operator brings: the seal's PKCS#12 with its public chain, both roots, and no authority's key."""
    folder = tmp_path / "worker"
    (folder / "seals").mkdir(parents=True)
    for path in (rsa_keys / "seals").iterdir():
        shutil.copy(path, folder / "seals")
    shutil.copy(rsa_keys / "root.pem", folder)
    (folder / "authorities.json").write_text('{"development": false}')
    return folder


@pytest.fixture
def elsewhere(tmp_path, production):
    """A time-stamp authority whose root is not the seals'."""
    other = make_pki(tmp_path / "tsa")
    shutil.copy(other / "root.pem", production / "tsa-root.pem")
    with Authorities(other):
        yield describe(other).tsa_url


def test_seals_with_another_partys_time_stamps_reach_the_highest_level(production, elsewhere, rsa_keys):
    keys = FolderKeys(production, password_of(rsa_keys))
    assert keys.of(AGENCY.seal).development  # whatever the folder says: its certificate has no legal effect
    pdf, achieved, why = PadesSealer(keys, [SONG], [elsewhere]).seal(
        plain_pdf(), [Slot(PLACE, AGENCY.seal)], Level.B_LTA
    )
    assert (achieved, why) == (Level.B_LTA, None)
    verifier = PdfVerifier(sorted(production.glob("*.pem")), isolated=False)
    report = verifier.verify(pdf, dt.datetime.now(dt.UTC) + dt.timedelta(seconds=2))
    assert report.indication is Indication.PASSED, report


def test_lifting_needs_neither_the_seals_key_nor_a_password(tmp_path, production, elsewhere, rsa_keys):
    seals = FolderKeys(production, password_of(rsa_keys))
    pdf, *_ = PadesSealer(seals, [SONG], [elsewhere]).seal(plain_pdf(), [Slot(PLACE, AGENCY.seal)], Level.B_B)
    scheduler = tmp_path / "scheduler"
    shutil.copytree(production, scheduler, ignore=shutil.ignore_patterns("*.p12"))
    keys = FolderKeys(scheduler)
    lifted, achieved, why = PadesSealer(keys, [SONG], [elsewhere]).lift(pdf, Level.B_LTA)
    assert (achieved, why) == (Level.B_LTA, None)
    assert lifted.startswith(pdf)
    with pytest.raises(SealError):
        keys.of(AGENCY.seal)
    assert (
        FolderChains(scheduler).of(AGENCY.seal)
        == FolderKeys(production, password_of(rsa_keys)).of(AGENCY.seal).chain
    )


def test_a_folder_with_seals_asks_for_their_password_at_once(production):
    with pytest.raises(SetupError, match="DOCSVC_KEY_PASSWORD"):
        FolderKeys(production)


def test_production_without_a_time_stamp_authority_is_refused_at_once(tmp_path, production, rsa_keys):
    settings = Settings(
        data_dir=tmp_path / "data", certs_dir=production, key_password=password_of(rsa_keys), tsa_url=None
    )
    with ExitStack() as closing, pytest.raises(SetupError, match="DOCSVC_TSA_URL"):
        Service(settings, closing).sealer  # noqa: B018 - building it is what is tried


def test_a_root_that_can_not_be_read_is_named(production):
    (production / "tsa-root.pem").write_text("no certificate")
    with pytest.raises(SetupError, match=r"tsa-root\.pem"):
        FolderKeys(production, "any")


def test_the_description_must_say_whether_it_is_for_development(production):
    (production / "authorities.json").write_text(json.dumps({}))
    with pytest.raises(SetupError, match=r"authorities\.json"):
        describe(production)
