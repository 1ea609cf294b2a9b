"""The pages behind a one-time link, on a device that is handed over."""

from __future__ import annotations

import re

from docsvc.domain.access import Permission, Principal, Role
from docsvc.domain.signature import Channel
from tests.support.paper import Desk
from tests.support.signing import handwriting

OFFICER = Principal("user", "u-1", "张三", "demo-market", frozenset(Permission))


def test_whoever_is_handed_the_officer_s_tablet_gets_the_document_alone(site):
    row = Desk(site).laid_out()
    link = site.service.hand_signing.link(OFFICER, row.id, "Party", Channel.ON_SITE, 30)
    tablet = site.visitor(Role.OFFICER)
    session = tablet.client.get_cookie("docsvc").value
    tablet.get("/sign")
    assert tablet.post("/sign", {"token": "no link"}).status_code == 410
    assert site.service.accounts.who(session) is not None
    opened = tablet.post("/sign", {"token": link.address.partition("#")[2]})
    assert (opened.status_code, opened.headers["Location"]) == (303, "/sign/document")
    assert "林示例" in tablet.get("/sign/document").text
    assert tablet.get("/documents").status_code == 303
    assert site.service.accounts.who(session) is None


def test_the_desk_asks_again_only_while_a_signature_is_being_completed(site):
    """What asks must be what the answer replaces: else it went on for ever, and took away a PIN half typed."""
    desk = Desk(site)
    row = desk.laid_out()
    link = site.service.hand_signing.link(OFFICER, row.id, "Party", Channel.ON_SITE, 30)
    site.service.hand_signing.give(link.address.partition("#")[2], link.code, handwriting())
    officer = site.visitor(Role.OFFICER)
    path = f"/documents/{row.id}/signatures"
    asking = re.findall(r"<[^>]*hx-get[^>]*>", officer.get(path).text)
    assert [re.search(r'id="(\w+)"', tag)[1] for tag in asking] == ["desk"]
    assert "hx-target" not in asking[0]
    desk.completion.advance(row.id)
    assert "hx-get" not in officer.get(path).text
