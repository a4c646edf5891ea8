"""
What `[images]` says of how pictures get to readers.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from ..errors import SettingsError

Delivery = Literal["hosted", "s3", "embedded"]


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
