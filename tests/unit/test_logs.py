"""What a log line shows, and what it never shows."""

import json
import logging

import pytest
import structlog

from backend import logs

JWT = "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJsb2Nrc3RlcCJ9.c2lnbmF0dXJl"


@pytest.fixture(autouse=True)
def _restore_logging() -> object:
    root = logging.getLogger()
    before = root.handlers[:], root.level
    structlog.contextvars.clear_contextvars()
    yield
    root.handlers[:], root.level = before
    structlog.reset_defaults()


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, object]]:
    output = capsys.readouterr()
    assert output.out == ""
    return [json.loads(line) for line in output.err.splitlines()]


def test_values_under_secret_names_are_masked_at_any_depth(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure(json=True)
    structlog.get_logger().info("token fetched", access_token="abc", answer={"refresh_token": "def", "scope": "api"})
    [line] = lines(capsys)
    assert line["access_token"] == "***"
    assert line["answer"] == {"refresh_token": "***", "scope": "api"}


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (f"Authorization: Bearer {JWT}", "Authorization: Bearer ***"),
        (f"assertion {JWT} refused", "assertion *** refused"),
        ("session 00D5g000004abcDEAQ!AQ4AQFsecret.secret_x is gone", "session *** is gone"),
        ("POST /token?client_secret=s3cr3t&x=1", "POST /token?client_secret=***&x=1"),
        ("postgresql+psycopg://lockstep:pa55@db/x", "postgresql+psycopg://lockstep:***@db/x"),
        ("user 17 has 3 events", "user 17 has 3 events"),
    ],
)
def test_what_looks_like_a_secret_inside_a_text_is_masked(text: str, shown: str) -> None:
    assert logs.mask_text(text) == shown


def test_a_token_in_a_traceback_is_masked(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure(json=True)
    try:
        raise ValueError(f"refused {JWT}")
    except ValueError:
        logging.getLogger("some.library").exception("call failed")
    [line] = lines(capsys)
    assert "ValueError: refused ***" in str(line["exception"])
    assert JWT not in json.dumps(line)


def test_lines_of_one_run_carry_the_same_id_and_others_none(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure(json=True)
    log = structlog.get_logger()
    with logs.correlated(user=17) as run:
        log.info("first")
        logging.getLogger("other").warning("second %s", "thing")
    log.info("third")
    first, second, third = lines(capsys)
    assert (first["run"], first["user"], second["run"], second["user"]) == (run, 17, run, 17)
    assert second["event"] == "second thing"
    assert "run" not in third


def test_plain_lines_go_to_stderr_without_colours_when_no_terminal_is_there(
    capsys: pytest.CaptureFixture[str],
) -> None:
    logs.configure()
    structlog.get_logger("lockstep.web").warning("slow answer", seconds=3)
    output = capsys.readouterr()
    assert output.out == ""
    assert output.err.endswith("[warning] slow answer [lockstep.web] seconds=3\n")
    assert "\x1b" not in output.err


def test_details_below_the_level_are_dropped(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure(level="WARNING", json=True)
    structlog.get_logger().info("detail")
    assert lines(capsys) == []
