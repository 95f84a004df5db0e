"""What both writers share: a prepared write, and its answer from the outcome of its request."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from backend.microsoft.batch import Batches, Inner, Outcome
from backend.microsoft.errors import Treatment, as_result
from backend.ports.answers import Answer, Op, Result, Write
from backend.ports.mailbox import Item


@dataclass(frozen=True, slots=True)
class Ready:
    """A write that may be sent. `before`: what the item was when it was looked at just now."""

    write: Write
    request: Inner
    before: Mapping[str, Any]


Prepared = list[Ready | Answer[Item]]


def carried_out(
    writes: Sequence[Write],
    batches: Batches,
    operation: str,
    prepare: Callable[[Sequence[Write]], Prepared],
    read_back: Callable[[Sequence[tuple[Ready, Outcome]]], list[Answer[Item]]],
) -> list[Answer[Item]]:
    """Look, write, read back; what lost against another writer is looked at and written once more (MS-047)."""
    answers: dict[UUID, Answer[Item]] = {}
    again: Sequence[Write] = writes
    for last in (False, True):
        prepared = prepare(again)
        answers |= {done.id: done for done in prepared if isinstance(done, Answer)}
        ready = [one for one in prepared if isinstance(one, Ready)]
        outcomes = batches.write([one.request for one in ready], operation)
        pairs = list(zip(ready, outcomes, strict=True))
        again = [] if last else [one.write for one, outcome in pairs if _overlapped(one.write, outcome)]
        repeated = {write.id for write in again}
        settled = [(one, outcome) for one, outcome in pairs if one.write.id not in repeated]
        answers |= {answer.id: answer for answer in read_back(settled)}
        if not again:
            break
    return [answers[write.id] for write in writes]


def _overlapped(write: Write, outcome: Outcome) -> bool:
    """Whether a write lost against another one without a precondition of ours having failed."""
    if outcome.ok or outcome.refusal.row.treatment is not Treatment.CONFLICT:
        return False
    return outcome.status == 409 or write.expect is None


def refused(write: Write, outcome: Outcome) -> Answer[Item]:
    """The answer to a write that did not succeed."""
    found = outcome.refusal
    return Answer(write.id, as_result(found), code=found.code, message=found.sentence, retry_after=found.retry_after)


def forbidden(write: Write, code: str, message: str) -> Answer[Item]:
    """The answer to a write that we do not send."""
    return Answer(write.id, Result.REFUSED, code=code, message=message)


def gone(write: Write) -> Answer[Item]:
    """The answer to a write whose target is not there."""
    return Answer(write.id, Result.GONE, code="ErrorItemNotFound", message="The item is no longer in the mailbox.")


def moved(write: Write, item: Item | None) -> Answer[Item]:
    """The answer where the item is no longer what was planned from; nothing was written."""
    return Answer(
        write.id,
        Result.MOVED,
        item,
        code="ErrorIrresolvableConflict",
        message="The item was changed in the mailbox in the meantime; it will be compared again.",
    )


def repeats(write: Write) -> bool:
    """Whether a create may have happened before, so that it is looked for by its tag first (C4)."""
    return write.op is Op.CREATE and write.attempt > 0 and write.key is not None
