"""What the probes can't show through the API."""

from __future__ import annotations

from tests.support.portal import Portal


def test_an_empty_registry_can_not_seal(tmp_path):
    portal = Portal(tmp_path)
    portal.office.tamper("DELETE FROM agencies")
    parts = {p.name: p for p in portal.service.observation.parts()}
    assert parts["keys"].status == "failed"
    assert parts["database"].status == "ok"
    portal.close()
