"""Signing in with a JWT, and what people read when it fails."""

from datetime import timedelta

import jwt
import pytest
import requests
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key

from backend.ports.errors import AccessLost, Transient
from backend.salesforce.auth import private_key
from tests.fakes.salesforce_wire import INSTANCE, NOW, Answered, Wire, key_pem


def refused(error: str, description: str) -> Answered:
    return Answered(400, {"error": error, "error_description": description})


def test_the_assertion_names_app_user_and_audience_and_lives_three_minutes() -> None:
    wire = Wire()
    token = wire.tokens().get("ada@acme.example")
    assert wire.token_requests[0]["grant_type"] == "urn:ietf:params:oauth:grant-type:jwt-bearer"
    public = load_pem_private_key(key_pem().encode(), None).public_key()
    claims = jwt.decode(
        wire.token_requests[0]["assertion"],
        public,
        ["RS256"],
        audience="https://login.salesforce.com",
        options={"verify_exp": False},
    )
    assert claims == {
        "iss": "consumer",
        "sub": "ada@acme.example",
        "aud": "https://login.salesforce.com",
        "exp": int((NOW + timedelta(minutes=3)).timestamp()),
    }
    assert (token.instance_url, token.organisation_id, token.user_id) == (
        INSTANCE,
        "00D000000000001EAA",
        "005000000000001AAA",
    )


def test_sf004_a_token_is_kept_until_it_is_refused() -> None:
    wire = Wire()
    tokens = wire.tokens()
    first = tokens.get("ada")
    assert tokens.get("ada") is first
    assert tokens.get("bob") is not first
    tokens.forget("ada", "another token")
    assert tokens.get("ada") is first
    tokens.forget("ada", first.value)
    assert tokens.get("ada") is not first
    assert len(wire.token_requests) == 3


@pytest.mark.parametrize(
    ("error", "description", "subject", "says"),
    [
        ("invalid_grant", "user hasn't approved this consumer", "user", "pre-authorise ada"),
        ("invalid_app_access", "user is not admin approved to access this app", "user", "pre-authorise ada"),
        ("invalid_grant", "audience is invalid", "org", "LOCKSTEP_SALESFORCE_AUDIENCE"),
        ("invalid_client_id", "client identifier invalid", "org", "consumer key"),
        ("invalid_client", "who?", "org", "consumer key"),
        ("OAUTH_APP_BLOCKED", "Connected App must be installed in this org", "org", "Install the Lockstep app"),
        ("invalid_grant", "inactive user", "user", "Activate ada"),
        ("invalid_grant", "user is locked", "user", "Unlock or unfreeze ada"),
        ("invalid_grant", "user is frozen", "user", "Unfreeze ada"),
        ("invalid_grant", "authentication failure", "user", "is the username"),
        ("invalid_grant", "inactive organization", "org", "organisation is locked"),
        ("invalid_grant", "ip restricted", "user", "login ranges"),
        ("invalid_grant", "invalid assertion", "org", "private key belongs to the certificate"),
        ("invalid_grant", "something new", "user", "Check in Setup that ada"),
    ],
)
def test_sf003_sf005_sf006_sf019_sf020_a_refused_sign_in_names_the_remedy(
    error: str, description: str, subject: str, says: str
) -> None:
    with pytest.raises(AccessLost) as caught:
        Wire(token=[refused(error, description)]).tokens().get("ada")
    assert (caught.value.subject, caught.value.code) == (subject, error)
    assert description in caught.value.message
    assert says in caught.value.message


def test_sf007_a_clock_that_is_wrong_is_named_before_the_key() -> None:
    wire = Wire(token=[refused("invalid_grant", "invalid assertion")])
    wire.clock.moment = NOW - timedelta(minutes=10)
    wire.token[0].headers["Date"] = "Sun, 22 Nov 2026 13:00:00 GMT"
    with pytest.raises(AccessLost, match="clock"):
        wire.tokens().get("ada")


@pytest.mark.parametrize("passing", [Answered(503, b"<html>"), requests.ConnectionError(), Answered(200, {"id": "x"})])
def test_a_sign_in_that_could_not_happen_is_tried_again(passing: Answered | Exception) -> None:
    with pytest.raises(Transient):
        Wire(token=[passing]).tokens().get("ada")


def test_token_requests_are_counted_apart() -> None:
    wire = Wire(token=[requests.ConnectionError()])
    tokens = wire.tokens()
    with pytest.raises(Transient):
        tokens.get("ada")
    tokens.get("ada")
    assert wire.meter.calls == {"salesforce-token": 2}


def ec_pem() -> str:
    key = ec.generate_private_key(ec.SECP256R1())
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def test_a_wrong_key_is_told_in_one_sentence_each() -> None:
    with pytest.raises(AccessLost, match="cannot be read as an unencrypted PEM private key"):
        private_key("-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----")
    with pytest.raises(AccessLost, match="not an RSA key"):
        private_key(ec_pem())
    with pytest.raises(AccessLost, match="1024 bits"):
        private_key(key_pem(1024))


def test_secrets_do_not_show() -> None:
    wire = Wire()
    assert "token-1" not in repr(wire.tokens().get("ada"))
