"""`python -m tests.house.exceptions`: counts the exceptions to the rules, and fails for one without a reason.

An exception is a silenced type error or lint rule, a line left out of coverage, a skipped test or a repeated one.
Its reason stands on the same line (for a skip: as its message).
"""

import re
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
FOLDERS = ("backend", "gmail_addon", "tests", "benchmarks", "requirements")
REASON = r"\s*(?:[#:,;–—-]+\s*)?(?P<reason>[A-Za-z].*)?"  # noqa: RUF001  # dashes of every length may lead in a reason
KINDS = {
    "type: ignore": re.compile(r"#\s*type:\s*ignore(?:\[[\w, -]+\])?" + REASON),
    "noqa": re.compile(r"#\s*(?:ruff:\s*)?noqa(?::\s*[A-Z]+\d+(?:\s*,\s*[A-Z]+\d+)*)?" + REASON),
    "no cover": re.compile(r"#\s*pragma:\s*no cover" + REASON),
    "skip": re.compile(r"pytest\.(?:mark\.)?(?:skip|skipif|xfail|importorskip)\b(?P<reason>.*(?:reason=|\").*)?"),
    "rerun": re.compile(r"@pytest\.mark\.flaky(?P<reason>\(.*reason=.*)?|--reruns(?P<none>$)?"),
}
LEAST_REASON = 5  # characters


@dataclass(frozen=True)
class Found:
    """One exception to a rule."""

    kind: str
    place: str
    reason: str


def in_text(name: str, text: str) -> Iterator[Found]:
    """The exceptions in one file's text."""
    for number, line in enumerate(text.splitlines(), 1):
        for kind, pattern in KINDS.items():
            for match in pattern.finditer(line):
                yield Found(kind, f"{name}:{number}", match["reason"] or "")


def in_project() -> list[Found]:
    """All exceptions in the project, without those that this module and its test talk about."""
    own = {ROOT / "tests" / "house" / name for name in ("exceptions.py", "test_exceptions.py")}
    files = (path for folder in FOLDERS for path in sorted((ROOT / folder).rglob("*.py")) if path not in own)
    return [found for path in files for found in in_text(str(path.relative_to(ROOT)), path.read_text())]


def without_reason(found: list[Found]) -> list[Found]:
    """Those whose reason is missing or too short to be one."""
    return [exception for exception in found if len(exception.reason) < LEAST_REASON]


def main() -> int:
    """Print the counts and the places; 1 when a reason is missing."""
    found = in_project()
    counts = Counter(exception.kind for exception in found)
    for kind in KINDS:
        sys.stdout.write(f"{kind:<13}{counts[kind]:>4}\n")
    missing = without_reason(found)
    for exception in missing:
        sys.stdout.write(f"{exception.place}: `{exception.kind}` without a reason on its line\n")
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
