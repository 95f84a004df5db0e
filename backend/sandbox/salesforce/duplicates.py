"""Duplicate rules: who matches, and the answer that names the candidates (SF-049 to SF-053)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from backend.sandbox.salesforce.behaviour import Save
from backend.sandbox.salesforce.errors import SalesforceError
from backend.sandbox.salesforce.rules import DuplicateRule
from backend.sandbox.salesforce.schema import SObject
from backend.sandbox.salesforce.store import Row

if TYPE_CHECKING:
    from backend.sandbox.salesforce.org import Org

STANDARD_CONTACT_RULE = DuplicateRule(
    "Contact", "Standard_Contact_Duplicate_Rule", (("Email",), ("FirstName", "LastName", "AccountId"))
)


def check(save: Save, sobject: SObject, row: Row, old: Row | None) -> None:
    """Raise DUPLICATES_DETECTED where a rule that alerts or blocks finds a match."""
    for rule in save.org.customizing.duplicates:
        mode = rule.on_edit if old else rule.on_create
        if rule.sobject != sobject.name or mode == "allow" or (mode == "alert" and save.options.allow_save):
            continue
        if old and all(old.get(name) == row.get(name) for group in rule.match for name in group):
            continue
        found = list(_matches(save, rule, row))
        if found:
            raise _detected(save, rule, found, overridable=mode == "alert")


def _matches(save: Save, rule: DuplicateRule, row: Row) -> Iterator[Row]:
    sees = _sight(save, rule.sobject)
    seen = {row["Id"]}
    for group in rule.match:
        wanted = [_folded(row, name) for name in group]
        if None in wanted:
            continue
        for other in save.org.database.table(rule.sobject).having(group[0], row[group[0]]):
            if other["Id"] in seen or other["IsDeleted"] or [_folded(other, name) for name in group] != wanted:
                continue
            seen.add(other["Id"])
            if sees(other):
                yield other


def _sight(save: Save, sobject: str) -> Callable[[Row], bool]:
    if not save.options.run_as_caller:
        return lambda _row: True
    reader = save.org.sharing.reader(save.caller, sobject)
    return lambda row: reader(row) is not None


def _folded(row: Row, name: str) -> str | None:
    value = row.get(name)
    return value.lower() if isinstance(value, str) else None


def _detected(save: Save, rule: DuplicateRule, found: list[Row], *, overridable: bool) -> SalesforceError:
    result = {
        "allowSave": overridable,
        "duplicateRule": rule.name,
        "duplicateRuleEntityType": rule.sobject,
        "errorMessage": rule.message,
        "matchResults": [
            {
                "entityType": rule.sobject,
                "errors": [],
                "matchEngine": "FuzzyMatchEngine",
                "rule": rule.name.replace("Duplicate", "Match") + "_v1_1",
                "size": len(found),
                "success": True,
                "matchRecords": [_candidate(save.org, save, row, rule.sobject) for row in found],
            }
        ],
    }
    key = "duplicateResut" if save.org.settings.misspelt_duplicate_result else "duplicateResult"
    return SalesforceError("DUPLICATES_DETECTED", rule.message, extra={key: result})


def _candidate(org: Org, save: Save, row: Row, sobject: str) -> dict[str, Any]:
    shown = {"Id": row["Id"]}
    if save.options.include_details:
        shown = org.present(save.caller, row, sobject)
    shown.pop("attributes", None)
    attributes = {"type": sobject, "url": f"/services/data/v67.0/sobjects/{sobject}/{row['Id']}"}
    return {
        "additionalInformation": [],
        "fieldDiffs": [],
        "matchConfidence": 100.0,
        "record": {"attributes": attributes, **shown},
    }
