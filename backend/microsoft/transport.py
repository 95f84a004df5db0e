"""HTTP to Graph: own time limits and CA, tokens, retries of reads, lost answers of writes, counting.

Every request carries a `client-request-id` (MS-013), immutable ids (MS-041) and text bodies; links of answers are
followed only on the configured host, so that no token leaves for another one (MS-012).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Protocol
from urllib.parse import urlsplit
from uuid import uuid4

import requests
from requests.exceptions import ConnectionError as ConnectionFailed
from requests.exceptions import ConnectTimeout, RequestException, SSLError
from tenacity import RetryCallState, Retrying, retry_if_exception, stop_after_attempt, wait_random_exponential
from urllib3.exceptions import MaxRetryError, NewConnectionError

from backend.microsoft.errors import SERVICE, Json, NotSent, ServerTrouble, as_error, refusal, unclear
from backend.microsoft.throttle import LONGEST_WAIT, Gate
from backend.ports.errors import Malformed, Transient, Unclear
from backend.ports.metering import Meter

TIME_LIMITS: Final = (10.0, 100.0)
"""Seconds to connect and to wait for an answer; Graph's own gateway gives up earlier than the second."""
ATTEMPTS: Final = 4
_TIMED_OUT: Final = 408
IMMUTABLE: Final = 'IdType="ImmutableId"'
TEXT_BODIES: Final = 'outlook.body-content-type="text"'
PREFER: Final = f"{IMMUTABLE}, {TEXT_BODIES}"


class ServiceSession(requests.Session):
    """A session with time limits whose CA wins over REQUESTS_CA_BUNDLE and CURL_CA_BUNDLE of the environment."""

    def __init__(self, ca_file: str | None = None, limits: tuple[float, float] = TIME_LIMITS) -> None:
        super().__init__()
        self.limits = limits
        self.auth = _as_it_is
        if ca_file is not None:
            self.verify = ca_file

    def request(self, method: str | bytes, url: str | bytes, *args: Any, **kwargs: Any) -> requests.Response:
        """As the base class, with our defaults for `timeout` and `verify` (a CA file, if one is set)."""
        kwargs["timeout"] = kwargs.get("timeout") or self.limits
        if kwargs.get("verify") is None and isinstance(self.verify, str):
            kwargs["verify"] = self.verify
        return super().request(method, url, *args, **kwargs)


def _as_it_is(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """Without this, requests puts what a ~/.netrc says in the token's place, and looks for that file each time."""
    return request


class Tokens(Protocol):
    """Where access tokens come from."""

    def token(self, *, fresh: bool = False) -> str:
        """A valid token; `fresh` forgets the remembered one first. Raises AccessLost, Transient."""
        ...


@dataclass(frozen=True, slots=True)
class Call:
    """One request. `inner`: requests inside it · `writes`: whether a lost answer leaves the outcome open."""

    method: str
    url: str
    operation: str
    body: Json = None
    prefer: str = PREFER
    inner: int = 1
    writes: bool = False


class Transport:
    """Sends calls to one Graph host with one application's tokens; shared by all mailboxes of a connection."""

    def __init__(
        self,
        graph_url: str,
        tokens: Tokens,
        session: requests.Session,
        meter: Meter,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.base = f"{graph_url.rstrip('/')}/v1.0"
        self._host = urlsplit(self.base)[:2]
        self._tokens = tokens
        self._session = session
        self._meter = meter
        self.sleep = sleep

    def get(self, where: str, operation: str, gate: Gate, *, prefer: str = PREFER, attempts: int = ATTEMPTS) -> Json:
        """The JSON behind a path below /v1.0 or behind a link that Graph gave us; repeated if it is worth it."""
        return self.send(Call("GET", self._address(where), operation, prefer=prefer), gate, attempts)

    def post(self, path: str, body: Json, operation: str, gate: Gate, *, inner: int = 1, writes: bool = True) -> Json:
        """Posts JSON. A write is repeated only where the service cannot have acted on it. Raises Unclear."""
        call = Call("POST", self._address(path), operation, body, inner=inner, writes=writes)
        return self.send(call, gate, ATTEMPTS)

    def send(self, call: Call, gate: Gate, attempts: int) -> Json:
        """Sends a call up to `attempts` times, waiting as the service asks in between."""
        retrying = Retrying(
            stop=stop_after_attempt(attempts),
            retry=retry_if_exception(_worth_repeating),
            wait=_pause,
            sleep=self.sleep,
            reraise=True,
        )
        return retrying(self._attempt, call, gate)

    def is_ours(self, link: str) -> bool:
        """Whether a link leads to the configured host."""
        return urlsplit(link)[:2] == self._host

    def _address(self, where: str) -> str:
        if where.startswith("/"):
            return self.base + where
        if not self.is_ours(where):
            raise Malformed(
                f"An answer of Microsoft Graph points to another host than {self._host[1]}; the link is not followed.",
                service=SERVICE,
            )
        return where

    def _attempt(self, call: Call, gate: Gate) -> Json:
        with gate.passing(call.inner):
            response = self._exchange(call, self._tokens.token())
            if response.status_code == 401:
                response = self._exchange(call, self._tokens.token(fresh=True))
        return _content(call, response)

    def _exchange(self, call: Call, token: str) -> requests.Response:
        headers = {
            "Authorization": f"Bearer {token}",
            "Accept": "application/json",
            "Prefer": call.prefer,
            "client-request-id": str(uuid4()),
        }
        status = 0
        try:
            response = self._session.request(call.method, call.url, headers=headers, json=call.body)
            status = response.status_code
        except RequestException as error:
            raise _unanswered(call, error) from error
        finally:
            self._meter.count(SERVICE, call.operation, status, call.inner)
        return response


def _unanswered(call: Call, error: RequestException) -> Transient:
    if isinstance(error, SSLError):
        return NotSent(
            "The certificate of Microsoft Graph is not trusted: check the address and the file of further "
            "certificate authorities.",
            code="certificate",
            service=SERVICE,
        )
    if _never_left(error):
        return NotSent(
            "Microsoft Graph cannot be reached: check the network and the Graph address.",
            code="unreachable",
            service=SERVICE,
        )
    if call.writes:
        return unclear(type(error).__name__)
    return ServerTrouble("Microsoft Graph did not answer in time.", code="no_answer", service=SERVICE)


def _never_left(error: RequestException) -> bool:
    if isinstance(error, ConnectTimeout):
        return True
    reason = error.args[0] if isinstance(error, ConnectionFailed) and error.args else None
    return isinstance(reason, MaxRetryError) and isinstance(reason.reason, NewConnectionError)


def _content(call: Call, response: requests.Response) -> Json:
    if not response.ok:
        found = refusal(response.status_code, response.headers, _json_or_none(response))
        if call.writes and (found.status >= 500 or found.status == _TIMED_OUT) and not found.throttled:
            raise unclear(f"HTTP {found.status}")
        raise as_error(found)
    if response.status_code == 204:
        return None
    try:
        return response.json()
    except ValueError as error:
        if call.writes:
            raise unclear("answer cannot be read") from error
        raise Malformed("An answer of Microsoft Graph cannot be read.", service=SERVICE) from error


def _json_or_none(response: requests.Response) -> Json:
    try:
        return response.json()
    except ValueError:
        return None


_HOPELESS: Final = frozenset({"own_limit", "certificate"})
"""Codes of our own for what does not change within seconds."""


def _patient(error: Transient) -> bool:
    return error.retry_after is None or error.retry_after <= LONGEST_WAIT


def _worth_repeating(error: BaseException) -> bool:
    """Whether the same request may be sent again: never a write that may have happened (Unclear)."""
    if not isinstance(error, Transient) or isinstance(error, Unclear):
        return False
    return _patient(error) and error.code not in _HOPELESS


_backoff = wait_random_exponential(multiplier=0.5, max=20)


def _pause(state: RetryCallState) -> float:
    error = state.outcome.exception() if state.outcome is not None else None
    if isinstance(error, Transient) and error.retry_after is not None:
        return error.retry_after
    return _backoff(state)


def prefer_pages(size: int) -> str:
    """Prefer header for a page of a delta round (MS-038)."""
    return f"{PREFER}, odata.maxpagesize={size}"
