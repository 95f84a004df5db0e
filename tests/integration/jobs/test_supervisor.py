"""The supervisor: nothing is left behind however it ends, and what dies is started again."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from redis import Redis

from backend.jobs import redis_server, supervisor
from backend.jobs.folder_lock import FolderInUseError, exclusive
from backend.jobs.supervisor import EXIT_CONFIG, Program, Supervisor, SupervisorError
from tests.fakes.engine import FakeEngine
from tests.fakes.processes import no_leftovers, running, tree, wait_until

USER = 7
LEFT_SECONDS = 10.0


@pytest.fixture
def family(tmp_path: Path, engine: FakeEngine) -> Iterator[subprocess.Popen[str]]:
    """A supervisor whose worker is in the middle of a long pass."""
    engine.add_user(USER, due=True, pause=120)
    settings = {
        "LOCKSTEP_DATA_DIR": str(tmp_path),
        "LOCKSTEP_REDIS_URL": redis_server.url(tmp_path),
        "LOCKSTEP_CYCLE_SECONDS": "2",
        "LOCKSTEP_WORKERS": "1",
    }
    with no_leftovers() as pids:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.fakes.supervised_main"],
            env=os.environ | settings,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        pids.append(process.pid)
        wait_until(lambda: engine.running(USER), "a pass to begin", 60)
        pids += [member.pid for member in tree(process.pid)]
        yield process


def members(process: subprocess.Popen[str]) -> list[psutil.Process]:
    """The supervisor, keeper, Redis, pool, worker, horse and scheduler."""
    found = tree(process.pid)
    assert len(found) == 7
    return found


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_no_process_is_left_after_a_polite_signal(number: signal.Signals, family: subprocess.Popen[str]) -> None:
    everyone = members(family)
    family.send_signal(number)
    assert family.wait(LEFT_SECONDS) == 0
    assert running(everyone) == []


def test_no_process_is_left_after_ctrl_c_reached_the_whole_group_twice(family: subprocess.Popen[str]) -> None:
    everyone = members(family)
    for member in everyone:
        member.send_signal(signal.SIGINT)
    time.sleep(0.2)  # a second Ctrl-C, by a person who does not wait
    os.killpg(family.pid, signal.SIGINT)
    wait_until(lambda: running(everyone) == [], "everyone to be gone", LEFT_SECONDS)


def test_no_process_is_left_after_kill_9_of_the_supervisor(family: subprocess.Popen[str]) -> None:
    everyone = members(family)
    family.kill()
    wait_until(lambda: running(everyone) == [], "everyone to be gone", LEFT_SECONDS)


def test_killed_members_are_started_again(family: subprocess.Popen[str], engine: FakeEngine, tmp_path: Path) -> None:
    before = {member.pid for member in members(family)}
    _supervisor, *others = members(family)
    engine.database.execute("UPDATE users SET pause = 0")
    for member in others:
        member.kill()
    wait_until(lambda: engine.passes(USER) != [], "the pass after the restart", 60)
    assert Redis.from_url(redis_server.url(tmp_path)).ping()
    assert before & {member.pid for member in tree(family.pid)} == {family.pid}


def python(code: str) -> tuple[str, ...]:
    return (sys.executable, "-c", code)


def test_lines_of_children_come_out_on_stderr_with_their_name(capfd: pytest.CaptureFixture[str]) -> None:
    with Supervisor() as running_family:
        running_family.run(Program("db", python("print('migrated'); import sys; print('done', file=sys.stderr)")))
    output = capfd.readouterr()
    assert output.out == ""
    assert sorted(output.err.splitlines()) == ["db        | done", "db        | migrated"]


def test_program_gets_its_own_variables_on_top(capfd: pytest.CaptureFixture[str]) -> None:
    program = Program("db", python("import os; print(os.environ['LOCKSTEP_PORT'])"), environment={"LOCKSTEP_PORT": "7"})
    with Supervisor() as running_family:
        running_family.run(program)
    assert capfd.readouterr().err == "db        | 7\n"


def test_one_shot_program_that_fails_is_named() -> None:
    with Supervisor() as running_family, pytest.raises(SupervisorError, match=r"^db failed; "):
        running_family.run(Program("db", python("raise SystemExit(3)")))


def test_program_that_ends_before_it_is_ready_is_named() -> None:
    with Supervisor() as running_family, pytest.raises(SupervisorError, match=r"^web did not start; "):
        running_family.start([Program("web", python("raise SystemExit(1)"), ready=lambda: False)])


def test_program_that_is_never_ready_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor, "READY_SECONDS", 0.2)
    program = Program("web", python("import time; time.sleep(60)"), ready=lambda: False)
    with Supervisor() as running_family, pytest.raises(SupervisorError, match=r"^web was not ready"):
        running_family.start([program])


def test_program_that_refuses_its_settings_is_not_started_again() -> None:
    with Supervisor() as running_family:
        running_family.start([Program("web", python(f"raise SystemExit({EXIT_CONFIG})"))])
        with pytest.raises(SupervisorError, match=r"^web cannot work with these settings"):
            running_family.watch()


def test_program_that_fails_over_and_over_waits_longer_each_time(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setattr(supervisor, "FIRST_PAUSE_SECONDS", 0.05)
    starts = tmp_path / "starts"
    code = (
        f"import sys; f = open({str(starts)!r}, 'a'); f.write('x'); f.close();"
        f"sys.exit({EXIT_CONFIG} if len(open({str(starts)!r}).read()) == 4 else 1)"
    )
    with Supervisor() as running_family:
        running_family.start([Program("web", python(code))])
        with pytest.raises(SupervisorError):
            running_family.watch()
    said = [line for line in capfd.readouterr().err.splitlines() if "ended" in line]
    assert said == [
        f"web       | ended (exit code 1); starting it again in {pause} s" for pause in ("0.05", "0.1", "0.2")
    ]


def test_data_folder_has_one_supervisor(tmp_path: Path) -> None:
    code = (
        "import sys, pathlib; from backend.jobs.folder_lock import exclusive\n"
        "with exclusive(pathlib.Path(sys.argv[1])): print('held', flush=True); sys.stdin.read()"
    )
    holder = subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert holder.stdout is not None
    assert holder.stdin is not None
    assert holder.stdout.readline() == "held\n"
    with pytest.raises(FolderInUseError) as caught, exclusive(tmp_path):
        pass
    assert str(caught.value) == (
        f"The data folder {tmp_path} is in use by process {holder.pid}: stop that one, "
        "or set LOCKSTEP_DATA_DIR to another folder."
    )
    holder.kill()
    holder.wait()
    with exclusive(tmp_path):
        pass
