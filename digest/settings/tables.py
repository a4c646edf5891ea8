"""
The tables of digest.toml: their keys, types, defaults and bounds.
"""

from typing import Literal

from pydantic import Field

from .newsletters import NewsletterTable, TopicTable
from .values import Line, Rate, SiteUrl, SqlitePath, Table


class SiteTable(Table):
    name: Line
    url: SiteUrl
    address: Line


class PathTable(Table):
    path: Line


class ContentTable(PathTable):
    path: Line = "content"


class OutboxTable(PathTable):
    path: Line = "outbox"


class TemplatesTable(PathTable):
    path: Line = "templates"


class IssuesTable(PathTable):
    path: Line = "issues"


class ImagesTable(Table):
    cache: Line = "pictures-cache"


class StoreTable(Table):
    url: SqlitePath = "digest.db"


class SmtpTable(Table):
    host: Line
    port: int = Field(default=587, ge=1, le=65_535)
    security: Literal["starttls", "tls", "none"] = "starttls"
    username: Line | None = None
    password_file: Line | None = None
    ca_file: Line | None = None
    connections: int = Field(default=4, ge=1, le=100)
    rate: Rate | None = None


class DkimTable(Table):
    domain: Line
    selector: Line
    key_file: Line


class Root(Table):
    site: SiteTable
    content: ContentTable = ContentTable()
    store: StoreTable = StoreTable()
    outbox: OutboxTable = OutboxTable()
    images: ImagesTable = ImagesTable()
    issues: IssuesTable = IssuesTable()
    templates: TemplatesTable = TemplatesTable()
    smtp: SmtpTable | None = None
    dkim: DkimTable | None = None
    topics: dict[str, TopicTable] = Field(default_factory=dict)
    newsletters: dict[str, NewsletterTable]
