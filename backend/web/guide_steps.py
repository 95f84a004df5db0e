"""The six steps from an empty installation to a company in step; the pages and `lockstep doctor` tell the same."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from backend.storage.connections import Connection
from backend.storage.views.guide import Progress
from backend.web.numbers import count
from backend.web.words import say, say_many


@dataclass(frozen=True, slots=True)
class Step:
    """One step. proof: what shows that it is done, or what there is to do · command: the same in the terminal."""

    name: str
    title: str
    done: bool
    proof: str
    command: str


def steps(found: Progress) -> tuple[Step, ...]:
    """All six, in order."""
    return (
        _salesforce(found),
        _mail(found),
        _test(found),
        _configuration(found),
        _assignment(found),
        _watch(found),
    )


def first_undone(all_of_them: Sequence[Step]) -> Step | None:
    """Where to go on; None when everything is done."""
    return next((step for step in all_of_them if not step.done), None)


def _works(one: Connection | None) -> bool:
    return one is not None and not one.problem


def _salesforce(found: Progress) -> Step:
    done = _works(found.salesforce)
    if found.salesforce is None:
        proof = say("An app, an integration user and a key.")
    elif not done:
        proof = found.salesforce.problem
    else:
        users = say_many("%(n)s active user", "%(n)s active users", found.users, n=count(found.users))
        known = found.salesforce.identity
        proof = say("Organisation %(id)s, %(users)s.", id=known, users=users) if known else f"{users}."
    return Step("salesforce", say("Connect Salesforce"), done, proof, "lockstep connect salesforce --file FILE")


def _mail(found: Progress) -> Step:
    done = _works(found.mail)
    if found.mail is None:
        proof = say("Microsoft 365 with OAuth 2.0.")
    elif not done:
        proof = found.mail.problem
    else:
        proof = say("Microsoft 365, tenant %(id)s.", id=found.mail.identity or found.mail.settings.get("tenant", ""))
    return Step("mail", say("Connect the mail service"), done, proof, "lockstep connect microsoft --file FILE")


def _test(found: Progress) -> Step:
    if found.answering or found.failing:
        whole = found.answering + found.failing
        proof = say("%(fine)s of %(all)s mailboxes answer.", fine=count(found.answering), all=count(whole))
    else:
        proof = say("Two or three people. Reads only; writes nothing anywhere.")
    return Step("test", say("Test mailboxes"), found.answering > 0, proof, "lockstep connect test --user ADDRESS")


def _configuration(found: Progress) -> Step:
    names = ", ".join(f"“{name}”" for name in found.configurations)
    proof = names or say("Start from “As Lightning Sync did” or “Recommended”.")
    return Step("configuration", say("First configuration"), bool(names), proof, "lockstep config apply FILE")


def _assignment(found: Progress) -> Step:
    if found.syncing:
        proof = say_many("%(n)s person syncs.", "%(n)s people sync.", found.syncing, n=count(found.syncing))
    else:
        proof = say("By name or by Salesforce profile. A few people first is wise.")
    return Step("assignment", say("Assign people"), found.syncing > 0, proof, "lockstep config apply FILE")


def _watch(found: Progress) -> Step:
    done = found.syncing > 0 and found.settled == found.syncing
    if found.syncing:
        proof = say("First sync done for %(n)s of %(all)s.", n=count(found.settled), all=count(found.syncing))
    else:
        proof = say("It starts by itself once somebody is assigned.")
    return Step("watch", say("Watch the first sync"), done, proof, "lockstep up")
