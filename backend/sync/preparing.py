"""What a pass has to know before it plans: what the user may read, and what was waited for long enough."""

from __future__ import annotations

from dataclasses import replace

from backend.domain.values import Kind, Side
from backend.ports.crm import Crm
from backend.sync.state import Lease, Todo, UserView
from backend.sync.store import Changes, SyncStore
from backend.sync.unresolved import Standing


def knowing(user: UserView, crm: Crm, kind: Kind) -> UserView:
    """The user with what he may read and edit of a kind (D-16)."""
    return replace(user, access={**user.access, kind: crm.access(kind, user.configuration.of(kind).field_map)})


def age_unresolved(store: SyncStore, lease: Lease, user: UserView) -> None:
    """What the last pass left unresolved and nobody answered; by the configuration its text is emptied (LS-080)."""
    waiting = store.unresolved(user.user_id, Standing.NEW)
    if not waiting:
        return
    links = store.links(item.link_id for item in waiting)
    ids = sorted(link.mailbox_id for link in links.values() if link.mailbox_id)
    todos = [Todo(user.user_id, Kind.CONTACT, Side.MAILBOX.value, mailbox_id) for mailbox_id in ids]
    aged = [replace(item, standing=Standing.OPEN) for item in waiting]
    store.commit(lease, Changes(unresolved=aged, todos=todos, item_user=user.user_id))
