"""The counter of exceptions finds what it is to find; the counts themselves are printed by CI."""

import pytest

from tests.house.exceptions import in_project, in_text, without_reason


@pytest.mark.parametrize(
    ("line", "kind", "reason"),
    [
        ("x = y  # type: ignore[misc]  # click declares it per class", "type: ignore", "click declares it per class"),
        ("x = y  # type: ignore", "type: ignore", ""),
        ("import z  # noqa: F401", "noqa", ""),
        ("import z  # noqa: F401, E402 - registers the tables", "noqa", "registers the tables"),
        ("import z  # noqa: S603  # our own command", "noqa", "our own command"),
        ("    return  # pragma: no cover", "no cover", ""),
        ('@pytest.mark.skipif(X, reason="needs a Mac")', "skip", '(X, reason="needs a Mac")'),
        ("pytest.skip()", "skip", ""),
        ("@pytest.mark.flaky(reruns=3)", "rerun", ""),
    ],
)
def test_exception_is_found_with_its_reason(line: str, kind: str, reason: str) -> None:
    found = [(exception.kind, exception.reason) for exception in in_text("f.py", line)]
    assert found == ([(kind, reason)] if kind else [])


def test_every_exception_in_the_project_has_its_reason_beside_it() -> None:
    assert [exception.place for exception in without_reason(in_project())] == []
