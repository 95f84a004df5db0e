"""What the set-up pages need of the rest of the program, as callables."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol


class Attempt(Protocol):
    """How a prepared connection fared."""

    @property
    def problem(self) -> str:
        """Why it is not in use, with the remedy; empty if it is, or waits for a confirmation."""

    @property
    def field(self) -> str:
        """The setting that the problem is about; empty if it is about none."""

    @property
    def other(self) -> str:
        """The organisation or tenant that answered and is not confirmed; empty if there is none."""

    @property
    def connected(self) -> bool:
        """Whether it is in use now."""


class Trouble(Exception):
    """A service could not be asked. Its text is one sentence for people, with the remedy."""


@dataclass(frozen=True, slots=True)
class ConnectionServices:
    """Connections, their drafts and the test of mailboxes. Those that ask a service raise Trouble.

    make_key(service): a new key pair for the draft · prepare(service, settings, secret or None) · discard(service) ·
    attempt(service, switch): sign in with the draft, and use it if that succeeds · check(service): look at everything
    again · consent_address(redirect, state), expected_tenant(): admin consent; ValueError before tenant and app are
    known · package(): the Salesforce metadata · begin_test(who, Salesforce ids; none: everybody): False while another
    one runs · stop_test() · public_url: where people reach these pages.
    """

    make_key: Callable[[str], None]
    prepare: Callable[[str, Mapping[str, Any], Mapping[str, Any] | None], None]
    discard: Callable[[str], None]
    attempt: Callable[[str, bool], Attempt]
    check: Callable[[str], None]
    consent_address: Callable[[str, str], str]
    expected_tenant: Callable[[], str]
    package: Callable[[], bytes]
    begin_test: Callable[[str, Sequence[str]], bool]
    stop_test: Callable[[], None]
    public_url: str
