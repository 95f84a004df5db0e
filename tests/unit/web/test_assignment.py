"""Assignment: precedence per person, bulk by ticks, paste or CSV, and nothing before it was shown."""

from __future__ import annotations

import io
import re

import pytest
import sqlalchemy as sa

from backend.storage import tables as t
from tests.fakes.page_services import World
from tests.fakes.page_world import JONAS, MAYA
from tests.unit.web.conftest import Visitor
from tests.unit.web.test_configurations import FIELD_SALES, INSIDE, KEY_ACCOUNTS, MANAGEMENT, WHO, because, rows, stored
from tests.unit.web.test_status import counted, text_of

MAREK, NOBODYS = 7, 90001
MAYA_NAME, JONAS_NAME = "maya.lindqvist@example.com.sf", "jonas.becker@example.com.sf"


def hidden(page: str, name: str) -> list[str]:
    return re.findall(rf'name="{name}" value="([^"]*)"', page)


def test_ls028_each_person_stands_with_what_decides(admin: Visitor) -> None:
    words = text_of(admin.get("/assignment/?q=lindqvist").text)
    assert "Key accounts individually; profile Sales would give Field sales EMEA" in words
    words = text_of(admin.get("/assignment/?q=becker").text)
    assert "Sales Field sales EMEA by profile Sales" in words


def test_ls030_an_own_assignment_that_is_off_is_named(admin: Visitor) -> None:
    """LS-053: it counts as taken all the same."""
    admin.post("/assignment/assign", {"ids": [str(MAYA)], "configuration": str(INSIDE)})
    words = text_of(admin.get("/assignment/?q=lindqvist").text)

    assert "Inside sales Not active individually; profile Sales would give Field sales EMEA" in words
    assert "Does not sync. The configuration “Inside sales”, assigned to the user, is not active." in words
    assert "Whoever is assigned here, even to a configuration that is off, counts as taken" in words


def test_ls054_the_page_warns_of_two_organisations(admin: Visitor) -> None:
    assert "A person may sync with one Salesforce organisation only. Take the assignment in a sandbox away" in text_of(
        admin.get("/assignment/").text
    )


def test_ls027_moving_people_shows_from_and_to_and_then_moves_them(admin: Visitor, world: World) -> None:
    before = stored(world)
    asked = admin.post("/assignment/check", {"ids": [str(MAYA), str(JONAS)], "configuration": str(MANAGEMENT)}).text
    words = text_of(asked)

    assert stored(world) == before
    assert "Assign 2 to Management?" in words
    assert "Maya Lindqvist maya.lindqvist@example.com Key accounts Management" in words
    assert "Jonas Becker jonas.becker@example.com Field sales EMEA Management" in words

    admin.post("/assignment/assign", {"ids": hidden(asked, "ids"), "configuration": hidden(asked, "configuration")[0]})
    assert MAYA_NAME in stored(world)["Management"].usernames
    assert MAYA_NAME not in stored(world)["Key accounts"].usernames
    assert because(world, JONAS) == (True, "“Management”, assigned to the user.")
    actor, action, subject, detail = world.audit[-1]
    assert (actor, action, subject, detail["to"]) == (WHO, "assignment changed", "Management", "Management")
    assert detail["from"] == {MAYA_NAME: "Key accounts", JONAS_NAME: "no assignment"}


def test_ls033_taking_an_assignment_away_goes_back_to_the_profile_and_deletes_nothing(
    admin: Visitor, world: World
) -> None:
    pairs = rows(world, t.link)
    wish = {"ids": [str(MAYA), str(JONAS)], "configuration": [str(MANAGEMENT), "profile"]}
    words = text_of(admin.post("/assignment/check", wish).text)
    assert "Take 1 assignment away?" in words
    assert "1 has no assignment to take away: Jonas Becker" in words
    assert "Maya Lindqvist maya.lindqvist@example.com Key accounts Field sales EMEA" in words

    admin.post("/assignment/assign", wish)
    assert because(world, MAYA) == (True, "“Field sales EMEA”, assigned through the profile “Sales”.")
    assert rows(world, t.link) == pairs


def test_ls034_whoever_is_assigned_again_keeps_his_pairs(admin: Visitor, world: World) -> None:
    pairs = rows(world, t.link)
    admin.post("/assignment/assign", {"ids": [str(MAYA)], "configuration": "profile"})
    admin.post("/assignment/assign", {"ids": [str(MAYA)], "configuration": str(KEY_ACCOUNTS)})

    assert because(world, MAYA)[0]
    assert rows(world, t.link) == pairs


def test_ls029_ls031_a_profile_moves_as_a_whole_but_for_those_assigned_individually(
    admin: Visitor, world: World
) -> None:
    wish = {"profiles": ["Sales"], "configuration": str(KEY_ACCOUNTS)}
    words = text_of(admin.post("/assignment/check", wish).text)
    assert "Profile Sales" in words
    assert "Field sales EMEA Key accounts" in words
    assert "are assigned individually and stay there" in words

    admin.post("/assignment/assign", wish)
    assert stored(world)["Key accounts"].profiles == ("Sales",)
    assert stored(world)["Field sales EMEA"].profiles == ()
    assert because(world, JONAS) == (True, "“Key accounts”, assigned through the profile “Sales”.")


def test_ls031_a_profile_without_configuration_is_offered(admin: Visitor, world: World) -> None:
    words = text_of(admin.get("/assignment/?view=profiles").text)
    assert "Support 1 None" in words
    admin.post("/assignment/assign", {"profiles": ["Support"], "configuration": str(KEY_ACCOUNTS)})
    assert because(world, NOBODYS)[0]


PASTED = f"""\
Maya.Lindqvist@example.com
{JONAS_NAME}, jonas.becker@example.com
jonas.beker@example.com
nobody at all
Aiko Tanaka <aiko.tanaka@example.com>;
"""


def test_a_pasted_list_is_sorted_into_moving_there_already_and_unknown(admin: Visitor, world: World) -> None:
    before = stored(world)
    page = admin.post("/assignment/check", {"text": PASTED, "configuration": str(KEY_ACCOUNTS)}).text
    words = text_of(page)

    assert "1 will be assigned to Key accounts" in words
    assert "2 are there already: Maya Lindqvist, Aiko Tanaka" in words
    assert "jonas.beker@example.com , line 3. Did you mean jonas.becker@example.com?" in words
    assert "2 are unknown and left out" in words
    assert hidden(page, "ids") == [str(JONAS)]
    assert stored(world) == before


def test_a_csv_file_is_read_by_its_addresses(admin: Visitor) -> None:
    text = '\ufeffName;E-mail\r\n"Becker; Jonas";jonas.becker@example.com\r\nSomebody;\r\nX;x@nowhere.example\r\n'
    sent = {"file": (io.BytesIO(text.encode()), "people.csv"), "text": "", "configuration": str(KEY_ACCOUNTS)}
    page = admin.post("/assignment/check", sent, content_type="multipart/form-data").text

    assert hidden(page, "ids") == [str(JONAS)]
    assert "Somebody , line 3." in text_of(page)
    assert "x@nowhere.example , line 4." in text_of(page)


def test_an_address_of_two_users_asks_for_the_user_name(admin: Visitor, world: World) -> None:
    with world.engine.begin() as connection:
        connection.execute(sa.update(t.person).where(t.person.c.id == MAREK).values(address="jonas.becker@example.com"))
    page = admin.post("/assignment/check", {"text": "jonas.becker@example.com", "configuration": "3"}).text

    assert "Shared by jonas.becker@example.com.sf, marek.nowak@example.com.sf: give the user name." in text_of(page)
    assert hidden(page, "ids") == []


@pytest.mark.parametrize(
    ("sent", "sentence"),
    [
        ({"text": " ", "configuration": "3"}, "The list is empty."),
        ({"text": "maya.lindqvist@example.com", "configuration": "99"}, "Choose the configuration to assign to."),
        ({"text": "maya.lindqvist@example.com"}, "Choose the configuration to assign to."),
    ],
)
def test_a_list_that_cannot_be_used_is_kept_with_the_reason(
    admin: Visitor, sent: dict[str, str], sentence: str
) -> None:
    answer = admin.post("/assignment/check", sent)

    assert answer.status_code == 422
    assert sentence in text_of(answer.text)
    assert sent["text"].strip() in answer.text


def test_nobody_ticked_is_said(admin: Visitor) -> None:
    answer = admin.post("/assignment/check", {"configuration": "3"})

    assert answer.status_code == 302
    assert "Nobody is selected." in text_of(admin.get("/assignment/").text)


def test_a_configuration_deleted_meanwhile_assigns_nobody(admin: Visitor, world: World) -> None:
    admin.post(f"/configurations/{MANAGEMENT}/delete")
    answer = admin.post("/assignment/assign", {"ids": [str(MAYA)], "configuration": str(MANAGEMENT)})

    assert answer.status_code == 409
    assert "Nothing was assigned." in answer.text
    assert MAYA_NAME in stored(world)["Key accounts"].usernames


def test_ls032_a_deactivated_person_who_is_assigned_stays_in_the_list(admin: Visitor, world: World) -> None:
    with world.engine.begin() as connection:
        connection.execute(sa.update(t.person).where(t.person.c.id == MAYA).values(active=False))
    asked = admin.post("/assignment/check", {"ids": [str(MAYA)], "configuration": str(FIELD_SALES)}).text

    assert "Maya Lindqvist" in admin.get("/assignment/?q=lindqvist").text
    assert "deactivated in Salesforce: does not sync" in text_of(asked)


def test_people_in_none_are_listed_apart(admin: Visitor) -> None:
    words = text_of(admin.get("/assignment/?view=none").text)

    assert "Nobody's Own" in words
    assert "None profile Support has no configuration" in words
    assert "Maya Lindqvist" not in words


def test_the_page_asks_as_much_for_one_person_as_for_fifty(admin: Visitor, world: World) -> None:
    with counted(world.engine) as one:
        admin.get("/assignment/?q=lindqvist")
    with counted(world.engine) as many:
        admin.get("/assignment/")

    assert len(many) == len(one)


def test_ls002_a_viewer_looks_and_assigns_nobody(viewer: Visitor, world: World) -> None:
    page = viewer.get("/assignment/").text
    before = stored(world)

    assert "Maya Lindqvist" in page
    assert 'name="ids"' not in page
    for path in ("/assignment/check", "/assignment/assign"):
        assert viewer.post(path, {"ids": ["5"], "configuration": "1"}).status_code == 403
    assert stored(world) == before
