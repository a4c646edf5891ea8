"""
A new sender sends more every day, and issues do not wait for ever.
"""

from datetime import datetime
from pathlib import Path

import pytest

from digest.pipeline import Moment
from digest.pipeline.checks import check
from digest.pipeline.plans import plan
from digest.pipeline.ramping import Ramp

from .factories import MONDAY
from .test_pipeline_delivery import DAY, HOUR, WEEK, a_plan, opened, run, subscribe, write_article
from .test_pipeline_delivery import write_settings as write_weekly

READERS = tuple(f"r{number}" for number in range(30))
SCHEDULE = 'schedule = { every = "week", on = "monday", at = "07:00", timezone = "Europe/Paris" }'
DAILY = 'schedule = { every = "day", at = "07:00", timezone = "Europe/Paris" }'


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """
    An article for thirty readers, and four letters on a sender's first day.
    """
    write_weekly(tmp_path)
    write_article(tmp_path, "hello")
    with opened(tmp_path) as pipeline:
        subscribe(pipeline, *READERS)
    change(tmp_path, "", "\n[pace]\nramp_up = 4\n")
    return tmp_path


def change(site: Path, old: str, new: str) -> None:
    config = site / "digest.toml"
    text = config.read_text()
    config.write_text(text.replace(old, new) if old else text + new)


def checked(site: Path, at: datetime = MONDAY + HOUR) -> list[str]:
    with opened(site, now=at) as pipeline:
        problems = check(pipeline, Moment(at=at))
    return [each.message for each in problems if "ramp_up" in each.message]


def sent_daily(site: Path, days: int) -> list[int]:
    return [run(site, at=MONDAY + HOUR + day * DAY).accepted for day in range(days)]


TOO_SLOW = (
    "max_delay: a new sender needs 4 days for 30 letters (pace.ramp_up), but it is overdue before"
    ' that, and the rest would stay unsent; set max_delay = "4d", or pace.ramp_up = 10'
)


def test_a_ramp_that_outlasts_max_delay_is_told_of_with_what_would_do(site: Path) -> None:
    assert checked(site) == [f"newsletters.weekly.{TOO_SLOW}"]
    assert a_plan(site).unsent == TOO_SLOW
    assert sent_daily(site, 4) == [4, 8, 0, 0]


@pytest.mark.parametrize(
    ("old", "new"), [('max_delay = "36h"', 'max_delay = "4d"'), ("ramp_up = 4", "ramp_up = 10")]
)
def test_each_remedy_lets_all_letters_go(site: Path, old: str, new: str) -> None:
    change(site, old, new)

    assert checked(site) == []
    assert a_plan(site).unsent == ""
    assert sum(sent_daily(site, 4)) == 30


def test_less_than_that_would_not_do(site: Path) -> None:
    change(site, "ramp_up = 4", "ramp_up = 9")

    assert len(checked(site)) == 1
    assert sum(sent_daily(site, 7)) < 30


def test_a_ramp_that_outlasts_the_next_issue_is_told_of(site: Path) -> None:
    change(site, SCHEDULE, DAILY)
    change(site, '"36h"', '"9d"')

    (message,) = checked(site)

    assert message == (
        "newsletters.weekly.schedule: a new sender needs 4 days for 30 letters (pace.ramp_up), but"
        " the next issue is due before that, and the rest would stay unsent; set pace.ramp_up = 10"
    )


def test_without_a_schedule_an_issue_has_one_day(site: Path) -> None:
    change(site, SCHEDULE, "")

    (message,) = checked(site)

    assert "without one every day has an issue of its own" in message
    assert message.endswith("; set pace.ramp_up = 30")


def test_an_issue_with_a_name_takes_the_days_it_needs(site: Path) -> None:
    with opened(site) as pipeline:
        weekly = pipeline.settings.newsletter("weekly")
        planned = plan(pipeline, weekly, Moment(at=MONDAY + HOUR, name="special"))

    assert (planned.days, planned.unsent) == (3, "")


def test_what_was_sent_already_needs_no_more_days(site: Path) -> None:
    sent_daily(site, 1)

    # 8 on Tuesday, 16 on Wednesday, and two are left.
    assert "needs 3 days for 26 letters" in checked(site, MONDAY + DAY)[0]
    assert "needs 3 days for 26 letters" in a_plan(site, MONDAY + DAY).unsent


def test_once_an_issue_is_sent_the_next_one_is_looked_at(site: Path) -> None:
    change(site, "ramp_up = 4", "ramp_up = 30")
    assert sent_daily(site, 1) == [30]
    change(site, "ramp_up = 30", "ramp_up = 1")

    # A week later a day takes 128.
    assert checked(site) == []
    change(site, SCHEDULE, DAILY)
    assert "needs 4 days for 30 letters" in checked(site)[0]


def test_who_has_waited_too_long_already_is_told_of_the_next_issue(site: Path) -> None:
    (message,) = checked(site, MONDAY + 3 * DAY)

    assert message == f"newsletters.weekly.{TOO_SLOW}"


def test_a_sender_that_is_not_new_hears_nothing(site: Path) -> None:
    sent_daily(site, 1)

    assert checked(site, MONDAY + 5 * WEEK) == []


def test_a_sender_under_way_needs_fewer_days() -> None:
    ramp = Ramp(first_day=4, day=3, sent=2)

    assert ramp.left == 30
    assert [ramp.days(letters) for letters in (30, 31, 94, 95)] == [0, 1, 1, 2]
    assert Ramp(first_day=ramp.first_day_for(95, 1), day=3, sent=2).days(95) == 1
    assert Ramp(first_day=ramp.first_day_for(95, 1) - 1, day=3, sent=2).days(95) == 2


def test_a_run_whose_day_is_over_says_so_as_well(site: Path) -> None:
    run_error = str(run(site).error)

    assert "run again tomorrow" in run_error
    assert "max_delay: a new sender needs 3 days for 26 letters" in run_error


def test_a_run_whose_rest_has_time_enough_only_says_to_run_again(site: Path) -> None:
    change(site, '"36h"', '"4d"')

    assert str(run(site).error).endswith("run again tomorrow")
