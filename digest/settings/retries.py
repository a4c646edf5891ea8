"""
How long deferred letters are tried.
"""

from dataclasses import dataclass
from datetime import timedelta

from .values import Duration, Table


class RetriesTable(Table):
    deadline: Duration = timedelta(hours=24)
    patience: Duration | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RetrySettings:
    """
    When a letter is given up, and how long a run waits for its next attempt.
    """

    deadline: timedelta  #: after the issue was made
    patience: timedelta  #: of a run; the next run tries again in any case
