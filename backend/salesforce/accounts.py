"""The company of a contact: a text in the mailbox, an account in Salesforce (H-3, LS-076 to LS-082).

A text becomes an account only where exactly one account that the user can see has that name. Accounts are never made,
and no contact's account is ever changed or emptied.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from backend.ports.answers import Op, Write
from backend.ports.errors import AccessLost
from backend.salesforce import soql
from backend.salesforce.client import Client, Row
from backend.salesforce.fields import Layout

ACCOUNT_FIELD = "AccountId"


@dataclass(frozen=True, slots=True)
class Companies:
    """What was found for the companies of some writes."""

    accounts: dict[str, str]
    attached: frozenset[str]

    def account_for(self, write: Write) -> str | None:
        """The account to attach to the contact, if there is one and the contact has none yet."""
        company = write.values.get("company")
        if not isinstance(company, str) or write.target in self.attached:
            return None
        return self.accounts.get(_folded(company))


NONE = Companies({}, frozenset())


def look_up(client: Client, layout: Layout, writes: Sequence[Write]) -> Companies:
    """One call for the accounts named by the writes, and for which of the contacts have an account already."""
    named = [write for write in writes if isinstance(write.values.get("company"), str)]
    writable = layout.updatable if writes[0].op is Op.UPDATE else layout.creatable
    if not named or ACCOUNT_FIELD not in writable:
        return NONE
    statements = _accounts(layout, {str(write.values["company"]).strip() for write in named})
    targets = [write.target for write in named if write.target]
    statements += [
        soql.select(("Id",), layout.sobject, f"{ACCOUNT_FIELD} != null AND {soql.any_of('Id', portion)}")
        for portion in soql.portions(targets)
    ]
    try:
        found = client.query(statements)
    except AccessLost as error:
        if error.code != "INVALID_TYPE":
            raise
        return NONE  # this user may not see accounts: the contact stays without one (LS-078)
    split = len(statements) - len(list(soql.portions(targets)))
    attached = frozenset(row["Id"] for rows in found[split:] for row in rows)
    return Companies(_unique(row for rows in found[:split] for row in rows), attached)


def _accounts(layout: Layout, names: set[str]) -> list[str]:
    no_people = "IsPersonAccount = false AND " if layout.person_accounts else ""
    return [
        soql.select(("Id", "Name"), "Account", no_people + soql.any_of("Name", portion))
        for portion in soql.portions(sorted(names))
    ]


def _unique(rows: Iterable[Row]) -> dict[str, str]:
    by_name: dict[str, list[str]] = {}
    for row in rows:
        by_name.setdefault(_folded(row["Name"]), []).append(row["Id"])
    return {name: ids[0] for name, ids in by_name.items() if len(ids) == 1}


def _folded(name: str) -> str:
    return name.strip().casefold()
