"""
The network half of stage 3: pictures on other people's servers come into the cache.

What is kept and fresh is left alone, what is kept and old is asked for with its validators. Of an
article's pictures those behind the first are fetched only where those before them failed.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from ..fetching import FetchLimits
from ..model import LEAD, Sought
from ..ports import PictureCache
from .notes import FolderNotes, Note

if TYPE_CHECKING:
    from ..fetching.client import Client

__all__ = ["FolderNotes", "Gathered", "Gatherer", "Note"]

#: Called with the number of articles that are settled, and of all.
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Gathered:
    """
    What one run did for the pictures of its articles.
    """

    articles: int = 0
    fetched: int = 0  #: came, and were worth keeping
    unchanged: int = 0  #: their server has nothing newer
    kept: int = 0  #: were there, and fresh
    failed: int = 0
    waiting: int = 0  #: failed lately, and are not asked for again yet
    bytes: int = 0  #: downloaded
    unsettled: int = 0  #: articles for which the time was too short
    offline: bool = False  #: many hosts were asked, and nobody answered
    troubles: tuple[tuple[str, str], ...] = field(default=(), repr=False)  #: address -> why


@dataclass(frozen=True, slots=True, kw_only=True)
class Gatherer:
    """
    Fetches pictures for articles. Safe beside other runs: both come to the same files.
    """

    cache: PictureCache
    notes: FolderNotes
    client: "Callable[[], Client]"
    limits: FetchLimits
    rules: str  #: changes with every setting that could let pass what was refused
    clock: Callable[[], datetime]

    def gather(
        self, sought: Sequence[Sequence[Sought]], *, progress: Progress = lambda *_: None
    ) -> Gathered:
        """
        Fetch what is not there, for each article from its first picture on until one will do.

        Ends in time, with what is there by then. CacheError if the cache cannot be written.
        """
        # The large ones first: they would be missed most.
        wanted = sorted(filter(None, sought), key=lambda each: each[0].slot != LEAD)
        if not wanted:
            return Gathered()
        from .phase import Phase

        return Phase(self, wanted, progress).run()
