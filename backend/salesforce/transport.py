"""The HTTP session to Salesforce: time limits, own CA, sign-in, default headers, allowance and call counting.

It is handed to simple-salesforce, whose own sessions have no time limit and lose headers when they sign in again.
"""

from __future__ import annotations

import re
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final, Protocol

import requests
from requests.auth import AuthBase

from backend.ports.metering import Meter
from backend.salesforce.budget import Budget

TIME_LIMITS: Final = (10.0, 130.0)
"""Seconds to connect and to wait for an answer; a query may run for two minutes."""
DEFAULT_HEADERS: Final = {
    "Sforce-Call-Options": "client=lockstep",
    "Sforce-Mru": "updateMru=false",
    "Sforce-Auto-Assign": "FALSE",
    "Sforce-Duplicate-Rule-Header": "allowSave=false; includeRecordDetails=true",
    "Sforce-Query-Options": "batchSize=2000",
    "Accept": "application/json",
}
_VERSIONED: Final = re.compile(r"/services/data/v\d+\.\d+/")
_RECORD_ID: Final = re.compile(r"/(?=\w*\d)\w{15,}(-\d+)?(?=/|$)")


class SignIn(Protocol):
    """The access token of one user."""

    def token(self) -> str:
        """A token, asked for if there is none. Raises AccessLost, Transient."""
        ...

    def forget(self, token: str) -> None:
        """Drops the token if it is still the one that was refused."""
        ...


def _as_it_is(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """Without this, requests adds what a ~/.netrc says for the host, and looks for that file each time."""
    return request


class _Bearer(AuthBase):
    """Puts the present token on a request, whatever header the caller built."""

    def __init__(self, sign_in: SignIn) -> None:
        self._sign_in = sign_in

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._sign_in.token()}"
        return request


class TimedSession(requests.Session):
    """A session that always has time limits, and whose own CA wins over `REQUESTS_CA_BUNDLE`."""

    def __init__(self, ca: str | None = None, time_limits: tuple[float, float] = TIME_LIMITS) -> None:
        super().__init__()
        self.auth = _as_it_is
        self._own_ca = ca
        self._time_limits = time_limits

    def request(self, method: str | bytes, url: str | bytes, *args: Any, **options: Any) -> requests.Response:
        """See requests.Session.request."""
        options["timeout"] = options.get("timeout") or self._time_limits
        if options.get("verify") is None and self._own_ca:
            options["verify"] = self._own_ca
        return super().request(method, url, *args, **options)


class SalesforceSession(TimedSession):
    """Calls of one user. A refused token is renewed once and the request repeated with all its headers (SF-001)."""

    def __init__(
        self,
        sign_in: SignIn,
        budget: Budget,
        meter: Meter,
        *,
        urgent: bool = False,
        ca: str | None = None,
        time_limits: tuple[float, float] = TIME_LIMITS,
    ) -> None:
        super().__init__(ca, time_limits)
        self._sign_in = sign_in
        self._budget = budget
        self._meter = meter
        self._urgent = urgent
        self._inner = 1
        self.answer_headers: requests.structures.CaseInsensitiveDict[str] = requests.structures.CaseInsensitiveDict()
        self.headers.update(DEFAULT_HEADERS)
        self.auth = _Bearer(sign_in)
        self.hooks["response"] = [self._note]

    def request(self, method: str | bytes, url: str | bytes, *args: Any, **options: Any) -> requests.Response:
        """See requests.Session.request. Raises BudgetSpent before sending, AccessLost when signing in fails."""
        self._budget.check(urgent=self._urgent)
        self._inner = len((options.get("json") or {}).get("compositeRequest", ())) or 1
        response = super().request(method, url, *args, **options)
        if response.status_code != 401 or not _curable(response):
            return response
        self._sign_in.forget(_token_of(response.request))
        return super().request(method, url, *args, **options)

    def send(self, request: requests.PreparedRequest, **options: Any) -> requests.Response:
        """See requests.Session.send; counts every request that leaves, answered or not."""
        operation = operation_of(str(request.method), str(request.url))
        try:
            response = super().send(request, **options)
        except requests.RequestException:
            self._meter.count("salesforce", operation, 0, self._inner)
            raise
        self._meter.count("salesforce", operation, response.status_code, self._inner)
        return response

    def _note(self, response: requests.Response, *_args: Any, **_options: Any) -> None:
        self.answer_headers = response.headers
        self._budget.read(response.headers.get("Sforce-Limit-Info"))

    @property
    def retry_after(self) -> float | None:
        """Seconds that the last answer asked us to wait, if it did."""
        value = self.answer_headers.get("Retry-After", "")
        return float(value) if value.isdigit() else None


def _curable(response: requests.Response) -> bool:
    """Whether a new token may help; a session barred from the REST API stays barred (SF-018)."""
    return "not valid for use with the REST API" not in response.text


def _token_of(request: requests.PreparedRequest) -> str:
    return str(request.headers.get("Authorization", "")).removeprefix("Bearer ")


def server_time(headers: requests.structures.CaseInsensitiveDict[str]) -> datetime | None:
    """The server's clock as an aware datetime, from the `Date` header (SF-091); None without one."""
    text = headers.get("Date")
    try:
        return parsedate_to_datetime(text) if text else None
    except ValueError:
        return None


def operation_of(method: str, url: str) -> str:
    """A request's name for counting: method and path without host, version, ids and parameters."""
    path = url.partition("://")[2].partition("/")[2].partition("?")[0]
    return f"{method} {_RECORD_ID.sub('', _VERSIONED.sub('', '/' + path)).strip('/')}"
