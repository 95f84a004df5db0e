"""Writing contacts: looked at first, so that lists stay whole and a lost create is found again (MS-052, MS-083)."""

from __future__ import annotations

from collections.abc import Sequence

from backend.microsoft import tags
from backend.microsoft.batch import Batches, Inner, Outcome
from backend.microsoft.contact_map import EXPAND, contact_body, contact_item, written_properties
from backend.microsoft.contacts import ContactReader
from backend.microsoft.errors import as_error
from backend.microsoft.outcomes import Prepared, Ready, carried_out, gone, moved, refused, repeats
from backend.microsoft.places import Places
from backend.microsoft.tags import query
from backend.ports.answers import Answer, Op, Result, Write
from backend.ports.mailbox import Item


class ContactWriter:
    """Writes to one contact folder: one call for first creates and deletes, two where something is looked at first."""

    def __init__(self, batches: Batches, places: Places, reader: ContactReader) -> None:
        self._batches = batches
        self._places = places
        self._reader = reader

    def write(self, folder: str, writes: Sequence[Write]) -> list[Answer[Item]]:
        """See Mailbox.write."""
        return carried_out(
            writes,
            self._batches,
            "contacts.write",
            lambda some: self._prepare(folder, some),
            lambda pairs: [_answer(ready, outcome) for ready, outcome in pairs],
        )

    def _prepare(self, folder: str, writes: Sequence[Write]) -> Prepared:
        looked_at = [write for write in writes if write.op is Op.UPDATE or repeats(write)]
        outcomes = self._batches.read([self._look(folder, write) for write in looked_at], "contacts.get")
        before = {write.id: outcome for write, outcome in zip(looked_at, outcomes, strict=True)}
        return [self._prepared(folder, write, before.get(write.id)) for write in writes]

    def _look(self, folder: str, write: Write) -> Inner:
        if write.op is Op.CREATE and write.key is not None:
            return self._reader.search(folder, tags.filters([write.key])[0])
        return Inner("GET", query(self._places.contact(write.target or ""), (("$expand", EXPAND),)))

    def _prepared(self, folder: str, write: Write, before: Outcome | None) -> Ready | Answer[Item]:
        match write.op:
            case Op.DELETE:
                return Ready(write, Inner("DELETE", self._places.contact(write.target or ""), match=write.expect), {})
            case Op.CREATE:
                body = contact_body(write.values, {}, write.key, write.field_map)
                return _known(write, before) or Ready(write, Inner("POST", self._places.contacts(folder), body), {})
        if before is None or not before.ok:
            return refused(write, before or Outcome(0))
        present = contact_item(before.body)
        if before.body.get("parentFolderId") != folder or (write.expect or present.version) != present.version:
            return moved(write, present)
        body = contact_body(write.values, before.body, field_map=write.field_map)
        return Ready(write, Inner("PATCH", self._places.contact(present.id), body, match=present.version), before.body)


def _known(write: Write, before: Outcome | None) -> Answer[Item] | None:
    """The contact that an earlier attempt made after all."""
    if before is None:
        return None
    if not before.ok:
        raise as_error(before.refusal)
    found = [contact_item(row) for row in before.body["value"]]
    return Answer(write.id, Result.EXISTS, found[0]) if found else None


def _answer(ready: Ready, outcome: Outcome) -> Answer[Item]:
    write = ready.write
    if not outcome.ok:
        return gone(write) if outcome.missing else refused(write, outcome)
    if write.op is Op.DELETE:
        return Answer(write.id, Result.OK)
    # The answer does not echo extended properties: they are those of before with what was written (MS-090).
    extended = written_properties(ready.request.body, tags.properties(ready.before))
    return Answer(write.id, Result.OK, contact_item(outcome.body, extended))
