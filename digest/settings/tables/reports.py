"""
The table `[report]`: who is told what became of each issue.
"""

from typing import Annotated

from pydantic import AfterValidator

from ...addresses import normalize_own_address
from ..reports import When
from .values import Table


def _address(value: str) -> str:
    try:
        return normalize_own_address(value)
    except ValueError as error:
        raise ValueError(f"the address {error}") from None


class ReportTable(Table):
    to: Annotated[str, AfterValidator(_address)] | None = None
    when: When = "always"
