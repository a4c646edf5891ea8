"""
Which subscriptions a report ends, by each newsletter's own policy.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

from ..model import Event, Meaning, Policy, Standing, State


def decide(
    kind: Meaning,
    newsletter: int,
    standings: Sequence[Standing],
    policies: Mapping[str, Policy],
    now: datetime,
) -> dict[int, State]:
    """
    By newsletter number. The report is about a letter of `newsletter`, and among the events.

    A mailbox that is gone is gone for every newsletter; each decides for itself what is enough.
    """
    of = {each.newsletter: policies.get(each.newsletter_id, Policy()) for each in standings}
    match kind:
        case Meaning.LEAVE:
            return {newsletter: State.UNSUBSCRIBED} if newsletter in of else {}
        case Meaning.COMPLAINT:
            scope = of[newsletter].complaint if newsletter in of else "none"
            return {
                number: State.COMPLAINED
                for number in of
                if scope == "all" or (scope == "this" and number == newsletter)
            }
        case Meaning.HARD | Meaning.SOFT:
            return {
                each.newsletter: State.BOUNCED
                for each in standings
                if is_enough(each.events, of[each.newsletter], now)
            }
    return {}


def is_enough(events: Sequence[Event], policy: Policy, now: datetime) -> bool:
    """
    Whether there were as many failures of late as the policy allows.

    Hard ones count on their own; of all together each good delivery since takes one off.
    """
    hard = failures = 0
    for event in events:
        if now - event.at > policy.within:
            continue
        match event.kind:
            case Meaning.HARD:
                hard, failures = hard + 1, failures + 1
            case Meaning.SOFT:
                failures += 1
            case Meaning.DELIVERED:
                failures = max(0, failures - 1)
    return bool(0 < policy.hard <= hard or 0 < policy.soft <= failures)
