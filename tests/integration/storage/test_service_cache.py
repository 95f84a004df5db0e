"""What all processes share: one answer for everybody, of the present connection only, closed where it lies (C10)."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from cryptography.fernet import Fernet

from backend.ports.cache import UNSHARED, Entry
from backend.ports.errors import AccessLost, Transient
from backend.storage.pruning import prune
from backend.storage.secrets import Vault
from backend.storage.service_cache import LONGEST_PAUSE, SqlServiceCache, fingerprint
from backend.storage.tables import service_cache
from tests.fakes.world import FakeClock

KEY, OTHER_KEY = Fernet.generate_key().decode(), Fernet.generate_key().decode()
OWNER = fingerprint({"consumer_key": "app"}, "private key")


class Service:
    """Gives out answers "1", "2", …; `asked` counts them. An error in `failing` is raised instead, once."""

    def __init__(self, lasts: timedelta | None = None) -> None:
        self.asked = 0
        self.lasts = lasts
        self.failing: Exception | None = None
        self.meanwhile: Callable[[], Any] | None = None

    def __call__(self) -> Entry:
        self.asked += 1
        answer = Entry(str(self.asked), self.lasts)
        meanwhile, self.meanwhile = self.meanwhile, None
        if meanwhile is not None:
            meanwhile()
        failing, self.failing = self.failing, None
        if failing is not None:
            raise failing
        return answer


@pytest.fixture
def process(database: sa.Engine, clock: FakeClock) -> Callable[..., SqlServiceCache]:
    """Opens the cache as another process would."""

    def opened(
        service: str = "salesforce-token", owner: str = OWNER, keys: tuple[str, ...] = (KEY,)
    ) -> SqlServiceCache:
        return SqlServiceCache(database, Vault(keys), clock, service, owner)

    return opened


Process = Callable[..., SqlServiceCache]


def rows(database: sa.Engine) -> list[sa.Row[Any]]:
    with database.connect() as connection:
        return list(connection.execute(sa.select(service_cache)))


def test_c10_what_one_process_asked_for_serves_all_others(process: Process) -> None:
    ask = Service()
    assert [process().get("ada", ask).text for _ in range(3)] == ["1", "1", "1"]
    assert process().get("bob", ask).text == "2"
    assert process("microsoft-token").get("ada", ask).text == "3"


def test_c10_of_two_who_ask_at_once_the_first_that_stores_wins(process: Process) -> None:
    slow, fast = Service(), Service()
    fast.asked = 10
    slow.meanwhile = lambda: process().get("ada", fast)
    assert process().get("ada", slow).text == "11"
    assert process().get("ada", slow).text == "11"
    assert (slow.asked, fast.asked) == (1, 11)


def test_c10_a_refused_answer_is_forgotten_for_everybody_but_not_the_newer_one(process: Process) -> None:
    ask, first, second = Service(), process(), process()
    assert (first.get("ada", ask).text, second.get("ada", ask).text) == ("1", "1")
    first.forget("ada", "1")
    assert first.get("ada", ask).text == "2"
    second.forget("ada", "1")
    assert second.get("ada", ask).text == "2"
    assert ask.asked == 2


def test_c10_after_a_refusal_too_the_first_that_stores_wins(process: Process, database: sa.Engine) -> None:
    """The row is never removed, so that a version never comes twice."""
    slow, fast = Service(), Service()
    process().get("ada", slow)
    process().forget("ada", "1")
    fast.asked = 10
    slow.meanwhile = lambda: process().get("ada", fast)
    assert process().get("ada", slow).text == "11"
    assert [row.version for row in rows(database)] == [3]


def test_c10_a_crowd_that_asks_at_once_ends_with_one_answer(process: Process) -> None:
    crowd = threading.Barrier(4)
    lock, given = threading.Lock(), []

    def ask() -> Entry:
        crowd.wait(timeout=60)
        with lock:
            given.append(str(len(given)))
            return Entry(given[-1])

    with ThreadPoolExecutor(4) as pool:
        got = [future.result() for future in [pool.submit(process().get, "ada", ask) for _ in range(4)]]
    assert len(given) == 4
    assert len({entry.text for entry in got}) == 1
    assert process().get("ada", Service()).text == got[0].text


def test_c10_an_answer_lost_to_a_useless_one_is_still_good_for_its_asker(process: Process) -> None:
    ask, other = Service(), Service()
    other.asked = 50
    ask.meanwhile = lambda: process(owner=fingerprint("other")).get("ada", other)
    assert process().get("ada", ask).text == "1"
    assert process(owner=fingerprint("other")).get("ada", other).text == "51"


def test_whatever_is_stored_can_be_forgotten_unseen(process: Process) -> None:
    ask = Service()
    process().forget("ada")
    process().get("ada", ask)
    process().forget("ada")
    assert process().get("ada", ask).text == "2"


def test_an_answer_ends_with_its_time(process: Process, clock: FakeClock) -> None:
    ask = Service(lasts=timedelta(minutes=55))
    assert process().get("ada", ask) == Entry("1", timedelta(minutes=55))
    clock.advance(timedelta(minutes=54))
    assert process().get("ada", ask) == Entry("1", timedelta(minutes=1))
    clock.advance(timedelta(minutes=1))
    assert process().get("ada", ask) == Entry("2", timedelta(minutes=55))


def test_changed_credentials_make_what_is_stored_worthless(process: Process) -> None:
    ask = Service()
    process().get("ada", ask)
    assert process(owner=fingerprint({"consumer_key": "app"}, "another key")).get("ada", ask).text == "2"
    assert process().get("ada", ask).text == "3"


def test_a_fingerprint_names_every_part_and_betrays_none() -> None:
    names = {fingerprint(*facts) for facts in (["a", "b"], ["b", "a"], [["a", "b"]], [{"a": "b"}], ["ab", ""])}
    assert len(names) == 5
    assert fingerprint({"x": 1, "y": 2}) == fingerprint({"y": 2, "x": 1})
    assert "secret" not in fingerprint("secret")


def test_answers_do_not_lie_in_the_database_in_clear(process: Process, database: sa.Engine) -> None:
    process().get("ada", lambda: Entry("00Dxx!TOKEN"))
    (row,) = rows(database)
    assert (row.service, row.subject, row.expires_at, row.version) == ("salesforce-token", "ada", None, 1)
    assert b"TOKEN" not in bytes(row.sealed)
    assert OWNER.encode() not in bytes(row.sealed)
    assert Vault([KEY]).open(bytes(row.sealed), "ada")["text"] == "00Dxx!TOKEN"
    assert "TOKEN" not in repr(process().get("ada", Service()))


def test_a_row_copied_to_another_user_opens_as_nothing(process: Process, database: sa.Engine) -> None:
    ask = Service()
    process().get("ada", ask)
    process().get("bob", ask)
    with database.begin() as connection:
        stolen = sa.select(service_cache.c.sealed).where(service_cache.c.subject == "ada").scalar_subquery()
        connection.execute(sa.update(service_cache).where(service_cache.c.subject == "bob").values(sealed=stolen))
    assert process().get("bob", ask).text == "3"


def test_what_a_lost_key_closed_is_asked_for_again(process: Process) -> None:
    ask = Service()
    process().get("ada", ask)
    assert process(keys=(OTHER_KEY, KEY)).get("ada", ask).text == "1"
    assert process(keys=(OTHER_KEY,)).get("ada", ask).text == "2"


def test_ms005_a_pause_that_one_process_was_told_holds_for_all(process: Process, clock: FakeClock) -> None:
    ask = Service()
    ask.failing = Transient("Busy.", code="429", service="microsoft-token", retry_after=30)
    with pytest.raises(Transient):
        process().get("ada", ask)
    clock.advance(timedelta(seconds=10))
    with pytest.raises(Transient) as caught:
        process().get("ada", ask)
    found = caught.value
    assert (found.message, found.code, found.service, found.retry_after) == ("Busy.", "429", "microsoft-token", 20.0)
    assert ask.asked == 1
    clock.advance(timedelta(seconds=20))
    assert process().get("ada", ask).text == "2"


def test_a_pause_is_never_longer_than_its_limit(process: Process, clock: FakeClock) -> None:
    ask = Service()
    ask.failing = Transient("Busy.", retry_after=86_400)
    with pytest.raises(Transient):
        process().get("ada", ask)
    clock.advance(LONGEST_PAUSE)
    assert process().get("ada", ask).text == "2"


def test_ms005_a_pause_does_not_take_away_what_another_process_got_meanwhile(process: Process) -> None:
    ask, lucky = Service(), Service()
    ask.meanwhile = lambda: process().get("ada", lucky)
    ask.failing = Transient("Busy.", retry_after=30)
    with pytest.raises(Transient):
        process().get("ada", ask)
    assert process().get("ada", ask).text == "1"
    assert (ask.asked, lucky.asked) == (1, 1)


@pytest.mark.parametrize("error", [Transient("No answer."), AccessLost("Refused.")])
def test_a_failure_that_names_no_pause_is_not_remembered(process: Process, error: Exception) -> None:
    ask = Service()
    ask.failing = error
    with pytest.raises(type(error)):
        process().get("ada", ask)
    assert process().get("ada", ask).text == "2"


def test_what_nobody_used_for_a_month_is_removed(process: Process, database: sa.Engine, clock: FakeClock) -> None:
    process().get("ada", Service())
    clock.advance(timedelta(days=29))
    process().get("bob", Service())
    assert prune(database, clock.advance(timedelta(days=2))).rows == {"service_cache": 1}
    assert [row.subject for row in rows(database)] == ["bob"]


def test_without_a_cache_everybody_asks() -> None:
    ask = Service()
    UNSHARED.forget("ada", "1")
    assert [UNSHARED.get("ada", ask).text for _ in range(2)] == ["1", "2"]
