"""The people of a batch of meetings: who they are in Salesforce, and what is written of them (I-2 to I-9).

Asked once for a batch, right before it leaves, with the sight of the user who leads it; what one batch of a pass has
learnt the next one does not ask again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from backend.domain import people
from backend.domain.attendees import ATTENDEES, Attendees, Reply
from backend.domain.configuration import Configuration
from backend.domain.people import Found, Person, Sort
from backend.domain.values import Kind
from backend.ports.answers import Answer, Op, Result
from backend.ports.crm import Crm, Record
from backend.sync.context import Context
from backend.sync.settle import Folk, Settlement
from backend.sync.state import Intent
from backend.sync.store import SyncStore

NOBODY: Final = (
    "No contact and no lead in Salesforce has the address of anybody at this meeting. It is kept in step all the same; "
    "relate it in Salesforce, or add the contact."
)
TOO_MANY: Final = "Salesforce is told of fifty attendees at most; the others stay in the mailbox only."
PRIVATE: Final = "private_related"
PRIVATE_RELATED: Final = (
    "It was made private in the mailbox, but somebody related its Salesforce event to other records, and Salesforce "
    "keeps no private event with relations. Remove them in Salesforce to have it made private there too."
)


@dataclass
class Acquaintance:
    """What a pass has learnt of addresses so far."""

    people: dict[str, Sequence[Person]] = field(default_factory=dict)
    shared: bool = False


@dataclass
class Relating:
    """Settles the people of one batch of events towards Salesforce."""

    store: SyncStore
    crm: Crm
    context: Context
    settlement: Settlement
    known: Acquaintance

    @property
    def _settings(self) -> Configuration:
        return self.context.user.configuration

    def settled(self, batch: list[Intent]) -> list[Intent]:
        """The writes that may leave; what each does to the people of its event stands in the settlement."""
        concerned = [one for one in batch if self._concerns(one)]
        if not concerned:
            return batch
        found = self._found(concerned)
        ours = self.store.ties(self._line(one) for one in concerned if one.op is Op.UPDATE)
        stopped = set()
        for one in concerned:
            folk = self._new(one, found) if one.op is Op.CREATE else self._changed(one, found, ours)
            if folk is not None:
                self.settlement.people[one.id] = folk
                continue
            stopped.add(one.id)
            refusal: Answer[Record] = Answer(one.id, Result.REFUSED, None, PRIVATE, PRIVATE_RELATED)
            self.settlement.answer(one, refusal)
        return [one for one in batch if one.id not in stopped]

    def _concerns(self, one: Intent) -> bool:
        if one.kind is not Kind.EVENT:
            return False
        if one.op is Op.CREATE:
            wanted = self._settings.relate or self._settings.attendees
            return wanted and not one.values.get("private") and _attendees(one) is not None
        return ATTENDEES in one.values or one.values.get("private") is True

    def _found(self, concerned: Iterable[Intent]) -> Found:
        """One question for the whole batch (I-2)."""
        addresses, events = set(), []
        for one in concerned:
            asked = people.addresses(_attendees(one))
            addresses |= {address for address in asked if address not in self.known.people}
            crm_id = self.settlement.lines[self._line(one)].crm_id
            if one.op is Op.UPDATE and crm_id is not None:
                events.append(crm_id)
        if not addresses and not events:
            return Found(self.known.people, {}, self.known.shared)
        found = self.crm.find_people(sorted(addresses), sorted(events))
        self.known.people |= {address: found.people.get(address, ()) for address in addresses}
        self.known.shared = found.shared
        return Found(self.known.people, found.ties, found.shared)

    def _line(self, one: Intent) -> UUID:
        return self.settlement.links[one.link_id].line_id

    def _new(self, one: Intent, found: Found) -> Folk:
        attendees, settings = _attendees(one), self._settings
        whos = people.whos(attendees, found, settings.preference) if settings.relate else ()
        lonely = settings.relate and not whos and self._outsiders(attendees, found)
        relations = people.new_event(whos, None, self._invitees(one, found))
        return Folk(relations, self._remark(one, found), NOBODY if lonely else "")

    def _changed(self, one: Intent, found: Found, ours: Mapping[UUID, frozenset[str]]) -> Folk | None:
        ties = found.ties.get(self.settlement.lines[self._line(one)].crm_id or "", ())
        made = ours.get(self._line(one), frozenset())
        if one.values.get("private"):
            relations = people.withdrawn(ties, made)
            return None if relations is None else Folk(relations)
        return Folk(people.changed_event(self._invitees(one, found), ties, made), self._remark(one, found))

    def _invitees(self, one: Intent, found: Found) -> dict[str, Reply]:
        return dict(self._wanted(one, found)[: people.MOST])

    def _remark(self, one: Intent, found: Found) -> str:
        return TOO_MANY if len(self._wanted(one, found)) > people.MOST else ""

    def _wanted(self, one: Intent, found: Found) -> list[tuple[str, Reply]]:
        user, settings = self.context.user, self._settings
        if not settings.attendees:
            return []
        return people.invitees(
            _attendees(one), found, settings.preference, user.crm_user_id, users=settings.invite_users
        )

    def _outsiders(self, attendees: Attendees | None, found: Found) -> bool:
        """Whether anybody at the meeting is no colleague: a meeting of colleagues has nothing to be related to."""
        asked = people.addresses(attendees)
        persons = (people.person_of(address, found, self._settings.preference) for address in asked)
        return any(person is None or person.sort is not Sort.USER for person in persons)


def _attendees(one: Intent) -> Attendees | None:
    value = one.values.get(ATTENDEES)
    return value if isinstance(value, Attendees) else None
