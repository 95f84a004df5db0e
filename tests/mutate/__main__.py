"""`python -m tests.mutate [--short] [--list] [NAME…]`: takes out each mechanism in turn; some test must notice.

Exit code 1 when a mutant survives, no longer applies, or when a named test fails without any mutation.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.mutate.laboratory import Verdict, laboratory
from tests.mutate.mutant import Mutant
from tests.mutate.table import MUTANTS

TREE = Path(__file__).parents[2]


def main(arguments: Sequence[str] | None = None) -> int:
    """Tries out the chosen mutants; the exit code."""
    console = Console(width=None if sys.stdout.isatty() else 160)
    options = _options(arguments)
    chosen, unknown = choose(MUTANTS, options.names, short=options.short)
    if unknown:
        console.print(f"No mutant is called {', '.join(unknown)}. `--list` names them all.")
        return 1
    if options.list:
        for mutant in chosen:
            console.print(f"{mutant.name}: {mutant.mechanism}", highlight=False)
        return 0
    return run(TREE, chosen, console)


def choose(mutants: Sequence[Mutant], names: Sequence[str], *, short: bool) -> tuple[list[Mutant], list[str]]:
    """The mutants by these names (all without names), and names that nobody has."""
    unknown = [name for name in names if name not in {mutant.name for mutant in mutants}]
    chosen = [mutant for mutant in mutants if mutant.name in names] if names else list(mutants)
    return [mutant for mutant in chosen if mutant.short or not short], unknown


def run(tree: Path, mutants: Sequence[Mutant], console: Console) -> int:
    """Tries out mutants of a tree and tells what became of them; 1 unless all were noticed."""
    with laboratory(tree) as lab:
        complaint = lab.complaint(mutants)
        if complaint:
            console.print(complaint, markup=False)
            console.print("These tests fail without any mutation, so they can judge nothing.")
            return 1
        verdicts = []
        for number, mutant in enumerate(mutants, 1):
            console.print(f"{number}/{len(mutants)} {mutant.name}", highlight=False)
            verdicts.append(lab.try_out(mutant))
    console.print(_table(verdicts))
    lost = [verdict for verdict in verdicts if not verdict.noticed_by]
    for verdict in lost:
        console.print(f"{verdict.mutant.name}: {verdict.problem}", style="bold red", highlight=False, markup=False)
    console.print(f"{len(verdicts) - len(lost)} of {len(verdicts)} mutants were noticed.", highlight=False)
    return 1 if lost else 0


def _table(verdicts: Sequence[Verdict]) -> Table:
    table = Table("mutant", "taken out")
    table.add_column("noticed by", overflow="fold")
    table.add_column("seconds", justify="right")
    for verdict in verdicts:
        mutant = verdict.mutant
        words = mutant.mechanism + (f" — and with it {mutant.covers}" if mutant.covers else "")
        noticed = verdict.noticed_by.rpartition("::")[2] or f"[bold red]{verdict.problem.partition(':')[0]}[/]"
        table.add_row(mutant.name, words, noticed.replace("[", "\\[") if verdict.noticed_by else noticed,
                      f"{verdict.seconds:.1f}")  # fmt: skip
    return table


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.mutate", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="only these mutants")
    parser.add_argument("--short", action="store_true", help="the quick ones only")
    parser.add_argument("--list", action="store_true", help="name the mutants and what they take out")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
