"""Assignment: who syncs by which configuration and why; one, many, a profile, or a pasted list (LS-025 to LS-035)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from backend.storage.views.assignments import (
    SIZE,
    Book,
    Profile,
    Somebody,
    Target,
    Which,
    book,
    by_ids,
    everybody,
    numbers,
    people_listed,
    profiles,
)
from backend.web.numbers import count
from backend.web.paging import number, pager
from backend.web.pasted import Sorted, Unknown, named, named_in_csv, sorted_out
from backend.web.services import services
from backend.web.sign_in import manager
from backend.web.words import say, say_many

NOBODY: Final = say("Nobody is selected. Tick people or profiles, or paste a list.")
UNTOLD: Final = 200
"""So many names stand in a line of the audit at most."""

assignment = Blueprint("assignment", __name__, url_prefix="/assignment")


@dataclass(frozen=True, slots=True)
class Move:
    """One person's or profile's way: `before` and `after` are what it syncs by; None: nothing."""

    name: str
    detail: str
    before: Target | None
    after: Target | None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to be assigned where, before it is done. target None: no assignment of their own any more."""

    target: Target | None
    people: tuple[Somebody, ...]
    profiles: tuple[str, ...]
    moves: tuple[Move, ...]
    already: tuple[str, ...]
    unknown: tuple[Unknown, ...] = ()


@assignment.get("/")
def page() -> str:
    """People, or profiles, with what they sync by and why."""
    view = request.args.get("view", Which.EVERYBODY.value)
    text, chosen, at = (
        request.args.get("q", "")[:200].strip(),
        request.args.get("configuration", type=int),
        number("page", 1),
    )
    which = Which(view) if view in set(Which) else Which.EVERYBODY
    with services().reading.connect() as connection:
        known, (all_people, alone) = book(connection), numbers(connection)
        groups = profiles(connection, known)
        rows, total = people_listed(connection, which, text, chosen, at) if view != "profiles" else ((), 0)
    return render_template(
        "assignment/page.html", view=view if view == "profiles" else which.value, rows=rows, known=known, groups=groups,
        text=text, chosen=chosen, all_people=all_people, alone=alone, total=total, why=why,
        pager=pager(at, SIZE, total),
    )  # fmt: skip


def why(one: Somebody, known: Book) -> str:
    """Precedence in one line: 'individually; profile Sales would give Field sales EMEA'."""
    own, by_profile = known.own(one.username), known.of_profile(one.profile)
    if own is not None and by_profile is not None and by_profile.id != own.id:
        return say("individually; profile %(profile)s would give %(name)s", profile=one.profile, name=by_profile.name)
    if own is not None:
        return say("individually")
    if by_profile is not None:
        return say("by profile %(profile)s", profile=one.profile)
    return say("profile %(profile)s has no configuration", profile=one.profile)


# --- first what would be, then the deed ------------------------------------------------------------------------------


@assignment.post("/check")
def check() -> str | tuple[str, int] | Response:
    """What an assignment would do, from → to, before anything happens."""
    manager()
    with services().reading.connect() as connection:
        known = book(connection)
        target, problem = _target(known)
        pasted = _pasted(everybody(connection))
        people = pasted.found if pasted else by_ids(connection, _ids())
        groups = tuple(one for one in profiles(connection, known) if one.name in request.form.getlist("profiles"))
    if problem:
        return render_template("assignment/paste.html", known=known, text=_text(), problem=problem), 422
    if not people and not groups and not (pasted and pasted.unknown):
        if "text" in request.form:
            empty = say("The list is empty. Paste addresses or Salesforce user names, or choose a file.")
            return render_template("assignment/paste.html", known=known, text=_text(), problem=empty), 422
        flash(NOBODY)
        return redirect(url_for("assignment.page"))
    unknown = pasted.unknown if pasted else ()
    return render_template("assignment/check.html", wish=_wish(known, target, people, groups, unknown), text=_text())


@assignment.get("/paste")
def paste() -> str:
    """Paste or upload a list."""
    manager()
    with services().reading.connect() as connection:
        known = book(connection)
    return render_template("assignment/paste.html", known=known, text="", problem="")


def _target(known: Book) -> tuple[Target | None, str]:
    given = (request.form.getlist("configuration") or [""])[-1]  # a button's own value goes after the list's
    if given == "profile":
        return None, ""
    found = known.targets.get(int(given)) if given.isdigit() else None
    return found, "" if found else say("Choose the configuration to assign to.")


def _ids() -> list[int]:
    return [int(one) for one in request.form.getlist("ids") if one.isdigit()]


def _text() -> str:
    return request.form.get("text", "")


def _pasted(people: Sequence[Somebody]) -> Sorted | None:
    upload = request.files.get("file")
    if upload is not None and upload.filename:
        return sorted_out(named_in_csv(upload.read().decode("utf-8", "replace")), people)
    return sorted_out(named(_text()), people) if _text().strip() else None


def _wish(
    known: Book,
    target: Target | None,
    people: Sequence[Somebody],
    groups: Sequence[Profile],
    unknown: tuple[Unknown, ...],
) -> Wish:
    moves = [_move(known, target, one) for one in people if known.own(one.username) != target]
    moving = tuple(one for one in people if known.own(one.username) != target)
    turning = tuple(one for one in groups if known.of_profile(one.name) != target)
    moves += [_turn(known, target, one) for one in turning]
    there = [one.name for one in people if known.own(one.username) == target]
    there += [one.name for one in groups if known.of_profile(one.name) == target]
    return Wish(target, moving, tuple(one.name for one in turning), tuple(moves), tuple(there), unknown)


def _move(known: Book, target: Target | None, one: Somebody) -> Move:
    after = target or known.of_profile(one.profile)
    return Move(
        one.name, one.address, known.own(one.username) or known.of_profile(one.profile), after, _note(one, after)
    )


def _note(one: Somebody, after: Target | None) -> str:
    if after is None:
        return say("stops syncing; nothing is deleted")
    if not one.active:
        return say("deactivated in Salesforce: does not sync")
    if not after.active:
        return say("does not sync while %(name)s is off", name=after.name)
    return "" if one.address else say("has no e-mail address in Salesforce: does not sync")


def _turn(known: Book, target: Target | None, one: Profile) -> Move:
    people = say_many("%(n)s person", "%(n)s people", one.people, n=count(one.people))
    apart = (
        say_many(
            "%(n)s of them is assigned individually and stays there",
            "%(n)s of them are assigned individually and stay there", one.individually, n=count(one.individually),
        )
        if one.individually
        else ""
    )  # fmt: skip
    return Move(say("Profile %(name)s", name=one.name), people, known.of_profile(one.name), target, apart)


@assignment.post("/assign")
def assign() -> Response:
    """Assign, or take away; whoever was assigned elsewhere leaves there (LS-027, LS-029, LS-033)."""
    who = manager()
    with services().reading.connect() as connection:
        known = book(connection)
        target, problem = _target(known)
        people = by_ids(connection, _ids())
        wanted = set(request.form.getlist("profiles"))
        groups = [one.name for one in profiles(connection, known) if one.name in wanted]
    if problem:
        abort(409, say("The configuration was deleted meanwhile. Nothing was assigned."))
    if not people and not groups:
        flash(NOBODY)
        return redirect(url_for("assignment.page"))
    usernames = [one.username for one in people]
    try:
        with services().configuring.configurations.editing(who.label) as editor:
            if target is None:
                editor.unassign(usernames=usernames, profiles=groups)
            else:
                editor.assign(target.name, usernames=usernames, profiles=groups)
    except LookupError:
        abort(409, say("The configuration was deleted meanwhile. Nothing was assigned."))
    before = {one.username: _called(known.own(one.username)) for one in people[:UNTOLD]}
    before |= {f"profile {name}": _called(known.of_profile(name)) for name in groups[:UNTOLD]}
    services().record(
        who.account.address, "assignment changed", _called(target),
        {"from": before, "people": len(people), "profiles": len(groups), "to": _called(target)},
    )  # fmt: skip
    flash(_done(target, len(people) + len(groups), len(editor.affected)))
    return redirect(url_for("assignment.page"))


def _called(target: Target | None) -> str:
    return target.name if target else say("no assignment")


def _done(target: Target | None, given: int, affected: int) -> str:
    done = (
        say_many("%(n)s assignment was removed.", "%(n)s assignments were removed.", given, n=count(given))
        if target is None
        else say_many(
            "%(n)s is assigned to %(name)s.", "%(n)s are assigned to %(name)s.", given, n=count(given), name=target.name
        )
    )
    return f"{done} " + say_many(
        "Other rules apply to %(n)s person from the next run on.",
        "Other rules apply to %(n)s people from the next run on.",
        affected, n=count(affected),
    )  # fmt: skip
