"""The command line: help everywhere, facts as JSON, failures as one sentence with an exit code."""

import json
import logging
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
import structlog
from click.testing import CliRunner, Result

from backend import config
from backend.cli import cli
from backend.commands import output, settings
from backend.storage.accounts import Accounts
from backend.storage.engine import create_engine
from backend.wiring import SystemClock
from tests.fakes.processes import listening


@pytest.fixture(autouse=True)
def _own_surroundings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.chdir(tmp_path)
    for name in config.Config.model_fields:
        monkeypatch.delenv(config.variable(name), raising=False)
    root = logging.getLogger()
    before = root.handlers[:], root.level
    yield
    root.handlers[:], root.level = before
    structlog.reset_defaults()


def run(*arguments: str) -> Result:
    return CliRunner().invoke(cli, arguments)


def commands(group: click.Group, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    for name, command in group.commands.items():
        yield (*path, name)
        if isinstance(command, click.Group):
            yield from commands(command, (*path, name))


@pytest.mark.parametrize("path", sorted(commands(cli)), ids=" ".join)
def test_every_command_has_help(path: tuple[str, ...]) -> None:
    result = run(*path, "--help")
    assert result.exit_code == 0
    assert result.stdout.startswith(f"Usage: cli {' '.join(path)}")
    assert re.search(r"\n\n  [A-Z].+\n", result.stdout)


def test_wrong_setting_is_one_sentence_and_exit_code_78(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOCKSTEP_PORT", "many")
    result = run("doctor")
    assert (result.exit_code, result.stdout) == (78, "")
    assert result.stderr.startswith("LOCKSTEP_PORT cannot be used (Input should be a valid integer")
    assert result.stderr.count("\n") == 1


def test_unknown_option_is_named_with_exit_code_2() -> None:
    result = run("doctor", "--jsno")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "No such option '--jsno'" in result.stderr or "No such option: --jsno" in result.stderr


@pytest.mark.parametrize("name", ["google", "exchange"])
def test_later_services_say_that_they_are_not_yet_available(name: str) -> None:
    result = run("connect", name)
    assert result.exit_code == 1
    assert result.stderr.endswith("is not yet available; Microsoft 365 is: `lockstep connect microsoft`.\n")


def test_doctor_lists_every_setting_with_its_origin_and_masks_secrets(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOCKSTEP_DATABASE_URL", "postgresql+psycopg://me:pa55word@127.0.0.1:1/none")
    monkeypatch.setenv("LOCKSTEP_PORT", "9000")
    (tmp_path / ".env").write_text("LOCKSTEP_WORKERS=3\n")
    result = run("doctor", "--json")
    listed = {row["name"]: (row["value"], row["origin"]) for row in json.loads(result.stdout)["settings"]}
    assert set(listed) == {config.variable(field) for field in config.Config.model_fields}
    assert listed["LOCKSTEP_DATABASE_URL"] == ("postgresql+psycopg://me:***@127.0.0.1:1/none", "environment")
    assert listed["LOCKSTEP_PORT"] == ("9000", "environment")
    assert listed["LOCKSTEP_WORKERS"] == ("3", ".env")
    assert listed["LOCKSTEP_SECRET_KEY"] == ("***", f"file {tmp_path}/data/secret_key")
    assert listed["LOCKSTEP_HOST"] == ("127.0.0.1", "default")
    for secret in ("secret_key", "encryption_keys"):
        assert (tmp_path / "data" / secret).read_text().strip() not in result.output


def test_doctor_names_a_misspelt_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOCKSTEP_DATABSE_URL", "x")
    result = run("doctor")
    assert result.exit_code == 1
    assert "settings: correct or remove LOCKSTEP_DATABSE_URL." in result.stderr


def test_doctor_names_a_redis_that_does_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOCKSTEP_REDIS_URL", "redis://me:pa55word@127.0.0.1:1/0")
    result = run("doctor")
    assert result.exit_code == 1
    assert "Redis: correct LOCKSTEP_REDIS_URL or start that server." in result.stderr
    assert "pa55word" not in result.output


def test_database_is_upgraded_and_then_passes_the_doctor() -> None:
    before = run("doctor")
    assert before.exit_code == 1
    assert "database: run `lockstep db upgrade`." in before.stderr
    upgraded = run("db", "upgrade")
    assert upgraded.exit_code == 0
    assert upgraded.stdout.startswith("The database is at revision ")
    assert run("doctor").exit_code == 0


@pytest.mark.parametrize("arguments", [("db", "upgrade"), ("doctor",), ("admin", "create", "a@b.example")])
def test_database_that_does_not_answer_is_one_sentence(
    arguments: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOCKSTEP_DATABASE_URL", "postgresql+psycopg://me:pa55word@127.0.0.1:1/none")
    result = run(*arguments)
    assert result.exit_code == 1
    assert "The database does not answer (" in result.stderr
    assert result.stderr.endswith("start it, or correct LOCKSTEP_DATABASE_URL.\n")
    assert "pa55word" not in result.output


def test_doctor_finds_secrets_that_others_can_read(tmp_path: Path) -> None:
    run("doctor")
    key = tmp_path / "data" / "secret_key"
    key.chmod(0o644)
    result = run("doctor")
    assert result.exit_code == 1
    assert f"secret_key: run `chmod 600 {key}`." in result.stderr


@pytest.mark.parametrize("role", ["worker", "scheduler"])
def test_role_without_any_redis_says_what_to_do(role: str, tmp_path: Path) -> None:
    result = run(role)
    assert result.exit_code == 1
    assert result.stderr == (
        f"No Redis: set LOCKSTEP_REDIS_URL, or run `lockstep up`, which starts one in {tmp_path}/data.\n"
    )


@pytest.mark.parametrize("command", ["up", "web"])
def test_taken_port_is_named_before_anything_starts(command: str) -> None:
    with listening() as port:
        result = run(command, "--port", str(port))
    assert result.exit_code == 1
    assert result.stderr == (
        f"Port {port} on 127.0.0.1 is in use: stop the other program, or choose another with LOCKSTEP_PORT or --port.\n"
    )


def test_taken_port_of_the_sandbox_is_named() -> None:
    with listening() as port:
        result = run("sandbox", "--port", str(port))
    assert result.exit_code == 1
    assert "LOCKSTEP_SANDBOX_PORT or --port" in result.stderr


def test_free_port_prefers_the_one_asked_for() -> None:
    with listening() as taken:
        other = settings.free_port("127.0.0.1", taken)
        assert other != taken
    assert settings.free_port("127.0.0.1", other) == other


def test_progress_without_a_terminal_is_plain_lines_on_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    with output.progress("reading contacts", 3) as advance:
        advance(2)
        advance(1)
    printed = capsys.readouterr()
    assert (printed.out, printed.err) == ("", "reading contacts …\nreading contacts: 3 done\n")


def test_package_for_salesforce_is_written_where_asked(tmp_path: Path) -> None:
    out = tmp_path / "lockstep.zip"
    result = run("salesforce", "package", str(out))
    assert result.exit_code == 0
    assert result.stdout == f"{out} is ready: sf project deploy start --metadata-dir {out}\n"
    with zipfile.ZipFile(out) as archive:
        assert "package.xml" in archive.namelist()


def test_package_into_a_missing_folder_is_one_sentence(tmp_path: Path) -> None:
    result = run("salesforce", "package", str(tmp_path / "none" / "x.zip"))
    assert result.exit_code == 1
    assert result.stderr == (
        f"{tmp_path}/none/x.zip cannot be written (No such file or directory): give a path in a folder of yours.\n"
    )


def stored(tmp_path: Path) -> Accounts:
    return Accounts(create_engine(f"sqlite:///{tmp_path}/data/lockstep.db"), SystemClock())


def test_first_admin_gets_a_password_that_signs_in(tmp_path: Path) -> None:
    run("db", "upgrade")
    result = run("admin", "create", "Ada@Example.com", "--json")
    assert result.exit_code == 0
    made = json.loads(result.stdout)
    account = stored(tmp_path).verified("ada@example.com", made["password"])
    assert account is not None
    assert (made["email"], account.role) == ("Ada@Example.com", "admin")


def test_password_from_standard_input_is_used_and_not_repeated(tmp_path: Path) -> None:
    run("db", "upgrade")
    command = ["admin", "create", "ada@example.com", "--password-stdin"]
    result = CliRunner().invoke(cli, command, input="correct horse battery\n")
    assert (result.exit_code, result.stdout) == (0, "email: ada@example.com\n")
    assert stored(tmp_path).verified("ada@example.com", "correct horse battery") is not None


def test_account_that_will_not_do_is_one_sentence() -> None:
    run("db", "upgrade")
    result = run("admin", "create", "ada")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == "“ada” is no e-mail address: write it like admin@example.com.\n"


def test_account_before_the_database_exists_names_the_command_to_run() -> None:
    result = run("admin", "create", "ada@example.com")
    assert result.exit_code == 1
    assert result.stderr == "The database is not up to date: run `lockstep db upgrade` first.\n"
