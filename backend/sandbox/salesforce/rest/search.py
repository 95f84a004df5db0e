"""parameterizedSearch: words in names, addresses and phones (SF-128)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from backend.sandbox.salesforce import presenting
from backend.sandbox.salesforce.errors import SalesforceError
from backend.sandbox.salesforce.rest.rows import wanted_fields
from backend.sandbox.salesforce.rest.wire import ApiRequest, ApiResponse
from backend.sandbox.salesforce.store import Row
from backend.sandbox.salesforce.values import stamp

MOST_ROWS = 2000
LEAST_CHARACTERS = 2
_SEARCHED = {
    "NAME": ("Name",),
    "EMAIL": ("Email", "PersonEmail"),
    "PHONE": ("Phone", "MobilePhone", "HomePhone"),
    "ALL": ("Name", "Email", "PersonEmail", "Phone", "MobilePhone", "Title", "Company", "Subject"),
}
_DEFAULT_OBJECTS = ("Account", "Contact", "Lead", "Opportunity", "User")


def by_url(request: ApiRequest) -> ApiResponse:
    """GET ?q=&sobject=&fields=&in=."""
    names = [name for name in request.query.get("sobject", "").split(",") if name]
    fields = request.query.get("fields", "Id")
    return _search(request, request.query.get("q", ""), request.query.get("in", "ALL"), [(n, fields) for n in names])


def by_body(request: ApiRequest) -> ApiResponse:
    """POST {"q", "in", "fields", "sobjects": [{"name", "fields", "limit"}], "overallLimit"}."""
    body = request.object_body()
    common = ",".join(body.get("fields") or ["Id"])
    objects = [(item["name"], ",".join(item.get("fields") or []) or common) for item in body.get("sobjects") or []]
    answer = _search(request, str(body.get("q", "")), str(body.get("in", "ALL")), objects)
    limit = str(body.get("overallLimit", MOST_ROWS))
    answer.body["searchRecords"] = answer.body["searchRecords"][: int(limit) if limit.isdigit() else MOST_ROWS]
    return answer


def _search(request: ApiRequest, text: str, where: str, objects: list[tuple[str, str]]) -> ApiResponse:
    words = text.lower().replace("*", "").split()
    if len(text.strip()) < LEAST_CHARACTERS:
        raise SalesforceError("MALFORMED_SEARCH", "the search term must be longer than one character")
    if where.upper() not in _SEARCHED:
        raise SalesforceError("MALFORMED_SEARCH", f"in must be one of {', '.join(_SEARCHED)}")
    org = request.standin.org
    indexed = stamp(org.world.clock.now() - timedelta(seconds=org.settings.search_delay))
    records: list[dict[str, Any]] = []
    for name, names in objects or [(name, "Id") for name in _DEFAULT_OBJECTS]:
        kind = org.sobject(name)
        fields, read = wanted_fields(request, kind, names), org.sharing.reader(request.caller, kind.name)
        found = (row for row in org.database.live(kind.name) if row["SystemModstamp"] <= indexed and read(row))
        hits = [row for row in found if _hit(row, words, _SEARCHED[where.upper()])]
        records += [presenting.present(org, request.caller, row, kind, fields, request.version) for row in hits]
    return ApiResponse(200, {"searchRecords": records[:MOST_ROWS]})


def _hit(row: Row, words: list[str], names: tuple[str, ...]) -> bool:
    text = " ".join(str(row[name]) for name in names if row.get(name)).lower()
    return all(word in text for word in words)
