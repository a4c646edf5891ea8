"""
The table `[report]`: who is told what became of each issue.
"""

from dataclasses import dataclass, field
from typing import Annotated, Literal

from pydantic import AfterValidator

from ..addresses import normalize_own_address
from .values import Table

When = Literal["always", "trouble"]


def _address(value: str) -> str:
    try:
        return normalize_own_address(value)
    except ValueError as error:
        raise ValueError(f"the address {error}") from None


class ReportTable(Table):
    to: Annotated[str, AfterValidator(_address)] | None = None
    when: When = "always"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportSettings:
    """
    To whom, and after which runs.
    """

    to: str | None = field(repr=False)  #: None: nobody is mailed
    when: When
