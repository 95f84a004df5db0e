"""What every test may rely on; fixtures of one part of the project live in `tests/fakes` or beside their tests."""

from pathlib import Path

HERE = Path(__file__).parent

pytest_plugins = [name for name in ("tests.fakes.databases",) if (HERE / "fakes" / "databases.py").exists()]
