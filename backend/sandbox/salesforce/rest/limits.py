"""Versions, resources and limits (SF-002, SF-011, SF-015)."""

from __future__ import annotations

from typing import Any

from backend.sandbox.salesforce.errors import SalesforceError
from backend.sandbox.salesforce.rest.wire import ApiRequest, ApiResponse

OLDEST, NEWEST = 31, 68
_SEASONS = ("Spring", "Summer", "Winter")
_RESOURCES = ("composite", "limits", "parameterizedSearch", "query", "queryAll", "sobjects")


def versions() -> list[dict[str, str]]:
    """The versions that are served, oldest first. v60 was Spring '24; three make a year."""
    return [
        {"label": _label(number), "url": f"/services/data/v{number}.0", "version": f"{number}.0"}
        for number in range(OLDEST, NEWEST + 1)
    ]


def _label(number: int) -> str:
    years, season = divmod(number - 60, 3)
    return f"{_SEASONS[season]} '{24 + years + (season == 2)}"


def resources(request: ApiRequest) -> ApiResponse:
    """GET of the version root."""
    return ApiResponse(200, {name: request.url(name) for name in _RESOURCES})


def limits(request: ApiRequest) -> ApiResponse:
    """GET /limits: for those who may look into the setup."""
    if "ViewSetup" not in request.caller.permissions:
        message = "The user doesn't have the permission View Setup and Configuration"
        raise SalesforceError("INSUFFICIENT_ACCESS", message, status=403)
    org = request.standin.org
    most, used = org.settings.api_calls_a_day, org.usage.used(org.world.clock.now())
    figures: dict[str, Any] = {"DailyApiRequests": {"Max": most, "Remaining": max(0, most - used)}}
    return ApiResponse(200, figures)
