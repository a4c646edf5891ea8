"""
How long an answer is good for.
"""

import re
from collections.abc import Mapping
from datetime import timedelta

#: What servers ask for counts between these.
LEAST, MOST = timedelta(days=1), timedelta(days=30)
UNSAID = timedelta(days=7)
#: Of what is not there, or no picture.
GONE = timedelta(days=7)
REFUSED = timedelta(days=30)
#: Of what may be better soon: doubled with each failure.
FIRST_WAIT, LONGEST_WAIT = timedelta(hours=1), timedelta(days=1)
#: Statuses that say nothing of the picture: too early, too many, and all of the server's own.
PASSING = {408, 425, 429}
SERVER_ERRORS = 500
MAX_AGE = re.compile(r"(?:^|[,\s])max-age\s*=\s*\"?(\d{1,10})", re.IGNORECASE)


def freshness(headers: Mapping[str, str]) -> timedelta:
    """
    Of a picture that came.
    """
    found = MAX_AGE.search(headers.get("cache-control", ""))
    if not found:
        return UNSAID
    return min(MOST, max(LEAST, timedelta(seconds=int(found[1]))))


def patience(status: int | None, failures: int, *, refused: bool) -> timedelta:
    """
    How long not to ask again after so many failures in a row.
    """
    if refused:
        return REFUSED
    if status is not None and status not in PASSING and status < SERVER_ERRORS:
        return GONE
    doublings = max(0, min(failures - 1, 10))
    return min(LONGEST_WAIT, FIRST_WAIT * (1 << doublings))
