"""The Microsoft adapter keeps the contract of the mailbox port, over https against the stand-in."""

from __future__ import annotations

import pytest

from tests.contract.ports.mailbox_port import MailboxBench, MailboxPort
from tests.fakes.graph_bench import GraphBench


class TestGraphMailbox(MailboxPort):
    @pytest.fixture
    def bench(self, graph_bench: GraphBench) -> MailboxBench:
        return graph_bench
