"""The night's work: due once a day, done by one of any number of schedulers, and never lost."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from backend.storage.chores import PATIENCE, Chore, Chores, coming_night
from backend.storage.engine import create_engine
from tests.fakes.world import START, FakeClock

SCHEDULERS = 6


@pytest.mark.parametrize(
    ("now", "night"),
    [
        (datetime(2026, 3, 1, 1, 59, 59, tzinfo=UTC), datetime(2026, 3, 1, 2, tzinfo=UTC)),
        (datetime(2026, 3, 1, 2, tzinfo=UTC), datetime(2026, 3, 2, 2, tzinfo=UTC)),
        (datetime(2026, 12, 31, 23, tzinfo=UTC), datetime(2027, 1, 1, 2, tzinfo=UTC)),
    ],
)
def test_the_coming_night_is_always_ahead(now: datetime, night: datetime) -> None:
    assert coming_night(now, 2) == night


def test_schedulers_that_ask_at_once_do_a_chore_once_a_night(database_url: str, clock: FakeClock) -> None:
    engines = [create_engine(database_url) for _ in range(SCHEDULERS)]
    books = [Chores(engine, clock, 2) for engine in engines]
    for night in range(3):
        if night:
            clock.advance(timedelta(days=1))
        for _ in range(3):
            with ThreadPoolExecutor(SCHEDULERS) as pool:
                answers = Counter(pool.map(lambda book: book.claim(Chore.PRUNING), books))
            if answers[True]:
                assert answers == {True: 1, False: SCHEDULERS - 1}
                books[0].done(Chore.PRUNING)
                break
        else:
            raise AssertionError("nobody got the chore")
        assert not any(book.claim(Chore.PRUNING) for book in books)
    for engine in engines:
        engine.dispose()


def test_a_chore_that_was_not_ended_is_due_again_after_an_hour(database: sa.Engine, clock: FakeClock) -> None:
    """Whoever began it was killed; what remembers it is a row, so that a restart changes nothing."""
    assert Chores(database, clock, 2).claim(Chore.WHOLE_READING)
    restarted = Chores(database, clock, 2)
    clock.advance(PATIENCE - timedelta(seconds=1))
    assert not restarted.claim(Chore.WHOLE_READING)
    clock.advance(timedelta(seconds=1))
    assert restarted.claim(Chore.WHOLE_READING)
    restarted.done(Chore.WHOLE_READING)
    assert not restarted.claim(Chore.WHOLE_READING)
    assert restarted.claim(Chore.PRUNING), "each has a time of its own"
    clock.advance(coming_night(START, 2) - clock.now())
    assert restarted.claim(Chore.WHOLE_READING)
