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


def prepare_contacts(store: SyncStore, lease: Lease, user: UserView) -> None:
    """What became due since the last pass by itself."""
    _age_unresolved(store, lease, user)
    _make_room(store, lease, user)


def _age_unresolved(store: SyncStore, lease: Lease, user: UserView) -> None:
    """What the last pass left unresolved and nobody answered; by the configuration its text is emptied (LS-080)."""
    waiting = store.unresolved(user.user_id, Standing.NEW)
    if not waiting:
        return
    links = store.links(item.link_id for item in waiting)
    ids = sorted(link.mailbox_id for link in links.values() if link.mailbox_id)
    todos = [Todo(user.user_id, Kind.CONTACT, Side.MAILBOX.value, mailbox_id) for mailbox_id in ids]
    aged = [replace(item, standing=Standing.OPEN) for item in waiting]
    store.commit(lease, Changes(unresolved=aged, todos=todos, item_user=user.user_id))


def _make_room(store: SyncStore, lease: Lease, user: UserView) -> None:
    """Contacts beyond the limit are taken up as others stop syncing, in the order in which they were seen (LS-094)."""
    waiting = store.over_limit(user.user_id)
    if waiting:
        store.commit(lease, Changes(todos=list(waiting), item_user=user.user_id))
