"""Signing in and out, and one's own password."""

from __future__ import annotations

from flask import flash, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue

from docsvc.domain.errors import UnauthorizedError, UsageError
from docsvc.web.guard import (
    close_session,
    open_session,
    own_path,
    pages,
    principal,
    service,
    signed_in,
    someone,
    token,
)


@pages.get("/sign-in")
def sign_in() -> ResponseReturnValue:
    """The form; whoever is signed in already goes on."""
    wanted = own_path(request.args.get("next", "/"))
    if someone():
        return redirect(wanted, 303)
    return render_template("sign_in.html", next=wanted, name="")


@pages.post("/sign-in")
def check_sign_in() -> ResponseReturnValue:
    """A new session with a new token; 401 and one sentence where something is wrong."""
    name, wanted = request.form.get("name", ""), own_path(request.form.get("next", "/"))
    try:
        signed = service().accounts.sign_in(name, request.form.get("password", ""))
    except UnauthorizedError as e:
        return render_template("sign_in.html", next=wanted, name=name, fault=str(e)), 401
    if old := token():
        service().accounts.sign_out(old)
    session.clear()  # and with it the form token that somebody may have planted before
    return open_session(signed.token, wanted)


@pages.post("/sign-out")
def sign_out() -> ResponseReturnValue:
    """Ends the session here and in the database."""
    if old := token():
        service().accounts.sign_out(old)
    session.clear()
    return close_session(url_for("web.home"))


@pages.get("/still-here")
def still_here() -> ResponseReturnValue:
    """Asked for while somebody types: writing a long case is no idleness. Never sends its asker anywhere."""
    someone()
    return "", 204


@pages.get("/password")
@signed_in
def password() -> ResponseReturnValue:
    """The form for one's own password."""
    return render_template("password.html")


@pages.post("/password")
@signed_in
def change_password() -> ResponseReturnValue:
    """Another password; every other session ends."""
    current, new, again = (request.form.get(n, "") for n in ("current", "new", "again"))
    if new != again:
        return render_template("password.html", fault="两次输入的新密码不一致；the new passwords differ"), 422
    try:
        signed = service().accounts.change_password(principal(), current, new)
    except (UsageError, UnauthorizedError) as e:
        return render_template("password.html", fault=str(e)), 422
    session.clear()
    flash("密码已更改，其他设备上的登录已全部退出；your password is changed, and you are signed out elsewhere")
    return open_session(signed.token, url_for("web.home"))
