"""Contacts on both sides: some on one, some on both with differences, some that Salesforce will refuse."""

from __future__ import annotations

from typing import Any, Final

from backend.sandbox.world import Person

FIRST: Final = (
    "Ines", "Nadia", "Per", "Wanda", "Björn", "Ana", "Oluwaseun", "Hannah", "Sofia", "Marek", "Giulia", "Kenji",
    "Leila", "Tobias", "Freya", "Mateo", "Ingrid", "Samir", "Chloé", "Dmitri", "Yuki", "Amara", "Pavel", "Noor",
)  # fmt: skip
LAST: Final = (
    "Okoye", "Ferrante", "Sandgren", "Krol", "Åkesson", "Silva", "Adeyemi", "Weiss", "Marchetti", "Nowak", "Rossi",
    "Mori", "Haddad", "Brandt", "Larsen", "García", "Holm", "Khan", "Moreau", "Volkov", "Sato", "Diallo", "Novák",
)  # fmt: skip
TITLES: Final = ("Head of Purchasing", "Operations Lead", "Managing Director", "IT Manager", "Buyer", "Counsel")
CITIES: Final = (
    ("Göteborg", "411 03", "Sweden"), ("Berlin", "10115", "Germany"), ("Boston", "02110", "United States"),
    ("Osaka", "530-0001", "Japan"), ("Auckland", "1010", "New Zealand"),
)  # fmt: skip
IN_SALESFORCE, IN_MAILBOX, ON_BOTH = 34, 14, 6
"""Per person."""


def fill(org: Any, tenant: Any, staff: list[Person], accounts: dict[str, str]) -> None:
    """About 54 contacts for each of the staff."""
    names = list(accounts)
    for number, person in enumerate(staff):
        mailbox = tenant.mailbox(person.microsoft_id)
        folder = mailbox.add_contact_folder("Salesforce_Sync")
        for index in range(IN_SALESFORCE + ON_BOTH):
            who = _person(number, index, names)
            row = _row(who, accounts)
            org.insert("Contact", row | {"OwnerId": person.salesforce_id}, person.salesforce_id)
            if index >= IN_SALESFORCE:
                mailbox.create_contact(_card(who, on_both=True), folder)
        for index in range(IN_SALESFORCE + ON_BOTH, IN_SALESFORCE + ON_BOTH + IN_MAILBOX):
            mailbox.create_contact(_card(_person(number, index, names)), folder)
        mailbox.create_contact({"givenName": "Not", "surname": "Synced", "companyName": "Private address book"})
    _refused(tenant.mailbox(staff[1].microsoft_id))


def _person(owner: int, index: int, companies: list[str]) -> dict[str, str]:
    number = owner * 61 + index * 7
    first, last = FIRST[number % len(FIRST)], LAST[(number // 3 + index) % len(LAST)]
    company = companies[(owner * 5 + index) % len(companies)]
    host = "".join(letter for letter in company.lower().split()[0] if letter.isalpha())
    city, code, country = CITIES[number % len(CITIES)]
    plain = first.lower().translate(str.maketrans("åäöéñçáíóú", "aaoencaiou"))
    return {
        "first": first,
        "last": last,
        "company": company,
        "email": f"{plain}.{owner}{index:02d}@{host}.example",
        "title": TITLES[number % len(TITLES)],
        "phone": f"+46 31 555 {owner}{index:03d}",
        "mobile": f"+46 70 555 {owner}{index:03d}",
        "city": city,
        "code": code,
        "country": country,
    }


def _row(who: dict[str, str], accounts: dict[str, str]) -> dict[str, Any]:
    return {
        "FirstName": who["first"],
        "LastName": who["last"],
        "Email": who["email"],
        "Title": who["title"],
        "Phone": who["phone"],
        "AccountId": accounts[who["company"]],
        "MailingCity": who["city"],
        "MailingPostalCode": who["code"],
        "MailingCountry": who["country"],
    }


def _card(who: dict[str, str], *, on_both: bool = False) -> dict[str, Any]:
    """A contact as its owner typed it; on both sides it has a mobile number and no title."""
    card = {
        "givenName": who["first"],
        "surname": who["last"],
        "companyName": who["company"],
        "emailAddresses": [{"address": who["email"].upper() if on_both else who["email"], "name": who["first"]}],
        "mobilePhone": who["mobile"],
        "businessAddress": {"city": who["city"], "postalCode": who["code"], "countryOrRegion": who["country"]},
    }
    return card if on_both else card | {"jobTitle": who["title"], "businessPhones": [who["phone"]]}


def _refused(mailbox: Any) -> None:
    """What Salesforce does not take: a rule broken, a name missing, an address that is none, a title too long."""
    folder = mailbox.contact_folder("Salesforce_Sync")
    address = {"city": "Hamburg", "postalCode": "2009", "countryOrRegion": "Germany"}
    for card in (
        {"givenName": "Björn", "surname": "Postleitzahl", "businessAddress": address},
        {"givenName": "Ana"},
        {"givenName": "Ole", "surname": "Ohneadresse", "emailAddresses": [{"address": "not-an-address"}]},
        {"givenName": "Lang", "surname": "Titel", "jobTitle": "Vice President of " + "Everything " * 14},
    ):
        mailbox.create_contact(card, folder)
