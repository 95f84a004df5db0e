"""The sentence that answers why somebody came to Sync Status, and the ones below it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from backend.storage.views.organisation import Organisation
from backend.storage.views.people import Numbers
from backend.storage.views.standing import Standing
from backend.web.numbers import count, spell
from backend.web.services import Processes
from backend.web.words import say, say_many

STILL_CYCLES: Final = 3
STILL_LEAST: Final = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Sentence:
    """The answer with its tone and icon."""

    tone: str
    icon: str
    text: str
    next: str = ""


@dataclass(frozen=True, slots=True)
class Alarm:
    """A process that is missing, and the command that brings it back."""

    what: str
    effect: str
    command: str


def answer(organisation: Organisation, people: Numbers, now: datetime, cycle: timedelta) -> Sentence:
    """The first cell of Sync Status, worst news first."""
    problem = organisation.problem or next((problem for _, problem in organisation.services if problem), "")
    if organisation.stopped:
        return Sentence("err", "error", say("Everything stands still"))
    if problem:
        return Sentence("err", "error", say("Stopped"), problem)
    if not people.everybody:
        return Sentence("neutral", "clock", say("Nobody syncs yet"))
    still = now - organisation.last_activity if organisation.last_activity else None
    if still is not None and still > max(STILL_LEAST, STILL_CYCLES * cycle):
        text = say("Nothing has moved for %(time)s", time=spell(still))
        return Sentence("warn", "warning", text, say("Look at the worker and the scheduler: lockstep doctor."))
    starting = people.of(Standing.FIRST, Standing.WAITING)
    settled = people.of(Standing.IN_SYNC, Standing.HELD)
    if starting > settled:
        done = say("First sync running, %(done)s of %(all)s done", done=count(settled), all=count(starting + settled))
        return Sentence("info", "running", done)
    wrong = people.of(Standing.ERROR)
    if wrong:
        text = say_many("In step, %(n)s exception", "In step, %(n)s exceptions", wrong, n=count(wrong))
        return Sentence("ok", "ok", text)
    if not settled and people.of(Standing.PAUSED):
        return Sentence("neutral", "paused", say("Everybody is paused"))
    return Sentence("ok", "ok", say("In step"))


def summary(people: Numbers) -> str:
    """'210 people in sync, 9 in their first sync, 26 paused, 3 stopped by an error.' Zeros are left out."""
    parts = [
        (people.of(Standing.IN_SYNC, Standing.HELD), say("%(n)s in sync")),
        (people.of(Standing.FIRST), say("%(n)s in their first sync")),
        (people.of(Standing.WAITING), say("%(n)s waiting to start")),
        (people.of(Standing.PAUSED), say("%(n)s paused")),
        (people.of(Standing.ERROR), say("%(n)s stopped by an error")),
    ]
    said = [text % {"n": count(number)} for number, text in parts if number]
    return say("Of %(all)s people: %(parts)s.", all=count(people.everybody), parts=", ".join(said)) if said else ""


def alarms(processes: Processes | None) -> tuple[Alarm, ...]:
    """Processes that are missing. An unreachable Redis is one alarm, not three."""
    if processes is None:
        effect = say("Passes that run come to their end; new ones start when it is back:")
        return (Alarm(say("Redis does not answer."), effect, "lockstep doctor"),)
    found = []
    if not processes.workers:
        found.append(
            Alarm(say("No worker is running."), say("Nothing is synced until one is started:"), "lockstep worker")
        )
    if not processes.scheduler:
        effect = say("Salesforce is not read and retries wait until one is started:")
        found.append(Alarm(say("No scheduler is running."), effect, "lockstep scheduler"))
    return tuple(found)
