"""The session and the client: sign-in, repeats, lost answers, allowance, counting."""

from datetime import timedelta

import pytest
import requests

from backend.ports.errors import AccessLost, BudgetSpent, Malformed, ServiceError, Transient, Unclear
from backend.salesforce.budget import Budget
from backend.salesforce.client import Inner
from backend.salesforce.transport import TimedSession, operation_of
from tests.fakes.salesforce_wire import Answered, StandingClock, Wire, composite, problem, rows

EXPIRED = problem(401, "INVALID_SESSION_ID", "Session expired or invalid")
WRITE = [Inner("POST", "composite/sobjects", {"records": []})]
HTML = Answered(503, b"<html>maintenance</html>", {"Content-Type": "text/html"})


def usage(used: int, maximum: int = 1000) -> dict[str, str]:
    return {"Sforce-Limit-Info": f"api-usage={used}/{maximum}, per-app-api-usage=17/250(appName=x)"}


def test_sf001_a_refused_token_is_renewed_once_and_the_request_repeated_with_all_its_headers() -> None:
    wire = Wire(script=[EXPIRED, composite(rows())])
    assert wire.client().query(["SELECT Id FROM Contact"]) == [[]]
    first, second = wire.requests
    assert first.headers["Authorization"] == "Bearer token-1"
    assert second.headers["Authorization"] == "Bearer token-2"
    assert first.body == second.body
    for header, value in (
        ("Sforce-Call-Options", "client=lockstep"),
        ("Sforce-Mru", "updateMru=false"),
        ("Sforce-Auto-Assign", "FALSE"),
        ("Sforce-Duplicate-Rule-Header", "allowSave=false; includeRecordDetails=true"),
    ):
        assert first.headers[header] == second.headers[header] == value


def test_sf001_a_second_refusal_is_lost_access() -> None:
    wire = Wire(script=[EXPIRED, EXPIRED])
    with pytest.raises(AccessLost):
        wire.client().query(["SELECT Id FROM Contact"])
    assert (len(wire.requests), len(wire.token_requests)) == (2, 2)


def test_sf018_a_session_barred_from_the_rest_api_is_not_renewed() -> None:
    wire = Wire(script=[problem(401, "INVALID_SESSION_ID", "This session is not valid for use with the REST API")])
    with pytest.raises(AccessLost, match="session policy"):
        wire.client().query(["SELECT Id FROM Contact"])
    assert (len(wire.requests), len(wire.token_requests)) == (1, 1)


@pytest.mark.parametrize("passing", [HTML, requests.ConnectionError(), requests.ReadTimeout(), Answered(200, b"{")])
def test_sf017_a_read_is_repeated_on_passing_failures(passing: Answered | Exception) -> None:
    wire = Wire(script=[passing, passing, composite(rows())])
    assert wire.client().query(["SELECT Id FROM Contact"]) == [[]]
    assert (len(wire.requests), len(wire.pauses)) == (3, 2)


def test_repeats_of_a_read_are_bounded() -> None:
    wire = Wire(script=[HTML] * 9)
    with pytest.raises(Transient, match="503"):
        wire.client().query(["SELECT Id FROM Contact"])
    assert len(wire.requests) == 3


def test_a_read_is_not_repeated_when_salesforce_asks_for_a_longer_wait() -> None:
    wire = Wire(script=[Answered(503, b"", {"Retry-After": "120"})])
    with pytest.raises(Transient) as caught:
        wire.client().query(["SELECT Id FROM Contact"])
    assert (caught.value.retry_after, len(wire.requests)) == (120.0, 1)


def test_a_lasting_refusal_is_not_repeated() -> None:
    wire = Wire(script=[problem(400, "MALFORMED_QUERY", "unexpected token")])
    with pytest.raises(ServiceError, match="unexpected token"):
        wire.client().get("sobjects/Contact/describe")
    assert len(wire.requests) == 1


@pytest.mark.parametrize(
    "lost",
    [
        HTML,
        Answered(500, b"<html>"),
        requests.ConnectionError(),
        requests.ReadTimeout(),
        Answered(200, b'{"compositeResp'),
        Answered(200, {"other": 1}),
        Answered(200, {"compositeResponse": []}),
    ],
)
def test_sf069_a_write_whose_answer_is_lost_is_unclear_and_never_repeated(lost: Answered | Exception) -> None:
    wire = Wire(script=[lost])
    with pytest.raises(Unclear):
        wire.client().composite(WRITE, wrote=True)
    assert (len(wire.requests), wire.pauses) == (1, [])


def test_a_write_that_never_left_is_not_unclear() -> None:
    wire = Wire(script=[requests.ConnectTimeout()])
    with pytest.raises(Transient) as caught:
        wire.client().composite(WRITE, wrote=True)
    assert not isinstance(caught.value, Unclear)


def test_a_read_without_its_parts_is_malformed() -> None:
    with pytest.raises(Malformed):
        Wire(script=[Answered(200, {"other": 1})] * 3).client().query(["SELECT Id FROM Contact"])
    with pytest.raises(Malformed):
        Wire(script=[composite((200, {"size": 0}))] * 3).client().query(["SELECT Id FROM Contact"])


def test_an_untrusted_certificate_names_the_setting() -> None:
    wire = Wire(script=[requests.exceptions.SSLError("CERTIFICATE_VERIFY_FAILED")])
    with pytest.raises(AccessLost, match="LOCKSTEP_CA_BUNDLE"):
        wire.client().query(["SELECT Id FROM Contact"])


def test_composites_are_neither_collated_nor_all_or_nothing() -> None:
    """SF-065: by default unrelated parts may run in any order."""
    wire = Wire(script=[composite((200, []))])
    wire.client().composite(WRITE, wrote=True)
    sent = requests.models.complexjson.loads(wire.requests[0].body)
    assert (sent["allOrNone"], sent["collateSubrequests"]) == (False, False)
    assert sent["compositeRequest"] == [
        {
            "method": "POST",
            "url": "/services/data/v67.0/composite/sobjects",
            "referenceId": "part0",
            "body": {"records": []},
        }
    ]


def test_sf063_five_queries_go_in_one_call() -> None:
    wire = Wire(handler=lambda request: composite(*[rows()] * (5 if len(wire.requests) == 1 else 2)))
    assert wire.client().query([f"SELECT Id FROM Contact WHERE Id = '{n}'" for n in range(7)]) == [[]] * 7
    assert [len(parts) for parts in wire.composites()] == [5, 2]


def test_sf071_further_pages_are_followed_where_they_say() -> None:
    more = "/services/data/v67.0/query/01gABC-1"
    page = {"done": True, "records": [{"Id": "b"}]}
    wire = Wire(script=[composite(rows({"Id": "a"}, more=more)), Answered(200, page)])
    assert wire.client().query(["SELECT Id FROM Contact"], all_rows=True) == [[{"Id": "a"}, {"Id": "b"}]]
    assert str(wire.requests[1].url) == f"https://acme.my.salesforce.com{more}"
    assert wire.composites() == [["GET queryAll?q=SELECT Id FROM Contact"]]


def test_sf012_the_allowance_is_read_from_every_answer() -> None:
    budget = Budget(StandingClock())
    wire = Wire(script=[Answered(200, {}, usage(18, 15000)), Answered(404, [], usage(19, 15000))])
    client = wire.client(budget=budget)
    client.get("limits")
    assert (budget.used, budget.maximum) == (18, 15000)
    with pytest.raises(ServiceError):
        client.get("nothing")
    assert (budget.used, budget.share) == (19, 19 / 15000)


@pytest.mark.parametrize(
    ("used", "urgent", "goes_on"), [(699, False, True), (700, False, False), (849, True, True), (850, True, False)]
)
def test_ls190_work_that_can_wait_stops_at_70_percent_and_all_at_85(used: int, urgent: bool, goes_on: bool) -> None:
    wire = Wire(handler=lambda request: Answered(200, {}, usage(used)))
    client = wire.client(budget=Budget(wire.clock), urgent=urgent)
    client.get("first")
    if goes_on:
        client.get("second")
    else:
        with pytest.raises(BudgetSpent, match=f"{used} of 1000"):
            client.get("second")
    assert len(wire.requests) == 1 + goes_on


def test_ls190_after_a_quarter_of_an_hour_one_call_learns_whether_the_window_freed_calls() -> None:
    wire = Wire(script=[Answered(200, {}, usage(900)), Answered(200, {}, usage(100)), Answered(200, {}, usage(101))])
    client = wire.client(budget=Budget(wire.clock))
    client.get("first")
    wire.clock.moment += timedelta(minutes=15)
    client.get("second")
    client.get("third")
    assert len(wire.requests) == 3


def test_calls_are_counted_where_they_leave() -> None:
    wire = Wire(script=[EXPIRED, composite(rows(), rows()), requests.ConnectTimeout()])
    client = wire.client()
    client.query(["SELECT Id FROM Contact", "SELECT Id FROM Event"])
    with pytest.raises(Transient):
        client.composite(WRITE, wrote=True)
    assert wire.meter.calls == {"salesforce": 3, "salesforce-token": 2}
    assert wire.meter.requests == {"salesforce": 5, "salesforce-token": 2}


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("https://x/services/data/v67.0/composite", "POST composite"),
        ("https://x:8443/services/data/v67.0/sobjects/Contact/describe?a=b", "POST sobjects/Contact/describe"),
        ("https://x/services/data/v67.0/sobjects/Contact/003000000000001AAA", "POST sobjects/Contact"),
        ("https://x/services/data/v67.0/query/01gD0000002HU6KIAW-2000", "POST query"),
        ("https://x/services/data/", "POST services/data"),
    ],
)
def test_operations_are_named_without_ids(url: str, name: str) -> None:
    assert operation_of("POST", url) == name


def test_an_own_authority_wins_over_the_environment_and_every_call_has_time_limits(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nowhere/company.pem")
    seen = {}

    class Watching(requests.adapters.HTTPAdapter):
        def send(self, request: requests.PreparedRequest, **options: object) -> requests.Response:
            seen.update(options)
            return requests.Response()

    session = TimedSession("/own/ca.pem", (1.0, 2.0))
    session.mount("https://", Watching())
    session.get("https://acme.example/")
    assert (seen["verify"], seen["timeout"]) == ("/own/ca.pem", (1.0, 2.0))
