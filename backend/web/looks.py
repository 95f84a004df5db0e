"""How states look and what they are called: a tone, an icon and a word, never a colour alone."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from backend.storage.runs import UserState
from backend.storage.views.people import PersonRow
from backend.storage.views.standing import Standing
from backend.web.numbers import count
from backend.web.words import say, say_many


@dataclass(frozen=True, slots=True)
class Look:
    """Tone (ok, info, warn, err, neutral, plain), icon of the sprite, words; `turning`: something is going on now."""

    tone: str
    icon: str
    text: str
    turning: bool = False


STANDINGS: Final = {
    Standing.IN_SYNC: Look("ok", "ok", say("In sync")),
    Standing.FIRST: Look("info", "running", say("First sync"), turning=True),
    Standing.WAITING: Look("plain", "clock", say("Waiting to start")),
    Standing.HELD: Look("warn", "shield", say("Step held")),
    Standing.ERROR: Look("err", "error", say("Cannot sync")),
    Standing.PAUSED: Look("neutral", "paused", say("Paused")),
}
OUTCOMES: Final = {
    "running": Look("info", "running", say("Running"), turning=True),
    "ok": Look("ok", "ok", say("Done")),
    "partial": Look("warn", "warning", say("Done in part")),
    "held": Look("warn", "shield", say("Done, step held")),
    "cut_off": Look("neutral", "paused", say("Cut off, went on later")),
    "failed": Look("err", "error", say("Failed")),
}
KINDS: Final = {"contact": say("contact"), "event": say("event")}


def look_of(person: PersonRow) -> Look:
    """The chip of a person."""
    look = STANDINGS[person.standing]
    if person.standing is Standing.FIRST and person.progress and person.progress.kind:
        parts = {"contact": say("First sync: contacts"), "event": say("First sync: events")}
        return replace(look, text=parts.get(person.progress.kind, look.text), turning=person.running)
    if person.standing is Standing.FIRST:
        return replace(look, turning=person.running)
    if person.standing is Standing.WAITING and person.state == UserState.THROTTLED:
        return Look("warn", "clock", say("Waits for the service"))
    if person.standing is Standing.HELD:
        return replace(look, text=say_many("%(n)s step held", "%(n)s steps held", person.held, n=count(person.held)))
    if person.standing is Standing.IN_SYNC and person.refused:
        text = say_many("In sync, %(n)s refused", "In sync, %(n)s refused", person.refused, n=count(person.refused))
        return Look("warn", "flag", text)
    return look


def why_paused(person: PersonRow) -> str:
    """Why nothing happens for a paused person, most lasting reason first."""
    return say("Paused by an admin.") if person.syncs else person.because


def how_assigned(person: PersonRow) -> str:
    """'by profile “Sales”', without the configuration's name, which stands beside it; '' where that is the reason."""
    if not person.syncs:
        return ""
    how = person.because.removeprefix(f"“{person.configuration}”, assigned ").rstrip(".")
    return how.replace("through the profile", say("by profile")).replace("to the user", say("individually"))


def outcome_of(outcome: str) -> Look:
    """The chip of a run; an outcome we do not know is shown as it is."""
    return OUTCOMES.get(outcome, Look("plain", "info", outcome))


def side_name(side: str) -> str:
    """'crm' -> 'Salesforce', 'mailbox' -> 'Mailbox', '' for neither."""
    return {"crm": say("Salesforce"), "mailbox": say("Mailbox")}.get(side, "")
