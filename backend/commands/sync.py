"""`lockstep sync`, `status`, `reset`: one pass now, what everybody's sync is up to, and matching anew."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from backend.commands import output
from backend.commands.connect import installation
from backend.commands.output import Failure

if TYPE_CHECKING:
    from backend.storage.views.error_report import ErrorRow
    from backend.storage.views.left_out import LeftOut
    from backend.sync.plan import Step
    from backend.sync.report import RunReport
    from backend.wiring import Lockstep

USER = click.option("--user", "address", help="One person only, by e-mail address or Salesforce user name.")


def _known(lockstep: Lockstep, address: str) -> int:
    found = lockstep.people.find(address)
    if found is None:
        raise Failure(f"Nobody (or more than one person) is known as {address}: see `lockstep status`.")
    return found


def people(lockstep: Lockstep, address: str | None) -> list[int]:
    """Ids of everybody who syncs, or of the one meant. Raises Failure."""
    users = {user.user_id: user for user in lockstep.store.users()}
    if address is None:
        return sorted(users)
    found = _known(lockstep, address)
    if found not in users:
        raise Failure(f"{address} does not sync: assign a configuration with `lockstep config apply`.")
    return [found]


@click.command()
@USER
@click.option("--dry-run", is_flag=True, help="Show the complete plan and write nothing to either side.")
@output.as_json
def sync(address: str | None, dry_run: bool, as_json: bool) -> None:
    """One pass now, in the foreground: Salesforce once, then everybody or one person."""
    with installation() as lockstep:
        if lockstep.read_organisation() is None:
            problem = lockstep.organisation.state().problem
            raise Failure(problem or "Another process is reading Salesforce; try again in a minute.")
        chosen = people(lockstep, address)
        reports: list[RunReport] = []
        lockstep.engine.tells_steps = True
        with output.progress("Planning" if dry_run else "Syncing", len(chosen)) as advance:
            for user_id in chosen:
                reports.append(lockstep.sync_user(user_id, "command line", dry_run=dry_run))
                advance(1)
        names = {user.user_id: user.address for user in lockstep.store.users()}
    data = {
        "dry_run": dry_run,
        "people": [_facts(report, names) for report in reports],
        "api_calls": dict(lockstep.meter.calls),
    }
    output.facts(data, as_json, lambda: _lines(reports, names, dry_run))
    failed = [report for report in reports if report.outcome == "failed"]
    if failed:
        raise Failure(f"{len(failed)} of {len(reports)} people could not be synced: see above.")


def _facts(report: RunReport, names: dict[int, str]) -> dict[str, Any]:
    return {
        "person": names.get(report.user_id, str(report.user_id)),
        "outcome": report.outcome,
        "problem": report.problem,
        "written": dict(report.writes),
        "planned": [_step(step) for step in report.steps],
        "held": report.held,
        "conflicts": report.conflicts,
        "refused": report.refused,
        "notes": report.notes,
    }


def _step(step: Step) -> dict[str, Any]:
    writes = [
        {"side": one.side.value, "op": one.op.value, "fields": sorted(one.values), "held": one.hold}
        for one in step.intents
    ]
    return {"do": step.verb.value, "kind": step.kind.value, "title": step.title, "why": step.rule, "writes": writes}


def _lines(reports: list[RunReport], names: dict[int, str], dry_run: bool) -> Iterator[str]:
    for report in reports:
        yield f"{names.get(report.user_id, report.user_id)}: {report.outcome}. {report.problem}".rstrip()
        for step in report.steps if dry_run else ():
            yield f"  {step.verb.value}: {step.title or step.kind.value} ({step.rule})"
        for what, count in sorted(report.writes.items()):
            yield f"  {what.replace('.', ' ')}: {count}"
        yield from (f"  left out: {note}" for note in report.notes)
        if report.refused:
            yield f"  refused: {report.refused}; `lockstep status --user {names.get(report.user_id)}` tells why"


@click.command()
@USER
@output.as_json
def status(address: str | None, as_json: bool) -> None:
    """What everybody's sync is up to, with the reason where something stands still.

    With --user also every item that does not sync, and why.
    """
    from backend.storage.views.error_report import item_rows
    from backend.storage.views.left_out import left_out
    from backend.storage.views.standings import standings

    with installation() as lockstep:
        organisation = lockstep.organisation.state()
        services = {one.service: one.problem for one in lockstep.connections.all()}
        only = _known(lockstep, address) if address else None
        everybody = standings(lockstep.database, only)
        with lockstep.database.connect() as connection:
            items = [_item(row) for row in item_rows(connection, only)]
            aside = [_aside(one) for one in left_out(connection, only)] if only is not None else []
    data = {
        "organisation": {
            "last_cycle": organisation.cycle_at,
            "problem": organisation.problem,
            "services": services,
            "api_used": organisation.api_used,
            "api_max": organisation.api_max,
        },
        "people": everybody,
        "items": items,
        "left_out": aside,
    }
    output.facts(data, as_json, lambda: _status_lines(data, items=only is not None))


def _item(row: ErrorRow) -> dict[str, Any]:
    from backend.web.remedies import remedy, said

    told = {"address": row.address, "kind": row.kind, "title": row.title, "reason": said(row.reason, row.refusal)}
    return told | {"remedy": remedy(row.refusal) if row.refusal else "", "code": row.code, "since": row.since}


def _aside(one: LeftOut) -> dict[str, Any]:
    return {"kind": one.kind.value, "side": one.side.value, "reason": one.reason, "number": one.number}


def _status_lines(data: dict[str, Any], *, items: bool) -> Iterator[str]:
    organisation = data["organisation"]
    yield f"Salesforce: {organisation['problem'] or 'read ' + str(organisation['last_cycle'] or 'never')}"
    yield from (f"{name}: {problem}" for name, problem in organisation["services"].items() if problem)
    left_out = Counter(one["address"] for one in data["items"])
    for one in data["people"]:
        if one["syncs"]:
            yield f"{one['address']}: {one['state']}, {one['linked']} linked. {one['reason']} {one['remedy']}".rstrip()
        else:
            yield f"{one['address']}: does not sync. {one['because']}"
        if left_out[one["address"]] and not items:
            command = f"lockstep status --user {one['address']}"
            yield f"  {left_out[one['address']]} items do not sync: `{command}` tells why."
    for one in data["items"] if items else ():
        yield f"  {one['kind']} “{one['title']}”: {one['reason']} {one['remedy']}".rstrip()
    known = {one["reason"] for one in data["items"]}
    for one in data["left_out"]:
        if one["reason"] not in known:
            yield f"  {one['number']} {one['kind']}s left out: {one['reason']}"


@click.command()
@click.option("--user", "address", required=True, help="E-mail address or Salesforce user name.")
@click.option("--forget-stops", is_flag=True, help="Make again what was deleted on one side only.")
def reset(address: str, forget_stops: bool) -> None:
    """Match one person anew; no contact and no event changes (LS-177).

    What a pass has seen deleted on one side stays deleted there, unless --forget-stops is given. A deletion that no
    pass has seen yet cannot be told from something that was never paired: it is undone.
    """
    with installation() as lockstep:
        lockstep.reset(_known(lockstep, address), forget_stops=forget_stops)
    click.echo(f"{address} is matched anew in the next pass; nothing was changed on either side.")
    if forget_stops:
        click.echo("What was deleted on one side only is made there again.")
