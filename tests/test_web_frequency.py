"""
One newsletter at several rhythms.
"""

from datetime import time

import pytest

from digest.pipeline.rhythms import families_of, siblings_of
from digest.schedule import Schedule
from digest.web.frequency import rhythms_of
from tests.factories import a_newsletter

LISTS = {
    "weekly": a_newsletter(id="weekly"),
    "daily": a_newsletter(id="daily", frequency_of="weekly"),
    "monthly": a_newsletter(id="monthly", frequency_of="weekly"),
    "other": a_newsletter(id="other"),
}


@pytest.mark.parametrize("newsletter", ["weekly", "daily", "monthly"])
def test_all_rhythms_know_each_other(newsletter: str) -> None:
    rhythms = rhythms_of(LISTS[newsletter], LISTS)

    assert [each.newsletter for each in rhythms] == ["weekly", "daily", "monthly"]
    assert [each.newsletter for each in rhythms if each.current] == [newsletter]


def test_newsletters_of_one_rhythm_are_no_family() -> None:
    assert families_of(LISTS) == (("weekly", "daily", "monthly"),)
    assert families_of({"other": LISTS["other"]}) == ()


def test_where_there_is_one_rhythm_there_is_nothing_to_choose() -> None:
    assert rhythms_of(LISTS["other"], LISTS) == []
    assert siblings_of(LISTS["other"], LISTS) == ["other"]


@pytest.mark.parametrize(
    ("days", "message"),
    [
        ({}, "every day"),
        ({"weekdays": frozenset(range(5))}, "on working days"),
        ({"weekdays": frozenset({0})}, "once a week"),
        ({"weekdays": frozenset({0, 3})}, "several times a week"),
        ({"days": frozenset({1})}, "once a month"),
        ({"days": frozenset({1, 15})}, "several times a month"),
    ],
)
def test_a_rhythm_is_called_what_its_schedule_is(
    days: dict[str, frozenset[int]], message: str
) -> None:
    schedule = Schedule(times=(time(7),), timezone="UTC", **days)
    lists = LISTS | {"daily": a_newsletter(id="daily", frequency_of="weekly", schedule=schedule)}

    rhythms = rhythms_of(LISTS["weekly"], lists)

    assert [each.message for each in rhythms] == ["now and then", message, "now and then"]
