"""Lifting beside a sequencer, on the engine that lets both write at the same time."""

from __future__ import annotations

import threading

import pytest

from docsvc.adapters.processes import LinuxProcesses
from docsvc.bootstrap import now, open_templates
from docsvc.domain.document import Level, State
from docsvc.domain.verdict import Indication
from docsvc.usecases.lease import Leases
from docsvc.usecases.upgrade import Upgrade
from tests.support.registry_office import RegistryOffice


class Stamp:
    """A sealer that appends, and a verifier that has no objection."""

    indication = Indication.PASSED

    def lift(self, pdf, _target):
        return pdf + b" stamped", Level.B_LTA, None

    def good_until(self, _pdf):
        return None

    def verify(self, _pdf, _now):
        return self


@pytest.mark.database
def test_what_was_lifted_meanwhile_is_not_called_recorded(postgres_url, tmp_path):
    """The sequencer has read which documents the checkpoint covers; before it says so, one gets a new revision."""
    office = RegistryOffice(tmp_path, url=postgres_url)
    (row,) = office.issue()
    leases = Leases(office.database, LinuxProcesses(), now, 60)
    upgrade = Upgrade(office.database, open_templates(), Stamp(), Stamp(), office.objects, leases, now)
    lifting = threading.Thread(target=upgrade.lift, args=(row,))
    with office.database.begin() as tx:
        tx.lock_log()
        (covered,) = tx.documents.search(state=State.SEALED)
        lifting.start()
        lifting.join(2)
        tx.documents.update(covered.id, state=State.RECORDED)
    lifting.join(30)
    lifted = office.row(row.id)
    assert lifted.signed_sha256 != row.signed_sha256
    assert lifted.state is State.SEALED, "no checkpoint covers this revision yet"
    office.sequence()
    assert office.row(row.id).state is State.RECORDED
    assert office.fsck() == []
    office.close()
