"""The frame around the stand-ins: doors, faults, the call table."""

from __future__ import annotations

import socket
import threading
import time

import pytest
import requests

from backend.sandbox.faults import Rule
from backend.sandbox.server import Sandbox
from backend.sandbox.service import Cut
from backend.sandbox.world import World
from tests.fakes.notebook import Notebook, notebook_service


def counted(bench) -> dict[tuple[str, int], tuple[int, int]]:
    return {(row.operation, row.status): (row.calls, row.inner) for row in bench.world.calls.counts()}


def test_service_speaks_https_under_the_throw_away_authority(bench):
    assert bench.url.startswith("https://localhost:")
    assert bench.session.get(f"{bench.url}/lines").text == "nothing"
    with pytest.raises(requests.exceptions.SSLError):
        requests.get(f"{bench.url}/lines", verify=True, timeout=5)


def test_connection_is_kept_open_between_requests(bench):
    with requests.Session() as session:
        session.trust_env = False
        session.verify = bench.session.verify
        peers = set()
        for _ in range(3):
            response = session.get(f"{bench.url}/lines", stream=True)
            peers.add(response.raw.connection.sock.getsockname())
            assert response.text == "nothing"
    assert len(peers) == 1


def test_idle_client_that_never_shakes_hands_holds_up_nobody(bench):
    port = int(bench.url.rsplit(":", 1)[1])
    with socket.create_connection(("127.0.0.1", port)):
        assert bench.session.get(f"{bench.url}/lines", timeout=5).status_code == 200


def test_calls_are_counted_by_operation_and_status_with_carried_requests_apart(bench):
    bench.session.get(f"{bench.url}/lines")
    bench.session.get(f"{bench.url}/lines")
    bench.session.post(f"{bench.url}/batch", json=["a", "b"])
    assert counted(bench) == {
        ("GET lines", 200): (2, 0),
        ("POST batch", 207): (1, 0),
        ("POST lines", 201): (0, 2),
    }
    assert bench.world.calls.total("notebook") == 3
    assert [call.inner for call in bench.world.calls.latest()] == [0, 0, 2]


@pytest.mark.parametrize("kind", ["429", "503", "410", "401"])
def test_refusal_is_in_the_services_own_shape_and_leaves_no_trace(bench, kind):
    bench.world.faults.add(Rule(kind, only="write", seconds=7))
    answer = bench.session.post(f"{bench.url}/lines", data="a")
    assert (answer.status_code, answer.text) == (int(kind), f"refused {kind}")
    assert answer.headers.get("Retry-After") == ("7" if kind in ("429", "503") else None)
    assert bench.notebook.lines == []


def test_refusal_after_applying_lies_about_what_happened(bench):
    bench.world.faults.add(Rule("503", when="after"))
    assert bench.session.post(f"{bench.url}/lines", data="a").status_code == 503
    assert bench.notebook.lines == ["a"]


@pytest.mark.parametrize(
    ("kind", "when", "kept"),
    [
        ("reset", None, []),
        ("lost_answer", None, ["a"]),
        ("timeout", "before", []),
        ("timeout", "after", ["a"]),
    ],
)
def test_cut_connection_applies_or_not_as_the_kind_says(bench, kind, when, kept):
    bench.world.faults.add(Rule(kind, when=when, seconds=0, remaining=1))
    with pytest.raises(requests.ConnectionError):
        bench.session.post(f"{bench.url}/lines", data="a")
    assert bench.notebook.lines == kept
    assert counted(bench) == {("POST lines", 0): (1, 0)}
    assert bench.world.calls.latest()[0].fault == kind
    assert bench.session.post(f"{bench.url}/lines", data="b").status_code == 204


def test_timeout_holds_the_request_longer_than_the_client_waits(bench):
    bench.world.faults.add(Rule("timeout", seconds=30, remaining=1))
    with pytest.raises(requests.ReadTimeout):
        bench.session.get(f"{bench.url}/lines", timeout=0.2)


def test_malformed_answer_is_a_200_that_is_not_json(bench):
    bench.world.faults.add(Rule("malformed"))
    answer = bench.session.get(f"{bench.url}/lines")
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "application/json")
    with pytest.raises(requests.exceptions.JSONDecodeError):
        answer.json()


def test_nth_matching_call_fails_and_no_other(bench):
    rule = bench.world.faults.add(Rule("503", operation="POST *", nth=2))
    bench.session.get(f"{bench.url}/lines")
    statuses = [bench.session.post(f"{bench.url}/lines", data=str(n)).status_code for n in range(3)]
    assert statuses == [204, 503, 204]
    assert (rule.seen, rule.fired) == (3, 1)


def test_chances_are_the_same_in_every_world_of_one_seed(bench):
    def drawn() -> list[int]:
        bench.sandbox.reset("empty")
        bench.world.faults.add(Rule("503", probability=0.5))
        return [bench.session.get(f"{bench.url}/lines").status_code for _ in range(12)]

    first = drawn()
    assert set(first) == {200, 503}
    assert drawn() == first


def test_hook_runs_before_applying_or_after_applying_and_before_answering(bench):
    seen = []
    bench.world.faults.add(Rule("hook", when="before", nth=1, hook=lambda _: seen.append(len(bench.notebook.lines))))
    bench.world.faults.add(Rule("hook", when="after", hook=lambda _: seen.append(len(bench.notebook.lines))))
    bench.session.post(f"{bench.url}/lines", data="a")
    bench.session.post(f"{bench.url}/lines", data="b")
    assert seen == [0, 2]


def test_hook_may_cut_the_connection_where_it_stands(bench):
    def kill(_target) -> None:
        raise Cut

    bench.world.faults.add(Rule("hook", when="before", hook=kill, remaining=1))
    bench.world.faults.add(Rule("hook", when="after", hook=kill, remaining=1))
    for line in ("a", "b"):
        with pytest.raises(requests.ConnectionError):
            bench.session.post(f"{bench.url}/lines", data=line)
    assert bench.notebook.lines == ["b"]


def test_sf091_date_header_is_the_services_clock(bench):
    bench.world.clock.shift(86_400 * 400)
    date = bench.session.get(f"{bench.url}/lines").headers["Date"]
    assert date.split()[3] == str(bench.world.clock.now().year)


def test_port_that_is_taken_is_an_error_of_the_caller(bench):
    taken = int(bench.url.rsplit(":", 1)[1])
    world = World()
    second = Sandbox(world, services=[notebook_service(world, Notebook())], ports={"notebook.base": taken})
    with pytest.raises(OSError, match=f"cannot open port {taken} for notebook.base: Address already in use"):
        second.start()


def test_stop_closes_connections_and_releases_held_requests(bench, tmp_path):
    notebook = Notebook()
    world = World()
    second = Sandbox(world, services=[notebook_service(world, notebook)])
    second.start()
    authority = tmp_path / "second.pem"
    authority.write_text(second.ca_pem)
    url = f"{second.services['notebook'].addresses['base']}/lines"
    outcome: list[type[Exception]] = []
    held = second.world.faults.add(Rule("timeout", seconds=600, nth=2))

    def ask_twice() -> None:
        with requests.Session() as session:
            session.trust_env = False
            session.verify = str(authority)
            session.get(url)
            try:
                session.get(url)
            except requests.ConnectionError as error:
                outcome.append(type(error))

    asking = threading.Thread(target=ask_twice)
    asking.start()
    while not held.fired:
        time.sleep(0.01)
    second.stop()
    asking.join()
    assert outcome == [requests.ConnectionError]
    with pytest.raises(requests.ConnectionError):
        bench.session.get(url)
