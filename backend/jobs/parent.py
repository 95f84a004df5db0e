"""Children that do not outlive the process that started them, even when that one is killed with -9.

Linux tells a child itself (prctl(2), PR_SET_PDEATHSIG); elsewhere the child looks at its parent's id.
"""

import ctypes
import os
import signal
import sys
import threading
import time
from collections.abc import Callable

PARENT_VARIABLE = "_LOCKSTEP_PARENT"
POLL_SECONDS = 1.0
_PR_SET_PDEATHSIG = 1


def die_with(parent: int) -> None:
    """Have this process killed as soon as process `parent`, which started it, is gone.

    Call it in the child, from its main thread, as early as possible.
    """
    if sys.platform == "linux":
        _ask_kernel(signal.SIGKILL)
    else:
        threading.Thread(target=_poll, args=(parent,), name="parent-watch", daemon=True).start()
    if os.getppid() != parent:  # it went before we asked
        os._exit(1)


def die_with_starter() -> None:
    """`die_with` for a process started with `marked_environment`; does nothing when a person started it."""
    parent = os.environ.get(PARENT_VARIABLE)
    if parent is not None:
        die_with(int(parent))


def marked_environment(environment: dict[str, str]) -> dict[str, str]:
    """`environment` for a child of this process that calls `die_with_starter`."""
    return environment | {PARENT_VARIABLE: str(os.getpid())}


def signal_on_death(number: signal.Signals) -> Callable[[], None] | None:
    """A `preexec_fn` for a program that is not ours: it gets signal `number` when its starter dies.

    None where the system cannot do that; there the starter's own watcher has to stop the program.
    """
    return (lambda: _ask_kernel(number)) if sys.platform == "linux" else None


def _ask_kernel(number: signal.Signals) -> None:
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, int(number), 0, 0, 0)


def _poll(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(POLL_SECONDS)
    os.kill(os.getpid(), signal.SIGKILL)
