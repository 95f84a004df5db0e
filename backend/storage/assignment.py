"""Which configuration applies to whom, and why (LS-026 to LS-035). Pure: rows in, answers out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Protocol

from backend.domain.configuration import Configuration


class Somebody(Protocol):
    """What is asked of a person's row."""

    @property
    def id(self) -> int:
        """Primary key."""

    @property
    def username(self) -> str:
        """Salesforce user name."""

    @property
    def address(self) -> str:
        """Mail address, lower case."""

    @property
    def profile(self) -> str:
        """Name of the Salesforce profile."""

    @property
    def active(self) -> bool:
        """Whether the Salesforce user is active."""


@dataclass(frozen=True, slots=True)
class Assignments:
    """Configurations by id; which one a user name or a profile (both case-folded) was assigned to."""

    configurations: Mapping[int, Configuration]
    by_username: Mapping[str, int]
    by_profile: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Applied:
    """The configuration that applies to a person, whether he syncs by it, and why or why not, in one sentence."""

    configuration_id: int | None
    syncs: bool
    because: str


def resolve(people: Iterable[Somebody], assignments: Assignments) -> dict[int, Applied]:
    """The answer for each person. People who would sync one mailbox together do not sync at all (LS-022)."""
    everybody = list(people)
    answers = {somebody.id: _alone(somebody, assignments) for somebody in everybody}
    syncing = [somebody for somebody in everybody if answers[somebody.id].syncs]
    shared = {address for address, number in Counter(one.address for one in syncing).items() if number > 1}
    for somebody in syncing:
        if somebody.address in shared:
            others = [one.username for one in syncing if one.address == somebody.address and one.id != somebody.id]
            answers[somebody.id] = replace(answers[somebody.id], syncs=False, because=_shared(somebody, others))
    return answers


def _alone(somebody: Somebody, assignments: Assignments) -> Applied:
    chosen, how = _chosen(somebody, assignments)
    if chosen is None:
        return Applied(
            None, False, f"Assigned to no configuration, neither by user name nor by the profile “{somebody.profile}”."
        )
    settings = assignments.configurations[chosen]
    if not somebody.active:
        return Applied(chosen, False, "The Salesforce user is deactivated: activate it, or remove the assignment.")
    if not settings.active:
        return Applied(chosen, False, f"The configuration “{settings.name}”, assigned {how}, is not active.")
    if not somebody.address:
        return Applied(chosen, False, "The Salesforce user has no e-mail address: enter the mailbox's there.")
    return Applied(chosen, True, f"“{settings.name}”, assigned {how}.")


def _chosen(somebody: Somebody, assignments: Assignments) -> tuple[int | None, str]:
    """His own assignment goes before his profile's, also where it is to an inactive configuration (LS-028, LS-030)."""
    own = assignments.by_username.get(somebody.username.casefold())
    if own is not None:
        return own, "to the user"
    return assignments.by_profile.get(somebody.profile.casefold()), f"through the profile “{somebody.profile}”"


def _shared(somebody: Somebody, others: list[str]) -> str:
    names = ", ".join(sorted(others))
    return f"Another user ({names}) has the same address {somebody.address}: change one of the two in Salesforce."
