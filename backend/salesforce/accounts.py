"""The company of a contact: a text in the mailbox, an account in Salesforce (H-3, LS-076 to LS-082).

A text becomes an account only where exactly one account that the user can see has that name, or a person chose one.
Accounts are never made, and no contact's account is ever emptied (INV-30).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from backend.domain.identity import folded
from backend.ports.answers import NoAccount, Op, Write
from backend.ports.crm import EVERY_RIGHT, NamedAccount, Right
from backend.ports.errors import AccessLost
from backend.salesforce import soql
from backend.salesforce.client import Client, Row
from backend.salesforce.fields import Layout

ACCOUNT_FIELD = "AccountId"
NEAR = 10
"""How many near matches are shown."""


@dataclass(frozen=True, slots=True)
class Present:
    """The account that a contact has: its name as far as the user may read it; whether it is the person himself."""

    name: str | None
    person: bool


@dataclass(frozen=True, slots=True)
class Companies:
    """What was found for the companies of some writes.

    accounts: ids by folded name · present: by contact · chosen: accounts chosen by a person that the user still sees ·
    usable: whether the user may use accounts at all (LS-078).
    """

    accounts: Mapping[str, Sequence[str]] = field(default_factory=dict)
    present: Mapping[str, Present] = field(default_factory=dict)
    chosen: frozenset[str] = frozenset()
    usable: bool = True

    def account_for(self, write: Write) -> str | None:
        """The account to attach to the contact, if that is to change."""
        return self._judged(write)[0]

    def unresolved(self, write: Write) -> NoAccount | None:
        """Why the company that is sent does not become the contact's account; None if it does or none is sent."""
        return self._judged(write)[1]

    def _judged(self, write: Write) -> tuple[str | None, NoAccount | None]:
        company = write.values.get("company")
        if not isinstance(company, str):
            return None, None
        present = self.present.get(write.target or "")
        if not self.usable or (present is not None and present.person):
            return None, NoAccount.NOT_ASKED
        if write.account in self.chosen:
            return write.account, None
        if present is not None and present.name is not None and folded(present.name) == folded(company):
            return None, None
        named = self.accounts.get(folded(company), ())
        if present is not None and (not write.moves or len(named) != 1):
            return None, NoAccount.OTHER
        if len(named) != 1:
            return None, NoAccount.SEVERAL if named else NoAccount.NONE
        return named[0], None


UNUSABLE = Companies(usable=False)


def look_up(
    client: Client, layout: Layout, writes: Sequence[Write], rights: Callable[[], frozenset[Right]]
) -> Companies:
    """One call for the accounts named by the writes, and for which of the contacts have an account already.

    rights: what the user may do with accounts; who lacks one of them makes private contacts (LS-078).
    """
    named = [write for write in writes if isinstance(write.values.get("company"), str)]
    if not named:
        return Companies()
    if ACCOUNT_FIELD not in (layout.updatable if writes[0].op is Op.UPDATE else layout.creatable):
        return UNUSABLE
    if rights() != EVERY_RIGHT:
        return UNUSABLE
    statements = _accounts(layout, {str(write.values["company"]).strip() for write in named})
    first = len(statements)
    fields = ("Id", ACCOUNT_FIELD, "Account.Name", *(["IsPersonAccount"] if layout.person_accounts else []))
    targets = [write.target for write in named if write.target]
    statements += [
        soql.select(fields, layout.sobject, f"{ACCOUNT_FIELD} != null AND {soql.any_of('Id', portion)}")
        for portion in soql.portions(targets)
    ]
    second = len(statements)
    chosen = sorted({write.account for write in named if write.account})
    statements += [soql.select(("Id",), "Account", soql.any_of("Id", portion)) for portion in soql.portions(chosen)]
    try:
        found = client.query(statements)
    except AccessLost as error:
        if error.code != "INVALID_TYPE":
            raise
        return UNUSABLE
    accounts: dict[str, list[str]] = {}
    for row in (row for rows in found[:first] for row in rows):
        accounts.setdefault(folded(row["Name"]), []).append(row["Id"])
    present = {row["Id"]: _present(row) for rows in found[first:second] for row in rows}
    return Companies(accounts, present, frozenset(row["Id"] for rows in found[second:] for row in rows))


def near(client: Client, layout: Layout, companies: Sequence[str]) -> dict[str, Sequence[NamedAccount]]:
    """Accounts that the user can see whose names resemble each company: one call for five of them (LS-077).

    They have a word of it in common; those that share most come first.
    """
    words = {company: _words(company) for company in companies if _words(company)}
    statements = [_alike(layout, those) for those in words.values()]
    try:
        answers = client.query(statements) if statements else []
    except AccessLost as error:
        if error.code != "INVALID_TYPE":
            raise
        return dict.fromkeys(companies, ())
    found = {company: _ranked(company, words[company], rows) for company, rows in zip(words, answers, strict=True)}
    return {company: found.get(company, ()) for company in companies}


def _words(company: str) -> list[str]:
    return sorted({word for word in folded(company).replace(",", " ").replace(".", " ").split() if len(word) > 1})


def _alike(layout: Layout, words: Sequence[str]) -> str:
    alike = " OR ".join(f"Name LIKE {soql.quoted('%' + _plain(word) + '%')}" for word in words)
    statement = soql.select(("Id", "Name"), "Account", f"{_no_people(layout)}({alike})")
    return f"{statement} LIMIT {soql.LIST_LENGTH}"


def _ranked(company: str, words: Sequence[str], rows: Iterable[Row]) -> Sequence[NamedAccount]:
    found = [NamedAccount(row["Id"], row["Name"]) for row in rows]
    ranked = sorted(found, key=lambda one: (-_shared(words, one.name), abs(len(one.name) - len(company)), one.name))
    return ranked[:NEAR]


def _shared(words: Iterable[str], name: str) -> int:
    return sum(len(word) for word in words if word in folded(name))


def _plain(word: str) -> str:
    """A word without the wildcards of LIKE."""
    return word.replace("%", "").replace("_", "")


def _no_people(layout: Layout) -> str:
    return "IsPersonAccount = false AND " if layout.person_accounts else ""


def _accounts(layout: Layout, names: set[str]) -> list[str]:
    return [
        soql.select(("Id", "Name"), "Account", _no_people(layout) + soql.any_of("Name", portion))
        for portion in soql.portions(sorted(names))
    ]


def _present(row: Row) -> Present:
    return Present((row.get("Account") or {}).get("Name"), bool(row.get("IsPersonAccount")))
