"""The passport's comparison: both values of each field and what to make of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from backend.domain.projection import equivalent
from backend.domain.spelling import region_of
from backend.domain.values import FieldValue, Timed, Values
from backend.storage.views.passport import Clash, Happened, Passport
from backend.web.fields import ORDER, Piece, diff, label, shown
from backend.web.looks import Look
from backend.web.words import say


@dataclass(frozen=True, slots=True)
class Verdict:
    """`look`: a chip, or none for what needs no attention; `at`: when it came to that."""

    text: str
    look: Look | None = None
    detail: str = ""
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Compared:
    """One line of the table. `lost`: the value that gave way, with what replaced it, on the losing side."""

    label: str
    mailbox: str
    salesforce: str
    equal: bool
    verdict: Verdict
    lost_side: str = ""
    lost: tuple[Piece, ...] = ()


def sides(passport: Passport) -> tuple[Values, Values]:
    """What each side holds now. Of an occurrence the mailbox keeps the series, so its last agreed values are taken."""
    mailbox = passport.agreed_mailbox if passport.original_start else passport.mailbox.values
    return mailbox or passport.agreed_mailbox, passport.crm.values or passport.agreed_crm


def compared(passport: Passport) -> tuple[Compared, ...]:
    """Every field that either side has a value in, in the order of the field map."""
    mailbox, crm = sides(passport)
    groups = sorted(mailbox.keys() | crm.keys(), key=lambda group: ORDER[passport.kind].get(group, 99))
    return tuple(
        _line(passport, group, mailbox.get(group), crm.get(group))
        for group in groups
        if mailbox.get(group) is not None or crm.get(group) is not None
    )


def _line(passport: Passport, group: str, mailbox: FieldValue, crm: FieldValue) -> Compared:
    equal = passport.link_id is None or equivalent(passport.kind, group, mailbox, crm, region_of(passport.person_zone))
    clash = next((one for one in passport.clashes if one.group == group), None)
    write = next((one for one in passport.history if group in one.groups), None)
    if clash is not None and write is not None and clash.at < write.at and write.side == clash.chosen:
        clash = None
    verdict = _verdict(passport, group, mailbox, crm, equal, clash, write)
    lost_side, lost = (
        ("", ()) if clash is None or not equal else _lost(clash, shown(mailbox if clash.chosen == "mailbox" else crm))
    )
    return Compared(
        label(group),
        shown(mailbox),
        shown(crm),
        equal and clash is None,
        verdict,
        lost_side,
        lost,
    )


def _lost(clash: Clash, present: str) -> tuple[str, tuple[Piece, ...]]:
    side = "crm" if clash.chosen == "mailbox" else "mailbox"
    value = (clash.crm if side == "crm" else clash.mailbox).get(clash.group)
    return side, diff(shown(value), present)


def _verdict(
    passport: Passport, group: str, mailbox: FieldValue, crm: FieldValue, equal: bool, clash: Clash | None,
    write: Happened | None,
) -> Verdict:  # fmt: skip
    if passport.link_id is None:
        return Verdict(say("not compared"))
    if not equal:
        return _differs(passport, group)
    if clash is not None:
        text = say("Salesforce won") if clash.chosen == "crm" else say("Mailbox won")
        return Verdict("", Look("warn", "both", text), clash.reason, clash.at)
    if write is not None and write is passport.history[0] and write.op == "update":
        icon, tone = ("to-salesforce", "side-sf") if write.side == "crm" else ("to-mailbox", "side-mail")
        return Verdict("", Look(tone, icon, say("written")), "", write.at)
    if mailbox == crm:
        return Verdict(say("equal"))
    return Verdict(say("same moment") if isinstance(mailbox, Timed) else say("equal, as far as Salesforce can hold it"))


NO_ACCOUNT: Final = say(
    "No account became of it: see Unresolved companies. If it is not there, somebody chose to keep the text, or this "
    "person lacks a right to accounts (create, read, edit or delete): give it, or relate the contact in Salesforce."
)


def _differs(passport: Passport, group: str) -> Verdict:
    for step in passport.open:
        if group in step.groups:
            if step.state == "held":
                return Verdict("", Look("warn", "shield", say("held")), say("Waits for an answer."))
            way = say("to Salesforce") if step.side == "crm" else say("to mailbox")
            return Verdict("", Look("info", "clock", say("on its way")), way)
    if passport.state == "linked":
        agreed = (passport.agreed_mailbox.get(group), passport.agreed_crm.get(group))
        if agreed == tuple(side.get(group) for side in sides(passport)):
            return Verdict(
                say("differs"), None, NO_ACCOUNT if group == "company" else say("Both were left as they are.")
            )
        return Verdict("", Look("warn", "both", say("differs")), say("Looked at in the next run."))
    return Verdict("", Look("neutral", "both", say("differs")), say("This pair is not kept in step."))
