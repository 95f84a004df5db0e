"""What is stored of a connection, as the settings of its adapter; whatever is not stored is this installation's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from backend.config import Config
from backend.microsoft.settings import MicrosoftSettings
from backend.salesforce.connection import SalesforceSettings
from backend.trust import trust_file


def salesforce_settings(
    config: Config, stored: Mapping[str, Any], secret: Mapping[str, Any], organisation_id: str | None
) -> SalesforceSettings:
    """How to reach Salesforce. `organisation_id`: which one has to answer; None: whichever does."""
    return SalesforceSettings(
        stored.get("login_url") or config.salesforce_login_url,
        stored.get("audience") or config.salesforce_audience,
        stored["consumer_key"],
        stored["username"],
        secret["private_key"],
        _authorities(config),
        organisation_id,
    )


def microsoft_settings(config: Config, stored: Mapping[str, Any], secret: Mapping[str, Any]) -> MicrosoftSettings:
    """How to reach Microsoft 365. Raises ValueError for what can never work."""
    return MicrosoftSettings(
        stored.get("login_url") or config.microsoft_login_url,
        stored.get("graph_url") or config.graph_url,
        stored["tenant"],
        stored["client_id"],
        secret=secret.get("secret"),
        certificate=secret.get("certificate"),
        private_key=secret.get("private_key"),
        ca_file=_authorities(config),
    )


def _authorities(config: Config) -> str | None:
    path = trust_file(config)
    return None if path is None else str(path)
