"""A Salesforce sandbox is refreshed: another organisation answers (docs/sync.md G-4)."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
import sqlalchemy as sa

from backend.sandbox.salesforce.apps import Tokens
from backend.storage.tables import link, person
from tests.fakes.installation import Installation, timed
from tests.fakes.told import Told

OTHER = "00DSb0000000REFMAX"


def refresh(installation: Installation) -> None:
    """The sandbox is a new copy: another organisation id, the same people and records."""
    service: Any = installation.stage.sandbox.services["salesforce"]
    service.org.id, service.tokens = OTHER, Tokens(OTHER)


def file(installation: Installation, told: Told) -> str:
    given = installation.stage.sandbox.credentials()["salesforce"]
    return told.write(
        "salesforce.yaml",
        consumer_key=given["client_id"],
        username=given["integration_username"],
        private_key=given["private_key"],
        login_url=given["login_url"],
        audience=given["login_url"],
    )


@pytest.mark.parametrize("other_ids", [False, True])
def test_g4_a_refreshed_sandbox_stops_everybody_until_it_is_confirmed_and_is_then_paired_anew(
    installation: Installation, told: Told, other_ids: bool
) -> None:
    (ada,) = installation.stage.hire(1)
    installation.assign()
    installation.settle()
    installation.write_card(ada, "Grace", "Hopper", emailAddresses=[{"address": "grace@navy.example"}])
    installation.box(ada).create_event(timed("Review", installation.soon(2)))
    installation.settle()
    pairs = sa.select(link.c.mailbox_id, link.c.state).order_by(link.c.mailbox_id)
    before = installation.rows(pairs)
    assert len(before) == 2

    refresh(installation)
    if other_ids:
        with installation.lockstep.database.begin() as connection:
            connection.execute(sa.update(person).where(person.c.address == ada.address).values(crm_user_id="005OLD"))
    installation.open()
    with installation.watched() as writes:
        assert installation.lockstep.read_organisation() is None
        installation.sync(ada)
        assert "Another Salesforce organisation answers" in told.command("status")
        assert "--new-organisation" in told.command("status")
        path = file(installation, told)
        assert "not ready" in told.refusal("connect", "salesforce", "--file", path)
        assert installation.rows(pairs) == before

        result = told.run("connect", "salesforce", "--file", path, "--new-organisation", "--yes")
        assert (result.exit_code, "2 pairs of 1 people" in result.stderr) == (0, True), result.output
        assert installation.rows(pairs) == []
        installation.open()
        installation.settle()

    assert writes == Counter()
    assert installation.rows(pairs) == before
    assert installation.lockstep.organisation.state().crm_org_id == OTHER


def test_g4_the_same_organisation_stays_as_it_is(installation: Installation, told: Told) -> None:
    (ada,) = installation.stage.hire(1)
    installation.assign()
    installation.settle()
    installation.write_card(ada, "Grace", "Hopper")
    installation.settle()
    told.command("connect", "salesforce", "--file", file(installation, told), "--new-organisation", "--yes")
    assert len(installation.rows(sa.select(link.c.id))) == 1
