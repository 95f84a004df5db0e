"""Finding people and items by name, subject, address or id."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from backend.storage.tables import crm_record, crm_scope, line, link, mailbox_item, person, user_state
from backend.storage.views.people import escaped
from backend.storage.views.titles import title_of


@dataclass(frozen=True, slots=True)
class FoundPerson:
    """A person. `assigned`: has a page."""

    id: int
    name: str
    address: str
    assigned: bool


@dataclass(frozen=True, slots=True)
class FoundItem:
    """An item of one person. Linked items have a `link_id`; others are named by `side` and `ref`."""

    kind: str
    title: str
    user_id: int
    person: str
    link_id: str | None
    side: str
    ref: str
    state: str


@dataclass(frozen=True, slots=True)
class Found:
    """What was found; `more`: there is more of it than is shown."""

    people: tuple[FoundPerson, ...]
    items: tuple[FoundItem, ...]
    more: bool


def find(connection: sa.Connection, text: str, limit: int = 25) -> Found:
    """Everything that the text may mean; ids and addresses exactly, names and subjects in part."""
    text = text.strip()
    if not text:
        return Found((), (), more=False)
    people = _people(connection, text, limit)
    items = _mailbox(connection, text, limit + 1) + _records(connection, text, limit + 1)
    unique = {(item.user_id, item.link_id or (item.side, item.ref)): item for item in items}
    ordered = sorted(unique.values(), key=lambda item: (item.link_id is None, item.title.casefold(), item.person))
    return Found(people, tuple(ordered[:limit]), more=len(ordered) > limit)


def _like(column: sa.ColumnElement[Any], text: str) -> sa.ColumnElement[bool]:
    return sa.func.lower(column).like(sa.func.lower(f"%{escaped(text)}%"), escape="\\")


def _people(connection: sa.Connection, text: str, limit: int) -> tuple[FoundPerson, ...]:
    rows = connection.execute(
        sa.select(person.c.id, person.c.name, person.c.address, user_state.c.configuration_id)
        .select_from(person.outerjoin(user_state, user_state.c.user_id == person.c.id))
        .where(sa.or_(_like(person.c.name, text), _like(person.c.address, text), person.c.crm_user_id == text))
        .order_by(sa.func.lower(person.c.name))
        .limit(limit)
    )
    return tuple(FoundPerson(row.id, row.name, row.address, row.configuration_id is not None) for row in rows)


def _named(values: sa.Column[Any], text: str) -> list[sa.ColumnElement[bool]]:
    """A subject, or first and last name (positions 1 and 2 of the stored name)."""
    name = values["name"]
    return [
        _like(values["subject"].as_string(), text),
        _like(sa.func.coalesce(name[1].as_string(), "") + " " + sa.func.coalesce(name[2].as_string(), ""), text),
    ]


def _mailbox(connection: sa.Connection, text: str, limit: int) -> list[FoundItem]:
    item = mailbox_item.c
    exact = [item.mailbox_id == text, item.strong_key == text.casefold(), link.c.id == text, link.c.key == text]
    rows = connection.execute(
        sa.select(
            item.user_id, item.kind, item.mailbox_id, item["values"], person.c.name, link.c.id.label("link_id"),
            link.c.state,
        )
        .select_from(
            mailbox_item.join(person, person.c.id == item.user_id).outerjoin(
                link,
                sa.and_(
                    link.c.user_id == item.user_id, link.c.kind == item.kind, link.c.mailbox_id == item.mailbox_id
                ),
            )
        )
        .where(item.presence != "gone", sa.or_(*exact, *_named(item["values"], text)))
        .limit(limit)
    )  # fmt: skip
    return [
        FoundItem(
            row.kind, title_of(row.kind, row._mapping["values"]), row.user_id, row.name, row.link_id, "mailbox",
            row.mailbox_id, row.state or "",
        )
        for row in rows
    ]  # fmt: skip


def _records(connection: sa.Connection, text: str, limit: int) -> list[FoundItem]:
    record = crm_record.c
    ids = (
        [record.crm_id == text, record.crm_id.like(f"{escaped(text)}___", escape="\\")] if len(text) in (15, 18) else []
    )
    pairs = (
        crm_record.join(crm_scope, sa.and_(crm_scope.c.kind == record.kind, crm_scope.c.crm_id == record.crm_id))
        .join(person, person.c.id == crm_scope.c.user_id)
        .outerjoin(line, sa.and_(line.c.kind == record.kind, line.c.crm_id == record.crm_id))
        .outerjoin(link, sa.and_(link.c.line_id == line.c.id, link.c.user_id == person.c.id))
    )
    rows = connection.execute(
        sa.select(
            record.kind, record.crm_id, record["values"], person.c.id.label("user_id"), person.c.name,
            link.c.id.label("link_id"), link.c.state,
        )
        .select_from(pairs)
        .where(
            record.presence != "gone",
            sa.or_(record.strong_key == text.casefold(), *ids, *_named(record["values"], text)),
        )
        .limit(limit)
    )  # fmt: skip
    return [
        FoundItem(
            row.kind, title_of(row.kind, row._mapping["values"]), row.user_id, row.name, row.link_id, "crm", row.crm_id,
            row.state or "",
        )
        for row in rows
    ]  # fmt: skip
