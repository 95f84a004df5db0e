"""The contents of a mailbox: folders, items, and for each folder the order in which its items changed."""

from __future__ import annotations

import base64
import struct
from bisect import bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Literal

from backend.sandbox.microsoft import errors
from backend.sandbox.microsoft.identifiers import ItemId, decode, folder_id
from backend.sandbox.world import Clock

FolderKind = Literal["contacts", "calendar", "deleted"]
Change = Literal["created", "updated", "deleted"]


class ChangeLog:
    """Keys in the order of their latest change: each stands once, and reading on from a point is cheap."""

    def __init__(self) -> None:
        self._latest: dict[int, int] = {}
        self._sequences: list[int] = []
        self._keys: list[int] = []

    def record(self, key: int, sequence: int) -> None:
        """Note that a key changed. Sequences must grow."""
        self._latest[key] = sequence
        self._sequences.append(sequence)
        self._keys.append(key)
        if len(self._keys) > 2 * len(self._latest) + 64:
            self._compact()

    def after(self, sequence: int) -> Iterator[tuple[int, int]]:
        """(sequence, key) of every key changed after a point, oldest change first."""
        for index in range(bisect_right(self._sequences, sequence), len(self._keys)):
            changed, key = self._sequences[index], self._keys[index]
            if self._latest[key] == changed:
                yield changed, key

    def _compact(self) -> None:
        pairs = sorted((at, key) for key, at in self._latest.items())
        self._sequences = [at for at, _ in pairs]
        self._keys = [key for _, key in pairs]


@dataclass(eq=False)
class Folder:
    """A contact folder, a calendar, or Deleted Items, with its items in order of arrival."""

    id: str
    number: int
    kind: FolderKind
    name: str
    parent: Folder | None = None
    properties: dict[str, Any] = field(default_factory=dict)
    log: ChangeLog = field(default_factory=ChangeLog)
    items: dict[int, Item] = field(default_factory=dict)
    left: dict[int, int] = field(default_factory=dict)  # items that are gone, with their `moves` while here


@dataclass(eq=False)
class Item:
    """A contact or event. `version` is the number of its latest touch; `values` are Graph properties."""

    number: int
    folder: Folder
    version: int
    created: datetime
    modified: datetime
    values: dict[str, Any] = field(default_factory=dict)
    extended: dict[str, str | None] = field(default_factory=dict)
    moves: int = 0
    home: Folder | None = None  # where it lay before it went to Deleted Items
    counted_only: bool = False  # a distribution list: counted, never returned (MS-017)
    photo: bytes | None = None  # of a contact; a resource of its own
    html_notes: str | None = None  # what Outlook keeps of formatted notes; Graph shows the text only


class Store:
    """Folders and items of one mailbox. Callers hold the world's lock."""

    def __init__(self, owner: str, clock: Clock) -> None:
        self.owner = owner
        self.clock = clock
        self.sequence = 0
        self.folders: dict[str, Folder] = {}
        self.folder_log = ChangeLog()
        self.folder_numbers: dict[int, Folder] = {}
        self.items: dict[int, Item] = {}
        self.tags: dict[tuple[str, str], dict[int, Item]] = {}
        self.listeners: list[Callable[[Change, Item, Folder], None]] = []

    def tick(self) -> int:
        """The next number in the order of everything that happens in this mailbox."""
        self.sequence += 1
        return self.sequence

    # Folders

    def add_folder(self, kind: FolderKind, name: str, parent: Folder | None = None) -> Folder:
        """A new folder or calendar."""
        number = len(self.folder_numbers) + 1
        folder = Folder(folder_id(self.owner, number), number, kind, name, parent)
        self.folders[folder.id] = folder
        self.folder_numbers[number] = folder
        self.folder_log.record(number, self.tick())
        return folder

    def rename_folder(self, folder: Folder, name: str) -> None:
        """Another name; the id stays (MS-088)."""
        folder.name = name
        self.folder_log.record(folder.number, self.tick())

    def remove_folder(self, folder: Folder) -> None:
        """Delete a folder with its subfolders and everything in them."""
        for child in [other for other in self.folders.values() if other.parent is folder]:
            self.remove_folder(child)
        for item in list(folder.items.values()):
            self.destroy(item)
        del self.folders[folder.id]
        self.folder_log.record(folder.number, self.tick())

    # Items

    def insert(self, item: Item) -> None:
        """Put a new item into its folder."""
        self.items[item.number] = item
        item.folder.items[item.number] = item
        self._index(item)
        self._log(item, "created")

    def next_number(self) -> int:
        """The number of the next item; numbers are never used again."""
        return self.tick()

    def touch(self, item: Item) -> None:
        """Give an item a new change key, as every write and some work of the server does (MS-045)."""
        item.modified = self.clock.now()
        self._log(item, "updated")

    def set_extended(self, item: Item, properties: dict[str, str | None]) -> None:
        """Set extended properties; null removes one."""
        self._unindex(item)
        for key, value in properties.items():
            if value is None:
                item.extended.pop(key, None)
            else:
                item.extended[key] = value
        self._index(item)

    def move(self, item: Item, target: Folder) -> None:
        """Move an item: it leaves one folder's log and enters the other's; its default id changes (MS-041)."""
        source = item.folder
        del source.items[item.number]
        source.left[item.number] = item.moves
        source.log.record(item.number, self.tick())
        self._tell("deleted", item, source)
        item.folder = target
        item.moves += 1
        target.items[item.number] = item
        item.modified = self.clock.now()
        self._log(item, "created")

    def discard(self, item: Item) -> None:
        """Delete as people do: into Deleted Items, from where it can be restored."""
        item.home = item.folder
        self._unindex(item)
        self.move(item, self.deleted)

    def restore(self, item: Item) -> None:
        """Take an item out of Deleted Items, back to where it lay."""
        if item.folder is not self.deleted or item.home is None:
            raise errors.item_not_found()
        home = item.home if item.home.id in self.folders else self.default_home(item)
        self.move(item, home)
        self._index(item)

    def destroy(self, item: Item) -> None:
        """Delete for good."""
        self._unindex(item)
        del item.folder.items[item.number]
        del self.items[item.number]
        item.folder.left[item.number] = item.moves
        item.folder.log.record(item.number, self.tick())
        self._tell("deleted", item, item.folder)

    @property
    def deleted(self) -> Folder:
        """Deleted Items."""
        return next(folder for folder in self.folders.values() if folder.kind == "deleted")

    def default_home(self, item: Item) -> Folder:
        """The default folder for items of this kind."""
        kind = item.home.kind if item.home else item.folder.kind
        return next(folder for folder in self.folders.values() if folder.kind == kind)

    def tagged(self, property_id: str, value: str) -> list[Item]:
        """Items carrying an extended property with this value, letter case aside (MS-091)."""
        return list(self.tags.get((property_id, value.lower()), {}).values())

    # Identifiers

    def id_of(self, item: Item, immutable: bool, day: date | None = None) -> str:
        """The id of an item, or of its occurrence on a day, in the asked format."""
        if immutable:
            return ItemId(self.owner, item.number, immutable=True, day=day).encode()
        return ItemId(self.owner, item.number, False, item.folder.number, item.moves, day).encode()

    def former_id(self, number: int, folder: Folder, immutable: bool) -> str:
        """The id of an item that is no longer in a folder, as it was there."""
        if immutable:
            return ItemId(self.owner, number, immutable=True).encode()
        return ItemId(self.owner, number, False, folder.number, folder.left.get(number, 0)).encode()

    def find(self, text: str) -> tuple[Item, date | None]:
        """The item of an id in either format (MS-043), and the day if it names an occurrence.

        Raises GraphError 400 or 404; items in Deleted Items are not found.
        """
        identity = decode(text)
        item = self.items.get(identity.number) if identity.owner == self.owner else None
        if item is None or item.folder is self.deleted:
            raise errors.item_not_found()
        if not identity.immutable and (identity.folder, identity.moves) != (item.folder.number, item.moves):
            raise errors.item_not_found()
        return item, identity.day

    def change_key(self, version: int) -> str:
        """The change key of a version."""
        raw = struct.pack(">B7x8sQ", 7, self.owner[:8].encode("ascii"), version)
        return base64.b64encode(raw).decode("ascii")

    def _log(self, item: Item, change: Change) -> None:
        item.version = self.tick()
        item.folder.log.record(item.number, item.version)
        self._tell(change, item, item.folder)

    def _tell(self, change: Change, item: Item, folder: Folder) -> None:
        for listener in self.listeners:
            listener(change, item, folder)

    def _index(self, item: Item) -> None:
        for key, value in item.extended.items():
            self.tags.setdefault((key, str(value).lower()), {})[item.number] = item

    def _unindex(self, item: Item) -> None:
        for key, value in item.extended.items():
            self.tags.get((key, str(value).lower()), {}).pop(item.number, None)
