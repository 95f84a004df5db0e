"""The mirror of mailboxes: INV-4, INV-21, who gets a mark (D-11), and what is not kept."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from uuid import uuid4

import pytest

from backend.domain.recurrence import Series
from backend.domain.values import Kind
from backend.ports.mailbox import Caps
from backend.storage import tables
from backend.sync.state import LinkState, Presence, SeenItem, Stream
from tests.fakes.stored import HOUR, MINUTE, NOON, Bench, card, item, line_of, link_of, slot

ADA = card("Love", "ada@example.com")


def row(bench: Bench, mailbox_id: str = "i") -> dict[str, object]:
    (found,) = [row for row in bench.rows(tables.mailbox_item) if row["mailbox_id"] == mailbox_id]
    return found


def seen(bench: Bench, mailbox_id: str = "i", kind: Kind = Kind.CONTACT) -> SeenItem:
    return bench.dirty("mailbox", mailbox_id, kind=kind).items[mailbox_id]


# --- round trip ------------------------------------------------------------------------------------------------------


def test_an_item_comes_back_as_it_was_seen(bench: Bench) -> None:
    weekly = Series("FREQ=WEEKLY", datetime(2026, 3, 2, 9), "Europe/Berlin", 3600)  # noqa: DTZ001 - local wall clock
    full = SeenItem(
        "i",
        Presence.HERE,
        version="v1",
        values=slot("Review", private=True),
        caps=Caps.UPDATE | Caps.WOULD_MAIL,
        key_tag=uuid4(),
        uid="uid",
        organizer="boss@example.com",
        guests=3,
        modified_at=NOON,
        created_at=NOON - HOUR,
        series=weekly,
        problem="odd",
        digest="d",
    )
    bench.see(1, full, kind=Kind.EVENT, run_id=7, generation=2)
    assert seen(bench, kind=Kind.EVENT) == replace(full, first_run=7)


def test_the_run_that_saw_an_item_first_stays_noted(bench: Bench) -> None:
    bench.see(1, item("i", ADA), run_id=7)
    bench.see(1, item("i", card("Byron"), version="v2"), run_id=9)
    assert seen(bench).first_run == 7


# --- INV-21 ----------------------------------------------------------------------------------------------------------


def test_inv21_an_older_item_does_not_replace_a_newer_one(bench: Bench) -> None:
    bench.see(1, item("i", card("New"), version="v2", modified_at=NOON))
    bench.clean()
    bench.see(1, item("i", card("Old"), version="v1", modified_at=NOON - MINUTE), generation=5)
    assert seen(bench) == item("i", card("New"), version="v2")
    assert row(bench)["generation"] == 5
    bench.clean()
    assert bench.marks() == set()


def test_inv21_of_two_states_in_one_page_the_newer_counts(bench: Bench) -> None:
    old, new = item("i", card("Old")), item("i", card("New"), modified_at=NOON + MINUTE)
    bench.see(1, new, old)
    assert seen(bench).values == card("New")


def test_inv21_a_restored_row_older_than_its_deletion_is_stale(bench: Bench) -> None:
    bench.see(1, item("i", ADA, modified_at=NOON))
    bench.see(1, SeenItem("i", Presence.GONE))
    bench.see(1, item("i", ADA, modified_at=NOON - MINUTE))
    assert seen(bench).presence is Presence.GONE


def test_an_item_without_a_clock_is_taken_as_the_newest(bench: Bench) -> None:
    bench.see(1, item("i", card("Old")))
    bench.see(1, item("i", card("New"), modified_at=None))
    assert seen(bench).values == card("New")


# --- marks -----------------------------------------------------------------------------------------------------------


def test_a_new_or_changed_item_is_marked_for_its_user(bench: Bench) -> None:
    bench.see(1, item("i", ADA))
    assert bench.marks() == {("mailbox", "i")}
    bench.clean()
    bench.see(1, item("i", card("Byron"), version="v2"))
    assert bench.marks() == {("mailbox", "i")}
    assert bench.marks(2) == set()


def test_equal_content_only_moves_version_digest_and_generation(bench: Bench) -> None:
    bench.see(1, item("i", ADA, digest="one"), generation=1)
    bench.clean()
    bench.see(1, item("i", ADA, version="v2", digest="two", modified_at=NOON + MINUTE), generation=2)
    assert bench.marks() == set()
    stored = row(bench)
    assert (stored["version"], stored["digest"], stored["generation"]) == ("v2", "two", 2)
    assert stored["modified_at"] == NOON + MINUTE


@pytest.mark.parametrize(
    "changed",
    [{"caps": Caps.NONE}, {"guests": 2}, {"uid": "u"}, {"organizer": "x@example.com"}, {"problem": "odd"}],
    ids=str,
)
def test_what_may_be_done_to_an_item_is_news_as_well(bench: Bench, changed: dict[str, object]) -> None:
    bench.pair(1, "i", "003A", ADA)
    bench.see(1, item("i", ADA, **changed))
    assert bench.marks() == {("mailbox", "i")}


def test_inv07_our_own_write_coming_back_marks_nobody(bench: Bench) -> None:
    link = bench.pair(1, "i", "003A", ADA)
    byron = card("Byron")
    answered = replace(link, shadow_mailbox=byron, shadow_crm=byron)
    bench.see(1, item("i", byron, version="v2"), links=[answered])
    assert bench.marks() == set()
    bench.see(1, item("i", byron, version="v3"))
    assert bench.marks() == set()


def test_inv07_an_item_that_equals_its_stored_shadow_is_no_news(bench: Bench) -> None:
    link = bench.pair(1, "i", "003A", ADA)
    byron = card("Byron")
    bench.commit(1, links=[replace(link, shadow_mailbox=byron)])
    bench.see(1, item("i", byron, version="v2"))
    assert bench.marks() == set()


@pytest.mark.parametrize("state", [LinkState.STOPPED, LinkState.PARKED, LinkState.HELD, LinkState.CREATING])
def test_a_link_that_does_not_follow_hides_no_news(bench: Bench, state: LinkState) -> None:
    link = bench.pair(1, "i", "003A", ADA)
    byron = card("Byron")
    bench.commit(1, links=[replace(link, state=state, shadow_mailbox=byron)])
    bench.see(1, item("i", byron, version="v2"))
    assert bench.marks() == {("mailbox", "i")}


def test_a_returning_item_is_news_even_if_it_equals_its_shadow(bench: Bench) -> None:
    bench.pair(1, "i", "003A", ADA)
    bench.see(1, SeenItem("i", Presence.GONE))
    bench.clean()
    bench.see(1, item("i", ADA, modified_at=NOON + MINUTE))
    assert bench.marks() == {("mailbox", "i")}


def test_d4_a_changed_copy_concerns_every_other_holder_and_the_organiser(bench: Bench) -> None:
    bench.see(2, item("copy", slot("Review"), uid="uid"), kind=Kind.EVENT)
    bench.clean()
    copy = item("mine", slot("Review"), uid="uid", organizer="USER3@example.com ")
    bench.see(1, copy, kind=Kind.EVENT)
    assert bench.marks(1, Kind.EVENT) == {("mailbox", "mine")}
    assert bench.marks(2, Kind.EVENT) == {("meeting", "uid")}
    assert bench.marks(3, Kind.EVENT) == {("meeting", "uid")}


def test_d4_a_vanished_copy_concerns_the_other_holders(bench: Bench) -> None:
    for user in (1, 2):
        bench.see(user, item(f"copy{user}", slot("Review"), uid="uid"), kind=Kind.EVENT)
    bench.clean()
    bench.see(1, SeenItem("copy1", Presence.GONE), kind=Kind.EVENT)
    assert bench.marks(2, Kind.EVENT) == {("meeting", "uid")}


def test_nobody_is_told_of_a_meeting_whose_copy_he_lost(bench: Bench) -> None:
    bench.see(2, item("copy", slot("Review"), uid="uid"), kind=Kind.EVENT)
    bench.see(2, SeenItem("copy", Presence.GONE), kind=Kind.EVENT)
    bench.clean()
    bench.see(1, item("mine", slot("Review"), uid="uid"), kind=Kind.EVENT)
    assert bench.marks(2, Kind.EVENT) == set()


def test_an_organiser_outside_is_nobodys_concern(bench: Bench) -> None:
    bench.see(1, item("mine", slot("Review"), uid="uid", organizer="boss@elsewhere.example"), kind=Kind.EVENT)
    assert [bench.marks(user, Kind.EVENT) for user in (2, 3)] == [set(), set()]


# --- absence and privacy ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("presence", [Presence.GONE, Presence.OUTSIDE, Presence.UNKNOWN])
def test_an_item_that_is_not_there_keeps_no_content(bench: Bench, presence: Presence) -> None:
    bench.pair(1, "i", "003A", ADA)
    bench.see(1, SeenItem("i", presence))
    assert bench.marks() == {("mailbox", "i")}
    stored = row(bench)
    assert stored["presence"] == presence.value
    assert (stored["values"], stored["series"], stored["strong_key"], stored["natural_key"]) == (None,) * 4


def test_a_linked_copy_that_is_gone_is_still_known_as_a_copy_of_its_meeting(bench: Bench) -> None:
    line = line_of("00UA", Kind.EVENT)
    guest = item("i", slot("Review"), uid="uid", organizer="boss@elsewhere.example", caps=Caps.NONE, guests=2)
    bench.see(1, guest, kind=Kind.EVENT, lines=[line], links=[link_of(1, line, "i")])
    bench.see(1, SeenItem("i", Presence.GONE), kind=Kind.EVENT)
    gone = seen(bench, kind=Kind.EVENT)
    assert (gone.uid, gone.organizer, gone.caps, gone.guests) == ("uid", "boss@elsewhere.example", Caps.NONE, 2)


def test_of_an_unlinked_item_out_of_scope_only_id_version_and_hash_stay(bench: Bench) -> None:
    open_event = item("i", slot("Doctor"), uid="uid", organizer="boss@elsewhere.example", key_tag=uuid4())
    bench.see(1, open_event, kind=Kind.EVENT)
    bench.see(1, SeenItem("i", Presence.OUTSIDE, version="v2", digest="hash"), kind=Kind.EVENT)
    stored = row(bench)
    kept = {"user_id", "kind", "mailbox_id", "presence", "version", "digest", "generation", "first_run", "modified_at"}
    assert {name for name, value in stored.items() if value not in (None, "", 0)} <= kept | {"caps"}
    assert (stored["version"], stored["digest"]) == ("v2", "hash")


# --- listing ---------------------------------------------------------------------------------------------------------


def test_a_listing_tells_what_it_did_not_show(bench: Bench) -> None:
    bench.see(1, item("a", ADA), item("b", ADA), item("c", ADA), generation=1)
    bench.see(1, item("a", ADA), generation=2)
    bench.see(1, SeenItem("c", Presence.GONE))
    assert bench.store.unseen(1, Kind.CONTACT, 2) == ("b",)
    assert bench.store.known(1, Kind.CONTACT, ["a", "b", "c", "d"]) == {"a", "b"}
    assert bench.store.mirrored(1, Kind.CONTACT) == 2
    assert bench.store.mirrored(2, Kind.CONTACT) == 0
    assert bench.store.mirrored(1, Kind.EVENT) == 0


def test_a_change_between_listings_leaves_the_generation(bench: Bench) -> None:
    bench.see(1, item("a", ADA), generation=3)
    bench.see(1, item("a", card("Byron"), version="v2"))
    assert row(bench, "a")["generation"] == 3


def test_inv04_cursor_and_what_it_covers_are_stored_together_or_not_at_all(bench: Bench) -> None:
    first = Stream(1, Kind.CONTACT, "folder", "cursor-1", date(2026, 2, 1), date(2026, 9, 1), 1, NOON)
    bench.see(1, item("a", ADA), stream=first)
    assert bench.store.stream(1, Kind.CONTACT) == first
    broken = item("b", ADA, guests="many")
    with pytest.raises(Exception, match="many"):
        bench.see(1, broken, stream=replace(first, cursor="cursor-2"), links=[link_of(9, line_of("003A"), "many")])
    assert bench.store.stream(1, Kind.CONTACT) == first
    assert bench.store.known(1, Kind.CONTACT, ["b"]) == frozenset()


def test_a_reset_stream_lists_everything_and_keeps_the_base(bench: Bench) -> None:
    link = bench.pair(1, "i", "003A", ADA)
    stream = Stream(1, Kind.CONTACT, "folder", "cursor-1", None, None, 1, NOON)
    bench.commit(1, stream=stream)
    bench.store.reset_stream(1, Kind.CONTACT)
    assert bench.store.stream(1, Kind.CONTACT) == replace(stream, cursor=None)
    assert bench.store.links([link.id]) == {link.id: link}
    assert seen(bench).values == ADA
