"""Sign-in, permissions, throttling and the connection test, through msal and https."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from backend.domain.values import Kind
from backend.microsoft import auth
from backend.microsoft.checks import Reach
from backend.microsoft.directory import MicrosoftConnection
from backend.microsoft.mailbox_test import Check, CheckResult
from backend.ports.errors import AccessLost, ServiceError, Transient
from backend.ports.metering import CallCounter
from backend.sandbox.faults import Rule
from tests.contract.ports.mailbox_port import SPAN
from tests.fakes.graph_bench import ADA, BOSS, GraphBench, settings_of

STRANGE = "00000000-0000-4000-8000-000000000000"


def connection(bench: GraphBench, **changes: Any) -> MicrosoftConnection:
    settings = settings_of(bench.service, **{"ca_file": bench.ca_file, **changes})
    return MicrosoftConnection(settings, bench.meter, sleep=lambda _: None)


def certificate(days: int = 1) -> dict[str, str | None]:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "lockstep")])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder(
        name, name, key.public_key(), 1, now - timedelta(days=9), now + timedelta(days=days)
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    public = builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
    return {"secret": None, "certificate": public.decode(), "private_key": private.decode()}


def test_ms004_a_certificate_works_as_well_as_a_secret_and_an_unknown_one_is_named(graph_bench: GraphBench) -> None:
    given = certificate()
    with pytest.raises(AccessLost, match="does not accept the certificate") as caught:
        connection(graph_bench, **given).tokens.token()
    assert (caught.value.code, caught.value.subject) == ("AADSTS700027", "org")
    graph_bench.tenant.app.register_certificate(given["certificate"] or "")
    assert connection(graph_bench, **given).mailbox(ADA).identity().address == ADA


@pytest.mark.parametrize(
    "broken", [{"private_key": "no key"}, {"private_key": "no key", "certificate": "no certificate"}]
)
def test_a_key_that_is_none_is_said_so_in_a_sentence(graph_bench: GraphBench, broken: dict[str, str]) -> None:
    with pytest.raises(AccessLost, match="give both as unencrypted PEM"):
        connection(graph_bench, **{**certificate(), **broken}).tokens.token()


def test_an_expired_certificate_is_named_before_microsoft_is_asked(graph_bench: GraphBench) -> None:
    graph_bench.meter.calls.clear()
    with pytest.raises(AccessLost, match="expired on") as caught:
        connection(graph_bench, **certificate(days=-1)).tokens.token()
    assert (caught.value.subject, graph_bench.meter.calls) == ("org", {})


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"secret": "guess"}, "client secret is wrong"),
        ({"client_id": STRANGE}, "not in this tenant"),
        ({"tenant": STRANGE}, "knows no such tenant"),
        ({"tenant": "nonsense"}, "knows no such tenant"),
        ({"graph_url": "https://graph.example"}, "same Microsoft cloud"),
    ],
)
def test_ms002_each_wrong_entry_is_named_with_its_remedy(
    graph_bench: GraphBench, changes: dict[str, str], words: str
) -> None:
    with pytest.raises(AccessLost, match=words) as caught:
        connection(graph_bench, **changes).tokens.token()
    assert caught.value.subject == "org"


def test_ms002_an_expired_secret_and_a_disabled_app_are_named(graph_bench: GraphBench) -> None:
    expired = graph_bench.tenant.add_secret(graph_bench.tenant.app, life=timedelta(days=-1))
    with pytest.raises(AccessLost, match="has expired"):
        connection(graph_bench, secret=expired.value).tokens.token()
    graph_bench.tenant.app.enabled = False
    with pytest.raises(AccessLost, match="disabled"):
        graph_bench.connection.tokens.token(fresh=True)


def test_one_msal_object_serves_every_connection_of_the_process(graph_bench: GraphBench) -> None:
    graph_bench.meter.calls.clear()
    for _ in range(3):
        connection(graph_bench).tokens.token()
    assert graph_bench.meter.calls == {}
    assert (
        len([key for key in auth._applications if key[1] == settings_of(graph_bench.service, graph_bench.ca_file)]) == 1
    )


def test_token_requests_are_counted_where_they_are_caused(graph_bench: GraphBench) -> None:
    other = CallCounter()
    settings = settings_of(graph_bench.service, graph_bench.ca_file)
    MicrosoftConnection(settings, other).tokens.token(fresh=True)
    assert (other.calls, graph_bench.meter.calls["microsoft-token"]) == ({"microsoft-token": 1}, 0)


def test_ms003_a_token_that_ended_is_renewed_in_mid_pass(graph_bench: GraphBench) -> None:
    graph_bench.port.identity()
    graph_bench.tenant.expire_tokens()
    assert graph_bench.port.identity().address == ADA


def test_ms005_a_busy_sign_in_is_transient(graph_bench: GraphBench) -> None:
    graph_bench.world.faults.add(Rule("429", operation="token", seconds=30))
    with pytest.raises(Transient) as caught:
        graph_bench.connection.tokens.token(fresh=True)
    assert caught.value.retry_after == 30


@pytest.mark.parametrize("fault", ["reset", "503", "malformed"])
def test_a_sign_in_with_trouble_is_transient(graph_bench: GraphBench, fault: Any) -> None:
    graph_bench.world.faults.add(Rule(fault, operation="token"))
    with pytest.raises(Transient):
        graph_bench.connection.tokens.token(fresh=True)


def test_an_own_authority_is_trusted_in_spite_of_the_environments(
    graph_bench: GraphBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/etc/ssl/certs/ca-certificates.crt")
    assert graph_bench.port.identity().address == ADA


def test_a_service_that_is_not_trusted_is_named(graph_bench: GraphBench) -> None:
    with pytest.raises(Transient, match="is not trusted"):
        connection(graph_bench, ca_file=None).tokens.token()


# --- permissions ------------------------------------------------------------------------------------------------------


def test_ms006_without_consent_a_mailbox_is_parked(graph_bench: GraphBench) -> None:
    graph_bench.tenant.revoke_roles("Calendars.ReadWrite")
    with pytest.raises(AccessLost) as caught:
        list(graph_bench.port.changes(Kind.EVENT, "", None, SPAN))
    assert caught.value.subject == "user"


def test_ms007_ms008_one_mailbox_outside_the_scope_is_parked_and_comes_back_by_itself(graph_bench: GraphBench) -> None:
    graph_bench.tenant.restrict_scope([graph_bench.ada])
    boss = graph_bench.connection.mailbox(BOSS)
    with pytest.raises(AccessLost):
        boss.container(Kind.EVENT)
    assert graph_bench.port.container(Kind.EVENT) == graph_bench.box.calendar.id
    graph_bench.tenant.app.consent()
    graph_bench.tenant.expire_tokens()
    assert boss.container(Kind.EVENT) == graph_bench.box_of(graph_bench.boss).calendar.id


@pytest.mark.parametrize("kind", list(Kind))
def test_ms009_a_user_without_mailbox_is_parked_whatever_is_asked(graph_bench: GraphBench, kind: Kind) -> None:
    graph_bench.tenant.add_user("Hybrid", "hybrid@lockstep.example", has_mailbox=False)
    for address in ("hybrid@lockstep.example", "nobody@lockstep.example"):
        port = graph_bench.connection.mailbox(address)
        for ask in (port.identity, lambda port=port: port.container(kind)):
            with pytest.raises(AccessLost):
                ask()


# --- limits -----------------------------------------------------------------------------------------------------------


def test_ms099_a_throttled_mailbox_is_waited_for_as_long_as_it_says(graph_bench: GraphBench) -> None:
    graph_bench.world.faults.add(Rule("429", operation="calendarView.delta", nth=1, seconds=7))
    assert len(list(graph_bench.port.changes(Kind.EVENT, "", None, SPAN))) == 1
    assert graph_bench.pauses == [7.0]


def test_ms097_no_more_than_four_requests_are_in_flight_for_one_mailbox(graph_bench: GraphBench) -> None:
    """Eight threads through one connection; a fifth at a time would be refused."""
    graph_bench.world.faults.add(Rule("slow", operation="calendarView.delta", seconds=0.05))
    failures: list[Exception] = []

    def read() -> None:
        try:
            list(graph_bench.connection.mailbox(ADA.upper()).changes(Kind.EVENT, "", None, SPAN))
        except ServiceError as error:
            failures.append(error)

    threads = [threading.Thread(target=read) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert [call.status for call in graph_bench.world.calls.latest()].count(429) == 0


# --- the connection test ----------------------------------------------------------------------------------------------


def outcome(check: Check) -> tuple[CheckResult, bool]:
    return check.result, bool(check.message)


def test_ls020_each_outcome_of_the_connection_test_is_named(graph_bench: GraphBench) -> None:
    graph_bench.tenant.add_user("Hybrid", "hybrid@lockstep.example", has_mailbox=False)
    check = graph_bench.connection.check
    assert outcome(check(ADA)) == (CheckResult.CONNECTED, True)
    assert outcome(check("  ")) == (CheckResult.NO_ADDRESS, True)
    assert outcome(check(None)) == (CheckResult.NO_ADDRESS, True)
    assert outcome(check("nobody@lockstep.example")) == (CheckResult.MAILBOX_NOT_FOUND, True)
    assert outcome(check("hybrid@lockstep.example")) == (CheckResult.MAILBOX_NOT_FOUND, True)
    assert outcome(connection(graph_bench, secret="guess").check(ADA)) == (CheckResult.CREDENTIALS_REJECTED, True)
    graph_bench.world.faults.add(Rule("503", operation="batch"))
    assert outcome(check(ADA)) == (CheckResult.SERVICE_UNREACHABLE, True)


def test_ls024_a_user_is_found_by_any_of_his_addresses_not_only_by_the_principal_name(graph_bench: GraphBench) -> None:
    """Salesforce has the mail address; Graph takes ids and principal names only."""
    graph_bench.ada.user_principal_name = "ada.principal@lockstep.example"
    graph_bench.ada.proxy_addresses.append("smtp:a.example@lockstep.example")
    for address in (ADA, "a.example@lockstep.example"):
        port = graph_bench.connection.mailbox(address)
        assert (port.identity().id, port.identity().address) == (graph_bench.ada.id, ADA)
        assert port.container(Kind.EVENT) == graph_bench.box.calendar.id
        assert graph_bench.connection.check(address).result is CheckResult.CONNECTED


def test_ls020_an_address_of_two_users_is_named(graph_bench: GraphBench) -> None:
    for user in (graph_bench.ada, graph_bench.boss):
        user.proxy_addresses.append("smtp:team@lockstep.example")
    found = graph_bench.connection.check("team@lockstep.example")
    assert found.result is CheckResult.ADDRESS_SHARED
    assert "team@lockstep.example" in found.message


def test_ls020_ms006_a_missing_permission_is_named(graph_bench: GraphBench) -> None:
    graph_bench.tenant.revoke_roles("Contacts.ReadWrite")
    found = graph_bench.connection.check(ADA)
    assert (found.result, found.missing_roles) == (CheckResult.ACCESS_DENIED, ("Contacts.ReadWrite",))
    assert "Contacts.ReadWrite" in found.message


def test_consent_that_was_granted_after_the_token_counts_at_once_in_the_test(graph_bench: GraphBench) -> None:
    graph_bench.tenant.app.revoke()
    graph_bench.tenant.expire_tokens()
    assert graph_bench.connection.check(ADA).result is CheckResult.ACCESS_DENIED
    graph_bench.tenant.app.consent()
    assert graph_bench.connection.check(ADA).result is CheckResult.CONNECTED


def test_ls021_the_connection_test_writes_nothing(graph_bench: GraphBench) -> None:
    graph_bench.connection.check(ADA)
    assert [folder.name for folder in graph_bench.box.folders.values()] == ["Contacts", "Calendar", "Deleted Items"]
    assert graph_bench.mails() == []


def test_every_user_of_the_tenant_is_listed(graph_bench: GraphBench) -> None:
    graph_bench.tenant.add_user("Guest", "guest@elsewhere.example", user_type="Guest")
    found = {user.address: (user.id, user.name, user.is_guest, user.enabled) for user in graph_bench.connection.users()}
    assert found == {
        user.mail: (user.id, user.name, user.user_type == "Guest", True) for user in graph_bench.tenant.users.values()
    }


def test_ls020_many_are_tested_in_a_few_calls_and_each_is_answered_for_himself(graph_bench: GraphBench) -> None:
    """Ten people share a call: two for who they are and what they let us read, one for those who must be looked for."""
    everybody = [f"number{one}@lockstep.example" for one in range(10)]
    for address in everybody[:8]:
        graph_bench.tenant.add_user(address, address)
    graph_bench.calls()
    found = [one.result for one in graph_bench.connection.test([*everybody[:9], "", everybody[9]])]
    assert found == [
        *[CheckResult.CONNECTED] * 8, CheckResult.MAILBOX_NOT_FOUND, CheckResult.NO_ADDRESS,
        CheckResult.MAILBOX_NOT_FOUND,
    ]  # fmt: skip
    assert graph_bench.calls()[0] == 3 + 2


def test_ms008_mailboxes_outside_the_scope_are_denied_alone(graph_bench: GraphBench) -> None:
    graph_bench.tenant.restrict_scope([graph_bench.ada])
    assert [one.result for one in graph_bench.connection.test([BOSS, ADA])] == [
        CheckResult.ACCESS_DENIED,
        CheckResult.CONNECTED,
    ]


# --- is the application ready? ----------------------------------------------------------------------------------------


def verdicts(bench: GraphBench, reach: Reach) -> dict[str, bool | None]:
    return {check.name: check.ok for check in bench.connection.ready(reach)}


READY = {"Sign-in": True, "Admin consent": True, "Directory": True, "Mailboxes": True}


def test_an_application_that_is_consented_to_is_ready_for_every_mailbox(graph_bench: GraphBench) -> None:
    assert verdicts(graph_bench, Reach.EVERYONE) == READY
    graph_bench.tenant.revoke_roles("Contacts.ReadWrite")
    assert verdicts(graph_bench, Reach.EVERYONE) == READY | {"Mailboxes": False}


def test_ms008_a_choice_of_mailboxes_that_entra_overrules_is_told(graph_bench: GraphBench) -> None:
    assert verdicts(graph_bench, Reach.CHOSEN) == READY | {"Mailboxes": None}
    graph_bench.tenant.restrict_scope([graph_bench.ada])
    assert verdicts(graph_bench, Reach.CHOSEN) == READY


def test_without_consent_and_without_sign_in_the_checks_say_so(graph_bench: GraphBench) -> None:
    graph_bench.tenant.revoke_roles()
    assert verdicts(graph_bench, Reach.EVERYONE) == {
        "Sign-in": True, "Admin consent": False, "Directory": False, "Mailboxes": False,
    }  # fmt: skip
    (check,) = connection(graph_bench, secret="guess").ready(Reach.CHOSEN)
    assert (check.name, check.ok, bool(check.remedy)) == ("Sign-in", False, True)


def test_ls003_a_domain_leads_to_the_tenants_id(graph_bench: GraphBench) -> None:
    known = graph_bench.tenant
    assert connection(graph_bench, tenant=known.domain).tenant_id() == known.id
    assert connection(graph_bench, tenant=known.id.upper()).tenant_id() == known.id
    with pytest.raises(AccessLost, match=r"elsewhere\.example"):
        connection(graph_bench, tenant="elsewhere.example").tenant_id()
