"""A refusal in words: whose it is, what was said, and what to do about it (SF-028 to SF-033)."""

from __future__ import annotations

from typing import Final

from backend.storage.views.refusals import Refusal
from backend.web.words import say

REMEDIES: Final = {
    "FIELD_CUSTOM_VALIDATION_EXCEPTION": say("A rule of your company. Change the item so that it passes, or the rule."),
    "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY": say("Automation of your company stopped it. Its owner knows why."),
    "REQUIRED_FIELD_MISSING": say("Fill this field on the other side."),
    "STRING_TOO_LONG": say("Shorten it on the other side."),
    "FIELD_INTEGRITY_EXCEPTION": say("Change it on the other side so that it keeps to Salesforce's limits."),
    "INVALID_EMAIL_ADDRESS": say("Correct the address on the other side."),
    "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST": say("Choose one of the values that the field allows."),
    "DUPLICATES_DETECTED": say("Merge the two, or give them the same address, so that they are recognised as one."),
    "INSUFFICIENT_ACCESS_OR_READONLY": say("Give this person the right to this record or field in Salesforce."),
    "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY": say("Give this person the right to the related record."),
    "not_visible": say(
        "Share the record with this person in Salesforce, or make him its owner; then change the item on either side."
    ),
    "INVALID_FIELD_FOR_INSERT_UPDATE": say("Give this person the right to write this field in Salesforce."),
}
ANY: Final = say("Change the item on either side, and it is tried again.")


def said(reason: str, refusal: Refusal | None) -> str:
    """The refusal in that side's own words."""
    if refusal is None or not reason or reason.startswith(("Salesforce", "The mailbox", "Microsoft")):
        return reason
    side = say("Salesforce") if refusal.side == "crm" else say("The mailbox")
    return say("%(side)s refused it: “%(reason)s”", side=side, reason=reason)


def remedy(refusal: Refusal | None) -> str:
    """What to do about it."""
    return ANY if refusal is None else REMEDIES.get(refusal.code, ANY)
