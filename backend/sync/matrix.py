"""What follows from the two observations of a linked pair: total tables, no default (docs/sync.md B.5, F.1).

Rows are the mailbox, columns Salesforce. A cell with three actions is the deletion choice stop / re-create / delete.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from backend.domain.configuration import DeletionChoice, Direction


class Seen(StrEnum):
    """How one side of a pair stands against its shadow."""

    SAME = "="
    CHANGED = "Δ"
    GONE = "gone"
    OUTSIDE = "outside"
    UNKNOWN = "unknown"


class Action(StrEnum):
    """What to do with a pair."""

    NOTHING = "nothing"
    MERGE = "merge"
    """Compare field by field; direction and capability decide what is written and what drifts."""
    STOP = "stop"
    REMAKE_RECORD = "remake_record"
    REMAKE_ITEM = "remake_item"
    DELETE_RECORD = "delete_record"
    DELETE_ITEM = "delete_item"
    PARK = "park"
    END = "end"
    WAIT = "wait"


_N, _M, _S, _P, _E = Action.NOTHING, Action.MERGE, Action.STOP, Action.PARK, Action.END
_RS, _RM, _DS, _DM = Action.REMAKE_RECORD, Action.REMAKE_ITEM, Action.DELETE_RECORD, Action.DELETE_ITEM

_Cell = Action | tuple[Action, Action, Action]
_Table = dict[Seen, tuple[_Cell, _Cell, _Cell, _Cell]]

_COLUMNS: Final = (Seen.SAME, Seen.CHANGED, Seen.GONE, Seen.OUTSIDE)
_CHOICES: Final = (DeletionChoice.STOP, DeletionChoice.RECREATE, DeletionChoice.DELETE)

_BOTH: Final[_Table] = {
    Seen.SAME: (_N, _M, (_S, _RS, _DM), _P),
    Seen.CHANGED: (_M, _M, (_S, _RS, _S), _P),
    Seen.GONE: ((_S, _RM, _DS), (_S, _RM, _S), _E, _S),
    Seen.OUTSIDE: (_P, _P, _S, _P),
}
_TO_CRM: Final[_Table] = {
    Seen.SAME: (_N, _M, (_S, _RS, _S), _P),
    Seen.CHANGED: (_M, _M, (_S, _RS, _S), _P),
    Seen.GONE: ((_S, _S, _DS), _S, _E, _S),
    Seen.OUTSIDE: (_P, _P, _S, _P),
}
_TO_MAILBOX: Final[_Table] = {
    Seen.SAME: (_N, _M, (_S, _S, _DM), _P),
    Seen.CHANGED: (_M, _M, _S, _P),
    Seen.GONE: ((_S, _RM, _S), (_S, _RM, _S), _E, _S),
    Seen.OUTSIDE: (_P, _P, _S, _P),
}
_TABLES: Final = {Direction.BOTH: _BOTH, Direction.TO_CRM: _TO_CRM, Direction.TO_MAILBOX: _TO_MAILBOX}


def action(direction: Direction, choice: DeletionChoice, mailbox: Seen, crm: Seen) -> Action:
    """The cell for one pair. Unknown on either side waits; with the direction off nothing is planned."""
    if direction is Direction.OFF:
        return Action.NOTHING
    if Seen.UNKNOWN in (mailbox, crm):
        return Action.WAIT
    cell = _TABLES[direction][mailbox][_COLUMNS.index(crm)]
    return cell if isinstance(cell, Action) else cell[_CHOICES.index(choice)]
