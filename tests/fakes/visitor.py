"""A browserless visitor of the pages."""

from __future__ import annotations

import re
from dataclasses import dataclass
from html import unescape
from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.fakes.page_services import PASSWORD

_UNSHOWN = re.compile(r"<(head|script|style|template)\b.*?</\1>|<[^>]+>|<!--.*?-->", re.DOTALL)


@dataclass
class Visitor:
    """A client that sends the form token of the last page it saw."""

    client: FlaskClient
    token: str = ""

    def get(self, path: str, **options: Any) -> TestResponse:
        answer = self.client.get(path, **options)
        found = re.search(r'name="csrf_token" value="([^"]+)"', answer.get_data(as_text=True))
        if found:
            self.token = found[1]
        return answer

    def post(self, path: str, data: dict[str, Any] | None = None, **options: Any) -> TestResponse:
        return self.client.post(path, data={"csrf_token": self.token, **(data or {})}, **options)

    def sign_in(self, address: str = "claire.dubois@example.com", password: str = PASSWORD) -> TestResponse:
        self.get("/sign-in")
        answer = self.post("/sign-in", {"address": address, "password": password})
        self.get("/find")
        return answer

    def text(self, path: str) -> str:
        """What a reader of the page sees, in one line."""
        answer = self.get(path)
        assert answer.status_code == 200, (path, answer.status)
        return " ".join(unescape(_UNSHOWN.sub(" ", answer.get_data(as_text=True))).split())
