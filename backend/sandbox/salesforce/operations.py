"""How a call is named in the call table and in fault rules, and whether it can change anything."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from backend.sandbox.salesforce.rest.router import resource_name
from backend.sandbox.service import BODY

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

_DATA = re.compile(r"/services/data/v\d+\.\d(?:/(.*))?", re.DOTALL)
_READING_POSTS = re.compile(r"composite/sobjects/[^/]+|parameterizedSearch", re.IGNORECASE)


def operation(environ: WSGIEnvironment) -> str:
    """For instance "POST oauth2/token", "GET query", "PATCH sobjects/Contact/{record}", "POST composite"."""
    path = environ["PATH_INFO"]
    match = _DATA.fullmatch(path)
    if match:
        return f"{environ['REQUEST_METHOD']} {resource_name((match[1] or '').strip('/')) or 'resources'}"
    name = path.removeprefix("/services/").strip("/")
    return f"{environ['REQUEST_METHOD']} {'id' if name.startswith('id/') else name}"


def writes(environ: WSGIEnvironment) -> bool:
    """Whether a call can change rows: a composite counts as a write if one of its parts does."""
    match = _DATA.fullmatch(environ["PATH_INFO"])
    if match is None:
        return False
    path = (match[1] or "").strip("/")
    if path in ("composite", "composite/batch"):
        return any(_part_writes(part) for part in _parts(environ[BODY]))
    return _changes(environ["REQUEST_METHOD"], path)


def _changes(method: str, path: str) -> bool:
    return method != "GET" and not (method == "POST" and _READING_POSTS.fullmatch(path))


def _parts(body: bytes) -> list[Any]:
    try:
        data = json.loads(body)
    except ValueError:
        return []
    parts = data.get("compositeRequest") or data.get("batchRequests") if isinstance(data, dict) else None
    return parts if isinstance(parts, list) else []


def _part_writes(part: Any) -> bool:
    if not isinstance(part, dict):
        return False
    path = str(part.get("url", "")).partition("?")[0].strip("/")
    path = re.sub(r"^(?:services/data/)?v\d+\.\d/", "", path)
    return _changes(str(part.get("method", "")).upper(), path)
