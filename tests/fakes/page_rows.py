"""Rows of the pages' tests, one helper per kind of row. All times hang on `NOW`."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import sqlalchemy as sa

from backend.domain.codec import encode_values
from backend.domain.values import ShowAs, Timed, Values
from backend.ports.mailbox import OWN
from backend.storage import tables as t

NOW = datetime(2026, 11, 24, 9, 42, 18, tzinfo=UTC)
REVIEW = str(uuid5(NAMESPACE_URL, "quarterly review"))


def crm_id(prefix: str, number: int) -> str:
    """A Salesforce id of 18 characters."""
    return f"{prefix}Wy{number:010d}MAK"


def put(connection: sa.Connection, table: sa.Table, **values: Any) -> None:
    """One row."""
    connection.execute(sa.insert(table).values(values))


def done(connection: sa.Connection, user: int, kind: str, side: str, place: int) -> None:
    """One write that was done `place` minutes ago."""
    put(
        connection,
        t.intent,
        id=str(uuid5(NAMESPACE_URL, f"done {user} {kind} {side} {place}")),
        user_id=user,
        link_id=REVIEW,
        kind=kind,
        side=side,
        op="update",
        target=f"{user}-{place}",
        values={},
        from_mailbox={},
        from_crm={},
        state="done",
        created_at=NOW - timedelta(minutes=place),
        updated_at=NOW - timedelta(minutes=place),
    )


def pair(
    connection: sa.Connection, link_id: str, user: int, kind: str, mailbox: Values, crm: Values, *, guests: int = 0,
    state: str = "linked", reason: str = "", origin: str = "mailbox", original_start: str = "",
) -> None:  # fmt: skip
    """One pair with both mirrors."""
    line_id, number = str(uuid5(NAMESPACE_URL, f"line {link_id}")), uuid5(NAMESPACE_URL, link_id).int % 10**9
    record = crm_id("00U" if kind == "event" else "003", number)
    item = f"AAMkAGI1{uuid5(NAMESPACE_URL, link_id).hex}Zt0AAA="
    key = str(uuid5(NAMESPACE_URL, f"key {link_id}"))
    put(connection, t.line, id=line_id, kind=kind, key=key, crm_id=record, state="live")
    put(
        connection, t.link, id=link_id, user_id=user, kind=kind, line_id=line_id, key=key, origin=origin, state=state,
        mailbox_id=item, reason=reason, shadow_mailbox=encode_values(mailbox), shadow_crm=encode_values(crm),
        created_at=NOW - timedelta(days=12), updated_at=NOW - timedelta(seconds=26), original_start=original_start,
    )  # fmt: skip
    put(
        connection, t.mailbox_item, user_id=user, kind=kind, mailbox_id=item, presence="here", version="1",
        caps=OWN.value,
        values=encode_values(mailbox), guests=guests, modified_at=NOW - timedelta(minutes=1),
        strong_key=mailbox.get("email"),
    )  # fmt: skip
    put(
        connection, t.crm_record, kind=kind, crm_id=record, presence="here", version=NOW, values=encode_values(crm),
        last_modified=NOW - timedelta(minutes=2), strong_key=crm.get("email"),
    )  # fmt: skip
    put(connection, t.crm_scope, user_id=user, kind=kind, crm_id=record)


def remember(connection: sa.Connection, link: str, user: int, ago: timedelta, **values: Any) -> None:
    """One entry of the history, `ago` before NOW."""
    before, after = encode_values(values.pop("before", {})), encode_values(values.pop("after", {}))
    groups = sorted({*before, *after})
    put(
        connection, t.history, link_id=link, user_id=user, at=NOW - ago, groups=groups, before=before, after=after,
        **values,
    )  # fmt: skip


def note(connection: sa.Connection, user: int, kind: str, side: str, ref: str, reason: str, title: str = "") -> None:
    """Why something is not in step."""
    put(
        connection,
        t.note,
        user_id=user,
        kind=kind,
        side=side,
        ref=ref,
        title=title,
        reason=reason,
        at=NOW - timedelta(hours=3),
    )


def run(
    connection: sa.Connection,
    user: int,
    ago: int,
    cause: str,
    read: dict[str, int],
    writes: dict[str, int],
    **more: Any,
) -> int:
    """A run that ended `ago` seconds before NOW; its number."""
    values = {
        "user_id": user, "lease_token": 1, "cause": cause, "started_at": NOW - timedelta(seconds=ago + 64),
        "ended_at": NOW - timedelta(seconds=ago), "outcome": "ok",
        "counts": {"read": read, "writes": writes, "api_calls": {"salesforce": 3, "microsoft": 4},
                   "skipped": {"private events stay in the mailbox": 11}},
    }  # fmt: skip
    return int(connection.execute(sa.insert(t.sync_run).values(values | more)).inserted_primary_key[0])


def meeting(start: datetime, hours: float = 1.5, **values: Any) -> Values:
    """Values of a meeting in Stockholm."""
    return {"when": Timed(start, start + timedelta(hours=hours), "Europe/Stockholm"), "show_as": ShowAs.BUSY, **values}
