"""Which fields a user can read and write."""

from datetime import timedelta

import pytest

from backend.domain.values import Kind
from backend.ports.crm import Right
from backend.ports.errors import AccessLost
from backend.salesforce.fields import described, layout_of
from tests.fakes.salesforce_wire import Answered, Wire, describe
from tests.fakes.salesforce_wire import described as answer


def test_sf048_fields_that_describe_does_not_list_are_not_selected() -> None:
    layout = described(Kind.CONTACT, describe(Kind.CONTACT, without=("Fax", "MiddleName", "AccountId", "OtherCity")))
    for absent in ("Fax", "MiddleName", "Account.Name", "OtherCity", "AccountId"):
        assert absent not in layout.selected
    assert "fax" not in layout.groups
    assert "company" not in layout.groups
    assert [row.part for row in layout.groups["name"]] == ["salutation", "first", "last", "suffix"]


def test_the_account_is_read_by_name_and_each_field_once() -> None:
    layout = described(Kind.CONTACT, describe(Kind.CONTACT))
    assert "Account.Name" in layout.selected
    assert len(set(layout.with_fields(["Title", "Email"]))) == len(layout.with_fields(["Title", "Email"]))


def test_the_key_field_may_be_missing_or_read_only() -> None:
    assert described(Kind.EVENT, describe(Kind.EVENT)).key_creatable
    missing = described(Kind.EVENT, describe(Kind.EVENT, without=("Lockstep_Key__c",)))
    assert (missing.key_readable, missing.key_creatable) == (False, False)
    read_only = described(Kind.EVENT, describe(Kind.EVENT, read_only=("Lockstep_Key__c",)))
    assert (read_only.key_readable, read_only.key_creatable) == (True, False)


def test_shared_activities_show_in_the_fields_of_event() -> None:
    assert described(Kind.EVENT, describe(Kind.EVENT)).shared_activities
    assert not described(Kind.EVENT, describe(Kind.EVENT, without=("EventWhoIds",))).shared_activities


def test_a_layout_made_from_what_was_selected_selects_the_same() -> None:
    for kind in Kind:
        layout = described(kind, describe(kind))
        assert layout_of(kind, layout.selected).selected == layout.selected
        assert layout_of(kind, layout.selected).groups == layout.groups


def test_describe_is_asked_once_in_half_a_day_per_user_and_object() -> None:
    wire = Wire(handler=lambda request: answer(request) or Answered(500))
    layouts, client = wire.layouts(), wire.client()
    first = layouts.get(client, Kind.CONTACT)
    assert layouts.get(client, Kind.CONTACT) is first
    layouts.get(client, Kind.EVENT)
    assert len(wire.requests) == 2
    wire.clock.moment += timedelta(hours=12)
    layouts.get(client, Kind.CONTACT)
    assert len(wire.requests) == 3
    layouts.forget(client.username)
    layouts.get(client, Kind.CONTACT)
    assert len(wire.requests) == 4


def test_f7_rights_to_the_object_are_in_describe_and_are_asked_again_sooner_where_one_lacks() -> None:
    lacking = {**describe(Kind.EVENT), "createable": False, "deletable": False}
    assert described(Kind.EVENT, lacking).rights == {Right.READ, Right.EDIT}
    wire = Wire(handler=lambda _request: Answered(200, lacking))
    layouts, client = wire.layouts(), wire.client()
    assert layouts.rights(client, Kind.EVENT) == {Right.READ, Right.EDIT}
    layouts.rights(client, Kind.EVENT)
    assert len(wire.requests) == 1
    wire.clock.moment += timedelta(hours=1)
    layouts.rights(client, Kind.EVENT)
    assert len(wire.requests) == 2


def test_f7_an_object_that_is_not_there_for_a_user_may_not_be_read() -> None:
    wire = Wire(handler=lambda _request: Answered(404, [{"errorCode": "NOT_FOUND", "message": "Not there."}]))
    layouts, client = wire.layouts(), wire.client()
    assert layouts.rights(client, Kind.EVENT) == frozenset()
    with pytest.raises(AccessLost, match=r"does not let .* read events\. Give the permission Read on Events"):
        layouts.get(client, Kind.EVENT)
    assert len(wire.requests) == 1
