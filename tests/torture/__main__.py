"""`python -m tests.torture`: kill -9 at work, with faults on, and then every field of both sides is compared.

Prints a table, or JSON; the exit code is 1 when anything is lost, doubled or mailed, or when the kills did not hit
enough. What is drawn follows from the seed; when exactly a request arrives does not.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from tests.fakes import postgres
from tests.fakes.stage import stage
from tests.torture.game import LEASE_SECONDS, PEOPLE, Game, Outcomes
from tests.torture.report import complaints, facts, print_table

KILLS, SHORT_KILLS = 50, 10
LAST_LINES = 40


def main() -> int:
    """Plays once; the exit code."""
    options = _options()
    kills = options.kills or (SHORT_KILLS if options.short else KILLS)
    with _folder(options.keep) as folder, _database(options.database) as database:
        outcomes, log = _play(folder, database, kills, options.seed)
    failures = complaints(outcomes, kills)
    if failures:
        sys.stderr.write("\n".join(["", *log.splitlines()[-LAST_LINES:], "", f"Again: {_again(options)}", ""]))
    if options.json:
        print(json.dumps(facts(outcomes, failures), indent=2, ensure_ascii=False))  # noqa: T201 - what it is for
    else:
        print_table(outcomes, kills, failures)
    return 1 if failures else 0


def _play(folder: Path, database: str, kills: int, seed: int) -> tuple[Outcomes, str]:
    """What came of it, and the log of the processes that were tortured."""
    settings = {
        "cycle_seconds": 2,
        "lease_seconds": LEASE_SECONDS,
        "workers": 2,
        **({"database_url": database} if database else {}),
    }
    log_path = folder / "processes.log"
    with stage(folder, PEOPLE, seed=seed, **settings) as opened, log_path.open("w") as log, _progress(kills) as tell:
        opened.configure()
        outcomes = Game(opened, kills, seed, log, tell).play()
    return outcomes, log_path.read_text(errors="replace")


def _again(options: argparse.Namespace) -> str:
    """The command that draws the same once more."""
    words = ["--short"] if options.short else []
    words += [f"--kills {options.kills}"] if options.kills else []
    words += [f"--database {options.database}"] if options.database != "sqlite" else []
    return f'make torture ARGS="{" ".join([*words, f"--seed {options.seed}"])}"'


@contextmanager
def _progress(kills: int) -> Iterator[Callable[[str, int], None]]:
    """Tells what happens, line by line; on a terminal with a bar below."""
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    columns = (TextColumn("kills"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal) as bar:
        task = bar.add_task("kills", total=kills)

        def tell(text: str, further: int) -> None:
            console.print(text, markup=False)
            bar.advance(task, further)

        yield tell


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make torture", description=__doc__)
    parser.add_argument("--short", action="store_true", help=f"{SHORT_KILLS} kills instead of {KILLS}")
    parser.add_argument("--kills", type=int, help="any other number of kills")
    parser.add_argument("--seed", type=int, default=20_261, help="what is drawn follows from it (default: %(default)s)")
    parser.add_argument("--database", choices=("sqlite", "postgres"), default="sqlite")
    parser.add_argument("--json", action="store_true", help="JSON alone on standard output")
    parser.add_argument("--keep", type=Path, help="folder for database and logs, kept for looking at")
    return parser.parse_args()


@contextmanager
def _folder(kept: Path | None) -> Iterator[Path]:
    if kept is not None:
        kept.mkdir(parents=True, exist_ok=True)
        yield kept.absolute()
        return
    with tempfile.TemporaryDirectory(prefix="lockstep-torture-", ignore_cleanup_errors=True) as folder:
        yield Path(folder)


@contextmanager
def _database(kind: str) -> Iterator[str]:
    """Address of an empty PostgreSQL database; empty for SQLite in the folder."""
    if kind == "sqlite":
        yield ""
        return
    with postgres.blank() as url:
        yield url


if __name__ == "__main__":
    sys.exit(main())
