"""What follows from two observations of a linked pair: every cell of F.1, through the whole planner (INV-5, LS-096).

The table below is copied from the design, not from the code: direction, deletion choice, both sides, class of item.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import pytest

from backend.domain.configuration import DeletionChoice, Direction
from backend.domain.values import EMPTY, Kind, Side, Values, overlaid
from backend.ports.answers import Op
from backend.ports.mailbox import OWN, Caps
from backend.sync.plan import Plan, Verb
from backend.sync.state import IntentState, LinkState, Origin, Presence
from tests.fakes import planning

COLUMNS = ("=", "Δ", "gone", "outside")
TABLE = {
    Direction.BOTH: {
        "=": "none | →M | Stop/reS/delM | Park",
        "Δ": "→S | merge | Stop/reS/Stop | Park",
        "gone": "Stop/reM/delS | Stop/reM/Stop | End | Stop",
        "outside": "Park | Park | Stop | Park",
    },
    Direction.TO_CRM: {
        "=": "none | drift | Stop/reS/Stop | Park",
        "Δ": "→S | →S | Stop/reS/Stop | Park",
        "gone": "Stop/Stop/delS | Stop | End | Stop",
        "outside": "Park | Park | Stop | Park",
    },
    Direction.TO_MAILBOX: {
        "=": "none | →M | Stop/Stop/delM | Park",
        "Δ": "drift | →M | Stop | Park",
        "gone": "Stop/reM/Stop | Stop/reM/Stop | End | Stop",
        "outside": "Park | Park | Stop | Park",
    },
}
CHOICES = (DeletionChoice.STOP, DeletionChoice.RECREATE, DeletionChoice.DELETE)
ROWS = (*COLUMNS, "unknown")
CLASSES = {"own": OWN, "loud": OWN | Caps.WOULD_MAIL, "copy": Caps.NONE, "locked": Caps.NONE}
"""The classes of I.1; a guest's copy and a locked item may not be written either way."""


def expected(direction: Direction, choice: DeletionChoice, mailbox: str, crm: str) -> str:
    """The cell of the table."""
    if direction is Direction.OFF:
        return "none"
    if "unknown" in (mailbox, crm):
        return "Wait"
    cell = TABLE[direction][mailbox].split(" | ")[COLUMNS.index(crm)].split("/")
    return cell[CHOICES.index(choice)] if len(cell) == 3 else cell[0]


def present(kind: Kind, seen: str, group: str) -> tuple[Presence, Values]:
    """One side's observation."""
    base = planning.BASE[kind]
    if seen == "Δ":
        return Presence.HERE, overlaid(base, {group: "Changed"})
    if seen == "=":
        return Presence.HERE, base
    return Presence(seen), base


def outcome(plan: Plan) -> str:
    """A plan of one pair in the words of the table."""
    if not plan.steps:
        return "nothing"
    (step,) = plan.steps
    writes = {(one.side, one.op) for one in step.intents}
    both = {(Side.CRM, Op.UPDATE), (Side.MAILBOX, Op.UPDATE)}
    names = {
        frozenset(both): "merge",
        frozenset({(Side.CRM, Op.UPDATE)}): "→S",
        frozenset({(Side.MAILBOX, Op.UPDATE)}): "→M",
        frozenset({(Side.CRM, Op.CREATE)}): "reS",
        frozenset({(Side.MAILBOX, Op.CREATE)}): "reM",
        frozenset({(Side.CRM, Op.DELETE)}): "delS",
        frozenset({(Side.MAILBOX, Op.DELETE)}): "delM",
    }
    if writes:
        return names[frozenset(writes)]
    return {Verb.STOP: "Stop", Verb.PARK: "Park", Verb.END: "End"}[step.verb]


def plan_of(kind: Kind, direction: Direction, choice: DeletionChoice, mailbox: str, crm: str, caps: Caps = OWN) -> Plan:
    """The plan for one pair seen so."""
    desk = planning.Desk(kind)
    in_mailbox, in_crm = planning.IN_MAILBOX[kind]
    presence, values = present(kind, mailbox, in_mailbox)
    desk.items = [planning.item(values, presence=presence, caps=caps)]
    presence, values = present(kind, crm, in_crm)
    desk.records = [planning.record(values, presence=presence)]
    link = desk.pair(shadow=planning.BASE[kind])
    if crm == "outside":
        desk.links = [replace(link, origin=Origin.CRM)]
        desk.out_of_scope = {"r1"}
    return desk.plan(planning.user(direction, choice))


CELLS = list(product(Direction, CHOICES, ROWS, ROWS))


@pytest.mark.parametrize("kind", list(Kind))
def test_every_cell_of_an_own_item_inv5(kind: Kind) -> None:
    words = {"none": "nothing", "drift": "nothing", "Wait": "nothing"}
    wrong = []
    for direction, choice, mailbox, crm in CELLS:
        wanted = expected(direction, choice, mailbox, crm)
        seen = outcome(plan_of(kind, direction, choice, mailbox, crm))
        if seen != words.get(wanted, wanted):
            wrong.append((direction.value, choice.value, mailbox, crm, wanted, seen))
    assert wrong == []


@pytest.mark.parametrize("name", ["loud", "copy", "locked"])
def test_every_cell_of_a_meeting_inv12_inv27(name: str) -> None:
    """Towards the mailbox: held on a loud item, left on a copy or a locked one. Towards Salesforce: as always."""
    words = {"none": "nothing", "drift": "nothing", "Wait": "nothing"}
    if name != "loud":
        words |= {"→M": "nothing", "merge": "→S", "delM": "Stop"}
    wrong = []
    for direction, choice, mailbox, crm in CELLS:
        wanted = expected(direction, choice, mailbox, crm)
        planned = plan_of(Kind.EVENT, direction, choice, mailbox, crm, CLASSES[name])
        towards_mailbox = [
            one for one in planning.intents(planned) if one.side is Side.MAILBOX and one.op is not Op.CREATE
        ]
        quiet = all(one.state is IntentState.HELD and not one.notify for one in towards_mailbox)
        if outcome(planned) != words.get(wanted, wanted) or not quiet:
            wrong.append((direction.value, choice.value, mailbox, crm, wanted, outcome(planned)))
    assert wrong == []


@pytest.mark.parametrize("kind", list(Kind))
def test_a_patch_holds_the_changed_groups_only(kind: Kind) -> None:
    in_mailbox, in_crm = planning.IN_MAILBOX[kind]
    plan = plan_of(kind, Direction.BOTH, DeletionChoice.STOP, "Δ", "Δ")
    assert {one.side: dict(one.values) for one in planning.intents(plan)} == {
        Side.CRM: {in_mailbox: "Changed"},
        Side.MAILBOX: {in_crm: "Changed"},
    }


@pytest.mark.parametrize("kind", list(Kind))
def test_one_way_what_was_typed_on_the_target_stays_f3(kind: Kind) -> None:
    in_mailbox, in_crm = planning.IN_MAILBOX[kind]
    for direction, group in ((Direction.TO_CRM, in_mailbox), (Direction.TO_MAILBOX, in_crm)):
        plan = plan_of(kind, direction, DeletionChoice.STOP, "Δ", "Δ")
        assert [dict(one.values) for one in planning.intents(plan)] == [{group: "Changed"}]


@pytest.mark.parametrize("kind", list(Kind))
def test_a_stopped_pair_is_left_alone_until_the_deleted_side_returns_f2_inv20(kind: Kind) -> None:
    base = planning.BASE[kind]
    for mailbox, crm, wanted in (
        (Presence.GONE, Presence.HERE, "nothing"),
        (Presence.HERE, Presence.GONE, "nothing"),
        (Presence.GONE, Presence.GONE, "End"),
    ):
        desk = planning.Desk(kind)
        desk.items = [planning.item(overlaid(base, {planning.IN_MAILBOX[kind][0]: "Later"}), presence=mailbox)]
        desk.records = [planning.record(overlaid(base, {planning.IN_MAILBOX[kind][1]: "Later"}), presence=crm)]
        desk.pair(shadow=base, state=LinkState.STOPPED)
        for choice in CHOICES:
            assert outcome(desk.plan(planning.user(choice=choice))) == wanted


@pytest.mark.parametrize("kind", list(Kind))
def test_a_stopped_pair_follows_again_with_its_old_shadows_when_the_deleted_side_returns_f2(kind: Kind) -> None:
    base = planning.BASE[kind]
    desk = planning.Desk(kind, [planning.item(base)], [planning.record(base)])
    desk.pair(shadow=base, state=LinkState.STOPPED)
    (step,) = desk.plan().steps
    assert step.verb is Verb.REVIVE
    assert step.link is not None
    assert (step.link.state, step.link.shadow_mailbox, step.link.shadow_crm) == (LinkState.LINKED, base, base)
    assert list(planning.intents(desk.plan())) == []


def test_a_contact_that_colleagues_keep_is_not_deleted_d8_inv19() -> None:
    desk = planning.Desk(Kind.CONTACT)
    desk.items = [planning.item(EMPTY, presence=Presence.GONE)]
    desk.records = [planning.record(planning.BASE[Kind.CONTACT])]
    link = desk.pair(shadow=planning.BASE[Kind.CONTACT])
    deleting = planning.user(choice=DeletionChoice.DELETE)
    assert outcome(desk.plan(deleting)) == "delS"
    desk.shared = {link.line_id}
    assert outcome(desk.plan(deleting)) == "Stop"
