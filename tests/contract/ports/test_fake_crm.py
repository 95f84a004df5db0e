"""The in-memory Salesforce keeps the contract of both ports."""

from __future__ import annotations

import pytest

from backend.domain.values import Kind, Values
from tests.contract.ports.crm_port import CrmBench, CrmPort
from tests.fakes.fake_salesforce import FakeCrm, FakeOrganisation
from tests.fakes.world import FakeWorld


class FakeBench:
    """A fake organisation with its people's hands."""

    def __init__(self) -> None:
        self.world = FakeWorld.of(2)
        self.org = self.world.org
        self.port = FakeCrm.of(self.world, 1)
        self.organisation = FakeOrganisation(self.world)
        self.user = self.world.people[1].crm_user_id
        self.colleague = self.world.people[2].crm_user_id
        self.create = self.org.create
        self.edit = self.org.edit
        self.finish_transactions = self.org.settle_commits
        self.delete = self.org.delete
        self.restore = self.org.restore
        self.invite = self.org.child_of
        self.forget_deletions = self.org.forget_deletions

    def edit_in_slow_transaction(self, id: str, values: Values) -> None:
        self.org.edit(id, values, late=True)

    def refuse_titles(self, title: str, message: str) -> None:
        def rule(kind: Kind, values: Values) -> str | None:
            return message if kind is Kind.CONTACT and values.get("title") == title else None

        self.org.rules.append(rule)


class TestFakeCrm(CrmPort):
    @pytest.fixture
    def bench(self) -> CrmBench:
        return FakeBench()
