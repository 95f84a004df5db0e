"""Contacts and contact folders of Graph."""

from __future__ import annotations

from typing import Any

from backend.sandbox.microsoft import contacts, delta, errors, fields, odata
from backend.sandbox.microsoft.errors import GraphError
from backend.sandbox.microsoft.graph import Operation, Request
from backend.sandbox.microsoft.store import Folder, Item
from backend.sandbox.microsoft.wire import Answer, check_etag, no_content
from backend.sandbox.microsoft.writes import check_collision

READ = ("Contacts.Read", "Contacts.ReadWrite")
WRITE = ("Contacts.ReadWrite",)
TYPE = "#microsoft.graph.contact"
_FOLDER_TYPE = "#microsoft.graph.contactFolder"
_FOLDER_FIELDS: fields.Fields = {"displayName": fields.text, "parentFolderId": fields.text}
_FOLDER_READABLE = frozenset(("id", "displayName", "parentFolderId"))


# Folders


def _folder(request: Request) -> Folder:
    """The folder of the path: by id, or the default one by its name (MS-086)."""
    key = request.call.path_values.get("folder", "contacts")
    if key.lower() == "contacts":
        return request.mailbox.contacts_folder
    found = request.mailbox.folders.get(key)
    if found is None or found.kind != "contacts":
        raise errors.folder_not_found()
    return found


def _folder_json(folder: Folder) -> dict[str, Any]:
    parent = folder.parent.id if folder.parent else None
    return {"id": folder.id, "parentFolderId": parent, "displayName": folder.name}


def _folder_context(request: Request, rest: str = "") -> str:
    return request.call.context(f"users('{request.mailbox.owner}')/contactFolders{rest}")


def _list_folders(request: Request) -> Answer:
    """Only subfolders: the default folder itself is never listed (MS-086)."""
    call, parent = request.call, _folder(request)
    names = odata.selected_names(call, _FOLDER_READABLE)
    wanted = odata.filter_of(call, _FOLDER_READABLE)
    rows = [_folder_json(each) for each in request.mailbox.folders.values() if each.parent is parent]
    if wanted:
        rows = [row for row in rows if wanted.test(row)]
    return odata.page_of(call, rows, lambda row: odata.select(row, names), _folder_context(request))


def _create_folder(request: Request) -> Answer:
    given = fields.check_object(request.call.body, _FOLDER_FIELDS, "contactFolder")
    name = given.get("displayName")
    if not name:
        raise errors.invalid_request("The property 'displayName' is required.")
    parent = _folder(request)
    _check_free(request, parent, name)
    folder = request.mailbox.add_folder("contacts", name, parent)
    return Answer(201, {"@odata.context": _folder_context(request, "/$entity"), **_folder_json(folder)})


def _check_free(request: Request, parent: Folder | None, name: str) -> None:
    for other in request.mailbox.folders.values():
        if other.parent is parent and other.name.lower() == name.lower():
            raise GraphError(409, "ErrorFolderExists", "A folder with the specified name already exists.")


def _get_folder(request: Request) -> Answer:
    names = odata.selected_names(request.call, _FOLDER_READABLE)
    body = odata.select(_folder_json(_folder(request)), names)
    return Answer(200, {"@odata.context": _folder_context(request, "/$entity"), **body})


def _update_folder(request: Request) -> Answer:
    folder = _removable(request)
    given = fields.check_object(request.call.body, {"displayName": fields.text}, "contactFolder")
    name = given.get("displayName")
    if name and name != folder.name:
        _check_free(request, folder.parent, name)
        request.mailbox.rename_folder(folder, name)
    return _get_folder(request)


def _delete_folder(request: Request) -> Answer:
    request.mailbox.remove_folder(_removable(request))
    return no_content()


def _removable(request: Request) -> Folder:
    folder = _folder(request)
    if folder is request.mailbox.contacts_folder:
        raise GraphError(400, "ErrorDeleteDistinguishedFolder", "Distinguished folders cannot be changed.")
    return folder


def _folders_delta(request: Request) -> Answer:
    mailbox = request.mailbox
    start = delta.Start("contactFolders", mailbox.owner, mailbox.sequence, request.call.options.get("$select"))
    token = delta.open_round(request, start)
    names = odata.check_names(token.select, _FOLDER_READABLE) if token.select else None

    def render(number: int, tell_removal: bool) -> list[dict[str, Any]]:
        folder = mailbox.folder_numbers[number]
        if folder.kind != "contacts" or folder is mailbox.contacts_folder:
            return []
        if folder.id in mailbox.folders:
            return [{"@odata.type": _FOLDER_TYPE, **odata.select(_folder_json(folder), names)}]
        removed = {"@odata.type": _FOLDER_TYPE, "id": folder.id, "@removed": {"reason": "deleted"}}
        return [removed] if tell_removal else []

    return delta.page(request, token, mailbox.folder_log, render, _folder_context(request))


# Contacts


def _contact(request: Request) -> Item:
    """The contact of the path; in a folder's path it must lie there."""
    item, _ = request.mailbox.find(request.value("contact"))
    in_folder = "folder" not in request.call.path_values or item.folder is _folder(request)
    if item.folder.kind != "contacts" or item.counted_only or not in_folder:
        raise errors.item_not_found()
    return item


def _context(request: Request, rest: str = "") -> str:
    return request.call.context(f"users('{request.mailbox.owner}')/contacts{rest}")


def _shown(request: Request, contact: Item) -> dict[str, Any]:
    return contacts.render(request.mailbox, contact, request.call.style.immutable)


def _one(request: Request, contact: Item, status: int = 200) -> Answer:
    entity = _shown(request, contact)
    answer = Answer(status, {"@odata.context": _context(request, "/$entity"), **entity})
    answer.headers["ETag"] = entity["@odata.etag"]
    if status == 201:
        answer.headers["Location"] = f"{request.call.root}/users/{request.mailbox.owner}/contacts/{entity['id']}"
    return answer


def _create(request: Request) -> Answer:
    return _one(request, contacts.create(request.mailbox, _folder(request), request.call.body), 201)


def _get(request: Request) -> Answer:
    contact = _contact(request)
    entity = odata.select(_shown(request, contact), odata.selected_names(request.call, contacts.READABLE))
    odata.expansion(request.call.options.get("$expand")).add_tags(entity, contact.extended)
    return Answer(200, {"@odata.context": _context(request, "/$entity"), **entity})


def _update(request: Request) -> Answer:
    contact = _contact(request)
    check_etag(request.call, _shown(request, contact)["@odata.etag"])
    check_collision(request)
    contacts.update(request.mailbox, contact, request.call.body)
    return _one(request, contact)


def _delete(request: Request) -> Answer:
    contact = _contact(request)
    check_etag(request.call, _shown(request, contact)["@odata.etag"])
    check_collision(request)
    request.mailbox.discard(contact)
    return no_content()


def _delete_for_good(request: Request) -> Answer:
    request.mailbox.destroy(_contact(request))
    return no_content()


def _row(item: Item) -> dict[str, Any]:
    tags = [{"id": key, "value": value} for key, value in item.extended.items()]
    return {**item.values, "singleValueExtendedProperties": tags}


def _list(request: Request) -> Answer:
    call, folder = request.call, _folder(request)
    names = odata.selected_names(call, contacts.READABLE)
    expansion = odata.expansion(call.options.get("$expand"))

    def render(contact: Item) -> dict[str, Any] | None:
        if contact.counted_only:
            return None
        entity = odata.select(_shown(request, contact), names)
        expansion.add_tags(entity, contact.extended)
        return entity

    return odata.page_of(call, _matching(request, folder), render, _context(request))


def _matching(request: Request, folder: Folder) -> list[Item]:
    wanted = odata.filter_of(request.call, contacts.READABLE)
    items = list(folder.items.values())
    if wanted and wanted.tag:
        items = [item for item in request.mailbox.tagged(*wanted.tag) if item.folder is folder]
    if wanted:
        items = [item for item in items if not item.counted_only and wanted.test(_row(item))]
    order = odata.order_of(request.call, contacts.READABLE)
    if order:
        key, backwards = order
        items.sort(key=lambda item: key(_row(item)), reverse=backwards)
    return items


def _delta(request: Request) -> Answer:
    mailbox, folder = request.mailbox, _folder(request)
    select = request.call.options.get("$select")
    if select:
        odata.check_names(select, contacts.READABLE)
    token = delta.open_round(request, delta.Start("contacts", folder.id, mailbox.sequence, select))
    names = odata.check_names(token.select, contacts.READABLE) if token.select else None
    immutable = request.call.style.immutable

    def render(number: int, tell_removal: bool) -> list[dict[str, Any]] | None:
        item = folder.items.get(number)
        if item is None:
            gone = mailbox.former_id(number, folder, immutable)
            removed = {"@odata.type": TYPE, "id": gone, "@removed": {"reason": "deleted"}}
            return [removed] if tell_removal else []
        if item.counted_only:
            return None
        return [{"@odata.type": TYPE, **odata.select(contacts.render(mailbox, item, immutable), names)}]

    return delta.page(request, token, folder.log, render, _context(request))


def operations() -> list[Operation]:
    """The operations of this module."""
    user, folder = "/users/<user>", "/users/<user>/contactFolders/<folder>"
    delta_options = ("$select", *delta.OPTIONS)
    found = [
        Operation(
            "contactFolders.list", "GET", f"{user}/contactFolders", _list_folders, READ, options=odata.LIST_OPTIONS
        ),
        Operation("contactFolders.create", "POST", f"{user}/contactFolders", _create_folder, WRITE),
        Operation(
            "contactFolders.delta", "GET", f"{user}/contactFolders/delta", _folders_delta, READ, options=delta_options
        ),
        Operation("contactFolders.get", "GET", folder, _get_folder, READ, options=("$select",)),
        Operation("contactFolders.update", "PATCH", folder, _update_folder, WRITE),
        Operation("contactFolders.delete", "DELETE", folder, _delete_folder, WRITE),
        Operation("contactFolders.permanentDelete", "POST", f"{folder}/permanentDelete", _delete_folder, WRITE),
        Operation(
            "childFolders.list", "GET", f"{folder}/childFolders", _list_folders, READ, options=odata.LIST_OPTIONS
        ),
        Operation("childFolders.create", "POST", f"{folder}/childFolders", _create_folder, WRITE),
    ]
    for start, base in (("contacts", user), ("folderContacts", folder)):
        found += _contact_operations(start, f"{base}/contacts", delta_options)
    return found


def _contact_operations(name: str, path: str, delta_options: tuple[str, ...]) -> list[Operation]:
    one = f"{path}/<contact>"
    return [
        Operation(f"{name}.list", "GET", path, _list, READ, options=odata.LIST_OPTIONS),
        Operation(f"{name}.create", "POST", path, _create, WRITE),
        Operation(f"{name}.delta", "GET", f"{path}/delta", _delta, READ, options=delta_options),
        Operation(f"{name}.get", "GET", one, _get, READ, options=odata.ITEM_OPTIONS),
        Operation(f"{name}.update", "PATCH", one, _update, WRITE),
        Operation(f"{name}.delete", "DELETE", one, _delete, WRITE),
        Operation(f"{name}.permanentDelete", "POST", f"{one}/permanentDelete", _delete_for_good, WRITE),
    ]
