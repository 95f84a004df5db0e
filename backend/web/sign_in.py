"""Signing in and out, the length of a session, and the choice of the theme.

Every page but those in `OPEN` asks for a sign-in; nothing has to be remembered at a new one.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping
from datetime import timedelta
from typing import Final

from flask import Blueprint, Flask, abort, flash, redirect, render_template, request, session, url_for
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address
from flask_login import LoginManager, UserMixin, current_user, login_user, logout_user  # type: ignore[import-untyped]  # it publishes no types
from werkzeug.wrappers import Response

from backend.storage.views.guide import nobody_assigned
from backend.web.errors import wants_json
from backend.web.returning import next_page
from backend.web.services import Account, provided, services
from backend.web.words import say

IDLE: Final = timedelta(hours=8)
LONGEST: Final = timedelta(hours=12)
"""A session ends after this in any case; the rights in Salesforce are asked for anew then."""
THEMES: Final = ("system", "light", "dark")
BEGAN: Final = "began"
LIVE_HEADER: Final = "X-Lockstep-Live"
OPEN: Final = frozenset({
    "assets.file", "assets.favicon", "sign_in.page", "sign_in.submit", "salesforce_sign_in.begin",
    "salesforce_sign_in.callback", "monitor.health", "monitor.ready", "monitor.metrics",
    "consent.come_back",
})  # fmt: skip
LONGEST_ADDRESS: Final = 320
LONGEST_PASSWORD: Final = 1024

sign_in = Blueprint("sign_in", __name__)
limiter = Limiter(get_remote_address, headers_enabled=False, strategy="moving-window")


class SignedIn(UserMixin):  # type: ignore[misc]  # Flask-Login publishes no types
    """An account for Flask-Login. Its sessions end when what the trace in their id is made of changes."""

    def __init__(self, account: Account) -> None:
        self.account = account

    def get_id(self) -> str:
        """Account id and a fingerprint of password hash and session key."""
        return f"{self.account.id}.{fingerprint(self.account)}"

    @property
    def may_manage(self) -> bool:
        """Whether this account may change anything."""
        return self.account.role == "admin"

    @property
    def is_rep(self) -> bool:
        """Whether this account sees only what is its own."""
        return self.account.role == "rep"

    @property
    def label(self) -> str:
        """What the top bar shows."""
        return self.account.name or self.account.address


def me() -> SignedIn | None:
    """Whoever is signed in."""
    user = current_user._get_current_object()
    return user if isinstance(user, SignedIn) else None


def is_rep() -> bool:
    """Whether who is signed in sees only what is his own."""
    user = me()
    return user is not None and user.is_rep


def somebody() -> SignedIn:
    """Whoever is signed in, on a page that nobody else reaches."""
    user = me()
    if user is None:
        abort(401)
    return user


def manager() -> SignedIn:
    """Whoever is signed in and may change things; 403 for those who may only look."""
    user = somebody()
    if not user.may_manage:
        abort(403)
    return user


def register(app: Flask) -> None:
    """Sessions, the limits on guessing, and the pages of this module."""
    app.config.update(
        PERMANENT_SESSION_LIFETIME=IDLE,
        SESSION_REFRESH_EACH_REQUEST=False,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        RATELIMIT_STORAGE_URI=provided(app).limits_storage,
        RATELIMIT_IN_MEMORY_FALLBACK_ENABLED=True,
    )
    limiter.init_app(app)
    logins = LoginManager(app)
    logins.user_loader(load)
    app.before_request(end_long_sessions)
    app.before_request(ask)
    app.before_request(prolong)
    app.register_blueprint(sign_in)


def fingerprint(account: Account) -> str:
    """A trace of password hash and session key that tells nothing about them."""
    return hashlib.blake2b(f"{account.password_hash} {account.session_key}".encode(), digest_size=8).hexdigest()


def end_long_sessions() -> None:
    """Signs out whoever signed in too long ago, however busy he was since."""
    if me() is not None and not 0 <= services().now().timestamp() - session.get(BEGAN, 0) <= LONGEST.total_seconds():
        logout_user()
        session.clear()
        flash(say("Your sign-in lasted 12 hours and has ended. Sign in again."))


def load(stored: str) -> SignedIn | None:
    """The account behind a session, None when it is gone or its password was changed."""
    number, _, trace = stored.partition(".")
    account = services().accounts.by_id(int(number)) if number.isdigit() else None
    return SignedIn(account) if account is not None and secrets.compare_digest(trace, fingerprint(account)) else None


def ask() -> Response | None:
    """Where nobody is signed in: the sign-in page for people, 401 for everything that is no page."""
    if request.endpoint in OPEN or me() is not None:
        return None
    if request.method != "GET" or LIVE_HEADER in request.headers or wants_json():
        abort(401)
    return redirect(url_for("sign_in.page", next=request.full_path.rstrip("?")))


def prolong() -> None:
    """A session lasts `IDLE` from the last thing that a person did; numbers that refresh themselves do not count."""
    if request.endpoint not in OPEN and LIVE_HEADER not in request.headers and me() is not None:
        session.permanent = True
        session.modified = True


def _typed_address() -> str:
    return f"sign-in:{request.form.get('address', '').strip().casefold()[:LONGEST_ADDRESS]}"


def _refused(answer: Response) -> bool:
    return answer.status_code != 302


@sign_in.get("/sign-in")
def page() -> str | Response:
    """The form."""
    if me() is not None:
        return redirect(next_page(url_for("status.page")))
    return form()


def form(address: str = "", problems: Mapping[str, str] | None = None, **more: object) -> str:
    """The form, with what was typed and what is wrong with it."""
    more["with_salesforce"] = services().salesforce_sign_in.ready()
    return render_template("sign_in.html", address=address, problems=problems or {}, **more)


@sign_in.post("/sign-in")
@limiter.limit("30 per minute", deduct_when=_refused)
@limiter.limit("10 per minute;60 per hour", key_func=_typed_address, deduct_when=_refused)
def submit() -> str | Response | tuple[str, int]:
    """Sign in. Whether address or password was wrong is not said."""
    address = request.form.get("address", "").strip()[:LONGEST_ADDRESS]
    password = request.form.get("password", "")[:LONGEST_PASSWORD]
    problems = {
        "address": "" if address else say("Type your address."),
        "password": "" if password else say("Type your password."),
    }
    if any(problems.values()):
        return form(address, problems), 422
    account = services().accounts.verified(address, password)
    if account is None:
        services().record(address, "sign-in refused", "", {"from": request.remote_addr})
        return form(address, refused=True), 422
    return redirect(enter(account, _first_page(account)))


def _first_page(account: Account) -> str:
    """Where the sign-in leads: an installation to which nobody is assigned yet leads its admin to the guide."""
    wanted = next_page(url_for("status.page"))
    if wanted != url_for("status.page") or account.role != "admin":
        return wanted
    with services().reading.connect() as connection:
        return url_for("guide.resume") if nobody_assigned(connection) else wanted


def enter(account: Account, target: str) -> str:
    """A new session for this account, noted in the audit; `target` again."""
    session.clear()
    login_user(SignedIn(account))
    session.permanent = True
    session[BEGAN] = services().now().timestamp()
    services().accounts.signed_in(account.id, services().now())
    services().record(account.address, "signed in", "", {"from": request.remote_addr})
    return target


@sign_in.post("/sign-out/everywhere")
def leave_everywhere() -> Response:
    """End every session of this account, on every device."""
    account = somebody().account
    services().accounts.end_sessions(account.id)
    services().record(account.address, "signed out everywhere", "", {})
    logout_user()
    session.clear()
    flash(say("You are signed out on every device."))
    return redirect(url_for("sign_in.page"))


@sign_in.post("/sign-out")
def leave() -> Response:
    """Sign out."""
    services().record(somebody().account.address, "signed out", "", {})
    logout_user()
    session.clear()
    flash(say("You are signed out."))
    return redirect(url_for("sign_in.page"))


@sign_in.post("/session/prolong")
def stay() -> tuple[str, int]:
    """Prolong the session; `prolong` has done it by the time we are here."""
    return "", 204


@sign_in.post("/theme")
def theme() -> Response:
    """Keep the choice of the theme with the account."""
    chosen = request.form.get("theme", "")
    if chosen not in THEMES:
        abort(422, say("The theme must be system, light or dark; “%(chosen)s” is none of them.", chosen=chosen))
    services().accounts.set_theme(somebody().account.id, chosen)
    return redirect(next_page(url_for("status.page")))
