"""A scripted other end of the Salesforce adapter's HTTP, for what no stand-in does on demand."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from functools import cache
from io import BytesIO
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import requests
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from requests.adapters import BaseAdapter
from requests.structures import CaseInsensitiveDict

from backend.domain.fieldmap import ROWS
from backend.domain.values import Kind
from backend.ports.metering import CallCounter
from backend.salesforce.auth import App, Tokens
from backend.salesforce.budget import Budget
from backend.salesforce.client import Client, UserSignIn
from backend.salesforce.fields import Layouts
from backend.salesforce.transport import SalesforceSession, TimedSession

NOW = datetime(2026, 11, 22, 13, 0, tzinfo=UTC)
USER = "005000000000001AAA"
INSTANCE = "https://acme.my.salesforce.com"


@cache
def key_pem(bits: int = 2048) -> str:
    """An RSA key."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=bits)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


@dataclass
class StandingClock:
    """A clock that moves only when told."""

    moment: datetime = NOW

    def now(self) -> datetime:
        """See Clock."""
        return self.moment


@dataclass
class Answered:
    """An answer: status, body (bytes as they are, else JSON) and headers. An exception is raised instead."""

    status: int = 200
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)


Handler = Callable[[requests.PreparedRequest], "Answered | Exception"]


@dataclass
class Wire(BaseAdapter):
    """Answers requests with `handler`; `script` comes first. Token requests are answered by `token`, or granted."""

    handler: Handler = field(default=lambda request: Answered(404, [{"errorCode": "NOT_FOUND", "message": "?"}]))
    script: list[Answered | Exception] = field(default_factory=list)
    token: list[Answered | Exception] = field(default_factory=list)
    requests: list[requests.PreparedRequest] = field(default_factory=list)
    token_requests: list[dict[str, str]] = field(default_factory=list)
    pauses: list[float] = field(default_factory=list)
    clock: StandingClock = field(default_factory=StandingClock)
    meter: CallCounter = field(default_factory=CallCounter)

    def __post_init__(self) -> None:
        super().__init__()

    def send(self, request: requests.PreparedRequest, **options: Any) -> requests.Response:
        """See BaseAdapter."""
        if str(request.url).endswith("/services/oauth2/token"):
            form = parse_qs(str(request.body))
            self.token_requests.append({name: values[0] for name, values in form.items()})
            answer = self.token.pop(0) if self.token else self._grant()
        else:
            self.requests.append(request)
            answer = self.script.pop(0) if self.script else self.handler(request)
        if isinstance(answer, Exception):
            raise answer
        return self._response(request, answer)

    def close(self) -> None:
        """See BaseAdapter."""

    def _grant(self) -> Answered:
        number = len(self.token_requests)
        identity = f"https://login.salesforce.com/id/00D000000000001/{USER}"
        return Answered(200, {"access_token": f"token-{number}", "instance_url": INSTANCE, "id": identity})

    def _response(self, request: requests.PreparedRequest, answer: Answered) -> requests.Response:
        response = requests.Response()
        response.status_code = answer.status
        body = answer.body if isinstance(answer.body, bytes) else json.dumps(answer.body).encode()
        response.raw = BytesIO(body)
        date = {"Date": format_datetime(self.clock.now(), usegmt=True)}
        response.headers = CaseInsensitiveDict({**date, **answer.headers})
        response.request = request
        response.url = str(request.url)
        return response

    # --- the adapter's parts over this wire ---------------------------------------------------------------------

    def tokens(self, pem: str | None = None) -> Tokens:
        """Tokens over the wire."""
        app = App("https://login.salesforce.com", "https://login.salesforce.com", "consumer", pem or key_pem())
        session = TimedSession()
        session.mount("https://", self)
        return Tokens(app, session, self.clock, self.meter)

    def client(self, *, budget: Budget | None = None, urgent: bool = False) -> Client:
        """A client over the wire; its pauses are noted instead of slept."""
        sign_in = UserSignIn(self.tokens(), "ada@acme.example")
        session = SalesforceSession(sign_in, budget or Budget(self.clock), self.meter, urgent=urgent)
        session.mount("https://", self)
        return Client(session, sign_in, self.pauses.append)

    def layouts(self) -> Layouts:
        """Layouts that ask through whatever client they get."""
        return Layouts(self.clock)

    def composites(self) -> list[list[str]]:
        """Methods and paths inside each composite request so far, queries readable."""
        bodies = [json.loads(request.body) for request in self.requests if str(request.url).endswith("/composite")]
        return [
            [
                f"{part['method']} {unquote(part['url']).removeprefix('/services/data/v67.0/')}"
                for part in body["compositeRequest"]
            ]
            for body in bodies
        ]


def parts_of(request: requests.PreparedRequest) -> list[dict[str, Any]]:
    """Requests inside a composite."""
    found: list[dict[str, Any]] = json.loads(request.body or b"{}")["compositeRequest"]
    return found


def composite(*parts: tuple[int, Any]) -> Answered:
    """An answer to a composite."""
    return Answered(200, {"compositeResponse": [{"httpStatusCode": status, "body": body} for status, body in parts]})


def rows(*found: dict[str, Any], more: str | None = None) -> tuple[int, Any]:
    """A page of a query, as a part of a composite."""
    page: dict[str, Any] = {"totalSize": len(found), "done": more is None, "records": list(found)}
    return 200, page if more is None else {**page, "nextRecordsUrl": more}


def saved(*ids: str) -> tuple[int, Any]:
    """A collection of which every row was written."""
    return 200, [{"id": id_, "success": True, "errors": []} for id_ in ids]


def refused(code: str, message: str = "no", *fields: str) -> dict[str, Any]:
    """A row of a collection that was not written."""
    return {"success": False, "errors": [{"statusCode": code, "message": message, "fields": list(fields)}]}


def problem(status: int, code: str, message: str = "no") -> Answered:
    """An error of a whole request."""
    return Answered(status, [{"errorCode": code, "message": message}])


def stamp(moment: datetime) -> str:
    """A datetime as Salesforce writes it."""
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}+0000"


def row(id_: str, at: datetime = NOW, **fields: Any) -> dict[str, Any]:
    """A row with the system fields."""
    system = {"OwnerId": USER, "IsDeleted": False, "LastModifiedById": USER, "Lockstep_Key__c": None}
    stamps = dict.fromkeys(("SystemModstamp", "LastModifiedDate", "CreatedDate"), stamp(at))
    return {"attributes": {"type": "?"}, "Id": id_, **system, **stamps, **fields}


SYSTEM_FIELDS = (
    "Id", "IsDeleted", "SystemModstamp", "LastModifiedDate", "LastModifiedById", "CreatedDate", "LastActivityDate",
    "MasterRecordId", "IsChild", "IsRecurrence", "IsRecurrence2", "EventWhoIds",
)  # fmt: skip


def describe(kind: Kind, *, without: tuple[str, ...] = (), read_only: tuple[str, ...] = ()) -> dict[str, Any]:
    """An answer of describe with every mapped field."""
    names = [field.salesforce for field in ROWS[kind] if "." not in field.salesforce]
    own = ["AccountId"] if kind is Kind.CONTACT else []
    fields = [
        {"name": name, "createable": name not in read_only, "updateable": name not in read_only}
        for name in (*names, *own, "OwnerId", "Lockstep_Key__c")
        if name not in without
    ]
    fields += [
        {"name": name, "createable": False, "updateable": False} for name in SYSTEM_FIELDS if name not in without
    ]
    return {"fields": fields}


def described(request: requests.PreparedRequest, **options: Any) -> Answered | None:
    """An answer to a describe, or None if the request is none."""
    path = urlsplit(str(request.url)).path
    for kind, name in ((Kind.CONTACT, "Contact"), (Kind.EVENT, "Event")):
        if path.endswith(f"/sobjects/{name}/describe"):
            return Answered(200, describe(kind, **options))
    if path.endswith("/sobjects/Account/describe"):
        return Answered(200, {"fields": [], "createable": True, "updateable": True, "deletable": True})
    return None
