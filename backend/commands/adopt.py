"""`lockstep adopt`: takes over what Lightning Sync, or another sync, left behind in Salesforce and the mailboxes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from backend.commands import output
from backend.commands.connect import installation
from backend.commands.output import Failure
from backend.commands.sync import USER, people

if TYPE_CHECKING:
    from backend.sync.adopt import Inheritance
    from backend.sync.plan import Step
    from backend.sync.report import RunReport
    from backend.wiring import Lockstep


@click.command()
@USER
@click.option("--dry-run", is_flag=True, help="Report only; store no links.")
@output.as_json
def adopt(address: str | None, dry_run: bool, as_json: bool) -> None:
    """Pair what another sync left behind, before the first pass: contacts of the folder, events, by the usual matching.

    Writes nothing to Salesforce nor to a mailbox, only links for pairs that are sure. Doubtful ones are listed: the
    next pass pairs them as listed, so change one of the two first if that is wrong. Run it before `lockstep up`. First
    take the people out of the other sync, and out of any sandbox's: one person in two organisations is not supported.
    """
    with installation() as lockstep:
        if lockstep.read_organisation() is None:
            problem = lockstep.organisation.state().problem
            raise Failure(problem or "Another process is reading Salesforce; try again in a minute.")
        chosen = people(lockstep, address)
        found = []
        with output.progress("Looking" if dry_run else "Pairing", len(chosen)) as advance:
            for user_id in chosen:
                try:
                    found.append(_adopted(lockstep, user_id, dry_run=dry_run))
                except ValueError as error:
                    raise Failure(str(error)) from None
                advance(1)
        names = {user.user_id: user.address for user in lockstep.store.users()}
    data = {"dry_run": dry_run, "people": [_facts(names[one.user_id], one, inherited) for one, inherited in found]}
    output.facts(data, as_json, lambda: _lines(data))
    failed = [report for report, _ in found if report.outcome in ("failed", "busy")]
    if failed:
        raise Failure(f"{len(failed)} of {len(found)} people could not be looked at: see above.")


def _adopted(lockstep: Lockstep, user_id: int, *, dry_run: bool) -> tuple[RunReport, Inheritance]:
    """What a rehearsal finds, and links for its sure pairs. Raises ValueError if the user's sync is running."""
    from backend.sync.adopt import sorted_out, store_pairs

    report = lockstep.sync_user(user_id, "adopt", dry_run=True)
    found = sorted_out(report.steps)
    if not dry_run and found.sure:
        lease = lockstep.patient_lease(user_id)
        try:
            store_pairs(lockstep.store, lease, found.sure)
        finally:
            lockstep.store.release(lease)
    return report, found


def _facts(person: str, report: RunReport, found: Inheritance) -> dict[str, Any]:
    return {
        "person": person,
        "outcome": report.outcome,
        "problem": report.problem,
        "sure": [_pair(step) for step in found.sure],
        "doubtful": [_pair(step) for step in found.doubtful],
        "rest": [{"kind": step.kind.value, "title": step.title, "do": step.verb.value} for step in found.rest],
    }


def _pair(step: Step) -> dict[str, Any]:
    item = step.link.mailbox_id if step.link is not None else None
    record = step.line.crm_id if step.line is not None else None
    told = {"kind": step.kind.value, "title": step.title, "item": item, "record": record, "why": step.rule}
    return told | {"doubt": step.doubt}


def _lines(data: dict[str, Any]) -> Iterator[str]:
    for one in data["people"]:
        numbers = ", ".join(f"{len(one[what])} {what}" for what in ("sure", "doubtful", "rest"))
        yield f"{one['person']}: {numbers}. {one['problem']}".rstrip()
        yield from (f"  doubtful: {pair['kind']} “{pair['title']}”. {pair['doubt']}" for pair in one["doubtful"])
        for what, count in sorted(Counter(each["do"] for each in one["rest"]).items()):
            yield f"  the next pass: {what}: {count}"
    yield "Nothing was stored (--dry-run)." if data["dry_run"] else "Sure pairs are linked; nothing else was written."
