"""Subscriptions of Graph: create with validation, renew, reauthorize, list and delete."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from backend.sandbox.microsoft import errors, fields, zones
from backend.sandbox.microsoft.errors import GraphError
from backend.sandbox.microsoft.graph import Operation, Request
from backend.sandbox.microsoft.subscriptions import (
    LONGEST,
    LONGEST_CLIENT_STATE,
    SHORTEST,
    Resource,
    Subscription,
    resource_of,
)
from backend.sandbox.microsoft.tenant import User
from backend.sandbox.microsoft.wire import Answer, no_content

_LOOPBACK = ("localhost", "127.0.0.1", "::1")
_FIELDS: fields.Fields = {
    "changeType": fields.text,
    "notificationUrl": fields.text,
    "lifecycleNotificationUrl": fields.text,
    "resource": fields.text,
    "expirationDateTime": fields.moment,
    "clientState": fields.text,
    "includeResourceData": fields.optional(fields.flag),
    "latestSupportedTlsVersion": fields.text,
    "notificationQueryOptions": fields.text,
}
_CHANGES = frozenset(("created", "updated", "deleted"))


def _create(request: Request) -> Answer:
    given = fields.check_object(request.call.body, _FIELDS, "subscription")
    for name in ("changeType", "notificationUrl", "resource", "expirationDateTime"):
        if not given.get(name):
            raise _bad(f"Required property '{name}' is missing.")
    with request.tenant.world.lock:
        subscription = _subscription(request, given)
        _check_unique(request, subscription)
    _validate(request, subscription)
    with request.tenant.world.lock:
        request.tenant.notifier.add(subscription)
    return Answer(201, {"@odata.context": _context(request), **subscription.as_json()})


def _subscription(request: Request, given: dict[str, Any]) -> Subscription:
    target = resource_of(given["resource"])
    user = request.tenant.user_named(target.user) if target else None
    if target is None or user is None:
        raise _bad(f"Resource '{given['resource']}' is not supported.")
    _check_access(request, target, user)
    changes = frozenset(part.strip().lower() for part in given["changeType"].split(","))
    if not changes <= _CHANGES:
        raise _bad(f"The changeType '{given['changeType']}' is not supported.")
    if len(given.get("clientState") or "") > LONGEST_CLIENT_STATE:
        raise _bad(f"The clientState is longer than {LONGEST_CLIENT_STATE} characters.")
    return Subscription(
        id=request.tenant.new_guid(),
        app_id=request.call.grant.app_id,
        mailbox_id=user.id,
        resource=given["resource"],
        target=target,
        change_types=changes,
        notification_url=_checked_url(given["notificationUrl"]),
        lifecycle_url=_checked_url(given["lifecycleNotificationUrl"])
        if given.get("lifecycleNotificationUrl")
        else None,
        client_state=given.get("clientState"),
        expires=_expiry(request, given["expirationDateTime"]),
        immutable_ids=request.call.style.immutable,
    )


def _check_access(request: Request, target: Resource, user: User) -> None:
    app = request.tenant.apps[request.call.grant.app_id]
    if not app.may(request.call.grant.roles, target.needs, user.id, request.tenant.world.clock.now()):
        raise errors.access_denied()
    folder = request.tenant.mailbox(user.id).folders.get(target.folder) if target.folder else None
    if target.folder and folder is None:
        raise errors.folder_not_found()


def _checked_url(url: str) -> str:
    """https everywhere; http only to this machine, where the sandbox itself runs."""
    parts = urlsplit(url)
    if parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK):
        return url
    raise _bad("The notificationUrl has to be an https address.")


def _expiry(request: Request, text: str) -> datetime:
    """At most 10,080 minutes from now; less than 45 minutes is raised to 45 (MS-102)."""
    now = request.tenant.world.clock.now()
    moment = zones.parse_moment(text)
    wanted = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    if wanted > now + LONGEST:
        raise _bad("Subscription expiration can only be 10080 minutes in the future.")
    if wanted <= now:
        raise _bad("Subscription expiration has to be in the future.")
    return max(wanted, now + SHORTEST)


def _check_unique(request: Request, wanted: Subscription) -> None:
    for other in request.tenant.notifier.live():
        same = other.app_id == wanted.app_id and other.change_types == wanted.change_types
        if same and other.resource.strip("/").lower() == wanted.resource.strip("/").lower():
            raise GraphError(409, "ExtensionError", "Conflict")


def _validate(request: Request, subscription: Subscription) -> None:
    """Both addresses have to echo a token (MS-101). No lock is held: the answer may take its time."""
    for url in (subscription.notification_url, subscription.lifecycle_url):
        token = f"Validation: Testing client application reachability for subscription {subscription.id}"
        if url and not request.tenant.notifier.validates(url, token):
            raise GraphError(
                400,
                "ValidationError",
                "Subscription validation request failed. Notification endpoint must respond with 200 OK to "
                "validation request.",
            )


def _found(request: Request) -> Subscription:
    found = request.tenant.notifier.find(request.value("subscription"))
    if found is None or found.app_id != request.call.grant.app_id:
        raise GraphError(404, "ResourceNotFound", "The object was not found.")
    return found


def _list(request: Request) -> Answer:
    own = [each for each in request.tenant.notifier.live() if each.app_id == request.call.grant.app_id]
    context = request.call.context("subscriptions")
    return Answer(200, {"@odata.context": context, "value": [each.as_json() for each in own]})


def _get(request: Request) -> Answer:
    return Answer(200, {"@odata.context": _context(request), **_found(request).as_json()})


def _renew(request: Request) -> Answer:
    allowed: fields.Fields = {"expirationDateTime": fields.moment, "notificationUrl": fields.required_text}
    given = fields.check_object(request.call.body, allowed, "subscription")
    subscription = _found(request)
    if "expirationDateTime" in given:
        subscription.expires = _expiry(request, given["expirationDateTime"])
        subscription.paused = False
    if "notificationUrl" in given:
        subscription.notification_url = _checked_url(given["notificationUrl"])
    return _get(request)


def _reauthorize(request: Request) -> Answer:
    _found(request).paused = False
    return no_content()


def _delete(request: Request) -> Answer:
    del request.tenant.notifier.subscriptions[_found(request).id]
    return no_content()


def _context(request: Request) -> str:
    return request.call.context("subscriptions/$entity")


def _bad(message: str) -> GraphError:
    return GraphError(400, "InvalidRequest", message)


def operations() -> list[Operation]:
    """The operations of this module."""
    path, one = "/subscriptions", "/subscriptions/<subscription>"
    return [
        Operation("subscriptions.list", "GET", path, _list, (), "own"),
        Operation("subscriptions.create", "POST", path, _create, (), "own", exclusive=False),
        Operation("subscriptions.get", "GET", one, _get, (), "own"),
        Operation("subscriptions.renew", "PATCH", one, _renew, (), "own"),
        Operation("subscriptions.reauthorize", "POST", f"{one}/reauthorize", _reauthorize, (), "own"),
        Operation("subscriptions.delete", "DELETE", one, _delete, (), "own"),
    ]
