"""
Where readers' mail programs get pictures from: keys of `[images]`, and the table `[images.s3]`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Self

from pydantic import model_validator

from ..errors import SettingsError
from .values import Line, SiteUrl, Table

Delivery = Literal["hosted", "s3", "embedded"]


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


@dataclass(frozen=True, slots=True, kw_only=True)
class S3Settings:
    """
    A bucket, and where its secret key is; the file is read when it is needed.
    """

    bucket: str
    endpoint: str | None  #: None: Amazon's own
    region: str
    prefix: str
    access_key: str | None
    secret_key: str | None = field(repr=False)
    secret_key_file: Path | None

    def read_keys(self) -> tuple[str, str]:
        """
        The access key and the secret key. SettingsError if there are none.
        """
        secret = self.secret_key
        if self.secret_key_file:
            try:
                secret = self.secret_key_file.read_text("utf-8").strip()
            except (OSError, ValueError) as error:
                reason = getattr(error, "strerror", None) or "it is no text"
                raise SettingsError(
                    f"images.s3.secret_key_file: {self.secret_key_file} cannot be read: {reason}"
                ) from None
        if not self.access_key or not secret:
            raise SettingsError(
                "images.s3 has no key: set DIGEST_S3_ACCESS_KEY and DIGEST_S3_SECRET_KEY,"
                " or name a file in images.s3.secret_key_file"
            )
        return self.access_key, secret


@dataclass(frozen=True, slots=True, kw_only=True)
class HostingSettings:
    """
    How pictures get to readers.
    """

    delivery: Delivery
    public_url: str | None  #: None: below the site's own address
    publish: Path | None  #: a folder that a web server publishes
    s3: S3Settings | None


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
