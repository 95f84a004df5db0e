"""Mechanisms that the fakes make redundant: each is tested at its own layer."""

from __future__ import annotations

from typing import Final

from tests.mutate.mutant import Edit, Mutant
from tests.mutate.places import STORE

MUTANTS: Final = (
    Mutant(
        "fencing",
        "no commit carries a stale lease (INV-10)",
        (Edit("backend/storage/commit.py", "    leases.require(work.connection, lease)\n", ""),),
        (f"{STORE}/test_leases.py",),
        short=True,
    ),
    Mutant(
        "one-open-intent",
        "at most one open write per remote object (INV-18)",
        (
            Edit(
                "backend/storage/versions/0001_first_schema.py",
                '"uq_intent_open_target",\n        "intent",\n        ["target"],\n        unique=True,',
                '"uq_intent_open_target",\n        "intent",\n        ["target"],\n        unique=False,',
            ),
        ),
        (f"{STORE}/test_open_targets.py",),
        short=True,
    ),
    Mutant(
        "mirror-of-mailboxes",
        "an older version of an item does not overwrite a newer one (D-10, INV-21)",
        (Edit("backend/storage/mirror_items.py", "        elif _older(item, row):\n", "        elif False:\n"),),
        (f"{STORE}/test_mirror_items.py",),
    ),
)
