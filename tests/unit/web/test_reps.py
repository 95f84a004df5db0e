"""A rep sees his own status and his own items, and nobody else's."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from flask import Flask

from backend.storage import tables as t
from backend.web import reps
from backend.web.sign_in import OPEN
from tests.fakes.page_services import World
from tests.fakes.page_world import JONAS, MAYA, REFUSED_LINK, REVIEW, RUN
from tests.unit.web.conftest import Visitor


@pytest.fixture
def rep(app: Flask) -> Visitor:
    """Maya, who signed in with Salesforce."""
    visitor = Visitor(app.test_client())
    visitor.get("/sign-in/salesforce")
    visitor.get("/sign-in/salesforce/callback?code=maya&state=state-1")
    return visitor


def test_front_page_of_a_rep_is_the_own_status(rep: Visitor) -> None:
    assert rep.get("/").headers["Location"] == f"/people/{MAYA}"
    page = rep.get(f"/people/{MAYA}").text
    assert "My status" in page
    assert "Find a person" not in page


def test_own_items_can_be_looked_at_and_nobody_elses(rep: Visitor, world: World) -> None:
    owner = sa.select(t.link.c.user_id).where(t.link.c.id == sa.bindparam("id"))
    with world.engine.connect() as connection:
        assert connection.scalar(owner, {"id": REVIEW}) == MAYA
        assert connection.scalar(owner, {"id": REFUSED_LINK}) != MAYA

    assert rep.get(f"/items/{REVIEW}").status_code == 200
    assert rep.get(f"/items/{REFUSED_LINK}").status_code == 404
    assert rep.get(f"/people/{JONAS}").status_code == 404


def test_runs_of_others_do_not_exist_for_a_rep(rep: Visitor, world: World) -> None:
    runs = sa.select(t.sync_run.c.id, t.sync_run.c.user_id)
    with world.engine.connect() as connection:
        owners = {row.id: row.user_id for row in connection.execute(runs)}

    answers = {run: rep.get(f"/runs/{run}").status_code for run in owners}

    assert RUN in owners
    assert answers == {run: 200 if user == MAYA else 404 for run, user in owners.items()}


def test_pages_that_are_not_named_are_closed_to_reps(rep: Visitor, app: Flask) -> None:
    """A new page is closed to reps until it is named with its own check."""
    closed = {
        rule.endpoint: rep.get(rule.rule).status_code
        for rule in app.url_map.iter_rules()
        if "GET" in (rule.methods or ()) and not rule.arguments and rule.endpoint not in OPEN | reps.PAGES
    }

    assert len(closed) >= 6
    assert closed == {endpoint: 302 if endpoint == "status.page" else 403 for endpoint in closed}


def test_a_rep_who_is_not_synced_any_more_is_told_so(rep: Visitor, world: World) -> None:
    with world.engine.begin() as connection:
        connection.execute(sa.update(t.person).where(t.person.c.id == MAYA).values(crm_user_id="005OTHER"))

    assert "Ask your admin" in rep.get("/").text
