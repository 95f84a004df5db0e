"""Every mechanism of the engine that can be taken out."""

from __future__ import annotations

from typing import Final

from tests.mutate import contacts, creates, foundations, meetings, people, series, writes

MUTANTS: Final = (
    *creates.MUTANTS,
    *writes.MUTANTS,
    *meetings.MUTANTS,
    *series.MUTANTS,
    *people.MUTANTS,
    *contacts.MUTANTS,
    *foundations.MUTANTS,
)
