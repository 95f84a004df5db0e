"""Sync Status: what it answers, for whom, and from how many queries."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
import sqlalchemy as sa

from backend.storage import tables as t
from backend.web.services import Processes
from tests.fakes.page_services import World
from tests.fakes.page_world import MAYA, NOW, fill
from tests.unit.web.conftest import Visitor


def text_of(html: str) -> str:
    """The page's words, spaces as one and dashes as hyphens."""
    drawn = html.replace("<wbr>", "")  # a place to break, not a space
    bare = re.sub(r"<(script|template)[^>]*>.*?</\1>|<[^>]+>", " ", drawn, flags=re.DOTALL)
    return " ".join(unescape(bare).split()).replace("\N{EN DASH}", "-")


def names(page: str) -> list[str]:
    """The people in the table, in order."""
    return [unescape(name) for name in re.findall(r'id="name-\d+">([^<]+)<', page)]


@contextmanager
def counted(engine: sa.Engine) -> Iterator[list[str]]:
    """Statements that are sent meanwhile."""
    sent: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        sent.append(statement)

    sa.event.listen(engine, "before_cursor_execute", note)
    yield sent
    sa.event.remove(engine, "before_cursor_execute", note)


def test_ls174_page_shows_the_time_of_the_last_activity_and_of_the_next_run(admin: Visitor) -> None:
    page = text_of(admin.get("/").text)

    assert "In step, 1 exception Last activity 12 s ago" in page
    assert "Next run in 48 s every 1 min" in page


def test_ls175_person_is_found_by_name_with_state_and_reset(admin: Visitor) -> None:
    page = admin.get("/?q=MARCHETTI").text

    assert names(page) == ["Sofia Marchetti"]
    words = text_of(page)
    assert (
        "Cannot sync The mailbox refuses access: it is not in the scope that Exchange allows this application." in words
    )
    assert (
        "Add the mailbox to the group “Lockstep people”; Exchange applies it within 2 hours. Next try in 15 min"
        in words
    )
    assert 'href="/people/6/reset"' in page


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("herrera", ["Tomás Herrera"]),
        ("sofia.marchetti@", ["Sofia Marchetti"]),
        ("%", []),
        ("_", []),
        ("مريم", ["مريم الفاسي"]),
    ],
)
def test_search_takes_parts_of_names_and_addresses_literally(admin: Visitor, query: str, expected: list[str]) -> None:
    assert names(admin.get("/", query_string={"q": query}).text) == expected


def test_states_are_told_apart_in_tabs_that_count_what_the_search_takes(admin: Visitor) -> None:
    page = admin.get("/").text

    tabs = dict(re.findall(r'id="tab-\d+"[^>]*>([^<]+) <b>(\d+)</b>', page))

    assert tabs == {
        "All": "40",
        "In sync": "32",
        "First sync": "2",
        "Waiting": "1",
        "Held": "1",
        "Error": "1",
        "Paused": "3",
    }
    narrowed = dict(re.findall(r'id="tab-\d+"[^>]*>([^<]+) <b>(\d+)</b>', admin.get("/?q=nowak").text))
    assert narrowed == {"All": "1", "In sync": "0", "First sync": "0", "Error": "0", "Paused": "1"}


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        ("first", ["Jonas Becker", "Priya Raman"]),
        ("error", ["Sofia Marchetti"]),
        ("held", ["Hannah Weiss"]),
        ("waiting", ["Wilhelmina Donaudampfschifffahrtsgesellschaftskapitänswitwe-Featherstonehaugh"]),
        ("paused", ["Freya Jansen", "Marek Nowak", "مريم الفاسي"]),
    ],
)
def test_tab_shows_the_people_in_that_state(admin: Visitor, state: str, expected: list[str]) -> None:
    assert names(admin.get(f"/?state={state}").text) == expected


def test_ls030_person_in_an_inactive_configuration_is_paused_with_that_reason(admin: Visitor) -> None:
    words = text_of(admin.get("/?q=nowak").text)

    assert "Paused The configuration “Inside sales”, assigned through the profile “Inside”, is not active." in words


def test_ls022_shared_address_is_an_error_with_its_reason(admin: Visitor, world: World) -> None:
    reason = "Another user (x@example.com) has the same address: change one of the two in Salesforce."
    with world.engine.begin() as connection:
        connection.execute(
            sa.update(t.user_state).where(t.user_state.c.user_id == MAYA).values(syncs=False, because=reason)
        )

    words = text_of(admin.get("/?q=lindqvist").text)

    assert f"Cannot sync {reason}" in words


def test_person_whose_service_asked_for_patience_waits_and_is_no_error(admin: Visitor, world: World) -> None:
    values = {
        "state": "throttled",
        "failures": 1,
        "reason": "Microsoft asks us to wait 30 seconds.",
        "due_at": NOW + timedelta(seconds=30),
    }
    with world.engine.begin() as connection:
        connection.execute(sa.update(t.user_state).where(t.user_state.c.user_id == MAYA).values(values))

    words = text_of(admin.get("/?q=lindqvist").text)

    assert "Waits for the service Microsoft asks us to wait 30 seconds. Next try in 30 s" in words


def test_first_sync_shows_how_far_it_is(admin: Visitor) -> None:
    page = admin.get("/?q=becker").text

    assert '<progress value="184" max="402" aria-label="First sync of Jonas Becker">' in page
    assert "First sync: events 184 of 402" in text_of(page)


def test_todays_writes_are_counted_by_kind_and_side(admin: Visitor, world: World) -> None:
    words = text_of(admin.get("/?q=lindqvist").text)
    world.later(86_400)
    admin.sign_in()

    assert "12 to Salesforce 5 to mailbox 18 to Salesforce 7 to mailbox" in words
    assert "0 to Salesforce 0 to mailbox 0 to Salesforce 0 to mailbox" in text_of(admin.get("/?q=lindqvist").text)


def test_ls190_budget_is_shown_with_its_limit_and_forecast(admin: Visitor) -> None:
    words = text_of(admin.get("/").text)

    assert "Salesforce API calls Lockstep about 32,986 by 00:00 UTC 18,420 in 24 hours, of 45,000" in words
    assert "08:00 2,100" in words
    assert "Microsoft 365 19,515" in words
    assert "budget ends" not in words


def test_ls190_budget_that_ends_before_midnight_is_said_in_a_sentence(admin: Visitor, world: World) -> None:
    with world.engine.begin() as connection:
        connection.execute(sa.update(t.organisation).values(api_used=44_000))

    assert "At this pace the budget ends at 11:48." in text_of(admin.get("/").text)


def test_ls181_error_report_has_one_row_per_thing_that_does_not_sync(admin: Visitor) -> None:
    answer = admin.get("/error-report.csv")

    rows = list(csv.reader(io.StringIO(answer.get_data(as_text=True).removeprefix("\ufeff"))))

    assert rows[0] == ["Person", "Address", "Kind", "Item", "Side", "Reason", "Remedy", "Code", "Since (UTC)"]
    assert rows[1][:2] == ["Sofia Marchetti", "sofia.marchetti@example.com"]
    assert rows[1][6] == "Add the mailbox to the group “Lockstep people”; Exchange applies it within 2 hours."
    assert sorted(row[3] for row in rows if row[2] == "contact" and row[0] == "Tomás Herrera") == [
        "Ana", "Björn Åkesson", "Info desk", "Wanda Krol", "Yusuf Demir",
    ]  # fmt: skip
    bjoern = next(row for row in rows if row[3] == "Björn Åkesson")
    assert bjoern[4:8] == [
        "Salesforce", "Postal code must have 5 digits.",
        "A rule of your company. Change the item so that it passes, or the rule.", "FIELD_CUSTOM_VALIDATION_EXCEPTION",
    ]  # fmt: skip
    assert answer.headers["Content-Disposition"] == 'attachment; filename="lockstep-errors-2026-11-24.csv"'


def test_error_report_gives_no_formula_to_a_spreadsheet(admin: Visitor, world: World) -> None:
    with world.engine.begin() as connection:
        connection.execute(
            sa.insert(t.note).values(
                user_id=MAYA, kind="contact", side="mailbox", ref="x", title="=1+1", reason="@x", at=NOW
            )
        )

    rows = list(csv.reader(io.StringIO(admin.get("/error-report.csv").get_data(as_text=True))))

    assert [row[3:6] for row in rows if row[3].endswith("=1+1")] == [["'=1+1", "Mailbox", "'@x"]]


def test_what_needs_a_person_is_linked_and_nothing_else_is(admin: Visitor, world: World) -> None:
    tiles = re.findall(r'class="tile" href="([^"]+)".*?<b>([^<]+)</b>', admin.get("/").text)
    with world.engine.begin() as connection:
        connection.execute(sa.delete(t.intent).where(t.intent.c.state == "held"))
        connection.execute(sa.update(t.user_state).values(failures=0, state="in_sync"))
        connection.execute(sa.update(t.link).where(t.link.c.state == "held").values(state="linked"))

    assert tiles == [
        ("/held", "2 steps are held"),
        ("/?state=error", "1 person cannot sync"),
        ("/refused", "3 items are refused"),
    ]
    calm = admin.get("/").text
    assert 'class="tile"' not in calm
    assert "In step Last activity" in text_of(calm)


@pytest.mark.parametrize(
    ("processes", "sentence"),
    [
        (Processes(0, True, {}), "No worker is running. Nothing is synced until one is started: lockstep worker"),
        (
            Processes(2, False, {}),
            "No scheduler is running. Salesforce is not read and retries wait until one is started: lockstep scheduler",
        ),
        (
            None,
            "Redis does not answer. Passes that run come to their end; new ones start when it is back: lockstep doctor",
        ),
    ],
)
def test_missing_process_is_said_on_top_with_the_command(
    admin: Visitor, world: World, processes: Processes | None, sentence: str
) -> None:
    world.processes = processes

    assert sentence in text_of(admin.get("/").text)


def test_stopped_organisation_says_why_first(admin: Visitor, world: World) -> None:
    with world.engine.begin() as connection:
        connection.execute(
            sa.update(t.organisation).values(problem="Salesforce refuses our sign-in: store new credentials.")
        )

    assert "Stopped Last activity 12 s ago Salesforce refuses our sign-in: store new credentials." in text_of(
        admin.get("/").text
    )


def test_standstill_is_said_on_top_with_who_and_the_way_on(admin: Visitor, viewer: Visitor, world: World) -> None:
    admin.get("/stop")
    admin.post("/stop")

    told = text_of(admin.get("/").text)
    assert "Everything stands still Claire Dubois stopped it" in told
    assert "Let it go on" in told
    assert "Next run - every" in told
    assert "Let it go on" not in text_of(viewer.get("/").text)
    assert "In step" not in told

    admin.post("/go-on")

    assert "stands still" not in text_of(admin.get("/").text).replace("Everything goes on.", "")
    assert [one for one in world.done if one[0] == "stand still"] == [
        ("stand still", "Claire Dubois"), ("stand still", None),
    ]  # fmt: skip
    assert [line[1] for line in world.audit[-2:]] == ["everything stopped", "everything goes on"]


def test_silence_is_not_called_in_step(admin: Visitor, world: World) -> None:
    world.later(7200)

    words = text_of(admin.get("/").text)

    assert "Nothing has moved for 2 h" in words
    assert "In step" not in words


def test_pages_are_real_and_a_page_beyond_the_end_is_the_last_one(admin: Visitor) -> None:
    first, second, beyond = (names(admin.get(f"/?page={number}").text) for number in (1, 2, 99))

    assert (len(first), len(second)) == (25, 15)
    assert beyond == second
    assert not set(first) & set(second)
    assert "1-25 of 40" in text_of(admin.get("/").text)


def test_sorting_turns_around_and_is_announced(admin: Visitor) -> None:
    up, down = admin.get("/?sort=person&size=100").text, admin.get("/?sort=person&dir=desc&size=100").text

    assert names(up) == names(down)[::-1]
    assert up.count('aria-sort="ascending"') == 1
    assert down.count('aria-sort="descending"') == 1


@pytest.mark.parametrize(
    "address", ["/?page=0", "/?page=x", "/?size=7", "/?state=nope", "/?sort=nope", "/?configuration=x"]
)
def test_address_that_makes_no_sense_falls_back_to_the_whole_list(admin: Visitor, address: str) -> None:
    answer = admin.get(address)

    assert answer.status_code == 200
    assert len(names(answer.text)) == 25


def test_number_of_queries_does_not_grow_with_the_rows(admin: Visitor, world: World) -> None:
    with counted(world.engine) as few:
        admin.get("/?size=25")
    with counted(world.engine) as many:
        admin.get("/?size=100")

    assert len(many) == len(few)
    assert len(few) <= 30


def test_live_answer_brings_the_shown_rows_only_and_no_forms(admin: Visitor) -> None:
    answer = admin.get("/status/live?rows=2,6,nonsense", headers={"X-Lockstep-Live": "1"})

    assert re.findall(r'<tr id="(person-\d+)"', answer.text) == ["person-2", "person-6"]
    assert answer.text.count('hx-swap-oob="true"') == 7
    assert "csrf_token" not in answer.text


def test_empty_installation_says_what_to_do(empty_world: World, tmp_path_factory: pytest.TempPathFactory) -> None:
    from tests.fakes.page_services import make_app

    visitor = Visitor(make_app(empty_world, tmp_path_factory.mktemp("data")).test_client())
    visitor.sign_in()

    words = text_of(visitor.get("/").text)

    assert "Nobody syncs yet" in words
    assert "Go on with the set-up guide" in words


def test_filter_without_a_match_says_how_many_it_hides(admin: Visitor) -> None:
    words = text_of(admin.get("/?q=zzzz").text)

    assert "No one matches “zzzz” The filters hide 40 people. Clear filters" in words


def test_people_in_no_configuration_are_counted_below(admin: Visitor) -> None:
    words = text_of(admin.get("/").text)

    assert "1 more active Salesforce user is in no configuration and does not sync." in words


def test_viewer_may_look_and_gets_no_button(viewer: Visitor) -> None:
    page = viewer.get("/").text

    assert "Pause everyone" not in page
    assert "/people/sync" not in page.split('id="people"')[0]


def test_ten_thousand_people_are_paged_in_the_database(
    empty_world: World, tmp_path_factory: pytest.TempPathFactory
) -> None:
    from tests.fakes.page_services import make_app

    fill(empty_world.engine)
    people = [
        {
            "id": n,
            "crm_user_id": f"005X{n:014d}",
            "username": f"u{n}",
            "name": f"Person {n:05}",
            "address": f"p{n}@example.com",
            "profile": "Sales",
            "active": True,
        }
        for n in range(1000, 11000)
    ]
    states = [
        {"user_id": n, "configuration_id": 1, "syncs": True, "first_sync_done_at": NOW, "last_run_id": 1}
        for n in range(1000, 11000)
    ]
    with empty_world.engine.begin() as connection:
        connection.execute(sa.insert(t.person), people)
        connection.execute(sa.insert(t.user_state), states)
    visitor = Visitor(make_app(empty_world, tmp_path_factory.mktemp("data")).test_client())
    visitor.sign_in()

    page = visitor.get("/?q=Person&page=400").text

    assert names(page) == [f"Person {n:05}" for n in range(10975, 11000)]
    assert "9,976-10,000 of 10,000" in text_of(page)
