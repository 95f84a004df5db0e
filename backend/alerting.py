"""Tells people by mail and webhook what is wrong, once each, and once more when it is over; pings a dead man's switch.

A channel that fails is tried again with the next cycle. Alerts hold names and reasons, never contents of items.
"""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from typing import Final
from urllib.parse import unquote, urlsplit

import requests
import structlog

from backend.config import Config
from backend.storage.alert_book import Untold, compared, told
from backend.storage.engine import opened
from backend.storage.views.alerts import alerts
from backend.trust import trust_file

SECONDS: Final = 10.0
SMTP_PORT: Final = 587
SMTPS_PORT: Final = 465
log = structlog.get_logger(__name__)


class NotDelivered(Exception):
    """A channel failed; the message names it and the reason."""


def has_channels(config: Config) -> bool:
    """Whether anybody is to be told."""
    return bool(config.alert_webhook_url.get_secret_value() or (config.alert_to and _smtp(config)))


def watch(config: Config, *, cycle_served: bool) -> None:
    """After a cycle: tell what is new or over, and ping if Salesforce was read. Trouble of a channel is logged only."""
    if has_channels(config):
        _tell(config, datetime.now(UTC))
    if cycle_served and config.ping_url.get_secret_value():
        try:
            _request(config, "GET", config.ping_url.get_secret_value(), None)
        except NotDelivered as failed:
            log.warning("the dead man's switch was not reached", reason=str(failed))


def _tell(config: Config, now: datetime) -> None:
    database = opened(config.database_url)
    try:
        with database.begin() as connection:
            untold = compared(connection, alerts(connection, now, timedelta(seconds=config.cycle_seconds)), now)
        if not untold:
            return
        deliver(config, _subject(untold), _lines(untold, config.public_url))
        with database.begin() as connection:
            told(connection, untold, now)
    except NotDelivered as failed:
        log.warning("alerts were not delivered; they are tried again", reason=str(failed))
    finally:
        database.dispose()


def deliver(config: Config, subject: str, lines: Sequence[str]) -> None:
    """By every channel there is. Raises NotDelivered if one of them fails, after the others were tried."""
    failures = []
    for channel in (_mail, _post):
        try:
            channel(config, subject, lines)
        except NotDelivered as failed:
            failures.append(str(failed))
    if failures:
        raise NotDelivered("; ".join(failures))


def _subject(untold: Untold) -> str:
    if not untold.new:
        return f"Lockstep: {len(untold.over)} thing{'s' * (len(untold.over) > 1)} over"
    return f"Lockstep: {untold.new[0].text[:120]}" + (f" (+{len(untold.new) - 1})" if untold.new[1:] else "")


def _lines(untold: Untold, address: str) -> list[str]:
    over = [f"Over: {one.text}" for one in untold.over]
    return [*(one.text for one in untold.new), *over, f"Sync Status: {address}/"]


def _smtp(config: Config) -> str:
    return config.alert_smtp_url.get_secret_value()


def _mail(config: Config, subject: str, lines: Sequence[str]) -> None:
    if not (config.alert_to and _smtp(config)):
        return
    message = EmailMessage()
    message["Subject"] = " ".join(subject.split())
    message["From"], message["To"] = config.alert_from, ", ".join(config.alert_to)
    message["Auto-Submitted"] = "auto-generated"
    message.set_content("\n\n".join(lines) + "\n")
    parts = urlsplit(_smtp(config))
    try:
        with _server(config, parts.scheme, parts.hostname or "", parts.port) as server:
            if parts.username:
                server.login(unquote(parts.username), unquote(parts.password or ""))
            server.send_message(message)
    except (OSError, smtplib.SMTPException) as error:
        raise NotDelivered(f"mail through {parts.hostname}: {error}") from None


def _server(config: Config, scheme: str, host: str, port: int | None) -> smtplib.SMTP:
    context = ssl.create_default_context(cafile=_authorities(config))
    if scheme == "smtps":
        return smtplib.SMTP_SSL(host, port or SMTPS_PORT, timeout=SECONDS, context=context)
    server = smtplib.SMTP(host, port or SMTP_PORT, timeout=SECONDS)
    server.ehlo()
    if server.has_extn("starttls"):
        server.starttls(context=context)
    return server


def _post(config: Config, subject: str, lines: Sequence[str]) -> None:
    address = config.alert_webhook_url.get_secret_value()
    if address:
        _request(config, "POST", address, {"text": "\n".join((subject, *lines)), "alerts": list(lines)})


def _request(config: Config, method: str, address: str, body: object) -> None:
    """The address may hold a secret, so only its host is named."""
    host = urlsplit(address).netloc.rpartition("@")[2]
    try:
        answer = requests.request(method, address, json=body, timeout=SECONDS, verify=_authorities(config) or True)
    except requests.RequestException as error:
        raise NotDelivered(f"{host}: {type(error).__name__}") from None
    if not answer.ok:
        raise NotDelivered(f"{host} answered {answer.status_code}")


def _authorities(config: Config) -> str | None:
    path = trust_file(config)
    return None if path is None else str(path)
