"""How the fault rules of the sandbox look in Graph's and Entra's own shapes."""

from __future__ import annotations

import math

from backend.sandbox.faults import Rule
from backend.sandbox.microsoft.errors import GraphError, bad_token


def refusal_of(rule: Rule) -> GraphError:
    """The Graph error of a rule; a connection cannot be cut inside a batch, there it is a 504."""
    headers = {"Retry-After": str(math.ceil(rule.seconds))} if rule.seconds else {}
    match rule.kind:
        case "429":
            message = "Application is over its MailboxConcurrency limit."
            return GraphError(429, "ApplicationThrottled", message, headers=headers)
        case "503":
            return GraphError(503, "ErrorServerBusy", "The server is busy.", headers=headers)
        case "410":
            return GraphError(410, "SyncStateNotFound", "The sync state generation is not found.")
        case "401":
            return bad_token("Access token has expired or is not yet valid.")
        case _:
            return GraphError(504, "UnknownError", "")


def token_refusal_of(rule: Rule) -> tuple[int, str, int, str]:
    """Status, error, AADSTS number and message of a rule at the token endpoint."""
    if rule.kind == "401":
        return 401, "invalid_client", 7000215, "Invalid client secret provided."
    return int(rule.kind), "temporarily_unavailable", 90055, "The service is temporarily unavailable."
