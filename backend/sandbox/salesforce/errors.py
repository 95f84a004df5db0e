"""Errors in the shapes that the REST API gives them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any


class SalesforceError(Exception):
    """A refusal. Rows answer with `as_rest`, rows inside collections with `as_row` (SF-059)."""

    def __init__(
        self,
        code: str,
        message: str,
        fields: Iterable[str] = (),
        *,
        status: int = 400,
        extra: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.fields = list(fields)
        self.status = status
        self.extra = extra or {}

    def as_rest(self) -> list[dict[str, Any]]:
        """The body of a row resource: an array with one object."""
        body: dict[str, Any] = {**self.extra, "message": self.message, "errorCode": self.code}
        if self.fields or self.status == 400:
            body["fields"] = self.fields
        return [body]

    def as_row(self) -> dict[str, Any]:
        """One entry of a row's `errors` in a collection, which says statusCode instead of errorCode."""
        return {"statusCode": self.code, "message": self.message, "fields": self.fields}


def not_found(message: str = "The requested resource does not exist") -> SalesforceError:
    """404 for an unknown path, sObject, row or external id field (SF-023, SF-026, SF-058)."""
    return SalesforceError("NOT_FOUND", message, status=404)


def no_such_row(segment: str) -> SalesforceError:
    """404 for an id that leads nowhere: the server reads it as an external id field (SF-023)."""
    return not_found(f"Provided external ID field does not exist or is not accessible: {segment}")


def integrity(message: str, *fields: str) -> SalesforceError:
    """Values that contradict one another or the setup of the organisation."""
    return SalesforceError("FIELD_INTEGRITY_EXCEPTION", message, fields)


def no_access() -> SalesforceError:
    """The row is visible, but not for this."""
    return SalesforceError("INSUFFICIENT_ACCESS_OR_READONLY", "insufficient access rights on object id", status=403)
