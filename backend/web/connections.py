"""Connections: both sides with their checks, and the form in which one is prepared and replaced (LS-003 to LS-017)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from flask import Blueprint, Response, abort, flash, g, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from backend.storage.connections import Connection
from backend.storage.views import connections as view
from backend.storage.views.guide import progress
from backend.web import connection_forms as forms
from backend.web import connection_words as words
from backend.web.connection_services import Trouble
from backend.web.guide_steps import Step, steps
from backend.web.mailbox_test import test_of_mailboxes
from backend.web.returning import next_page
from backend.web.services import services
from backend.web.setup_values import redirect_address, values_for
from backend.web.sign_in import manager
from backend.web.words import say

connections = Blueprint("connections", __name__)

CONFIRMATION: Final = "switch"
SHARED_STATE: Final = "shared"
"""In the link that is sent to somebody else: no session here waits for its answer."""


@dataclass(frozen=True, slots=True)
class Side:
    """One service: what is in use, and what is being prepared."""

    service: str
    used: Connection | None
    draft: Connection | None

    @property
    def title(self) -> str:
        """What people call it."""
        return words.TITLES[self.service]

    @property
    def settings(self) -> dict[str, Any]:
        """What the form begins with."""
        known = self.draft or self.used
        return dict(known.settings) if known else {"reach": "chosen"}


def sides() -> dict[str, Side]:
    """Both, by name."""
    with services().reading.connect() as connection:
        found = view.connected(connection)
    return {name: Side(name, found.used.get(name), found.drafts.get(name)) for name in words.TITLES}


def side(service: str) -> Side:
    """One of them; 404 for any other name."""
    return sides()[service] if service in words.TITLES else abort(404)


@connections.get("/connections")
def page() -> str:
    """Both cards, the choice of the mail service, and the test of mailboxes."""
    return render_template("connections/page.html", sides=sides(), test=test_of_mailboxes(), words=words)


@connections.get("/connections/<service>")
def edit(service: str) -> str:
    """The form, with what was prepared, else what is in use."""
    manager()
    return form_page(side(service), {})


def form_page(shown: Side, problems: dict[str, str], typed: dict[str, Any] | None = None, chosen: str = "") -> str:
    """The form of one side. `typed` instead of what is known; `chosen`: how to sign in."""
    return render_template(
        f"connections/{shown.service}.html",
        side=shown, settings=typed if typed is not None else shown.settings, problems=problems, words=words,
        chosen=chosen or _credential(shown), values=values_for(shown), guide=_guided(),
        back=_after(), share=_share(shown), steps=_steps(),
    )  # fmt: skip


def _share(shown: Side) -> str:
    """The address at which an administrator without an account here can consent; empty before one can be told."""
    if shown.service != "microsoft" or shown.draft is None:
        return ""
    try:
        return services().connections.consent_address(redirect_address(), SHARED_STATE)
    except ValueError:
        return ""


def _credential(shown: Side) -> str:
    """The way to sign in that is chosen beforehand."""
    if shown.draft is not None and shown.draft.has_secret:
        return "made" if shown.draft.settings.get("credential") == "made" else "draft"
    return "keep" if shown.used is not None and shown.used.has_secret else "made"


@connections.post("/connections/<service>")
def save(service: str) -> str | AnyResponse | tuple[str, int]:
    """Keep what was typed as a draft, sign in with it, and use it if that succeeds."""
    who, shown = manager().account.address, side(service)
    typed = forms.read(service, request.form, request.files, shown.used, shown.draft)
    if typed.problems:
        return form_page(shown, typed.problems, typed.settings, request.form.get("credential", "")), 422
    services().connections.prepare(service, typed.settings, typed.secret)
    services().record(who, "connection prepared", service, _changes(shown, typed))
    return attempt(service)


def attempt(service: str, *, switch: bool = False) -> str | AnyResponse | tuple[str, int]:
    """Sign in with the draft; on with the page that fits what came of it."""
    who, before = manager().account.address, side(service)
    if before.draft is None:
        abort(409, say("Nothing is prepared here. Open the form and type it again."))
    tried = services().connections.attempt(service, switch)
    if tried.other:
        return redirect(url_for("connections.ask_switch", service=service, guide=int(_guided()) or None))
    if not tried.connected:
        services().record(who, "connection refused", service, {"problem": tried.problem})
        return form_page(side(service), {tried.field: tried.problem}), 422
    detail = {"from": _shown(before.used), "to": _shown(side(service).used), "switched": switch}
    services().record(who, "connection changed", service, detail)
    flash(say("%(title)s is connected.", title=before.title))
    return redirect(_after())


@connections.post("/connections/<service>/try")
def retry(service: str) -> str | AnyResponse | tuple[str, int]:
    """Sign in with the draft as it is, as after something was put right on the other side."""
    return attempt(side(service).service)


@connections.post("/connections/<service>/key")
def key(service: str) -> AnyResponse:
    """Make a key pair; what was typed beside the button is kept."""
    who, shown = manager(), side(service)
    doors = services().connections
    doors.prepare(service, forms.plain(service, request.form, shown.settings), None)
    doors.make_key(service)
    services().record(who.account.address, "key pair made", service, {"certificate": _print(side(service).draft)})
    flash(say("The key pair is made. Its certificate can be downloaded now."))
    return redirect(url_for("connections.edit", service=service, guide=int(_guided()) or None, _anchor="certificate"))


@connections.get("/connections/<service>/certificate")
def certificate(service: str) -> Response:
    """The certificate to upload on the other side: of the key pair that was made last."""
    shown = side(service)
    settings = next((one.settings for one in (shown.draft, shown.used) if one and one.settings.get("certificate")), {})
    if not settings:
        abort(404, say("No key pair was made here yet."))
    headers = {"Content-Disposition": f'attachment; filename="lockstep-{service}.crt"'}
    return Response(settings["certificate"], headers=headers, content_type="application/x-x509-ca-cert")


@connections.get("/connections/salesforce/package")
def package() -> Response:
    """The metadata that Salesforce needs: key fields and permission set."""
    headers = {"Content-Disposition": 'attachment; filename="lockstep-salesforce.zip"'}
    return Response(services().connections.package(), headers=headers, content_type="application/zip")


@connections.post("/connections/<service>/discard")
def discard(service: str) -> AnyResponse:
    """Forget what is being prepared; what is in use stays."""
    who, shown = manager(), side(service)
    services().connections.discard(service)
    services().record(who.account.address, "connection draft discarded", service, {})
    flash(say("%(title)s: what was prepared is forgotten.", title=shown.title))
    return redirect(url_for("connections.page"))


@connections.post("/connections/<service>/check")
def check(service: str) -> AnyResponse:
    """Look at everything again, now."""
    manager()
    shown = side(service)
    if shown.used is None:
        abort(409, say("%(title)s is not connected yet.", title=shown.title))
    try:
        services().connections.check(service)
        flash(say("%(title)s was checked.", title=shown.title))
    except Trouble as trouble:
        flash(str(trouble))
    return redirect(next_page(url_for("connections.page")))


# --- another organisation, another tenant -----------------------------------------------------------------------------


@connections.get("/connections/<service>/switch")
def ask_switch(service: str) -> str:
    """Say with the numbers what a switch means, and ask (LS-015, LS-016)."""
    manager()
    return _switch_page(_to_confirm(service), "")


@connections.post("/connections/<service>/switch")
def do_switch(service: str) -> str | AnyResponse | tuple[str, int]:
    """Switch, once it was typed."""
    manager()
    shown = _to_confirm(service)
    if request.form.get("confirmation", "").strip().casefold() != CONFIRMATION:
        return _switch_page(shown, say("Type “%(word)s” to confirm.", word=CONFIRMATION)), 422
    return attempt(service, switch=True)


def _to_confirm(service: str) -> Side:
    shown = side(service)
    if shown.draft is None or not shown.draft.identity or shown.used is None:
        abort(404, say("Nothing waits for a confirmation here."))
    return shown


def _switch_page(shown: Side, problem: str) -> str:
    with services().reading.connect() as connection:
        stake = view.at_stake(connection)
    return render_template(
        "connections/switch.html", side=shown, stake=stake, word=CONFIRMATION, problem=problem, guide=_guided()
    )


# --- where to go, what to write down ----------------------------------------------------------------------------------


def _guided() -> bool:
    """Whether the guide leads: it says so in the address, in the form, or before Microsoft's page was opened."""
    return bool(request.values.get("guide") or g.get("guided"))


def _steps() -> tuple[Step, ...]:
    if not _guided():
        return ()
    with services().reading.connect() as connection:
        return steps(progress(connection))


def _after() -> str:
    return url_for("guide.resume" if _guided() else "connections.page")


def _shown(one: Connection | None) -> dict[str, Any]:
    """A connection for the audit: a certificate as its fingerprint."""
    if one is None:
        return {}
    kept = {name: value for name, value in one.settings.items() if name != "certificate"}
    return {**kept, "certificate": _print(one)} if one.settings.get("certificate") else kept


def _print(one: Connection | None) -> str:
    return words.print_of(one.settings) if one is not None else ""


def _changes(shown: Side, typed: forms.Typed) -> dict[str, Any]:
    before = (shown.used or shown.draft).settings if (shown.used or shown.draft) else {}  # type: ignore[union-attr]  # one of them is there
    changed = {
        name: {"from": before.get(name, ""), "to": value}
        for name, value in typed.settings.items()
        if value != before.get(name, "") and name != "certificate"
    }
    return {"changed": changed, "secret replaced": bool(typed.secret)}
