"""Doors for machines: alive, ready, metrics; and failures in the form that a client wants."""

from __future__ import annotations

import json

import pytest
from flask import Flask

from tests.fakes.page_services import World
from tests.unit.web.conftest import Visitor


def test_health_says_alive_without_asking_anything_of_anybody(stranger: Visitor, world: World) -> None:
    world.engine.dispose()
    world.checks["database"] = "gone"

    answer = stranger.get("/health")

    assert (answer.status_code, answer.json) == (200, {"status": "alive"})


def test_ready_when_every_check_is(stranger: Visitor) -> None:
    answer = stranger.get("/ready")

    assert answer.status_code == 200
    assert answer.json == {"status": "ready", "checks": {"database": "ok", "migrations": "ok", "redis": "ok"}}


def test_not_ready_names_the_problem_and_its_remedy(stranger: Visitor, world: World) -> None:
    world.checks["migrations"] = "The schema is at None, not 0001: run `lockstep db upgrade`."

    answer = stranger.get("/ready")

    assert answer.status_code == 503
    assert answer.json["status"] == "not ready"
    assert answer.json["checks"] == {
        "database": "ok", "migrations": "The schema is at None, not 0001: run `lockstep db upgrade`.", "redis": "ok"
    }  # fmt: skip


def test_metrics_are_exact(stranger: Visitor) -> None:
    lines = stranger.get("/metrics").text.splitlines()

    for line in (
        'lockstep_people{state="in_sync"} 32.0',
        'lockstep_people{state="first"} 2.0',
        'lockstep_people{state="error"} 1.0',
        'lockstep_people{state="held"} 1.0',
        'lockstep_people{state="paused"} 3.0',
        'lockstep_people{state="waiting"} 1.0',
        'lockstep_runs_last_hour{outcome="failed"} 1.0',
        'lockstep_api_calls_today{service="salesforce"} 6505.0',
        "lockstep_held_steps 2.0",
        "lockstep_refused_items 3.0",
        "lockstep_cycle_age_seconds 12.0",
        "lockstep_salesforce_api_limit 45000.0",
        "lockstep_workers 2.0",
        "lockstep_scheduler_up 1.0",
        'lockstep_queue_length{queue="users"} 3.0',
        "lockstep_redis_up 1.0",
        "lockstep_live_leases 0.0",
    ):
        assert line in lines


def test_metrics_say_when_redis_is_away(stranger: Visitor, world: World) -> None:
    world.processes = None

    text = stranger.get("/metrics").text

    assert "lockstep_redis_up 0.0" in text
    assert "lockstep_queue_length" not in text


@pytest.mark.parametrize(
    ("environ", "headers"),
    [
        ({"REMOTE_ADDR": "203.0.113.7"}, {}),
        ({}, {"X-Forwarded-For": "127.0.0.1"}),
        ({}, {"Forwarded": "for=127.0.0.1"}),
    ],
)
def test_metrics_are_for_this_machine_only(app: Flask, environ: dict[str, str], headers: dict[str, str]) -> None:
    answer = app.test_client().get("/metrics", environ_overrides=environ, headers=headers)

    assert answer.status_code == 403
    assert "lockstep_people" not in answer.text


def test_failure_is_a_page_with_one_sentence_and_the_code_of_the_log(admin: Visitor) -> None:
    answer = admin.get("/nothing")

    assert answer.status_code == 404
    assert "There is nothing at this address" in answer.text
    assert f"<code>{answer.headers['X-Request-ID']}</code>" in answer.text


def test_failure_for_programs_is_problem_json(admin: Visitor) -> None:
    answer = admin.get("/nothing", headers={"Accept": "application/json"})

    assert answer.headers["Content-Type"] == "application/problem+json"
    body = json.loads(answer.text)
    assert body == {
        "type": "about:blank", "title": "There is nothing at this address", "status": 404, "instance": "/nothing",
        "detail": "It may have been removed. Look for it by name, address or record id.",
        "correlation_id": answer.headers["X-Request-ID"],
    }  # fmt: skip


def test_defect_is_logged_and_shown_without_its_insides(
    admin: Visitor, app: Flask, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(_processes: object) -> None:
        raise RuntimeError("the insides")

    monkeypatch.setattr("backend.web.status.alarms", broken)
    app.config["PROPAGATE_EXCEPTIONS"] = False

    answer = admin.get("/")

    assert answer.status_code == 500
    assert "Something failed here" in answer.text
    assert "the insides" not in answer.text
    assert f"<code>{answer.headers['X-Request-ID']}</code>" in answer.text
    assert "a page failed" in "".join(capsys.readouterr())
