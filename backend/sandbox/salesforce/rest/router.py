"""Which resource a path is, and who answers it."""

from __future__ import annotations

import re
from collections.abc import Callable

from backend.sandbox.salesforce.errors import SalesforceError, not_found
from backend.sandbox.salesforce.rest import (
    collections,
    composite,
    describing,
    externals,
    limits,
    queries,
    replication,
    rows,
    search,
)
from backend.sandbox.salesforce.rest.wire import ApiRequest, ApiResponse

Handler = Callable[..., ApiResponse]

# The first pattern that fits is the resource; what stands in braces is given to the handler.
_ROUTES: list[tuple[str, dict[str, Handler]]] = [
    ("", {"GET": limits.resources}),
    ("limits", {"GET": limits.limits}),
    ("query", {"GET": queries.query}),
    ("queryAll", {"GET": queries.query_all}),
    ("query/{locator}", {"GET": queries.more}),
    ("parameterizedSearch", {"GET": search.by_url, "POST": search.by_body}),
    ("composite", {"POST": composite.composite}),
    ("composite/batch", {"POST": composite.batch}),
    (
        "composite/sobjects",
        {"POST": collections.create, "PATCH": collections.update, "DELETE": collections.delete},
    ),
    ("composite/sobjects/{sobject}", {"GET": collections.read_by_url, "POST": collections.read_by_body}),
    ("composite/sobjects/{sobject}/{field}", {"PATCH": collections.upsert}),
    ("sobjects", {"GET": describing.everything}),
    ("sobjects/{sobject}", {"GET": describing.basics, "POST": rows.create}),
    ("sobjects/{sobject}/describe", {"GET": describing.describe}),
    ("sobjects/{sobject}/updated", {"GET": replication.updated}),
    ("sobjects/{sobject}/deleted", {"GET": replication.deleted}),
    ("sobjects/Event/{record}/fromThisEventOnwards", {"DELETE": rows.delete_series_from}),
    ("sobjects/{sobject}/{record}", {"GET": rows.read, "PATCH": rows.update, "DELETE": rows.delete}),
    (
        "sobjects/{sobject}/{field}/{value}",
        {
            "GET": externals.read,
            "PATCH": externals.upsert,
            "POST": externals.upsert,
            "DELETE": externals.delete,
        },
    ),
]


def _pattern(path: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", path), re.IGNORECASE)


_COMPILED = [(_pattern(path), path, handlers) for path, handlers in _ROUTES]


def answer(request: ApiRequest) -> ApiResponse:
    """Answer a request that is already known to come from a live session; errors become answers too."""
    try:
        handler, values = _find(request.path, request.method)
        return handler(request, **values)
    except SalesforceError as error:
        return ApiResponse(error.status, error.as_rest())


def _find(path: str, method: str) -> tuple[Handler, dict[str, str]]:
    for pattern, _, handlers in _COMPILED:
        match = pattern.fullmatch(path)
        if match and method not in handlers:
            message = f"HTTP Method '{method}' not allowed. Allowed are {', '.join(handlers)}"
            raise SalesforceError("METHOD_NOT_ALLOWED", message, status=405)
        if match:
            return handlers[method], match.groupdict()
    raise not_found()


def resource_name(path: str) -> str:
    """The path as the call table shows it: objects by name, ids and values as placeholders."""
    for pattern, shape, _ in _COMPILED:
        match = pattern.fullmatch(path)
        if match:
            return shape.replace("{sobject}", match.groupdict().get("sobject") or "")
    return "unknown"
