"""
All that `digest.toml` and the environment come to, once they were checked.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import NotFoundError
from ..model import Brand, Newsletter, Site, Topic
from ..text import mask_addresses
from .secrets import read_password, read_secret

if TYPE_CHECKING:
    from .bounces import BounceSettings
    from .delivery import PaceSettings, RetrySettings, SmtpSettings
    from .hosting import HostingSettings
    from .images import ImageSettings
    from .reports import ReportSettings
    from .web import WebSettings

SQLITE = "sqlite:///"
#: Not to be chosen: whatever is not an index under that name is replaced by one.
INDEX = ".digest-articles.index"


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreSettings:
    """
    Where the database is. Its password never stands in the address.
    """

    url: str  #: `sqlite:///` and an absolute path, or `postgresql://…`
    journals: Path  #: of the runs on this machine
    password: str | None = field(repr=False)
    password_file: Path | None

    def read_password(self) -> str | None:
        """
        The password, or None: libpq has its own ways to find one.
        """
        return read_password("store.password_file", self.password_file, self.password)


@dataclass(frozen=True, slots=True, kw_only=True)
class DkimSettings:
    """
    The key that signs our letters.
    """

    domain: str
    selector: str
    key_file: Path

    def read_key(self) -> bytes:
        """
        The private key in PEM. SettingsError if its file cannot be read.
        """
        return read_secret("dkim.key_file", self.key_file)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """
    Everything a run needs to know before it starts. All paths are absolute.
    """

    file: Path
    site: Site
    content: Path
    store: StoreSettings
    outbox: Path
    pictures: Path
    images: "ImageSettings"
    hosting: "HostingSettings"  #: of pictures
    issues: Path  #: the editor's files
    index: Path  #: of parsed articles; may be removed at any time
    templates: Path
    smtp: "SmtpSettings | None"
    dkim: tuple[DkimSettings, ...]  #: each of them signs every letter
    pace: "PaceSettings"
    retries: "RetrySettings"
    topics: tuple[Topic, ...]
    newsletters: Mapping[str, Newsletter]
    brand: Brand  #: of what is about no newsletter in particular
    web: "WebSettings"
    bounces: "BounceSettings"
    report: "ReportSettings"
    name_servers: tuple[tuple[str, int], ...]  #: none: those of this machine

    def newsletter(self, newsletter_id: str) -> Newsletter:
        """
        The newsletter of that id. NotFoundError suggests another one.
        """
        if newsletter_id in self.newsletters:
            return self.newsletters[newsletter_id]
        close = get_close_matches(newsletter_id, self.newsletters, n=1)
        remedy = (
            f'did you mean "{close[0]}"?' if close else f"there are: {', '.join(self.newsletters)}"
        )
        # Whoever mixes arguments up gives a reader's address.
        shown = mask_addresses(newsletter_id)
        raise NotFoundError(f'there is no newsletter "{shown}"; {remedy}')
