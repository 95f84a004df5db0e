"""Connecting a service, for pages and commands alike: make a key, try what was typed, replace what works only then.

Nothing here deletes anything on either side. Where another organisation or another tenant answers, somebody is asked
first, with the numbers (LS-015, LS-016; docs/sync.md G-3, G-4).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from backend.connection_settings import microsoft_settings, salesforce_settings
from backend.microsoft.checks import Reach
from backend.microsoft.directory import MicrosoftConnection
from backend.ports.errors import AccessLost, ServiceError
from backend.ports.readiness import Check
from backend.readiness import problem_in
from backend.salesforce.connection import SalesforceConnection
from backend.storage.credentials import LIFE, make
from backend.storage.new_organisation import Stake, move
from backend.storage.reset import reset_everybody
from backend.trust import Trusted, trust_file
from backend.wiring import MICROSOFT, SALESFORCE, Lockstep

CERTIFICATE_NAME: Final = "Lockstep"


@dataclass(frozen=True, slots=True)
class Tried:
    """How a connection fared. problem: why it is not in use · field: the setting that it is about, if it is one.

    other: the organisation or tenant that answered instead of `known`, and that nobody has confirmed yet.
    """

    problem: str = ""
    field: str = ""
    known: str = ""
    other: str = ""

    @property
    def connected(self) -> bool:
        """Whether it is in use now."""
        return not self.problem and not self.other


def consequences(stake: Stake) -> str:
    """What another organisation or tenant means, in numbers."""
    return f"{stake.pairs} pairs of {stake.people} people are found again by matching. Nothing is deleted."


def make_key(lockstep: Lockstep, service: str) -> None:
    """Makes a key pair for a draft; the key that is in use stays so until the draft has signed in."""
    now = lockstep.clock.now()
    pair = make(CERTIFICATE_NAME, now)
    draft = lockstep.drafts.load(service)
    known = {"credential": "made", "certificate": pair.certificate, "certificate_ends": (now + LIFE).isoformat()}
    settings = {**(draft.settings if draft else {}), **known}
    lockstep.drafts.save(service, settings, {"private_key": pair.private_key, "certificate": pair.certificate})


def try_draft(lockstep: Lockstep, service: str, *, switch: bool = False) -> Tried:
    """Signs in with what was typed and, if that succeeds, uses it from now on. `switch`: another organisation or
    tenant than before is meant. What was in use stays in use in every other case, and so does the draft.

    Raises ValueError without a draft.
    """
    draft = lockstep.drafts.load(service)
    if draft is None:
        raise ValueError("Nothing is prepared here; open the form again.")
    secret = lockstep.drafts.secret(service) or lockstep.connections.secret(service)
    found, checks = _TRIES[service](lockstep, draft.settings, secret, switch=switch)
    if found.connected:
        lockstep.drafts.remove(service)
        lockstep.retry_everybody()
    else:
        lockstep.drafts.checked(service, problem=found.problem, identity=found.other, checks=checks)
    lockstep.count_calls()
    return found


def check(lockstep: Lockstep, service: str) -> None:
    """Looks at everything again, and keeps what was found for the pages. Raises NotConnected."""
    checks = lockstep.salesforce.check() if service == SALESFORCE else _microsoft_checks(lockstep)
    identity = lockstep.organisation.state().crm_org_id if service == SALESFORCE else None
    lockstep.connections.checked(service, problem=problem_in(checks), identity=identity, checks=checks)
    if service == SALESFORCE and lockstep.salesforce.budget.maximum:
        lockstep.organisation.set_allowance(lockstep.salesforce.budget.used, lockstep.salesforce.budget.maximum)
    lockstep.count_calls()


def _microsoft_checks(lockstep: Lockstep) -> list[Check]:
    connection = lockstep.microsoft
    stored = lockstep.connections.load(MICROSOFT)
    return connection.ready(reach_of(stored.settings if stored else {}))


def reach_of(settings: Mapping[str, Any]) -> Reach:
    """Which mailboxes the application is meant to open; chosen ones unless somebody said otherwise."""
    return Reach(settings.get("reach") or Reach.CHOSEN)


def known_tenant(lockstep: Lockstep) -> str:
    """The id of the tenant that is connected; empty before the first."""
    stored = lockstep.connections.load(MICROSOFT)
    return (stored.identity or stored.settings.get("tenant") or "") if stored else ""


# --- Salesforce -------------------------------------------------------------------------------------------------------


def _try_salesforce(
    lockstep: Lockstep, settings: Mapping[str, Any], secret: Mapping[str, Any], *, switch: bool
) -> tuple[Tried, list[Check]]:
    connections = Trusted(trust_file(lockstep.config))
    adapter = salesforce_settings(lockstep.config, settings, secret, None)
    connection = SalesforceConnection(adapter, lockstep.clock, lockstep.meter, connections=connections)
    checks = connection.check()
    if checks[0].ok is not True:
        return Tried(_whole(checks[0])), checks
    try:
        identity, users = connection.organisation(urgent=True).identity(), connection.users()
    except ServiceError as error:
        return Tried(error.message), checks
    known = lockstep.organisation.state().crm_org_id
    if known not in (None, identity) and not switch:
        return Tried(known=str(known), other=identity), checks
    lockstep.connections.save(SALESFORCE, settings, _kept(secret, "private_key"))
    lockstep.connections.checked(SALESFORCE, problem=problem_in(checks), identity=identity, checks=checks)
    if known is None:
        lockstep.organisation.identify(identity)
    elif known != identity:
        move(lockstep.database, identity, users, lockstep.clock.now())
    lockstep.organisation.set_problem("")
    lockstep.people.store(users)
    return Tried(), checks


# --- Microsoft 365 ----------------------------------------------------------------------------------------------------


def _try_microsoft(
    lockstep: Lockstep, settings: Mapping[str, Any], secret: Mapping[str, Any], *, switch: bool
) -> tuple[Tried, list[Check]]:
    try:
        connections = Trusted(trust_file(lockstep.config))
        adapter = microsoft_settings(lockstep.config, settings, _credential(settings, secret))
        connection = MicrosoftConnection(adapter, lockstep.meter, connections=connections)
        tenant = connection.tenant_id()
    except AccessLost as error:
        return Tried(error.message, "tenant"), []
    except (ServiceError, ValueError) as error:
        return Tried(str(error)), []
    checks = connection.ready(reach_of(settings))
    problem = _unusable(checks)
    if problem:
        return Tried(problem), checks
    known = known_tenant(lockstep)
    if known and known != tenant and not switch:
        return Tried(known=known, other=tenant), checks
    lockstep.connections.save(MICROSOFT, {**settings, "tenant": tenant}, _credential(settings, secret))
    lockstep.connections.checked(MICROSOFT, problem=problem_in(checks), identity=tenant, checks=checks)
    if known and known != tenant:
        reset_everybody(lockstep.database)
    return Tried(), checks


def _unusable(checks: Iterable[Check]) -> str:
    """Why the application cannot be used; also where it cannot be told yet."""
    return next((_whole(one) for one in checks if one.ok is False or (one.ok is None and not one.remedy)), "")


def _credential(settings: Mapping[str, Any], secret: Mapping[str, Any]) -> dict[str, Any]:
    if settings.get("credential") == "secret":
        return _kept(secret, "secret")
    return _kept(secret, "certificate", "private_key")


def _kept(secret: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {name: secret[name] for name in names if name in secret}


def _whole(found: Check) -> str:
    return f"{found.sentence} {found.remedy}".rstrip()


_TRIES: Final = {SALESFORCE: _try_salesforce, MICROSOFT: _try_microsoft}


# --- the administrator's consent --------------------------------------------------------------------------------------


def consent_address(lockstep: Lockstep, redirect: str, state: str) -> str:
    """Where an administrator grants the app its permissions: of the draft, else of what is connected.

    Raises ValueError where tenant or application are not known yet.
    """
    stored = lockstep.drafts.load(MICROSOFT) or lockstep.connections.load(MICROSOFT)
    if stored is None or not (stored.settings.get("tenant") and stored.settings.get("client_id")):
        raise ValueError("Save tenant and application id first.")
    # Whatever signs the app in takes no part in consent.
    return microsoft_settings(lockstep.config, stored.settings, {"secret": "-"}).admin_consent_url(redirect, state)


def expected_tenant(lockstep: Lockstep) -> str:
    """The id of the tenant that consent is asked of. Raises ServiceError, ValueError as `consent_address`."""
    stored = lockstep.drafts.load(MICROSOFT) or lockstep.connections.load(MICROSOFT)
    if stored is None or not stored.settings.get("tenant"):
        raise ValueError("Save tenant and application id first.")
    adapter = microsoft_settings(lockstep.config, {"client_id": "-", **stored.settings}, {"secret": "-"})
    connections = Trusted(trust_file(lockstep.config))
    return MicrosoftConnection(adapter, lockstep.meter, connections=connections).tenant_id()
