"""
What `[report]` comes to.
"""

from dataclasses import dataclass, field
from typing import Literal

When = Literal["always", "trouble"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportSettings:
    """
    To whom, and after which runs.
    """

    to: str | None = field(repr=False)  #: None: nobody is mailed
    when: When
