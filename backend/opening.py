"""The installation, opened for one thing that a page asks: the pages load no adapter before they need one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from backend.config import Config
from backend.ports.errors import ServiceError

if TYPE_CHECKING:
    from backend.wiring import Lockstep


@contextmanager
def opened(config: Config, refused: type[Exception]) -> Iterator[Lockstep]:
    """The installation, closed afterwards. A service's failure is raised as `refused`, with its sentence."""
    from backend.wiring import Lockstep  # here, because it loads every adapter

    lockstep = Lockstep.open(config)
    try:
        yield lockstep
    except ServiceError as error:
        raise refused(error.message) from error
    finally:
        lockstep.close()
