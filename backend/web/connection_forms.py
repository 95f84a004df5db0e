"""What was typed about a connection: read, tidied, and told in one sentence per field where it cannot be right.

Of secrets only the caller hears; nothing here is shown again (look and feel, 4.3).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from typing import Any, Final
from urllib.parse import urlsplit

from werkzeug.datastructures import FileStorage

from backend.storage.connections import Connection
from backend.storage.credentials import ConnectionRefused, certificate, matching, private_key
from backend.web.words import say

LONGEST: Final = 512
_GUID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_DOMAIN: Final = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)+", re.IGNORECASE)
_SANDBOX: Final = re.compile(r"(^|\.)(test\.salesforce|sandbox\.my\.salesforce)\.com$", re.IGNORECASE)
_TEST_AUDIENCE: Final = "https://test.salesforce.com"
CREDENTIAL: Final = ("credential", "certificate", "certificate_ends", "secret_ends")
"""What is known of a secret besides itself."""
TYPED: Final = {
    "salesforce": ("login_url", "username", "consumer_key"),
    "microsoft": ("tenant", "client_id", "reach"),
}


@dataclass
class Typed:
    """settings: what may be shown · secret: what may not, None if the present one stays · problems: by field."""

    settings: dict[str, Any]
    secret: dict[str, Any] | None = None
    problems: dict[str, str] = field(default_factory=dict)

    def refuse(self, name: str, problem: str) -> None:
        """Notes the first problem of a field."""
        self.problems.setdefault(name, problem)


Files = Mapping[str, FileStorage]


def plain(service: str, form: Mapping[str, str], known: Mapping[str, Any]) -> dict[str, Any]:
    """What was typed, as it stands, over what is known; nothing is judged."""
    typed = {name: form.get(name, "").strip()[:LONGEST] for name in TYPED[service] if name in form}
    return {**known, **typed}


def read(
    service: str, form: Mapping[str, str], files: Files, used: Connection | None, draft: Connection | None
) -> Typed:
    """Everything that was typed, judged."""
    known = (draft or used).settings if (draft or used) else {}  # type: ignore[union-attr]  # one of them is there
    typed = Typed(plain(service, form, known))
    (_salesforce if service == "salesforce" else _microsoft)(typed)
    _credential(typed, form, files, used, draft)
    return typed


def _salesforce(typed: Typed) -> None:
    settings = typed.settings
    settings["login_url"] = _address(typed, settings.get("login_url", ""))
    if not settings.get("consumer_key"):
        typed.refuse("consumer_key", say("Paste the consumer key of the app."))
    elif re.search(r"\s", settings["consumer_key"]):
        typed.refuse("consumer_key", say("The consumer key has no spaces: copy it again, alone."))
    if "@" not in settings.get("username", ""):
        typed.refuse(
            "username", say("Type the integration user's user name. It looks like an address: sync@example.com.")
        )
    audience = _TEST_AUDIENCE if _SANDBOX.search(urlsplit(settings["login_url"]).hostname or "") else ""
    if audience or settings.get("audience") == _TEST_AUDIENCE:
        settings["audience"] = audience


def _address(typed: Typed, text: str) -> str:
    if not text:
        return ""
    address = text if "://" in text else f"https://{text}"
    try:
        parts = urlsplit(address)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        host, port = "", None
    if not _DOMAIN.fullmatch(host) and host not in ("localhost",):
        problem = say("This is no web address. Copy My Domain's, such as https://example.my.salesforce.com.")
        typed.refuse("login_url", problem)
        return text
    if parts.scheme != "https":
        typed.refuse("login_url", say("Salesforce is reached by https only: begin with https://."))
        return text
    if host.endswith((".lightning.force.com", ".salesforce-setup.com")):
        problem = say("This is the address of pages. Copy My Domain's instead: it ends in .my.salesforce.com.")
        typed.refuse("login_url", problem)
        return text
    return f"https://{host}:{port}" if port else f"https://{host}"


def _microsoft(typed: Typed) -> None:
    settings = typed.settings
    tenant, client = settings.get("tenant", ""), settings.get("client_id", "")
    if not _GUID.fullmatch(tenant) and not _DOMAIN.fullmatch(tenant):
        problem = say(
            "Paste the Directory (tenant) ID from the app's overview page, or the full domain, such as example.com."
        )
        typed.refuse("tenant", problem)
    if not _GUID.fullmatch(client):
        typed.refuse("client_id", say("Paste the Application (client) ID from the app's overview page."))
    if settings.get("reach") not in ("chosen", "everyone"):
        typed.refuse("reach", say("Choose which mailboxes the app may open."))


# --- key, certificate, secret -----------------------------------------------------------------------------------------


def _credential(
    typed: Typed, form: Mapping[str, str], files: Files, used: Connection | None, draft: Connection | None
) -> None:
    chosen = form.get("credential", "")
    if chosen == "keep" and used is not None and used.has_secret:
        _take(typed, used.settings)
        # A key pair that waits in the draft is not wanted then: its secret would win over the one in use.
        typed.secret = {} if draft is not None and draft.has_secret else None
    elif chosen == "draft" and draft is not None and draft.has_secret:
        _take(typed, draft.settings)
    elif chosen == "made":
        _made(typed, draft)
    elif chosen == "own":
        _own(typed, files)
    elif chosen == "secret" and "tenant" in typed.settings:
        _client_secret(typed, form)
    else:
        typed.refuse("credential", say("Choose how Lockstep signs in."))


def _take(typed: Typed, settings: Mapping[str, Any]) -> None:
    for name in CREDENTIAL:
        typed.settings.pop(name, None)
        if name in settings:
            typed.settings[name] = settings[name]


def _made(typed: Typed, draft: Connection | None) -> None:
    if draft is None or draft.settings.get("credential") != "made" or not draft.has_secret:
        typed.refuse("credential", say("Make the key pair first, and upload its certificate on the other side."))
        return
    _take(typed, draft.settings)


def _own(typed: Typed, files: Files) -> None:
    key = _pem(typed, files, "private_key", say("Private key"))
    shown = _pem(typed, files, "certificate", say("Certificate"))
    place, other = say("The private key"), say("The certificate")
    if not key:
        typed.refuse("private_key", say("Choose the file with the private key, in PEM form."))
    if not shown and "tenant" in typed.settings:
        typed.refuse("certificate", say("Choose the file with the certificate, in PEM form."))
    if "private_key" in typed.problems or "certificate" in typed.problems:
        return
    remedy = say("make a new one, and upload it on the other side.")
    try:
        private_key(key, place)
    except ConnectionRefused as error:
        typed.refuse("private_key", str(error))
        return
    settings: dict[str, Any] = {"credential": "own"}
    if shown:
        try:
            certificate(shown, other, remedy)
            settings |= _ends(shown)
            matching(shown, other, key, place, remedy)
        except ConnectionRefused as error:
            typed.refuse("certificate", str(error))
            return
    _take(typed, settings)
    typed.secret = {"private_key": key, **({"certificate": shown} if shown else {})}


def _ends(pem: str) -> dict[str, str]:
    found = certificate(pem, "", "")
    return {"certificate": pem, "certificate_ends": found.not_valid_after_utc.isoformat()}


def _pem(typed: Typed, files: Files, name: str, title: str) -> str:
    sent = files.get(name)
    if sent is None or not sent.filename:
        return ""
    try:
        return str(sent.read(), "ascii")
    except UnicodeDecodeError:
        typed.refuse(name, say("%(title)s: this is no PEM file. Convert it, for instance with openssl.", title=title))
        return ""


def _client_secret(typed: Typed, form: Mapping[str, str]) -> None:
    secret, ends = form.get("client_secret", "").strip()[:LONGEST], form.get("secret_ends", "").strip()
    if not secret:
        typed.refuse("client_secret", say("Paste the secret's value. It is not shown again, here or in Entra."))
    elif _GUID.fullmatch(secret):
        typed.refuse("client_secret", say("This looks like the secret's ID. Copy the value beside it."))
    settings: dict[str, Any] = {"credential": "secret"}
    if ends:
        day = _day(ends)
        if day is None:
            typed.refuse("secret_ends", say("Write the day like 2027-03-31, or leave it empty."))
        else:
            settings["secret_ends"] = datetime.combine(day, time(), UTC).isoformat()
    if not {"client_secret", "secret_ends"} & set(typed.problems):
        _take(typed, settings)
        typed.secret = {"secret": secret}


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
