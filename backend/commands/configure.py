"""`lockstep config …`: configurations and assignments as one reviewable file."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from backend.commands import output
from backend.commands.connect import installation
from backend.commands.output import Failure
from backend.domain.values import Kind

if TYPE_CHECKING:
    from backend.domain.field_types import DescribedField
    from backend.storage.configurations import Assigned
    from backend.wiring import Lockstep


@click.group("config")
def configure() -> None:
    """Configurations and who uses them, as one YAML file."""


@configure.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--dry-run", is_flag=True, help="Show what would change and change nothing.")
@output.as_json
def apply(file: Path, dry_run: bool, as_json: bool) -> None:
    """Make the configurations of the installation those of FILE; prints what changes."""
    from backend.storage import configuration_file

    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        raise Failure(f"{file} cannot be read: give the path of a YAML file in UTF-8.") from None
    try:
        wanted = configuration_file.read(text)
    except configuration_file.FileRefused as error:
        raise Failure("\n".join(f"{file}: {problem}" for problem in error.problems)) from None
    with installation() as lockstep:
        described, unchecked = _described(lockstep, wanted)
        try:
            wanted = configuration_file.read(text, described)
        except configuration_file.FileRefused as error:
            raise Failure("\n".join(f"{file}: {problem}" for problem in error.problems)) from None
        changes = configuration_file.differences(lockstep.configurations.all(), wanted)
        affected = 0 if dry_run else len(configuration_file.apply(lockstep.configurations, wanted))
    warned = [*unchecked, *configuration_file.warned(wanted)]
    data = {"changes": list(changes), "warnings": warned, "applied": not dry_run, "people": affected}
    output.facts(data, as_json, lambda: iter([*changes, *warned, *_closing(bool(changes), dry_run, affected)]))


def _described(
    lockstep: Lockstep, wanted: Iterable[Assigned]
) -> tuple[dict[Kind, tuple[DescribedField, ...]] | None, list[str]]:
    """What Salesforce tells of its fields where the file names some, or why they are not checked."""
    from backend.domain.field_view import pointed
    from backend.ports.errors import ServiceError

    settings = [one.configuration for one in wanted]
    kinds = [kind for kind in Kind if any(pointed(kind, one.of(kind).field_map) for one in settings)]
    if not kinds:
        return None, []
    try:
        return {kind: lockstep.salesforce.fields(kind) for kind in kinds}, []
    except ServiceError as error:
        return None, [f"Whether Salesforce has the fields under “fields”, and of which type, was not checked: {error}"]


def _closing(changed: bool, dry_run: bool, people: int) -> list[str]:
    if not changed:
        return ["Nothing changes."]
    return ["Nothing was changed (--dry-run)."] if dry_run else [f"Applied; other settings for {people} people."]


@configure.command()
def export() -> None:
    """Print the configurations as a file that `lockstep config apply` takes."""
    from backend.storage import configuration_file

    with installation() as lockstep:
        click.echo(configuration_file.write(lockstep.configurations.all()), nl=False)
