"""The list of configurations, and what is done to a whole one: new, copy, on and off, delete (LS-025 to LS-035)."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from backend.domain.configuration import Configuration
from backend.domain.presets import PRESETS, Preset
from backend.storage.configurations import Gone, NameTaken, Stale
from backend.storage.views.configurations import Listed, listed, one_listed
from backend.storage.views.people import unassigned
from backend.web.configuration_rows import PRESET_NAMES, nearest
from backend.web.numbers import count
from backend.web.services import services
from backend.web.sign_in import manager
from backend.web.words import say

LONGEST_NAME: Final = 120

configurations = Blueprint("configurations", __name__, url_prefix="/configurations")


def found(number: int) -> Listed:
    """The configuration of this number; 404 where it is gone."""
    with services().reading.connect() as connection:
        one = one_listed(connection, number)
    if one is None:
        abort(404, say("This configuration was deleted. Its people stopped syncing; nothing of theirs was deleted."))
    return one


@configurations.get("/")
def page() -> str:
    """All of them."""
    with services().reading.connect() as connection:
        rows, alone = listed(connection), unassigned(connection)
    return render_template("configurations/list.html", rows=rows, unassigned=alone, nearest=nearest)


# --- new and copied --------------------------------------------------------------------------------------------------


@configurations.get("/new")
def new() -> str:
    """Ask for a name and what to begin with; everything else, the filters too, follows in the editor (LS-036)."""
    manager()
    return _new(request.args.get("from", Preset.RECOMMENDED.value), "", "")


@configurations.post("/new")
def make() -> Response | tuple[str, int]:
    """Make it: not active, and without people."""
    who = manager()
    start, name = request.form.get("from", ""), request.form.get("name", "").strip()
    settings = _beginning(start)
    problem = _of_name(name) or ("" if settings else say("Choose what to begin with."))
    if problem or settings is None:
        return _new(start, name, problem), 422
    try:
        with services().configuring.configurations.editing(who.label) as editor:
            number = editor.add(replace(settings, name=name, active=False))
    except NameTaken as taken:
        return _new(start, name, str(taken)), 422
    services().record(who.account.address, "configuration added", name, {"from": start})
    flash(say("%(name)s was made. It is not active yet.", name=name))
    return redirect(url_for("editor.page", number=number))


def _of_name(name: str) -> str:
    if not name:
        return say("Give it a name.")
    return "" if len(name) <= LONGEST_NAME else say("This is too long: use at most %(n)s characters.", n=LONGEST_NAME)


def _beginning(start: str) -> Configuration | None:
    if start in set(Preset):
        return PRESETS[Preset(start)]
    with services().reading.connect() as connection:
        one = one_listed(connection, int(start)) if start.isdigit() else None
    return one.settings if one else None


def _new(start: str, name: str, problem: str) -> str:
    with services().reading.connect() as connection:
        rows = listed(connection)
    return render_template(
        "configurations/new.html", rows=rows, presets=PRESET_NAMES, start=start, name=name, problem=problem
    )


# --- on, off, gone ---------------------------------------------------------------------------------------------------


@configurations.get("/<int:number>/switch")
def ask_switch(number: int) -> str:
    """Say what switching on or off does, and ask."""
    manager()
    return render_template("configurations/switch.html", one=found(number))


@configurations.post("/<int:number>/switch")
def switch(number: int) -> Response:
    """Switch on or off; nothing is deleted either way (LS-026)."""
    who, one, on = manager(), found(number), request.form.get("active") == "on"
    try:
        with services().configuring.configurations.editing(who.label) as editor:
            editor.change(number, replace(one.settings, active=on))
    except (Stale, Gone):
        abort(409, say("Somebody changed this configuration at the same moment. Look again."))
    services().record(
        who.account.address, "configuration switched", one.name,
        {"from": "on" if one.settings.active else "off", "to": "on" if on else "off"},
    )  # fmt: skip
    flash(say("%(name)s is active.", name=one.name) if on else say("%(name)s is not active.", name=one.name))
    return redirect(url_for("configurations.page"))


@configurations.get("/<int:number>/delete")
def ask_delete(number: int) -> str:
    """Say what deleting does, and ask."""
    manager()
    return render_template("configurations/delete.html", one=found(number))


@configurations.post("/<int:number>/delete")
def delete(number: int) -> Response:
    """Delete it with its assignments; synced items stay on both sides (LS-033, LS-035)."""
    who, one = manager(), found(number)
    with services().configuring.configurations.editing(who.label) as editor:
        editor.remove(one.name)
    services().record(
        who.account.address, "configuration deleted", one.name,
        {"people": one.people, "individually": one.individually, "profiles": list(one.profiles)},
    )  # fmt: skip
    flash(say("%(name)s was deleted; %(n)s people stop syncing by it.", name=one.name, n=count(one.people)))
    return redirect(url_for("configurations.page"))
