"""One round of a delta query: pages linked by nextLink, closed by a deltaLink (MS-019 to MS-023, MS-033 to MS-038)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from backend.microsoft.errors import SERVICE, Json, ServerTrouble
from backend.microsoft.throttle import Gate
from backend.microsoft.transport import Transport, prefer_pages
from backend.ports.errors import ContainerGone, CursorExpired, Malformed, ServiceError

_TRIES_PER_SIZE: Final = 2


@dataclass(frozen=True, slots=True)
class DeltaPage:
    """Rows that exist, ids reported removed, and on the last page the link that the next round starts from."""

    rows: tuple[dict[str, Any], ...]
    removed: tuple[str, ...]
    link: str | None


class Lists:
    """Reads paged answers of one mailbox; a page that the service cannot make is asked for again in smaller pages."""

    def __init__(self, transport: Transport, gate: Gate) -> None:
        self._transport = transport
        self._gate = gate

    def delta(self, first: str, cursor: str | None, operation: str, sizes: Sequence[int]) -> Iterator[DeltaPage]:
        """A round that starts at `first`, or where an earlier one ended.

        Raises CursorExpired where it must start anew, ContainerGone where the folder is no longer there.
        """
        if cursor is not None and not self._transport.is_ours(cursor):
            raise CursorExpired(
                "The address of Microsoft Graph was changed; everything is read again.", service=SERVICE
            )
        for page in self._pages(cursor or first, operation, sizes):
            yield _read(page)

    def rows(self, first: str, operation: str, sizes: Sequence[int]) -> Iterator[tuple[dict[str, Any], ...]]:
        """Pages of an ordinary list. `first` holds its own $top; `sizes` are tried when a page fails."""
        for page in self._pages(first, operation, sizes):
            yield tuple(page["value"])

    def _pages(self, link: str | None, operation: str, sizes: Sequence[int]) -> Iterator[dict[str, Any]]:
        while link is not None:
            page = self._page(link, operation, sizes)
            if not isinstance(page, dict) or not isinstance(page.get("value"), list):
                raise Malformed("A page of Microsoft Graph came back without its list.", service=SERVICE)
            yield page
            link = page.get("@odata.nextLink")

    def _page(self, link: str, operation: str, sizes: Sequence[int]) -> Json:
        try:
            return self._page_that_fits(link, operation, sizes)
        except ServiceError as error:
            if error.code.casefold() != "erroritemnotfound":
                raise
            raise ContainerGone(
                "The contact folder or calendar is no longer in the mailbox; nothing is inferred from that.",
                code=error.code,
                service=SERVICE,
            ) from error

    def _page_that_fits(self, link: str, operation: str, sizes: Sequence[int]) -> Json:
        for size in sizes[:-1]:
            try:
                return self._transport.get(
                    link, operation, self._gate, prefer=prefer_pages(size), attempts=_TRIES_PER_SIZE
                )
            except ServerTrouble:
                continue
        return self._transport.get(link, operation, self._gate, prefer=prefer_pages(sizes[-1]))


def _read(page: dict[str, Any]) -> DeltaPage:
    link = page.get("@odata.deltaLink")
    if (link is None) == (page.get("@odata.nextLink") is None):
        raise Malformed("A page of changes from Microsoft Graph does not say what follows it.", service=SERVICE)
    rows: dict[str, dict[str, Any]] = {}
    removed: dict[str, None] = {}
    for row in page["value"]:
        if not isinstance(row, dict) or not isinstance(row.get("id"), str):
            raise Malformed("A page of changes from Microsoft Graph names something without an id.", service=SERVICE)
        # The last mention of an id counts (MS-021).
        if "@removed" in row:
            rows.pop(row["id"], None)
            removed[row["id"]] = None
        else:
            removed.pop(row["id"], None)
            rows[row["id"]] = row
    return DeltaPage(tuple(rows.values()), tuple(removed), link)
