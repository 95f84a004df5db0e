"""The contact folder was deleted: a held step asks what is to become of its contacts (H-2, LS-064, INV-31).

Until somebody answers, and whatever he answers, no record is deleted: the contacts of the folder are outside.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from enum import StrEnum
from typing import Final
from uuid import UUID

from backend.domain.identity import derived, item_key
from backend.domain.values import Kind, Side
from backend.ports.answers import Op, Verdict
from backend.sync.sight import absent_item
from backend.sync.state import Intent, IntentState, Link, LinkState, Note, Presence, SeenItem, Todo, Tombstone
from backend.sync.store import Changes, Snapshot

FOLDER_LOST: Final = "folder_lost"
"""Why the step is held."""
FOLDER: Final = "folder"
"""What the note about a lost folder is about; no item has this id."""
REASON: Final = (
    "The contact folder was deleted in the mailbox and a new one was made; nothing was deleted in Salesforce. Move the "
    "contacts back into the new folder and they go on, or answer under Held steps: make them again, leave them, or "
    "stop following them."
)
WENT_ALONG: Final = "It went with the contact folder that was deleted; it goes on when it is back in the new one."
STOPPED: Final = "The contact folder was deleted in the mailbox; you chose to keep the record and not to follow it."
ONE_WAY: Final = (
    "Contacts of this person do not go from Salesforce to the mailbox: choose to leave them, or to stop following them."
)


class FolderAnswer(StrEnum):
    """What is to become of the contacts that lay in the folder and did not come back."""

    PUT_BACK = "put_back"
    """Make them again in the new folder, from Salesforce."""
    LEAVE = "leave"
    """Leave both sides; whoever comes back goes on."""
    STOP = "stop"
    """They count as deleted by their owner: the records stay and are not followed."""


def step_id(user_id: int) -> UUID:
    """Id of a person's held step; there is one, however often his folder goes."""
    return derived(FOLDER_LOST, user_id)


def asked(user_id: int, contacts: int) -> Intent:
    """The held step. contacts: how many linked ones the folder took along."""
    what = "One contact" if contacts == 1 else f"{contacts} contacts"
    return Intent(
        step_id(user_id), user_id, step_id(user_id), Kind.CONTACT, Side.MAILBOX, Op.CREATE,
        f"mbx:{user_id}:{FOLDER}", state=IntentState.HELD, hold=FOLDER_LOST, rule=f"{what} lay in the folder.",
    )  # fmt: skip


def note(user_id: int, reason: str) -> Note:
    """The note for list and report; an empty reason clears it."""
    return Note(user_id, Kind.CONTACT, Side.MAILBOX, FOLDER, reason, "Contact folder")


def stranded_item(mailbox_id: str) -> SeenItem:
    """The mirror row of a contact that went with the folder."""
    return replace(absent_item(mailbox_id, Verdict.OUTSIDE), problem=WENT_ALONG)


def closed(held: Intent, message: str) -> Changes:
    """The question is answered, or is none any more."""
    changes = Changes(item_user=held.user_id, item_kind=Kind.CONTACT)
    changes.intents.append(replace(held, state=IntentState.SUPERSEDED, message=message))
    changes.notes.append(note(held.user_id, ""))
    return changes


def answered(held: Intent, answer: FolderAnswer, snapshot: Snapshot) -> Changes:
    """What the answer changes. snapshot: of the contacts that went with the folder and did not come back."""
    changes = closed(held, f"Answered: {answer.value}.")
    if answer is FolderAnswer.STOP:
        for link in _stranded(snapshot):
            changes.links.append(replace(link, state=LinkState.STOPPED, reason=STOPPED))
            changes.items.append(SeenItem(link.mailbox_id or "", Presence.GONE))
    elif answer is FolderAnswer.PUT_BACK:
        for link in _stranded(snapshot):
            _make_again(changes, link, snapshot)
    return changes


def _stranded(snapshot: Snapshot) -> Iterator[Link]:
    for link in sorted(snapshot.links.values(), key=lambda link: link.id):
        item = snapshot.items.get(link.mailbox_id or "")
        outside = item is not None and item.presence is Presence.OUTSIDE
        if outside and link.state in (LinkState.LINKED, LinkState.PARKED, LinkState.HELD):
            yield link


def _make_again(changes: Changes, link: Link, snapshot: Snapshot) -> None:
    crm_id = snapshot.lines[link.line_id].crm_id
    record = snapshot.records.get(crm_id or "")
    if crm_id is None or record is None or record.presence is not Presence.HERE:
        return
    incarnation = link.incarnation + 1
    changes.links.append(
        replace(
            link,
            state=LinkState.CREATING,
            mailbox_id=None,
            incarnation=incarnation,
            key=item_key(link.user_id, crm_id, incarnation),
            shadow_mailbox=None,
            reason="",
            held_on="",
        )
    )
    changes.tombstones.append(Tombstone(link.user_id, link.kind, link.mailbox_id, None))
    changes.todos.append(Todo(link.user_id, link.kind, Side.CRM.value, crm_id))
