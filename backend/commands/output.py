"""What commands print: facts on stdout, as lines or as JSON; progress and failures on stderr."""

import json
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import IO, Any

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON on stdout.")


class Failure(click.ClickException):
    """Ends a command with `exit_code` and one sentence on stderr that names place and remedy."""

    def __init__(self, message: str, exit_code: int = 1) -> None:
        super().__init__(message)
        self.exit_code = exit_code  # type: ignore[misc]  # click declares it per class and reads it per instance

    def show(self, file: IO[Any] | None = None) -> None:
        """Print the sentence alone."""
        click.echo(self.format_message(), file=file, err=file is None)


def facts(data: Mapping[str, Any], as_json: bool, lines: Callable[[], Iterator[str]]) -> None:
    """Print `data` as JSON, or `lines()` for people."""
    if as_json:
        click.echo(json.dumps(data, ensure_ascii=False, indent=2, default=str))
    else:
        for line in lines():
            click.echo(line)


@contextmanager
def progress(label: str, total: int | None = None) -> Iterator[Callable[[int], None]]:
    """Show the progress of long work on stderr: a bar on a terminal, else a line at the start and at the end.

    Yields a function that is called with the number of further items done.
    """
    if sys.stderr.isatty():
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        with Progress(*columns, console=Console(stderr=True)) as bar:
            task = bar.add_task(label, total=total)
            yield lambda count: bar.advance(task, count)
        return
    done = 0

    def advance(count: int) -> None:
        nonlocal done
        done += count

    click.echo(f"{label} …", err=True)
    yield advance
    click.echo(f"{label}: {done} done", err=True)
