"""
`digest.toml` and the environment become one frozen object, once.
"""

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Literal

from ..errors import NotFoundError, SettingsError
from ..model import Newsletter, Site, Topic
from .newsletters import NewsletterTable, TopicTable
from .problems import problems_of
from .tables import DkimTable, Root, SmtpTable

#: Not to be chosen: whatever is not an index under that name is replaced by one.
INDEX = ".digest-articles.index"

__all__ = ["DkimSettings", "Settings", "SmtpSettings", "load_settings"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SmtpSettings:
    """
    The mail server, and where its password is; the file is read when it is needed.
    """

    host: str
    port: int
    security: Literal["starttls", "tls", "none"]
    username: str | None
    password: str | None = field(repr=False)
    password_file: Path | None
    ca_file: Path | None
    connections: int
    rate: float | None  #: letters per second

    def read_password(self) -> str | None:
        """
        The password, or None. SettingsError if its file cannot be read.
        """
        if self.password_file is None:
            return self.password
        secret = _read_secret("smtp.password_file", self.password_file)
        return secret.decode("utf-8", "replace").strip("\r\n")


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
        return _read_secret("dkim.key_file", self.key_file)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """
    Everything a run needs to know before it starts. All paths are absolute.
    """

    file: Path
    site: Site
    content: Path
    store: Path
    outbox: Path
    pictures: Path
    issues: Path  #: the editor's files
    index: Path  #: of parsed articles; may be removed at any time
    templates: Path
    smtp: SmtpSettings | None
    dkim: DkimSettings | None
    topics: tuple[Topic, ...]
    newsletters: Mapping[str, Newsletter]

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
        raise NotFoundError(f'there is no newsletter "{newsletter_id}"; {remedy}')


def load_settings(path: Path, environ: Mapping[str, str]) -> Settings:
    """
    Read and check a configuration. SettingsError holds all that is wrong with it, a line each.
    """
    source = _read(path)
    try:
        document = tomllib.loads(source)
    except (ValueError, RecursionError) as error:
        raise SettingsError(f"{path}: not valid TOML: {error}") from None
    problems, root = problems_of(path, source, document)
    if problems or root is None:
        lines = [f"{each.file}:{each.line or 1}: {each.message}" for each in problems]
        raise SettingsError("\n".join(lines), problems)
    return _settings(path.absolute(), root, environ)


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
        site=Site(name=root.site.name, url=root.site.url, address=root.site.address),
        content=_below(folder, root.content.path),
        store=_below(folder, root.store.url),
        outbox=_below(folder, root.outbox.path),
        pictures=_below(folder, root.images.cache),
        issues=_below(folder, root.issues.path),
        index=folder / INDEX,
        templates=_below(folder, root.templates.path),
        smtp=_smtp(folder, root.smtp, environ) if root.smtp else None,
        dkim=_dkim(folder, root.dkim) if root.dkim else None,
        topics=tuple(_topic(path, name, table) for name, table in root.topics.items()),
        newsletters={name: _newsletter(name, table) for name, table in root.newsletters.items()},
    )


def _topic(path: Path, name: str, table: TopicTable) -> Topic:
    return Topic(
        name=name,
        parent=table.parent,
        keywords=tuple(table.keywords),
        aliases=tuple(table.aliases),
        file=str(path),
    )


def _newsletter(name: str, table: NewsletterTable) -> Newsletter:
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
    )


def _smtp(folder: Path, table: SmtpTable, environ: Mapping[str, str]) -> SmtpSettings:
    """
    The password comes from systemd, from a file, or from the environment, in this order.
    """
    credential = Path(environ.get("CREDENTIALS_DIRECTORY", "/nonexistent"), "smtp_password")
    named = table.password_file or environ.get("DIGEST_SMTP_PASSWORD_FILE")
    file = credential if credential.is_file() else _below(folder, named) if named else None
    return SmtpSettings(
        host=table.host,
        port=table.port,
        security=table.security,
        username=table.username,
        password=environ.get("DIGEST_SMTP_PASSWORD"),
        password_file=file,
        ca_file=_below(folder, table.ca_file) if table.ca_file else None,
        connections=table.connections,
        rate=table.rate,
    )


def _dkim(folder: Path, table: DkimTable) -> DkimSettings:
    return DkimSettings(
        domain=table.domain, selector=table.selector, key_file=_below(folder, table.key_file)
    )


def _below(folder: Path, path: str) -> Path:
    return Path(os.path.normpath(folder / path))


def _read_secret(key: str, path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise SettingsError(f"{key}: {path} cannot be read: {error.strerror}") from None
