"""The editor of one configuration: look, fill from a preset, save; nothing typed is lost, whoever saved meanwhile."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from backend.domain.configuration import Configuration
from backend.domain.configuration_words import changes, differences
from backend.domain.field_types import DescribedField, type_mistakes
from backend.domain.field_view import pointed
from backend.domain.filter_matches import Matches
from backend.domain.presets import PRESETS, Preset
from backend.domain.values import Kind
from backend.ports.errors import ServiceError
from backend.storage.configurations import Gone, NameTaken, Stale
from backend.storage.rehearsals import Rehearsal, State, latest
from backend.storage.views.configurations import Listed, people_of
from backend.web.configuration_form import NAME, Clash, Form, base_text, filled, opened, read, together, with_saved
from backend.web.configuration_rows import (
    PRESET_NAMES,
    condition_rows,
    field_of,
    id_of,
    nearest,
    operators,
    sections,
    told,
    unsaved,
)
from backend.web.configurations import found
from backend.web.numbers import count
from backend.web.services import services
from backend.web.sign_in import manager
from backend.web.words import say, say_many

SAMPLES: Final = 50

editor = Blueprint("editor", __name__, url_prefix="/configurations")


@dataclass(frozen=True, slots=True)
class Meeting:
    """Somebody else saved first. clashes: key, place, saved and typed value of what both changed; taken: places."""

    clashes: tuple[tuple[str, str, str, str], ...]
    taken: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Counted:
    """What the filter takes for a person, or why that is not known."""

    person: int = 0
    matches: Matches | None = None
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Told:
    """The newest rehearsal, if any; matches: it is of what the form says; since: settings that were changed since."""

    rehearsal: Rehearsal | None
    matches: bool
    since: int


@dataclass(frozen=True, slots=True)
class Fields:
    """What Salesforce tells of its fields; `problem`: why it told nothing."""

    known: Mapping[Kind, Sequence[DescribedField]] | None = None
    problem: str = ""


@editor.get("/<int:number>")
def page(number: int) -> str:
    """The configuration as it is stored; to look at only for those who may not change it (LS-002)."""
    one = found(number)
    told = rehearsed(number)
    kept = told.settings if told and told.settings.version == one.settings.version else None
    return _render(one, opened(one.settings, kept))


@editor.post("/<int:number>")
def act(number: int) -> str | Response | tuple[str, int]:
    """What a button of the form asks for; a change of a field asks for another look."""
    manager()
    one = found(number)
    wish, _, which = request.form.get("do", "look").partition(":")
    form = read(request.form, one.settings)
    if wish == "save":
        return _save(one, form, anyway=which == "anyway")
    if wish == "rehearse":
        return _rehearse(one, form)
    if wish == "cancel":
        services().configuring.rehearsals.cancel(number)
        return _render(one, form)
    if wish == "discard":
        services().configuring.rehearsals.forget(number)
        flash(say("Nothing was saved."))
        return redirect(url_for("editor.page", number=number))
    if wish == "fill" and which in set(Preset):
        form = filled(form, PRESETS[Preset(which)])
    if wish == "theirs":
        return _render(one, with_saved(form, one.settings, request.form.getlist("clash")))
    if wish == "count":
        return _render(one, form, counted=_count(form))
    fields = _fields() if wish == "fields" or request.form.get("fields") else Fields()
    return _render(one, form, fields=fields, more=wish == "condition")


def _count(form: Form) -> Counted:
    """What the form's filter takes for the person who was chosen."""
    person = request.form.get("sample", type=int) or 0
    try:
        found_some = services().configuring.matches(person, form.settings.contact_filter)
    except ServiceError as error:
        return Counted(person, problem=say("Salesforce could not be asked: %(why)s", why=error.message))
    if found_some is None:
        return Counted(person, problem=say("Choose a person first."))
    return Counted(person, found_some)


def _fields() -> Fields:
    try:
        return Fields({kind: services().configuring.fields(kind) for kind in Kind})
    except ServiceError as error:
        return Fields(problem=error.message)


# --- saving ----------------------------------------------------------------------------------------------------------


def _save(one: Listed, form: Form, *, anyway: bool) -> str | Response | tuple[str, int]:
    who = manager()
    form, unchecked = (form, []) if form.problems else _checked_by_salesforce(form)
    if form.problems:
        return _render(one, form), 422
    if one.settings.version != form.base.version:
        return _meet(one, form), 409
    rehearsal = rehearsed(one.id)
    matching = rehearsal is not None and rehearsal.matches(form.settings)
    if to_rehearse(one, form) and not matching and not anyway:
        return _render(one, form, unrehearsed=True), 409
    try:
        with services().configuring.configurations.editing(who.label) as work:
            work.change(one.id, form.settings)
    except NameTaken as taken:
        return _render(one, replace(form, problems={NAME: str(taken)}, typed={NAME: form.settings.name})), 422
    except (Stale, Gone):
        return _meet(found(one.id), form), 409
    services().configuring.rehearsals.forget(one.id)
    if not form.changed:
        flash(say("Nothing has changed."))
        return redirect(url_for("editor.page", number=one.id))
    services().record(who.account.address, "configuration changed", form.settings.name, _told_to_audit(form, matching))
    flash(" ".join([_saved(len(work.affected)), *unchecked]))
    return redirect(url_for("editor.page", number=one.id))


def _saved(people: int) -> str:
    if not people:
        return say("Saved.")
    return say_many(
        "Saved. %(n)s person uses the new rules from the next run on.",
        "Saved. %(n)s people use the new rules from their next run on.",
        people, n=count(people),
    )  # fmt: skip


def _rehearse(one: Listed, form: Form) -> str | Response | tuple[str, int]:
    """Begins a rehearsal of what the form says; it goes on when the page is left."""
    who = manager()
    form, _ = (form, []) if form.problems else _checked_by_salesforce(form)
    if form.problems:
        return _render(one, form), 422
    if one.settings.version != form.base.version:
        return _meet(one, form), 409
    if not to_rehearse(one, form):
        flash(say("There is nothing to rehearse: nobody's sync changes by this."))
        return _render(one, form)
    rehearsals = services().configuring.rehearsals
    number = rehearsals.begin(one.id, form.settings, who.label)
    if not services().configuring.rehearse(number):
        rehearsals.cancel(one.id)
        return _render(one, form, unreachable=True), 503
    services().record(who.account.address, "rehearsal begun", one.name, {"changes": list(_differences(form))})
    return redirect(url_for("editor.page", number=one.id))


@editor.get("/<int:number>/rehearsal/steps")
def steps(number: int) -> str:
    """Everything that the rehearsal found, step by step."""
    told = rehearsed(number)
    if told is None or told.state is not State.DONE:
        abort(404, say("There is no finished rehearsal of this configuration; rehearse again."))
    return render_template("configurations/steps.html", one=found(number), told=told)


def rehearsed(number: int) -> Rehearsal | None:
    """The rehearsal of a configuration."""
    with services().reading.connect() as connection:
        return latest(connection, number, services().now())


def to_rehearse(one: Listed, form: Form) -> bool:
    """Whether the change reaches anybody: people of a configuration that is active, or becomes so."""
    named = replace(form.settings, name=form.base.name)
    return named != form.base and concerned(one, form.settings) > 0


def _differences(form: Form) -> tuple[str, ...]:
    return differences(form.base, form.settings)


def _told_to_audit(form: Form, matching: bool) -> dict[str, Any]:
    renamed = {"name": f"{form.base.name} → {form.settings.name}"} if form.base.name != form.settings.name else {}
    return renamed | {"changes": list(_differences(form)), "rehearsed": matching}


def _checked_by_salesforce(form: Form) -> tuple[Form, list[str]]:
    """The form with what Salesforce's fields forbid; asked only where rows go to other fields than standard ones."""
    kinds = [kind for kind in Kind if pointed(kind, form.settings.of(kind).field_map)]
    changed = [kind for kind in kinds if form.settings.of(kind) != form.base.of(kind)]
    if not changed:
        return form, []
    fields = _fields()
    if fields.known is None:
        return form, [say("Whether Salesforce has the chosen fields was not checked: %(why)s", why=fields.problem)]
    problems, typed = dict(form.problems), dict(form.typed)
    for kind in changed:
        settings = form.settings.of(kind)
        for row, sentence in type_mistakes(
            kind, settings.field_map, fields.known[kind], written=settings.direction.writes_crm
        ):
            key = f"{kind.value}s.fields.{row}"
            problems[key] = f"{sentence}."
            typed[key] = settings.field_map.by_row[row] or "off"
    return replace(form, problems=problems, typed=typed), []


def _meet(one: Listed, form: Form) -> str:
    """The form over what is stored now: both changes together, and what both changed to choose between."""
    both = together(form.base, one.settings, form.settings)
    meeting = Meeting(tuple(_clash(each) for each in both.clashes), tuple(told(key, "")[0] for key in both.taken))
    return _render(one, opened(one.settings, both.settings), meeting=meeting)


def _clash(each: Clash) -> tuple[str, str, str, str]:
    return each.key, *told(each.key, each.theirs), told(each.key, each.mine)[1]


# --- showing ---------------------------------------------------------------------------------------------------------


def _render(
    one: Listed, form: Form, *, fields: Fields | None = None, more: bool = False, meeting: Meeting | None = None,
    unrehearsed: bool = False, unreachable: bool = False, counted: Counted | None = None,
) -> str:  # fmt: skip
    fields = fields or Fields()
    live = "HX-Request" in request.headers and request.method == "POST"
    template = "configurations/live.html" if live else "configurations/edit.html"
    return render_template(
        template, one=one, form=form, sections=sections(form, fields.known), fields=fields, operators=operators(),
        conditions=condition_rows(form, more), unsaved=unsaved(form), nearest=nearest(form.settings),
        presets=PRESET_NAMES, base=base_text(form.base), meeting=meeting, problems=_problems(form), id_of=id_of,
        concerned=concerned(one, form.settings), told=told_of(one, form), unrehearsed=unrehearsed,
        unreachable=unreachable, wanted=to_rehearse(one, form),
        counted=counted, samples=_samples(one.id),
    )  # fmt: skip


def told_of(one: Listed, form: Form) -> Told:
    """The rehearsal beside this form."""
    found_one = rehearsed(one.id)
    matches = found_one is not None and found_one.matches(form.settings)
    since = len(changes(found_one.settings, form.settings)) if found_one is not None else 0
    return Told(found_one, matches, since)


def _samples(number: int) -> tuple[tuple[int, str], ...]:
    """People whose contacts may be counted: some of the configuration's own."""
    with services().reading.connect() as connection:
        return people_of(connection, number, SAMPLES)


def _problems(form: Form) -> list[tuple[str, str, str]]:
    """For the summary: where the field is, what it is called, what is wrong."""
    return [(*field_of(key), sentence) for key, sentence in form.problems.items()]


def concerned(one: Listed, settings: Configuration) -> int:
    """How many people a change of this configuration reaches."""
    return one.people if settings.active or one.settings.active else 0
