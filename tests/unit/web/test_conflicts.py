"""The conflict journal: nothing that a person typed disappears (INV-6)."""

from __future__ import annotations

from uuid import NAMESPACE_URL, uuid5

import sqlalchemy as sa

from backend.storage import tables as t
from tests.fakes.page_services import World
from tests.unit.web.conftest import Visitor
from tests.unit.web.test_status import text_of


def test_inv6_lost_values_are_listed_beside_what_was_kept_newest_first(admin: Visitor) -> None:
    words = text_of(admin.get("/conflicts").text)

    first = "Ines Okoye contact of Maya Lindqvist, 4 min ago Mobile +46 70 555 01 42 (lost) +46 70 555 01 88 (kept)"
    assert first in words
    assert words.index("Ines Okoye") < words.index("Quarterly review")


def test_values_that_were_both_kept_are_not_shown_as_lost(admin: Visitor, world: World) -> None:
    upper, lower = {"email": "INES@EXAMPLE.COM"}, {"email": "ines@example.com"}
    link = str(uuid5(NAMESPACE_URL, "ines"))
    with world.engine.begin() as connection:
        connection.execute(sa.update(t.link).where(t.link.c.id == link).values(shadow_mailbox=upper, shadow_crm=lower))
        connection.execute(
            sa.update(t.conflict)
            .where(t.conflict.c.link_id == link)
            .values(group="email", mailbox_value=upper, crm_value=lower, reason="Matched with different values.")
        )

    words = text_of(admin.get("/conflicts?field=email").text)

    assert "INES@EXAMPLE.COM (kept) ines@example.com (kept)" in words
    assert "(lost)" not in words


def test_journal_offers_no_restore(admin: Visitor) -> None:
    page = admin.get("/conflicts").text.split("<main")[1]

    assert "<form" not in page.split("</form>", 1)[1]
    assert 'method="post"' not in page


def test_filters_by_field_period_and_person(admin: Visitor) -> None:
    by_field = text_of(admin.get("/conflicts?field=mobile").text)
    by_period = text_of(admin.get("/conflicts?days=1").text)
    by_person = text_of(admin.get("/conflicts?q=hannah").text)

    assert "1-1 of 1" in by_field
    assert "Description Agenda" not in by_field
    assert "1-3 of 3" in by_period or "1-2 of 2" in by_period
    assert "No conflict matches" in by_person


def test_values_are_read_in_the_viewers_zone(admin: Visitor, world: World) -> None:
    admin.client.set_cookie("lockstep_zone", "Asia/Tokyo")

    words = text_of(admin.get("/conflicts").text)

    assert "Times in Asia/Tokyo" in words
    assert world.now.isoformat() == "2026-11-24T09:42:18+00:00"
