"""A Graph request and its answer as plain values, so that `$batch` and HTTP take the same way."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, quote

from backend.sandbox.microsoft import errors, zones
from backend.sandbox.microsoft.event_view import Style

_PREFERENCE = re.compile(r'\s*([^=,;\s]+)\s*(?:=\s*("[^"]*"|[^",;\s]*))?\s*(?:,|;|$)')
_SAFE_IN_PATH = "/()$'"
_SAFE_IN_QUERY = "':,()/$"


@dataclass(frozen=True)
class Grant:
    """Whom a valid access token speaks for: the application, and the roles it was given in Entra."""

    app_id: str
    roles: frozenset[str]


@dataclass(frozen=True)
class Preferences:
    """The `Prefer` header, as far as it is honoured; `applied` is what `Preference-Applied` says (MS-018)."""

    style: Style = field(default_factory=Style)
    page_size: int | None = None
    applied: tuple[str, ...] = ()


def preferences(header: str) -> Preferences:
    """Read a `Prefer` header. Raises GraphError 400 for an unknown time zone (MS-056)."""
    found = {match[1].lower(): (match[2] or "").strip('"') for match in _PREFERENCE.finditer(header)}
    applied = []
    zone = found.get("outlook.timezone")
    if zone:
        zones.resolve(zone)
        applied.append(f'outlook.timezone="{zone}"')
    text_body = found.get("outlook.body-content-type", "").lower() == "text"
    if text_body:
        applied.append('outlook.body-content-type="text"')
    immutable = found.get("idtype", "").lower() == "immutableid"
    if immutable:
        applied.append('IdType="ImmutableId"')
    size = found.get("odata.maxpagesize", "")
    page_size = int(size) if size.isdigit() and int(size) > 0 else None
    if page_size:
        applied.append(f"odata.maxpagesize={page_size}")
    return Preferences(Style(zone or "UTC", text_body, immutable), page_size, tuple(applied))


@dataclass
class Call:
    """A request to Graph: path below the version, options by lower-case name, headers by lower-case name.

    `root` is the absolute address of the version ("https://host/v1.0"); `body` is the parsed JSON, None if
    there is none; `path_values` are filled in by the router.
    """

    method: str
    path: str
    root: str
    grant: Grant
    options: dict[str, str] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    body: Any = None
    path_values: Mapping[str, str] = field(default_factory=dict)
    prefer: Preferences = field(default_factory=Preferences)

    def link(self, options: Mapping[str, str], path: str | None = None) -> str:
        """An absolute address on the host that was called, with these options (MS-012)."""
        query = "&".join(f"{name}={quote(value, safe=_SAFE_IN_QUERY)}" for name, value in options.items())
        address = self.root + quote(path or self.path, safe=_SAFE_IN_PATH)
        return f"{address}?{query}" if query else address

    @property
    def style(self) -> Style:
        """How the caller wants events and ids."""
        return self.prefer.style

    def context(self, what: str) -> str:
        """The value of `@odata.context`."""
        return f"{self.root}/$metadata#{what}"


def read_options(query: str) -> dict[str, str]:
    """Query options by lower-case name, in order; `+` is not a blank here, as in Graph."""
    return {name.lower(): value for name, value in parse_qsl(query.replace("+", "%2B"), keep_blank_values=True)}


@dataclass
class Answer:
    """Status, JSON body (None for none) and headers of an answer."""

    status: int = 200
    body: dict[str, Any] | None = None
    headers: dict[str, str] = field(default_factory=dict)


def no_content() -> Answer:
    """204."""
    return Answer(204)


def accepted() -> Answer:
    """202."""
    return Answer(202)


def check_etag(call: Call, etag: str) -> None:
    """Refuse a write whose If-Match names another version (MS-046). Raises GraphError 412."""
    wanted = call.headers.get("if-match")
    if wanted and wanted != "*" and etag not in (each.strip() for each in wanted.split(",")):
        raise errors.conflict(412)
