"""Who is asked to a meeting, as its copy in a mailbox tells; one value of a field group.

The group flows from the organiser's copy to Salesforce only (I-1); what Salesforce makes of it are relation rows, see
`backend.domain.people`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

ATTENDEES: Final = "attendees"
"""Name of the group. No row of the field map has it: it is no field of the event on either side."""


class Part(StrEnum):
    """In what capacity somebody is asked."""

    REQUIRED = "required"
    OPTIONAL = "optional"
    RESOURCE = "resource"


class Reply(StrEnum):
    """What somebody answered."""

    NONE = "none"
    ACCEPTED = "accepted"
    TENTATIVE = "tentative"
    DECLINED = "declined"


@dataclass(frozen=True, slots=True)
class Attendee:
    """Somebody asked: a person, a room, or a distribution list, which counts as one (I-9). `address`: case-folded."""

    address: str
    part: Part = Part.REQUIRED
    reply: Reply = Reply.NONE


@dataclass(frozen=True, slots=True)
class Attendees:
    """The people of a meeting. `own`: this copy is its organiser's · `organizer`: address, case-folded."""

    own: bool
    organizer: str | None
    people: tuple[Attendee, ...] = ()
