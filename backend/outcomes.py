"""What a pass came to, in the words that people get to see."""

from __future__ import annotations

from backend.ports.errors import BudgetSpent, Transient
from backend.storage.runs import Outcome, UserState
from backend.sync.report import RunReport


def judged(report: RunReport) -> tuple[UserState, Outcome]:
    """The user's state and the run's outcome after a pass."""
    if report.outcome == "failed":
        trouble = report.trouble
        waits = bool(trouble) and all(isinstance(error, Transient | BudgetSpent) for error in trouble)
        return (UserState.THROTTLED if waits else UserState.NEEDS_ATTENTION), Outcome.FAILED
    if report.outcome == "partial":
        waits = report.waiting > 0 or any(isinstance(error, Transient) for error in report.trouble)
        return (UserState.THROTTLED if waits else UserState.IN_SYNC), Outcome.PARTIAL
    if report.lacks:
        return UserState.NEEDS_ATTENTION, Outcome.PARTIAL
    if report.waiting:
        return UserState.THROTTLED, Outcome.PARTIAL
    return UserState.IN_SYNC, Outcome.HELD if report.held else Outcome.OK


def told(report: RunReport) -> tuple[str, str]:
    """What stood in the way of a pass, and what to do about it."""
    first = next((error for error in report.trouble if error.message == report.problem), None)
    if first is not None:
        return first.told
    if report.lacks and not report.problem:
        sentences = [lack.told for lack in report.lacks]
        return " ".join(happened for happened, _ in sentences), " ".join(remedy for _, remedy in sentences)
    if report.waiting and not report.problem:
        return f"{report.waiting} decided changes wait to be sent. {report.waiting_for}".rstrip(), ""
    return report.problem, report.remedy
