"""`lockstep web`, `worker`, `scheduler`: the processes one by one, for several machines or a service manager."""

import logging
import sys
from typing import Any

import click

from backend.commands import settings
from backend.config import Config

GRACE_SECONDS = 3
REQUEST_SECONDS = 60


@click.command()
@click.option("--port", type=click.IntRange(0, 65535), help="Port to listen on (LOCKSTEP_PORT).")
def web(port: int | None) -> None:
    """Serve the pages with gunicorn over wsgi:app."""
    loaded = settings.load(port=port)
    _serve(loaded)


@click.command()
def worker() -> None:
    """Sync users: a pool of RQ workers (LOCKSTEP_WORKERS); any number may run, on any machine."""
    from backend.jobs import worker as pool

    loaded = settings.load()
    _require_redis(loaded)
    pool.run(loaded)


@click.command()
def scheduler() -> None:
    """Ring for the organisation's cycle; several schedulers do no harm."""
    from backend.jobs import schedule

    loaded = settings.load()
    _require_redis(loaded)
    schedule.run(loaded)


def _require_redis(loaded: Config) -> None:
    from backend.jobs import redis_server

    if not loaded.redis_url and not redis_server.answers(loaded.data_dir):
        click.echo(
            f"No Redis: set LOCKSTEP_REDIS_URL, or run `lockstep up`, which starts one in {loaded.data_dir}.", err=True
        )
        sys.exit(1)


def _serve(loaded: Config) -> None:
    from gunicorn.app.base import BaseApplication
    from gunicorn.glogging import Logger
    from gunicorn.util import import_app

    class SharedLog(Logger):
        """gunicorn's messages join our log, in its form and with its masking."""

        def setup(self, _config: Any) -> None:
            for name in ("gunicorn.error", "gunicorn.access"):
                logger = logging.getLogger(name)
                logger.handlers.clear()
                logger.propagate = True
            self.error_log.setLevel(logging.WARNING)

    class Server(BaseApplication):
        """One gunicorn process with threads."""

        def load_config(self) -> None:
            options = {
                "bind": f"{loaded.host}:{loaded.port}",
                "worker_class": "gthread",
                "threads": loaded.web_threads,
                "timeout": REQUEST_SECONDS,
                "graceful_timeout": GRACE_SECONDS,
                "control_socket_disable": True,
                "logger_class": SharedLog,
                "proc_name": "lockstep-web",
            }
            for name, value in options.items():
                self.cfg.set(name, value)

        def load(self) -> Any:
            return import_app("wsgi:app")

    settings.require_free(loaded.host, loaded.port, "LOCKSTEP_PORT or --port")
    Server().run()
