"""Every request that the adapter sends is one that Graph documents, with a body that follows its schema."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit
from uuid import uuid4

import pytest
import requests
from jsonschema import Draft202012Validator

from backend.domain.fieldmap import GROUPS
from backend.domain.values import AllDay, Kind, Values
from backend.microsoft.transport import ServiceSession
from backend.ports.answers import Op, Write
from backend.ports.mailbox import Probe
from tests.contract.ports.mailbox_port import FULL_CONTACT, FULL_EVENT, NINE, SPAN, WEEKLY_STARTS, meeting
from tests.fakes.graph_bench import ADA, GraphBench, meeting_body, weekly

FOLDER = Path(__file__).resolve().parents[3].parent / "shared" / "contracts" / "microsoft-graph"

pytestmark = [
    pytest.mark.contract,
    pytest.mark.skipif(not FOLDER.is_dir(), reason="the schemas of Graph are not beside the project"),
]

SCHEMAS = [
    (r"POST /users/[^/]+/contactFolders", "contactFolderCreate"),
    (r"POST /users/[^/]+/contactFolders/[^/]+/contacts", "contactCreate"),
    (r"PATCH /users/[^/]+/contacts/[^/]+", "contactUpdate"),
    (r"POST /users/[^/]+/calendar/events", "eventCreate"),
    (r"PATCH /users/[^/]+/events/[^/]+", "eventUpdate"),
    (r"POST /\$batch", "batchRequest"),
]


@cache
def _document(name: str) -> Any:
    return json.loads((FOLDER / name).read_text(encoding="utf-8"))


@cache
def _operations() -> list[tuple[str, re.Pattern[str], frozenset[str]]]:
    found = _document("operations.json")
    rows = found if isinstance(found, list) else found["operations"]
    return [
        (
            row["method"],
            re.compile(re.sub(r"\\\{[^}]*\\\}", "[^/]+", re.escape(row["path"]))),
            frozenset(name.lower() for name in row["query"]),
        )
        for row in rows
    ]


class Recorder:
    """All that left: method, path below the version, options, body."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, str, dict[str, str], Any]] = []

    def note(self, method: str, url: str, body: Any) -> None:
        parts = urlsplit(url)
        path = parts.path.removeprefix("/v1.0")
        self.sent.append((method, path, dict(parse_qsl(parts.query)), body))
        if path == "/$batch":
            for inner in body["requests"]:
                self.note(inner["method"], inner["url"], inner.get("body"))


@pytest.fixture
def recorder(monkeypatch: pytest.MonkeyPatch) -> Recorder:
    """Notes every request of the adapter's session to Graph."""
    found = Recorder()
    real: Callable[..., requests.Response] = ServiceSession.request

    def request(self: ServiceSession, method: str, url: str, *args: Any, **kwargs: Any) -> requests.Response:
        if "/v1.0/" in url:
            found.note(method, url, kwargs.get("json"))
        return real(self, method, url, *args, **kwargs)

    monkeypatch.setattr(ServiceSession, "request", request)
    return found


def _write(bench: GraphBench, kind: Kind, op: Op, values: Values, **more: Any) -> str:
    container = bench.port.container(kind)
    answer = bench.port.write(container, [Write(uuid4(), op, kind, values, **more)])[0]
    return answer.stored.id if answer.stored is not None else ""


def _everything(bench: GraphBench) -> None:
    """Each call of the port, each group written and blanked, each kind of event."""
    bench.port.identity()
    bench.connection.check(ADA)
    list(bench.connection.users())
    for kind, full in ((Kind.CONTACT, FULL_CONTACT), (Kind.EVENT, FULL_EVENT)):
        made = _write(bench, kind, Op.CREATE, full, key=uuid4())
        _write(bench, kind, Op.CREATE, full, key=uuid4(), attempt=1)
        for group in GROUPS[kind]:
            _write(bench, kind, Op.UPDATE, {group: full.get(group)}, target=made)
            if group != "when":
                _write(bench, kind, Op.UPDATE, {group: None}, target=made)
        container = bench.port.container(kind)
        first = list(bench.port.changes(kind, container, None, SPAN))[-1].cursor
        bench.port.fetch(kind, container, [made, "gone"])
        bench.port.find_tagged(kind, container, [uuid4()])
        bench.port.find_elsewhere(kind, container, [uuid4()])
        bench.port.find_like(kind, container, [Probe(uuid4(), full)])
        list(bench.port.changes(kind, container, first, SPAN))
        _write(bench, kind, Op.DELETE, {}, target=made)
    days: Values = {"subject": "Fair", "when": AllDay(date(2026, 3, 28), date(2026, 3, 30))}
    _write(bench, Kind.EVENT, Op.CREATE, days, key=uuid4())
    bench.port.find_like(Kind.EVENT, "", [Probe(uuid4(), days)])
    series = {**meeting_body(meeting("Weekly")), "recurrence": weekly("2026-03-09", 6, "monday")}
    master = bench.box.create_event(series)
    _write(bench, Kind.EVENT, Op.UPDATE, {"subject": "x"}, target=master, original_start=WEEKLY_STARTS[0])
    _write(bench, Kind.EVENT, Op.DELETE, {}, target=master, original_start=WEEKLY_STARTS[1])
    online = bench.box.create_event(
        {**meeting_body(meeting("Call", NINE + timedelta(days=1))), "isOnlineMeeting": True}
    )
    _write(bench, Kind.EVENT, Op.UPDATE, {"description": "Agenda"}, target=online)


def test_ms014_every_body_follows_the_schema_of_its_request(graph_bench: GraphBench, recorder: Recorder) -> None:
    _everything(graph_bench)
    problems: list[str] = []
    used: set[str] = set()
    for method, path, _, body in recorder.sent:
        if body is None:
            continue
        names = [name for pattern, name in SCHEMAS if re.fullmatch(pattern, f"{method} {path}")]
        if not names:
            problems.append(f"{method} {path}: no schema for this body")
            continue
        used.add(names[0])
        schema = {**_document("schemas.json"), "$ref": f"#/$defs/{names[0]}"}
        problems += [
            f"{method} {path} {each.json_path}: {each.message}"
            for each in Draft202012Validator(schema).iter_errors(body)
        ]
    assert problems == []
    assert used == {name for _, name in SCHEMAS}


def test_ms014_every_request_and_query_option_is_documented(graph_bench: GraphBench, recorder: Recorder) -> None:
    _everything(graph_bench)
    unknown: set[str] = set()
    for method, path, options, _ in recorder.sent:
        found = [known for verb, pattern, known in _operations() if verb == method and pattern.fullmatch(path)]
        if not found:
            unknown.add(f"{method} {path}")
            continue
        known = frozenset().union(*found)
        unknown |= {f"{method} {path} ?{name}" for name in options if name.lower() not in known}
    assert unknown == set()


def test_attendees_are_in_no_body_inv12(graph_bench: GraphBench, recorder: Recorder) -> None:
    _everything(graph_bench)
    bodies = [body for _, path, _, body in recorder.sent if isinstance(body, dict) and path != "/$batch"]
    assert bodies
    assert [body for body in bodies if "attendees" in body or "recurrence" in body] == []


def test_ms042_every_request_wants_immutable_ids(graph_bench: GraphBench, recorder: Recorder) -> None:
    """Inner requests do not inherit the headers of their batch."""
    _everything(graph_bench)
    batches = [body for _, path, _, body in recorder.sent if path == "/$batch"]
    inner = [each for body in batches for each in body["requests"]]
    assert len(inner) > 50
    assert [each["url"] for each in inner if 'IdType="ImmutableId"' not in each["headers"]["Prefer"]] == []
