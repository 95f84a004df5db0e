"""Reading a mailbox into the mirror: cursor and what it covers in one transaction (sync.md B.4, INV-4).

Absence is a hint: everything reported or inferred absent is looked up by id before it counts.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from backend.domain.configuration import Which
from backend.domain.recurrence import Window
from backend.domain.values import Kind
from backend.ports.answers import Verdict
from backend.ports.errors import ContainerGone, CursorExpired
from backend.ports.mailbox import Item, Mailbox, Page, Span
from backend.sync import lost_folder
from backend.sync.guards import trusted
from backend.sync.sight import absent_item, seen_item
from backend.sync.state import FOLDER_GONE, IntentState, Lease, Presence, Ref, SeenItem, Stream, UserView
from backend.sync.store import Changes, SyncStore

RELIST: Final = timedelta(days=1)
"""A full listing at least this often: deltas have holes."""
SPAN_BEHIND: Final = timedelta(days=8)
SPAN_DAYS: Final = 1820
"""A calendar view may span 1,825 days (MS-128); single events ahead have no other limit (LS-110)."""


class Untrusted(Exception):
    """A listing shrank beyond reason and its losses could not be verified: the old mirror stays (B.9)."""

    def __init__(self, kind: Kind, listed: int, mirrored: int) -> None:
        super().__init__(
            f"The mailbox listed {listed} of {mirrored} known {kind.value}s and the rest could not be verified. "
            "Nothing was changed; it is read again in the next run."
        )


@dataclass
class Reader:
    """Reads one user's stream of one kind."""

    store: SyncStore
    mailbox: Mailbox
    user: UserView
    lease: Lease
    run_id: int
    now: datetime

    def read(self, kind: Kind, window: Window) -> int:
        """Brings the mirror up to date; how many items were reported. Raises Untrusted and the ports' errors."""
        stream = self.store.stream(self.user.user_id, kind)
        span = self._span(window)
        if stream is None:
            stream = Stream(self.user.user_id, kind, self.mailbox.container(kind))
        try:
            if self._full_due(stream, span):
                return self._list_all(stream, span, window)
            return self._delta(stream, window)
        except CursorExpired:
            return self._list_all(replace(stream, cursor=None), span, window)
        except ContainerGone:
            self._container_lost(stream)
            raise

    def _span(self, window: Window) -> Span:
        first = window.first - SPAN_BEHIND
        return Span(first, first + timedelta(days=SPAN_DAYS))

    def _full_due(self, stream: Stream, span: Span) -> bool:
        if stream.cursor is None or stream.listed_at is None or self.now - stream.listed_at >= RELIST:
            return True
        return stream.kind is Kind.EVENT and stream.first is not None and stream.first < span.first - SPAN_BEHIND

    def _delta(self, stream: Stream, window: Window) -> int:
        count = 0
        span = Span(stream.first or window.first, stream.end or window.horizon)
        for page in self.mailbox.changes(stream.kind, stream.container, stream.cursor, span):
            hints = self.store.known(self.user.user_id, stream.kind, page.removed)
            rows = [*self._rows(stream.kind, page, window), *self._verified(stream, sorted(hints), window)]
            count += len(rows)
            moved = page.cursor is not None and page.cursor != stream.cursor
            if rows or moved:
                stream = replace(stream, cursor=page.cursor) if page.cursor is not None else stream
                self._commit(Changes(stream=stream, items=rows))
        return count + self._look_again(stream, window)

    def _look_again(self, stream: Stream, window: Window) -> int:
        """No delta tells of an item again because a look at it failed: it is looked at until one succeeds."""
        return self._looked_at(stream, self.store.suspects(self.user.user_id, stream.kind), window)

    def look(self, kind: Kind, ids: Sequence[str], window: Window) -> int:
        """Looks at single items by id before any delta tells of them; how many were told of. Raises ports' errors."""
        stream = self.store.stream(self.user.user_id, kind)
        return self._looked_at(stream, ids, window) if stream is not None else 0

    def _looked_at(self, stream: Stream, ids: Sequence[str], window: Window) -> int:
        verified = self._verified(stream, ids, window)
        rows = [row for row in verified if row.presence is not Presence.UNKNOWN or row.problem]
        if rows:
            self._commit(Changes(items=rows, item_kind=stream.kind))
        return len(rows)

    def _list_all(self, stream: Stream, span: Span, window: Window) -> int:
        """A new generation of the whole listing; the base is never cleared, only the cursor."""
        generation, listed, cursor = stream.generation + 1, 0, None
        mirrored = self.store.mirrored(self.user.user_id, stream.kind)
        # The number is taken before the first page: what a broken-off listing saw does not count for the next (C7).
        self._commit(Changes(stream=replace(stream, generation=generation)))
        for page in self._pages(stream, span):
            rows = self._rows(stream.kind, page, window)
            listed += sum(row.presence is Presence.HERE for row in rows)
            self._commit(Changes(items=rows, generation=generation, item_kind=stream.kind))
            cursor = page.cursor or cursor
        suspects = self.store.unseen(self.user.user_id, stream.kind, generation)
        verified = self._verified(stream, suspects, window)
        unverified = sum(row.presence is Presence.UNKNOWN for row in verified)
        if not trusted(listed, mirrored, unverified):
            raise Untrusted(stream.kind, listed, mirrored)
        current = replace(
            stream, cursor=cursor, first=span.first, end=span.end, generation=generation, listed_at=self.now
        )
        changes = Changes() if self.store.stranded_ids(self.user.user_id, stream.kind) else self._folder_found(stream)
        changes.stream, changes.items, changes.generation = current, verified, generation
        self._commit(changes)
        return listed

    def _pages(self, stream: Stream, span: Span) -> Iterator[Page]:
        return self.mailbox.changes(stream.kind, stream.container, None, span)

    def _verified(self, stream: Stream, ids: Sequence[str], window: Window) -> list[SeenItem]:
        if not ids:
            return []
        found = self.mailbox.fetch(stream.kind, stream.container, ids)
        return [self._row(stream.kind, id_, found.get(id_, Verdict.UNKNOWN), window) for id_ in ids]

    def _row(self, kind: Kind, mailbox_id: str, found: Item | Verdict, window: Window) -> SeenItem:
        if isinstance(found, Verdict):
            return absent_item(mailbox_id, found)
        return self._seen(kind, [found], window)[0]

    def _rows(self, kind: Kind, page: Page, window: Window) -> list[SeenItem]:
        latest = {item.id: item for item in page.items}
        return self._seen(kind, latest.values(), window)

    def _seen(self, kind: Kind, items: Iterable[Item], window: Window) -> list[SeenItem]:
        items = list(items)
        linked = self._linked(kind, items)
        return [seen_item(self.user, kind, item, window, linked=item.id in linked) for item in items]

    def _linked(self, kind: Kind, items: Sequence[Item]) -> frozenset[str]:
        """Under "events users select", what is linked from the Salesforce side stays in scope (F.3)."""
        if kind is Kind.CONTACT or self.user.configuration.which is not Which.SELECTED:
            return frozenset()
        links = self.store.linked_refs(self.user.user_id, kind, [Ref(item.id) for item in items])
        from_crm = self.store.links(links.values())
        return frozenset(
            ref.mailbox_id for ref, link in links.items() if link in from_crm and from_crm[link].origin != "mailbox"
        )

    def _container_lost(self, stream: Stream) -> None:
        """The folder is gone: its items are outside, not deleted, and it is made again, empty (H-2, LS-064).

        Nobody asks later what became of each of them: whatever its id says, its owner did not delete this contact.
        """
        ids = self.store.unseen(self.user.user_id, stream.kind, FOLDER_GONE)
        container = self.mailbox.container(stream.kind)
        fresh = replace(stream, container=container, cursor=None, listed_at=None)
        changes = Changes(stream=fresh, generation=FOLDER_GONE)
        if stream.kind is Kind.EVENT:
            changes.items = [absent_item(id_, Verdict.OUTSIDE) for id_ in ids]
        else:
            changes.items = [lost_folder.stranded_item(id_) for id_ in ids]
            linked = self.store.linked_refs(self.user.user_id, stream.kind, map(Ref, ids))
            if linked:
                changes.intents = [lost_folder.asked(self.user.user_id, len(linked))]
                changes.notes = [lost_folder.note(self.user.user_id, lost_folder.REASON)]
        self._commit(changes)

    def _folder_found(self, stream: Stream) -> Changes:
        """Everybody is back: nothing is to be asked any more."""
        held = self.store.intent(lost_folder.step_id(self.user.user_id)) if stream.kind is Kind.CONTACT else None
        if held is not None and held.state is IntentState.HELD:
            return lost_folder.closed(held, "All contacts are back.")
        return Changes(notes=[lost_folder.note(self.user.user_id, "")] if held is not None else [])

    def _commit(self, changes: Changes) -> None:
        changes.item_user = self.user.user_id
        if changes.stream is not None:
            changes.item_kind = changes.stream.kind
        changes.run_id = self.run_id
        self.store.commit(self.lease, changes)
