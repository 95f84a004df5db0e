"""`lockstep doctor`: every setting with its origin, and whether this machine has what Lockstep needs."""

import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path

import click

from backend import config, logs
from backend.commands import output, settings
from backend.commands.database import unreachable
from backend.commands.output import Failure

CLOCK_TOLERANCE_SECONDS = 5.0
RELEASE_YEAR = 2026  # a clock before this is wrong


@dataclass(frozen=True)
class Check:
    """One finding; `remedy` says what to do when it is not ok."""

    name: str
    ok: bool
    detail: str
    remedy: str = ""


@click.command()
@output.as_json
def doctor(as_json: bool) -> None:
    """List all settings and check this machine; exit code 1 when something is missing."""
    loaded = settings.load()
    shown = [_setting(field, loaded) for field in config.Config.model_fields]
    checks = [check for find in CHECKS for check in _guarded(find, loaded)]
    data = {"settings": shown, "checks": [asdict(check) for check in checks], "ok": all(check.ok for check in checks)}
    output.facts(data, as_json, lambda: _lines(shown, checks))
    failed = [check for check in checks if not check.ok]
    if failed:
        raise Failure(" ".join(f"{check.name}: {check.remedy}" for check in failed))


def _setting(field: str, loaded: config.Config) -> dict[str, str]:
    info = config.Config.model_fields[field]
    value = getattr(loaded, field)
    text = "" if value is None else logs.mask_text(str(value))
    return {
        "name": config.variable(field),
        "value": logs.MASK if field in logs.SECRET_NAMES else text,
        "origin": config.origin(field, loaded),
        "meaning": info.description or "",
    }


def _lines(shown: list[dict[str, str]], checks: list[Check]) -> Iterator[str]:
    for row in shown:
        yield f"{row['name']:<32} {row['value'] or '-':<44} ({row['origin']}) {row['meaning']}"
    yield ""
    for check in checks:
        yield f"{'ok' if check.ok else 'NOT OK':<7} {check.name}: {check.detail}"


def _guarded(find: Callable[[config.Config], Iterator[Check]], loaded: config.Config) -> list[Check]:
    try:
        return list(find(loaded))
    except OSError as error:
        name = find.__name__.strip("_").replace("_", " ")
        return [Check(name, False, str(error), f"{error.strerror or error}; check the folder's rights.")]


def _python(_loaded: config.Config) -> Iterator[Check]:
    version = ".".join(map(str, sys.version_info[:3]))
    yield Check(
        "Python", sys.version_info >= (3, 11), f"{version} at {sys.executable}", "install Python 3.11 or newer."
    )


def _misspelt(_loaded: config.Config) -> Iterator[Check]:
    names = config.unknown_variables()
    if names:
        yield Check("settings", False, f"unknown: {', '.join(names)}", f"correct or remove {', '.join(names)}.")


def _data_folder(loaded: config.Config) -> Iterator[Check]:
    with tempfile.NamedTemporaryFile(dir=loaded.data_dir) as probe:
        difference = Path(probe.name).stat().st_mtime - time.time()
    yield Check("data folder", True, f"{loaded.data_dir} can be written")
    yield _clock("clock of the data folder", difference)
    for name in ("secret_key", "encryption_keys"):
        path = loaded.data_dir / name
        if path.exists() and path.stat().st_mode & 0o077:
            yield Check(name, False, f"{path} can be read by others", f"run `chmod 600 {path}`.")


def _time(_loaded: config.Config) -> Iterator[Check]:
    year = time.gmtime().tm_year
    sane = year >= RELEASE_YEAR
    yield Check("clock", sane, time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime()), "set the clock of this machine.")


def _database(loaded: config.Config) -> Iterator[Check]:
    from sqlalchemy.exc import OperationalError

    from backend.storage import migrate

    try:
        revision, latest = migrate.current(loaded.database_url), migrate.latest()
    except OperationalError as error:
        yield Check("database", False, "no answer", unreachable(error))
        return
    detail = f"{logs.mask_text(loaded.database_url)} is at revision {revision or 'none'} of {latest}"
    yield Check("database", revision == latest, detail, "run `lockstep db upgrade`.")
    if revision == latest:
        yield from _connections(loaded)


def _connections(loaded: config.Config) -> Iterator[Check]:
    from backend.storage.engine import reading
    from backend.storage.views.guide import progress
    from backend.web.guide_steps import steps
    from backend.wiring import Lockstep

    with closing(Lockstep.open(loaded)) as lockstep:
        stored = lockstep.connections.all()
        with reading(lockstep.database).begin() as connection:
            found = progress(connection)
    for one in stored:
        tested = f"tested {one.checked_at:%Y-%m-%d %H:%M} UTC" if one.checked_at else "never tested"
        remedy = f"see `lockstep connect {one.service} --help`."
        yield Check(f"connection {one.service}", not one.problem, one.problem or f"stored, {tested}", remedy)
    for number, step in enumerate(steps(found), 1):
        state = "done" if step.done else f"to do, with `{step.command}` or at {loaded.public_url}/guide"
        yield Check(f"set-up, step {number}", True, f"{step.title}: {state}. {step.proof}")


def _redis(loaded: config.Config) -> Iterator[Check]:
    import redis

    from backend.jobs import redis_server
    from backend.jobs.connection import connect, redis_url

    if not loaded.redis_url and not redis_server.answers(loaded.data_dir):
        try:
            yield Check("Redis", True, f"embedded, not running now; {redis_server.find_program()} will be started")
        except redis_server.RedisServerError as error:
            yield Check("Redis", False, "none", str(error))
        return
    address = logs.mask_text(redis_url(loaded))
    try:
        with connect(loaded) as client:
            version = client.info("server")["redis_version"]
    except redis.RedisError as error:
        yield Check("Redis", False, f"{address}: {error}", "correct LOCKSTEP_REDIS_URL or start that server.")
    else:
        yield Check("Redis", True, f"{version} answers at {address}")


def _clock(name: str, difference: float) -> Check:
    ok = abs(difference) < CLOCK_TOLERANCE_SECONDS
    return Check(name, ok, f"{difference:+.1f} s from this machine's", "keep all clocks in step with NTP.")


def _processors(loaded: config.Config) -> Iterator[Check]:
    yield Check("processors", True, f"{os.cpu_count()} for {loaded.workers} workers")


CHECKS = (_python, _misspelt, _time, _data_folder, _database, _redis, _processors)
