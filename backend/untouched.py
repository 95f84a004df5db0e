"""A mailbox that is only looked at: what a dry run may use, in which not even the contact folder is made."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final, Protocol
from uuid import UUID

from backend.domain.values import Kind
from backend.ports.answers import Answer, Verdict, Write
from backend.ports.mailbox import Item, Mailbox, MailboxIdentity, Page, Probe, Span

NOT_MADE: Final = "not made yet"
"""Stands for a contact folder that a real pass would make."""


class Findable(Mailbox, Protocol):
    """A mailbox whose containers can be looked for without being made."""

    def find_container(self, kind: Kind) -> str | None:
        """Id of the folder or calendar; None where it would have to be made."""


class Untouched:
    """Reads through to a mailbox and never writes."""

    def __init__(self, mailbox: Findable) -> None:
        self._mailbox = mailbox

    @property
    def batch_size(self) -> int:
        """See Mailbox."""
        return self._mailbox.batch_size

    def identity(self) -> MailboxIdentity:
        """See Mailbox."""
        return self._mailbox.identity()

    def container(self, kind: Kind) -> str:
        """See Mailbox; a folder that is missing is not made."""
        return self._mailbox.find_container(kind) or NOT_MADE

    def changes(self, kind: Kind, container: str, cursor: str | None, span: Span) -> Iterator[Page]:
        """See Mailbox."""
        return iter([Page(())]) if container == NOT_MADE else self._mailbox.changes(kind, container, cursor, span)

    def fetch(self, kind: Kind, container: str, ids: Sequence[str]) -> Mapping[str, Item | Verdict]:
        """See Mailbox."""
        return self._mailbox.fetch(kind, container, ids)

    def find_tagged(self, kind: Kind, container: str, keys: Sequence[UUID]) -> list[Item]:
        """See Mailbox."""
        return [] if container == NOT_MADE else self._mailbox.find_tagged(kind, container, keys)

    def find_elsewhere(self, kind: Kind, container: str, keys: Sequence[UUID]) -> Mapping[UUID, str]:
        """See Mailbox."""
        return {} if container == NOT_MADE else self._mailbox.find_elsewhere(kind, container, keys)

    def find_like(self, kind: Kind, container: str, probes: Sequence[Probe]) -> Mapping[UUID, list[Item]]:
        """See Mailbox."""
        return {} if container == NOT_MADE else self._mailbox.find_like(kind, container, probes)

    def write(self, container: str, writes: Sequence[Write]) -> list[Answer[Item]]:
        """Never happens: a dry run that wants to write is a defect. Raises RuntimeError."""
        raise RuntimeError(f"A dry run was about to write {len(writes)} items into {container}.")
