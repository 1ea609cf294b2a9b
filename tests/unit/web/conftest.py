"""The pages on a registry office of its own, and a visitor who fills in forms as a browser does."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass, field
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from docsvc.domain.access import Role
from docsvc.usecases.accounts import Accounts
from tests.support.passwords import QuickPasswords
from tests.support.portal import PASSWORD, Portal

TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')


@dataclass
class Visitor:
    """One browser."""

    client: FlaskClient
    name: str | None = None
    token: str = field(default="", init=False)

    def get(self, path: str, **headers: str) -> TestResponse:
        r = self.client.get(path, buffered=True, headers={k.replace("_", "-"): v for k, v in headers.items()})
        if found := TOKEN.search(r.text if r.mimetype == "text/html" else ""):
            self.token = html.unescape(found[1])
        return r

    def post(self, path: str, data: dict[str, Any] | None = None, **more: Any) -> TestResponse:
        """With the form token of the page that was looked at last; of the form for verification, if none was."""
        if not self.token:
            self.get("/verify")
        return self.client.post(path, data={"csrf_token": self.token} | (data or {}), **more)

    def sign_in(self, name: str, password: str = PASSWORD, to: str = "/") -> TestResponse:
        self.get("/sign-in")
        r = self.post("/sign-in", {"name": name, "password": password, "next": to})
        if r.status_code == 303:
            self.token, self.name = "", name
        return r


class Site(Portal):
    """A portal whose users sign in quickly."""

    def __init__(self, folder: Any, **settings: Any) -> None:
        super().__init__(folder, **settings)
        self.passwords = QuickPasswords()
        ours = self.service.accounts
        self.service.accounts = Accounts(
            database=ours.database,
            passwords=self.passwords,
            clock=ours.clock,
            longest=ours.longest,
            idle=ours.idle,
            decoy=self.passwords.hash("nobody's"),
            note=ours.note,
        )

    def visitor(self, role: Role | None = None, agency: str | None = "demo-market") -> Visitor:
        """Somebody with that role, signed in; anyone where none is named."""
        visitor = Visitor(self.browser())
        if role is not None:
            assert visitor.sign_in(self.user(role, agency)).status_code == 303
        return visitor


@pytest.fixture
def make_site(tmp_path):
    """Sites with settings of their own."""
    sites = []

    def make(**settings: Any) -> Site:
        sites.append(Site(tmp_path / f"site{len(sites)}", **settings))
        return sites[-1]

    yield make
    for site in sites:
        site.close()


@pytest.fixture
def site(make_site):
    return make_site(rate_limit_anonymous="100000/minute")


@pytest.fixture
def officer(site):
    return site.visitor(Role.OFFICER)
