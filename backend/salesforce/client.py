"""Requests to Salesforce as one user, through simple-salesforce: queries, collections, composite."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from urllib.parse import quote

import requests
from simple_salesforce.api import Salesforce
from simple_salesforce.exceptions import SalesforceError
from tenacity import Retrying, retry_if_exception, stop_after_attempt, wait_random_exponential

from backend.ports.errors import AccessLost, ServiceError, Transient, Unclear
from backend.salesforce.auth import Token, Tokens
from backend.salesforce.errors import SERVICE, failure, unreadable
from backend.salesforce.transport import SalesforceSession, server_time

API_VERSION: Final = "67.0"
ROOT: Final = f"/services/data/v{API_VERSION}"
MAX_QUERIES: Final = 5
"""Queries or collections in one composite request."""
MAX_REQUESTS: Final = 25
"""Requests of any kind in one composite request."""
_ATTEMPTS: Final = 3
_LONGEST_WAIT: Final = 8.0

Row = Mapping[str, Any]


class UserSignIn:
    """One user's token, for the session."""

    def __init__(self, tokens: Tokens, username: str) -> None:
        self._tokens = tokens
        self.username = username

    def current(self) -> Token:
        """The token with its address and ids. Raises AccessLost, Transient."""
        return self._tokens.get(self.username)

    def token(self) -> str:
        """See SignIn."""
        return self.current().value

    def forget(self, token: str) -> None:
        """See SignIn."""
        self._tokens.forget(self.username, token)


@dataclass(frozen=True, slots=True)
class Inner:
    """A request inside a composite; `path` is relative to the version root."""

    method: str
    path: str
    body: Any = None


@dataclass(frozen=True, slots=True)
class Reply:
    """Answer to an `Inner`."""

    status: int
    body: Any

    @property
    def ok(self) -> bool:
        """Whether it succeeded as a whole; rows of a collection may have failed all the same."""
        return 200 <= self.status < 300


@dataclass(frozen=True, slots=True)
class QueryPage:
    """First page of a query. `more`: the address of the next one, if there is one."""

    rows: Sequence[Row]
    more: str | None


class Client:
    """All calls of one user. Reads are repeated on passing failures; writes never are: they raise Unclear instead."""

    def __init__(
        self, session: SalesforceSession, sign_in: UserSignIn, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._session = session
        self._sign_in = sign_in
        self._sleep = sleep
        self._salesforce: Salesforce | None = None

    @property
    def username(self) -> str:
        """Whose calls these are."""
        return self._sign_in.username

    @property
    def token(self) -> Token:
        """The present token. Raises AccessLost, Transient."""
        return self._sign_in.current()

    @property
    def server_time(self) -> datetime:
        """The server's clock at its last answer (SF-091). Raises Malformed where the answer did not tell."""
        moment = server_time(self._session.answer_headers)
        if moment is None:
            raise unreadable("no date")
        return moment

    def get(self, path: str) -> Any:
        """A resource below the version root. Raises the errors of `ports.errors`."""
        return self._repeated(lambda salesforce: salesforce.restful(path))

    def versions(self) -> Any:
        """The API versions that the organisation offers, as its list says (SF-002)."""
        return self._repeated(_at("/services/data/"))

    def query(self, statements: Sequence[str], *, all_rows: bool = False) -> list[list[Row]]:
        """All rows of each statement, five statements to a call, further pages included."""
        return [list(self.rows(page)) for page in self.pages(statements, all_rows=all_rows)]

    def rows(self, page: QueryPage) -> Iterator[Row]:
        """The rows of a page and of those after it."""
        yield from page.rows
        yield from self._rest(page.more)

    def pages(self, statements: Sequence[str], *, all_rows: bool = False) -> list[QueryPage]:
        """The first page of each statement, five statements to a call. `all_rows`: with deleted and archived rows."""
        found = []
        for first in range(0, len(statements), MAX_QUERIES):
            portion = statements[first : first + MAX_QUERIES]
            replies = self.composite([query(text, all_rows=all_rows) for text in portion], wrote=False)
            found += [page_of(reply) for reply in replies]
        return found

    def composite(self, requests_: Sequence[Inner], *, wrote: bool) -> list[Reply]:
        """One call with up to 25 requests, run in their order, independent of each other (SF-063, SF-065).

        `wrote`: some of them write. The call is then sent once; Unclear tells that it may or may not have happened.
        """
        document = {
            "allOrNone": False,
            "collateSubrequests": False,
            "compositeRequest": [_sub_request(number, inner) for number, inner in enumerate(requests_)],
        }

        def send(salesforce: Salesforce) -> Any:
            return salesforce.restful("composite", method="POST", json=document)

        answer = self._once(send, wrote=True) if wrote else self._repeated(send)
        try:
            replies = [Reply(entry["httpStatusCode"], entry["body"]) for entry in answer["compositeResponse"]]
        except (TypeError, KeyError) as error:
            raise unreadable("a composite without its parts", wrote=wrote) from error
        if len(replies) != len(requests_):
            raise unreadable("a composite with parts missing", wrote=wrote)
        return replies

    def _rest(self, more: str | None) -> Iterator[Row]:
        while more is not None:
            page = page_of(Reply(200, self._repeated(_at(more))))
            yield from page.rows
            more = page.more

    def _repeated(self, call: Callable[[Salesforce], Any]) -> Any:
        retrying = Retrying(
            retry=retry_if_exception(_may_pass),
            stop=stop_after_attempt(_ATTEMPTS),
            wait=wait_random_exponential(multiplier=0.5, max=_LONGEST_WAIT),
            sleep=self._sleep,
            reraise=True,
        )
        return retrying(self._once, call, wrote=False)

    def _once(self, call: Callable[[Salesforce], Any], *, wrote: bool) -> Any:
        salesforce = self._connected()
        try:
            return call(salesforce)
        except SalesforceError as error:
            wait = self._session.retry_after
            raise failure(error.status, error.content, wrote=wrote, retry_after=wait) from error
        except requests.JSONDecodeError as error:
            raise unreadable("not JSON", wrote=wrote) from error
        except requests.RequestException as error:
            raise _no_answer(error, wrote=wrote) from error

    def _connected(self) -> Salesforce:
        token = self.token
        if self._salesforce is None:
            self._salesforce = Salesforce(
                session_id=token.value,
                instance_url=token.instance_url,
                session=self._session,
                version=API_VERSION,
                object_pairs_hook=None,
            )
        elif not token.instance_url.endswith(f"//{self._salesforce.sf_instance}"):
            self._salesforce = None
            raise Transient("Salesforce has moved the organisation to another address.", code="MOVED", service=SERVICE)
        return self._salesforce


def query(statement: str, *, all_rows: bool = False) -> Inner:
    """A query as part of a composite; there its length does not count against the address limit (SF-016)."""
    return Inner("GET", f"{'queryAll' if all_rows else 'query'}?q={quote(statement, safe='')}")


def page_of(reply: Reply) -> QueryPage:
    """The page in a reply to a query. Raises the error that it holds instead."""
    if not reply.ok:
        raise failure(reply.status, reply.body)
    try:
        more = None if reply.body["done"] else str(reply.body["nextRecordsUrl"])
        return QueryPage(reply.body["records"], more)
    except (TypeError, KeyError) as error:
        raise unreadable("a query without rows") from error


def _at(address: str) -> Callable[[Salesforce], Any]:
    return lambda salesforce: salesforce.query_more(address, identifier_is_url=True)


def _sub_request(number: int, inner: Inner) -> dict[str, Any]:
    entry = {"method": inner.method, "url": f"{ROOT}/{inner.path}", "referenceId": f"part{number}"}
    return entry if inner.body is None else {**entry, "body": inner.body}


def _may_pass(error: BaseException) -> bool:
    """Whether a read is worth repeating at once: a passing failure that does not ask for a longer wait."""
    if not isinstance(error, Transient) or isinstance(error, Unclear):
        return False
    if error.code in ("INVALID_FIELD", "MOVED", "INVALID_QUERY_LOCATOR"):
        return False
    return error.retry_after is None or error.retry_after <= _LONGEST_WAIT


def _no_answer(error: requests.RequestException, *, wrote: bool) -> ServiceError:
    if "CERTIFICATE_VERIFY_FAILED" in str(error):
        text = "The certificate of Salesforce is not trusted: set LOCKSTEP_CA_BUNDLE to the file of its authority."
        return AccessLost(text, code="CERTIFICATE", service=SERVICE, subject="org")
    if wrote and not isinstance(error, requests.ConnectTimeout):
        text = "The answer of Salesforce to a write was lost. Whether it happened is looked up before it is repeated."
        return Unclear(text, code="LOST_ANSWER", service=SERVICE)
    text = "Salesforce cannot be reached or did not answer in time. It is tried again by itself."
    return Transient(text, code="UNREACHABLE", service=SERVICE)
