"""
One newsletter at several rhythms: what there is to choose from, and how each is called.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from ..model import Newsletter
from ..pipeline.rhythms import siblings_of
from ..schedule import Schedule

WORKING_DAYS = frozenset(range(5))


@dataclass(frozen=True, slots=True, kw_only=True)
class Rhythm:
    """
    One of them; `message` is a sentence for the catalogues.
    """

    newsletter: str
    title: str
    message: str
    current: bool


def rhythms_of(newsletter: Newsletter, newsletters: Mapping[str, Newsletter]) -> list[Rhythm]:
    """
    What there is to choose from; nothing where there is one rhythm only.
    """
    ids = [each for each in siblings_of(newsletter, newsletters) if each in newsletters]
    if len(ids) < 2:  # noqa: PLR2004
        return []
    return [
        Rhythm(
            newsletter=each,
            title=newsletters[each].title,
            message=message_of(newsletters[each].schedule),
            current=each == newsletter.id,
        )
        for each in ids
    ]


def message_of(schedule: Schedule | None) -> str:
    """
    How often that is: a sentence for the catalogues.
    """
    if schedule is None:
        return "now and then"
    if schedule.days:
        return "once a month" if len(schedule.days) == 1 else "several times a month"
    if schedule.weekdays == WORKING_DAYS:
        return "on working days"
    match len(schedule.weekdays):
        case 7:
            return "every day"
        case 1:
            return "once a week"
        case _:
            return "several times a week"
