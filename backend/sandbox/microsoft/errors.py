"""Refusals of Graph, each with the status, code and wording that the service is known to use."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

STALE_CHANGE_KEY = (
    "The send or update operation could not be performed because the change key passed in the request "
    "does not match the current change key for the item."
)


class GraphError(Exception):
    """An answer other than success: HTTP status, OData error code, message, headers and extra members."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        headers: Mapping[str, str] | None = None,
        extra: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(f"{status} {code}: {message}")
        self.status = status
        self.code = code
        self.message = message
        self.headers = dict(headers or {})
        self.extra = dict(extra or {})


def bad_body(message: str) -> GraphError:
    """Unknown property or wrong JSON type in a request body (MS-014)."""
    return GraphError(400, "RequestBodyRead", message)


def bad_json(message: str = "Unable to deserialize the request body.") -> GraphError:
    """The body is no JSON object."""
    return GraphError(400, "UnableToDeserializePostBody", message)


def bad_query(message: str) -> GraphError:
    """Unknown or misplaced query option, or an unknown property in one (MS-014)."""
    return GraphError(400, "RequestBroker--ParseUri", message)


def bad_filter(message: str = "The query filter contains one or more invalid nodes.") -> GraphError:
    """A $filter that the service cannot evaluate."""
    return GraphError(400, "ErrorInvalidUrlQueryFilter", message)


def invalid_request(message: str) -> GraphError:
    """A request that contradicts itself or a rule of Exchange."""
    return GraphError(400, "ErrorInvalidRequest", message)


def invalid_parameter(message: str) -> GraphError:
    """A parameter of the URL or of an action that cannot be used."""
    return GraphError(400, "ErrorInvalidParameter", message)


def invalid_argument(message: str) -> GraphError:
    """A value beyond what a property can hold (MS-082)."""
    return GraphError(400, "ErrorInvalidArgument", message)


def malformed_id() -> GraphError:
    """Text that is no identifier at all."""
    return GraphError(400, "ErrorInvalidIdMalformed", "Id is malformed.")


def item_not_found() -> GraphError:
    """Deleted, moved and asked for by its default id, or never there."""
    return GraphError(404, "ErrorItemNotFound", "The specified object was not found in the store.")


def folder_not_found() -> GraphError:
    """The folder or calendar is gone (MS-035, MS-088)."""
    return GraphError(404, "ErrorSyncFolderNotFound", "The specified folder could not be found in the store.")


def resource_not_found() -> GraphError:
    """A path or resource that does not exist."""
    return GraphError(404, "ResourceNotFound", "Resource could not be discovered.")


def unknown_zone(name: object) -> GraphError:
    """A time zone name that is neither a Windows nor a supported IANA name (MS-056)."""
    return GraphError(
        400,
        "TimeZoneNotSupportedException",
        f"A valid TimeZone value must be specified. The following TimeZone value is not supported: '{name}'.",
    )


def conflict(status: int) -> GraphError:
    """The item changed since it was read: 412 with If-Match, 412 or 409 when writes overlap (MS-046, MS-047)."""
    return GraphError(status, "ErrorIrresolvableConflict", STALE_CHANGE_KEY)


def access_denied() -> GraphError:
    """No permission for the mailbox, or the mailbox is outside the scope (MS-006, MS-007)."""
    return GraphError(403, "ErrorAccessDenied", "Access is denied. Check credentials and try again.")


def directory_denied() -> GraphError:
    """No permission for the directory (MS-006)."""
    return GraphError(403, "Authorization_RequestDenied", "Insufficient privileges to complete the operation.")


def bad_token(message: str) -> GraphError:
    """Token missing, expired or not meant for Graph (MS-003)."""
    return GraphError(
        401,
        "InvalidAuthenticationToken",
        message,
        headers={"WWW-Authenticate": 'Bearer realm="", error="invalid_token"'},
    )
