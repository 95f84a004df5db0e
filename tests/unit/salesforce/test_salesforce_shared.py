"""Tokens and layouts that other processes have already: what is asked, and what a refusal does."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from backend.domain.values import Kind
from backend.ports.cache import Entry
from backend.salesforce.auth import App, Tokens
from backend.salesforce.fields import GOOD_FOR, Layouts
from backend.salesforce.transport import TimedSession
from tests.fakes.salesforce_wire import Answered, Wire, key_pem
from tests.fakes.salesforce_wire import described as answer


class Shelf:
    """A ServiceCache of several "processes" in one."""

    def __init__(self) -> None:
        self.entries: dict[str, Entry] = {}

    def get(self, subject: str, ask: Callable[[], Entry]) -> Entry:
        """See ServiceCache."""
        if subject not in self.entries:
            self.entries[subject] = ask()
        return self.entries[subject]

    def forget(self, subject: str, text: str | None = None) -> None:
        """See ServiceCache."""
        if subject in self.entries and text in (None, self.entries[subject].text):
            del self.entries[subject]


def tokens(wire: Wire, shelf: Shelf) -> Tokens:
    app = App("https://login.salesforce.com", "https://login.salesforce.com", "consumer", key_pem())
    session = TimedSession()
    session.mount("https://", wire)
    return Tokens(app, session, wire.clock, wire.meter, shelf)


def test_sf004_a_token_of_another_process_comes_with_its_address_and_ids() -> None:
    wire, shelf = Wire(), Shelf()
    first, second = tokens(wire, shelf), tokens(wire, shelf)
    assert second.get("ada") == first.get("ada")
    assert len(wire.token_requests) == 1
    assert shelf.entries["ada"].lasts is None


def test_c10_sf001_a_refused_token_is_renewed_by_one_process() -> None:
    wire, shelf = Wire(), Shelf()
    first, second = tokens(wire, shelf), tokens(wire, shelf)
    old = first.get("ada")
    second.get("ada")
    first.forget("ada", old.value)
    new = first.get("ada")
    second.forget("ada", old.value)
    assert (second.get("ada"), new.value != old.value) == (new, True)
    assert len(wire.token_requests) == 2


def test_sf048_a_layout_of_another_process_says_the_same() -> None:
    wire, shelf = Wire(handler=lambda request: answer(request) or Answered(500)), Shelf()
    client = wire.client()
    first, second = Layouts(wire.clock, shelf), Layouts(wire.clock, shelf)
    for kind in Kind:
        assert second.get(client, kind) == first.get(client, kind)
    assert len(wire.requests) == 2
    assert {entry.lasts for entry in shelf.entries.values()} == {GOOD_FOR}
    first.forget(client.username)
    first.get(client, Kind.EVENT)
    assert len(wire.requests) == 3


def test_sf048_a_stored_layout_is_kept_only_as_long_as_it_lasts() -> None:
    wire, shelf = Wire(handler=lambda request: answer(request) or Answered(500)), Shelf()
    client, layouts = wire.client(), Layouts(wire.clock, shelf)
    Layouts(wire.clock, shelf).get(client, Kind.CONTACT)
    subject, entry = next(iter(shelf.entries.items()))
    shelf.entries[subject] = Entry(entry.text, timedelta(hours=1))
    layouts.get(client, Kind.CONTACT)
    wire.clock.moment += timedelta(hours=1)
    del shelf.entries[subject]
    layouts.get(client, Kind.CONTACT)
    assert len(wire.requests) == 2
