"""The metadata that an admin deploys once: the key fields and a permission set (SF-057)."""

from __future__ import annotations

import io
import zipfile
from typing import Final
from xml.sax.saxutils import escape

from backend.salesforce.client import API_VERSION
from backend.salesforce.fields import KEY_FIELD

PERMISSION_SET: Final = "Lockstep"
KEY_LENGTH: Final = 36
_NAMESPACE: Final = "http://soap.sforce.com/2006/04/metadata"
_TIMESTAMP: Final = (1980, 1, 1, 0, 0, 0)
_OBJECTS: Final = ("Activity", "Contact")
"""Event and Task have no custom fields of their own: those of Activity appear on both."""
_GRANTED: Final = ("Contact", "Event", "Task")

_FIELD: Final = f"""    <fields>
        <fullName>{KEY_FIELD}</fullName>
        <caseSensitive>false</caseSensitive>
        <description>Written by Lockstep so that nothing is created twice. Do not change.</description>
        <externalId>true</externalId>
        <label>Lockstep Key</label>
        <length>{KEY_LENGTH}</length>
        <required>false</required>
        <type>Text</type>
        <unique>true</unique>
    </fields>
"""


def archive() -> bytes:
    """The package as a zip file for `sf project deploy start --metadata-dir`; the same bytes every time."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as package:
        for name, text in sorted(_documents().items()):
            entry = zipfile.ZipInfo(name, _TIMESTAMP)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            package.writestr(entry, text)
    return buffer.getvalue()


def _documents() -> dict[str, str]:
    objects = {f"objects/{name}.object": _document("CustomObject", _FIELD) for name in _OBJECTS}
    return {
        "package.xml": _document("Package", _manifest()),
        f"permissionsets/{PERMISSION_SET}.permissionset": _document("PermissionSet", _permission_set()),
        **objects,
    }


def _document(root: str, content: str) -> str:
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<{root} xmlns="{_NAMESPACE}">\n{content}</{root}>\n'


def _manifest() -> str:
    fields = "".join(f"        <members>{name}.{KEY_FIELD}</members>\n" for name in _OBJECTS)
    return (
        f"    <types>\n{fields}        <name>CustomField</name>\n    </types>\n"
        f"    <types>\n        <members>{PERMISSION_SET}</members>\n        <name>PermissionSet</name>\n    </types>\n"
        f"    <version>{API_VERSION}</version>\n"
    )


def _permission_set() -> str:
    description = escape("Lets users and the integration user of Lockstep read and write its key fields.")
    return (
        f"    <description>{description}</description>\n"
        + "".join(_grant(name) for name in _GRANTED)
        + (f"    <hasActivationRequired>false</hasActivationRequired>\n    <label>{PERMISSION_SET}</label>\n")
    )


def _grant(sobject: str) -> str:
    return (
        "    <fieldPermissions>\n        <editable>true</editable>\n"
        f"        <field>{sobject}.{KEY_FIELD}</field>\n        <readable>true</readable>\n    </fieldPermissions>\n"
    )
