"""Counting calls: API calls are the currency, so each one is counted where it leaves."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Protocol


class Meter(Protocol):
    """Told of every request by the adapters."""

    def count(self, service: str, operation: str, status: int, requests: int = 1) -> None:
        """One HTTP request left for `service`; `requests` inside it (a batch, a composite). status 0: no answer."""
        ...


@dataclass
class CallCounter:
    """A Meter that adds up: calls and inner requests by service; token requests under `<service>-token`."""

    calls: Counter[str] = field(default_factory=Counter)
    requests: Counter[str] = field(default_factory=Counter)

    def count(self, service: str, operation: str, status: int, requests: int = 1) -> None:  # noqa: ARG002 - protocol
        """See Meter."""
        self.calls[service] += 1
        self.requests[service] += requests
