"""Describe: the objects and fields that this user has in this organisation (SF-037, SF-048)."""

from __future__ import annotations

from typing import Any

from backend.sandbox.salesforce.errors import not_found
from backend.sandbox.salesforce.presenting import visible_fields
from backend.sandbox.salesforce.rest.wire import ApiRequest, ApiResponse
from backend.sandbox.salesforce.schema import TEXT_TYPES, Field, SObject

_SOAP_TYPES = {
    "id": "tns:ID", "reference": "tns:ID", "boolean": "xsd:boolean", "int": "xsd:int", "double": "xsd:double",
    "currency": "xsd:double", "percent": "xsd:double", "date": "xsd:date", "datetime": "xsd:dateTime",
    "address": "urn:address", "junctionidlist": "urn:JunctionIdListNames",
}  # fmt: skip
# Keys that say the same of every field here.
_CONSTANT: dict[str, Any] = {
    "aiPredictionField": False, "autoNumber": False, "calculated": False, "calculatedFormula": None,
    "cascadeDelete": False, "compoundFieldName": None, "controllerName": None, "defaultValue": None,
    "defaultValueFormula": None, "dependentPicklist": False, "deprecatedAndHidden": False,
    "displayLocationInDecimal": False, "encrypted": False, "extraTypeInfo": None, "filteredLookupInfo": None,
    "formulaTreatNullNumberAsZero": False, "highScaleNumber": False, "htmlFormatted": False,
    "inlineHelpText": None, "mask": None, "maskType": None, "queryByDistance": False, "referenceTargetField": None,
    "relationshipOrder": None, "restrictedDelete": False, "searchPrefilterable": False,
    "writeRequiresMasterRead": False,
}  # fmt: skip
_OBJECT_FLAGS = {
    "createable": "C", "updateable": "U", "deletable": "D", "undeletable": "B", "queryable": "Q",
    "retrieveable": "R", "searchable": "S", "mergeable": "M", "replicateable": "P",
}  # fmt: skip


def everything(request: ApiRequest) -> ApiResponse:
    """GET /sobjects: describe global."""
    org = request.standin.org
    shown = [_summary(request, kind) for kind in org.schema.objects.values() if request.caller.may("R", kind.name)]
    return _unless_unchanged(request, {"encoding": "UTF-8", "maxBatchSize": 200, "sobjects": shown})


def basics(request: ApiRequest, sobject: str) -> ApiResponse:
    """GET /sobjects/{S}."""
    return ApiResponse(200, {"objectDescribe": _summary(request, _kind(request, sobject)), "recentItems": []})


def describe(request: ApiRequest, sobject: str) -> ApiResponse:
    """GET /sobjects/{S}/describe."""
    kind = _kind(request, sobject)
    fields = [_field(request, kind, field) for field in visible_fields(request.caller, kind)]
    children = [
        {"childSObject": other.name, "field": field.name, "relationshipName": None, "cascadeDelete": False}
        for other in request.standin.org.schema.objects.values()
        for field in other.fields.values()
        if kind.name in field.references
    ]
    body = {**_summary(request, kind), "childRelationships": children, "fields": fields, "recordTypeInfos": []}
    return _unless_unchanged(request, body)


def _kind(request: ApiRequest, name: str) -> SObject:
    kind = request.standin.org.sobject(name)
    if not request.caller.may("R", kind.name):
        raise not_found()
    return kind


def _unless_unchanged(request: ApiRequest, body: dict[str, Any]) -> ApiResponse:
    try:
        since = request.moment("if-modified-since")
    except ValueError:
        since = None
    changed = request.standin.org.schema_changed.replace(microsecond=0)
    if since is not None and changed <= since:
        return ApiResponse(304)
    return ApiResponse(200, body)


def _summary(request: ApiRequest, kind: SObject) -> dict[str, Any]:
    path = f"sobjects/{kind.name}"
    flags = {name: letter in kind.flags for name, letter in _OBJECT_FLAGS.items()}
    for name, letter in (("createable", "C"), ("updateable", "E"), ("deletable", "D")):
        flags[name] = flags[name] and request.caller.may(letter, kind.name)
    return {
        "name": kind.name,
        "label": kind.label,
        "labelPlural": kind.plural,
        "keyPrefix": kind.prefix or None,
        "custom": False,
        "customSetting": False,
        "deprecatedAndHidden": False,
        "feedEnabled": False,
        "layoutable": "S" in kind.flags,
        "triggerable": True,
        "activateable": False,
        **flags,
        "urls": {
            "sobject": request.url(path),
            "describe": request.url(f"{path}/describe"),
            "rowTemplate": request.url(f"{path}/{{ID}}"),
        },
    }


def _field(request: ApiRequest, kind: SObject, field: Field) -> dict[str, Any]:
    writable = (kind.name, field.name) not in request.caller.read_only
    is_text = field.type in TEXT_TYPES
    return {
        **_CONSTANT,
        "name": field.name,
        "label": field.label,
        "type": field.type,
        "soapType": _SOAP_TYPES.get(field.type, "xsd:string"),
        "length": field.length if is_text or field.type in ("id", "reference") else 0,
        "byteLength": field.length * 3 if is_text else field.length,
        "digits": field.length if field.type == "int" else 0,
        "precision": field.length if field.scale or field.type in ("currency", "percent") else 0,
        "scale": field.scale,
        "custom": field.custom,
        "createable": field.createable and writable,
        "updateable": field.updateable and writable,
        "nillable": "N" in field.flags or "O" in field.flags,
        "defaultedOnCreate": "D" in field.flags,
        "filterable": field.filterable,
        "sortable": field.sortable,
        "groupable": field.groupable,
        "aggregatable": field.filterable and field.type != "boolean",
        "externalId": field.external_id,
        "unique": field.unique,
        "caseSensitive": False,
        "idLookup": "L" in field.flags or field.type == "id",
        "nameField": field.name == "Name",
        "namePointing": field.polymorphic,
        "polymorphicForeignKey": field.polymorphic,
        "permissionable": field.createable or field.updateable,
        "referenceTo": list(field.references),
        "relationshipName": field.relationship or None,
        "restrictedPicklist": field.restricted,
        "picklistValues": [
            {"active": True, "defaultValue": False, "label": value, "validFor": None, "value": value}
            for value in field.picklist
        ],
    }
