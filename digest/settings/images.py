"""
What `[images]` says of other people's servers, and of what they send.
"""

from dataclasses import dataclass
from datetime import timedelta

from ..fetching import FetchLimits
from ..guard import Guard
from ..model import PictureLimits


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageSettings:
    """
    What is asked of whom, and what is let in. All other requests of ours go by the same guard.
    """

    guard: Guard
    fetching: FetchLimits
    decoding: PictureLimits
    max_cache: int  #: bytes of pictures that no letter shows
    keep_sent: timedelta  #: how long pictures of sent letters are there at least

    @property
    def rules(self) -> str:
        """
        Differs where a picture that was refused may pass, and the other way round.
        """
        import hashlib

        text = f"{sorted(self.guard.hosts)} {self.guard.nets} {self.fetching} {self.decoding}"
        return hashlib.sha256(text.encode()).hexdigest()[:16]
