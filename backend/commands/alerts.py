"""`lockstep alerts`: what is wrong now, and a test of the ways to be told."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import click

from backend.commands import output, settings
from backend.commands.database import opened
from backend.commands.output import Failure


@click.command()
@click.option("--test", is_flag=True, help="Send a test by every channel that is set.")
@output.as_json
def alerts(test: bool, as_json: bool) -> None:
    """Tell what is wrong now; with --test, send a test mail and a test post."""
    from backend.alerting import NotDelivered, deliver, has_channels
    from backend.storage.views.alerts import alerts as present

    loaded = settings.load()
    if test:
        if not has_channels(loaded):
            ways = "LOCKSTEP_ALERT_TO with LOCKSTEP_ALERT_SMTP_URL, or LOCKSTEP_ALERT_WEBHOOK_URL"
            raise Failure(f"Nobody is to be told: set {ways}.")
        try:
            deliver(loaded, "Lockstep: a test", ["This is a test. Alerts arrive here."])
        except NotDelivered as failed:
            raise Failure(f"The test did not arrive everywhere: {failed}") from None
        click.echo("The test was sent.", err=True)
    with opened(loaded.database_url) as database, database.connect() as connection:
        found = present(connection, datetime.now(UTC), timedelta(seconds=loaded.cycle_seconds))
    data = {"alerts": [{"key": one.key, "text": one.text} for one in found]}
    output.facts(data, as_json, lambda: (one.text for one in found) if found else iter(["Nothing is wrong."]))
