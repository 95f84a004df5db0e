"""The configuration file as a page: exact round trip, differences first, mistakes with line and remedy."""

from __future__ import annotations

import io
import re

from backend.ports.errors import Transient
from backend.storage.configuration_file import read, write
from tests.fakes.page_services import World
from tests.unit.web.conftest import Visitor
from tests.unit.web.test_configurations import WHO, stored
from tests.unit.web.test_status import text_of


def exported(admin: Visitor) -> str:
    return admin.get("/configuration-file/export").get_data(as_text=True)


def trace_of(page: str) -> str:
    found = re.search(r'name="trace" value="(\w+)"', page)
    assert found
    return found[1]


def test_what_is_exported_changes_nothing_when_it_is_applied(admin: Visitor, world: World) -> None:
    text = exported(admin)
    assert write(read(text)) == text

    before = stored(world)
    page = admin.post("/configuration-file/check", {"text": text}).text
    assert "Nothing changes" in text_of(page)
    admin.post("/configuration-file/apply", {"text": text, "trace": trace_of(page)})
    assert stored(world) == before


def test_differences_are_shown_in_words_before_anything_is_applied(admin: Visitor, world: World) -> None:
    before, text = stored(world), exported(admin)
    changed = text.replace("days_back: 30", "days_back: 14", 1)
    page = admin.post("/configuration-file/check", {"text": changed}).text

    assert "1 change “Field sales EMEA”: events.days_back 30 → 14" in text_of(page)
    assert stored(world) == before

    answer = admin.post("/configuration-file/apply", {"text": changed, "trace": trace_of(page)})
    assert answer.status_code == 302
    assert stored(world)["Field sales EMEA"].configuration.days_back == 14
    assert world.audit[-1][:2] == (WHO, "configuration file applied")
    assert world.audit[-1][3] == {"changes": ["“Field sales EMEA”: events.days_back 30 → 14"]}


def test_a_file_may_be_uploaded(admin: Visitor) -> None:
    text = exported(admin).replace("active: false", "active: true")
    sent = {"file": (io.BytesIO(b"\xef\xbb\xbf" + text.encode()), "all.yaml"), "text": ""}
    page = admin.post("/configuration-file/check", sent, content_type="multipart/form-data").text

    assert "“Inside sales”: active off → on" in text_of(page)


def test_mistakes_are_named_with_their_lines_and_the_text_stays(admin: Visitor, world: World) -> None:
    before = stored(world)
    text = "configurations:\n  - name: Sales\n    evnts: {}\n"
    answer = admin.post("/configuration-file/check", {"text": text})

    assert answer.status_code == 422
    assert "Line 3, configuration “Sales”, evnts: unknown key “evnts”; perhaps “events” was meant." in text_of(
        answer.text
    )
    assert "evnts: {}" in answer.text
    assert stored(world) == before


def test_neither_text_nor_file_is_said(admin: Visitor) -> None:
    answer = admin.post("/configuration-file/check", {"text": "  "})
    binary = {"file": (io.BytesIO(b"\xff\xfe\x00"), "all.bin"), "text": ""}
    other = admin.post("/configuration-file/check", binary, content_type="multipart/form-data")

    assert (answer.status_code, other.status_code) == (422, 422)
    assert "There is no text: paste a file, or choose one." in text_of(answer.text)
    assert "all.bin is no text in UTF-8: choose the YAML file." in text_of(other.text)


def test_what_was_changed_meanwhile_is_shown_again_before_it_is_overwritten(admin: Visitor, world: World) -> None:
    changed = exported(admin).replace("days_back: 30", "days_back: 14", 1)
    page = admin.post("/configuration-file/check", {"text": changed}).text
    admin.post("/configurations/2/delete")
    answer = admin.post("/configuration-file/apply", {"text": changed, "trace": trace_of(page)})

    assert answer.status_code == 409
    assert "The configurations were changed while you read. Nothing was applied." in text_of(answer.text)
    assert "add configuration “Management”" in text_of(answer.text)
    assert stored(world)["Field sales EMEA"].configuration.days_back == 30


def test_fields_are_checked_with_salesforce_as_far_as_it_answers(admin: Visitor, world: World) -> None:
    text = "configurations:\n  - name: Sales\n    contacts:\n      fields: {title: Score__c}\n"
    assert "“Score__c” is of type double" in text_of(admin.post("/configuration-file/check", {"text": text}).text)

    world.fields_problem = Transient("Salesforce does not answer.", service="salesforce")
    words = text_of(admin.post("/configuration-file/check", {"text": text}).text)
    assert "Whether Salesforce has the chosen fields was not checked: Salesforce does not answer." in words


def test_ls002_a_viewer_exports_and_applies_nothing(viewer: Visitor) -> None:
    assert "name: Field sales EMEA" in viewer.get("/configuration-file/export").get_data(as_text=True)
    assert "Show what would change" not in viewer.get("/configuration-file/").text
    for path in ("check", "apply"):
        assert viewer.post(f"/configuration-file/{path}", {"text": "x"}).status_code == 403
