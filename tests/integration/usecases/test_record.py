"""The sequencer where several processes share a PostgreSQL database and an S3 store."""

from __future__ import annotations

import secrets
from concurrent.futures import ThreadPoolExecutor

import pytest

from docsvc.adapters.stores.bucket import S3Target
from docsvc.adapters.stores.publisher import S3Publisher
from docsvc.adapters.stores.s3 import S3Store
from docsvc.domain.document import State
from docsvc.usecases.check_log import check_log
from docsvc.usecases.evidence import build, check
from tests.support.registry_office import NOON, RegistryOffice


class StoredLog:
    """ports.LogReader over the log's part of an object store."""

    def __init__(self, office):
        self._office = office

    def read(self, path, _limit):
        if path == "checkpoint":
            return self._office.publisher.published()
        return next((self._office.objects.get(k) for k in self._office.objects.keys(f"log/{path}")), None)


@pytest.mark.database
@pytest.mark.store
def test_several_sequencers_make_one_log_on_postgresql_and_s3(postgres_url, s3_server, tmp_path):
    target = S3Target(
        s3_server.endpoint, f"t-{secrets.token_hex(8)}", s3_server.access_key, s3_server.secret_key, secure=False
    )

    def open_office():
        return RegistryOffice(tmp_path, url=postgres_url, objects=S3Store(target), publisher=S3Publisher(target))

    office = open_office()
    office.fill(250)  # what follows crosses the end of a tile
    office.sequence()

    def run(_):
        other = open_office()
        try:
            for _ in range(3):
                other.issue(2)
                other.sequence()
        finally:
            other.close()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(run, range(4)))
    office.sequence()
    with office.database.begin() as tx:
        rows = tx.documents.search(state=State.RECORDED)
        assert tx.log.size() == 250 + 4 * 3 * 2 * 2
    assert len(rows) == 24
    assert office.fsck() == []
    assert check_log(StoredLog(office), office.keys).faults == ()

    pdf = office.objects.get(f"sha256/{rows[7].signed_sha256[:2]}/{rows[7].signed_sha256[2:]}")
    bundle = build(office.database, office.publisher, rows[7], pdf, office.notary.vkey)
    assert {c.indication.value for c in check(bundle, pdf, office.keys, NOON)} == {"TOTAL-PASSED"}
    office.close()
