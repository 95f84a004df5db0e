"""Failures of a service, mapped once at the edge and handled by policy (retry, replan, hold, disconnect).

Every message is one sentence for people: what happened, where, what to do.
"""

from __future__ import annotations


class ServiceError(Exception):
    """Something went wrong between us and a service. `code` is the service's own, for support."""

    def __init__(self, message: str, *, code: str = "", service: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.service = service

    @property
    def told(self) -> tuple[str, str]:
        """What happened and what to do, a sentence each; the second is empty where nobody has to do anything."""
        return self.message, ""


class Transient(ServiceError):
    """Worth trying again by itself: busy, unreachable, half-answered. `retry_after` in seconds, if the service said."""

    def __init__(self, message: str, *, code: str = "", service: str = "", retry_after: float | None = None) -> None:
        super().__init__(message, code=code, service=service)
        self.retry_after = retry_after


class Unclear(Transient):
    """A write whose answer never came: it may or may not have happened. Look by key before repeating it (C4)."""


class Malformed(Transient):
    """An answer that cannot be read; nothing is concluded from it."""


class AccessLost(ServiceError):
    """A person has to act: consent, credentials, permission, licence.

    `subject` 'user' parks one, 'org' everybody, 'kind' the contacts or the events of one: the other kind goes on.

    `remedy` is the part of the message that says what to do, with which it ends.
    """

    def __init__(
        self, message: str, *, code: str = "", service: str = "", subject: str = "user", remedy: str = ""
    ) -> None:
        super().__init__(message, code=code, service=service)
        self.subject = subject
        self._remedy = remedy

    @property
    def told(self) -> tuple[str, str]:
        """See ServiceError."""
        happened = self.message.removesuffix(self._remedy).rstrip(" :")
        return happened if happened.endswith(".") else f"{happened}.", self._remedy[:1].upper() + self._remedy[1:]


class CursorExpired(ServiceError):
    """The resume point is no longer served: list everything again, forget nothing else (MS-033, SF-086)."""


class ContainerGone(ServiceError):
    """The contact folder was deleted or replaced: its items are outside, not gone (H-2, MS-035)."""


class BudgetSpent(ServiceError):
    """The organisation's API allowance is used up, or our own limit of it (SF-013, LS-190)."""
