"""
The tables of digest.toml: their keys, types, defaults and bounds.
"""

from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from .bounces import BouncesTable
from .brand import BrandTable
from .delivery import PaceTable, SmtpTable
from .dns import DnsTable
from .images import ImagesTable
from .newsletters import NewsletterTable, TopicTable
from .reports import ReportTable
from .retries import RetriesTable
from .values import Line, SiteUrl, StoreUrl, Table
from .web import WebTable


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


class StoreTable(Table):
    url: StoreUrl = "sqlite:///digest.db"
    password_file: Line | None = None


class DkimTable(Table):
    domain: Line
    selector: Line
    key_file: Line


def _one_or_more(found: Any) -> Any:
    """
    `[dkim]` for one key, `[[dkim]]` for several.
    """
    return [found] if isinstance(found, dict) else found


class Root(Table):
    site: SiteTable
    content: ContentTable = ContentTable()
    store: StoreTable = StoreTable()
    outbox: OutboxTable = OutboxTable()
    images: ImagesTable = ImagesTable()
    issues: IssuesTable = IssuesTable()
    templates: TemplatesTable = TemplatesTable()
    smtp: SmtpTable | None = None
    dkim: Annotated[list[DkimTable], BeforeValidator(_one_or_more)] = Field(default_factory=list)
    brand: BrandTable = BrandTable()
    bounces: BouncesTable = BouncesTable()
    pace: PaceTable = PaceTable()
    retries: RetriesTable = RetriesTable()
    web: WebTable = WebTable()
    dns: DnsTable = DnsTable()
    report: ReportTable = ReportTable()
    topics: dict[str, TopicTable] = Field(default_factory=dict)
    newsletters: dict[str, NewsletterTable]
