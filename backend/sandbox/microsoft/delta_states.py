"""Delta tokens: opaque to the client, checked on return, and too old after a few newer ones (MS-020, MS-033)."""

from __future__ import annotations

import base64
import binascii
import json
import zlib
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

from backend.sandbox.microsoft.errors import GraphError
from backend.sandbox.world import Clock

KEPT_GENERATIONS = 4
Expiry = Literal["SyncStateNotFound", "resyncRequired"]


@dataclass(frozen=True, slots=True)
class DeltaToken:
    """All that a round has to know: what it reads, how far it came, and the parameters of the first call.

    `position` is the point in the change log reached so far; removals up to `base` are older than the first
    round and not told. `window` is (start, end) as given. `serial` orders tokens; `issued` is in Unix seconds.
    """

    kind: str
    folder: str
    position: int
    base: int
    lineage: int
    generation: int
    serial: int
    issued: float
    first_round: bool = True
    select: str | None = None
    window: tuple[str, str] | None = None

    def encode(self) -> str:
        """The token as text."""
        raw = json.dumps(asdict(self), separators=(",", ":")).encode()
        packed = zlib.compress(raw) + zlib.crc32(raw).to_bytes(4, "big")
        return base64.urlsafe_b64encode(packed).rstrip(b"=").decode("ascii")


def _invalid() -> GraphError:
    return GraphError(400, "SyncStateInvalid", "The sync state is invalid.")


def _decode(text: str) -> DeltaToken:
    try:
        packed = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
        raw = zlib.decompress(packed[:-4])
        values: dict[str, Any] = json.loads(raw)
    except (binascii.Error, zlib.error, ValueError):
        raise _invalid() from None
    if zlib.crc32(raw).to_bytes(4, "big") != packed[-4:]:
        raise _invalid()
    window = values.pop("window")
    return DeltaToken(**values, window=tuple(window) if window else None)


class DeltaStates:
    """What the server remembers of the rounds it has served."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.kept_generations = KEPT_GENERATIONS
        self._highest: dict[int, int] = {}
        self._serial = 0
        self._expired_up_to = 0
        self._expiry: Expiry = "SyncStateNotFound"

    def begin(
        self,
        kind: str,
        folder: str,
        base: int,
        select: str | None = None,
        window: tuple[str, str] | None = None,
        position: int = 0,
    ) -> DeltaToken:
        """The state of a first call: everything is still to be told, from `position` on."""
        lineage = len(self._highest) + 1
        self._highest[lineage] = 0
        return DeltaToken(kind, folder, position, base, lineage, 0, self._serial, self._now(), True, select, window)

    def following(self, token: DeltaToken, position: int, round_over: bool) -> DeltaToken:
        """The token to give out after a page."""
        self._serial += 1
        generation = token.generation + 1
        self._highest[token.lineage] = max(self._highest[token.lineage], generation)
        return replace(
            token,
            position=position,
            generation=generation,
            serial=self._serial,
            issued=self._now(),
            first_round=token.first_round and not round_over,
        )

    def resume(self, text: str, kind: str, folder: str, restart: str, life_seconds: float | None = None) -> DeltaToken:
        """Read a token that came back. `restart` is the address of a new first call.

        Raises GraphError: 400 SyncStateInvalid for a corrupt or foreign token, 410 for one that is too old.
        """
        token = _decode(text)
        if (token.kind, token.folder) != (kind, folder) or token.lineage not in self._highest:
            raise _invalid()
        if token.serial <= self._expired_up_to:
            if self._expiry == "resyncRequired":
                raise GraphError(410, "resyncRequired", "Resync is required.", headers={"Location": restart})
            raise self._not_found(token)
        if life_seconds is not None and token.issued + life_seconds <= self._now():
            raise self._not_found(token)
        if token.generation < self._highest[token.lineage] - self.kept_generations:
            raise self._not_found(token)
        return token

    def _now(self) -> float:
        return self._clock.now().timestamp()

    def _not_found(self, token: DeltaToken) -> GraphError:
        highest = self._highest[token.lineage]
        kept = "".join(f"[{highest - back}]" for back in range(min(3, highest)))
        return GraphError(
            410,
            "SyncStateNotFound",
            f"The sync state generation is not found; generation={token.generation};[highest={highest}]{kept}.",
        )

    def expire_all(self) -> None:
        """Forget every state given out so far."""
        self._expired_up_to, self._expiry = self._serial, "SyncStateNotFound"

    def require_resync(self) -> None:
        """Ask the holders of all states given out so far to start again."""
        self._expired_up_to, self._expiry = self._serial, "resyncRequired"
