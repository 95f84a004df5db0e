"""Clients of the Salesforce stand-in that are not ours: plain HTTP, and simple-salesforce."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import jwt
import requests
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from simple_salesforce import Salesforce

from backend.sandbox.salesforce import StandIn
from backend.sandbox.salesforce.org import Org
from backend.sandbox.world import World

VERSION = "67.0"
JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"


@dataclass
class Api:
    """A plain HTTP client with the token of one user."""

    http: requests.Session
    base: str
    token: str

    def call(self, method: str, path: str, headers: dict[str, str] | None = None, **more: Any) -> requests.Response:
        """One request below the version root, or to an absolute path."""
        url = f"{self.base}{path}" if path.startswith("/") else f"{self.base}/services/data/v{VERSION}/{path}"
        authorization = {"Authorization": f"Bearer {self.token}"}
        return self.http.request(method, url, headers={**authorization, **(headers or {})}, timeout=30, **more)

    def get(self, path: str, **more: Any) -> requests.Response:
        return self.call("GET", path, **more)

    def post(self, path: str, json: Any, **more: Any) -> requests.Response:
        return self.call("POST", path, json=json, **more)

    def patch(self, path: str, json: Any, **more: Any) -> requests.Response:
        return self.call("PATCH", path, json=json, **more)

    def delete(self, path: str, **more: Any) -> requests.Response:
        return self.call("DELETE", path, **more)

    def query(self, soql: str, resource: str = "query", **more: Any) -> Any:
        """The body of a query's answer."""
        return self.get(resource, params={"q": soql}, **more).json()

    def records(self, soql: str, resource: str = "query") -> list[dict[str, Any]]:
        """The records of a query without their attributes."""
        found = self.query(soql, resource)["records"]
        return [{name: value for name, value in record.items() if name != "attributes"} for record in found]

    def create(self, sobject: str, **values: Any) -> str:
        """A row that must be accepted; its id."""
        answer = self.post(f"sobjects/{sobject}", values)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    def row(self, sobject: str, record_id: str) -> dict[str, Any]:
        """A row that must be there."""
        answer = self.get(f"sobjects/{sobject}/{record_id}")
        assert answer.status_code == 200, answer.text
        return dict(answer.json())


def error_of(answer: requests.Response) -> tuple[int, str]:
    """Status and code of a refusal in REST shape."""
    body = answer.json()
    assert isinstance(body, list)
    assert len(body) == 1
    return answer.status_code, body[0]["errorCode"]


@lru_cache(maxsize=2)
def _loaded(private_key: str) -> RSAPrivateKey:
    """Reading a key checks its primes, which takes longer than signing with it."""
    key = load_pem_private_key(private_key.encode(), password=None)
    assert isinstance(key, RSAPrivateKey)
    return key


@dataclass
class Standin:
    """The running stand-in and ways to reach it."""

    service: StandIn
    http: requests.Session
    authority: str

    @property
    def org(self) -> Org:
        return self.service.org

    @property
    def world(self) -> World:
        return self.service.world

    @property
    def login(self) -> str:
        return self.service.addresses["login"]

    @property
    def instance(self) -> str:
        return self.service.addresses["instance"]

    def assertion(self, username: str, **claims: Any) -> str:
        """A signed assertion of the registered app."""
        now = self.world.clock.now().timestamp()
        full = {"iss": self.service.registered.client_id, "sub": username, "aud": self.login, "exp": int(now) + 180}
        return jwt.encode({**full, **claims}, _loaded(self.service.registered.private_key), algorithm="RS256")

    def grant(self, host: str | None = None, **form: str) -> requests.Response:
        """A token request."""
        return self.http.post(f"{host or self.login}/services/oauth2/token", data=form, timeout=30)

    def token(self, username: str) -> str:
        """An access token by JWT bearer."""
        answer = self.grant(grant_type=JWT_BEARER, assertion=self.assertion(username))
        assert answer.status_code == 200, answer.text
        return str(answer.json()["access_token"])

    def api(self, username: str) -> Api:
        """A client for a user."""
        return Api(self.http, self.instance, self.token(username))

    def simple(self, username: str) -> Salesforce:
        """simple-salesforce itself, for a user."""
        session = requests.Session()
        session.verify = self.authority
        session.trust_env = False
        return Salesforce(instance_url=self.instance, session_id=self.token(username), session=session, version=VERSION)
