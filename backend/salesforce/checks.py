"""Is the organisation ready? Named checks in words for people, for `lockstep connect test` and the setup pages."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from backend.domain.values import Kind
from backend.ports.errors import AccessLost, ServiceError
from backend.ports.readiness import Check
from backend.salesforce import soql
from backend.salesforce.budget import HARD_LIMIT, SOFT_LIMIT, Budget
from backend.salesforce.client import API_VERSION, Client
from backend.salesforce.fields import KEY_FIELD, SOBJECTS, Layouts

_SMALL_ALLOWANCE: Final = 1_000
_DEPLOY: Final = "Deploy the package that `lockstep salesforce package` writes, and assign the permission set Lockstep."


def run(client: Client, layouts: Layouts, budget: Budget) -> list[Check]:
    """All checks as the integration user. Stops early where signing in fails: nothing else can be told then."""
    sign_in = _sign_in(client)
    if not sign_in.ok:
        return [sign_in]
    layouts.forget(client.username)
    steps: list[tuple[str, Callable[[], list[Check]]]] = [
        ("API version", lambda: [_version(client)]),
        ("Fields", lambda: _fields(client, layouts)),
        ("View All Data", lambda: [_view_all(client)]),
        ("Events over 24 hours", lambda: [_multiday(client)]),
        ("Daily allowance", lambda: [_allowance(budget)]),
    ]
    return [sign_in, *(check for name, step in steps for check in _guarded(name, step))]


def _guarded(name: str, step: Callable[[], list[Check]]) -> list[Check]:
    try:
        return step()
    except ServiceError as error:
        return [Check(name, None, f"Not known: {error.message}")]


def _sign_in(client: Client) -> Check:
    try:
        token = client.token
    except AccessLost as error:
        return Check("Sign-in", False, error.message)
    except ServiceError as error:
        return Check("Sign-in", None, error.message)
    return Check("Sign-in", True, f"{client.username} signs in to organisation {token.organisation_id}.")


def _version(client: Client) -> Check:
    offered = [entry["version"] for entry in client.versions()]
    if API_VERSION in offered:
        return Check("API version", True, f"Version {API_VERSION} is offered.")
    latest = max(offered, key=float, default="none")
    sentence = f"Version {API_VERSION}, which Lockstep uses, is not offered; the newest is {latest}."
    return Check("API version", False, sentence, "Update Lockstep, or wait for the organisation's upgrade.")


def _fields(client: Client, layouts: Layouts) -> list[Check]:
    found = []
    for kind in Kind:
        layout = layouts.get(client, kind)
        name = f"{KEY_FIELD} on {SOBJECTS[kind]}"
        if layout.key_creatable:
            found.append(Check(name, True, "The field is there and can be written."))
        else:
            found.append(Check(name, False, f"{client.username} cannot use the field, so nothing is created.", _DEPLOY))
    shared = layouts.get(client, Kind.EVENT).shared_activities
    sentence = "On: an event can be related to several contacts." if shared else "Off: an event is related to one."
    persons = layouts.get(client, Kind.CONTACT).person_accounts
    used = "Used: a person account is synced as the contact it holds." if persons else "Not used."
    return [*found, Check("Shared Activities", True, sentence), Check("Person accounts", True, used)]


def _view_all(client: Client) -> Check:
    me = soql.quoted(client.token.user_id)
    by_profile = soql.select(("Id",), "User", f"Id = {me} AND Profile.PermissionsViewAllData = true")
    granted = f"AssigneeId = {me} AND PermissionSet.PermissionsViewAllData = true"
    by_set = soql.select(("Id",), "PermissionSetAssignment", granted)
    if client.query([by_profile])[0] or client.query([by_set])[0]:
        return Check("View All Data", True, f"{client.username} sees all records.")
    sentence = f"{client.username} does not see all records: events and contacts of some users would not be read."
    return Check("View All Data", False, sentence, f"Give {client.username} the permission View All Data.")


def _multiday(client: Client) -> Check:
    statement = soql.select(("Id",), "Event", "DurationInMinutes > 1440 AND IsAllDayEvent = false") + " LIMIT 1"
    if client.query([statement])[0]:
        return Check("Events over 24 hours", True, "Allowed: the organisation has some.")
    sentence = "Not known: the organisation has none. If they are not allowed, Salesforce refuses those of the mailbox."
    return Check("Events over 24 hours", None, sentence, "Allow multiday events in Setup, Activity Settings.")


def _allowance(budget: Budget) -> Check:
    sentence = (
        f"{budget.used} of {budget.maximum} calls of the last 24 hours are used; background work stops at "
        f"{SOFT_LIMIT:.0%}, everything at {HARD_LIMIT:.0%}."
    )
    if not budget.maximum:
        return Check("Daily allowance", None, "Salesforce did not tell its allowance.")
    if budget.share >= SOFT_LIMIT or budget.maximum < _SMALL_ALLOWANCE:
        return Check("Daily allowance", False, sentence, "Find what else uses up the calls, or buy more.")
    return Check("Daily allowance", True, sentence)
