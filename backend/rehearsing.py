"""A rehearsal: what a changed configuration would do, found by a real dry run on a copy of our memory.

The change is saved in the copy, where it reaches everybody whom it concerns; then each of them gets a pass that plans
and writes nothing. Mailboxes and Salesforce are read as the real passes would read them; not even the contact folder is
made. The installation itself learns nothing but the calls that it cost.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa
import structlog

from backend.config import Config
from backend.domain.attendees import ATTENDEES, Attendees
from backend.domain.values import Side
from backend.ports.answers import Op
from backend.ports.clock import Clock
from backend.storage.configurations import Gone, NameTaken, Stale
from backend.storage.copying import copy_memory
from backend.storage.engine import create_engine, reading
from backend.storage.organisation_state import OrganisationBook
from backend.storage.rehearsals import Rehearsal, Rehearsals
from backend.storage.tables import mailbox_item, person
from backend.sync.plan import Step, Verb
from backend.sync.report import RunReport
from backend.sync.state import Intent, IntentState
from backend.wiring import Lockstep, SystemClock

LISTED: Final = 1000
"""So many steps stand in the full list at most."""
_STOPS: Final = (Verb.STOP, Verb.PARK)
_BUSY: Final = "Another process was reading Salesforce for a long time; rehearse again."
log = structlog.get_logger(__name__)


def run(config: Config, number: int, clock: Clock | None = None) -> None:
    """The rehearsal of this number, in the background. It ends where it is cancelled or another one begins."""
    clock = clock or SystemClock()
    with closing(_Engine(config.database_url)) as real:
        rehearsals = Rehearsals(real.engine, clock)
        wanted = rehearsals.claim(number)
        if wanted is None:
            return
        try:
            _run(config, real.engine, rehearsals, wanted, clock)
        except Exception as error:
            log.exception("a rehearsal failed", rehearsal=number)
            rehearsals.fail(number, f"The rehearsal failed here ({type(error).__name__}); the form is untouched.")


class _Engine:
    def __init__(self, url: str) -> None:
        self.engine = create_engine(url)

    def close(self) -> None:
        self.engine.dispose()


def _run(config: Config, real: sa.Engine, rehearsals: Rehearsals, wanted: Rehearsal, clock: Clock) -> None:
    with tempfile.TemporaryDirectory(prefix="rehearsal-", dir=config.data_dir) as folder:
        url = f"sqlite:///{Path(folder) / 'copy.db'}"
        target = create_engine(url)
        whole = copy_memory(real, target, lambda: rehearsals.note(wanted.id, 0, None))
        target.dispose()
        if not whole:
            return
        with closing(Lockstep(config.model_copy(update={"database_url": url}), clock)) as lockstep:
            try:
                _rehearse(lockstep, rehearsals, wanted)
            finally:
                OrganisationBook(real, clock).add_usage(dict(lockstep.meter.calls), dict(lockstep.meter.requests))


def _rehearse(lockstep: Lockstep, rehearsals: Rehearsals, wanted: Rehearsal) -> None:
    before = {user.user_id for user in lockstep.store.users()}
    try:
        with lockstep.configurations.editing() as editor:
            editor.change(wanted.configuration_id, wanted.settings)
    except (Stale, Gone, NameTaken) as error:
        rehearsals.fail(wanted.id, str(error) or "The configuration was deleted meanwhile.")
        return
    after = {user.user_id for user in lockstep.store.users()}
    concerned = sorted(editor.affected & after)
    outcome = _Outcome(lockstep.database, len(before - after), len(after - before))
    if concerned and lockstep.read_organisation() is None:
        rehearsals.fail(wanted.id, lockstep.organisation.state().problem or _BUSY)
        return
    lockstep.engine.tells_steps = True
    for place, user_id in enumerate(concerned):
        if not rehearsals.note(wanted.id, place, len(concerned)):
            return
        outcome.add(lockstep.sync_user(user_id, "rehearsal", dry_run=True))
    rehearsals.note(wanted.id, len(concerned), len(concerned))
    rehearsals.finish(wanted.id, outcome.result())


class _Outcome:
    """What all passes together would do.

    The result: people (rehearsed), starting, stopping (people who begin or cease to sync), numbers by name with the
    people concerned, failed (why somebody could not be rehearsed), steps (the list, cut at LISTED), more (how many
    more), mails (to guests, at once), asked (writes that would mail and wait for an answer).
    """

    def __init__(self, database: sa.Engine, stopping: int, starting: int) -> None:
        self._database = database
        self._numbers: Counter[str] = Counter()
        self._people: dict[str, set[int]] = {}
        self._steps: list[dict[str, Any]] = []
        self._failed: list[dict[str, str]] = []
        self._facts: Counter[str] = Counter(stopping=stopping, starting=starting)
        with reading(database).connect() as connection:
            self._names = {row.id: row.name for row in connection.execute(sa.select(person.c.id, person.c.name))}

    def add(self, report: RunReport) -> None:
        """One person's pass."""
        self._facts["people"] += 1
        name = self._names.get(report.user_id, "")
        if report.problem:
            self._failed.append({"person": name, "problem": report.problem})
        guests = self._guests(report)
        for step in report.steps:
            self._count(report.user_id, step, guests)
            if step.intents or step.verb in _STOPS:
                self._list(name, step)

    def _count(self, user_id: int, step: Step, guests: Mapping[str, int]) -> None:
        for intent in step.intents:
            self._one(f"{intent.side.value}.{intent.kind.value}.{intent.op.value}", user_id)
            if intent.state is IntentState.HELD:
                self._one("held", user_id)
                self._facts["asked"] += intent.hold == "would_mail"
            elif intent.notify:
                self._facts["mails"] += _mailed(intent, guests.get(step.link.mailbox_id or "" if step.link else "", 0))
        if step.verb in _STOPS:
            self._one(f"stops.{step.kind.value}", user_id)
        if step.conflicts:
            self._one("conflicts", user_id, len(step.conflicts))

    def _one(self, name: str, user_id: int, number: int = 1) -> None:
        self._numbers[name] += number
        self._people.setdefault(name, set()).add(user_id)

    def _list(self, name: str, step: Step) -> None:
        self._facts["listed"] += 1
        if len(self._steps) < LISTED:
            held = any(one.state is IntentState.HELD for one in step.intents)
            self._steps.append({
                "person": name, "kind": step.kind.value, "title": step.title[:200], "verb": step.verb.value,
                "sides": sorted({one.side.value for one in step.intents}), "rule": step.rule[:300], "held": held,
            })  # fmt: skip

    def _guests(self, report: RunReport) -> dict[str, int]:
        """How many guests the items have whose writes would mail at once."""
        wanted = [
            step.link.mailbox_id
            for step in report.steps
            if step.link is not None and step.link.mailbox_id and any(one.notify for one in step.intents)
        ]
        if not wanted:
            return {}
        query = sa.select(mailbox_item.c.mailbox_id, mailbox_item.c.guests).where(
            mailbox_item.c.user_id == report.user_id, mailbox_item.c.mailbox_id.in_(wanted)
        )
        with reading(self._database).connect() as connection:
            return {row.mailbox_id: row.guests or 0 for row in connection.execute(query)}

    def result(self) -> dict[str, Any]:
        """Everything, as it is stored."""
        return {
            "people": self._facts["people"],
            "starting": self._facts["starting"],
            "stopping": self._facts["stopping"],
            "mails": self._facts["mails"],
            "asked": self._facts["asked"],
            "numbers": {
                name: {"number": number, "people": len(self._people[name])} for name, number in self._numbers.items()
            },
            "failed": self._failed[:100],
            "steps": self._steps,
            "more": self._facts["listed"] - len(self._steps),
        }


def _mailed(intent: Intent, guests: int) -> int:
    """To how many people the provider would write at once because of this; at least one, since it says it would."""
    if intent.side is not Side.MAILBOX:
        return 0
    invited = intent.values.get(ATTENDEES)
    asked = len(invited.people) if isinstance(invited, Attendees) and intent.op is not Op.DELETE else 0
    return max(guests, asked, 1)
