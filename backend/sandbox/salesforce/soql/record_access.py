"""UserRecordAccess: not rows that are stored, but the answer to who may do what with up to 200 records."""

from __future__ import annotations

from typing import TYPE_CHECKING

from backend.sandbox.salesforce.errors import SalesforceError
from backend.sandbox.salesforce.ids import canonical
from backend.sandbox.salesforce.soql.lexer import unquoted
from backend.sandbox.salesforce.soql.syntax import Comparison, Literal, Logic, Membership, Query
from backend.sandbox.salesforce.store import Row

if TYPE_CHECKING:
    from backend.sandbox.salesforce.org import Org

MOST_RECORDS = 200


def rows(org: Org, query: Query) -> list[Row]:
    """One row per record asked for, in that order. Raises SalesforceError unless filtered by user and records."""
    filters = query.where.operands if isinstance(query.where, Logic) and query.where.operator == "AND" else ()
    wanted: dict[str, list[str]] = {}
    for part in filters:
        literals: tuple[Literal, ...] = ()
        if isinstance(part, Comparison) and part.operator == "=":
            literals = (part.value,)
        elif isinstance(part, Membership) and not part.negated:
            literals = part.values
        else:
            continue
        texts = [unquoted(query.text, literal.token) for literal in literals if literal.token.kind == "string"]
        wanted[part.path.names[-1].lower()] = texts
    users, records = wanted.get("userid", []), wanted.get("recordid", [])
    if len(users) != 1 or not records:
        raise SalesforceError("MALFORMED_QUERY", "UserRecordAccess needs a filter on one UserId and on RecordId")
    if len(records) > MOST_RECORDS:
        raise SalesforceError("MALFORMED_QUERY", f"UserRecordAccess takes at most {MOST_RECORDS} records")
    return [_access(org, canonical(users[0]) or "", canonical(record) or "") for record in dict.fromkeys(records)]


def _access(org: Org, user_id: str, record_id: str) -> Row:
    row = org.database.find(record_id)
    caller = org.caller(user_id)
    read = edit = owns = delete = False
    if row is not None and not row.get("IsDeleted"):
        sobject = org.sobject_of(record_id).name
        read = org.sharing.sees(caller, row, sobject)
        edit = read and caller.may("E", sobject) and org.sharing.edits(caller, row, sobject)
        owns = read and "OwnerId" in row and org.sharing.owns(caller, row)
        delete = owns and caller.may("D", sobject)
    level = "All" if owns and delete else "Edit" if edit else "Read" if read else "None"
    return {
        "Id": record_id,
        "RecordId": record_id,
        "UserId": user_id,
        "HasReadAccess": read,
        "HasEditAccess": edit,
        "HasDeleteAccess": delete,
        "HasTransferAccess": owns,
        "HasAllAccess": owns and delete,
        "MaxAccessLevel": level,
    }
