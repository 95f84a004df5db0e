"""Users, mailbox settings, categories, time zones and translated ids."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from backend.sandbox.microsoft import delta, errors, fields, identifiers, odata, zones
from backend.sandbox.microsoft.errors import GraphError
from backend.sandbox.microsoft.graph import Operation, Request
from backend.sandbox.microsoft.tenant import User
from backend.sandbox.microsoft.wire import Answer, Call, no_content

DIRECTORY = ("User.Read.All", "Directory.Read.All")
BASIC_DIRECTORY = (*DIRECTORY, "User.ReadBasic.All")
SETTINGS = ("MailboxSettings.Read", "MailboxSettings.ReadWrite")
SETTINGS_WRITE = ("MailboxSettings.ReadWrite",)
TOKEN_LIFE = timedelta(days=7)
_USUAL = [
    "businessPhones",
    "displayName",
    "givenName",
    "jobTitle",
    "mail",
    "mobilePhone",
    "officeLocation",
    "preferredLanguage",
    "surname",
    "userPrincipalName",
    "id",
]
_FORMATS = ("entryid", "ewsid", "immutableentryid", "restid", "restimmutableentryid")
_COLORS = ("none", *(f"preset{number}" for number in range(25)))
_CATEGORY: fields.Fields = {"displayName": fields.text, "color": fields.one_of(*_COLORS)}


def _row(user: User) -> dict[str, Any]:
    given, _, surname = user.name.partition(" ")
    return {
        "businessPhones": [],
        "displayName": user.name,
        "givenName": given,
        "jobTitle": None,
        "mail": user.mail,
        "mobilePhone": None,
        "officeLocation": None,
        "preferredLanguage": None,
        "surname": surname or None,
        "userPrincipalName": user.user_principal_name,
        "id": user.id,
        "accountEnabled": user.enabled,
        "userType": user.user_type,
        "mailNickname": user.mail.partition("@")[0],
        "proxyAddresses": list(user.proxy_addresses),
    }


_READABLE = frozenset(_row(User("", 0, "", "", "")))


def _list_users(request: Request) -> Answer:
    call = request.call
    names = odata.selected_names(call, _READABLE) or _USUAL
    wanted = odata.filter_of(call, _READABLE)
    _check_consistency(call, wanted.operators if wanted else frozenset())
    rows = [_row(user) for user in request.tenant.users.values()]
    if wanted:
        rows = [row for row in rows if wanted.test(row)]
    order = odata.order_of(call, _READABLE)
    if order:
        rows.sort(key=order[0], reverse=order[1])
    return odata.page_of(call, rows, lambda row: odata.select(row, names), call.context("users"))


def _check_consistency(call: Call, operators: frozenset[str]) -> None:
    """Counting and some filters are advanced queries, which the caller has to ask for."""
    advanced = "$count" in call.options or operators & {"ne", "endswith", "contains"}
    if advanced and call.headers.get("consistencylevel", "").lower() != "eventual":
        raise GraphError(
            400, "Request_UnsupportedQuery", "The query needs the header ConsistencyLevel: eventual and $count."
        )


def _get_user(request: Request) -> Answer:
    if request.user is None:
        raise GraphError(
            404,
            "Request_ResourceNotFound",
            f"Resource '{request.value('user')}' does not exist or one of its queried reference-property "
            "objects are not present.",
        )
    names = odata.selected_names(request.call, _READABLE) or _USUAL
    context = {"@odata.context": request.call.context("users/$entity")}
    return Answer(200, context | odata.select(_row(request.user), names))


def _users_delta(request: Request) -> Answer:
    tenant, call = request.tenant, request.call
    by_number = {user.number: user for user in tenant.users.values()}
    select = call.options.get("$select")
    if select:
        odata.check_names(select, _READABLE)
    latest = call.options.get("$deltatoken", "").lower() == "latest"
    start = delta.Start("users", tenant.id, tenant.directory_sequence, select, from_now=latest)
    token = delta.open_round(request, start, TOKEN_LIFE.total_seconds())
    names = odata.check_names(token.select, _READABLE) if token.select else _USUAL

    def render(number: int, tell_removal: bool) -> list[dict[str, Any]]:
        user = by_number.get(number)
        if user is not None:
            return [odata.select(_row(user), names)]
        return [{"id": tenant.former_users[number], "@removed": {"reason": "deleted"}}] if tell_removal else []

    return delta.page(request, token, tenant.directory_log, render, call.context("users"))


def _get_settings(request: Request) -> Answer:
    settings = request.mailbox.settings
    names = odata.selected_names(request.call, frozenset(settings))
    shown = settings if names is None else {name: settings[name] for name in names}
    return Answer(200, {"@odata.context": _settings_context(request), **shown})


def _get_setting(request: Request) -> Answer:
    name = request.value("setting")
    if name not in ("timeZone", "userPurpose", "dateFormat", "timeFormat"):
        raise errors.resource_not_found()
    value = request.mailbox.settings[name]
    return Answer(200, {"@odata.context": f"{_settings_context(request)}/{name}", "value": value})


def _settings_context(request: Request) -> str:
    return request.call.context(f"users('{request.mailbox.owner}')/mailboxSettings")


_SETTINGS: fields.Fields = {
    "timeZone": fields.text,
    "dateFormat": fields.text,
    "timeFormat": fields.text,
    "delegateMeetingMessageDeliveryOptions": fields.one_of(
        "sendToDelegateAndInformationToPrincipal", "sendToDelegateAndPrincipal", "sendToDelegateOnly"
    ),
}


def _update_settings(request: Request) -> Answer:
    given = fields.check_object(request.call.body, _SETTINGS, "mailboxSettings")
    if given.get("timeZone"):
        zones.resolve(given["timeZone"])
    request.mailbox.settings.update(given)
    return _get_settings(request)


def _supported_zones(request: Request) -> Answer:
    standard = request.call.path_values.get("standard", "windows").lower()
    if standard not in ("windows", "iana"):
        raise errors.invalid_parameter(f"The time zone standard '{standard}' is not known.")
    names = zones.WINDOWS if standard == "windows" else [name for all_ in zones.WINDOWS.values() for name in all_]
    values = [{"alias": name, "displayName": name} for name in names]
    context = request.call.context("Collection(microsoft.graph.timeZoneInformation)")
    return Answer(200, {"@odata.context": context, "value": values})


def _list_categories(request: Request) -> Answer:
    values = list(request.mailbox.categories.values())
    return Answer(200, {"@odata.context": _categories_context(request), "value": values})


def _create_category(request: Request) -> Answer:
    given = fields.check_object(request.call.body, _CATEGORY, "outlookCategory")
    name = given.get("displayName")
    if not name:
        raise errors.invalid_request("The property 'displayName' is required.")
    present = request.mailbox.categories
    if any(each["displayName"].lower() == name.lower() for each in present.values()):
        raise GraphError(409, "ErrorDuplicateCategory", f"A category named '{name}' already exists.")
    category = {"id": request.tenant.new_guid(), "displayName": name, "color": given.get("color", "none")}
    present[category["id"]] = category
    return Answer(201, {"@odata.context": f"{_categories_context(request)}/$entity", **category})


def _one_category(request: Request) -> Answer:
    return Answer(200, {"@odata.context": f"{_categories_context(request)}/$entity", **_category(request)})


def _update_category(request: Request) -> Answer:
    given = fields.check_object(request.call.body, {"color": _CATEGORY["color"]}, "outlookCategory")
    _category(request).update(given)
    return _one_category(request)


def _delete_category(request: Request) -> Answer:
    del request.mailbox.categories[_category(request)["id"]]
    return no_content()


def _category(request: Request) -> dict[str, Any]:
    found = request.mailbox.categories.get(request.value("category"))
    if found is None:
        raise errors.item_not_found()
    return found


def _categories_context(request: Request) -> str:
    return request.call.context(f"users('{request.mailbox.owner}')/outlook/masterCategories")


def _translate_ids(request: Request) -> Answer:
    if not isinstance(request.call.body, dict):
        raise errors.bad_json()
    given = {name[:1].lower() + name[1:]: value for name, value in request.call.body.items()}
    ids, source, target = given.get("inputIds"), _format(given, "sourceIdType"), _format(given, "targetIdType")
    if not isinstance(ids, list) or len(ids) > 1000:
        raise errors.invalid_parameter("The collection inputIds must hold 1 to 1000 ids.")
    values = [_translated(request, str(text), source, target) for text in ids]
    context = request.call.context("Collection(microsoft.graph.convertIdResult)")
    return Answer(200, {"@odata.context": context, "value": values})


def _format(given: Mapping[str, Any], name: str) -> str:
    found = str(given.get(name, "")).lower()
    if found not in _FORMATS:
        raise errors.invalid_parameter(f"The parameter '{name}' must name an id format.")
    return found


def _translated(request: Request, text: str, source: str, target: str) -> dict[str, Any]:
    try:
        plain = identifiers.as_rest(text, source)
        item, day = request.mailbox.find(plain)
    except GraphError as error:
        return {"sourceId": text, "errorDetails": {"code": error.code, "message": error.message}}
    found = request.mailbox.id_of(item, target.endswith("immutableentryid"), day)
    return {"sourceId": text, "targetId": identifiers.from_rest(found, target)}


def operations() -> list[Operation]:
    """The operations of this module."""
    user, categories = "/users/<user>", "/users/<user>/outlook/masterCategories"
    zones_path = f"{user}/outlook/supportedTimeZones"
    by_standard = f"{zones_path}(TimeZoneStandard=microsoft.graph.timeZoneStandard'<standard>')"
    users_options = ("$select", "$filter", "$top", "$skip", "$orderby", "$count")
    delta_options = ("$select", "$deltatoken", "$skiptoken")
    return [
        Operation("users.list", "GET", "/users", _list_users, BASIC_DIRECTORY, "directory", users_options),
        Operation("users.delta", "GET", "/users/delta", _users_delta, DIRECTORY, "directory", delta_options),
        Operation("users.get", "GET", user, _get_user, BASIC_DIRECTORY, "directory", ("$select",)),
        Operation(
            "mailboxSettings.get", "GET", f"{user}/mailboxSettings", _get_settings, SETTINGS, options=("$select",)
        ),
        Operation("mailboxSettings.value", "GET", f"{user}/mailboxSettings/<setting>", _get_setting, SETTINGS),
        Operation("mailboxSettings.update", "PATCH", f"{user}/mailboxSettings", _update_settings, SETTINGS_WRITE),
        Operation("supportedTimeZones", "GET", zones_path, _supported_zones, DIRECTORY),
        Operation("supportedTimeZones.standard", "GET", by_standard, _supported_zones, DIRECTORY),
        Operation("categories.list", "GET", categories, _list_categories, SETTINGS),
        Operation("categories.create", "POST", categories, _create_category, SETTINGS_WRITE),
        Operation("categories.get", "GET", f"{categories}/<category>", _one_category, SETTINGS),
        Operation("categories.update", "PATCH", f"{categories}/<category>", _update_category, SETTINGS_WRITE),
        Operation("categories.delete", "DELETE", f"{categories}/<category>", _delete_category, SETTINGS_WRITE),
        Operation("translateExchangeIds", "POST", f"{user}/translateExchangeIds", _translate_ids, BASIC_DIRECTORY),
    ]
