"""The control door in JSON."""

from __future__ import annotations

import pytest
import requests

from backend.sandbox.world import Mail, Person


def test_health_answers_over_plain_http(bench):
    assert bench.control.startswith("http://127.0.0.1:")
    assert requests.get(f"{bench.control}/health", timeout=5).json() == {"status": "ok"}


def test_credentials_carry_services_people_and_authority(bench):
    ada = Person("ada", "Ada", "ada@x.test", "ada@x.test.sf", "005", "guid", "Europe/London")
    bench.world.people.append(ada)
    assert bench.session.get(f"{bench.control}/credentials").json() == {
        "notebook": {"secret": "s3cret"},
        "people": [ada.as_json()],
        "control": bench.sandbox.control_url,
        "ca_pem": bench.sandbox.ca_pem,
    }


def test_calls_show_table_totals_and_latest_and_can_be_forgotten(bench):
    bench.session.post(f"{bench.url}/batch", json=["a", "b"])
    shown = bench.session.get(f"{bench.control}/calls").json()
    assert shown["calls"] == [
        {"service": "notebook", "operation": "POST batch", "status": 207, "calls": 1, "inner": 0},
        {"service": "notebook", "operation": "POST lines", "status": 201, "calls": 0, "inner": 2},
    ]
    assert shown["totals"] == {"notebook": {"calls": 1, "inner": 2}}
    assert [call["operation"] for call in shown["latest"]] == ["POST batch"]
    assert bench.session.delete(f"{bench.control}/calls").status_code == 204
    assert bench.session.get(f"{bench.control}/calls").json()["calls"] == []


def test_outbox_lists_the_mail(bench):
    now = bench.world.clock.now()
    bench.world.outbox.append(Mail(now, "ada@x.test", ("bob@y.test",), "invitation", "Lunch"))
    assert bench.session.get(f"{bench.control}/outbox").json() == {
        "total": 1,
        "mails": [
            {
                "at": now.isoformat(),
                "sender": "ada@x.test",
                "recipients": ["bob@y.test"],
                "kind": "invitation",
                "subject": "Lunch",
            }
        ],
    }


def test_faults_are_set_shown_and_removed(bench):
    rule = {"service": "notebook", "operation": "GET *", "kind": "503", "remaining": 1}
    assert bench.session.put(f"{bench.control}/faults", json=[rule]).status_code == 200
    assert [bench.session.get(f"{bench.url}/lines").status_code for _ in range(2)] == [503, 200]
    shown = bench.session.get(f"{bench.control}/faults").json()["rules"]
    assert shown == [rule | {"seconds": 1.0, "seen": 2, "fired": 1}]
    assert bench.session.delete(f"{bench.control}/faults").status_code == 204
    assert bench.session.get(f"{bench.control}/faults").json() == {"rules": []}


def test_clock_is_shifted(bench):
    shown = bench.session.post(f"{bench.control}/clock", json={"shift": -3600}).json()
    assert shown["offset_seconds"] == -3600
    assert bench.session.get(f"{bench.control}/clock").json()["offset_seconds"] == -3600


def test_reset_empties_world_and_services(bench):
    bench.session.post(f"{bench.url}/lines", data="a")
    bench.session.post(f"{bench.control}/clock", json={"shift": 60})
    assert bench.session.post(f"{bench.control}/reset").json() == {"seed": "empty"}
    assert bench.notebook.lines == []
    assert bench.session.get(f"{bench.control}/clock").json()["offset_seconds"] == 0
    assert bench.session.get(f"{bench.control}/calls").json()["calls"] == []


@pytest.mark.parametrize(
    ("method", "path", "body", "detail"),
    [
        ("PUT", "faults", {}, "the body must be a list of fault rules"),
        ("PUT", "faults", ["x"], "faults[0] must be an object with at least 'kind'"),
        ("PUT", "faults", [{"kind": "503"}, {"kind": "500"}], "faults[1].kind must be one of 429, 503, 410, 401,"),
        ("PUT", "faults", [{"kind": "hook"}], "faults[0].kind must be one of"),
        ("PUT", "faults", [{"kind": "503", "nht": 1}], "faults[0].nht is not a setting; use one of service,"),
        ("PUT", "faults", [{"kind": "503", "nth": 0}], "faults[0].nth must be a whole number of at least 1"),
        ("PUT", "faults", [{"kind": "503", "probability": 2}], "faults[0].probability must be a number from 0 to 1"),
        ("PUT", "faults", [{"kind": "503", "seconds": "1"}], "faults[0].seconds must be a number from 0 to 600"),
        ("PUT", "faults", [{"kind": "503", "only": "reads"}], "faults[0].only must be read or write"),
        ("PUT", "faults", [{"kind": "503", "service": 1}], "faults[0].service must be text"),
        ("POST", "clock", {"shift": "1"}, "shift must be a number of seconds"),
        ("POST", "clock", [], "shift must be a number of seconds"),
        ("POST", "reset", {"seed": "big"}, "seed must be 'empty' or 'demo'"),
    ],
)
def test_bad_input_is_a_problem_that_names_the_field(bench, method, path, body, detail):
    answer = bench.session.request(method, f"{bench.control}/{path}", json=body)
    assert (answer.status_code, answer.headers["Content-Type"]) == (400, "application/problem+json")
    assert answer.json()["detail"].startswith(detail)


def test_body_that_is_not_json_is_a_problem(bench):
    answer = bench.session.put(f"{bench.control}/faults", data="[")
    assert answer.status_code == 400
    assert answer.json()["detail"] == "the body must be JSON, sent with the content type application/json"


def test_unknown_address_is_a_problem(bench):
    answer = bench.session.get(f"{bench.control}/nothing")
    assert (answer.status_code, answer.json()["status"]) == (404, 404)
