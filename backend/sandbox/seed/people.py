"""Who works here, the companies they sell to, and the rules of their Salesforce."""

from __future__ import annotations

from typing import Any, Final

from backend.sandbox.salesforce.rules import ValidationRule
from backend.sandbox.world import Person, World

DOMAIN: Final = "harrowpine.example"
STAFF: Final = (
    ("maya", "Maya Lindqvist", "Europe/Stockholm"),
    ("jonas", "Jonas Becker", "Europe/Berlin"),
    ("priya", "Priya Raman", "America/New_York"),
    ("tomas", "Tomás Herrera", "America/Los_Angeles"),
    ("aiko", "Aiko Tanaka", "Asia/Tokyo"),
    ("ruth", "Ruth Ngata", "Pacific/Auckland"),
)
COMPANIES: Final = (
    "Brightwater Logistics", "Tamarind Health", "Halden & Voss", "Kestrel Works", "Pinehollow Clinics",
    "Saltmarsh Media",
    "Orchard Lane Foods", "Quarry Hill Stone", "Nordlicht Optik", "Copper Beech Partners", "Fjordline Shipping",
    "Marigold Interiors", "Blue Heron Analytics", "Sandstone Legal", "Willowbrook Schools", "Ember & Ash Ceramics",
    "Lantern Street Books", "Juniper Robotics", "Millrace Energy", "Foxglove Pharma",
)  # fmt: skip


def hire(world: World, org: Any, tenant: Any) -> list[Person]:
    """Users on both sides with the same address; the profile of the first three is another one."""
    field_sales = org.add_profile("Field Sales")
    inside_sales = org.add_profile("Inside Sales")
    staff = []
    for number, (key, name, zone) in enumerate(STAFF):
        address = f"{key}.{name.split()[-1].lower()}@{DOMAIN}".replace("á", "a")
        username = f"{address}.crm"
        profile = field_sales if number < 3 else inside_sales
        salesforce_id = org.add_user(username, name, email=address, profile=profile, time_zone=zone)
        user = tenant.add_user(name, address, zone)
        person = Person(key, name, address, username, salesforce_id, user.id, zone)
        world.people.append(person)
        staff.append(person)
    return staff


def open_accounts(org: Any) -> dict[str, str]:
    """Accounts by name."""
    return {name: org.insert("Account", {"Name": name}) for name in COMPANIES}


def set_rules(org: Any) -> None:
    """Validation rules that some of the seeded rows break."""
    org.add_validation_rule(
        ValidationRule(
            "Contact",
            lambda row: row.get("MailingCountry") == "Germany" and not _five_digits(row.get("MailingPostalCode")),
            "Postal code must have 5 digits.",
            "MailingPostalCode",
        )
    )
    org.add_validation_rule(
        ValidationRule(
            "Event",
            lambda row: "secret" in (row.get("Subject") or "").lower(),
            "Meetings called secret are not recorded here.",
            "Subject",
        )
    )


def _five_digits(code: object) -> bool:
    return isinstance(code, str) and len(code) == 5 and code.isdigit()
