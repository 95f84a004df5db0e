"""Bad input (issue 2): one sentence with place and remedy, on the pages and the command line; the rest goes on."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from backend.sandbox.faults import Rule
from backend.sandbox.salesforce.rules import ValidationRule
from backend.sandbox.world import Person
from backend.storage import tables
from tests.fakes.certificates import key_pair
from tests.fakes.installation import Installation, timed
from tests.fakes.told import Told

FORTNIGHT = 14 * 24 * 60


@pytest.fixture
def people(installation: Installation) -> list[Person]:
    """Two people in step."""
    hired = installation.stage.hire(2)
    installation.assign()
    installation.settle()
    return hired


def goes_on(installation: Installation, *people: Person) -> None:
    """Whoever is named gets a new contact across in one cycle, whatever stands in others' way."""
    for person in people:
        installation.write_card(person, "Grace", f"GoesOn{person.key}")
    installation.cycle()
    names = {row["LastName"] for row in installation.records("LastName", "Contact")}
    assert {f"GoesOn{person.key}" for person in people} <= names


def both(told: Told, person: Person) -> tuple[str, str]:
    """What the page and the command tell of a person."""
    return told.person(person), told.command("status", "--user", person.salesforce_username)


# --- credentials ------------------------------------------------------------------------------------------------------


def salesforce_file(told: Told, **changes: Any) -> str:
    """The file for `lockstep connect salesforce`."""
    known = told.installation.stage.sandbox.credentials()["salesforce"]
    content = {
        "consumer_key": known["client_id"],
        "username": known["integration_username"],
        "private_key": known["private_key"],
        "login_url": known["login_url"],
        "audience": known["login_url"],
    }
    return told.write("salesforce.yaml", **(content | changes))


def microsoft_file(told: Told, **changes: Any) -> str:
    """The file for `lockstep connect microsoft`."""
    known = told.installation.stage.sandbox.credentials()["microsoft"]
    content = {"tenant": known["tenant_id"], "client_id": known["client_id"], "client_secret": known["client_secret"],
               "login_url": known["login_url"], "graph_url": known["graph_url"]}  # fmt: skip
    content |= changes
    return told.write("microsoft.yaml", **{name: value for name, value in content.items() if value})


def test_wrong_key_file(installation: Installation, told: Told, people: list[Person], tmp_path: Path) -> None:
    """A file that holds no key is refused and the connection stays; a key of something else stops and says so."""
    (tmp_path / "no.pem").write_text("no key")
    path = salesforce_file(told, private_key="", private_key_file="no.pem")
    assert told.refusal("connect", "salesforce", "--file", path) == (
        f"private_key_file ({tmp_path}/no.pem) holds no private key in PEM form: the file begins with "
        "“-----BEGIN PRIVATE KEY-----”."
    )
    goes_on(installation, *people)

    (tmp_path / "other.pem").write_text(key_pair().private_key)
    path = salesforce_file(told, private_key="", private_key_file="other.pem")
    told.refusal("connect", "salesforce", "--file", path)
    remedy = "Check that the private key belongs to the certificate of the Lockstep app, and that it is valid."
    installation.open()
    assert installation.lockstep.read_organisation() is None
    assert remedy in told.status
    assert remedy in told.command("status")
    assert remedy in told.refusal("sync")

    told.command("connect", "salesforce", "--file", salesforce_file(told))
    installation.open()
    goes_on(installation, *people)
    assert remedy not in told.status + told.command("status")


def test_expired_certificate(installation: Installation, told: Told, people: list[Person], tmp_path: Path) -> None:
    """Refused when it is stored; and named when it expires while it is in use."""
    old, good = key_pair(days=-1), key_pair(days=2)
    for name, pair in (("old", old), ("good", good)):
        (tmp_path / f"{name}.crt").write_text(pair.certificate)
        (tmp_path / f"{name}.pem").write_text(pair.private_key)
    files = {name: {"client_secret": "", "certificate_file": f"{name}.crt", "private_key_file": f"{name}.pem"}
             for name in ("old", "good")}  # fmt: skip
    day = f"{datetime.now(UTC) - timedelta(days=1):%Y-%m-%d}"
    assert told.refusal("connect", "microsoft", "--file", microsoft_file(told, **files["old"])) == (
        f"certificate_file ({tmp_path}/old.crt) expired on {day}: make a new one, and upload it to the app in Entra."
    )
    goes_on(installation, *people)

    installation.tenant.app.register_certificate(good.certificate)
    told.command("connect", "microsoft", "--file", microsoft_file(told, **files["good"]))
    installation.open()
    goes_on(installation, *people)

    installation.connect_microsoft({"certificate": old.certificate, "private_key": old.private_key})
    installation.open()
    assert {report.outcome for report in installation.cycle().values()} == {"failed"}
    for text in (told.status, told.person(people[0]), told.command("status")):
        assert "certificate" in text
        assert "expired" in text
        assert "upload" in text or "Upload" in text
    told.command("connect", "microsoft", "--file", microsoft_file(told))
    installation.open()
    goes_on(installation, *people)
    assert "expired" not in told.status + told.command("status")


def test_tenant_without_consent(installation: Installation, told: Told, people: list[Person]) -> None:
    installation.tenant.revoke_roles()
    told.refusal("connect", "test")
    installation.connect_microsoft()
    installation.open()
    installation.write_card(people[0], "Grace", "Waiting")
    with installation.watched() as writes:
        assert {report.outcome for report in installation.cycle().values()} == {"failed"}
    assert writes == Counter()
    for text in (told.status, told.command("status"), *both(told, people[0])):
        assert "admin consent" in text or "administrator grant consent" in text

    installation.tenant.app.consent()
    installation.later(minutes=10)
    installation.open()
    installation.settle()
    assert [row["LastName"] for row in installation.records("LastName", "Contact")] == ["Waiting"]
    assert "consent" not in told.status + told.command("status")


def test_a_field_that_is_missing_in_salesforce(installation: Installation, told: Told, people: list[Person]) -> None:
    """Found when connecting, shown with the command that mends it, and forgotten by itself once it is there."""
    installation.org.settings.key_field = False
    path = salesforce_file(told)
    assert "cannot use the field, so nothing is created" in told.run("connect", "salesforce", "--file", path).stdout
    remedy = "Deploy the package that `lockstep salesforce package` writes, and assign the permission set Lockstep."
    assert remedy in told.status
    assert remedy in told.command("status")
    installation.org.settings.key_field = True
    installation.later(minutes=16)
    installation.open()
    goes_on(installation, *people)
    assert remedy not in told.status + told.command("status")


def test_a_token_that_fails_stops_one_person_only(installation: Installation, told: Told, people: list[Person]) -> None:
    """SF-020: he backs off alone, longer each time, with a reason people can read, and goes on by himself."""
    ada, bob = people
    frozen = installation.id_of(ada)
    installation.org.freeze_user(ada.salesforce_id)
    installation.write_card(ada, "Grace", "Waiting")
    pauses = []
    for _ in range(4):
        goes_on(installation, bob)
        (row,) = installation.rows(sa.select(tables.user_state).where(tables.user_state.c.user_id == frozen))
        pauses.append((row.due_at - installation.world.clock.now()) / timedelta(seconds=1))
        assert frozen not in installation.lockstep.runs.due_users()
        installation.later(seconds=pauses[-1])
        assert frozen in installation.lockstep.runs.due_users()
    assert [round(pause / 30) for pause in pauses] == [1, 2, 4, 8]
    for text in (told.status, *both(told, ada)):
        assert f"Salesforce did not sign in {ada.salesforce_username}" in text
        assert f"Unlock or unfreeze {ada.salesforce_username} in Salesforce." in text
    assert installation.standing(bob).state == "in_sync"

    installation.org.unfreeze_user(ada.salesforce_id)
    installation.settle()
    assert "Waiting" in {row["LastName"] for row in installation.records("LastName", "Contact")}
    assert installation.standing(ada).state == "in_sync"
    assert "did not sign in" not in told.status + told.command("status")


# --- people -----------------------------------------------------------------------------------------------------------


def test_ls022_two_users_with_one_address(installation: Installation, told: Told, people: list[Person]) -> None:
    """Neither of the two syncs, each is told of the other, and everybody else goes on."""
    ada, bob = people
    (cid,) = installation.stage.hire(1)
    installation.assign()
    installation.org.update(bob.salesforce_id, {"Email": ada.address})
    goes_on(installation, cid)
    for one, other in ((ada, bob), (bob, ada)):
        sentence = (
            f"Another user ({other.salesforce_username}) has the same address {ada.address}: change one of the two in "
            "Salesforce."
        )
        assert all(sentence in text for text in both(told, one))
        assert sentence in told.status
    assert "Another Salesforce user has the same address." in told.run("connect", "test").stdout
    installation.org.update(bob.salesforce_id, {"Email": bob.address})
    installation.cycle()
    goes_on(installation, ada, bob, cid)
    assert "same address" not in told.status + told.command("status")


def test_mailbox_not_found(installation: Installation, told: Told, people: list[Person]) -> None:
    """Who has none backs off alone with the reason; he goes on by himself when the address is right."""
    ada, _ = people
    (cid,) = installation.stage.hire(1)
    installation.assign()
    installation.org.update(cid.salesforce_id, {"Email": "nobody@stage.example"})
    goes_on(installation, ada)
    sentence = "Microsoft 365 knows no user with this address"
    remedy = "orrect the address or remove the user from the configuration."
    for text in (told.status, *both(told, cid)):
        assert sentence in text
        assert remedy in text
    tested = told.run("connect", "test", "--user", "nobody@stage.example").stdout
    assert sentence in tested
    assert remedy in tested
    goes_on(installation, ada)
    installation.org.update(cid.salesforce_id, {"Email": cid.address})
    installation.cycle()
    goes_on(installation, cid)
    assert sentence not in told.status + told.command("status")


def test_folder_deleted_by_the_user(installation: Installation, told: Told, people: list[Person]) -> None:
    """H-2, LS-064: nothing is deleted in Salesforce, its owner is told what to do, and new contacts go on."""
    ada, bob = people
    installation.write_card(ada, "Grace", "Hopper")
    installation.settle()
    installation.box(ada).delete_folder(installation.stage.contact_folder(ada))
    goes_on(installation, bob)
    goes_on(installation, ada)
    for _ in range(2):
        for text in both(told, ada):
            assert "The contact folder was deleted in the mailbox and a new one was made" in text
            assert "answer under Held steps" in text
        installation.later(days=1)  # listed whole again: the lost contact is still not back
        installation.settle()
    assert "Hopper" in {row["LastName"] for row in installation.records("LastName", "Contact")}

    told.command("reset", "--user", ada.salesforce_username)
    installation.settle()
    assert "Hopper" in {one["surname"] for one in installation.cards(ada)}
    assert "contact folder was" not in "".join(both(told, ada))


# --- items ------------------------------------------------------------------------------------------------------------


def no_boss(installation: Installation) -> None:
    rule = ValidationRule("Contact", lambda row: row.get("Title") == "Boss", "Nobody is a boss here.", "Title")
    installation.org.add_validation_rule(rule)


def test_items_that_salesforce_refuses(installation: Installation, told: Told, people: list[Person]) -> None:
    """LS-160: each is named with what was said and what to do, is retried when it changes, and nothing waits for it."""
    ada, bob = people
    no_boss(installation)
    folder, box = installation.stage.contact_folder(ada), installation.box(ada)
    boss = installation.write_card(ada, "Rule", "Breaker", jobTitle="Boss")
    first = installation.write_card(ada, "Onlyfirst", "")
    long = installation.write_card(ada, "Long", "L" * 81)
    much = box.create_event(timed("A minute too much", installation.soon(3), minutes=FORTNIGHT + 1))
    box.create_event(timed("A fortnight", installation.soon(3), minutes=FORTNIGHT))
    goes_on(installation, ada, bob)
    told_of = {
        "Rule Breaker": ("Nobody is a boss here.", "Change the item so that it passes, or the rule."),
        "Onlyfirst": ("Required fields are missing: [LastName]", "Fill this field on the other side."),
        "Long": ("data value too large", "Shorten it on the other side."),
        "A minute too much": ("can't last longer than 14 days", "Salesforce's limits"),
    }
    page, command = both(told, ada)
    for title, sentences in told_of.items():
        for part in (title, *sentences):
            assert all(part in text for text in (told.refused, page, command)), part
    assert "4 items are refused" in told.status
    assert "4 items do not sync" in told.command("status")
    assert [row["Subject"] for row in installation.records("Subject")] == ["A fortnight"]

    with installation.watched() as writes:
        installation.cycle()
    assert writes == Counter(), "not tried again as long as nothing changes"

    box.update_contact(boss, {"jobTitle": "Colleague"})
    box.update_contact(first, {"surname": "Last"})
    box.update_contact(long, {"surname": "Short"})
    start = installation.soon(3)
    box.update_event(much, {key: timed("", start, FORTNIGHT)[key] for key in ("start", "end")})
    installation.settle()
    names = {row["LastName"] for row in installation.records("LastName", "Contact")}
    assert names == {"Breaker", "Last", "Short", f"GoesOn{ada.key}", f"GoesOn{bob.key}"}
    assert len(installation.records("Id")) == 2
    assert "Nothing is refused" in told.refused
    assert "refused" not in told.command("status", "--user", ada.address)
    assert folder.name == "Salesforce_Sync"


def test_a_refused_change_loses_nothing(installation: Installation, told: Told, people: list[Person]) -> None:
    """The mailbox keeps what was typed, Salesforce what it had; a change on either side tries again."""
    ada, _ = people
    no_boss(installation)
    contact = installation.write_card(ada, "Grace", "Hopper", jobTitle="Admiral")
    installation.settle()
    installation.box(ada).update_contact(contact, {"jobTitle": "Boss", "businessPhones": ["+1 555 0100"]})
    installation.cycle()
    (row,) = installation.records("Title, Phone", "Contact")
    assert (row["Title"], row["Phone"]) == ("Admiral", None), "not half of it"
    assert installation.cards(ada)[0]["jobTitle"] == "Boss"
    assert all("Nobody is a boss here." in text for text in (*both(told, ada), told.refused))

    installation.box(ada).update_contact(contact, {"jobTitle": "Rear admiral"})
    installation.settle()
    (row,) = installation.records("Title, Phone", "Contact")
    assert (row["Title"], row["Phone"]) == ("Rear admiral", "+1 555 0100")


def test_ls163_unknown_time_zone(installation: Installation, told: Told, people: list[Person]) -> None:
    """LS-163, E-11, MS-055: a series in a zone that nobody knows is left out and named; the others go on."""
    ada, bob = people
    box, start = installation.box(ada), installation.soon(2)
    weekly = {"type": "weekly", "interval": 1, "daysOfWeek": [f"{start:%A}".lower()]}
    limits = {"type": "numbered", "startDate": f"{start:%Y-%m-%d}", "numberOfOccurrences": 3}
    master = box.create_event(timed("Standup", start, recurrence={"pattern": weekly, "range": limits}))
    event = box.member(master).event
    event.start_zone = event.end_zone = "tzone://Microsoft/Custom"
    event.recurrence["range"]["recurrenceTimeZone"] = "tzone://Microsoft/Custom"
    box.create_event(timed("Lunch", start))
    goes_on(installation, ada, bob)
    assert [row["Subject"] for row in installation.records("Subject")] == ["Lunch"]
    sentence = "The time zone “tzone://Microsoft/Custom” of the series is not known: choose a standard zone for it in"
    assert all(sentence in text for text in both(told, ada))

    event.start_zone = event.end_zone = event.recurrence["range"]["recurrenceTimeZone"] = "Europe/Berlin"
    box.touch_item(master)
    installation.settle()
    assert sorted(row["Subject"] for row in installation.records("Subject")) == ["Lunch", *["Standup"] * 3]
    assert not any(sentence in text for text in both(told, ada))


# --- answers ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("service", "operation"),
    [
        ("microsoft", "*.delta"),
        ("microsoft", "batch"),
        ("microsoft", "token"),
        ("salesforce", "POST composite*"),
        ("salesforce", "POST oauth2/token"),
    ],
)
def test_malformed_answer(
    installation: Installation, told: Told, people: list[Person], service: str, operation: str
) -> None:
    """Nothing is concluded from it: nothing is deleted, doubled or lost, and it goes on by itself."""
    ada, bob = people
    installation.write_card(ada, "Grace", "Hopper")
    installation.org.insert("Contact", {"LastName": "Lovelace", "OwnerId": bob.salesforce_id})
    with installation.lockstep.database.begin() as connection:
        connection.execute(sa.delete(tables.service_cache))
    installation.open()
    fault = installation.world.faults.add(Rule("malformed", service, operation))
    installation.lockstep.read_organisation()
    for person in people:
        installation.sync(person)
    assert fault.fired
    assert "cannot be read" in told.status
    assert "cannot be read" in told.command("status")
    installation.world.faults.clear()
    installation.later(minutes=5)
    installation.open()
    installation.settle()
    assert sorted(row["LastName"] for row in installation.records("LastName", "Contact")) == ["Hopper", "Lovelace"]
    assert [one["surname"] for one in installation.cards(ada)] == ["Hopper"]
    assert [one["surname"] for one in installation.cards(bob)] == ["Lovelace"]
    assert "cannot be read" not in told.status + told.command("status")


# --- files ------------------------------------------------------------------------------------------------------------


def test_yaml_with_a_misspelt_key(installation: Installation, told: Told, people: list[Person]) -> None:
    """The file is refused as a whole, with the line and what was meant; nothing of it is applied."""
    before = told.command("config", "export")
    path = told.folder / "wrong.yaml"
    path.write_text(
        "configurations:\n  - name: Everything\n    contacts: {direction: both}\n    evnets: {direction: off}\n"
        "    usernames: [somebody@stage.example]\n",
        encoding="utf-8",
    )
    said = told.refusal("config", "apply", str(path))
    assert str(path) in said
    assert "4" in said
    assert "evnets" in said
    assert "events" in said
    assert told.command("config", "export") == before
    goes_on(installation, *people)

    known = salesforce_file(told, usrname="x")
    assert told.refusal("connect", "salesforce", "--file", known).startswith(
        f"{known}: “usrname” is not known here. Known keys: consumer_key, username"
    )
    goes_on(installation, *people)
