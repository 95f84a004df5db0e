"""`python -m tests.torture`: kill -9 at work, with faults on, and then every field of both sides is compared.

Prints a table and JSON; exit code 1 when anything is lost, doubled or mailed, or when the kills did not hit enough.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from tests.fakes import postgres
from tests.fakes.stage import stage
from tests.torture.game import LEASE_SECONDS, PEOPLE, Game, Outcomes
from tests.torture.shots import MODES

KILLS, SHORT_KILLS = 50, 10
OPEN_SHARE, IN_FLIGHT_SHARE = 40 / 50, 15 / 50
"""At least so many of the kills have to hit an open run, and a write in flight."""


def main() -> int:
    """Plays once; the exit code."""
    options = _options()
    kills = options.kills or (SHORT_KILLS if options.short else KILLS)
    with _folder(options.keep) as folder, _database(options.database) as database:
        settings = {
            "cycle_seconds": 2,
            "lease_seconds": LEASE_SECONDS,
            "workers": 2,
            **({"database_url": database} if database else {}),
        }
        log_path = folder / "processes.log"
        with stage(folder, PEOPLE, seed=options.seed, **settings) as opened, log_path.open("w") as log:
            opened.configure()
            outcomes = Game(opened, kills, options.seed, log, _say).play()
        failures = complaints(outcomes, kills)
        if failures:
            _say("".join(["\n", *log_path.read_text().splitlines(keepends=True)[-40:]]))
    if not options.json:
        _print_table(outcomes, kills, failures)
    print(json.dumps(_facts(outcomes, failures), indent=2, ensure_ascii=False))  # noqa: T201 - what it is for
    return 1 if failures else 0


def complaints(outcomes: Outcomes, kills: int) -> list[str]:
    """Why the torture failed; nothing for nothing."""
    found = [] if outcomes.settled else [f"It did not settle: {outcomes.unfinished}."]
    checks = (
        (len(outcomes.kills) < kills, f"Only {len(outcomes.kills)} of {kills} kills were carried out."),
        (outcomes.open_runs < kills * OPEN_SHARE, f"Only {outcomes.open_runs} kills hit an open run."),
        (outcomes.in_flight < kills * IN_FLIGHT_SHARE, f"Only {outcomes.in_flight} kills hit a write in flight."),
        (outcomes.mails > 0, f"{outcomes.mails} mails to guests."),
        (outcomes.writes_after_settling > 0, f"{outcomes.writes_after_settling} writes after everything was settled."),
        (any(not sum(counts.values()) for counts in outcomes.faults.values()), "A kind of fault never struck."),
    )
    found += [text for failed, text in checks if failed]
    return [*found, *outcomes.held, *outcomes.verdict.faults]


def _facts(outcomes: Outcomes, failures: list[str]) -> dict[str, Any]:
    verdict = outcomes.verdict
    return {
        "passed": not failures,
        "seed": outcomes.seed,
        "kills": len(outcomes.kills),
        "kills_by_mode": {mode: sum(kill.shot.mode == mode for kill in outcomes.kills) for mode in MODES},
        "kills_before_applying": sum(kill.shot.moment == "before" for kill in outcomes.kills),
        "kills_after_applying": sum(kill.shot.moment == "after" for kill in outcomes.kills),
        "hit_open_run": outcomes.open_runs,
        "hit_write_in_flight": outcomes.in_flight,
        "shots_drawn_again": outcomes.missed,
        "faults": outcomes.faults,
        "things": outcomes.things,
        "people": outcomes.done,
        "compared": verdict.compared,
        "duplicates": len(verdict.duplicates),
        "losses": len(verdict.losses),
        "differences": len(verdict.differences),
        "strangers": len(verdict.strangers),
        "risen_from_deletion": len(verdict.risen),
        "held": len(outcomes.held),
        "provider_mails": outcomes.mails,
        "writes_after_settling": outcomes.writes_after_settling,
        "settled": outcomes.settled,
        "failures": failures[:50],
        "seconds": round(outcomes.seconds, 1),
    }


def _print_table(outcomes: Outcomes, kills: int, failures: list[str]) -> None:
    verdict = outcomes.verdict
    modes = ", ".join(f"{sum(one.shot.mode == mode for one in outcomes.kills)} {mode}" for mode in MODES)
    struck = {kind: sum(counts.values()) for kind, counts in outcomes.faults.items()}
    rows = [
        ("kills -9", f"{len(outcomes.kills)} of {kills} ({modes})"),
        ("that hit an open run", f"{outcomes.open_runs}, at least {kills * OPEN_SHARE:g}"),
        ("that hit a write in flight", f"{outcomes.in_flight}, at least {kills * IN_FLIGHT_SHARE:g}"),
        ("faults", ", ".join(f"{count} {kind}" for kind, count in struck.items())),
        ("contacts and events", f"{outcomes.things}"),
        ("people at work", f"{outcomes.done}"),
        ("compared field by field", f"{verdict.compared}"),
        ("duplicates", f"{len(verdict.duplicates)}"),
        ("losses", f"{len(verdict.losses) + len(verdict.differences)}"),
        ("made by nobody, risen, held", f"{len(verdict.strangers) + len(verdict.risen) + len(outcomes.held)}"),
        ("mails to guests", f"{outcomes.mails}"),
        ("writes after settling", f"{outcomes.writes_after_settling}"),
        ("seconds", f"{outcomes.seconds:.0f}"),
        ("verdict", "; ".join(failures[:5]) or "passed"),
    ]
    table = Table("torture", f"seed {outcomes.seed}")
    for row in rows:
        table.add_row(*row)
    Console().print(table)


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


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(main())
