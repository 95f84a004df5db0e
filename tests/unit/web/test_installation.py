"""The pages of a real installation: its database, its accounts, and what they say while Redis is away."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from backend import config
from backend.app import Installation, SystemClock, create_app, limits_storage
from backend.config import Config
from backend.storage import tables as t
from backend.storage.accounts import create_admin
from backend.storage.engine import create_engine
from backend.storage.migrate import latest, upgrade
from tests.fakes.page_world import fill
from tests.unit.web.conftest import Visitor
from tests.unit.web.test_status import text_of


@pytest.fixture
def installed(tmp_path: Path) -> Config:
    """Settings of an installation with a migrated database and one admin."""
    loaded = config.load({"data_dir": tmp_path})
    upgrade(loaded.database_url)
    engine = create_engine(loaded.database_url)
    create_admin(engine, SystemClock(), "admin@example.com", "a password of length")
    engine.dispose()
    return loaded


@pytest.fixture
def installation(installed: Config) -> Iterator[Installation]:
    """What its pages use."""
    made = Installation(installed)
    fill(made.engine)
    yield made
    made.engine.dispose()


def wanted(installation: Installation) -> set[int]:
    with installation.engine.connect() as connection:
        return set(connection.scalars(sa.select(t.user_state.c.user_id).where(t.user_state.c.wanted_again)))


def test_admin_signs_in_to_an_installation_that_was_just_made(installed: Config) -> None:
    visitor = Visitor(create_app(installed).test_client())

    answer = visitor.sign_in("Admin@example.com", "a password of length")
    words = text_of(visitor.get("/").text)

    assert answer.status_code == 302
    assert "Nobody syncs yet" in words
    assert "Redis does not answer." in words


def test_sign_ins_stand_in_the_audit(installed: Config) -> None:
    app = create_app(installed)
    Visitor(app.test_client()).sign_in("admin@example.com", "wrong")
    Visitor(app.test_client()).sign_in("admin@example.com", "a password of length")

    engine = create_engine(installed.database_url)
    with engine.connect() as connection:
        acts = connection.execute(sa.select(t.audit.c.actor, t.audit.c.action).order_by(t.audit.c.id)).all()
    engine.dispose()

    assert [tuple(act) for act in acts] == [
        ("admin@example.com", "sign-in refused"),
        ("admin@example.com", "signed in"),
    ]


def test_not_ready_without_redis_and_without_migrations(installed: Config, tmp_path: Path) -> None:
    bare = config.load({"data_dir": tmp_path / "bare"})

    present = create_app(installed).test_client().get("/ready")
    missing = create_app(bare).test_client().get("/ready")

    redis = "Redis does not answer (ConnectionError): look at LOCKSTEP_REDIS_URL."
    assert present.status_code == 503
    assert present.json is not None
    assert present.json["checks"] == {"database": "ok", "migrations": "ok", "redis": redis}
    assert missing.json is not None
    assert missing.json["checks"]["migrations"] == f"The schema is at None, not {latest()}: run `lockstep db upgrade`."


def test_wish_for_a_pass_is_kept_while_redis_is_away(installation: Installation) -> None:
    installation.sync_now([3, 5], "asked for by Claire Dubois")

    assert wanted(installation) == {3, 5}


def test_wish_for_everybody_is_noted_for_all_who_are_in_a_configuration(installation: Installation) -> None:
    installation.sync_now(None, "asked for by Claire Dubois")

    assert len(wanted(installation)) == 40


def test_pause_and_resume_of_everybody(installation: Installation) -> None:
    def paused() -> int | None:
        with installation.engine.connect() as connection:
            return connection.scalar(sa.select(sa.func.count()).select_from(t.user_state).where(t.user_state.c.paused))

    services = installation.services()
    services.set_paused(None, True)
    everybody = paused()
    services.set_paused(None, False)

    assert (everybody, paused()) == (40, 0)


def test_decision_about_a_step_that_is_not_held_is_refused(installation: Installation) -> None:
    with pytest.raises(ValueError, match="no longer held"):
        installation.decide("11111111-1111-5111-8111-111111111111", "send")


@pytest.mark.parametrize(
    ("address", "storage"),
    [("unix:///data/redis.sock", "redis+unix:///data/redis.sock"), ("redis://host:6379/0", "redis://host:6379/0")],
)
def test_attempts_are_counted_in_the_same_redis(address: str, storage: str) -> None:
    assert limits_storage(address) == storage
