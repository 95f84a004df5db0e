"""`lockstep connect …`: store and test the credentials of a service."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from backend.commands import output, settings
from backend.commands.database import opened
from backend.commands.output import Failure

if TYPE_CHECKING:
    from backend.ports.readiness import Check
    from backend.storage.new_organisation import Stake
    from backend.wiring import Lockstep

FILE = click.option("--file", "path", type=click.Path(dir_okay=False, path_type=Path), required=True, help="YAML file.")


@contextmanager
def installation() -> Iterator[Lockstep]:
    """The opened installation on an up-to-date database. Raises Failure."""
    from backend.wiring import Lockstep

    loaded = settings.load()
    with opened(loaded.database_url):
        lockstep = Lockstep.open(loaded)
    try:
        yield lockstep
    finally:
        lockstep.close()


@click.group()
def connect() -> None:
    """Store and test the credentials of a service."""


@connect.command()
@FILE
@click.option("--new-organisation", is_flag=True, help="This organisation replaces the one so far; all is paired anew.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@output.as_json
def salesforce(path: Path, new_organisation: bool, yes: bool, as_json: bool) -> None:
    """Store the Salesforce connection of FILE, sign in, and check what the organisation still needs.

    Another organisation than before is refused unless --new-organisation is given, as after a sandbox was refreshed.
    """
    from backend.readiness import problem_in
    from backend.storage.connection_file import SalesforceFile, read
    from backend.storage.credentials import ConnectionRefused
    from backend.wiring import SALESFORCE

    with installation() as lockstep:
        try:
            shown, secret = read(path, SalesforceFile).parts(path.parent)
        except ConnectionRefused as error:
            raise Failure(str(error)) from None
        lockstep.connections.save(SALESFORCE, shown, secret)
        if new_organisation:
            _move(lockstep, yes=yes)
        checks = lockstep.salesforce.check()
        problem = problem_in(checks)
        lockstep.connections.checked(SALESFORCE, problem=problem, checks=checks)
        lockstep.retry_everybody()
        data = {"service": SALESFORCE, "ok": not problem, "checks": [check.as_json() for check in checks]}
        output.facts(data, as_json, lambda: (_line(check) for check in checks))
    if problem:
        raise Failure("Salesforce is stored, but not ready: see the lines above.")


def _switch(lockstep: Lockstep, tenant: str, *, yes: bool) -> None:
    """Confirms other mailboxes for everybody (LS-016), asked with the numbers. Raises click.Abort."""
    from backend.storage.new_organisation import at_stake
    from backend.storage.reset import reset_everybody

    _ask(f"The mailboxes of {tenant} replace those so far", at_stake(lockstep.database), yes=yes)
    reset_everybody(lockstep.database)


def _ask(what: str, stake: Stake, *, yes: bool) -> None:
    from backend.connecting import consequences

    click.echo(f"{what}: {consequences(stake)}", err=True)
    if not yes:
        click.confirm("Go on?", abort=True, err=True)


def _move(lockstep: Lockstep, *, yes: bool) -> None:
    """Confirms another organisation, asked with the numbers. Raises Failure, click.Abort."""
    from backend.ports.errors import ServiceError
    from backend.storage.new_organisation import at_stake, move

    known = lockstep.organisation.state().crm_org_id
    try:
        found = lockstep.salesforce_of(None)
        organisation_id, users = found.organisation().identity(), found.users()
    except ServiceError as error:
        raise Failure(error.message) from None
    if organisation_id == known:
        return
    _ask(f"Organisation {organisation_id} replaces {known or 'none'}", at_stake(lockstep.database), yes=yes)
    click.echo("Nobody may be synced in two organisations at once: take people out of the other one.", err=True)
    move(lockstep.database, organisation_id, users, lockstep.clock.now())


@connect.command()
@FILE
@click.option("--switch", is_flag=True, help="The mailboxes are others than before: all is paired anew.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@output.as_json
def microsoft(path: Path, switch: bool, yes: bool, as_json: bool) -> None:
    """Store the Microsoft 365 connection of FILE and sign in.

    Whose mailbox turns out to be another one than before stops until he is reset. --switch resets everybody at once,
    as after all mailboxes moved to another tenant.
    """
    from backend.connecting import reach_of
    from backend.ports.errors import ServiceError
    from backend.readiness import problem_in
    from backend.storage.connection_file import MicrosoftFile, read
    from backend.storage.credentials import ConnectionRefused
    from backend.wiring import MICROSOFT

    with installation() as lockstep:
        try:
            shown, secret = read(path, MicrosoftFile).parts(path.parent)
            lockstep.connections.save(MICROSOFT, shown, secret)
            tenant = lockstep.microsoft.tenant_id()
        except (ConnectionRefused, ValueError) as error:
            raise Failure(str(error)) from None
        except ServiceError as error:
            lockstep.connections.checked(MICROSOFT, problem=error.message)
            raise Failure(error.message) from None
        checks = lockstep.microsoft.ready(reach_of(shown))
        problem = problem_in(checks)
        lockstep.connections.checked(MICROSOFT, problem=problem, identity=None if problem else tenant, checks=checks)
        if switch and not problem:
            _switch(lockstep, shown["tenant"], yes=yes)
        lockstep.retry_everybody()
        data = {"service": MICROSOFT, "ok": not problem, "checks": [check.as_json() for check in checks]}
        output.facts(data, as_json, lambda: (_line(check) for check in checks))
    if problem:
        raise Failure("Microsoft 365 is stored, but not ready: see the lines above.")


@connect.command()
@click.option("--user", "address", help="Test one person only, by e-mail address.")
@output.as_json
def test(address: str | None, as_json: bool) -> None:
    """Test the mailbox of one person, or of everybody in Salesforce; writes nothing (LS-020, LS-021)."""
    from backend.mailbox_testing import FINE, everybody, results
    from backend.ports.errors import ServiceError

    with installation() as lockstep:
        try:
            known = everybody(lockstep)
            users = [user for user in known if address is None or user.address.casefold() == address.casefold()]
            if not users:
                raise Failure(f"No active Salesforce user has the address {address}.")
            found = []
            with output.progress("Testing mailboxes", len(users)) as advance:
                for one in results(lockstep, users, known):
                    found.append(
                        {"name": one.name, "address": one.address, "result": one.result, "message": one.message}
                    )
                    advance(1)
        except ServiceError as error:
            raise Failure(error.message) from None
    data = {"results": found, "ok": all(one["result"] in FINE for one in found)}
    output.facts(data, as_json, lambda: (f"{one['address']}: {one['result']}. {one['message']}" for one in found))
    if not data["ok"]:
        raise Failure("Not every mailbox answered.")


def _line(check: Check) -> str:
    mark = {True: "ok", False: "NO", None: "? "}[check.ok]
    return f"{mark}  {check.name}: {check.sentence} {check.remedy}".rstrip()


def _not_yet(name: str, title: str) -> click.Command:
    def refuse() -> None:
        raise Failure(f"{title} is not yet available; Microsoft 365 is: `lockstep connect microsoft`.")

    return click.Command(
        name,
        params=[click.Option(["--file", "path"], help="YAML file.", expose_value=False)],
        callback=refuse,
        help=f"{title} (not yet available).",
    )


connect.add_command(_not_yet("google", "Google Workspace"))
connect.add_command(_not_yet("exchange", "Exchange on your own servers"))
