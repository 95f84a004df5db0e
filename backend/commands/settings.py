"""How a command gets its settings, and the free ports that several of them need."""

import socket

from backend import config, logs
from backend.commands.output import Failure


def load(**overrides: object) -> config.Config:
    """The settings with the given options on top (None means not given); logging follows them."""
    settings = config.load({field: value for field, value in overrides.items() if value is not None})
    logs.configure(settings.log_level, settings.log_json)
    return settings


def require_free(host: str, port: int, variable: str) -> None:
    """Raise Failure naming `variable` when something listens on the port already; port 0 is always free."""
    if not _is_free(host, port):
        raise Failure(f"Port {port} on {host} is in use: stop the other program, or choose another with {variable}.")


def free_port(host: str, preferred: int) -> int:
    """`preferred` when it is free, else a port that the system picks."""
    if preferred and _is_free(host, preferred):
        return preferred
    with socket.create_server((host, 0)) as probe:
        return int(probe.getsockname()[1])


def _is_free(host: str, port: int) -> bool:
    try:
        with socket.create_server((host, port)):
            return True
    except OSError:
        return False
