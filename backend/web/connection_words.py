"""How connections look and what is said of them: state, facts, checks, and ends of keys and secrets."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from babel.dates import format_date

from backend.ports.readiness import Check
from backend.storage.connections import Connection
from backend.storage.credentials import thumbprint
from backend.web.looks import Look
from backend.web.numbers import LOCALE, count
from backend.web.times import times
from backend.web.words import say, say_many

TITLES: Final = {"salesforce": "Salesforce", "microsoft": "Microsoft 365"}
SOON_DAYS, NEAR_DAYS = 60, 10
"""Days before the end of a key from which on it is said, and said in red."""
GOOD: Final = Look("ok", "ok", say("ok"))
BAD: Final = Look("err", "error", say("not ready"))
UNTOLD: Final = Look("info", "info", say("note"))
WARNING: Final = Look("warn", "warning", say("look at this"))
RESULTS: Final = {
    "connected": Look("ok", "ok", say("Connected")),
    "not in an active configuration": Look("neutral", "info", say("Not in an active configuration")),
    "mailbox not found": Look("err", "error", say("Mailbox not found")),
    "access denied": Look("err", "error", say("Access denied")),
    "credentials rejected": Look("err", "error", say("Credentials rejected")),
    "service unreachable": Look("warn", "warning", say("Service unreachable")),
    "no e-mail address": Look("err", "error", say("No e-mail address")),
    "address used by another user": Look("err", "error", say("Address used by another user")),
}


@dataclass(frozen=True, slots=True)
class End:
    """When a key or secret ends. `tone` is empty as long as nothing has to be done."""

    day: str
    days: int
    tone: str

    @property
    def left(self) -> str:
        """'ends in 10 days', 'ended 3 days ago'."""
        if self.days < 0:
            return say_many("ended %(n)s day ago", "ended %(n)s days ago", -self.days, n=count(-self.days))
        if self.days == 0:
            return say("ends today")
        return say_many("ends in %(n)s day", "ends in %(n)s days", self.days, n=count(self.days))


def end_of(settings: Any) -> End | None:
    """The end of what a connection signs in with; None where nobody told it."""
    text = settings.get("certificate_ends") or settings.get("secret_ends")
    if not text:
        return None
    ends = datetime.fromisoformat(text).astimezone(times().zone).date()
    days = (ends - times().today).days
    tone = "err" if days <= NEAR_DAYS else "warn" if days <= SOON_DAYS else ""
    return End(format_date(ends, "d MMM y", locale=LOCALE), days, tone)


def state_of(used: Connection | None) -> Look:
    """The chip of a card."""
    if used is None:
        return Look("plain", "clock", say("Not connected"))
    if used.problem:
        return Look("err", "error", say("Needs you"))
    end = end_of(used.settings)
    if end is not None and end.tone:
        return Look(end.tone, "warning", end.left[:1].upper() + end.left[1:])
    if used.checked_at is None:
        return Look("plain", "clock", say("Not checked yet"))
    return Look("ok", "ok", say("Connected"))


def look_of_check(check: Check) -> Look:
    """The mark of a line: works, does not, works otherwise than meant, cannot be told."""
    if check.ok is None:
        return WARNING if check.remedy else UNTOLD
    return GOOD if check.ok else BAD


def look_of_result(result: str) -> Look:
    """The chip of a person's test."""
    return RESULTS.get(result, Look("plain", "info", result))


def key_text(settings: Any) -> str:
    """What a connection signs in with, without anything secret."""
    kinds = {
        "made": say("key made here"),
        "own": say("own key"),
        "secret": say("client secret"),
    }
    kind = kinds.get(settings.get("credential", ""), say("key or secret given by file"))
    return f"{kind[:1].upper()}{kind[1:]}"


def print_of(settings: Any) -> str:
    """The certificate's fingerprint, as the other side shows it; empty without a certificate."""
    return thumbprint(settings["certificate"]) if settings.get("certificate") else ""


def reach_text(settings: Any) -> str:
    """Which mailboxes the app opens."""
    everyone = settings.get("reach") == "everyone"
    return say("Every mailbox") if everyone else say("Chosen mailboxes, by roles in Exchange")
