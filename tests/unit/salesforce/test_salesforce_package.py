"""The metadata package that an admin deploys."""

import io
import zipfile
from xml.etree import ElementTree

import pytest

from backend.salesforce.package import archive

NS = {"m": "http://soap.sforce.com/2006/04/metadata"}


@pytest.fixture(scope="module")
def documents() -> dict[str, ElementTree.Element]:
    with zipfile.ZipFile(io.BytesIO(archive())) as package:
        return {name: ElementTree.fromstring(package.read(name)) for name in package.namelist()}


def texts(element: ElementTree.Element, path: str) -> list[str | None]:
    return [found.text for found in element.findall(path, NS)]


def test_the_archive_is_the_same_bytes_every_time() -> None:
    assert archive() == archive()


def test_the_archive_holds_a_manifest_two_objects_and_a_permission_set(
    documents: dict[str, ElementTree.Element],
) -> None:
    assert sorted(documents) == [
        "objects/Activity.object",
        "objects/Contact.object",
        "package.xml",
        "permissionsets/Lockstep.permissionset",
    ]
    roots = {name: element.tag.removeprefix(f"{{{NS['m']}}}") for name, element in documents.items()}
    assert roots == {
        "objects/Activity.object": "CustomObject",
        "objects/Contact.object": "CustomObject",
        "package.xml": "Package",
        "permissionsets/Lockstep.permissionset": "PermissionSet",
    }


def test_the_manifest_names_everything_in_the_archive(documents: dict[str, ElementTree.Element]) -> None:
    manifest = documents["package.xml"]
    members = {kind.findtext("m:name", "", NS): texts(kind, "m:members") for kind in manifest.findall("m:types", NS)}
    assert members == {
        "CustomField": ["Activity.Lockstep_Key__c", "Contact.Lockstep_Key__c"],
        "PermissionSet": ["Lockstep"],
    }
    assert manifest.findtext("m:version", "", NS) == "67.0"


@pytest.mark.parametrize("name", ["Activity", "Contact"])
def test_sf057_the_key_is_a_unique_external_id_whatever_its_case(
    name: str, documents: dict[str, ElementTree.Element]
) -> None:
    [field] = documents[f"objects/{name}.object"].findall("m:fields", NS)
    found = {child.tag.removeprefix(f"{{{NS['m']}}}"): child.text for child in field}
    description = found.pop("description")
    assert description
    assert found == {
        "fullName": "Lockstep_Key__c",
        "label": "Lockstep Key",
        "type": "Text",
        "length": "36",
        "externalId": "true",
        "unique": "true",
        "caseSensitive": "false",
        "required": "false",
    }


def test_the_permission_set_opens_the_key_on_every_object(documents: dict[str, ElementTree.Element]) -> None:
    granted = documents["permissionsets/Lockstep.permissionset"].findall("m:fieldPermissions", NS)
    assert [
        (grant.findtext("m:field", "", NS), grant.findtext("m:readable", "", NS), grant.findtext("m:editable", "", NS))
        for grant in granted
    ] == [(f"{name}.Lockstep_Key__c", "true", "true") for name in ("Contact", "Event", "Task")]
