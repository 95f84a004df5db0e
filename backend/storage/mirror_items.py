"""The mirror of mailboxes: newest version wins, and whoever is concerned by a change gets a mark (INV-21, D-11)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from backend.domain.codec import decode_values
from backend.domain.identity import natural_key, normal_email, strong_key
from backend.domain.values import Kind
from backend.storage import namesakes, todos
from backend.storage.series_codec import encode_series
from backend.storage.statements import IDS, look_up, run_many, upsert
from backend.storage.stored_values import JsonText, serialize
from backend.storage.tables import link, mailbox_item, person, user_state
from backend.storage.work import Work, agrees
from backend.sync.state import Link, Presence, SeenItem

_item = mailbox_item.c
_OF_USER = (_item.user_id == sa.bindparam("user"), _item.kind == sa.bindparam("of_kind"))
_STORED = sa.select(mailbox_item).where(*_OF_USER, _item.mailbox_id.in_(IDS))
_LINKS = sa.select(link.c.mailbox_id, link.c.state, link.c.shadow_mailbox).where(
    link.c.user_id == sa.bindparam("user"), link.c.kind == sa.bindparam("of_kind"), link.c.mailbox_id.in_(IDS)
)
_ONE = sa.update(mailbox_item).where(*_OF_USER, _item.mailbox_id == sa.bindparam("id_of_item"))
_TOUCH = _ONE.values(
    version=sa.bindparam("new_version"),
    digest=sa.bindparam("new_digest"),
    modified_at=sa.bindparam("new_modified_at"),
    generation=sa.bindparam("new_generation"),
)
_LISTED = _ONE.values(generation=sa.bindparam("new_generation"))
_OTHER_HOLDERS = (
    sa.select(_item.user_id, _item.uid)
    .where(_item.uid.in_(IDS), _item.user_id != sa.bindparam("user"), _item.presence != Presence.GONE.value)
    .distinct()
)
_SYNCING_BY_ADDRESS = (
    sa.select(person.c.id, person.c.address)
    .join(user_state, user_state.c.user_id == person.c.id)
    .where(person.c.address.in_(IDS), user_state.c.syncs)
)


@dataclass
class _Seen:
    """An item as reported, the row it meets, and the pairing it belongs to, if any."""

    item: SeenItem
    row: Any
    answered: Link | None = None
    """The link as this very commit leaves it."""
    linked: bool = False
    agreed: bool = False
    """Whether a stored link holds the same values as its shadow."""


def store_items(work: Work) -> None:
    """Upserts `Changes.items` into the mirror of their user and gathers marks for what changed."""
    changes = work.changes
    newest = _newest(changes.items)
    if not newest:
        return
    whose = {"user": changes.item_user, "of_kind": changes.item_kind.value}
    rows = {row.mailbox_id: row for row in look_up(work.connection, _STORED, newest, **whose)}
    changed: list[_Seen] = []
    touched: list[dict[str, Any]] = []
    listed: list[dict[str, Any]] = []
    for item in newest.values():
        row = rows.get(item.mailbox_id)
        if row is None:
            changed.append(_Seen(item, None))
        elif _older(item, row):
            listed.append(whose | {"id_of_item": item.mailbox_id, "new_generation": _generation(work, row)})
        elif _same(work, item, row):
            touched.append(whose | _touch(work, item, row))
        else:
            changed.append(_Seen(item, row))
    _add_links(work, changed, whose)
    upsert(work.connection, mailbox_item, [_row(work, seen) for seen in changed], keep=("first_run", "created_at"))
    run_many(work.connection, _TOUCH, touched)
    run_many(work.connection, _LISTED, listed)
    _mark(work, [seen for seen in changed if not _echo(seen)])
    if changes.item_kind is Kind.CONTACT:
        namesakes.wake(work, ((changes.item_user, address) for seen in changed for address in _given_up(seen)))


def _given_up(seen: _Seen) -> list[str]:
    """The address that a card had and has no longer."""
    before = None if seen.row is None else seen.row.strong_key
    return [] if before in (None, strong_key(Kind.CONTACT, seen.item.values)) else [before]


def _newest(items: Iterable[SeenItem]) -> dict[str, SeenItem]:
    newest: dict[str, SeenItem] = {}
    for item in items:
        other = newest.get(item.mailbox_id)
        if other is None or not _precedes(item, other):
            newest[item.mailbox_id] = item
    return newest


def _precedes(item: SeenItem, other: Any) -> bool:
    return item.modified_at is not None and other.modified_at is not None and item.modified_at < other.modified_at


def _older(item: SeenItem, row: sa.Row[Any]) -> bool:
    return _precedes(item, row)


def _same(work: Work, item: SeenItem, row: sa.Row[Any]) -> bool:
    if item.presence is not Presence.HERE:
        return bool(item.presence.value == row.presence)
    series = None if item.series is None else encode_series(item.series)
    return (
        row.presence == Presence.HERE.value
        and _circumstances(item) == (row.caps, row.guests, row.uid, row.organizer, row.problem)
        and row.key_tag == (None if item.key_tag is None else str(item.key_tag))
        and row.series == series
        and row.values == work.encode.json(item.values)
    )


def _circumstances(item: SeenItem) -> tuple[int, int, str | None, str | None, str | None]:
    """What is news even if the values are not."""
    return item.caps.value, item.guests, item.uid, _address(item), item.problem


def _generation(work: Work, row: sa.Row[Any] | None) -> int:
    if work.changes.generation is not None:
        return work.changes.generation
    return 0 if row is None else row.generation


def _touch(work: Work, item: SeenItem, row: sa.Row[Any]) -> dict[str, Any]:
    return {
        "id_of_item": item.mailbox_id,
        "new_version": item.version or row.version,
        "new_digest": item.digest or row.digest,
        "new_modified_at": item.modified_at or row.modified_at,
        "new_generation": _generation(work, row),
    }


def _address(item: SeenItem) -> str | None:
    return normal_email(item.organizer)


def _row(work: Work, seen: _Seen) -> dict[str, Any]:
    item, row = seen.item, seen.row
    fixed = {
        "user_id": work.changes.item_user,
        "kind": work.changes.item_kind.value,
        "mailbox_id": item.mailbox_id,
        "presence": item.presence.value,
        "version": item.version or (row.version if row is not None else ""),
        "digest": item.digest,
        "modified_at": item.modified_at or (row.modified_at if row is not None else None),
        "created_at": item.created_at,
        "generation": _generation(work, row),
        "first_run": work.changes.run_id or 0,
    }
    content = _content(work, item) if item.presence is Presence.HERE else _identity_only(seen)
    return fixed | content


def _content(work: Work, item: SeenItem) -> dict[str, Any]:
    kind = work.changes.item_kind
    return {
        "values": work.encode.text(item.values),
        "series": None if item.series is None else JsonText(serialize(encode_series(item.series))),
        "caps": item.caps.value,
        "key_tag": None if item.key_tag is None else str(item.key_tag),
        "uid": item.uid,
        "organizer": _address(item),
        "guests": item.guests,
        "strong_key": strong_key(kind, item.values),
        "natural_key": natural_key(kind, item.values),
        "problem": item.problem,
    }


def _identity_only(seen: _Seen) -> dict[str, Any]:
    """Nothing of the content; whose meeting it was only while a link still has to act on the absence."""
    item, row = seen.item, seen.row
    known = row is not None and (seen.linked or item.presence is not Presence.OUTSIDE)
    return {
        "values": None,
        "series": None,
        "caps": row.caps if known else item.caps.value,
        "key_tag": row.key_tag if known else None,
        "uid": item.uid or (row.uid if known else None),
        "organizer": _address(item) or (row.organizer if known else None),
        "guests": row.guests if known else item.guests,
        "strong_key": None,
        "natural_key": None,
        "problem": item.problem,
    }


def _add_links(work: Work, changed: list[_Seen], whose: Mapping[str, Any]) -> None:
    answered = {entry.mailbox_id: entry for entry in work.changes.links if entry.user_id == whose["user"]}
    known = [seen.item.mailbox_id for seen in changed if seen.row is not None]
    stored: dict[str, list[sa.Row[Any]]] = {}
    for row in look_up(work.connection, _LINKS, known, **whose):
        stored.setdefault(row.mailbox_id, []).append(row)
    for seen in changed:
        seen.answered = answered.get(seen.item.mailbox_id)
        links = stored.get(seen.item.mailbox_id, [])
        seen.linked = bool(links)
        seen.agreed = len(links) == 1 and agrees(links[0].state, _values(links[0].shadow_mailbox), seen.item.values)


def _values(stored: dict[str, Any] | None) -> Any:
    return None if stored is None else decode_values(stored)


def _echo(seen: _Seen) -> bool:
    """Our own write coming back: it holds what the link agreed on, and nothing else about the item is news."""
    item, row, answered = seen.item, seen.row, seen.answered
    if item.presence is not Presence.HERE or item.series is not None:
        return False
    if answered is not None:
        return agrees(answered.state, answered.shadow_mailbox, item.values)
    return (
        seen.agreed
        and row.presence == Presence.HERE.value
        and row.series is None
        and _circumstances(item) == (row.caps, row.guests, row.uid, row.organizer, row.problem)
    )


def _mark(work: Work, changed: list[_Seen]) -> None:
    user, kind = work.changes.item_user, work.changes.item_kind.value
    work.marks.update((user, kind, todos.MAILBOX, seen.item.mailbox_id) for seen in changed)
    uids: dict[str, set[str]] = {}
    for seen in changed:
        row = seen.row
        for uid in (seen.item.uid, row.uid if row is not None else None):
            if uid:
                uids.setdefault(_address(seen.item) or "", set()).add(uid)
    concerned = {uid for group in uids.values() for uid in group}
    for holder in look_up(work.connection, _OTHER_HOLDERS, concerned, user=user):
        work.marks.add((holder.user_id, kind, todos.MEETING, holder.uid))
    for organizer in look_up(work.connection, _SYNCING_BY_ADDRESS, [address for address in uids if address]):
        if organizer.id != user:
            work.marks.update((organizer.id, kind, todos.MEETING, uid) for uid in uids[organizer.address])
