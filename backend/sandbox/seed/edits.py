"""What people do on an ordinary morning, on both sides at once: for the demo that settles by itself."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from backend.sandbox.world import Person, World


def edit(world: World, org: Any, tenant: Any) -> int:
    """Edits, deletions and new things in every mailbox and in Salesforce; how many."""
    done = 0
    for number, person in enumerate(world.people):
        mailbox = tenant.mailbox(person.microsoft_id)
        done += _contacts(org, mailbox, person)
        done += _events(org, mailbox, person, number, world.clock.now())
    return done


def _contacts(org: Any, mailbox: Any, person: Person) -> int:
    """One edited on each side, and one on both: a conflict."""
    cards = sorted(mailbox.contacts(mailbox.contact_folder("Salesforce_Sync")), key=lambda card: card["id"])
    mine = sorted((row for row in org.rows("Contact") if row["OwnerId"] == person.salesforce_id), key=_id)
    if len(cards) < 3 or len(mine) < 3:
        return 0
    mailbox.update_contact(cards[0]["id"], {"jobTitle": "Head of Everything"})
    org.update(mine[-1]["Id"], {"Phone": "+46 8 555 0100"}, person.salesforce_id)
    by_address = {(row["Email"] or "").lower(): row for row in mine}
    for card in cards[1:]:
        row = by_address.get((card["emailAddresses"] or [{"address": ""}])[0]["address"].lower())
        if row is not None and row["Id"] != mine[-1]["Id"]:
            mailbox.update_contact(card["id"], {"department": "Chosen in the mailbox"})
            org.update(row["Id"], {"Department": "Chosen in Salesforce"}, person.salesforce_id)
            return 4
    return 2


def _events(org: Any, mailbox: Any, person: Person, number: int, now: datetime) -> int:
    """One moved and one deleted on each side, one made in Salesforce, and a meeting with guests moved there."""
    single = [item for item in mailbox.events() if item["type"] == "singleInstance" and not item["attendees"]]
    ahead = sorted((item for item in single if item["subject"].startswith("Pipeline call")), key=_start)
    if len(ahead) > 1:
        mailbox.update_event(ahead[-1]["id"], {"location": {"displayName": "Moved to the big room"}})
        mailbox.delete_event(ahead[0]["id"])
    mine = sorted((row for row in org.rows("Event") if row["OwnerId"] == person.salesforce_id), key=_id)
    reviews = [row for row in mine if row["Subject"].startswith("Quarterly review")]
    if len(reviews) > 1:
        org.update(reviews[0]["Id"], {"Location": "Changed in Salesforce"}, person.salesforce_id)
        org.delete(reviews[-1]["Id"], person.salesforce_id)
    visit = next((row for row in mine if row["Subject"].startswith("Joint visit")), None)
    if visit is not None:
        org.update(visit["Id"], {"Location": "Their new office"}, person.salesforce_id)
    start = (now + timedelta(days=3 + number)).replace(hour=12, minute=0, second=0, microsecond=0).astimezone(UTC)
    times = {"StartDateTime": start.isoformat(), "EndDateTime": (start + timedelta(hours=1)).isoformat()}
    org.insert(
        "Event", {"Subject": "Made in Salesforce", "OwnerId": person.salesforce_id, **times}, person.salesforce_id
    )
    return 6


def _id(row: Any) -> str:
    return str(row["Id"])


def _start(item: Any) -> str:
    return str(item["start"]["dateTime"])
