"""`lockstep differences`: what both sides were left with, and sending it one way (F-9)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import click

from backend.commands import output
from backend.commands.connect import installation
from backend.commands.output import Failure
from backend.commands.sync import people
from backend.domain.values import Kind, Side

KINDS = {"contacts": Kind.CONTACT, "events": Kind.EVENT}
SOURCES = {"to_salesforce": Side.MAILBOX, "to_mailbox": Side.CRM}


@click.command()
@click.option("--user", "address", required=True, help="E-mail address or Salesforce user name.")
@click.option("--send", "way", type=click.Choice(list(SOURCES)), help="Write the values that way with the next pass.")
@click.option("--kind", "only", type=click.Choice(list(KINDS)), help="Contacts or events; needed with --send.")
@output.as_json
def differences(address: str, way: str | None, only: str | None, as_json: bool) -> None:
    """What stays different since a direction or a field was switched on; with --send it is written to one side.

    Guards, rights and the rule for meetings with guests apply as ever.
    """
    from backend.differing import differences as found_for
    from backend.differing import send

    if way is not None and only is None:
        raise Failure("--send needs --kind: contacts or events.")
    with installation() as lockstep:
        (user_id,) = people(lockstep, address)
        if way is not None and only is not None:
            try:
                number = send(lockstep, user_id, KINDS[only], SOURCES[way])
            except ValueError as error:
                raise Failure(str(error)) from None
            output.facts({"sent": number}, as_json, lambda: iter([f"Sent with the next pass: {number} pairs."]))
            return
        found = [one for one in found_for(lockstep, user_id) if only is None or one.kind is KINDS[only]]
    data: dict[str, Any] = {
        f"{one.kind.value}s": {
            "number": one.number,
            "pairs": [{"title": title, "fields": list(groups)} for _, title, groups in one.named],
        }
        for one in found
    }
    output.facts(data, as_json, lambda: _lines(data))


def _lines(data: dict[str, Any]) -> Iterator[str]:
    for kind, one in data.items():
        yield f"{kind}: {one['number']} pairs differ and stay as they are"
        yield from (f"  {pair['title']}: {', '.join(pair['fields'])}" for pair in one["pairs"])
