"""The passport's history: every write and every lost value, newest first, each with the rule that decided it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from backend.domain.values import Kind
from backend.storage.views.passport import Clash, Happened, Passport
from backend.web.fields import ORDER, Piece, diff, label, shown
from backend.web.words import say

BRIEF: Final = 160
PLACES: Final = ORDER[Kind.CONTACT] | ORDER[Kind.EVENT]


@dataclass(frozen=True, slots=True)
class Change:
    """One field within an entry."""

    label: str
    pieces: tuple[Piece, ...]


@dataclass(frozen=True, slots=True)
class Entry:
    """One point on the timeline. `title` in words, `changes` by field, `why`: the rule; `run` if a run wrote it."""

    at: datetime
    icon: str
    tone: str
    title: str
    changes: tuple[Change, ...]
    why: str
    run: int | None = None


def timeline(passport: Passport) -> tuple[Entry, ...]:
    """All entries, newest first; at the end how the pair began."""
    entries = [_wrote(one) for one in passport.history] + [_clashed(one) for one in passport.clashes]
    entries.sort(key=lambda entry: entry.at, reverse=True)
    if passport.created_at is not None:
        begun = {
            "mailbox": say("Seen in the mailbox for the first time, and paired"),
            "crm": say("Seen in Salesforce for the first time, and paired"),
        }.get(passport.origin, say("Found on both sides, and paired"))
        entries.append(Entry(passport.created_at, "eye", "", begun, (), ""))
    return tuple(entries)


def _brief(text: str) -> str:
    return text if len(text) <= BRIEF else f"{text[:BRIEF].rstrip()}…"


def _changes(happened: Happened) -> tuple[Change, ...]:
    if happened.op == "delete":
        return ()
    found = []
    for group in sorted(happened.groups, key=lambda group: PLACES.get(group, 99)):
        after = shown(happened.after.get(group))
        before = shown(happened.before.get(group)) if happened.op == "update" else ""
        if before or after:
            found.append(
                Change(
                    label(group),
                    diff(_brief(before), _brief(after)) if happened.op == "update" else (Piece("same", _brief(after)),),
                )
            )
    return tuple(found)


def _wrote(happened: Happened) -> Entry:
    to_crm = happened.side == "crm"
    titles = {
        "create": say("Created in Salesforce") if to_crm else say("Created in the mailbox"),
        "update": say("Changed in Salesforce") if to_crm else say("Changed in the mailbox"),
        "delete": say("Deleted in Salesforce, to its Recycle Bin")
        if to_crm
        else say("Deleted in the mailbox, to Deleted Items"),
    }
    icons = {"create": "plus", "delete": "cross", "update": "to-salesforce" if to_crm else "to-mailbox"}
    return Entry(
        happened.at, icons.get(happened.op, "pencil"), "side-sf" if to_crm else "side-mail",
        titles.get(happened.op, happened.op), _changes(happened), happened.rule, happened.run or None,
    )  # fmt: skip


def _clashed(clash: Clash) -> Entry:
    kept_crm = clash.chosen == "crm"
    lost = (clash.mailbox if kept_crm else clash.crm).get(clash.group)
    kept = (clash.crm if kept_crm else clash.mailbox).get(clash.group)
    title = (
        say("Both sides had changed; Salesforce kept its value")
        if kept_crm
        else say("Both sides had changed; the mailbox kept its value")
    )
    change = Change(
        label(clash.group),
        tuple(piece for piece in (Piece("gone", _brief(shown(lost))), Piece("new", _brief(shown(kept)))) if piece.text),
    )
    return Entry(clash.at, "both", "warn", title, (change,), clash.reason)
