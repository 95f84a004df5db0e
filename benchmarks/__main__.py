"""`python -m benchmarks`: counts and ratios of the budgets, over https against the sandbox, as a table and as JSON.

The exit code is 0 unless a budget of API calls is broken: CPU and memory depend on the machine and are only shown.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict

from rich.console import Console
from rich.table import Table

from benchmarks.bench import Failed
from benchmarks.measures import Figure, first_sync, idle_cycle, memory
from benchmarks.sharing import shared

EVENTS, USERS, CONTACTS, SHARED = (1_000, 10_000), (1, 100, 1_000), (50_000,), (200,)
QUICK_EVENTS, QUICK_USERS, QUICK_CONTACTS, QUICK_SHARED = (100, 1_000), (1, 20), (1_000,), (40,)


def main() -> int:
    """Measures everything that was asked for; the exit code."""
    options = _options()
    figures: list[Figure] = []
    try:
        for figure in _measured(options):
            figures.append(figure)
            print(_line(figure), file=sys.stderr, flush=True)
    except Failed as failed:
        print(failed, file=sys.stderr)
        return 1
    if not options.json:
        _print_table(figures)
    print(json.dumps([asdict(one) | {"verdict": one.verdict} for one in figures], indent=2))
    return 1 if any(one.hard and one.verdict == "over" for one in figures) else 0


def _measured(options: argparse.Namespace) -> Iterator[Figure]:
    for events in options.events:
        yield from first_sync(events)
    for users in options.users:
        yield from idle_cycle(users)
    for contacts in options.contacts:
        yield from memory(contacts)
    for things in options.shared:
        yield from shared(things)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="small sizes, to see that it works")
    parser.add_argument("--json", action="store_true", help="JSON alone on standard output")
    for name, of in (("events", "events of a first sync"), ("users", "users of an idle cycle")):
        parser.add_argument(f"--{name}", type=int, nargs="*", metavar="N", help=f"{of}; none leaves it out")
    parser.add_argument("--contacts", type=int, nargs="*", metavar="N", help="contacts for the memory of a worker")
    parser.add_argument("--shared", type=int, nargs="*", metavar="N", help="what three people share of each")
    options = parser.parse_args()
    quick = (QUICK_EVENTS, QUICK_USERS, QUICK_CONTACTS, QUICK_SHARED)
    usual = quick if options.quick else (EVENTS, USERS, CONTACTS, SHARED)
    for name, sizes in zip(("events", "users", "contacts", "shared"), usual, strict=True):
        if getattr(options, name) is None:
            setattr(options, name, sizes)
    return options


def _line(figure: Figure) -> str:
    return f"{time.strftime('%H:%M:%S')} {figure.what}: {figure.value:,.2f} {figure.unit} {figure.verdict}"


def _print_table(figures: Sequence[Figure]) -> None:
    table = Table("measure")
    for name in ("value", "unit", "budget", ""):
        table.add_column(name, justify="right")
    for one in figures:
        budget = "" if one.budget is None else f"{one.budget:,g}"
        value = f"{one.value:,.0f}" if one.value == int(one.value) else f"{one.value:,.2f}"
        table.add_row(one.what, value, one.unit, budget, one.verdict)
    Console().print(table)


if __name__ == "__main__":
    sys.exit(main())
