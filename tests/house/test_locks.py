"""The locks: every direct dependency is pinned by hash, no host is named, and each has its line in the documents."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LOCKS = ("bootstrap", "runtime", "dev")


def lock(name: str) -> str:
    return (ROOT / "requirements" / f"{name}.txt").read_text()


def direct(name: str) -> list[str]:
    """Names in an input file, normalised as package indexes do it."""
    lines = (ROOT / "requirements" / f"{name}.in").read_text().splitlines()
    named = [re.split(r"[\[<>=~! ;]", line)[0] for line in lines if line and not line.startswith(("-", "#"))]
    return [re.sub(r"[-_.]+", "-", package).lower() for package in named]


def pinned(name: str) -> dict[str, str]:
    """Package -> its block in a lock."""
    blocks = re.split(r"(?m)^(?=\S)", lock(name))
    return {re.split(r"[\[=]", block)[0].lower(): block for block in blocks if block.strip()}


@pytest.mark.parametrize("name", LOCKS)
def test_lock_names_no_host_and_no_path(name: str) -> None:
    assert re.findall(r"://|file:|index|find-links|@ ", lock(name)) == []


@pytest.mark.parametrize("name", LOCKS)
def test_everything_in_a_lock_is_pinned_by_version_and_hash(name: str) -> None:
    loose = [package for package, block in pinned(name).items() if "==" not in block or "--hash=sha256:" not in block]
    assert loose == []


@pytest.mark.parametrize("name", LOCKS)
def test_every_direct_dependency_is_in_its_lock(name: str) -> None:
    assert [package for package in direct(name) if package not in pinned(name)] == []


def test_the_locks_agree_with_each_other() -> None:
    def version(block: str) -> str:
        return re.search(r"==([^ ;\\]+)", block)[1]  # type: ignore[index]  # pinned, says the test above

    runtime = pinned("runtime")
    for name in ("bootstrap", "dev"):
        shared = {package: block for package, block in pinned(name).items() if package in runtime}
        assert {package: version(block) for package, block in shared.items()} == {
            package: version(runtime[package]) for package in shared
        }


def test_every_direct_dependency_has_its_line_in_the_documents() -> None:
    text = (ROOT / "docs" / "dependencies.md").read_text()
    documented = {re.sub(r"[-_.]+", "-", name).lower() for name in re.findall(r"(?m)^\| `([^`]+)`", text)}
    assert documented == {package for name in LOCKS for package in direct(name)}
