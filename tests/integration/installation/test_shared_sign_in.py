"""Processes of one installation share tokens and field layouts; what was asked is what the sandbox counted."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from backend.microsoft import auth
from backend.microsoft.auth import WITHOUT_ROLES
from backend.ports.errors import Transient
from backend.sandbox.faults import Rule
from backend.sandbox.world import Person
from backend.storage import tables
from backend.wiring import Lockstep
from tests.fakes.installation import Installation, ServiceClock, timed


@pytest.fixture
def people(installation: Installation, monkeypatch: pytest.MonkeyPatch) -> list[Person]:
    """Two people, known to an installation whose tokens nobody holds yet."""
    hired = installation.stage.hire(2)
    installation.assign()
    installation.read()
    with installation.lockstep.database.begin() as connection:
        connection.execute(sa.delete(tables.service_cache))
    installation.world.calls.clear()
    return hired


@contextmanager
def another(installation: Installation, monkeypatch: pytest.MonkeyPatch) -> Iterator[Lockstep]:
    """Lockstep as another process opens it: nothing is remembered but what is stored."""
    monkeypatch.setattr(auth, "_applications", {})
    with closing(
        Lockstep(installation.stage.config, ServiceClock(installation.world), installation.waited.append)
    ) as it:
        yield it


def asked(installation: Installation) -> Counter[str]:
    """Requests for tokens and layouts since the last question, answered or not, as the sandbox counted them."""
    counts = installation.world.calls.counts()
    installation.world.calls.clear()
    found: Counter[str] = Counter()
    for row in counts:
        for name in ("token", "discovery", "describe"):
            if row.operation.endswith(name):
                found[f"{row.service} {name}"] += row.calls
    return found


def everybody(opened: Lockstep, installation: Installation, people: list[Person]) -> list[str]:
    return [opened.sync_user(installation.id_of(person), "test").outcome for person in people]


FIRST = {"microsoft token": 1, "microsoft discovery": 1, "salesforce token": 2, "salesforce describe": 2}
"""What two people with new contacts cost once: a token of the application; a token and a layout each in Salesforce."""


def work(installation: Installation, people: list[Person], name: str) -> None:
    """Everybody made a contact in Outlook, so that Salesforce is asked in each pass."""
    for person in people:
        folder = installation.stage.contact_folder(person)
        contact = {"givenName": name, "surname": person.key}
        installation.stage.mailbox(person).create_contact(contact, folder)


def test_c10_processes_sign_in_once_together(
    installation: Installation, people: list[Person], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, expected in (("Ann", FIRST), ("Ben", {}), ("Cid", {})):
        work(installation, people, name)
        with another(installation, monkeypatch) as opened:
            assert everybody(opened, installation, people) == ["ok", "ok"]
        assert asked(installation) == expected, name
    assert sorted(row["FirstName"] for row in installation.records("FirstName", "Contact")) == sorted(
        ["Ann", "Ben", "Cid"] * 2
    )


def test_c10_real_processes_sign_in_once_together(installation: Installation, people: list[Person]) -> None:
    work(installation, people, "Ann")
    for expected in ({**FIRST, "salesforce token": 3}, {}):  # the third is the integration user's
        command = [sys.executable, "-m", "backend.cli", "sync", "--json"]
        done = subprocess.run(
            command, env=installation.stage.environment, capture_output=True, text=True, check=False, timeout=300
        )
        assert done.returncode == 0, done.stderr
        assert [one["outcome"] for one in json.loads(done.stdout)["people"]] == ["ok", "ok"]
        assert asked(installation) == expected


def test_ms003_a_token_is_asked_for_again_before_it_ends(
    installation: Installation, people: list[Person], monkeypatch: pytest.MonkeyPatch
) -> None:
    with another(installation, monkeypatch) as opened:
        everybody(opened, installation, people)
    asked(installation)
    for minutes, expected in ((54, 0), (1, 1), (54, 0)):
        installation.later(minutes=minutes)
        with another(installation, monkeypatch) as opened:
            opened.microsoft.tokens.token()
        assert asked(installation)["microsoft token"] == expected


def test_c10_a_token_that_was_refused_is_renewed_once_for_all(
    installation: Installation, people: list[Person], monkeypatch: pytest.MonkeyPatch
) -> None:
    """MS-003, SF-001: several processes hold the token that ends; the first that notices renews it."""
    with (
        another(installation, monkeypatch) as first,
        another(installation, monkeypatch) as second,
        another(installation, monkeypatch) as third,
    ):
        processes = [first, second, third]
        for opened in processes:
            assert opened.salesforce.users()
            assert opened.microsoft.check(people[0].address).result == "connected"
        assert asked(installation)["microsoft token"] == 1
        installation.tenant.expire_tokens()
        installation.stage.sandbox.services["salesforce"].tokens.sessions.clear()  # type: ignore[attr-defined]  # a Service by type
        for opened in processes:
            assert opened.salesforce.users()
            assert opened.microsoft.check(people[0].address).result == "connected"
        found = asked(installation)
        assert (found["microsoft token"], found["salesforce token"]) == (1, 1)


def test_connecting_anew_makes_stored_tokens_worthless(
    installation: Installation, people: list[Person], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Even with the same credentials: who stores them wants to know whether they work."""
    with another(installation, monkeypatch) as opened:
        everybody(opened, installation, people)
    asked(installation)
    installation.later(seconds=1)
    installation.connect_salesforce()
    secret = installation.tenant.add_secret(installation.tenant.app)
    installation.connect_microsoft({"secret": secret.value})
    work(installation, people, "Ann")
    with another(installation, monkeypatch) as opened:
        assert everybody(opened, installation, people) == ["ok", "ok"]
    assert asked(installation) == FIRST


def test_wrong_credentials_are_noticed_although_a_token_is_stored(
    installation: Installation, people: list[Person], monkeypatch: pytest.MonkeyPatch
) -> None:
    with another(installation, monkeypatch) as opened:
        everybody(opened, installation, people)
    installation.connect_microsoft({"secret": "guess"})
    with another(installation, monkeypatch) as opened:
        assert everybody(opened, installation, people[:1]) == ["failed"]
    assert "client secret is wrong" in installation.standing(people[0]).reason


def test_ms005_a_busy_sign_in_is_asked_once_by_all(
    installation: Installation, people: list[Person], monkeypatch: pytest.MonkeyPatch
) -> None:
    installation.world.faults.add(Rule("429", "microsoft", "token", remaining=1, seconds=30))
    for _ in range(3):
        with another(installation, monkeypatch) as opened, pytest.raises(Transient) as caught:
            opened.microsoft.tokens.token()
        assert 0 < (caught.value.retry_after or 0) <= 30
    assert asked(installation)["microsoft token"] == 1
    installation.later(seconds=30)
    with another(installation, monkeypatch) as opened:
        assert opened.microsoft.tokens.token()


def test_ms008_consent_shows_within_minutes_everywhere(
    installation: Installation, people: list[Person], monkeypatch: pytest.MonkeyPatch
) -> None:
    installation.tenant.revoke_roles()
    with another(installation, monkeypatch) as opened:
        assert everybody(opened, installation, people) == ["failed", "failed"]
    installation.tenant.app.consent()
    installation.later(seconds=WITHOUT_ROLES / timedelta(seconds=1))
    with another(installation, monkeypatch) as opened:
        assert everybody(opened, installation, people) == ["ok", "ok"]


def test_sf048_a_field_that_went_or_came_has_the_layout_asked_for_anew(
    installation: Installation, people: list[Person], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stored layout neither keeps asking for a field that was withdrawn nor misses the one that was needed."""
    ada = people[:1]
    work(installation, ada, "Ann")
    with another(installation, monkeypatch) as opened:
        everybody(opened, installation, ada)
    work(installation, ada, "Ben")
    asked(installation)
    passes = []
    for there in (False, False, True, True):
        installation.org.settings.key_field = there
        installation.later(hours=1)
        with another(installation, monkeypatch) as opened:
            (outcome,) = everybody(opened, installation, ada)
        passes.append((there, outcome, asked(installation)["salesforce describe"]))
    assert passes == [(False, "partial", 0), (False, "failed", 1), (True, "ok", 1), (True, "ok", 0)]
    assert sorted(row["FirstName"] for row in installation.records("FirstName", "Contact")) == ["Ann", "Ben"]


def test_no_token_lies_in_the_database_in_clear(
    installation: Installation, people: list[Person], monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    work(installation, people, "Ann")
    with another(installation, monkeypatch) as opened:
        everybody(opened, installation, people)
        token = opened.microsoft.tokens.token()
    sessions = installation.stage.sandbox.services["salesforce"].tokens.sessions  # type: ignore[attr-defined]  # a Service by type
    rows = installation.rows(sa.select(tables.service_cache))
    assert {row.service for row in rows} == {"microsoft-token", "salesforce-token", "salesforce-layout"}
    assert len(sessions) >= 2
    stored = repr(rows) + "".join(capfd.readouterr())
    assert not [secret for secret in (token, *sessions) if secret in stored]


def test_a_password_in_netrc_never_takes_the_place_of_a_token(
    installation: Installation, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "netrc"
    file.write_text("default login somebody password something\n", encoding="ascii")
    file.chmod(0o600)
    monkeypatch.setenv("NETRC", str(file))
    (person,) = installation.stage.hire(1)
    installation.assign()
    installation.box(person).create_event(timed("Talk", installation.soon()))
    installation.settle()
    monkeypatch.delenv("NETRC")
    assert [row["Subject"] for row in installation.records("Subject")] == ["Talk"]
