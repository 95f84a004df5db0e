"""What one pass of one person came to."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Final

from backend.domain.values import Kind
from backend.ports.crm import Right
from backend.ports.errors import AccessLost, ContainerGone, ServiceError, Transient
from backend.sync.plan import Lack, Step

UNSTORED: Final = "Other work on the same {}s kept this run from storing what it decided; nothing of it was changed."
TRY_AGAIN: Final = (
    "It is tried again in the next run. If this stays, the same thing is claimed twice: please report it."
)


@dataclass
class RunReport:
    """What one pass of one user did. outcome: ok, partial, held, failed, busy (another worker has the lease), off."""

    user_id: int
    outcome: str = "ok"
    run_id: int = 0
    read: Counter[str] = field(default_factory=Counter)
    written: int = 0
    planned: int = 0
    held: int = 0
    conflicts: int = 0
    refused: int = 0
    agreed: int = 0
    """Differences that stay as they are since a leg was switched on (F-9)."""
    writes: Counter[str] = field(default_factory=Counter)
    """Writes applied, by `side.kind.op`."""
    notes: list[str] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)
    trouble: list[ServiceError] = field(default_factory=list)
    problem: str = ""
    remedy: str = ""
    """For a problem that no service reported."""
    waiting: int = 0
    """Writes that are decided and still to be sent: the service asked for patience, or did not answer."""
    waiting_for: str = ""
    lacks: list[Lack] = field(default_factory=list)
    """Rights in Salesforce that changes wait for (F-7)."""
    orphans: int = 0
    """Rows cut off from their series; nothing happens to them before the mailbox was read again (E-4)."""

    def trouble_with(self, kind: Kind, error: Exception) -> None:
        """Something stood in the way of a kind's part of the pass."""
        if isinstance(error, AccessLost) and error.subject == "kind":
            self.lacks.append(Lack(kind, Right.READ, 0, error.told))
            return
        if isinstance(error, ServiceError):
            self.trouble.append(error)
        mild = isinstance(error, Transient | ContainerGone) or not isinstance(error, ServiceError)
        self.outcome = "partial" if mild and self.outcome != "failed" else "failed"
        self.problem = self.problem or str(error)

    def unstored(self, kind: Kind) -> None:
        """No round of the pass could store its plan: what it names was taken each time (INV-18)."""
        if self.outcome == "ok":
            self.outcome, self.problem, self.remedy = "partial", UNSTORED.format(kind.value), TRY_AGAIN

    @property
    def settled(self) -> bool:
        """Whether the pass found nothing to do and nothing in the way."""
        return self.outcome == "ok" and not (self.planned or self.written or self.waiting or self.orphans)
