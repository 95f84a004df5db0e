"""Reading Salesforce once for the whole organisation, and telling each user what concerns him (D-11, D-17)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

from backend.domain.configuration import Ownership
from backend.domain.field_view import pointed_fields
from backend.domain.identity import folded
from backend.domain.values import EMPTY, Kind, Side
from backend.ports.answers import Verdict
from backend.ports.crm import CrmUser, Organisation, OrganisationPage, Record
from backend.ports.errors import CursorExpired
from backend.sync.context import title_of
from backend.sync.scope import owners
from backend.sync.settle import UNRELATED
from backend.sync.sight import absent_record, seen_record
from backend.sync.state import Lease, LineState, Link, LinkState, Note, SeenRecord, Todo, UserView
from backend.sync.store import Changes, Follows, SyncStore
from backend.sync.unresolved import LookAgain

MERGED: Final = (
    "Its Salesforce contact was merged into another one that this mailbox has already. Both cards stay, and only the "
    "other one is kept in step: delete this card if it is no longer needed."
)


@dataclass
class OrganisationReader:
    """One organisation pass under the organisation's lease.

    on_users: told of users who are new or changed; whether that changes for anybody what concerns him.
    """

    store: SyncStore
    port: Organisation
    lease: Lease
    now: datetime
    on_users: Callable[[Sequence[CrmUser]], object] = lambda _users: None
    listed: dict[Kind, set[str]] = field(default_factory=lambda: defaultdict(set))

    def read(self, filter_fields: Sequence[str], *, full: bool = False) -> int:
        """Reads what changed; everything where the mark is gone or `full` asks for it. How many rows were reported."""
        mark = None if full else self.store.mark()
        try:
            return self._read(mark, filter_fields)
        except CursorExpired:
            return self._read(None, filter_fields)

    def _read(self, mark: str | None, filter_fields: Sequence[str], *, again: bool = True) -> int:
        """Whom the last page shows to have joined, no earlier page took into account: then all is read once more."""
        self.listed.clear()
        count, others = 0, False
        settings = [user.configuration for user in self.store.users()]
        followed = any(one.contact_filter.followed for one in settings)
        invitees = any(one.invite_guests for one in settings)
        pointed = pointed_fields((kind, one.of(kind).field_map) for one in settings for kind in Kind)
        for page in self.port.changes(mark, filter_fields, followed=followed, invitees=invitees, pointed=pointed):
            if page.users:
                others = bool(self.on_users(page.users)) and again
            self._follow(page)
            changes = self._page(page)
            count += len(changes.records)
            if page.mark is not None and not others:
                if mark is None:
                    self._reconcile(changes)
                    changes.todos += self._shared_since()
                changes.mark, changes.cycle_at = page.mark, self.now
                changes.look_again = self._look_again(page, everything=mark is None)
            self.store.commit(self.lease, changes)
        return count + self._read(None, filter_fields, again=False) if others else count

    def _shared_since(self) -> list[Todo]:
        """Contacts that are in nobody's mailbox although they are in scope: once a night they may be readable."""
        everybody = [
            user for user in self.store.users()
            if user.configuration.contact_filter.ownership is Ownership.ALL
            and user.configuration.contacts.direction.writes_mailbox
        ]  # fmt: skip
        open_ = (todo for user in everybody for todo in self.store.everything(user.user_id, Kind.CONTACT))
        return [todo for todo in open_ if todo.side == Side.CRM]

    def _look_again(self, page: OrganisationPage, *, everything: bool) -> LookAgain | None:
        """Companies that had no account may have one now; a night's reading does not tell which accounts are new."""
        if everything:
            return LookAgain(None)
        return LookAgain(frozenset(folded(name) for name in page.accounts)) if page.accounts else None

    def _follow(self, page: OrganisationPage) -> None:
        """Stores who follows what, and asks again whom the contacts concern that somebody began or ceased to follow.

        A contact is not touched by being followed, so no page shows it.
        """
        if page.followed is None:
            return
        stored = {(user.crm_user_id, crm_id) for user in self.store.users() for crm_id in user.followed}
        concerned = {user.crm_user_id for user in self.store.users()}
        pairs = frozenset(pair for pair in page.followed if pair[0] in concerned)
        changed = pairs ^ stored if page.all_followed else pairs - stored
        self.store.commit(self.lease, Changes(followed=Follows(pairs, complete=page.all_followed)))
        if not changed:
            return
        changes, users = Changes(), self.store.users()
        for found in self.port.fetch(Kind.CONTACT, sorted({crm_id for _, crm_id in changed})).values():
            if isinstance(found, Record):
                self._add(changes, Kind.CONTACT, found, users)
        self.store.commit(self.lease, changes)

    def _page(self, page: OrganisationPage) -> Changes:
        changes = Changes()
        users = self.store.users()
        self._related(changes, page.records.get(Kind.EVENT, ()))
        for kind, records in page.records.items():
            self.listed[kind].update(record.id for record in records)
            for record in records:
                self._add(changes, kind, record, users)
        changes.asked += page.asked.items()
        self._merged(changes, page.merged)
        for kind, ids in page.removed.items():
            self._verify(changes, kind, self.store.known_records(kind, ids))
        return changes

    def _add(self, changes: Changes, kind: Kind, record: Record, users: tuple[UserView, ...]) -> None:
        changes.records.append((kind, seen_record(record)))
        changes.scopes.append((kind, record.id, owners(kind, record, users)))

    def _related(self, changes: Changes, events: Sequence[Record]) -> None:
        """What a person has related to somebody or something is no longer an unresolved item (I-8)."""
        related = [record.id for record in events if record.related]
        if related:
            notes = self.store.noted(Kind.EVENT, related, UNRELATED)
            changes.notes += [replace(note, reason="") for note in notes]

    def _verify(self, changes: Changes, kind: Kind, known: Mapping[str, datetime]) -> None:
        """Only a row that is marked deleted is gone; merely not found may be sharing or archiving (SF-088)."""
        if not known:
            return
        users = self.store.users()
        for crm_id, found in self.port.fetch(kind, sorted(known)).items():
            if isinstance(found, Record):
                self._add(changes, kind, found, users)
            elif found is Verdict.GONE:
                gone: SeenRecord = absent_record(crm_id, found, known[crm_id])
                changes.records.append((kind, gone))
                changes.scopes.append((kind, crm_id, frozenset()))

    def _merged(self, changes: Changes, merged: Mapping[str, str]) -> None:
        """The links of a merged contact go on with the survivor (H-5); where he is linked already, they stop."""
        if not merged:
            return
        lines = {line.crm_id: line for line in self.store.lines(Kind.CONTACT, crm_ids=[*merged, *merged.values()])}
        links = self.store.links_of(line.id for line in lines.values())
        for loser, survivor in merged.items():
            line, heir = lines.get(loser), lines.get(survivor)
            if line is None:
                continue
            mine = [link for link in links if link.line_id == line.id and link.state is not LinkState.STOPPED]
            if heir is None:
                lines[survivor] = replace(line, crm_id=survivor, state=LineState.LIVE)
                changes.lines.append(lines[survivor])
                moved = mine
            else:
                taken = {link.user_id for link in links if link.line_id == heir.id}
                moved = [replace(link, line_id=heir.id) for link in mine if link.user_id not in taken]
                stopped = [link for link in mine if link.user_id in taken]
                changes.links += [replace(link, state=LinkState.STOPPED, reason=MERGED) for link in stopped]
                changes.notes += [_both_cards(link) for link in stopped if link.mailbox_id]
                changes.links += moved
            changes.todos += [_again(link) for link in moved if link.mailbox_id]

    def _reconcile(self, changes: Changes) -> None:
        """After a full listing: what is mirrored and was not listed is looked up by id."""
        for kind in Kind:
            missing = self.store.record_ids(kind) - self.listed[kind]
            self._verify(changes, kind, self.store.known_records(kind, sorted(missing)))


def _both_cards(link: Link) -> Note:
    title = title_of(link.shadow_mailbox or EMPTY)
    return Note(link.user_id, link.kind, Side.MAILBOX, link.mailbox_id or "", MERGED, title, "merged")


def _again(link: Link) -> Todo:
    return Todo(link.user_id, link.kind, Side.MAILBOX.value, link.mailbox_id or "")
