"""Prolongs a lease while a pass runs, so that leases can be short and a killed pass costs seconds (sync.md B.8)."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import structlog

from backend.sync.state import Lease
from backend.sync.store import LeaseLost, SyncStore

log = structlog.get_logger(__name__)


@contextmanager
def kept(store: SyncStore, lease: Lease, seconds: float) -> Iterator[None]:
    """Renews the lease every third of its length. A lost lease is noticed by the next commit, which is refused."""
    done = threading.Event()
    thread = threading.Thread(target=_renew, args=(store, lease, seconds, done), daemon=True, name="lease")
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join(timeout=seconds)


def _renew(store: SyncStore, lease: Lease, seconds: float, done: threading.Event) -> None:
    while not done.wait(seconds / 3):
        try:
            store.renew(lease, seconds)
        except LeaseLost:
            log.warning("the lease went to another process", user=lease.user_id)
            return
        except Exception as error:  # the database may be busy for a moment; the next third tries again
            log.warning("the lease could not be prolonged", user=lease.user_id, reason=str(error))
