"""The audit page: who changed what, from what to what, and who answered which held step."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from backend.storage import tables as t
from backend.storage.pruning import KEPT_AUDIT, prune
from tests.fakes.page_services import World
from tests.fakes.page_world import MAYA, TOMAS
from tests.unit.web.conftest import Visitor
from tests.unit.web.test_status import counted

LINES = [
    (1, "claire@example.com", "configuration changed", "Field sales EMEA",
     {"changes": [{"name": "events, window", "from": "14 days", "to": "30 days"}]}),
    (2, "ruth@example.com", "pause", f"{MAYA},{TOMAS}", {}),
    (3, "claire@example.com", "held step: leave", "0b2c", {"title": "Quarterly review", "note": "On leave"}),
    (50, "root", "everything stopped", "", {"through": "command line"}),
    (60, "=cmd()", "sign-in refused", "", {"from": "192.0.2.44"}),
]  # fmt: skip


@pytest.fixture(autouse=True)
def acts(world: World) -> None:
    with world.engine.begin() as connection:
        connection.execute(sa.delete(t.audit))
        for hours, actor, action, subject, detail in LINES:
            row = {"at": world.now - timedelta(hours=hours), "actor": actor, "action": action, "subject": subject}
            connection.execute(sa.insert(t.audit).values(row | {"detail": detail}))


def test_lines_tell_who_did_what_from_what_to_what(admin: Visitor) -> None:
    told = admin.text("/audit")

    assert "claire@ example.com configuration changed Field sales EMEA events, window was 14 days now 30 days" in told
    assert "held step: leave Quarterly review note: On leave" in told
    assert "everything stopped command line" in told
    assert told.index("configuration changed Field") < told.index("Quarterly review")


def test_numbers_of_people_are_shown_as_names(admin: Visitor) -> None:
    assert "pause Maya Lindqvist, Tomás Herrera" in admin.text("/audit")


@pytest.mark.parametrize(
    ("asked", "shown"),
    [
        ("q=30+days", ["configuration changed"]),
        ("who=ruth@example.com", ["pause"]),
        ("what=everything+stopped", ["everything stopped"]),
        ("days=1&who=claire@example.com", ["configuration changed", "held step: leave"]),
        ("q=100%25", []),
    ],
)
def test_filters_narrow_the_lines(admin: Visitor, asked: str, shown: list[str]) -> None:
    page = admin.get(f"/audit?{asked}").text

    assert [action for _, _, action, _, _ in LINES if f'<span class="act">{action}</span>' in page] == shown


def test_export_has_a_line_for_each_value_and_no_formula(admin: Visitor) -> None:
    lines = admin.get("/audit.csv?q=").text.splitlines()

    assert len(lines) == 1 + len(LINES)
    assert "events, window" in lines[1]
    assert "14 days,30 days" in lines[1]
    assert "'=cmd()" in lines[-1]


def test_audit_is_read_in_as_many_queries_for_many_lines_as_for_few(admin: Visitor, world: World) -> None:
    with counted(world.engine) as few:
        admin.get("/audit?what=pause")
    with world.engine.begin() as connection:
        row = {"actor": "a", "action": "reset", "subject": str(MAYA), "detail": {}, "at": world.now}
        connection.execute(sa.insert(t.audit), [row] * 200)
    with counted(world.engine) as many:
        admin.get("/audit")

    assert len(many) == len(few)


def test_lines_are_forgotten_after_400_days(world: World) -> None:
    assert prune(world.engine, world.now + KEPT_AUDIT - timedelta(hours=70)).rows["audit"] == 0
    assert prune(world.engine, world.now + KEPT_AUDIT - timedelta(hours=55)).rows["audit"] == 1


def test_nothing_yet_says_what_will_stand_here(admin: Visitor, world: World) -> None:
    with world.engine.begin() as connection:
        connection.execute(sa.delete(t.audit))

    assert "Nobody has done anything yet" in admin.text("/audit")
