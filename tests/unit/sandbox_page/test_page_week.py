"""The grid of the week: hours, lanes, and what does not fit into them."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

from backend.sandbox.page.shelf import Entry
from backend.sandbox.page.text import when
from backend.sandbox.page.week import lay_out

MONDAY = date(2026, 11, 23)


def entry(title, start, minutes, *, day=0, all_day=False):
    begin = datetime.combine(MONDAY, time()) + timedelta(days=day, hours=start)
    return Entry(title, title, begin, begin + timedelta(minutes=minutes), all_day, fresh=False)


def places(day):
    return {each.entry.title: (each.start, each.length, each.lane, each.lanes) for each in day.timed}


def test_overlapping_events_share_the_width_and_others_have_it_all():
    week = lay_out(MONDAY, [entry("a", 9, 60), entry("b", 9.5, 60), entry("c", 10, 60), entry("d", 14, 60)], MONDAY)
    assert places(week.days[0]) == {"a": (36, 4, 1, 2), "b": (38, 4, 2, 2), "c": (40, 4, 1, 2), "d": (56, 4, 1, 1)}


def test_short_events_are_high_enough_for_a_finger():
    week = lay_out(MONDAY, [entry("a", 9, 5), entry("b", 9.25, 5), entry("c", 23.9, 3)], MONDAY)
    assert places(week.days[0]) == {"a": (36, 2, 1, 2), "b": (37, 2, 2, 2), "c": (94, 2, 1, 1)}


def test_more_than_four_at_once_stand_above_with_those_of_the_day():
    week = lay_out(MONDAY, [entry(name, 9, 60) for name in "abcdef"], MONDAY)
    assert [each.lane for each in week.days[0].timed] == [1, 2, 3, 4]
    assert [each.title for each in week.days[0].all_day] == ["e", "f"]


def test_hours_grow_where_something_takes_place():
    assert lay_out(MONDAY, [], MONDAY).hours == range(8, 17)
    week = lay_out(MONDAY, [entry("a", 6.5, 30), entry("b", 21, 90)], MONDAY)
    assert week.hours == range(6, 23)


def test_an_event_over_midnight_stands_on_both_days():
    week = lay_out(MONDAY, [entry("a", 23, 120)], MONDAY)
    assert [places(day) for day in week.days[:2]] == [{"a": (92, 4, 1, 1)}, {"a": (0, 4, 1, 1)}]


def test_days_long_events_stand_above_each_of_their_days():
    week = lay_out(MONDAY, [entry("a", 0, 2880, all_day=True), entry("b", 12, 1500, day=3)], MONDAY)
    assert [[each.title for each in day.all_day] for day in week.days] == [["a"], ["a"], [], ["b"], ["b"]]


def test_the_weekend_is_shown_only_with_something_on_it():
    assert len(lay_out(MONDAY, [entry("a", 9, 60, day=4)], MONDAY).days) == 5
    assert len(lay_out(MONDAY, [entry("a", 9, 60, day=6)], MONDAY).days) == 7


def test_today_is_marked():
    week = lay_out(MONDAY, [], MONDAY + timedelta(days=2))
    assert [day.is_today for day in week.days] == [False, False, True, False, False]
    assert week.is_empty


def test_times_are_told_shortly_where_the_week_is_known():
    assert when(entry("a", 9, 60)) == "Mon 09:00\N{EN DASH}10:00"
    assert when(entry("a", 23, 120)) == "Mon 23:00 to Tue 01:00"
    assert when(entry("a", 0, 1440, all_day=True)) == "Mon, all day"
    assert when(entry("a", 0, 2880, all_day=True)) == "Mon 23 Nov to Tue 24 Nov, all day"
    assert when(entry("a", 9, 60 * 24 * 8)) == "Mon 23 Nov 09:00 to Tue 1 Dec 09:00"
