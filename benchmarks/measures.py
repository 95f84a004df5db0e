"""What is measured, and the budgets of it (docs/architecture.md, Budgets)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from benchmarks.bench import Bench, Failed, bench

FIRST_SYNC_CALLS = 30
"""For 1,000 events; a call carries 200 rows to Salesforce, so larger ones may cost in proportion."""
CPU_PER_ITEM_MS = 0.5
IDLE_PASS_CPU_MS = 50.0
ORGANISATION_CALLS = 2
MAILBOX_CALLS = 2
PEAK_MIB = 300.0


@dataclass(frozen=True)
class Figure:
    """One number. `hard`: breaking its budget fails the run; others depend on the machine and are only shown."""

    what: str
    value: float
    unit: str
    budget: float | None = None
    hard: bool = False

    @property
    def verdict(self) -> str:
        """ok, over, or nothing where there is no budget."""
        if self.budget is None:
            return ""
        return "ok" if self.value <= self.budget else "over"


def first_sync(events: int) -> Iterator[Figure]:
    """Mailbox → Salesforce, and then a pass that finds nothing to do."""
    with bench() as here:
        here.fill_calendar(here.stage.world.people[0], events)
        reading, work = here.cycle(), here.passes()
        must(work.told["written"] == events, f"{work.told['written']} of {events} events were written")
        name = f"first sync of {events:,} events"
        calls = reading.calls.total + work.calls.total
        budget = FIRST_SYNC_CALLS * max(1.0, events / 1000)
        yield Figure(f"{name}: API calls", calls, "calls", budget, hard=True)
        yield Figure(f"{name}: of these to Salesforce", reading.calls.salesforce + work.calls.salesforce, "calls")
        yield Figure(f"{name}: requests inside them", reading.calls.inner + work.calls.inner, "requests")
        yield Figure(f"{name}: worker CPU per item", work.cpu_ms / events, "ms", CPU_PER_ITEM_MS)
        yield Figure(f"{name}: peak memory", work.peak_mib, "MiB")
        here.cycle()
        here.passes()  # our own writes come back
        here.cycle()
        idle = here.passes()
        must(not idle.told["planned"], "an idle pass planned something")
        name = f"idle pass over {events:,} linked items"
        yield Figure(f"{name}: worker CPU", idle.cpu_ms, "ms", IDLE_PASS_CPU_MS)
        yield Figure(f"{name}: API calls", idle.calls.total, "calls", MAILBOX_CALLS, hard=True)


def idle_cycle(users: int) -> Iterator[Figure]:
    """A cycle in which nobody changed anything."""
    with bench(users) as here:
        here.cycle()
        here.passes()
        must(len(here.users) == users, f"{len(here.users)} of {users} users sync")
        here.cycle()
        here.passes()
        yield from quiet(here, f"idle cycle of {users:,} users")


def quiet(here: Bench, name: str) -> Iterator[Figure]:
    """A cycle that has to find nothing to do."""
    reading, work = here.cycle(), here.passes()
    must(not work.told["planned"], "an idle cycle planned something")
    users, salesforce = len(here.users), reading.calls.salesforce + work.calls.salesforce
    yield Figure(f"{name}: Salesforce calls in all", salesforce, "calls", ORGANISATION_CALLS, hard=True)
    yield Figure(f"{name}: Graph calls per user", work.calls.microsoft / users, "calls", MAILBOX_CALLS, hard=True)
    yield Figure(f"{name}: worker CPU per user", (reading.cpu_ms + work.cpu_ms) / users, "ms")


def memory(contacts: int) -> Iterator[Figure]:
    """The first sync of one user's contacts, mailbox → Salesforce."""
    with bench() as here:
        here.fill_contacts(here.stage.world.people[0], contacts)
        here.cycle()
        work = here.passes()
        must(work.told["written"] == contacts, f"{work.told['written']} of {contacts} contacts were written")
        name = f"first sync of {contacts:,} contacts"
        yield Figure(f"{name}: peak memory", work.peak_mib, "MiB", PEAK_MIB)
        yield Figure(f"{name}: worker CPU per item", work.cpu_ms / contacts, "ms", CPU_PER_ITEM_MS)
        yield Figure(f"{name}: API calls", work.calls.total, "calls")
        reading = here.cycle()
        yield Figure(f"reading of {contacts:,} changed records: peak memory", reading.peak_mib, "MiB", PEAK_MIB)
        yield Figure(f"reading of {contacts:,} changed records: worker CPU per record", reading.cpu_ms / contacts, "ms")


def must(holds: bool, otherwise: str) -> None:
    """Raises Failed unless it holds."""
    if not holds:
        raise Failed(f"The measured work was not done: {otherwise}.")
