"""
The stages, put together. The only module that knows all of them; it decides nothing.

    read_articles
    | select_edition    once per set of topics
    | illustrate
    | render
    | compose           once per subscriber, from here on
    | sign
    | send
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from .errors import DigestError, NotFoundError, SettingsError
from .model import (
    Article,
    Edition,
    Issue,
    Letter,
    Newsletter,
    Page,
    Problem,
    Receipt,
    Recipient,
    Subscriber,
    Window,
)
from .reader import read_articles
from .selector import group_by_topics, select_edition
from .settings import Settings
from .tokens import PREVIEW_KEY, Key, marks_for

if TYPE_CHECKING:
    from .pictures import FolderCache
    from .ports import Transport
    from .renderer import Renderer
    from .sender import Allowance, Sending
    from .signer import Signer
    from .store import Store
