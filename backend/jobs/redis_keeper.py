"""`python -m backend.jobs.redis_keeper DATA_DIR`: runs the embedded Redis for as long as its starter lives.

A server binary cannot watch its parent on every system, so this small process does it. It ends with 1 when the
server died, so that the supervisor starts both anew.
"""

import os
import signal
import sys
import threading
from pathlib import Path

from backend.jobs.parent import PARENT_VARIABLE
from backend.jobs.redis_server import RedisServer, RedisServerError

LOOK_SECONDS = 0.5


def keep(data_dir: Path) -> int:
    """Run the server until SIGTERM, SIGINT or the end of the starter; the exit code is 0 then, 1 if it died."""
    starter = int(os.environ.get(PARENT_VARIABLE, os.getppid()))
    leave = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda *_: leave.set())
    try:
        server = RedisServer.start(data_dir)
    except RedisServerError as error:
        return _failed(str(error))
    _say(server.note)
    while server.alive():
        if leave.wait(LOOK_SECONDS) or os.getppid() != starter:
            server.stop()
            return 0
    return _failed("the Redis server died")


def _failed(reason: str) -> int:
    _say(reason)
    return 1


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(keep(Path(sys.argv[1])))
