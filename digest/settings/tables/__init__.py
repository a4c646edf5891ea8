"""
The tables of digest.toml: what they may say, what is wrong with them, and what they come to.
"""

import re
import tomllib
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

from ...errors import SettingsError
from ...model import Brand, Newsletter, Problem, Site
from ..delivery import RetrySettings
from ..known import INDEX, SQLITE, DkimSettings, Settings, StoreSettings
from ..reports import ReportSettings
from ..secrets import below
from .brand import brand_of
from .delivery import pace_settings, smtp_settings
from .dns import name_server
from .hosting import hosting_settings
from .images import image_settings
from .newsletters import NewsletterTable
from .problems import problems_of
from .root import DkimTable, Root, StoreTable
from .topics import contradictions_of, topic_of

AT_LINE = re.compile(r"\(at line (\d+)")


def settings_of(path: Path, source: str, environ: Mapping[str, str]) -> Settings:
    """
    Check a configuration, and see what it comes to. SettingsError holds all that is wrong with it.
    """
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
