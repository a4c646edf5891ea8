"""
`digest.toml` and the environment become one frozen object, once.
"""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from difflib import get_close_matches
from pathlib import Path

from ..errors import NotFoundError, SettingsError
from ..model import Brand, Newsletter, Problem, Site, Topic
from ..text import mask_addresses
from .bounces import BounceSettings, ImapSettings
from .brand import brand_of
from .delivery import PaceSettings, SmtpSettings, pace_settings, smtp_settings
from .dns import name_server
from .hosting import HostingSettings, S3Settings, hosting_settings
from .images import ImageSettings, image_settings
from .newsletters import NewsletterTable
from .problems import problems_of
from .reports import ReportSettings
from .retries import RetrySettings
from .secrets import below, read_password, read_secret
from .tables import DkimTable, Root, StoreTable
from .topics import contradictions_of, topic_of
from .values import SQLITE
from .web import WebSettings

#: Not to be chosen: whatever is not an index under that name is replaced by one.
INDEX = ".digest-articles.index"
AT_LINE = re.compile(r"\(at line (\d+)")

__all__ = [
    "BounceSettings",
    "DkimSettings",
    "HostingSettings",
    "ImageSettings",
    "ImapSettings",
    "S3Settings",
    "Settings",
    "SmtpSettings",
    "StoreSettings",
    "WebSettings",
    "load_settings",
]


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
    images: ImageSettings
    hosting: HostingSettings  #: of pictures
    issues: Path  #: the editor's files
    index: Path  #: of parsed articles; may be removed at any time
    templates: Path
    smtp: SmtpSettings | None
    dkim: tuple[DkimSettings, ...]  #: each of them signs every letter
    pace: PaceSettings
    retries: RetrySettings
    topics: tuple[Topic, ...]
    newsletters: Mapping[str, Newsletter]
    brand: Brand  #: of what is about no newsletter in particular
    web: WebSettings
    bounces: BounceSettings
    report: ReportSettings
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


def load_settings(path: Path, environ: Mapping[str, str]) -> Settings:
    """
    Read and check a configuration. SettingsError holds all that is wrong with it, a line each.
    """
    source = _read(path)
    try:
        document = tomllib.loads(source)
    except (ValueError, RecursionError) as error:
        raise _not_toml(path, str(error)) from None
    problems, root = problems_of(path, source, document)
    if problems or root is None:
        problems += contradictions_of(path, document)
        lines = [f"{each.file}:{each.line or 1}: {each.message}" for each in problems]
        raise SettingsError("\n".join(lines), problems)
    return _settings(path.absolute(), root, environ)


def _not_toml(path: Path, reason: str) -> SettingsError:
    found = AT_LINE.search(reason)
    message = f"not valid TOML: {reason}"
    problem = Problem(file=str(path), line=int(found[1]) if found else None, message=message)
    return SettingsError(f"{path}: {message}", (problem,))


def _read(path: Path) -> str:
    try:
        return path.read_text("utf-8-sig")
    except FileNotFoundError:
        message = (
            f"there is no configuration {path}: `digest init` makes one, --config names another"
        )
        raise SettingsError(message) from None
    except UnicodeDecodeError:
        raise SettingsError(f"{path}: not UTF-8 text: save the file as UTF-8") from None
    except OSError as error:
        raise SettingsError(f"the configuration {path} cannot be read: {error.strerror}") from None


def _settings(path: Path, root: Root, environ: Mapping[str, str]) -> Settings:
    folder = path.parent
    return Settings(
        file=path,
        site=_site(root),
        content=below(folder, root.content.path),
        store=_store(folder, root.store, environ),
        outbox=below(folder, root.outbox.path),
        pictures=below(folder, root.images.cache),
        images=image_settings(root.images),
        hosting=hosting_settings(root.images, environ, lambda path: below(folder, path)),
        issues=below(folder, root.issues.path),
        index=folder / INDEX,
        templates=below(folder, root.templates.path),
        smtp=smtp_settings(folder, root.smtp, environ) if root.smtp else None,
        dkim=tuple(_dkim(folder, table) for table in root.dkim),
        pace=pace_settings(root.pace),
        retries=RetrySettings(
            deadline=root.retries.deadline, patience=root.retries.patience or timedelta(0)
        ),
        topics=tuple(topic_of(path, name, table) for name, table in root.topics.items()),
        newsletters={
            name: _newsletter(name, table, root, brand_of(folder, root.brand, table.brand))
            for name, table in root.newsletters.items()
        },
        brand=brand_of(folder, root.brand),
        web=root.web.settings(),
        bounces=root.bounces.settings(folder, environ),
        report=ReportSettings(to=root.report.to, when=root.report.when),
        name_servers=tuple(map(name_server, root.dns.servers)),
    )


def _site(root: Root) -> Site:
    return Site(
        name=root.site.name,
        url=root.site.url,
        address=root.site.address,
        pictures=root.images.public_url or "",
    )


def _store(folder: Path, table: StoreTable, environ: Mapping[str, str]) -> StoreSettings:
    path = table.url.removeprefix(SQLITE)
    if path != table.url:
        file = below(folder, path)
        url, journals = f"{SQLITE}{file}", file.with_name(file.name + ".journals")
    else:
        url, journals = table.url, folder / "digest.journals"
    return StoreSettings(
        url=url,
        journals=journals,
        password=environ.get("DIGEST_STORE_PASSWORD"),
        password_file=below(folder, table.password_file) if table.password_file else None,
    )


def _newsletter(name: str, table: NewsletterTable, root: Root, brand: Brand) -> Newsletter:
    return Newsletter(
        id=name,
        title=table.title,
        sender=table.sender,
        subject=table.subject,
        topics=tuple(table.topics),
        per_topic=table.per_topic,
        max_articles=table.max_articles,
        min_articles=table.min_articles,
        thin_week=table.thin_week,
        max_window=table.max_window,
        min_heat=table.min_heat,
        min_quality=table.min_quality,
        per_provider=table.per_provider,
        types=tuple(table.types),
        exclude_domains=tuple(table.exclude.domains),
        exclude_words=tuple(table.exclude.words),
        decay=table.decay,
        fold_related=table.fold_related,
        near_duplicates=table.near_duplicates or None,
        order=table.order,
        no_news=table.no_news,
        any_topic=table.any_topic,
        schedule=table.schedule.schedule() if table.schedule else None,
        window=table.window,
        max_delay=table.max_delay,
        theme=table.theme,
        language=table.language,
        timezone=table.schedule.timezone if table.schedule else "UTC",
        brand=brand,
        public=table.public,
        archive=table.archive,
        frequency_of=table.frequency_of,
        bounces=root.bounces.policy(table.bounces),
    )


def _dkim(folder: Path, table: DkimTable) -> DkimSettings:
    return DkimSettings(
        domain=table.domain, selector=table.selector, key_file=below(folder, table.key_file)
    )
