"""Keys: what makes two things the same, and ids derived so that planning twice gives the same plan (D-2, E-2)."""

from __future__ import annotations

import hashlib
from typing import Final
from uuid import UUID

from backend.domain.values import AllDay, FieldValue, Kind, Name, Timed, Values

_SEPARATOR: Final = "\x1f"


def derived(*parts: object) -> UUID:
    """A UUID that depends on the parts only."""
    name = _SEPARATOR.join(map(str, parts)).encode()
    return UUID(bytes=hashlib.blake2b(name, digest_size=16, person=b"lockstep").digest(), version=5)


def meeting_key(uid: str, original_start: str, epoch: int, incarnation: int) -> UUID:
    """Key of the record of a meeting or occurrence; no user in it (D-2, E-2)."""
    return derived("meeting", uid, original_start, epoch, incarnation)


def contact_key(user_id: int, mailbox_id: str, incarnation: int) -> UUID:
    """Key of the record that is made from a mailbox contact."""
    return derived("contact", user_id, mailbox_id, incarnation)


def item_key(user_id: int, crm_id: str, incarnation: int) -> UUID:
    """Key of the mailbox item that is made from a record for one user."""
    return derived("item", user_id, crm_id, incarnation)


def normal_email(address: str | None) -> str | None:
    """An address for comparison: trimmed and case-folded (LS-074)."""
    return (address or "").strip().casefold() or None


def _digest(*parts: str) -> str:
    return hashlib.blake2b(_SEPARATOR.join(parts).encode(), digest_size=16).hexdigest()


def folded(value: FieldValue) -> str:
    """Text for comparison: without case and surplus blanks; "" for anything else."""
    return " ".join(value.casefold().split()) if isinstance(value, str) else ""


def strong_key(kind: Kind, values: Values) -> str | None:
    """First match rule for contacts: the e-mail address (LS-066). Events match strongly by UID only."""
    email = values.get("email")
    return normal_email(email) if kind is Kind.CONTACT and isinstance(email, str) else None


def same_person(left: Values, right: Values) -> bool:
    """Whether two contacts have the same address or the same name, whatever their companies."""
    address = strong_key(Kind.CONTACT, left)
    return (address is not None and address == strong_key(Kind.CONTACT, right)) or same_name(left, right)


def same_name(left: Values, right: Values) -> bool:
    """Whether two contacts have the same first and last name."""
    mine, other = left.get("name"), right.get("name")
    if not isinstance(mine, Name) or not isinstance(other, Name):
        return False
    return (folded(mine.first), folded(mine.last)) == (folded(other.first), folded(other.last))


def contradict(kind: Kind, left: Values, right: Values) -> bool:
    """Whether two things that look alike by name cannot be the same: two people with an address of their own each."""
    mine, other = strong_key(kind, left), strong_key(kind, right)
    return mine is not None and other is not None and mine != other


def same_keys(left: tuple[str | None, str | None], right: tuple[str | None, str | None]) -> bool:
    """Whether two things with these strong and natural keys are the same: by the strong ones if both have one."""
    if left[0] is not None and right[0] is not None:
        return left[0] == right[0]
    return left[1] is not None and left[1] == right[1]


def natural_key(kind: Kind, values: Values) -> str | None:
    """Second match rule: full name and company (LS-067), or subject, start and end (LS-111). None if incomplete."""
    if kind is Kind.CONTACT:
        name = values.get("name")
        if not isinstance(name, Name) or not name.last:
            return None
        return _digest("person", folded(name.first), folded(name.last), folded(values.get("company")))
    match values.get("when"):
        case Timed(start, end):
            return _digest("event", folded(values.get("subject")), start.isoformat(), end.isoformat())
        case AllDay(first, end_day):
            return _digest("days", folded(values.get("subject")), first.isoformat(), end_day.isoformat())
    return None
