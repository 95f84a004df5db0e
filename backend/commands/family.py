"""The processes of one installation, as the supervisor's programs."""

import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping

from backend.config import Config
from backend.jobs import redis_server
from backend.jobs.supervisor import Program, Supervisor

PYTHON = (sys.executable, "-m")
LOCKSTEP = (*PYTHON, "backend.cli")
# macOS stops a forked child that touches Objective-C, which looking up a proxy does; must be set before the start.
MACOS_FORKING = {"OBJC_DISABLE_INITIALIZE_FORK_SAFETY": "YES"} if sys.platform == "darwin" else {}

opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
"""For addresses of this machine: no proxy is ever asked for them."""


def start(supervisor: Supervisor, settings: Config, environment: Mapping[str, str]) -> None:
    """Start Redis (unless one was given), bring the database up to date, start web, worker and scheduler.

    `environment` makes the children load the same `settings`. Raises SupervisorError when one does not start.
    """
    if not settings.redis_url:
        supervisor.start([_redis(settings)])
    supervisor.run(Program("db", (*LOCKSTEP, "db", "upgrade"), environment=environment))
    health = answers(f"{local_url(settings)}/health")
    supervisor.start([
        Program("web", (*LOCKSTEP, "web"), ready=health, environment=environment),
        Program("worker", (*LOCKSTEP, "worker"), environment={**environment, **MACOS_FORKING}),
        Program("scheduler", (*LOCKSTEP, "scheduler"), environment=environment),
    ])  # fmt: skip


def _redis(settings: Config) -> Program:
    keeper = (*PYTHON, "backend.jobs.redis_keeper", str(settings.data_dir))
    return Program("redis", keeper, ready=lambda: redis_server.answers(settings.data_dir), outlives=True)


def local_url(settings: Config) -> str:
    """Where the pages are reached from this machine."""
    host = "127.0.0.1" if settings.host in ("0.0.0.0", "::") else settings.host  # noqa: S104  # compared, not bound
    return f"http://{host}:{settings.port}"


def answers(url: str) -> Callable[[], bool]:
    """A check whether an address of this machine answers with a status below 500."""

    def check() -> bool:
        try:
            with opener.open(url, timeout=2):
                return True
        except urllib.error.HTTPError as error:
            return error.code < 500
        except OSError:
            return False

    return check
