"""Configurations as a file: export, and apply with the differences in words first (`lockstep config` as a page)."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Final

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as Answer

from backend.domain.field_types import DescribedField
from backend.domain.field_view import pointed
from backend.domain.values import Kind
from backend.ports.errors import ServiceError
from backend.storage import configuration_file as file
from backend.storage.configurations import Assigned
from backend.web.numbers import count
from backend.web.services import services
from backend.web.sign_in import manager
from backend.web.words import say, say_many

NAME: Final = "lockstep-configurations.yaml"

configuration_file = Blueprint("configuration_file", __name__, url_prefix="/configuration-file")


@configuration_file.get("/")
def page() -> str:
    """Export, or paste or upload a file."""
    return _page("")


def _page(text: str, problems: Sequence[str] = ()) -> str:
    present = services().configuring.configurations.all()
    return render_template(
        "configuration_file/page.html", text=text, problems=problems, written=file.write(present), number=len(present)
    )


@configuration_file.get("/export")
def export() -> Response:
    """The file; applying it again changes nothing."""
    text = file.write(services().configuring.configurations.all())
    headers = {"Content-Disposition": f'attachment; filename="{NAME}"'}
    return Response(text, content_type="application/yaml; charset=utf-8", headers=headers)


@configuration_file.post("/check")
def check() -> str | tuple[str, int]:
    """What the file would change, in words; nothing is changed."""
    manager()
    text, problem = _given()
    if problem:
        return _page(text, [problem]), 422
    return _checked(text)


def _given() -> tuple[str, str]:
    upload = request.files.get("file")
    if upload is None or not upload.filename:
        text = request.form.get("text", "")
        return text, "" if text.strip() else say("There is no text: paste a file, or choose one.")
    try:
        return upload.read().decode("utf-8-sig"), ""
    except UnicodeDecodeError:
        return "", say("%(name)s is no text in UTF-8: choose the YAML file.", name=upload.filename)


def _checked(text: str, *, moved: bool = False) -> str | tuple[str, int]:
    try:
        wanted, unchecked = _read(text)
    except file.FileRefused as refused:
        return _page(text, refused.problems), 422
    present = services().configuring.configurations.all()
    shown = render_template(
        "configuration_file/check.html", text=text, changes=file.differences(present, wanted), moved=moved,
        warnings=[*unchecked, *file.warned(wanted)], trace=_trace(present),
    )  # fmt: skip
    return (shown, 409) if moved else shown


def _read(text: str) -> tuple[tuple[Assigned, ...], list[str]]:
    """The file's configurations, checked against Salesforce's fields where it names some. Raises FileRefused."""
    wanted = file.read(text)
    kinds = [kind for kind in Kind if any(pointed(kind, one.configuration.of(kind).field_map) for one in wanted)]
    if not kinds:
        return wanted, []
    try:
        described: Mapping[Kind, Sequence[DescribedField]] = {
            kind: services().configuring.fields(kind) for kind in kinds
        }
    except ServiceError as error:
        return wanted, [say("Whether Salesforce has the chosen fields was not checked: %(why)s", why=error.message)]
    return file.read(text, {kind: tuple(fields) for kind, fields in described.items()}), []


def _trace(present: Sequence[Assigned]) -> str:
    return hashlib.blake2b(file.write(present).encode(), digest_size=12).hexdigest()


@configuration_file.post("/apply")
def apply() -> str | Answer | tuple[str, int]:
    """Make the configurations those of the file, if they are still as they were when the differences were shown."""
    who, text = manager(), request.form.get("text", "")
    configurations = services().configuring.configurations
    present = configurations.all()
    if request.form.get("trace") != _trace(present):
        return _checked(text, moved=True)
    try:
        wanted, _ = _read(text)
    except file.FileRefused as refused:
        return _page(text, refused.problems), 422
    changes = file.differences(present, wanted)
    affected = len(file.apply(configurations, wanted, who.label))
    services().record(
        who.account.address, "configuration file applied", say("%(n)s configurations", n=len(wanted)),
        {"changes": list(changes)},
    )  # fmt: skip
    flash(say_many(
        "Applied. Other rules apply to %(n)s person from the next run on.",
        "Applied. Other rules apply to %(n)s people from the next run on.",
        affected, n=count(affected),
    ))  # fmt: skip
    return redirect(url_for("configurations.page"))
