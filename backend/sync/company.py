"""The company of a contact in a merge: one field group with two projections (H-3, INV-30).

Salesforce shows the account's name, the mailbox a text. An account is never emptied by a text that is missing, and a
text never by an account that is; only the switch "as Lightning Sync did" empties a text that nobody resolved (LS-080).
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from backend.domain.configuration import CompanyRule
from backend.domain.projection import equivalent
from backend.domain.values import FieldValue, Side, Values
from backend.ports.answers import NoAccount, Op
from backend.sync.linked import Linked
from backend.sync.merge import Merge
from backend.sync.state import Intent
from backend.sync.unresolved import Standing, Unresolved

COMPANY: Final = "company"


def _item(pair: Linked) -> Unresolved | None:
    return pair.context.snapshot.unresolved.get(pair.link.id) if COMPANY in pair.context.groups else None


def due(pair: Linked) -> bool:
    """Whether an unresolved company asks for a write although neither side changed."""
    item = _item(pair)
    return item is not None and (_asked(pair, item) or _emptied(pair, item))


def _asked(pair: Linked, item: Unresolved) -> bool:
    return item.standing in (Standing.AGAIN, Standing.ANSWERED) and pair.context.settings.direction.writes_crm


def _emptied(pair: Linked, item: Unresolved) -> bool:
    switched = pair.context.user.configuration.company is CompanyRule.CLEAR
    waited = item.standing is Standing.OPEN and pair.view.values.get(COMPANY) == item.text
    return switched and waited and pair.context.settings.direction.writes_mailbox


def settle(pair: Linked, merge: Merge) -> Unresolved | None:
    """Applies the table of H-3 to a merge; the unresolved item, if it is closed by what was seen."""
    _keep(merge, pair)
    item = _item(pair)
    if item is None or COMPANY in merge.to_crm:
        return None
    if _closed(pair):
        return replace(item, standing=Standing.CLOSED)
    if _asked(pair, item):
        merge.to_crm[COMPANY] = item.text
    elif _emptied(pair, item):
        merge.to_mailbox[COMPANY] = None
    return None


def _keep(merge: Merge, pair: Linked) -> None:
    """What is missing on one side empties nothing on the other; a value that changed there flows instead."""
    direction = pair.context.settings.direction
    if COMPANY in merge.to_crm and merge.to_crm[COMPANY] is None:
        del merge.to_crm[COMPANY]
        back = COMPANY in pair.changed_crm() and direction.writes_mailbox
        _instead(merge, merge.to_mailbox if back else None, pair.crm_values.get(COMPANY))
    elif COMPANY in merge.to_mailbox and merge.to_mailbox[COMPANY] is None:
        del merge.to_mailbox[COMPANY]
        back = COMPANY in pair.changed_mailbox() and direction.writes_crm
        _instead(merge, merge.to_crm if back else None, pair.view.values.get(COMPANY))


def _instead(merge: Merge, flow: dict[str, FieldValue] | None, value: FieldValue) -> None:
    merge.lost = [(group, side) for group, side in merge.lost if group != COMPANY]
    if flow is not None and value is not None:
        flow[COMPANY] = value
    else:
        merge.adopted.add(COMPANY)


def _closed(pair: Linked) -> bool:
    """Whether the record was given an account, or the text was taken away by a person."""
    given = COMPANY in pair.changed_crm() and pair.crm_values.get(COMPANY) is not None
    taken = COMPANY in pair.changed_mailbox() and pair.view.values.get(COMPANY) is None
    return given or taken


def outcome(one: Intent, company: NoAccount | None, known: Unresolved | None) -> list[Unresolved]:
    """What an answered write leaves of the contact's company: an item opened, looked at again, or closed."""
    text = one.values.get(COMPANY)
    if one.side is not Side.CRM or not isinstance(text, str):
        return []
    if company is None or company is NoAccount.NOT_ASKED:
        return [replace(known, standing=Standing.CLOSED)] if known is not None else []
    standing = Standing.NEW
    if known is not None and known.text == text:
        standing = known.standing if known.standing is Standing.LEFT else Standing.OPEN
    return [Unresolved(one.link_id, one.user_id, text, company, standing)]


def renamed(known: Unresolved | None) -> bool:
    """Whether a person chose the account: it may have another name, which then is the company's text."""
    return known is not None and known.standing is Standing.ANSWERED


def only_asked(one: Intent, company: NoAccount | None) -> bool:
    """Whether a write changed nothing: it was only asked whether an account has the company's name."""
    return one.op is Op.UPDATE and one.side is Side.CRM and set(one.values) == {COMPANY} and company is not None


def unanswered(one: Intent, stored: Values) -> list[Unresolved]:
    """The item of a record whose answer was lost: asked again whether its company has an account."""
    text = one.values.get(COMPANY)
    if one.side is not Side.CRM or not isinstance(text, str) or stored.get(COMPANY) is not None:
        return []
    return [Unresolved(one.link_id, one.user_id, text, NoAccount.NONE, Standing.AGAIN)]


def agreed(one: Intent, group: str, stored: Values) -> bool:
    """Whether what was sent and what is there agree: a company without an account reads back empty."""
    if group == COMPANY and one.side is Side.CRM and stored.get(group) is None:
        return True
    sent, found = one.values.get(group), stored.get(group)
    mailbox, crm = (sent, found) if one.side is Side.CRM else (found, sent)
    return equivalent(one.kind, group, mailbox, crm)
