"""Why an item syncs, or the one reason why it does not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from backend.domain.values import Kind
from backend.storage.views.passport import Passport
from backend.web.looks import Look
from backend.web.numbers import count
from backend.web.remedies import remedy, said
from backend.web.words import say, say_many

STATES: Final = {
    "linked": Look("ok", "ok", say("In sync")),
    "creating": Look("info", "running", say("Being made")),
    "parked": Look("neutral", "paused", say("Outside the scope")),
    "stopped": Look("neutral", "paused", say("Stopped")),
    "held": Look("err", "error", say("Refused")),
    "broken": Look("err", "error", say("Both sides are missing")),
    "unlinked": Look("plain", "minus", say("Not in sync")),
}
MEANINGS: Final = {
    "creating": say("Decided and written down; the other side gets it in this or the next run."),
    "parked": say("It left what this person's configuration takes. Both copies stay; it goes on when it returns."),
    "stopped": say("One side was deleted and the configuration keeps the other. Nothing more is written."),
    "held": say("Tried again when either side or the configuration changes."),
    "broken": say("Neither side shows it any more. Resetting the person finds it again if it is there."),
    "unlinked": say("It is not in a pair; the next run looks at it again."),
}
ORIGINS: Final = {
    "mailbox": say("Lockstep made the Salesforce record from the mailbox."),
    "crm": say("Lockstep made the mailbox item from Salesforce."),
    "matched": say("Both were there already; Lockstep matched them."),
}


@dataclass(frozen=True, slots=True)
class Fact:
    """One line below 'Why it syncs'."""

    icon: str
    tone: str
    text: str


def look(passport: Passport) -> Look:
    """The chip of the passport."""
    found = STATES.get(passport.state, STATES["unlinked"])
    if passport.state == "linked" and any(step.state == "held" for step in passport.open):
        return Look("warn", "shield", say("Step held"))
    return found


def facts(passport: Passport) -> tuple[Fact, ...]:
    """What holds the pair together, or what is in its way."""
    if passport.state != "linked":
        return _in_the_way(passport)
    lines = [Fact("check", "ok", ORIGINS.get(passport.origin, ORIGINS["matched"]))]
    direction = _direction(passport)
    if direction:
        lines.append(Fact("check", "ok", direction))
    if passport.mailbox.repeats or passport.original_start:
        lines.append(Fact("check", "ok", say("It is one occurrence of a repeating meeting.")))
    if passport.mailbox.known and not passport.mailbox.organised:
        text = say("Somebody else organises it: this copy is never changed, and its other attendees are not told.")
        lines.append(Fact("people", "muted", text))
    if passport.mailbox.guests and passport.mailbox.organised:
        text = say_many(
            "It has %(n)s guest: no change is written to the mailbox without asking.",
            "It has %(n)s guests: no change is written to the mailbox without asking.",
            passport.mailbox.guests, n=count(passport.mailbox.guests),
        )  # fmt: skip
        lines.append(Fact("shield", "muted", text))
    if passport.others:
        text = say_many(
            "%(n)s more person shares this Salesforce record.", "%(n)s more people share this Salesforce record.",
            passport.others, n=count(passport.others),
        )  # fmt: skip
        lines.append(Fact("people", "muted", text))
    return tuple(lines)


def _in_the_way(passport: Passport) -> tuple[Fact, ...]:
    why = said(passport.reason or passport.mailbox.problem or passport.crm.problem, passport.refusal)
    found = [Fact("error" if passport.state in ("held", "broken") else "minus", "err", why)] if why else []
    if passport.state == "held":
        found.append(Fact("info", "muted", remedy(passport.refusal)))
    return (*found, Fact("info", "muted", MEANINGS.get(passport.state, MEANINGS["unlinked"])))


DIRECTIONS: Final = {
    "both": say("%(configuration)s syncs %(things)s both ways."),
    "to_salesforce": say("%(configuration)s syncs %(things)s to Salesforce only."),
    "to_mailbox": say("%(configuration)s syncs %(things)s to the mailbox only."),
    "off": say("%(configuration)s does not sync %(things)s."),
}
THINGS: Final = {Kind.CONTACT: say("contacts"), Kind.EVENT: say("events")}


def _direction(passport: Passport) -> str:
    settings = passport.settings.get(f"{passport.kind.value}s")
    direction = settings.get("direction") if isinstance(settings, dict) else None
    template = DIRECTIONS.get(str(direction))
    if template is None:
        return ""
    return template % {"configuration": passport.configuration, "things": THINGS[passport.kind]}
