"""Every table (docs/sync.md D.1, E.1). All times are UTC; ids of lines, links, meetings and
intents are UUIDs as text, derived by the planner.
"""

from backend.storage.tables.journal import (
    conflict,
    history,
    intent,
    note,
    spelling,
    sync_lease,
    sync_run,
    unresolved,
)
from backend.storage.tables.mirrors import crm_record, crm_scope, mailbox_item, stream, todo
from backend.storage.tables.pairs import event_person, line, link, meeting, selection, series, tombstone
from backend.storage.tables.people import (
    account,
    alert,
    api_usage,
    assignment,
    audit,
    chore,
    configuration,
    connection,
    followed,
    organisation,
    person,
    rehearsal,
    service_cache,
    user_state,
)
from backend.storage.tables.schema import metadata
from backend.storage.tables.setup import connection_draft, mailbox_test, tested_mailbox

__all__ = [
    "account",
    "alert",
    "api_usage",
    "assignment",
    "audit",
    "chore",
    "configuration",
    "conflict",
    "connection",
    "connection_draft",
    "crm_record",
    "crm_scope",
    "event_person",
    "followed",
    "history",
    "intent",
    "line",
    "link",
    "mailbox_item",
    "mailbox_test",
    "meeting",
    "metadata",
    "note",
    "organisation",
    "person",
    "rehearsal",
    "selection",
    "series",
    "service_cache",
    "spelling",
    "stream",
    "sync_lease",
    "sync_run",
    "tested_mailbox",
    "todo",
    "tombstone",
    "unresolved",
    "user_state",
]
