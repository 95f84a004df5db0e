"""The judge of the tests is judged: a mutant that survives, or that no longer applies, fails the run."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from rich.console import Console

from tests.mutate.__main__ import choose, run
from tests.mutate.mutant import Edit, Mutant
from tests.mutate.table import MUTANTS

CODE = "def larger(a, b):\n    return a if a > b else b\n\n\ndef unused():\n    return 1\n"
TESTS = "from backend.compare import larger\n\n\ndef test_larger():\n    assert larger(1, 2) == 2\n"
NOTICED = Mutant(
    "noticed", "the larger one is returned", (Edit("backend/compare.py", "a > b", "a < b"),), ("tests/test_it.py",)
)
SURVIVES = Mutant(
    "survives", "nobody asks for it", (Edit("backend/compare.py", "return 1", "return 2"),), ("tests/test_it.py",)
)
GONE = Mutant("gone", "is not there any more", (Edit("backend/compare.py", "a >= b", "a < b"),), ("tests/test_it.py",))
TWICE = Mutant("twice", "is there twice", (Edit("backend/compare.py", "return", "yield"),), ("tests/test_it.py",))
BROKEN = Mutant(
    "broken", "cannot even be read", (Edit("backend/compare.py", "def larger", "dif larger"),), ("tests/test_it.py",)
)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A project of one module and one test."""
    for name, text in (("backend/__init__.py", ""), ("backend/compare.py", CODE), ("tests/test_it.py", TESTS)):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    return tmp_path


def tried(tree: Path, *mutants: Mutant) -> tuple[int, str]:
    told = io.StringIO()
    code = run(tree, mutants, Console(file=told, width=200))
    return code, told.getvalue()


def test_mutants_that_are_noticed_pass_and_the_tree_is_never_touched(tree: Path) -> None:
    code, told = tried(tree, NOTICED, NOTICED)
    assert (code, "2 of 2 mutants were noticed" in told, "test_larger" in told) == (0, True, True)
    assert (tree / "backend/compare.py").read_text() == CODE


def test_mutants_that_tell_nothing_fail_the_run(tree: Path) -> None:
    code, told = tried(tree, NOTICED, SURVIVES, GONE, TWICE, BROKEN)
    assert (code, "1 of 5 mutants were noticed" in told) == (1, True)
    assert "survives: survived: no test noticed" in told
    assert "gone: does not apply: backend/compare.py has 0 places" in told
    assert "twice: does not apply: backend/compare.py has 2 places" in told
    assert "broken: its tests could not run" in told


def test_tests_that_fail_without_any_mutation_can_judge_nothing(tree: Path) -> None:
    (tree / "tests/test_it.py").write_text(TESTS.replace("== 2", "== 1"))
    code, told = tried(tree, NOTICED)
    assert (code, "fail without any mutation" in told) == (1, True)


def test_mutants_are_chosen_by_name_and_the_quick_ones_by_request() -> None:
    assert choose((NOTICED, GONE), ["gone"], short=False) == ([GONE], [])
    assert choose((NOTICED, GONE), ["nobody"], short=False) == ([], ["nobody"])
    assert choose((NOTICED, GONE), [], short=False) == ([NOTICED, GONE], [])
    assert choose((NOTICED, GONE), [], short=True) == ([], [])


def test_every_mutant_has_a_name_of_its_own_tests_and_something_to_take_out() -> None:
    assert len({mutant.name for mutant in MUTANTS}) == len(MUTANTS)
    assert all(mutant.tests and mutant.edits for mutant in MUTANTS)


def test_every_mutant_of_the_table_still_applies() -> None:
    root = Path(__file__).parents[2]

    gone = [
        f"{one.name}: {edit.file}"
        for one in MUTANTS
        for edit in one.edits
        if (root / edit.file).read_text(encoding="utf-8").count(edit.old) != 1
    ]

    assert gone == []
