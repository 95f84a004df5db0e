"""A stage with a hand on it: fills mailboxes, has passes done by another process, counts calls."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO, Any

from backend.sandbox.world import Person
from tests.fakes.stage import Stage, stage

UNCOUNTED = ("token", "discovery")
"""Requests that the budgets leave out: an access token serves an hour."""


class Failed(Exception):
    """A pass did not do what was measured; the message says which and why."""


@dataclass(frozen=True)
class Calls:
    """HTTP requests by service, and requests that travelled inside others."""

    salesforce: int
    microsoft: int
    inner: int

    @property
    def total(self) -> int:
        """Requests in all, those inside others not counted."""
        return self.salesforce + self.microsoft


@dataclass(frozen=True)
class Work:
    """What one command cost the worker."""

    told: dict[str, Any]
    calls: Calls

    @property
    def cpu_ms(self) -> float:
        """User and system time of the worker, milliseconds."""
        return float(self.told["cpu_seconds"]) * 1000

    @property
    def peak_mib(self) -> float:
        """Most memory of the worker, MiB."""
        return float(self.told["peak_mib"])


class Bench:
    """One stage, and the process that works on it."""

    def __init__(self, opened: Stage, sending: IO[str], hearing: IO[str]) -> None:
        self.stage = opened
        self._sending = sending
        self._hearing = hearing
        self.users: list[int] = []

    def cycle(self) -> Work:
        """One reading of the organisation."""
        work = self._do({"cycle": True})
        if work.told["problem"]:
            raise Failed(f"The organisation was not read: {work.told['problem']}")
        self.users = work.told["users"]
        return work

    def passes(self) -> Work:
        """One pass of everybody, one after the other."""
        work = self._do({"users": self.users})
        if work.told["problems"]:
            raise Failed(f"A pass met trouble: {work.told['problems']}")
        return work

    def _do(self, command: dict[str, Any]) -> Work:
        self.stage.world.calls.clear()
        self._sending.write(f"{json.dumps(command)}\n")
        self._sending.flush()
        line = self._hearing.readline()
        if not line:
            raise Failed("The worker ended; its last lines say why.")
        work = Work(json.loads(line), self._calls())
        theirs = {"salesforce": work.calls.salesforce, "microsoft": work.calls.microsoft}
        ours = {service: work.told["ours"].get(service, 0) for service in theirs}
        if ours != theirs:
            raise Failed(f"We count {ours}, the sandbox {theirs}.")
        return work

    def _calls(self) -> Calls:
        rows = [row for row in self.stage.world.calls.counts() if not any(word in row.operation for word in UNCOUNTED)]
        by_service = {
            name: sum(row.calls for row in rows if row.service == name) for name in self.stage.sandbox.services
        }
        return Calls(by_service["salesforce"], by_service["microsoft"], sum(row.inner for row in rows))

    # --- what stands there ----------------------------------------------------------------------------------------

    def records(self, sobject: str) -> list[Any]:
        """Living rows of Salesforce."""
        return list(self.stage.org.rows(sobject))

    @property
    def mails(self) -> int:
        """How many mails guests got so far."""
        return len(self.stage.world.outbox)

    # --- content -------------------------------------------------------------------------------------------------

    def fill_calendar(self, person: Person, count: int) -> None:
        """So many single events, from three weeks ago to half a year ahead."""
        mailbox = self.stage.mailbox(person)
        first = datetime.now(UTC).replace(hour=7, minute=0, second=0, microsecond=0, tzinfo=None) - timedelta(days=20)
        with self.stage.world.lock:
            for number in range(count):
                start = first + timedelta(days=number % 190, minutes=15 * (number // 190 % 40))
                mailbox.create_event(
                    {
                        "subject": f"Review {number}, Harbour & Sons",
                        "start": {"dateTime": start.isoformat(), "timeZone": "UTC"},
                        "end": {"dateTime": (start + timedelta(minutes=30)).isoformat(), "timeZone": "UTC"},
                        "location": {"displayName": f"Room {number % 40}"},
                        "body": {"contentType": "html", "content": f"<p>Agenda of <b>{number}</b></p><p>1. News</p>"},
                    }
                )

    def fill_contacts(self, person: Person, count: int, company: str | None = None) -> None:
        """So many contacts in the synced folder, of a company if one is named."""
        mailbox, folder = self.stage.mailbox(person), self.stage.contact_folder(person)
        with self.stage.world.lock:
            for number in range(count):
                mailbox.create_contact(
                    {
                        "givenName": f"Ines{number % 97}",
                        "surname": f"Quist {number}",
                        "companyName": company,
                        "jobTitle": f"Buyer {number % 50}",
                        "emailAddresses": [{"address": self.contact_address(number)}],
                        "businessPhones": [f"+46 31 {number:06d}"],
                        "mobilePhone": f"+46 70 {number:06d}",
                        "businessAddress": {"city": f"Town {number % 70}", "countryOrRegion": "Sweden"},
                    },
                    folder,
                )

    @staticmethod
    def contact_address(number: int) -> str:
        """The address of the contact of this number."""
        return f"quist{number}@customer{number % 900}.example"

    def fill_meetings(self, organizer: Person, guests: Sequence[str], count: int) -> None:
        """So many meetings of one organiser with these guests; copies lie in the mailboxes of those who work here."""
        self._organise(organizer, guests, count, "Meeting", {})

    def fill_series(self, organizer: Person, guests: Sequence[str], count: int) -> None:
        """So many weekly meetings without an end, with these guests, from today on."""
        weekly = {"type": "weekly", "interval": 1}
        self._organise(organizer, guests, count, "Weekly", weekly)

    def _organise(
        self, organizer: Person, guests: Sequence[str], count: int, name: str, pattern: Mapping[str, Any]
    ) -> None:
        mailbox = self.stage.mailbox(organizer)
        today = datetime.now(UTC).replace(hour=6, minute=0, second=0, microsecond=0, tzinfo=None)
        with self.stage.world.lock:
            for number in range(count):
                start = today + timedelta(days=1 + number % 5, minutes=20 * (number // 5 % 40))
                body = {
                    "subject": f"{name} {number}",
                    "start": {"dateTime": start.isoformat(), "timeZone": "UTC"},
                    "end": {"dateTime": (start + timedelta(minutes=20)).isoformat(), "timeZone": "UTC"},
                    "attendees": [{"emailAddress": {"address": one}, "type": "required"} for one in guests],
                }
                if pattern:
                    day = start.date().isoformat()
                    range_ = {"type": "noEnd", "startDate": day, "recurrenceTimeZone": "UTC"}
                    on = {"daysOfWeek": [f"{start:%A}".lower()]}
                    body["recurrence"] = {"pattern": {**pattern, **on}, "range": range_}
                mailbox.create_event(body)


@contextmanager
def bench(people: int = 1) -> Iterator[Bench]:
    """A fresh installation with so many people, on throw-away data."""
    scratch = tempfile.TemporaryDirectory(prefix="lockstep-bench-", ignore_cleanup_errors=True)
    with scratch as folder, stage(Path(folder), people) as opened:
        opened.configure()
        process = opened.start("benchmarks.hand")
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            yield Bench(opened, process.stdin, process.stdout)
        finally:
            process.stdin.close()
            process.wait()
