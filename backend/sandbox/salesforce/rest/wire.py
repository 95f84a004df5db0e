"""A request and an answer, whether it came over HTTP or inside a composite."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

from backend.sandbox.salesforce.access import Caller
from backend.sandbox.salesforce.behaviour import Options
from backend.sandbox.salesforce.errors import SalesforceError

if TYPE_CHECKING:
    from datetime import datetime

    from backend.sandbox.salesforce.standin import StandIn


@dataclass
class ApiRequest:
    """`path` is what follows the version, without slashes at its ends; header names are lower-case.

    `inner` collects (operation, status) of requests that a batch carried.
    """

    standin: StandIn
    caller: Caller
    method: str
    version: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: Any = None
    inner: list[tuple[str, int]] = field(default_factory=list)

    def url(self, path: str) -> str:
        """The absolute path of another resource of this version."""
        return f"/services/data/v{self.version}/{path}"

    def object_body(self) -> dict[str, Any]:
        """The body, which must be a JSON object. Raises SalesforceError."""
        if not isinstance(self.body, dict):
            raise SalesforceError("JSON_PARSER_ERROR", "The HTTP entity body is required, and must be a JSON object")
        return self.body

    def list_of(self, name: str) -> list[Any]:
        """A list in the body. Raises SalesforceError."""
        value = self.object_body().get(name)
        if not isinstance(value, list):
            raise SalesforceError("JSON_PARSER_ERROR", f"{name} must be a list")
        return value

    def options(self) -> Options:
        """What the headers say about saving."""
        duplicate = _pairs(self.headers.get("sforce-duplicate-rule-header", ""))
        return Options(
            allow_save=duplicate.get("allowsave") == "true",
            include_details=duplicate.get("includerecorddetails") == "true",
            run_as_caller=duplicate.get("runascurrentuser") == "true",
            auto_assign=self.headers.get("sforce-auto-assign", "TRUE").upper() != "FALSE",
        )

    def moment(self, header: str) -> datetime | None:
        """The time in a conditional header, None when absent. Raises ValueError when it is none."""
        text = self.headers.get(header)
        return parsedate_to_datetime(text) if text else None


@dataclass
class ApiResponse:
    """An answer. `body` is JSON data, or bytes to be sent as they are, or None."""

    status: int = 200
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def failed(self) -> bool:
        """Whether the status tells of an error."""
        return self.status >= 400


def _pairs(text: str) -> dict[str, str]:
    pairs = (part.partition("=") for part in text.split(";"))
    return {name.strip().lower(): value.strip().lower() for name, _, value in pairs}


def true(text: object) -> bool:
    """A flag in a query string or body."""
    return str(text).lower() == "true"
