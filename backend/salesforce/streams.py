"""Changed rows of one object, in order of stamp and id, page by page (keyset: SF-080, no server cursor: SF-072)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from backend.salesforce import soql
from backend.salesforce.client import Client, QueryPage, Row
from backend.salesforce.mapping import moment
from backend.salesforce.marks import OVERLAP


class Stream:
    """One object's rows since a moment, or all of them. `rows`: those of the last page · `done`: it was the last.

    stamp: the field that tells when a row changed.
    """

    def __init__(
        self, sobject: str, fields: Sequence[str], since: datetime | None, condition: str = "", *,
        name: str = "", stamp: str = "SystemModstamp",
    ) -> None:  # fmt: skip
        self.name = name or sobject
        self.rows: Sequence[Row] = ()
        self.done = False
        self.greatest: datetime | None = None
        self._sobject = sobject
        self._fields = fields
        self._condition = condition
        self._since = since
        self._stamp = stamp
        self._last: tuple[str, str] | None = None

    def statement(self) -> str:
        """The statement for the next page."""
        conditions = [self._condition] if self._condition else []
        if self._last is not None:
            stamp, id_ = self._last
            after = f"{self._stamp} = {stamp} AND Id > {soql.quoted(id_)}"
            conditions.append(f"({self._stamp} > {stamp} OR ({after}))")
        elif self._since is not None:
            conditions.append(f"{self._stamp} >= {soql.instant(self._since - OVERLAP)}")
        return soql.select(self._fields, self._sobject, " AND ".join(conditions), f"{self._stamp}, Id")

    def take(self, page: QueryPage, started: datetime) -> None:
        """Goes on behind the last row of the page; a page may be short though more follow (SF-070).

        `greatest` becomes the greatest stamp that does not lie after the start of the whole read.
        """
        self.rows = page.rows
        self.done = page.more is None
        if page.rows:
            last = page.rows[-1]
            self._last = (soql.instant(moment(last[self._stamp])), last["Id"])
        stamps = (moment(row[self._stamp]) for row in reversed(page.rows))
        self.greatest = next((stamp for stamp in stamps if stamp <= started), self.greatest)


def rounds(
    client: Client, streams: Sequence[Stream], started: datetime | None = None, *, all_rows: bool = False
) -> Iterator[tuple[datetime, list[Stream]]]:
    """Reads all streams to their end: one call for the next page of each, at most five streams.

    Yields the start of the read by the server's clock, and the streams that have a new page.
    """
    open_ = list(streams)
    while open_:
        pages = client.pages([stream.statement() for stream in open_], all_rows=all_rows)
        started = started or client.server_time
        for stream, page in zip(open_, pages, strict=True):
            stream.take(page, started)
        yield started, open_
        open_ = [stream for stream in open_ if not stream.done]
