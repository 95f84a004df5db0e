"""Where on the page somebody is: the person, the week, searches, pages, and what is open for editing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

from flask import url_for

NEW = "new"
LONGEST_SEARCH = 200


@dataclass(frozen=True)
class Spot:
    """All of it stands in the address, so that every link and form works without JavaScript.

    `week` is any day of the week shown, None for this week. `shelf` and `item` name what is open, `item` is an
    id or "new".
    """

    person: str
    week: date | None = None
    mail_find: str = ""
    mail_page: int = 1
    sf_find: str = ""
    sf_page: int = 1
    shelf: str = ""
    item: str = ""

    @classmethod
    def read(cls, person: str, given: Mapping[str, str]) -> Spot:
        """The spot that an address names; what makes no sense in it is left out."""
        shelf, _, item = given.get("open", "").partition(":")
        return cls(
            person,
            _day(given.get("week", "")),
            given.get("mail", "").strip()[:LONGEST_SEARCH],
            _number(given.get("mail_page", "")),
            given.get("sf", "").strip()[:LONGEST_SEARCH],
            _number(given.get("sf_page", "")),
            shelf if item else "",
            item,
        )

    def query(self) -> dict[str, Any]:
        """What of it stands behind the question mark of the address."""
        given = {
            "week": self.week.isoformat() if self.week else "",
            "mail": self.mail_find,
            "mail_page": self.mail_page if self.mail_page > 1 else "",
            "sf": self.sf_find,
            "sf_page": self.sf_page if self.sf_page > 1 else "",
            "open": f"{self.shelf}:{self.item}" if self.shelf else "",
        }
        return {name: value for name, value in given.items() if value != ""}

    def at(self, **changes: Any) -> str:
        """The address of the page with something else in it."""
        spot = replace(self, **changes)
        return url_for("page.show", person=spot.person, **spot.query())

    def open(self, shelf: str, item: str = NEW) -> str:
        """The address of the page with an item open."""
        return self.at(shelf=shelf, item=item)

    def to(self, endpoint: str, **values: Any) -> str:
        """The address of an action that comes back to this spot."""
        return url_for(endpoint, person=self.person, **{**replace(self, shelf="", item="").query(), **values})

    def back(self) -> str:
        """The address of the page with nothing open."""
        return self.at(shelf="", item="")

    def later(self, monday: date, weeks: int) -> str:
        """The address of another week, seen from the one shown."""
        return self.at(week=monday + timedelta(weeks=weeks), shelf="", item="")


def _day(text: str) -> date | None:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if 1970 <= day.year <= 2200 else None


def _number(text: str) -> int:
    return min(int(text), 9999) if text.isascii() and text.isdigit() and text.strip("0") else 1
