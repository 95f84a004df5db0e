"""Reading through Graph: folders, cursors, verdicts, what changes while it is read, private items."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID, uuid4, uuid5

import pytest

from backend.domain.values import Kind
from backend.ports.answers import Op, Verdict, Write
from backend.ports.errors import ContainerGone, CursorExpired
from backend.ports.mailbox import Item, Page
from backend.sandbox.faults import Rule
from tests.contract.ports.mailbox_port import NINE, SPAN, meeting, person, timed
from tests.fakes.graph_bench import GraphBench

FOLDER = "Salesforce_Sync"


def pages(bench: GraphBench, kind: Kind, cursor: str | None = None) -> list[Page]:
    container = bench.port.container(kind) if kind is Kind.CONTACT else ""
    return list(bench.port.changes(kind, container, cursor, SPAN))


def ids(found: list[Page]) -> list[str]:
    return [item.id for page in found for item in page.items]


# --- the folder -------------------------------------------------------------------------------------------------------


def test_ls055_ls057_the_folder_is_made_once_and_found_again_whatever_its_letters(graph_bench: GraphBench) -> None:
    made = graph_bench.port.container(Kind.CONTACT)
    graph_bench.box.rename_folder(graph_bench.box.folders[made], "SALESFORCE_SYNC")
    assert graph_bench.port.container(Kind.CONTACT) == made
    assert [folder.name for folder in graph_bench.box.folders.values() if folder.kind == "contacts"].count(FOLDER) == 0


def test_ms087_a_folder_that_was_made_at_the_same_moment_is_adopted(graph_bench: GraphBench) -> None:
    def make(_: object) -> None:
        graph_bench.box.add_contact_folder(FOLDER)

    graph_bench.world.faults.add(Rule("hook", operation="batch", nth=1, hook=make))
    assert graph_bench.port.container(Kind.CONTACT) == graph_bench.box.contact_folder(FOLDER).id


def test_ms035_ms088_a_deleted_folder_is_said_to_be_gone_not_its_contacts(graph_bench: GraphBench) -> None:
    folder = graph_bench.port.container(Kind.CONTACT)
    graph_bench.create(Kind.CONTACT, person("Lovelace"))
    cursor = pages(graph_bench, Kind.CONTACT)[-1].cursor
    graph_bench.box.delete_folder(graph_bench.box.folders[folder])
    for since in (cursor, None):
        with pytest.raises(ContainerGone):
            list(graph_bench.port.changes(Kind.CONTACT, folder, since, SPAN))


def test_ls058_contacts_outside_the_folder_are_not_seen(graph_bench: GraphBench) -> None:
    graph_bench.port.container(Kind.CONTACT)
    graph_bench.box.create_contact({"surname": "Elsewhere"})
    inside = graph_bench.create(Kind.CONTACT, person("Lovelace"))
    assert ids(pages(graph_bench, Kind.CONTACT)) == [inside]


# --- rounds -----------------------------------------------------------------------------------------------------------


def test_a_contact_made_while_the_folder_is_listed_is_not_missed(graph_bench: GraphBench) -> None:
    """The cursor is older than the list, so whatever happens in between is in the next round."""
    graph_bench.port.container(Kind.CONTACT)
    made: list[str] = []
    graph_bench.world.faults.add(
        Rule(
            "hook",
            operation="folderContacts.list",
            nth=1,
            when="after",
            hook=lambda _: made.append(graph_bench.create(Kind.CONTACT, person("Late"))),
        )
    )
    first = pages(graph_bench, Kind.CONTACT)
    assert len(made) == 1
    assert made[0] not in ids(first)
    assert ids(pages(graph_bench, Kind.CONTACT, first[-1].cursor)) == made


def test_ms033_a_round_can_expire_in_the_middle(graph_bench: GraphBench) -> None:
    for number in range(300):
        graph_bench.create(Kind.EVENT, meeting(f"E{number}", NINE + timedelta(minutes=number)))
    round_ = graph_bench.port.changes(Kind.EVENT, "", None, SPAN)
    next(round_)
    graph_bench.tenant.expire_delta_tokens()
    with pytest.raises(CursorExpired):
        next(round_)


def test_ms034_a_reset_by_the_service_is_an_expired_cursor(graph_bench: GraphBench) -> None:
    cursor = pages(graph_bench, Kind.EVENT)[-1].cursor
    graph_bench.tenant.require_resync()
    with pytest.raises(CursorExpired):
        pages(graph_bench, Kind.EVENT, cursor)


def test_ms035_a_cursor_of_another_stream_is_expired(graph_bench: GraphBench) -> None:
    contacts = pages(graph_bench, Kind.CONTACT)[-1].cursor or ""
    events = pages(graph_bench, Kind.EVENT)[-1].cursor or ""
    mixed = contacts.partition("$deltatoken=")[0] + "$deltatoken=" + events.partition("$deltatoken=")[2]
    with pytest.raises(CursorExpired):
        pages(graph_bench, Kind.CONTACT, mixed)


def test_ms016_empty_pages_in_the_middle_do_not_end_a_round(graph_bench: GraphBench) -> None:
    made = graph_bench.create(Kind.EVENT, meeting("Review"))
    graph_bench.tenant.quirks.empty_pages = 2
    found = pages(graph_bench, Kind.EVENT)
    assert [ids([page]) for page in found] == [[], [], [made]]
    assert [page.cursor is None for page in found] == [True, True, False]


def test_ms045_ms079_a_touch_of_the_server_is_a_new_version_of_the_same_values(graph_bench: GraphBench) -> None:
    target = graph_bench.create(Kind.EVENT, meeting("Review"))
    first = pages(graph_bench, Kind.EVENT)
    graph_bench.box.touch_item(target)
    again = pages(graph_bench, Kind.EVENT, first[-1].cursor)
    before, after = first[0].items[0], again[0].items[0]
    assert before.version != after.version
    assert before.values == after.values


def test_ms017_distribution_lists_are_no_contacts(graph_bench: GraphBench) -> None:
    folder = graph_bench.port.container(Kind.CONTACT)
    graph_bench.box.create_distribution_list("Everybody", graph_bench.box.folders[folder])
    inside = graph_bench.create(Kind.CONTACT, person("Lovelace"))
    assert ids(pages(graph_bench, Kind.CONTACT)) == [inside]


# --- verdicts ---------------------------------------------------------------------------------------------------------


def test_b4_deleted_is_gone_moved_is_outside_and_beyond_the_window_is_still_an_item(graph_bench: GraphBench) -> None:
    calendar = graph_bench.box.calendar.id
    here, far, moved, deleted = (graph_bench.create(Kind.EVENT, meeting(name)) for name in ("a", "b", "c", "d"))
    graph_bench.edit(far, {"when": timed(NINE - timedelta(days=2000))})
    graph_bench.move_out(moved)
    graph_bench.delete(deleted)
    found = graph_bench.port.fetch(Kind.EVENT, calendar, [here, far, moved, deleted])
    assert [isinstance(found[id], Item) for id in (here, far)] == [True, True]
    assert (found[moved], found[deleted]) == (Verdict.OUTSIDE, Verdict.GONE)


def test_a_restored_item_comes_back_under_its_own_id(graph_bench: GraphBench) -> None:
    target = graph_bench.create(Kind.EVENT, meeting("Review"))
    cursor = pages(graph_bench, Kind.EVENT)[-1].cursor
    graph_bench.delete(target)
    gone = pages(graph_bench, Kind.EVENT, cursor)
    assert gone[0].removed == (target,)
    graph_bench.box.undelete(target)
    assert ids(pages(graph_bench, Kind.EVENT, gone[-1].cursor)) == [target]


def test_ms041_ids_are_immutable_when_an_item_moves_and_returns(graph_bench: GraphBench) -> None:
    target = graph_bench.create(Kind.EVENT, meeting("Review"))
    graph_bench.move_out(target)
    graph_bench.box.move_event(target, graph_bench.box.calendar)
    assert ids(pages(graph_bench, Kind.EVENT)) == [target]


def test_ms048_organiser_and_guest_see_the_same_uid(graph_bench: GraphBench) -> None:
    graph_bench.receive_meeting(meeting("Their review"))
    theirs = graph_bench.connection.mailbox(graph_bench.boss.id)
    found = [next(iter(port.changes(Kind.EVENT, "", None, SPAN))).items[0] for port in (graph_bench.port, theirs)]
    assert len({item.uid for item in found}) == 1
    assert len({item.id for item in found}) == 2
    assert {item.organizer for item in found} == {"boss@lockstep.example"}


def test_ms092_a_copy_has_no_tag_in_changes_and_the_tag_when_looked_for(graph_bench: GraphBench) -> None:
    key = uuid5(UUID(int=1), "key")
    write = Write(uuid4(), Op.CREATE, Kind.EVENT, meeting("Review"), key=key)
    made = graph_bench.port.write(graph_bench.box.calendar.id, [write])[0].stored
    assert made is not None
    copy = graph_bench.copy(made.id)
    seen = {item.id: item.key_tag for page in pages(graph_bench, Kind.EVENT) for item in page.items}
    assert seen == {made.id: key, copy: None}
    tagged = graph_bench.port.find_tagged(Kind.EVENT, graph_bench.box.calendar.id, [key])
    assert {item.id: item.key_tag for item in tagged} == {made.id: key, copy: key}


def test_identity_names_id_address_and_iana_zone(graph_bench: GraphBench) -> None:
    graph_bench.box.settings["timeZone"] = "W. Europe Standard Time"
    found = graph_bench.port.identity()
    assert (found.id, found.address, found.zone) == (graph_bench.ada.id, "ada@lockstep.example", "Europe/Berlin")
