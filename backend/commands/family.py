"""The processes of one installation, as the supervisor's programs."""

import sys
import urllib.error
import urllib.request
from collections.abc import Callable

from backend.config import Config
from backend.jobs import redis_server
from backend.jobs.supervisor import Program

PYTHON = (sys.executable, "-m")
LOCKSTEP = (*PYTHON, "backend.cli")
DATABASE = Program("db", (*LOCKSTEP, "db", "upgrade"))


def before_the_database(settings: Config) -> list[Program]:
    """What runs before the database is brought up to date: the embedded Redis, unless a Redis was given."""
    if settings.redis_url:
        return []
    keeper = (*PYTHON, "backend.jobs.redis_keeper", str(settings.data_dir))
    return [Program("redis", keeper, ready=lambda: redis_server.answers(settings.data_dir), outlives=True)]


def services(settings: Config) -> list[Program]:
    """Web, worker and scheduler, in the order in which they start."""
    return [
        Program("web", (*LOCKSTEP, "web"), ready=answers(f"{local_url(settings)}/health")),
        Program("worker", (*LOCKSTEP, "worker")),
        Program("scheduler", (*LOCKSTEP, "scheduler")),
    ]


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

    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # never ask a proxy for this machine
    return check
