"""What people answer to held steps (architecture: Guests; sync.md B.9, H-2)."""

from __future__ import annotations

from uuid import UUID

from backend.domain.values import Side
from backend.sync import lost_folder
from backend.sync.decisions import Answer, decided
from backend.sync.lost_folder import FOLDER_LOST, FolderAnswer
from backend.sync.state import FOLDER_GONE, Intent, IntentState, Todo, UserView
from backend.sync.store import Changes
from backend.wiring import Lockstep

ANSWERED = "This step is no longer held; look again."


def decide(lockstep: Lockstep, intent_id: str, answer: str) -> int:
    """Answers a held step: 'send', 'put_back' or 'leave', of a lost folder 'put_back', 'leave' or 'stop'; whose it was.

    Raises ValueError if it is not held any more, does not know this answer, or the person's pass does not end soon.
    """
    held, user = _held(lockstep, intent_id)
    lease = lockstep.patient_lease(held.user_id)
    try:
        held, user = _held(lockstep, intent_id)  # a pass may have ended meanwhile
        changes = (_folder if held.hold == FOLDER_LOST else _step)(lockstep, held, user, answer)
        lockstep.store.commit(lease, changes)
    finally:
        lockstep.store.release(lease)
    return held.user_id


def _held(lockstep: Lockstep, intent_id: str) -> tuple[Intent, UserView]:
    held = lockstep.store.intent(UUID(intent_id))
    user = lockstep.store.user(held.user_id) if held else None
    if held is None or user is None or held.state is not IntentState.HELD:
        raise ValueError(ANSWERED)
    return held, user


def _step(lockstep: Lockstep, held: Intent, user: UserView, answer: str) -> Changes:
    link = lockstep.store.links([held.link_id])[held.link_id]
    (line,) = lockstep.store.lines(held.kind, ids=[link.line_id])
    meeting = next(iter(lockstep.store.meetings(lines=[line.id])), None)
    return decided(held, Answer(answer), link, line, meeting, user.configuration.version)


def _folder(lockstep: Lockstep, held: Intent, user: UserView, answer: str) -> Changes:
    chosen = FolderAnswer(answer)
    if chosen is FolderAnswer.PUT_BACK and not user.configuration.contacts.direction.writes_mailbox:
        raise ValueError(lost_folder.ONE_WAY)
    ids = lockstep.store.stranded_ids(user.user_id, held.kind)
    marks = [Todo(user.user_id, held.kind, Side.MAILBOX.value, mailbox_id) for mailbox_id in ids]
    snapshot = lockstep.store.snapshot(user.user_id, held.kind, marks)
    changes = lost_folder.answered(held, chosen, snapshot)
    changes.generation = FOLDER_GONE
    return changes
