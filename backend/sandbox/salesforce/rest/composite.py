"""Several requests in one: composite with references between them, and batch without (SF-063 to SF-068)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl, unquote

from backend.sandbox.salesforce.errors import SalesforceError, not_found
from backend.sandbox.salesforce.rest import router
from backend.sandbox.salesforce.rest.wire import ApiRequest, ApiResponse

MOST_REQUESTS = 25
MOST_QUERIES = 5
_REFERENCE = re.compile(r"@\{(\w+)((?:\.\w+|\[\d+\])+)\}")
_STEP = re.compile(r"\.(\w+)|\[(\d+)\]")
_NAME = re.compile(r"[A-Za-z0-9_]+")
_URL = re.compile(r"/services/data/v(\d+\.\d)/(.*)", re.DOTALL)
_FORBIDDEN_HEADERS = frozenset({"accept", "authorization", "content-type"})
_HALTED = SalesforceError(
    "PROCESSING_HALTED", "The transaction was rolled back since another operation in the same transaction failed."
)
_COLLECTION = "composite/sobjects"


def composite(request: ApiRequest) -> ApiResponse:
    """POST /composite: 200 whatever became of the parts."""
    parts = _checked(request)
    collate = request.object_body().get("collateSubrequests", True)
    all_or_none = bool(request.object_body().get("allOrNone"))
    answers: dict[str, ApiResponse] = {}
    mark = request.standin.org.database.mark()
    for part in _collated(parts) if collate else parts:
        answers[part["referenceId"]] = _run(request, part, answers)
        if all_or_none and answers[part["referenceId"]].failed:
            request.standin.org.database.rollback(mark)
            answers = _rolled_back(parts, answers, failed=part["referenceId"])
            break
    body = [_shown(part["referenceId"], answers[part["referenceId"]]) for part in parts]
    for part in parts:
        name = f"{part['method']} {router.resource_name(_path(part['url'])[1])}"
        request.inner.append((name, answers[part["referenceId"]].status))
    return ApiResponse(200, {"compositeResponse": body})


def _shown(reference: str, answer: ApiResponse) -> dict[str, Any]:
    headers = {name: value for name, value in answer.headers.items() if name in ("Location", "ETag")}
    return {
        "body": answer.body, "httpHeaders": headers, "httpStatusCode": answer.status, "referenceId": reference,
    }  # fmt: skip


def _checked(request: ApiRequest) -> list[dict[str, Any]]:
    parts = request.list_of("compositeRequest")
    if len(parts) > MOST_REQUESTS:
        raise SalesforceError("LIMIT_EXCEEDED", f"a composite request takes at most {MOST_REQUESTS} subrequests")
    seen = set()
    for part in parts:
        if not isinstance(part, dict) or not all(isinstance(part.get(key), str) for key in ("method", "url")):
            raise SalesforceError("JSON_PARSER_ERROR", "each subrequest needs method, url and referenceId")
        name = part.get("referenceId")
        if not isinstance(name, str) or not _NAME.fullmatch(name) or name in seen:
            raise SalesforceError("INVALID_INPUT", f"referenceId {name} must be unique: letters, digits, underscore")
        seen.add(name)
        if _FORBIDDEN_HEADERS & {header.lower() for header in part.get("httpHeaders") or {}}:
            raise SalesforceError("INVALID_INPUT", "Accept, Authorization and Content-Type belong to the outer request")
    if sum(_is_limited(part["url"]) for part in parts) > MOST_QUERIES:
        message = f"at most {MOST_QUERIES} subrequests may be queries or collections"
        raise SalesforceError("LIMIT_EXCEEDED", message)
    return parts


def _is_limited(url: str) -> bool:
    return re.search(r"/v\d+\.\d/(query|queryAll|composite/sobjects)\b", url, re.IGNORECASE) is not None


def _collated(parts: list[dict[str, Any]]) -> Iterable[dict[str, Any]]:
    """Parts that refer to nothing come first, alike ones together: their order is not kept (SF-065)."""
    free = [part for part in parts if not _REFERENCE.search(repr(part))]
    kinds = {f"{part['method']} {router.resource_name(_path(part['url'])[1])}": None for part in free}
    for kind in kinds:
        yield from (p for p in free if f"{p['method']} {router.resource_name(_path(p['url'])[1])}" == kind)
    yield from (part for part in parts if part not in free)


def _run(request: ApiRequest, part: dict[str, Any], answers: dict[str, ApiResponse]) -> ApiResponse:
    try:
        url = str(_resolved(part["url"], answers))
        body = _resolved(part.get("body"), answers)
    except SalesforceError as error:
        return ApiResponse(error.status, error.as_rest())
    return router.answer(_inner(request, part["method"], url, body, part.get("httpHeaders") or {}))


def _inner(request: ApiRequest, method: str, url: str, body: Any, headers: dict[str, str]) -> ApiRequest:
    version, path, query = _path(url)[0] or request.version, *_path(url)[1:]
    return replace(
        request,
        method=method.upper(),
        version=version,
        path=path,
        query=dict(parse_qsl(query, keep_blank_values=True)),
        headers={**request.headers, **{name.lower(): str(value) for name, value in headers.items()}},
        body=body,
        inner=[],
    )


def _path(url: str) -> tuple[str, str, str]:
    """Version, path and query of a subrequest's url."""
    match = _URL.fullmatch(url)
    address, _, query = (match[2] if match else url).partition("?")
    return match[1] if match else "", unquote(address).strip("/"), query


def _resolved(value: Any, answers: dict[str, ApiResponse]) -> Any:
    """Put in what references point at; names are case-sensitive (SF-066)."""
    if isinstance(value, dict):
        return {name: _resolved(item, answers) for name, item in value.items()}
    if isinstance(value, list):
        return [_resolved(item, answers) for item in value]
    if not isinstance(value, str):
        return value
    return _REFERENCE.sub(lambda match: str(_referenced(match, answers)), value)


def _referenced(match: re.Match[str], answers: dict[str, ApiResponse]) -> Any:
    answer = answers.get(match[1])
    if answer is None or answer.failed:
        raise _HALTED
    found = answer.body
    for name, place in _STEP.findall(match[2]):
        if name and isinstance(found, dict) and name in found:
            found = found[name]
        elif place and isinstance(found, list) and int(place) < len(found):
            found = found[int(place)]
        else:
            message = f"Invalid reference specified. No value for {match[1]}{match[2]} found in {match[1]}"
            raise SalesforceError("PROCESSING_HALTED", message)
    return found


def _rolled_back(parts: list[dict[str, Any]], answers: dict[str, ApiResponse], failed: str) -> dict[str, ApiResponse]:
    """The failed part keeps its error, an inner collection its claim of success (SF-064), all others are halted."""
    halted = ApiResponse(400, _HALTED.as_rest())
    kept = {}
    for part in parts:
        name = part["referenceId"]
        is_collection = _path(part["url"])[1].lower().startswith(_COLLECTION)
        keeps = name == failed or (name in answers and is_collection)
        kept[name] = answers[name] if keeps else halted
    return kept


def batch(request: ApiRequest) -> ApiResponse:
    """POST /composite/batch: one after the other; what is done stays done (SF-068)."""
    parts = request.list_of("batchRequests")
    if len(parts) > MOST_REQUESTS:
        raise SalesforceError("LIMIT_EXCEEDED", f"a batch takes at most {MOST_REQUESTS} subrequests")
    halt = bool(request.object_body().get("haltOnError"))
    results: list[dict[str, Any]] = []
    failed = False
    for part in parts:
        if failed and halt:
            skipped = SalesforceError("BATCH_PROCESSING_HALTED", "Batch processing halted per request")
            results.append({"statusCode": 412, "result": skipped.as_rest()})
            continue
        answer = _run_in_batch(request, part)
        failed = failed or answer.failed
        results.append({"statusCode": answer.status, "result": answer.body})
    request.standin.org.usage.add(request.standin.world.clock.now(), max(0, len(parts) - 1))
    return ApiResponse(200, {"hasErrors": failed, "results": results})


def _run_in_batch(request: ApiRequest, part: Any) -> ApiResponse:
    if not isinstance(part, dict) or not all(isinstance(part.get(key), str) for key in ("method", "url")):
        raise SalesforceError("JSON_PARSER_ERROR", "each subrequest needs method and url")
    url = part["url"] if part["url"].startswith("/") else f"/services/data/{part['url']}"
    if not _URL.fullmatch(url):
        error = not_found()
        return ApiResponse(error.status, error.as_rest())
    answer = router.answer(_inner(request, part["method"], url, part.get("richInput"), {}))
    request.inner.append((f"{part['method'].upper()} {router.resource_name(_path(url)[1])}", answer.status))
    return answer
