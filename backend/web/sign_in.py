"""Signing in and out with a local account, the length of a session, and the choice of the theme."""

from __future__ import annotations

import hashlib
import secrets
from datetime import timedelta
from functools import lru_cache
from typing import Final

from flask import Blueprint, Flask, abort, flash, redirect, render_template, request, session, url_for
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address
from flask_login import LoginManager, UserMixin, current_user, login_required, login_user, logout_user
from flask_wtf import FlaskForm
from werkzeug.security import check_password_hash, generate_password_hash
from werkzeug.wrappers import Response
from wtforms import PasswordField, StringField
from wtforms.validators import InputRequired, Length

from backend.web.returning import next_page
from backend.web.services import Account, provided, services
from backend.web.words import say

IDLE: Final = timedelta(hours=8)
THEMES: Final = ("system", "light", "dark")
LIVE_HEADER: Final = "X-Lockstep-Live"

sign_in = Blueprint("sign_in", __name__)
limiter = Limiter(get_remote_address, headers_enabled=False, strategy="moving-window")


class SignedIn(UserMixin):  # type: ignore[misc]  # Flask-Login brings no types
    """An account for Flask-Login. Its session ends when the password changes, because the id contains a trace of it."""

    def __init__(self, account: Account) -> None:
        self.account = account

    def get_id(self) -> str:
        """Account id and a fingerprint of the password hash."""
        return f"{self.account.id}.{fingerprint(self.account)}"

    @property
    def may_manage(self) -> bool:
        """Whether this account may change anything."""
        return self.account.role == "admin"

    @property
    def label(self) -> str:
        """What the top bar shows."""
        return self.account.name or self.account.address


class SignInForm(FlaskForm):  # type: ignore[misc]  # Flask-WTF brings no types
    """Address and password."""

    address = StringField(validators=[InputRequired(say("Type your address.")), Length(max=320)])
    password = PasswordField(validators=[InputRequired(say("Type your password.")), Length(max=1024)])


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
    manager = LoginManager(app)
    manager.session_protection = "basic"
    manager.user_loader(load)
    manager.unauthorized_handler(ask)
    app.before_request(prolong)
    app.register_blueprint(sign_in)


def fingerprint(account: Account) -> str:
    """A trace of the password hash that tells nothing about it."""
    return hashlib.blake2b(account.password_hash.encode(), digest_size=8).hexdigest()


def load(stored: str) -> SignedIn | None:
    """The account behind a session, None when it is gone or its password was changed."""
    number, _, trace = stored.partition(".")
    account = services().accounts.by_id(int(number)) if number.isdigit() else None
    return SignedIn(account) if account is not None and secrets.compare_digest(trace, fingerprint(account)) else None


def ask() -> Response:
    """Nobody is signed in: the sign-in page for people, 401 for everything that is no page."""
    if request.method != "GET" or LIVE_HEADER in request.headers or not request.accept_mimetypes.accept_html:
        abort(401)
    return redirect(url_for("sign_in.page", next=request.full_path.rstrip("?")))


def prolong() -> None:
    """A session lasts `IDLE` from the last thing that a person did; numbers that refresh themselves do not count."""
    if current_user.is_authenticated and LIVE_HEADER not in request.headers and request.endpoint != "assets.file":
        session.permanent = True
        session.modified = True


@lru_cache(maxsize=1)
def _nobodys_hash() -> str:
    return generate_password_hash(secrets.token_hex(16))


def _account_for(address: str, password: str) -> Account | None:
    """The account whose address and password these are; as slow for an unknown address as for a known one."""
    account = services().accounts.by_address(address.strip())
    matches = check_password_hash(account.password_hash if account else _nobodys_hash(), password)
    return account if matches else None


def _typed_address() -> str:
    return f"sign-in:{request.form.get('address', '').strip().casefold()[:320]}"


def _refused(answer: Response) -> bool:
    return answer.status_code != 302


@sign_in.get("/sign-in")
def page() -> str | Response:
    """The form."""
    if current_user.is_authenticated:
        return redirect(next_page(url_for("status.page")))
    return render_template("sign_in.html", form=SignInForm())


@sign_in.post("/sign-in")
@limiter.limit("30 per minute", deduct_when=_refused)
@limiter.limit("10 per minute;60 per hour", key_func=_typed_address, deduct_when=_refused)
def submit() -> str | Response | tuple[str, int]:
    """Sign in. Whether address or password was wrong is not said."""
    form = SignInForm()
    if not form.validate():
        return render_template("sign_in.html", form=form), 422
    account = _account_for(form.address.data, form.password.data)
    if account is None:
        services().record(form.address.data.strip()[:320], "sign-in refused", "", {"from": request.remote_addr})
        return render_template("sign_in.html", form=form, refused=True), 422
    session.clear()
    login_user(SignedIn(account))
    services().accounts.signed_in(account.id, services().now())
    services().record(account.address, "signed in", "", {"from": request.remote_addr})
    return redirect(next_page(url_for("status.page")))


@sign_in.post("/sign-out")
@login_required
def leave() -> Response:
    """Sign out."""
    services().record(current_user.account.address, "signed out", "", {})
    logout_user()
    session.clear()
    flash(say("You are signed out."))
    return redirect(url_for("sign_in.page"))


@sign_in.post("/session/prolong")
@login_required
def stay() -> tuple[str, int]:
    """Prolong the session; `prolong` has done it by the time we are here."""
    return "", 204


@sign_in.post("/theme")
@login_required
def theme() -> Response:
    """Keep the choice of the theme with the account."""
    chosen = request.form.get("theme", "")
    if chosen not in THEMES:
        abort(422, say("The theme must be system, light or dark; “%(chosen)s” is none of them.", chosen=chosen))
    services().accounts.set_theme(current_user.account.id, chosen)
    return redirect(next_page(url_for("status.page")))
