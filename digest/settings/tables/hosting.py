"""
Where readers' mail programs get pictures from: keys of `[images]`, and the table `[images.s3]`.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Self

from pydantic import model_validator

from ..hosting import Delivery, HostingSettings, S3Settings
from .values import Line, SiteUrl, Table


class S3Table(Table):
    bucket: Line
    endpoint: SiteUrl | None = None
    region: Line = "us-east-1"
    prefix: Line | None = None
    access_key: Line | None = None
    secret_key_file: Line | None = None


class HostingTable(Table):
    delivery: Delivery = "hosted"
    public_url: SiteUrl | None = None
    publish: Line | None = None
    s3: S3Table | None = None

    @model_validator(mode="after")
    def _refuse_contradictions(self) -> Self:
        if self.delivery == "s3" and not (self.s3 and self.public_url):
            raise ValueError('should have public_url and a table [images.s3] with delivery = "s3"')
        if self.delivery != "s3" and self.s3:
            raise ValueError('should say delivery = "s3", or have no table [images.s3]')
        if self.delivery == "s3" and self.publish:
            raise ValueError('should have no publish with delivery = "s3": pictures go one way')
        return self


def hosting_settings(
    table: HostingTable, environ: Mapping[str, str], below: Callable[[str], Path]
) -> HostingSettings:
    """
    The values behind the keys; `below` makes a path absolute.
    """
    return HostingSettings(
        delivery=table.delivery,
        public_url=table.public_url,
        publish=below(table.publish) if table.publish else None,
        s3=_s3(table.s3, environ, below) if table.s3 else None,
    )


def _s3(table: S3Table, environ: Mapping[str, str], below: Callable[[str], Path]) -> S3Settings:
    """
    The secret comes from systemd, from a file, or from the environment, in this order.
    """
    credential = Path(environ.get("CREDENTIALS_DIRECTORY", "/nonexistent"), "s3_secret_key")
    named = table.secret_key_file or environ.get("DIGEST_S3_SECRET_KEY_FILE")
    file = credential if credential.is_file() else below(named) if named else None
    amazon_key, amazon_secret = "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"
    return S3Settings(
        bucket=table.bucket,
        endpoint=table.endpoint,
        region=table.region,
        prefix=(table.prefix or "").strip("/"),
        access_key=table.access_key or environ.get("DIGEST_S3_ACCESS_KEY", environ.get(amazon_key)),
        secret_key=environ.get("DIGEST_S3_SECRET_KEY", environ.get(amazon_secret)),
        secret_key_file=file,
    )
