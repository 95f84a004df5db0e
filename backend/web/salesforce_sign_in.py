"""Signing in with Salesforce: there and back, with PKCE, state and nonce kept in the session in between."""

from __future__ import annotations

import secrets
from typing import Final

from flask import Blueprint, current_app, redirect, request, session, url_for
from werkzeug.wrappers import Response

from backend.web.returning import next_page
from backend.web.services import SignInRefused, services
from backend.web.sign_in import enter, form, limiter
from backend.web.words import say

UNDER_WAY: Final = "salesforce-sign-in"

salesforce_sign_in = Blueprint("salesforce_sign_in", __name__)


def address() -> str:
    """Our address that the app in Salesforce must know, as an admin pastes it there."""
    return f"{current_app.config['PUBLIC_URL']}{url_for('salesforce_sign_in.callback')}"


@salesforce_sign_in.get("/sign-in/salesforce")
@limiter.limit("30 per minute")
def begin() -> Response | tuple[str, int]:
    """Send the browser to Salesforce."""
    try:
        passage = services().salesforce_sign_in.begin(address())
    except SignInRefused as refusal:
        return _refuse(str(refusal))
    session[UNDER_WAY] = {
        "state": passage.state,
        "nonce": passage.nonce,
        "verifier": passage.verifier,
        "next": next_page(url_for("status.page")),
    }
    return redirect(passage.address)


@salesforce_sign_in.get("/sign-in/salesforce/callback")
@limiter.limit("30 per minute")
def callback() -> Response | tuple[str, int]:
    """Take what the browser brings back. A passage is good once."""
    passage = session.pop(UNDER_WAY, None)
    if passage is None or not secrets.compare_digest(request.args.get("state", ""), passage["state"]):
        return _refuse(say("This answer belongs to another sign-in, or one that took too long. Start again."))
    if "error" in request.args:
        return _refuse(_why(request.args["error"]))
    code = request.args.get("code", "")[:2048]
    try:
        account = services().salesforce_sign_in.finish(address(), code, passage["nonce"], passage["verifier"])
    except SignInRefused as refusal:
        return _refuse(str(refusal))
    return redirect(enter(account, passage["next"]))


def _why(error: str) -> str:
    if error == "access_denied":
        return say("You did not allow it in Salesforce. Nothing changed; sign in again when you want to.")
    if error == "OAUTH_APP_BLOCKED":
        return say("Salesforce blocks the Lockstep app for you. An admin installs it and lets your profile use it.")
    return say("Salesforce did not sign you in (%(code)s). Start again; if it stays, tell your admin.", code=error[:64])


def _refuse(sentence: str) -> tuple[str, int]:
    services().record("", "sign-in refused", "Salesforce", {"why": sentence, "from": request.remote_addr})
    return form(problem=sentence), 422
