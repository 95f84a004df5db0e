"""Answers of services that every process of an installation may use: access tokens, field layouts.

Each job runs in a process of its own, so without this every pass would sign in anew.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final, Protocol


@dataclass(frozen=True, slots=True)
class Entry:
    """An answer, in its adapter's own words. `lasts`: how long from now; None until the service refuses it."""

    text: str = field(repr=False)
    lasts: timedelta | None = None


class ServiceCache(Protocol):
    """Answers of one service for one connection, by subject: a user, an application, an object."""

    def get(self, subject: str, ask: Callable[[], Entry]) -> Entry:
        """The stored answer, else what `ask` brings, which is stored. Raises what `ask` raises.

        While several ask at once, the first answer that is stored is everybody's (C10). A service that asked one
        process to wait is left alone by all until then: Transient is raised without asking (MS-005).
        """
        ...

    def forget(self, subject: str, text: str | None = None) -> None:
        """Forgets the answer for everybody. `text`: only if it is still this one; another's newer one stays (C10)."""
        ...


class Unshared:
    """A ServiceCache that keeps nothing: what an adapter remembers by itself is all there is."""

    def get(self, subject: str, ask: Callable[[], Entry]) -> Entry:  # noqa: ARG002 - the protocol's signature
        """See ServiceCache."""
        return ask()

    def forget(self, subject: str, text: str | None = None) -> None:
        """See ServiceCache."""


UNSHARED: Final = Unshared()
