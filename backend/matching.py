"""How many Salesforce contacts of a person a filter takes, with a few of them: for an admin who writes it."""

from __future__ import annotations

from backend.domain.configuration import ContactFilter, Ownership
from backend.domain.filter_matches import Matches
from backend.salesforce.looking import LOOKED_AT
from backend.storage.tables import person
from backend.sync.context import title_of
from backend.sync.scope import passes
from backend.wiring import Lockstep

SAMPLE = 3


def matches(lockstep: Lockstep, user_id: int, contact_filter: ContactFilter) -> Matches | None:
    """What the filter takes for this person, judged as the sync judges it; None if nobody has this number.

    Raises the errors of `ports.errors`.
    """
    with lockstep.database.connect() as connection:
        row = connection.execute(person.select().where(person.c.id == user_id)).one_or_none()
    if row is None:
        return None
    fields = sorted({one.field for one in contact_filter.conditions})
    owned = contact_filter.ownership is not Ownership.ALL
    user = lockstep.salesforce.user(row.username, row.crm_user_id)
    records, followed, hidden = user.first_contacts(fields, owned=owned, followed=contact_filter.followed)
    taken = [
        record
        for record in records
        if passes(contact_filter, record, row.crm_user_id)
        or (contact_filter.followed and contact_filter.ownership.complete and record.id in followed)
    ]
    names = sorted(name for record in taken if (name := title_of(record.values)))
    lockstep.count_calls()
    return Matches(row.name, len(taken), len(records) >= LOOKED_AT, tuple(names[:SAMPLE]), tuple(sorted(hidden)))
