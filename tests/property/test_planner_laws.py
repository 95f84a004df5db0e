"""Laws of the planner over drawn memories and observations, likely and unlikely ones (INV-14; sync.md B.14)."""

from __future__ import annotations

import os
import random
from dataclasses import replace
from datetime import timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from backend.domain.configuration import DeletionChoice, Direction, GuestRule
from backend.domain.identity import derived
from backend.domain.values import EMPTY, FieldValue, Kind, Side, Values, overlaid
from backend.ports.answers import Op
from backend.ports.mailbox import OWN, Caps
from backend.sync import rows
from backend.sync.plan import Plan, Verb
from backend.sync.planner import plan
from backend.sync.state import Intent, IntentState, LinkState, Meeting, Origin, Presence, Tombstone, UserView
from backend.sync.store import Snapshot
from tests.fakes import planning

EXAMPLES = max(100, int(os.environ.get("LOCKSTEP_TEST_HISTORIES", "500")))
PRESENCES = st.sampled_from([Presence.HERE] * 4 + list(Presence))
CLASSES = st.sampled_from([OWN] * 3 + [OWN | Caps.WOULD_MAIL, Caps.NONE])


@st.composite
def observed(draw: st.DrawFn, kind: Kind, number: int) -> Values:
    """Values of a thing: one of few, so that things match each other."""
    first, second = planning.IN_MAILBOX[kind]
    values: dict[str, FieldValue] = dict(planning.BASE[kind])
    if kind is Kind.CONTACT:
        values["email"] = draw(st.sampled_from([None, "ada@example.com", f"p{number}@example.com"]))
    else:
        values["subject"] = draw(st.sampled_from(["Review", f"Event {number}"]))
    optional = {name: st.sampled_from([None, "Changed"]) for name in (first, second)}
    changes = draw(st.fixed_dictionaries({}, optional=optional))
    return overlaid(values, changes)


@st.composite
def desks(draw: st.DrawFn) -> tuple[Kind, Snapshot, UserView]:
    """Up to four items and records, links between them or to nothing, and all that can hang on links."""
    kind = draw(st.sampled_from(Kind))
    desk = planning.Desk(kind)
    for number in range(draw(st.integers(0, 4))):
        item = planning.item(
            draw(observed(kind, number)), id=f"m{number}", presence=draw(PRESENCES), caps=draw(CLASSES)
        )
        uid = draw(st.sampled_from([None, f"uid{number}", "uid"])) if kind is Kind.EVENT else None
        modified = planning.NOW + timedelta(minutes=draw(st.integers(0, 3)))
        desk.items.append(replace(item, uid=uid, organizer="user1@example.com", modified_at=modified))
    for number in range(draw(st.integers(0, 4))):
        record = planning.record(draw(observed(kind, number)), id=f"r{number}", presence=draw(PRESENCES))
        desk.records.append(record)
    _link(draw, desk)
    desk.out_of_scope = draw(st.sets(st.sampled_from([f"r{number}" for number in range(4)]), max_size=2))
    choice = draw(st.sampled_from(DeletionChoice))
    user = planning.user(draw(st.sampled_from(Direction)), choice, guests=draw(st.sampled_from(GuestRule)))
    return kind, desk.snapshot(), user


def _link(draw: st.DrawFn, desk: planning.Desk) -> None:
    items, records = [one.mailbox_id for one in desk.items], [one.crm_id for one in desk.records]
    for _ in range(draw(st.integers(0, 3))):
        mailbox_id = draw(st.sampled_from([None, *items]))
        crm_id = draw(st.sampled_from([None, *records]))
        if mailbox_id is None and crm_id is None:
            continue
        items = [one for one in items if one != mailbox_id]
        records = [one for one in records if one != crm_id]
        whole = mailbox_id is not None and crm_id is not None
        shadow = draw(st.none() | observed(desk.kind, 0)) if whole else None
        state = draw(st.sampled_from(LinkState)) if whole else LinkState.CREATING
        link = desk.pair(mailbox_id, crm_id, shadow, state=state, origin=draw(st.sampled_from(Origin)))
        if draw(st.booleans()) and desk.kind is Kind.EVENT:
            uid = next((one.uid for one in desk.items if one.mailbox_id == mailbox_id and one.uid), None)
            if uid is not None and uid not in {meeting.uid for meeting in desk.meetings}:
                desk.meetings.append(
                    Meeting(
                        derived("meeting", uid), uid, line_id=link.line_id, shadow_mailbox=shadow, shadow_crm=shadow
                    )
                )
        if draw(st.booleans()):
            desk.shared.add(link.line_id)
        if draw(st.integers(0, 3)) == 0:
            desk.pending.append(_intent(draw, link.id, rows.crm_target(link.line_id), desk.kind))
        if draw(st.booleans()):
            desk.tombstones.append(Tombstone(planning.USER, desk.kind, mailbox_id, crm_id))


def _intent(draw: st.DrawFn, link: object, target: str, kind: Kind) -> Intent:
    state = draw(st.sampled_from([IntentState.PLANNED, IntentState.SENT, IntentState.HELD]))
    return Intent(derived("open", link), planning.USER, derived(link), kind, Side.CRM, Op.UPDATE, target, state=state)


def planned(kind: Kind, snapshot: Snapshot, user: UserView) -> Plan:
    """The plan of a drawn memory."""
    return plan(user, kind, snapshot, planning.WINDOW, planning.TODAY)


def shuffled(snapshot: Snapshot, seed: int) -> Snapshot:
    """The same snapshot with every mapping in another order."""
    order = random.Random(seed)
    changed: dict[str, object] = {}
    for name in ("items", "records", "links", "lines", "meetings", "holders", "organizers", "series", "pending"):
        entries = list(getattr(snapshot, name).items())
        order.shuffle(entries)
        changed[name] = dict(entries)
    return replace(snapshot, **changed)  # type: ignore[arg-type]  # names are those of the snapshot's own mappings


law = settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))


@law
@given(desks(), st.integers(0, 5))
def test_inv14_the_plan_depends_on_its_arguments_and_not_on_their_order(
    case: tuple[Kind, Snapshot, UserView], seed: int
) -> None:
    kind, snapshot, user = case
    first = planned(kind, snapshot, user)
    assert planned(kind, snapshot, user) == first
    assert planned(kind, shuffled(snapshot, seed), user) == first


@law
@given(desks())
def test_a_pair_gets_one_step_that_writes_and_a_remote_object_one_writer_inv18(
    case: tuple[Kind, Snapshot, UserView],
) -> None:
    kind, snapshot, user = case
    steps = [step for step in planned(kind, snapshot, user).steps if step.intents]
    links = [step.link.id if step.link else step.intents[0].link_id for step in steps]
    assert len(links) == len(set(links))
    targets = [one.target for step in steps for one in step.intents if one.state is IntentState.PLANNED]
    assert len(targets) == len(set(targets))
    busy = {target for target, one in snapshot.pending.items() if one.state is not IntentState.HELD}
    assert busy.isdisjoint(targets)


@law
@given(desks())
def test_inv1_no_item_and_no_record_is_given_to_two_links(case: tuple[Kind, Snapshot, UserView]) -> None:
    kind, snapshot, user = case
    steps = planned(kind, snapshot, user).steps
    links = dict(snapshot.links)
    lines = dict(snapshot.lines)
    for step in steps:
        if step.line is not None:
            lines[step.line.id] = step.line
        if step.link is not None:
            links[step.link.id] = step.link
    for step in steps:
        if step.drop and step.link is not None:
            links.pop(step.link.id, None)
    items = [link.ref for link in links.values() if link.ref is not None]
    assert len(items) == len(set(items))
    named = [link.line_id for link in links.values()]
    assert len(named) == len(set(named))
    records = [line.crm_id for line in lines.values() if line.crm_id]
    assert len(records) == len(set(records))


@law
@given(desks())
def test_nothing_is_written_where_direction_and_class_forbid_it_inv12_inv26_inv27(
    case: tuple[Kind, Snapshot, UserView],
) -> None:
    kind, snapshot, user = case
    configuration = user.configuration
    direction = configuration.of(kind).direction
    for one in planning.intents(planned(kind, snapshot, user)):
        if one.state in (IntentState.SUPERSEDED, IntentState.HELD):
            continue
        link = snapshot.links.get(one.link_id)
        item = snapshot.items.get(link.mailbox_id or "") if link else None
        loud = item is not None and Caps.WOULD_MAIL in item.caps
        if one.side is Side.CRM:
            assert direction.writes_crm or (loud and configuration.guests is GuestRule.PUT_BACK)
            continue
        assert direction.writes_mailbox
        if item is not None and one.op is not Op.CREATE and item.presence is Presence.HERE:
            assert Caps.UPDATE in item.caps
            assert not loud or one.notify or one.values.keys() <= {"show_as"}
            heard = not one.values.keys() <= {"show_as"}
            assert one.notify is (loud and configuration.guests is GuestRule.SEND and heard)


@law
@given(desks())
def test_inv5_a_deletion_has_a_deleted_counterpart_an_unchanged_copy_and_the_choice(
    case: tuple[Kind, Snapshot, UserView],
) -> None:
    kind, snapshot, user = case
    for one in planning.intents(planned(kind, snapshot, user)):
        if one.op is not Op.DELETE or one.state is IntentState.SUPERSEDED:
            continue
        assert user.configuration.of(kind).deletion is DeletionChoice.DELETE
        link = snapshot.links[one.link_id]
        line = snapshot.lines[link.line_id]
        item, record = snapshot.items[link.mailbox_id or ""], snapshot.records[line.crm_id or ""]
        if one.side is Side.MAILBOX:
            assert record.presence is Presence.GONE
            assert dict(item.values) == dict(link.shadow_mailbox or EMPTY)
        else:
            assert item.presence is Presence.GONE
            meeting = next((entry for entry in snapshot.meetings.values() if entry.line_id == line.id), None)
            base = meeting.shadow_crm if meeting and meeting.shadow_crm is not None else link.shadow_crm
            assert dict(record.values) == dict(base or EMPTY)
            assert kind is Kind.EVENT or line.id not in snapshot.shared_lines


@law
@given(desks())
def test_inv20_what_is_stopped_stays_stopped_while_its_other_half_is_gone(
    case: tuple[Kind, Snapshot, UserView],
) -> None:
    kind, snapshot, user = case
    steps = planned(kind, snapshot, user).steps
    found_again = {step.line.id: step.line for step in steps if step.verb is Verb.REPOINT and step.line}
    for step in steps:
        before = snapshot.links.get(step.link.id) if step.link else None
        if before is None or before.state is not LinkState.STOPPED or step.link is None or step.drop:
            continue
        item = snapshot.items.get(step.link.mailbox_id or "")
        line = (dict(snapshot.lines) | found_again)[step.link.line_id]
        record = snapshot.records.get(line.crm_id or "")
        both = [one for one in (item, record) if one is not None and one.presence is not Presence.GONE]
        assert len(both) == 2
        assert step.intents == ()
