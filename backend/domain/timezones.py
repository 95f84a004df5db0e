"""Time zones: IANA names inside, Windows names at the border to Microsoft (MS-055, MS-056)."""

from __future__ import annotations

from functools import cache
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from babel.core import get_global

UTC_NAMES: Final = frozenset({"UTC", "Etc/UTC", "Etc/GMT", "GMT", "Z"})


class UnknownZone(ValueError):
    """A zone name that no table knows; the item is reported and the run goes on (LS-163, E-11)."""

    def __init__(self, name: str) -> None:
        super().__init__(f"Time zone “{name}” is not known. Choose a standard zone for the event in the mailbox.")
        self.name = name


@cache
def _windows_to_iana() -> dict[str, str]:
    return {name.casefold(): iana for name, iana in get_global("windows_zone_mapping").items()}


@cache
def _iana_to_windows() -> dict[str, str]:
    table: dict[str, str] = {}
    for windows, iana in get_global("windows_zone_mapping").items():
        table.setdefault(iana, windows)
    return table


@cache
def zone(name: str) -> ZoneInfo:
    """The zone of an IANA or Windows name. Raises UnknownZone."""
    if name in UTC_NAMES:
        return ZoneInfo("UTC")
    iana = _windows_to_iana().get(name.casefold(), name)
    try:
        return ZoneInfo(iana)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise UnknownZone(name) from error


def iana_name(name: str) -> str:
    """The IANA name of an IANA or Windows name. Raises UnknownZone."""
    return zone(name).key


def microsoft_name(name: str) -> str:
    """The name to send to Microsoft: Windows' own where there is one, else IANA, which it takes too."""
    return _iana_to_windows().get(iana_name(name), iana_name(name))
