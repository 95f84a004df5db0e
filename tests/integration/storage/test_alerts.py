"""What somebody is told of when nobody looks at a page: each thing once, and once more when it is over."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
import sqlalchemy as sa

from backend import alerting, config
from backend.alerting import NotDelivered, deliver, watch
from backend.storage import migrate
from backend.storage import tables as t
from backend.storage.engine import create_engine
from backend.storage.views.alerts import alerts

CYCLE = timedelta(minutes=5)


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> config.Config:
    migrate.upgrade(database_url)
    found = {"database_url": database_url, "data_dir": tmp_path, "alert_webhook_url": "http://127.0.0.1:9/hook"}
    return config.load(found)


@pytest.fixture
def now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)


@pytest.fixture
def database(settings: config.Config, now: datetime) -> Any:
    engine = create_engine(settings.database_url)
    with engine.begin() as connection:
        connection.execute(sa.insert(t.organisation).values(id=1, cycle_at=now))
        person = {"crm_user_id": "005A", "username": "maya", "name": "Maya Lindqvist", "address": "m@x.example"}
        connection.execute(sa.insert(t.person).values(id=1, profile="Sales", active=True, **person))
        connection.execute(sa.insert(t.user_state).values(user_id=1, syncs=True, last_ok_at=now, assigned_at=now))
    yield engine
    engine.dispose()


def found(database: sa.Engine, now: datetime) -> list[str]:
    with database.connect() as connection:
        return [one.key for one in alerts(connection, now, CYCLE)]


def change(database: sa.Engine, table: sa.Table, **values: object) -> None:
    with database.begin() as connection:
        connection.execute(sa.update(table).values(**values))


def test_nothing_wrong_is_nothing_to_tell(database: sa.Engine, now: datetime) -> None:
    assert found(database, now + timedelta(minutes=29)) == []


def test_an_overdue_cycle_is_told_unless_somebody_stopped_everything(database: sa.Engine, now: datetime) -> None:
    assert found(database, now + timedelta(minutes=31)) == ["cycle"]
    change(database, t.organisation, stopped=True)
    assert found(database, now + timedelta(minutes=31)) == []


def test_a_person_failing_for_over_an_hour_is_told_with_the_remedy(database: sa.Engine, now: datetime) -> None:
    change(database, t.user_state, failures=3, reason="Access denied.", remedy="Add her to the group.")
    assert found(database, now) == []
    change(database, t.user_state, last_ok_at=now - timedelta(hours=1, minutes=1))

    with database.connect() as connection:
        (one,) = alerts(connection, now, CYCLE)
    assert one.text.endswith("Access denied. Add her to the group.")
    change(database, t.user_state, paused=True)
    assert found(database, now) == []


@pytest.mark.parametrize(("days", "step"), [(31, None), (29, 30), (6, 7), (0.5, 1), (-3, 1)])
def test_ends_of_certificates_are_told_30_7_and_1_days_ahead(
    database: sa.Engine, now: datetime, days: float, step: int | None
) -> None:
    ends = {"certificate_ends": (now + timedelta(days=days)).isoformat()}
    with database.begin() as connection:
        connection.execute(sa.insert(t.connection).values(service="microsoft", settings=ends, updated_at=now))

    assert found(database, now) == ([f"end:microsoft:certificate_ends:{step}"] if step else [])


def test_each_thing_is_told_once_and_once_more_when_it_is_over(
    database: sa.Engine, settings: config.Config, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[tuple[str, list[str]]] = []
    monkeypatch.setattr(alerting, "deliver", lambda _config, subject, lines: sent.append((subject, list(lines))))
    change(database, t.organisation, cycle_at=now - timedelta(hours=2))

    watch(settings, cycle_served=False)
    watch(settings, cycle_served=False)
    change(database, t.organisation, cycle_at=now)
    watch(settings, cycle_served=False)
    watch(settings, cycle_served=False)

    assert len(sent) == 2
    assert sent[0][1][0].startswith("Salesforce was last read")
    assert sent[1][1][0].startswith("Over: Salesforce was last read")


def test_what_could_not_be_told_is_told_later(
    database: sa.Engine, settings: config.Config, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    change(database, t.organisation, cycle_at=now - timedelta(hours=2))
    watch(settings, cycle_served=False)  # nobody listens at that address

    sent: list[str] = []
    monkeypatch.setattr(alerting, "deliver", lambda _config, subject, _lines: sent.append(subject))
    watch(settings, cycle_served=False)

    assert len(sent) == 1


class _Hook(BaseHTTPRequestHandler):
    bodies: list[tuple[str, str]] = []  # noqa: RUF012 - of the test that listens

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self.bodies.append((self.path, body))
        self.send_response(204)
        self.end_headers()

    def do_GET(self) -> None:
        self.bodies.append((self.path, ""))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_arguments: object) -> None:
        """Quiet."""


def test_webhook_and_dead_mans_switch_are_called_and_their_secrets_never_shown(settings: config.Config) -> None:
    _Hook.bodies = []
    server = HTTPServer(("127.0.0.1", 0), _Hook)
    Thread(target=server.serve_forever, daemon=True).start()
    base = f"http://127.0.0.1:{server.server_port}"
    listening = config.load({
        "database_url": settings.database_url, "data_dir": settings.data_dir,
        "alert_webhook_url": f"{base}/hook-s3cret", "ping_url": f"{base}/ping-s3cret",
    })  # fmt: skip
    try:
        deliver(listening, "Lockstep: a test", ["One line."])
        watch(listening, cycle_served=False)
        watch(listening, cycle_served=True)
    finally:
        server.shutdown()
        server.server_close()

    assert [path for path, _ in _Hook.bodies] == ["/hook-s3cret", "/ping-s3cret"]
    assert "One line." in _Hook.bodies[0][1]
    with pytest.raises(NotDelivered) as failed:
        deliver(listening, "Lockstep: a test", ["One line."])
    assert "s3cret" not in str(failed.value)
    assert "s3cret" not in repr(listening)


class _MailServer:
    """A mail server that remembers."""

    def __init__(self) -> None:
        self.signed_in: list[tuple[str, str]] = []
        self.sent: list[EmailMessage] = []

    def __enter__(self) -> _MailServer:
        return self

    def __exit__(self, *_error: object) -> None:
        """Nothing to close."""

    def login(self, user: str, password: str) -> None:
        self.signed_in.append((user, password))

    def send_message(self, message: EmailMessage) -> None:
        self.sent.append(message)


def test_mail_goes_to_everybody_named_with_the_accounts_own_characters(
    settings: config.Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = _MailServer()
    monkeypatch.setattr(alerting, "_server", lambda *_where: server)
    mailing = config.load({
        "database_url": settings.database_url, "data_dir": settings.data_dir, "alert_to": "a@x.example, b@x.example",
        "alert_smtp_url": "smtp://us%40er:p%3Aw@mail.example:587",
    })  # fmt: skip

    deliver(mailing, "Lockstep: one\nBcc: evil@x.example", ["One line."])

    (mail,) = server.sent
    assert mail["To"] == "a@x.example, b@x.example"
    assert mail["Subject"] == "Lockstep: one Bcc: evil@x.example"
    assert mail["Bcc"] is None
    assert server.signed_in == [("us@er", "p:w")]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("alert_to", "nobody"),
        ("alert_smtp_url", "mail.example"),
        ("alert_webhook_url", "hook"),
        ("ping_url", "ftp://x"),
    ],
)
def test_wrong_channels_are_named_with_the_remedy(tmp_path: Path, name: str, value: str) -> None:
    with pytest.raises(config.ConfigError, match=f"LOCKSTEP_{name.upper()} cannot be used"):
        config.load({"data_dir": tmp_path, name: value})
