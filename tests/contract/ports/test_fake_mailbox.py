"""The in-memory mailbox keeps the contract of the port."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from backend.domain.recurrence import Series
from backend.domain.values import Kind, Values
from tests.contract.ports.mailbox_port import MailboxBench, MailboxPort
from tests.fakes.fake_mailbox import FakeMailbox
from tests.fakes.world import FakeWorld


class FakeBench:
    """A fake mailbox with its owner's hands."""

    def __init__(self) -> None:
        self.world = FakeWorld.of(1)
        self.account = self.world.mailbox_of(1)
        self.port = FakeMailbox.of(self.world, 1)
        self.edit = self.account.edit
        self.delete = self.account.delete
        self.move_out = self.account.move_out
        self.copy = self.account.copy
        self.expire_cursors = self.account.expire_cursors

    def create(self, kind: Kind, values: Values, *, guests: Iterable[str] = (), series: Series | None = None) -> str:
        return self.account.create(kind, values, guests=guests, series=series)

    def receive_meeting(self, values: Values) -> str:
        outsider = self.world.account("boss@elsewhere.example")
        outsider.create(Kind.EVENT, values, guests=[self.account.address])
        self.account.deliver()
        return self.account.living(Kind.EVENT)[-1].id

    def mails(self) -> list[str]:
        return [mail.cause for mail in self.world.outbox]


class TestFakeMailbox(MailboxPort):
    @pytest.fixture
    def bench(self) -> MailboxBench:
        return FakeBench()
