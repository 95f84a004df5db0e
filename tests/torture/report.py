"""What the torture came to: complaints, a table for people, facts for programs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.table import Table

from tests.torture.game import Outcomes
from tests.torture.shots import MODES

OPEN_SHARE, IN_FLIGHT_SHARE = 40 / 50, 15 / 50
"""At least so many of the kills have to hit an open run, and a write in flight."""
MANY_KILLS = 50
"""With so many kills every kind of fault has to have struck reads as well as writes."""
SHOWN = 8


def complaints(outcomes: Outcomes, kills: int) -> list[str]:
    """Why the torture failed; nothing for nothing."""
    found = [] if outcomes.settled else [f"It did not settle: {outcomes.unfinished}."]
    checks = (
        (len(outcomes.kills) < kills, f"Only {len(outcomes.kills)} of {kills} kills were carried out."),
        (outcomes.open_runs < kills * OPEN_SHARE, f"Only {outcomes.open_runs} kills hit an open run."),
        (outcomes.in_flight < kills * IN_FLIGHT_SHARE, f"Only {outcomes.in_flight} kills hit a write in flight."),
        (outcomes.mails > 0, f"{outcomes.mails} mails to guests."),
        (outcomes.writes_after_settling > 0, f"{outcomes.writes_after_settling} writes after everything was settled."),
    )
    found += [text for failed, text in checks if failed]
    return [*found, *_missing_faults(outcomes.faults, kills), *outcomes.held, *outcomes.verdict.faults]


def _missing_faults(faults: Mapping[str, Mapping[str, int]], kills: int) -> list[str]:
    never = [f"No call failed by {kind}." for kind, struck in faults.items() if not sum(struck.values())]
    if kills < MANY_KILLS:
        return never
    return never + [
        f"No {access} failed by {kind}."
        for kind, struck in faults.items()
        for access, count in struck.items()
        if not count and sum(struck.values())
    ]


def facts(outcomes: Outcomes, failures: list[str]) -> dict[str, Any]:
    """Everything that was counted, for `--json`."""
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
        "calls": outcomes.calls,
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


def print_table(outcomes: Outcomes, kills: int, failures: list[str]) -> None:
    """One line for each thing that was promised: what was asked for, what came of it, and whether that is enough."""
    table = Table(title=f"Torture, seed {outcomes.seed}, {outcomes.seconds:.0f} s")
    table.add_column("", no_wrap=True)
    table.add_column("asked for", no_wrap=True)
    table.add_column("found", overflow="fold")
    table.add_column("")
    for name, asked, found, good in _rows(outcomes, kills):
        mark = "" if good is None else "[green]✓" if good else "[red bold]✗"
        table.add_row(name, asked, found, mark)
    console = Console()
    console.print(table)
    console.print("[red bold]failed" if failures else "[green bold]passed", highlight=False)
    for text in failures[:SHOWN]:
        console.print(f"  {text}", markup=False, highlight=False)
    if len(failures) > SHOWN:
        console.print(f"  and {len(failures) - SHOWN} more", highlight=False)


Line = tuple[str, str, str, bool | None]


def _rows(outcomes: Outcomes, kills: int) -> list[Line]:
    struck = sum(sum(counts.values()) for counts in outcomes.faults.values())
    at_least = (
        ("kills -9", f"{len(outcomes.kills)}: {_modes(outcomes)}", len(outcomes.kills), float(kills)),
        ("  that hit an open run", f"{outcomes.open_runs}", outcomes.open_runs, kills * OPEN_SHARE),
        ("  that hit a write in flight", f"{outcomes.in_flight}", outcomes.in_flight, kills * IN_FLIGHT_SHARE),
    )
    before = sum(kill.shot.moment == "before" for kill in outcomes.kills)
    verdict = outcomes.verdict
    none_of = (
        ("duplicates", len(verdict.duplicates)),
        ("lost, or not what was typed", len(verdict.losses) + len(verdict.differences)),
        ("made by nobody, risen, held", len(verdict.strangers) + len(verdict.risen) + len(outcomes.held)),
        ("mails to guests", outcomes.mails),
        ("writes after settling", outcomes.writes_after_settling),
    )
    never = _missing_faults(outcomes.faults, kills)
    return [
        *((name, f"≥ {least:g}", found, number >= least) for name, found, number, least in at_least),
        ("  before / after it was applied", "", f"{before} / {len(outcomes.kills) - before}", None),
        ("calls that failed", "every kind", f"{struck} of {outcomes.calls}: {_faults(outcomes)}", not never),
        ("people made / edited / deleted", "", " / ".join(f"{count}" for count in outcomes.done.values()), None),
        ("came to rest", "yes", "yes" if outcomes.settled else "no", outcomes.settled),
        ("pairs compared field by field", "", f"{verdict.compared}", None),
        *((name, "0", f"{number}", number == 0) for name, number in none_of),
    ]


def _modes(outcomes: Outcomes) -> str:
    return ", ".join(f"{sum(one.shot.mode == mode for one in outcomes.kills)} {mode}" for mode in MODES)


def _faults(outcomes: Outcomes) -> str:
    return ", ".join(f"{sum(counts.values())} {kind}" for kind, counts in outcomes.faults.items())
