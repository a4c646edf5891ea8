"""
How long deferred letters are tried.
"""

from datetime import timedelta

from .values import Duration, Table


class RetriesTable(Table):
    deadline: Duration = timedelta(hours=24)
    patience: Duration | None = None
