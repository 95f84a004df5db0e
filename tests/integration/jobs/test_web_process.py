"""`lockstep web` as a process: gunicorn around a WSGI app, in our log, and gone with its master."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest
import requests

from backend.commands.settings import free_port
from tests.fakes.processes import no_leftovers, running, tree, wait_until

ROOT = Path(__file__).parents[3]
APP = """
def app(environ, start_response):
    if environ["PATH_INFO"] == "/fail":
        raise ValueError("Bearer abcdefghijklmnop")
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"served"]
"""


@dataclass
class Web:
    process: subprocess.Popen[bytes]
    url: str
    log: Path


@pytest.fixture
def web(tmp_path: Path) -> Iterator[Web]:
    (tmp_path / "wsgi.py").write_text(APP)
    port = free_port("127.0.0.1", 0)
    settings = {"LOCKSTEP_DATA_DIR": str(tmp_path / "data"), "LOCKSTEP_PORT": str(port), "PYTHONPATH": str(ROOT)}
    log = tmp_path / "log"
    with no_leftovers() as pids, log.open("wb") as file:
        process = subprocess.Popen(
            [sys.executable, "-m", "backend.cli", "web"],
            env=os.environ | settings,
            cwd=tmp_path,
            stderr=file,
            start_new_session=True,
        )
        pids.append(process.pid)
        started = Web(process, f"http://127.0.0.1:{port}", log)
        wait_until(lambda: answer(started.url) == "served", "the pages")
        yield started


def answer(url: str) -> str | None:
    try:
        with requests.Session() as session:
            session.trust_env = False
            return session.get(url, timeout=5).text
    except requests.ConnectionError:
        return None


def test_web_leaves_with_zero_on_sigterm(web: Web) -> None:
    everyone = tree(web.process.pid)
    web.process.terminate()
    assert web.process.wait(10) == 0
    assert running(everyone) == []


def test_gunicorn_workers_are_gone_after_kill_9_of_their_master(web: Web) -> None:
    workers = psutil.Process(web.process.pid).children(recursive=True)
    assert workers != []
    web.process.send_signal(signal.SIGKILL)
    wait_until(lambda: running(workers) == [], "the workers to be gone", 10)


def test_failure_of_a_page_is_logged_with_its_secrets_masked(web: Web) -> None:
    assert "Internal Server Error" in str(answer(f"{web.url}/fail"))
    wait_until(lambda: "ValueError: Bearer ***" in web.log.read_text(), "the logged failure")
    assert "abcdefghijklmnop" not in web.log.read_text()
