"""What people share: meetings, series with their occurrences, attendees, and the same contacts in several mailboxes."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.bench import Bench, Work, bench
from benchmarks.measures import Figure, must, quiet

PEOPLE = 3
SERIES_EVERY = 10
"""One weekly series for so many single meetings; each has some 25 occurrences ahead."""
FEWEST_OCCURRENCES = 24
MOST_ROUNDS = 6
COMPANY = "Harbour & Sons"
"""A contact without an account would be its owner's alone."""
THINGS_PER_CALL = 6.0
"""At least so many pairs for each API call, whatever the mailbox's batches of twenty cost."""


def shared(things: int) -> Iterator[Figure]:
    """Three people who meet each other and a customer, once and every week, and who know the same contacts."""
    with bench(PEOPLE) as here:
        series = max(1, things // SERIES_EVERY)
        _share(here, things, series)
        before, name = here.mails, f"{things:,} meetings and contacts of three"
        works = _settled(here)
        meetings = {(row["Subject"], row["StartDateTime"]) for row in here.records("Event")}
        single = sum(subject.startswith("Meeting") for subject, _ in meetings)
        must(single == things, f"{single} of {things} meetings are there")
        occurrences = len(meetings) - single
        must(occurrences >= FEWEST_OCCURRENCES * series, f"only {occurrences} occurrences of {series} series are there")
        yield Figure(f"{name}: occurrences of {series:,} series", occurrences, "records")
        yield from _once(here, name, len(meetings), things)
        yield Figure(f"{name}: mails to guests", here.mails - before, "mails", 0, hard=True)
        yield from _price(works, name, PEOPLE * (len(meetings) + things))
        yield from quiet(here, f"{name}, idle cycle")


def _share(here: Bench, things: int, series: int) -> None:
    organizer, *others = here.stage.world.people
    here.stage.org.sharing.defaults["Contact"] = "ReadWrite"
    here.stage.org.insert("Account", {"Name": COMPANY})
    for person in here.stage.world.people:
        here.fill_contacts(person, things, COMPANY)
    guests = [*(one.address for one in others), here.contact_address(0)]
    here.fill_meetings(organizer, guests, things)
    here.fill_series(organizer, guests, series)


def _settled(here: Bench) -> list[Work]:
    """Cycles and passes until nothing is planned any more."""
    works = [here.cycle(), here.passes()]
    while works[-1].told["planned"]:
        must(len(works) < 2 * MOST_ROUNDS, "three people came to no rest")
        works += [here.cycle(), here.passes()]
    return works


def _once(here: Bench, name: str, meetings: int, contacts: int) -> Iterator[Figure]:
    """Each meeting and each contact has one record, whoever has a copy; and the customer is tied to the meetings."""
    yield Figure(f"{name}: records per meeting", len(here.records("Event")) / meetings, "records", 1, hard=True)
    yield Figure(f"{name}: records per contact", len(here.records("Contact")) / contacts, "records", 1, hard=True)
    yield Figure(f"{name}: contacts tied to a meeting", len(here.records("EventRelation")) / meetings, "contacts")


def _price(works: list[Work], name: str, pairs: int) -> Iterator[Figure]:
    calls = sum(work.calls.total for work in works)
    yield Figure(f"{name}: API calls until nothing moves", calls, "calls", pairs / THINGS_PER_CALL, hard=True)
    yield Figure(f"{name}: of these to Salesforce", sum(work.calls.salesforce for work in works), "calls")
    yield Figure(f"{name}: rounds until nothing moves", len(works) / 2, "rounds")
    yield Figure(f"{name}: worker CPU per pair", sum(work.cpu_ms for work in works) / pairs, "ms")
