"""JSON batches: up to 20 requests in one call, each with its own outcome (MS-094 to MS-096)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from backend.microsoft.errors import Json, Refusal, Treatment, as_error, refusal, unclear
from backend.microsoft.throttle import LONGEST_WAIT, Gate
from backend.microsoft.transport import PREFER, Transport
from backend.ports.errors import Malformed

SIZE: Final = 20
ROUNDS: Final = 3
"""How often inner requests that were throttled are sent in all."""
_PAUSE: Final = 2.0
"""Seconds to wait where the service names none."""


@dataclass(frozen=True, slots=True)
class Inner:
    """A request inside a batch; `path` is relative to /v1.0. `match`: the version it may change, for If-Match."""

    method: str
    path: str
    body: Json = None
    match: str | None = None
    prefer: str = PREFER

    def as_json(self, number: int) -> dict[str, Any]:
        """The request as it stands in the batch."""
        headers = {"Prefer": self.prefer}
        if self.match is not None:
            headers["If-Match"] = self.match
        request: dict[str, Any] = {"id": str(number), "method": self.method, "url": self.path, "headers": headers}
        if self.body is not None:
            headers["Content-Type"] = "application/json"
            request["body"] = self.body
        return request


@dataclass(frozen=True, slots=True)
class Outcome:
    """Answer to one inner request. Status 0: the batch came back without it."""

    status: int
    body: Json = None
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        """Whether it succeeded."""
        return 200 <= self.status < 300

    @property
    def missing(self) -> bool:
        """Whether what was asked for is not there (but the mailbox is)."""
        return not self.ok and self.refusal.row.treatment in (Treatment.GONE, Treatment.CONTAINER)

    @property
    def refusal(self) -> Refusal:
        """Why it did not."""
        return refusal(self.status, self.headers, self.body)


class Batches:
    """Sends inner requests of one mailbox."""

    def __init__(self, transport: Transport, gate: Gate) -> None:
        self._transport = transport
        self._gate = gate

    def read(self, requests: Sequence[Inner], operation: str) -> list[Outcome]:
        """Outcomes in the order of the requests, any number of them; busy and failed ones are asked again.

        Raises AccessLost if the mailbox refuses every one.
        """
        outcomes = self.of_several(requests, operation)
        _raise_if_locked_out(outcomes)
        return outcomes

    def of_several(self, requests: Sequence[Inner], operation: str) -> list[Outcome]:
        """As `read`, for requests to several mailboxes: that all are refused says nothing about one of them."""
        outcomes: list[Outcome] = []
        for start in range(0, len(requests), SIZE):
            outcomes += self._rounds(requests[start : start + SIZE], operation, writes=False)
        return outcomes

    def write(self, requests: Sequence[Inner], operation: str) -> list[Outcome]:
        """Outcomes in the order of at most 20 requests; only what was throttled is sent again.

        Raises Unclear if the answer was lost, AccessLost if the mailbox refuses every one.
        """
        if len(requests) > SIZE:
            raise ValueError(f"a batch carries {SIZE} writes, not {len(requests)}")
        outcomes = self._rounds(requests, operation, writes=True) if requests else []
        _raise_if_locked_out(outcomes)
        return outcomes

    def _rounds(self, requests: Sequence[Inner], operation: str, *, writes: bool) -> list[Outcome]:
        outcomes = self._once(requests, operation, writes=writes)
        for _ in range(ROUNDS - 1):
            again = [number for number, outcome in enumerate(outcomes) if _worth_repeating(outcome, writes=writes)]
            pause = max((outcomes[number].refusal.retry_after or _PAUSE for number in again), default=0.0)
            if not again or pause > LONGEST_WAIT:
                break
            self._transport.sleep(pause)
            repeated = self._once([requests[number] for number in again], operation, writes=writes)
            for number, outcome in zip(again, repeated, strict=True):
                outcomes[number] = outcome
        return outcomes

    def _once(self, requests: Sequence[Inner], operation: str, *, writes: bool) -> list[Outcome]:
        body = {"requests": [request.as_json(number) for number, request in enumerate(requests)]}
        answer = self._transport.post("/$batch", body, operation, self._gate, inner=len(requests), writes=writes)
        responses = answer.get("responses") if isinstance(answer, dict) else None
        if not isinstance(responses, list):
            if writes:
                raise unclear("batch without responses")
            raise Malformed("A batch of Microsoft Graph came back without answers.", service="microsoft")
        by_id = {str(response.get("id")): response for response in responses if isinstance(response, dict)}
        return [_outcome(by_id.get(str(number))) for number in range(len(requests))]


def _outcome(response: Mapping[str, Any] | None) -> Outcome:
    if response is None:
        return Outcome(0)
    return Outcome(int(response.get("status") or 0), response.get("body"), response.get("headers") or {})


def _access_lost(outcome: Outcome) -> bool:
    return not outcome.ok and outcome.refusal.row.treatment in (Treatment.PARK_USER, Treatment.STOP_ALL)


def _raise_if_locked_out(outcomes: Sequence[Outcome]) -> None:
    """One refused item says nothing about the mailbox (INV-13); all of them do."""
    if outcomes and all(_access_lost(outcome) for outcome in outcomes):
        raise as_error(outcomes[0].refusal)


def _worth_repeating(outcome: Outcome, *, writes: bool) -> bool:
    if outcome.ok:
        return False
    found = outcome.refusal
    return found.throttled or (not writes and (found.status >= 500 or found.status == 0))
