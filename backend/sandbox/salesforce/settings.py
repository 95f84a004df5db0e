"""The setup of an organisation that administrators choose, and the unpleasant habits that tests turn on."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class Settings:
    """All times in seconds. Change an attribute at any moment; it holds from the next request on."""

    shared_activities: bool = True
    multiday_events: bool = True
    person_accounts: bool = False
    key_field: bool = True  # the custom field Lockstep_Key__c on activities and contacts is deployed
    key_unique: bool = True  # else several rows may share a key, and upsert by it finds them all (SF-054)
    commit_lag: float = 0  # rows become visible this long after their SystemModstamp (SF-079)
    page_rows: int = 2000  # the most rows of a page, whatever was asked (SF-070)
    unselective_rows: int = 10_000  # more activities than this need a selective filter (SF-077)
    aggregate_rows: int = 2000  # more groups than this have no second page (SF-135)
    endless_occurrences: int = 100  # rows made for a rule without end
    series_deletion_delay: float = 2  # until the rows of a deleted series are gone (SF-104)
    search_delay: float = 0  # until new rows are found by search (SF-128)
    assertion_ahead: float = 300  # how far ahead the exp of an assertion may lie (SF-007)
    session: float = 7200  # unused tokens die after this
    api_calls_a_day: int = 100_000
    long_calls: int = 25  # this many calls over 20 s at once, and no new ones are taken (SF-014)
    long_calls_running: int = 0  # such calls that other clients have running now
    misspelt_duplicate_result: bool = False  # answer duplicateResut, as some servers do (SF-052)

    @property
    def features(self) -> frozenset[str]:
        """What adds fields to the schema."""
        switches = ("shared_activities", "person_accounts", "key_field")
        return frozenset(name for name in switches if getattr(self, name))
