"""A sandbox with two people and a week on both sides, and a browser without JavaScript in front of its page."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from html.parser import HTMLParser
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from backend.sandbox import control
from backend.sandbox.server import Sandbox
from backend.sandbox.world import Person
from tests.fakes.two_sides import fill


class Forms(HTMLParser):
    """The forms of a page by their action, as the fields that a browser would send."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: dict[str, dict[str, str]] = {}
        self._ids: dict[str, dict[str, str]] = {}
        self._now: dict[str, str] | None = None
        self._select = self._area = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._now = self.found[given.get("action", "")] = {}
        elif self._now is None:
            return
        elif tag == "input" and given.get("name"):
            kind = given.get("type", "text")
            if kind not in ("checkbox", "radio") or "checked" in given:
                self._now[given["name"]] = given.get("value", "on")
        elif tag == "select":
            self._select = given.get("name", "")
        elif tag == "option" and self._select and ("selected" in given or self._select not in self._now):
            self._now[self._select] = given.get("value", "")
        elif tag == "textarea":
            self._area = given.get("name", "")
            self._now[self._area] = ""

    def handle_data(self, data: str) -> None:
        if self._area and self._now is not None:
            self._now[self._area] += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._now = None
        elif tag == "select":
            self._select = ""
        elif tag == "textarea":
            self._area = ""


@dataclass
class Bench:
    """The page of a person, and the two services behind it."""

    sandbox: Sandbox
    client: FlaskClient
    person: Person

    @property
    def org(self) -> Any:
        return self.sandbox.services["salesforce"].org

    @property
    def mailbox(self) -> Any:
        tenant = self.sandbox.services["microsoft"].tenant
        return tenant.mailbox(self.person.microsoft_id)

    def page(self, query: str = "") -> str:
        """The page as it comes without JavaScript."""
        answer = self.client.get(f"/people/maya{query}")
        assert answer.status_code == 200
        return answer.text

    def form(self, action: str, query: str = "") -> dict[str, str]:
        """The fields of the form whose action begins like this, as they stand in the page."""
        forms = Forms(self.page(query)).found
        return next(fields for address, fields in forms.items() if address.startswith(f"/people/maya/{action}"))

    def send(self, action: str, query: str = "", **fields: str) -> TestResponse:
        """Open the form, change fields (None-like "" clears one, a checkbox goes away), and send it."""
        filled = {**self.form(action, query), **fields}
        sent = {name: value for name, value in filled.items() if not (name in ("all_day", "private") and not value)}
        return self.client.post(f"/people/maya/{action}", data=sent)

    def say(self, answer: TestResponse) -> str:
        """Follow the redirect of an answer; the page after it."""
        assert answer.status_code == 303
        return self.client.get(answer.location).text

    def mail_event(self, subject: str) -> dict[str, Any]:
        """The mailbox's event of that subject, as Graph shows it."""
        found: dict[str, Any] = next(each for each in self.mailbox.events() if each["subject"] == subject)
        return found

    def mail_contacts(self) -> list[dict[str, Any]]:
        """The contacts of the folder, as Graph shows them."""
        found: list[dict[str, Any]] = self.mailbox.contacts(self.mailbox.contact_folder("Salesforce_Sync"))
        return found

    def row(self, sobject: str, **values: Any) -> dict[str, Any]:
        """The Salesforce row with these values."""
        rows = self.org.rows(sobject)
        return next(row for row in rows if all(row.get(name) == value for name, value in values.items()))


@pytest.fixture(scope="session")
def one_sandbox() -> Sandbox:
    return Sandbox()


@pytest.fixture(scope="session")
def client(one_sandbox: Sandbox) -> FlaskClient:
    return control.create(one_sandbox).test_client()


@pytest.fixture
def bench(one_sandbox: Sandbox, client: FlaskClient) -> Iterator[Bench]:
    one_sandbox.reset("empty")
    one_sandbox.kill_worker = one_sandbox.world.lockstep_url = None
    person = fill(one_sandbox)
    yield Bench(one_sandbox, client, person)
    one_sandbox.world.clock.run()
