"""Reading the contact folder: found by name, listed, followed by delta, searched (MS-035 to MS-037, MS-086 ff.)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from backend.domain.configuration import CONTAINERS
from backend.domain.identity import natural_key, strong_key
from backend.domain.values import Kind, Name
from backend.microsoft import elsewhere, tags
from backend.microsoft.batch import Batches, Inner, Outcome
from backend.microsoft.contact_map import EXPAND, contact_item
from backend.microsoft.delta import DeltaPage, Lists
from backend.microsoft.errors import Treatment, as_error
from backend.microsoft.places import Places
from backend.microsoft.tags import literal, query
from backend.ports.answers import Verdict
from backend.ports.errors import Malformed
from backend.ports.mailbox import Item, Page, Probe

DELTA_SIZES: Final = (500, 100)
LIST_SIZES: Final = (1000, 100)
DEFAULT_FOLDER: Final = "contacts"
"""Name by which the default folder is reached (MS-086)."""
FOUND: Final = 100
"""How many hits of one search are looked at."""
FEW: Final = 20
"""Up to so many probes are searched for one by one; for more, the folder is read whole."""


class ContactReader:
    """The contacts of one mailbox."""

    def __init__(self, batches: Batches, lists: Lists, places: Places) -> None:
        self._batches = batches
        self._lists = lists
        self._places = places

    def folder(self) -> str:
        """Id of the folder, found by its name before it is made (LS-055, LS-057, MS-087)."""
        name = CONTAINERS[Kind.CONTACT]
        found = self._folder_named(name)
        if found is not None:
            return found
        made = self._batches.write(
            [Inner("POST", self._places.folders, {"displayName": name})], "contactFolders.create"
        )[0]
        if made.ok:
            return str(made.body["id"])
        if made.refusal.row.treatment is not Treatment.EXISTS:
            raise as_error(made.refusal)
        found = self._folder_named(name)
        if found is None:
            raise Malformed(f"The contact folder {name} exists and is not shown.", service="microsoft")
        return found

    def find_folder(self) -> str | None:
        """Id of the folder, None where there is none; nothing is made."""
        return self._folder_named(CONTAINERS[Kind.CONTACT])

    def _folder_named(self, name: str) -> str | None:
        named = (row for row in self._folders() if (row.get("displayName") or "").casefold() == name.casefold())
        return next((str(row["id"]) for row in named), None)

    def _folders(self) -> Iterator[Mapping[str, Any]]:
        first = query(self._places.folders, (("$select", "id,displayName"), ("$top", "100")))
        for rows in self._lists.rows(first, "contactFolders.list", (100,)):
            yield from rows

    def changes(self, folder: str, cursor: str | None) -> Iterator[Page]:
        """See Mailbox.changes. Idle: one call. A first round: the delta, then one list with all properties."""
        first = f"{self._places.contacts(folder)}/delta"
        pages = self._lists.delta(first, cursor, "contacts.delta", DELTA_SIZES)
        if cursor is not None:
            for page in pages:
                yield self._hydrated(folder, page)
            return
        link = [page.link for page in pages][-1]
        # The token is older than the list: what changes in between comes again in the next round.
        yield from self._listed(folder, link)

    def _listed(self, folder: str, link: str | None) -> Iterator[Page]:
        waiting: Page | None = None
        for items in self._everything(folder):
            if waiting is not None:
                yield waiting
            waiting = Page(items)
        yield Page(waiting.items if waiting is not None else (), cursor=link)

    def _everything(self, folder: str) -> Iterator[tuple[Item, ...]]:
        first = query(self._places.contacts(folder), (("$top", str(LIST_SIZES[0])), ("$expand", EXPAND)))
        for rows in self._lists.rows(first, "contacts.list", LIST_SIZES):
            yield tuple(contact_item(row) for row in rows)

    def _hydrated(self, folder: str, page: DeltaPage) -> Page:
        """Changed contacts read again with their extended properties, which no delta has."""
        ids = [row["id"] for row in page.rows]
        outcomes = self._read(ids)
        items: list[Item] = []
        removed = list(page.removed)
        for id_, outcome in zip(ids, outcomes, strict=True):
            if outcome.ok and outcome.body.get("parentFolderId") == folder:
                items.append(contact_item(outcome.body))
            elif outcome.ok or outcome.missing:
                removed.append(id_)
            else:
                raise as_error(outcome.refusal)
        return Page(tuple(items), tuple(removed), page.link)

    def _read(self, ids: Sequence[str]) -> list[Outcome]:
        requests = [Inner("GET", query(self._places.contact(id_), (("$expand", EXPAND),))) for id_ in ids]
        return self._batches.read(requests, "contacts.get")

    def fetch(self, folder: str, ids: Sequence[str]) -> Mapping[str, Item | Verdict]:
        """See Mailbox.fetch. A contact in a folder that is no contact folder (Deleted Items) is GONE."""
        found: dict[str, Item | Verdict] = {}
        elsewhere: dict[str, str] = {}
        for id_, outcome in zip(ids, self._read(ids), strict=True):
            if outcome.ok and outcome.body.get("parentFolderId") == folder:
                found[id_] = contact_item(outcome.body)
            elif outcome.ok:
                elsewhere[id_] = str(outcome.body.get("parentFolderId"))
            else:
                found[id_] = Verdict.GONE if outcome.missing else Verdict.UNKNOWN
        return found | self._places_of(elsewhere)

    def _places_of(self, elsewhere: Mapping[str, str]) -> dict[str, Verdict]:
        parents = sorted(set(elsewhere.values()))
        requests = [Inner("GET", query(self._places.folder(parent), (("$select", "id"),))) for parent in parents]
        outcomes = dict(zip(parents, self._batches.read(requests, "contactFolders.get"), strict=True))
        return {id_: _folder_verdict(outcomes[parent]) for id_, parent in elsewhere.items()}

    def find_tagged(self, folder: str, keys: Sequence[UUID]) -> list[Item]:
        """See Mailbox.find_tagged."""
        requests = [self.search(folder, text) for text in tags.filters(keys)]
        wanted = set(keys)
        found = {item.id: item for items in self._found(requests) for item in items}
        return [item for item in found.values() if item.key_tag in wanted]

    def find_elsewhere(self, folder: str, keys: Sequence[UUID]) -> Mapping[UUID, str]:
        """See Mailbox.find_elsewhere. The default folder is not listed (MS-086); those below others are left out."""
        others = [DEFAULT_FOLDER, *(str(row["id"]) for row in self._folders() if row["id"] != folder)]
        return elsewhere.find(self._batches, map(self._places.contacts, others), keys, "contacts.find")

    def search(self, folder: str, text: str) -> Inner:
        """A request for the contacts of the folder that satisfy a filter."""
        options = (("$filter", text), ("$expand", EXPAND), ("$top", str(FOUND)))
        return Inner("GET", query(self._places.contacts(folder), options))

    def _found(self, requests: Sequence[Inner]) -> Iterator[list[Item]]:
        for outcome in self._batches.read(requests, "contacts.find"):
            if not outcome.ok:
                raise as_error(outcome.refusal)
            yield [contact_item(row) for row in outcome.body["value"]]

    def find_like(self, folder: str, probes: Sequence[Probe]) -> Mapping[UUID, list[Item]]:
        """See Mailbox.find_like: equal address, or equal full name and company (LS-066, LS-067)."""
        if len(probes) > FEW:
            everybody = [item for items in self._everything(folder) for item in items]
            return _by_probe(probes, [everybody] * len(probes))
        requests: list[tuple[int, Inner]] = []
        for number, probe in enumerate(probes):
            requests += [(number, self.search(folder, text)) for text in _texts(probe)]
        candidates: list[dict[str, Item]] = [{} for _ in probes]
        for (number, _), items in zip(requests, self._found([inner for _, inner in requests]), strict=True):
            candidates[number] |= {item.id: item for item in items}
        return _by_probe(probes, [list(found.values()) for found in candidates])


def _texts(probe: Probe) -> list[str]:
    found = []
    email = strong_key(Kind.CONTACT, probe.values)
    if email is not None:
        found.append(f"emailAddresses/any(a:a/address eq {literal(email)})")
    name = probe.values.get("name")
    if isinstance(name, Name) and name.last:
        terms = [f"surname eq {literal(name.last)}"]
        if name.first:
            terms.append(f"givenName eq {literal(name.first)}")
        found.append(" and ".join(terms))
    return found


def _by_probe(probes: Sequence[Probe], candidates: Sequence[Sequence[Item]]) -> dict[UUID, list[Item]]:
    answer: dict[UUID, list[Item]] = {}
    for probe, items in zip(probes, candidates, strict=True):
        strong, natural = strong_key(Kind.CONTACT, probe.values), natural_key(Kind.CONTACT, probe.values)
        answer[probe.id] = [
            item
            for item in items
            if (strong is not None and strong == strong_key(Kind.CONTACT, item.values))
            or (natural is not None and natural == natural_key(Kind.CONTACT, item.values))
        ]
    return answer


def _folder_verdict(outcome: Outcome) -> Verdict:
    if outcome.ok:
        return Verdict.OUTSIDE
    return Verdict.GONE if outcome.missing else Verdict.UNKNOWN
