"""What a worker prepares for its jobs: nothing of it shows, and jobs work with it."""

from __future__ import annotations

import os
from contextlib import closing
from typing import Any

import pytest
import requests
import sqlalchemy as sa
from sqlalchemy.sql.compiler import SQLCompiler

from backend.storage import statements, tables
from backend.storage.engine import opened, reading
from backend.trust import Trusted, trust_file
from backend.warm_up import warm_up
from backend.wiring import Lockstep
from tests.fakes.installation import Installation

ALL = tables.metadata.sorted_tables


def _rows(installation: Installation) -> dict[str, list[tuple[object, ...]]]:
    with reading(installation.lockstep.database).begin() as connection:
        return {table.name: [tuple(row) for row in connection.execute(sa.select(table))] for table in ALL}


def test_a_warm_up_leaves_nothing_behind_and_reaches_no_service(installation: Installation) -> None:
    before, calls = _rows(installation), len(list(installation.world.calls.counts()))
    warm_up(installation.stage.config)
    assert before["connection"]
    assert _rows(installation) == before
    assert len(list(installation.world.calls.counts())) == calls


def test_a_warm_up_before_anything_is_connected_is_no_trouble(empty: Installation) -> None:
    before = _rows(empty)
    warm_up(empty.stage.config)
    assert _rows(empty) == before


def test_a_job_opens_what_its_worker_prepared_with_a_connection_of_its_own(installation: Installation) -> None:
    warm_up(installation.stage.config)
    prepared = opened(installation.stage.config.database_url)
    child = os.fork()
    if child == 0:
        try:
            with closing(Lockstep.open(installation.stage.config)) as lockstep:
                fine = lockstep.database is prepared and lockstep.connections.load("salesforce") is not None
            os._exit(0 if fine else 1)
        finally:
            os._exit(2)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_a_quiet_pass_compiles_nothing_that_its_worker_did_not(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    installation.stage.hire(1)
    installation.assign()
    installation.settle()
    installation.later(minutes=15)
    monkeypatch.setattr(statements, "_prepared", {})
    warm_up(installation.stage.config)
    installation.open()
    compiled: list[str] = []
    compile_ = SQLCompiler.__init__

    def noted(self: SQLCompiler, *args: Any, **options: Any) -> None:
        compile_(self, *args, **options)
        compiled.append(str(self))

    monkeypatch.setattr(SQLCompiler, "__init__", noted)
    (user,) = installation.lockstep.store.users()
    compiled.clear()
    report = installation.lockstep.sync_user(user.user_id, "test")
    assert (report.outcome, report.written, compiled) == ("ok", 0, [])


def test_only_servers_of_the_trusted_authorities_are_spoken_to(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("REQUESTS_CA_BUNDLE", raising=False)
    monkeypatch.delenv("CURL_CA_BUNDLE", raising=False)
    address = installation.stage.sandbox.credentials()["microsoft"]["graph_url"]
    with requests.Session() as session:
        session.mount("https://", Trusted(None))
        with pytest.raises(requests.exceptions.SSLError):
            session.get(address)
        session.mount("https://", Trusted(trust_file(installation.stage.config)))
        assert session.get(address, verify=str(trust_file(installation.stage.config))).status_code
        assert session.get(address).status_code
