"""A small sync engine for the jobs' tests: leases, due users and passes as rows of an SQLite file.

It keeps the rules that the jobs rely on: one holder per user, leases that expire, work that is done only by the
holder, and a pass cut off in the middle that makes its user due again.
"""

import os
import sqlite3
import time
from dataclasses import dataclass
from pathlib import Path

LEASE_SECONDS = 3.0

SCHEMA = """
CREATE TABLE IF NOT EXISTS users (id INTEGER PRIMARY KEY, due INTEGER NOT NULL DEFAULT 0,
  lease_until REAL NOT NULL DEFAULT 0, token INTEGER NOT NULL DEFAULT 0, open INTEGER NOT NULL DEFAULT 0,
  pause REAL NOT NULL DEFAULT 0);
CREATE TABLE IF NOT EXISTS passes (user_id INTEGER, cause TEXT, pid INTEGER, began REAL, ended REAL);
CREATE TABLE IF NOT EXISTS cycles (cause TEXT, pid INTEGER);
"""


@dataclass(frozen=True)
class Report:
    """What a cycle found."""

    due_users: tuple[int, ...]
    read: int | None = None


class FakeEngine:
    """Satisfies `backend.jobs.engine.Engine` on `<folder>/engine.db`."""

    def __init__(self, folder: Path) -> None:
        self.database = sqlite3.connect(folder / "engine.db", timeout=30, isolation_level=None)
        self.database.execute("PRAGMA journal_mode=WAL")
        self.database.executescript(SCHEMA)

    def add_user(self, user_id: int, *, due: bool = False, pause: float = 0.0) -> None:
        """A user whose passes take `pause` seconds."""
        self.database.execute("INSERT INTO users (id, due, pause) VALUES (?, ?, ?)", (user_id, due, pause))

    def cycle(self, cause: str) -> Report:
        self.database.execute("INSERT INTO cycles VALUES (?, ?)", (cause, os.getpid()))
        rows = self.database.execute(
            "SELECT id FROM users WHERE (due OR open) AND lease_until < ? ORDER BY id", (time.time(),)
        )
        return Report(tuple(row[0] for row in rows))

    def sync_user(self, user_id: int, cause: str) -> bool:
        row = self.database.execute(
            "UPDATE users SET token = token + 1, lease_until = :until, open = 1, due = 0"
            " WHERE id = :user AND lease_until < :now RETURNING token, pause",
            {"user": user_id, "now": time.time(), "until": time.time() + LEASE_SECONDS},
        ).fetchone()
        if row is None:
            return False
        token, pause = row
        began = time.time()
        while time.time() < began + pause:
            time.sleep(0.1)
            if not self._renew(user_id, token):
                return False
        return self._finish(user_id, token, cause, began)

    def lease_alive(self, user_id: int) -> bool:
        [until] = self.database.execute("SELECT lease_until FROM users WHERE id = ?", (user_id,)).fetchone()
        return bool(until >= time.time())

    def want_again(self, user_id: int) -> None:
        self.database.execute("UPDATE users SET due = 1 WHERE id = ?", (user_id,))

    def close(self) -> None:
        self.database.close()

    def passes(self, user_id: int) -> list[str]:
        """Causes of the completed passes of a user, oldest first."""
        rows = self.database.execute("SELECT cause FROM passes WHERE user_id = ? ORDER BY ended", (user_id,))
        return [row[0] for row in rows]

    def running(self, user_id: int) -> bool:
        """Whether a pass of the user has begun and not ended."""
        [opened] = self.database.execute("SELECT open FROM users WHERE id = ?", (user_id,)).fetchone()
        return bool(opened)

    def due(self, user_id: int) -> bool:
        """Whether the user is noted for another pass."""
        [due] = self.database.execute("SELECT due FROM users WHERE id = ?", (user_id,)).fetchone()
        return bool(due)

    def cycles(self) -> int:
        """How many cycles began."""
        [count] = self.database.execute("SELECT count(*) FROM cycles").fetchone()
        return int(count)

    def _renew(self, user_id: int, token: int) -> bool:
        changed = self.database.execute(
            "UPDATE users SET lease_until = ? WHERE id = ? AND token = ?",
            (time.time() + LEASE_SECONDS, user_id, token),
        )
        return changed.rowcount == 1

    def _finish(self, user_id: int, token: int, cause: str, began: float) -> bool:
        changed = self.database.execute(
            "UPDATE users SET lease_until = 0, open = 0 WHERE id = ? AND token = ?", (user_id, token)
        )
        if changed.rowcount != 1:
            return False
        self.database.execute(
            "INSERT INTO passes VALUES (?, ?, ?, ?, ?)", (user_id, cause, os.getpid(), began, time.time())
        )
        return True
