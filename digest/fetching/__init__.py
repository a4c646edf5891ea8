"""
Requests to other people's servers: guarded, bounded in time and size, and polite.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchLimits:
    """
    What one request may take, and how many there may be. Times are in seconds.
    """

    seconds: float = 20  #: for all of it: name, connection, redirects, body
    connect_seconds: float = 5
    read_seconds: float = 10  #: without a byte
    run_seconds: float = 120  #: for all requests together
    at_once: int = 8
    per_host: int = 2
    redirects: int = 5
    max_bytes: int = 10 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """
    What to ask for. Without `body` only the answer's first lines are waited for.
    """

    url: str
    method: str = "GET"
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """
    An answer, whatever its status.
    """

    url: str  #: where the last redirect led
    status: int
    headers: Mapping[str, str]  #: names in small letters
    data: bytes = field(default=b"", repr=False)  #: only of a 200
