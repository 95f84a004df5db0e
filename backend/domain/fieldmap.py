"""The field map as data: one row per field (LS 3.9, LS 4.5).

`group` and `part` name the value in `backend.domain.values`; `salesforce` and `graph` name it on each side.
Graph paths: a property, `name[0]` for the first of an array, `a.b` for a nested one, `mapi:0x3A24` for a text
MAPI property that has no place in Graph's contact.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from backend.domain.values import Kind


class TooLong(StrEnum):
    """What happens to text beyond Salesforce's limit: Salesforce itself refuses it (SF-029)."""

    REFUSE = "refuse"
    SHORTEN = "shorten"


class Shape(StrEnum):
    """How a field's value is normalised."""

    LINE = "line"
    BLOCK = "block"
    DATE = "date"
    FLAG = "flag"
    SHOW_AS = "show_as"
    WHEN = "when"


@dataclass(frozen=True, slots=True)
class FieldRow:
    """One mapped field. `locked`: the mapping cannot be customised (LS-047, LS-048)."""

    group: str
    part: str | None
    salesforce: str
    graph: str
    limit: int | None
    label: str
    shape: Shape = Shape.LINE
    locked: bool = False
    too_long: TooLong = TooLong.REFUSE

    @property
    def key(self) -> str:
        """Name of the row in settings: the group, or group and part (`mailing.city`)."""
        return self.group if self.part is None else f"{self.group}.{self.part}"


def _contact(
    group: str, part: str | None, salesforce: str, graph: str, limit: int | None, label: str, *,
    shape: Shape = Shape.LINE, locked: bool = False,
) -> FieldRow:  # fmt: skip
    return FieldRow(group, part, salesforce, graph, limit, label, shape, locked)


CONTACT_ROWS: Final = (
    _contact("name", "salutation", "Salutation", "title", 40, "Salutation"),
    _contact("name", "first", "FirstName", "givenName", 40, "First name", locked=True),
    _contact("name", "middle", "MiddleName", "middleName", 40, "Middle name"),
    _contact("name", "last", "LastName", "surname", 80, "Last name", locked=True),
    _contact("name", "suffix", "Suffix", "generation", 40, "Suffix"),
    _contact("company", None, "Account.Name", "companyName", 255, "Company", locked=True),
    _contact("email", None, "Email", "emailAddresses[0]", 80, "E-mail", locked=True),
    _contact("title", None, "Title", "jobTitle", 128, "Title"),
    _contact("department", None, "Department", "department", 80, "Department"),
    _contact("phone", None, "Phone", "businessPhones[0]", 40, "Phone"),
    _contact("mobile", None, "MobilePhone", "mobilePhone", 40, "Mobile"),
    _contact("home_phone", None, "HomePhone", "homePhones[0]", 40, "Home phone"),
    _contact("other_phone", None, "OtherPhone", "mapi:0x3A1F", 40, "Other phone"),
    _contact("fax", None, "Fax", "mapi:0x3A24", 40, "Business fax"),
    _contact("assistant_name", None, "AssistantName", "assistantName", 40, "Assistant"),
    _contact("assistant_phone", None, "AssistantPhone", "mapi:0x3A2E", 40, "Assistant phone"),
    _contact("birthdate", None, "Birthdate", "birthday", None, "Birthday", shape=Shape.DATE),
    _contact("notes", None, "Description", "personalNotes", 32_000, "Notes", shape=Shape.BLOCK),
    _contact("mailing", "street", "MailingStreet", "businessAddress.street", 255, "Street", shape=Shape.BLOCK),
    _contact("mailing", "city", "MailingCity", "businessAddress.city", 40, "City"),
    _contact("mailing", "state", "MailingState", "businessAddress.state", 80, "State"),
    _contact("mailing", "postal_code", "MailingPostalCode", "businessAddress.postalCode", 20, "Postal code"),
    _contact("mailing", "country", "MailingCountry", "businessAddress.countryOrRegion", 80, "Country"),
    _contact(
        "other_address",
        "street",
        "OtherStreet",
        "otherAddress.street",
        255,
        "Other street",
        shape=Shape.BLOCK,
    ),
    _contact("other_address", "city", "OtherCity", "otherAddress.city", 40, "Other city"),
    _contact("other_address", "state", "OtherState", "otherAddress.state", 80, "Other state"),
    _contact("other_address", "postal_code", "OtherPostalCode", "otherAddress.postalCode", 20, "Other postal code"),
    _contact("other_address", "country", "OtherCountry", "otherAddress.countryOrRegion", 80, "Other country"),
)

EVENT_ROWS: Final = (
    FieldRow("subject", None, "Subject", "subject", 255, "Subject", Shape.LINE, True, TooLong.SHORTEN),
    FieldRow("when", "start", "StartDateTime", "start", None, "Starts", Shape.WHEN, True),
    FieldRow("when", "end", "EndDateTime", "end", None, "Ends", Shape.WHEN, True),
    FieldRow("when", "all_day", "IsAllDayEvent", "isAllDay", None, "All day", Shape.WHEN, True),
    FieldRow("location", None, "Location", "location.displayName", 255, "Place", Shape.LINE, False, TooLong.SHORTEN),
    FieldRow("description", None, "Description", "body", 32_000, "Description", Shape.BLOCK, False, TooLong.SHORTEN),
    FieldRow("show_as", None, "ShowAs", "showAs", None, "Show as", Shape.SHOW_AS),
    FieldRow("private", None, "IsPrivate", "sensitivity", None, "Private", Shape.FLAG, True),
)

ROWS: Final = {Kind.CONTACT: CONTACT_ROWS, Kind.EVENT: EVENT_ROWS}
GROUPS: Final = {kind: tuple(dict.fromkeys(row.group for row in rows)) for kind, rows in ROWS.items()}
