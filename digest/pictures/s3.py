"""
Storage that speaks S3, anybody's: pictures are put there once and may be kept for ever.
"""

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import PublishAway, PublishError
from .publishing import read_sound

if TYPE_CHECKING:
    from obstore.store import S3Store

CONTENT_TYPES = {".jpg": "image/jpeg", ".png": "image/png"}
FOR_EVER = "public, max-age=31536000, immutable"
AT_ONCE = 8
SECONDS = 30
EVERYWHERE = "*,0.0.0.0/0,::/0"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bucket:
    """
    Where pictures are put, and as whom.
    """

    name: str
    endpoint: str | None  #: None: Amazon's own
    region: str
    prefix: str = ""
    access_key: str
    secret_key: str = field(repr=False)


class S3Host:
    """
    Puts pictures into a bucket, under the names they have in the cache.
    """

    def __init__(self, bucket: Bucket) -> None:
        self._bucket = bucket

    def publish(self, pictures: Mapping[str, Path], /) -> int:
        store = self._open()
        with ThreadPoolExecutor(AT_ONCE) as pool:
            return sum(pool.map(lambda each: self._put_missing(store, *each), pictures.items()))

    def _open(self) -> "S3Store":
        try:
            from obstore.store import S3Store
        except ImportError:
            raise PublishError(
                "pictures in S3 need an extra: pip install 'newsletter-digest[s3]'"
            ) from None
        bucket = self._bucket
        with self._explained():
            return S3Store(
                bucket.name,
                prefix=bucket.prefix or None,
                endpoint=bucket.endpoint,
                region=bucket.region,
                access_key_id=bucket.access_key,
                secret_access_key=bucket.secret_key,
                client_options={
                    "allow_http": True,
                    "timeout": timedelta(seconds=SECONDS),
                    # One that is excepted everywhere, so that the environment's is not asked.
                    "proxy_url": "http://127.0.0.1",
                    "proxy_excludes": EVERYWHERE,
                },
                retry_config={"max_retries": 3, "retry_timeout": timedelta(seconds=SECONDS)},
            )

    def _put_missing(self, store: "S3Store", name: str, path: Path) -> bool:
        import obstore

        with self._explained():
            try:
                there = obstore.head(store, name)
                if not path.exists() or there["size"] == path.stat().st_size:
                    return False
            except FileNotFoundError:
                pass  # Or the bucket is: the next answer says so.
            kind = {"Content-Type": CONTENT_TYPES[path.suffix], "Cache-Control": FOR_EVER}
            obstore.put(store, name, read_sound(path), attributes=kind)
        return True

    @contextmanager
    def _explained(self) -> Iterator[None]:
        """
        What is wrong with the storage, in a line, with the remedy.
        """
        from obstore.exceptions import (
            BaseError,
            PermissionDeniedError,
            UnauthenticatedError,
        )

        place = f"the bucket {self._bucket.name} at {self._bucket.endpoint or 'Amazon S3'}"
        try:
            yield
        except FileNotFoundError:
            raise PublishError(f"there is no {place.removeprefix('the ')}: see images.s3") from None
        except (PermissionDeniedError, UnauthenticatedError):
            raise PublishError(f"{place} refuses our key: see images.s3 and its secret") from None
        except BaseError as error:
            raise PublishAway(
                f"{place} cannot be used just now: {_reason_of(error)}; see images.s3, or run again"
            ) from None


def _reason_of(error: Exception) -> str:
    """
    What went wrong, without what was asked and how often.
    """
    return str(error).strip().partition("\n")[0].rpartition("  - ")[2][:160]
