"""A user who gets another user name in Salesforce stays assigned: the assignment is to the person (docs/sync.md G)."""

from __future__ import annotations

from collections.abc import Mapping

import sqlalchemy as sa
import structlog

from backend.storage.tables import assignment

log = structlog.get_logger(__name__)


def keep_assigned(connection: sa.Connection, renamed: Mapping[str, str]) -> None:
    """Carries assignments from old user names to new ones; two people may have exchanged theirs.

    Where the new name is assigned already, an admin was faster, and his word holds.
    """
    if not renamed:
        return
    new_names = {old.casefold(): new.casefold() for old, new in renamed.items()}
    rows = connection.execute(sa.select(assignment).where(assignment.c.username.in_(new_names))).all()
    connection.execute(sa.delete(assignment).where(assignment.c.id.in_([row.id for row in rows])))
    taken = connection.execute(sa.select(assignment.c.username).where(assignment.c.username.in_(new_names.values())))
    assigned = set(taken.scalars())
    for row in rows:
        name = new_names[row.username]
        if name not in assigned:
            kept = {"configuration_id": row.configuration_id, "username": name}
            connection.execute(sa.insert(assignment).values(kept))
        log.warning(
            "a user was renamed in Salesforce and stays assigned: put the new name into the configuration file",
            before=row.username,
            now=name,
        )
