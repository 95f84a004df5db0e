"""Several cards of one address in a mailbox: the first is kept in step, the others wait beside it (D-14).

They wait for no change of their own: when the first, or its record, goes by another address, they are looked at again.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

import sqlalchemy as sa

from backend.domain.values import Kind
from backend.storage import todos
from backend.storage.statements import IDS, look_up
from backend.storage.tables import link, mailbox_item
from backend.storage.work import Work
from backend.sync.state import Presence

_item = mailbox_item.c
_linked = sa.exists().where(
    link.c.user_id == _item.user_id, link.c.kind == _item.kind, link.c.mailbox_id == _item.mailbox_id
)
_WAITING = sa.select(_item.mailbox_id).where(
    _item.user_id == sa.bindparam("user"),
    _item.kind == Kind.CONTACT.value,
    _item.presence == Presence.HERE.value,
    _item.strong_key.in_(IDS),
    sa.not_(_linked),
)


def wake(work: Work, given_up: Iterable[tuple[int, str]]) -> None:
    """Marks the unpaired cards with an address that another card of the user, or its record, has no longer."""
    by_user: dict[int, set[str]] = defaultdict(set)
    for user, address in given_up:
        by_user[user].add(address)
    for user, addresses in by_user.items():
        rows = look_up(work.connection, _WAITING, addresses, user=user)
        work.marks.update((user, Kind.CONTACT.value, todos.MAILBOX, row.mailbox_id) for row in rows)
