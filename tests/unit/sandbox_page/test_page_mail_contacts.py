"""Contacts in the mailbox, through plain forms."""

from __future__ import annotations

ALL = {
    "first": "Ada", "last": "Byron", "company": "Engines", "title": "Analyst", "email": "ada@engines.example",
    "phone": "+44 1", "mobile": "+44 2", "street": "1 Row", "code": "N1", "city": "London", "state": "Greater London",
    "country": "United Kingdom", "notes": "Knows\nher sums",
}  # fmt: skip


def contact(bench, surname):
    return next(each for each in bench.mail_contacts() if each["surname"] == surname)


def test_a_new_contact_has_every_field(bench):
    page = bench.say(bench.send("mail-contact/save", "?open=mail-contact:new", **ALL))
    assert "“Ada Byron” is made in the mailbox." in page
    made = contact(bench, "Byron")
    assert [made[name] for name in ("givenName", "companyName", "jobTitle", "mobilePhone", "personalNotes")] == [
        "Ada", "Engines", "Analyst", "+44 2", "Knows\nher sums",
    ]  # fmt: skip
    assert (made["businessPhones"], made["emailAddresses"][0]["address"]) == (["+44 1"], "ada@engines.example")
    assert made["businessAddress"] == {
        "street": "1 Row", "city": "London", "state": "Greater London", "postalCode": "N1",
        "countryOrRegion": "United Kingdom",
    }  # fmt: skip
    assert {name: bench.form("mail-contact/save", f"?open=mail-contact:{made['id']}")[name] for name in ALL} == ALL


def test_a_change_keeps_further_addresses_and_numbers(bench):
    contact_id = contact(bench, "Okoye")["id"]
    more = [{"address": "ines.okoye@brightwater.example"}, {"address": "second@x.example"}]
    bench.mailbox.update_contact(contact_id, {"emailAddresses": more, "businessPhones": ["1", "2"]})
    bench.send("mail-contact/save", f"?open=mail-contact:{contact_id}", email="ines@new.example", phone="")
    saved = bench.mailbox.contact(contact_id)
    assert [each["address"] for each in saved["emailAddresses"]] == ["ines@new.example", "second@x.example"]
    assert saved["businessPhones"] == ["2"]


def test_saving_an_unchanged_contact_writes_nothing(bench):
    before = contact(bench, "Okoye")
    page = bench.say(bench.send("mail-contact/save", f"?open=mail-contact:{before['id']}"))
    assert "Nothing was changed" in page
    assert contact(bench, "Okoye") == before


def test_the_first_contact_makes_the_folder(bench):
    bench.mailbox.delete_folder(bench.mailbox.contact_folder("Salesforce_Sync"))
    assert "The folder is not there yet: Lockstep makes it, or you with the first contact." in bench.page()
    bench.send("mail-contact/save", "?open=mail-contact:new", first="Ada")
    assert [each["givenName"] for each in bench.mail_contacts()] == ["Ada"]


def test_a_contact_without_a_name_is_taken_and_shown_by_its_address(bench):
    page = bench.say(bench.send("mail-contact/save", "?open=mail-contact:new", email="who@x.example"))
    assert "“who@x.example” is made in the mailbox." in page


def test_a_deleted_contact_is_brought_back(bench):
    contact_id = contact(bench, "Okoye")["id"]
    page = bench.say(bench.client.post("/people/maya/mail-contact/delete", data={"item": contact_id}))
    assert "“Ines Okoye” is deleted." in page
    assert len(bench.mail_contacts()) == 2
    bench.client.post("/people/maya/mail-contact/restore", data={"item": contact_id})
    assert contact(bench, "Okoye")["id"] == contact_id


def test_deleting_twice_says_that_it_is_gone(bench):
    contact_id = contact(bench, "Okoye")["id"]
    bench.mailbox.delete_contact(contact_id)
    answer = bench.client.post("/people/maya/mail-contact/delete", data={"item": contact_id})
    assert "It is no longer in the mailbox: somebody deleted or moved it meanwhile." in answer.text


def test_restoring_what_is_not_deleted_says_so(bench):
    answer = bench.client.post("/people/maya/mail-contact/restore", data={"item": contact(bench, "Okoye")["id"]})
    assert "It is no longer in the mailbox" in answer.text
