"""
When issues are due, on every day of the year and on both days of daylight saving.
"""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digest.schedule import Due, Schedule

SEVEN = (time(7),)
ZONES = ("UTC", "Europe/Paris", "America/New_York", "Asia/Kolkata", "Pacific/Apia", "Etc/GMT+12")


def due(schedule: Schedule, moment: str) -> Due:
    return schedule.due_before(datetime.fromisoformat(moment))


def at(moment: str) -> datetime:
    return datetime.fromisoformat(moment)


def test_a_daily_issue_is_due_at_its_minute_and_not_before() -> None:
    daily = Schedule(times=SEVEN, timezone="UTC")

    assert due(daily, "2026-11-23T06:59:59.999999Z").at == at("2026-11-22T07:00Z")
    assert due(daily, "2026-11-23T07:00:00Z").at == at("2026-11-23T07:00Z")
    assert due(daily, "2026-11-23T07:00:00.000001Z").at == at("2026-11-23T07:00Z")


def test_a_due_moment_is_in_utc_and_named_by_its_local_date() -> None:
    paris = Schedule(times=(time(0, 30),), timezone="Europe/Paris")

    found = due(paris, "2026-11-23T12:00:00-05:00")

    assert found == Due(at=at("2026-11-22T23:30Z"), name="2026-11-23")
    assert found.at.tzinfo is UTC


@pytest.mark.parametrize(
    ("moment", "name"),
    [
        ("2026-11-20T12:00Z", "2026-11-20"),  # a Friday
        ("2026-11-21T12:00Z", "2026-11-20"),
        ("2026-11-22T12:00Z", "2026-11-20"),
        ("2026-11-23T06:00Z", "2026-11-20"),
        ("2026-11-23T12:00Z", "2026-11-23"),
    ],
)
def test_weekdays_skip_the_weekend(moment: str, name: str) -> None:
    weekdays = Schedule(weekdays=frozenset(range(5)), times=SEVEN, timezone="UTC")

    assert due(weekdays, moment).name == name


def test_a_weekly_issue_waits_for_its_day() -> None:
    mondays = Schedule(weekdays=frozenset({0}), times=SEVEN, timezone="Europe/Paris")

    assert due(mondays, "2026-11-23T05:59:59Z").name == "2026-11-16"
    assert due(mondays, "2026-11-23T06:00:00Z").name == "2026-11-23"
    assert due(mondays, "2026-11-29T23:59:59Z").name == "2026-11-23"


@pytest.mark.parametrize(
    ("moment", "name"),
    [
        ("2026-01-31T12:00Z", "2026-01-31"),
        ("2026-02-27T12:00Z", "2026-01-31"),
        ("2026-02-28T12:00Z", "2026-02-28"),
        ("2028-02-28T12:00Z", "2028-01-31"),
        ("2028-02-29T12:00Z", "2028-02-29"),
        ("2026-04-30T06:00Z", "2026-03-31"),
        ("2026-04-30T12:00Z", "2026-04-30"),
        ("2026-12-30T12:00Z", "2026-11-30"),
    ],
)
def test_the_31st_is_the_last_day_of_a_short_month(moment: str, name: str) -> None:
    monthly = Schedule(days=frozenset({31}), times=SEVEN, timezone="UTC")

    assert due(monthly, moment).name == name


def test_a_day_that_two_numbers_fall_on_counts_once() -> None:
    twice = Schedule(days=frozenset({28, 29, 30}), times=SEVEN, timezone="UTC")

    assert due(twice, "2026-03-27T12:00Z").name == "2026-02-28"
    assert due(twice, "2026-02-28T06:00Z").name == "2026-01-30"
    assert due(twice, "2026-04-01T06:00Z").name == "2026-03-30"


def test_the_first_of_the_month_is_a_month_long() -> None:
    monthly = Schedule(days=frozenset({1}), times=SEVEN, timezone="UTC")

    assert due(monthly, "2026-09-01T06:59Z").name == "2026-08-01"
    assert due(monthly, "2026-08-31T23:59Z").name == "2026-08-01"


def test_several_times_a_day_are_named_with_their_time() -> None:
    twice = Schedule(times=(time(7), time(18, 30)), timezone="Europe/Paris")

    assert due(twice, "2026-11-23T05:59Z").name == "2026-11-22T1830"
    assert due(twice, "2026-11-23T06:00Z").name == "2026-11-23T0700"
    assert due(twice, "2026-11-23T17:30Z").name == "2026-11-23T1830"


def test_the_same_wall_clock_time_is_an_hour_earlier_in_summer() -> None:
    daily = Schedule(times=SEVEN, timezone="Europe/Paris")

    assert due(daily, "2026-03-28T12:00Z").at == at("2026-03-28T06:00Z")
    assert due(daily, "2026-03-29T12:00Z").at == at("2026-03-29T05:00Z")
    assert due(daily, "2026-10-24T12:00Z").at == at("2026-10-24T05:00Z")
    assert due(daily, "2026-10-25T12:00Z").at == at("2026-10-25T06:00Z")


def test_a_skipped_time_comes_as_much_later_as_the_clocks_jump() -> None:
    daily = Schedule(times=(time(2, 30),), timezone="Europe/Paris")

    assert due(daily, "2026-03-29T01:29:59Z").name == "2026-03-28"
    assert due(daily, "2026-03-29T01:30:00Z") == Due(at=at("2026-03-29T01:30Z"), name="2026-03-29")


def test_a_repeated_time_counts_once_the_first_time() -> None:
    daily = Schedule(times=(time(2, 30),), timezone="Europe/Paris")

    first, second = (due(daily, f"2026-10-25T0{hour}:30:00Z") for hour in (0, 1))

    assert first == second == Due(at=at("2026-10-25T00:30Z"), name="2026-10-25")
    assert due(daily, "2026-10-25T00:29:59Z").name == "2026-10-24"


def test_a_day_that_a_time_zone_never_had_is_no_gap() -> None:
    daily = Schedule(times=SEVEN, timezone="Pacific/Apia")

    before, after = (due(daily, f"2011-12-{day}T16:59:59Z").at for day in (30, 31))

    assert before == at("2011-12-29T17:00Z")
    assert after == at("2011-12-30T17:00Z")


SCHEDULES = st.builds(
    lambda weekdays, days, times, zone: Schedule(
        # Either days of the week or of the month: both together may never meet.
        weekdays=frozenset(weekdays) if not days else frozenset(range(7)),
        days=frozenset(days),
        times=tuple(sorted(times)),
        timezone=zone,
    ),
    st.sets(st.integers(0, 6), min_size=1),
    st.sets(st.integers(1, 31), max_size=3),
    st.sets(st.times().map(lambda at: at.replace(second=0, microsecond=0)), min_size=1, max_size=3),
    st.sampled_from(ZONES),
)
MOMENTS = st.datetimes(
    min_value=datetime(2009, 1, 1),  # noqa: DTZ001 - the strategy adds the zone
    max_value=datetime(2030, 1, 1),  # noqa: DTZ001
    timezones=st.just(UTC),
)


def all_dues(schedule: Schedule, around: datetime) -> list[datetime]:
    """
    Every due moment near a moment, found by trying each day of the calendar.
    """
    days = [around.date() + timedelta(days=offset) for offset in range(-70, 3)]
    return [
        datetime.combine(day, at, ZoneInfo(schedule.timezone)).astimezone(UTC)
        for day in days
        for at in schedule.times
        if is_due_on(schedule, day)
    ]


def is_due_on(schedule: Schedule, day: date) -> bool:
    is_last = (day + timedelta(days=1)).month != day.month
    numbers = range(day.day, 32) if is_last else (day.day,)
    of_month = not schedule.days or not schedule.days.isdisjoint(numbers)
    return day.weekday() in schedule.weekdays and of_month


@settings(max_examples=150, deadline=None)
@given(SCHEDULES, MOMENTS)
def test_nothing_is_due_between_an_issue_and_its_run(schedule: Schedule, moment: datetime) -> None:
    found = schedule.due_before(moment)

    assert found.at == max(each for each in all_dues(schedule, moment) if each <= moment)
    assert schedule.due_before(found.at) == found


@settings(max_examples=100, deadline=None)
@given(SCHEDULES, MOMENTS, st.timedeltas(timedelta(0), timedelta(days=40)))
def test_a_later_run_is_never_of_an_earlier_issue(
    schedule: Schedule, moment: datetime, later: timedelta
) -> None:
    assert schedule.due_before(moment).at <= schedule.due_before(moment + later).at


@settings(max_examples=100, deadline=None)
@given(SCHEDULES, MOMENTS)
def test_two_issues_never_share_a_name(schedule: Schedule, moment: datetime) -> None:
    last = schedule.due_before(moment)
    earlier = schedule.due_before(last.at - timedelta(microseconds=1))

    assert earlier.at < last.at
    assert earlier.name != last.name


@given(
    moment=st.datetimes(
        datetime(2024, 1, 1),  # noqa: DTZ001 - bounds have no zone
        datetime(2028, 12, 31),  # noqa: DTZ001
        timezones=st.just(UTC),
    ),
    zone=st.sampled_from(ZONES),
    hour=st.integers(0, 23),
    weekdays=st.sets(st.integers(0, 6), min_size=1),
)
def test_the_next_due_moment_is_the_first_one_after(
    moment: datetime, zone: str, hour: int, weekdays: set[int]
) -> None:
    schedule = Schedule(weekdays=frozenset(weekdays), times=(time(hour, 30),), timezone=zone)

    found = schedule.due_after(moment)

    assert found.at > moment
    assert schedule.due_before(found.at) == found
    assert schedule.due_before(found.at - timedelta(microseconds=1)).at <= moment


def test_a_moment_that_is_due_is_not_after_itself() -> None:
    daily = Schedule(times=SEVEN, timezone="UTC")

    assert daily.due_after(at("2026-11-23T06:59Z")).name == "2026-11-23"
    assert daily.due_after(at("2026-11-23T07:00Z")).name == "2026-11-24"
