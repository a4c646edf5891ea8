"""
Pictures in a bucket: put there once, as what they are, or one line says why not.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from digest.errors import PublishAway, PublishError
from digest.pictures.s3 import Bucket, S3Host

from .photos import a_photo
from .s3d import ACCESS_KEY, SECRET_KEY, Storage, running_storage


@pytest.fixture
def storage() -> Iterator[Storage]:
    with running_storage() as storage:
        yield storage


@pytest.fixture
def bucket(storage: Storage) -> Bucket:
    return Bucket(
        name=storage.bucket,
        endpoint=storage.url,
        region="eu-west-3",
        prefix="pictures",
        access_key=ACCESS_KEY,
        secret_key=SECRET_KEY,
    )


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    """
    Some pictures of a cache.
    """
    found = {}
    for width in range(240, 245):
        data = a_photo(width)
        digest = hashlib.sha256(data).hexdigest()[:32]
        name = f"{digest[:2]}/{digest}.png"
        found[name] = tmp_path / name
        found[name].parent.mkdir(exist_ok=True)
        found[name].write_bytes(data)
    return found


def test_the_environment_s_proxy_is_not_asked(
    bucket: Bucket, files: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")

    assert S3Host(bucket).publish(files) == 5


def test_pictures_are_put_with_their_type_and_may_be_kept_for_ever(
    storage: Storage, bucket: Bucket, files: dict[str, Path]
) -> None:
    assert S3Host(bucket).publish(files) == 5

    for name, path in files.items():
        data, headers = storage.objects[f"/letters/pictures/{name}"]
        assert data == path.read_bytes()
        assert headers == {
            "Content-Type": "image/png",
            "Cache-Control": "public, max-age=31536000, immutable",
        }


def test_only_what_is_missing_is_put(
    storage: Storage, bucket: Bucket, files: dict[str, Path]
) -> None:
    S3Host(bucket).publish(files)
    (first, *_) = files
    del storage.objects[f"/letters/pictures/{first}"]
    storage.asked.clear()

    assert S3Host(bucket).publish(files) == 1

    assert storage.methods("PUT") == [f"/letters/pictures/{first}"]


def test_what_was_put_by_half_is_put_again(
    storage: Storage, bucket: Bucket, files: dict[str, Path]
) -> None:
    S3Host(bucket).publish(files)
    (first, *_) = files
    data, headers = storage.objects[f"/letters/pictures/{first}"]
    storage.objects[f"/letters/pictures/{first}"] = data[:10], headers

    assert S3Host(bucket).publish(files) == 1
    assert storage.objects[f"/letters/pictures/{first}"][0] == data


def test_a_prefix_is_not_needed(storage: Storage, bucket: Bucket, files: dict[str, Path]) -> None:
    S3Host(replace(bucket, prefix="")).publish(files)

    assert storage.objects.keys() == {f"/letters/{name}" for name in files}


def test_what_the_cache_lost_need_not_be_there_if_it_was_put_before(
    storage: Storage, bucket: Bucket, files: dict[str, Path]
) -> None:
    S3Host(bucket).publish(files)
    for path in files.values():
        path.unlink()

    assert S3Host(bucket).publish(files) == 0


def test_a_picture_that_is_gone_is_named(bucket: Bucket, files: dict[str, Path]) -> None:
    path = next(iter(files.values()))
    path.write_bytes(b"damaged")

    with pytest.raises(PublishError, match=f"the picture {path} is gone or damaged"):
        S3Host(bucket).publish(files)


def test_an_unknown_bucket_is_an_error_of_one_line(
    bucket: Bucket, files: dict[str, Path], storage: Storage
) -> None:
    with pytest.raises(PublishError) as caught:
        S3Host(replace(bucket, name="lettres")).publish(files)

    assert caught.value.exit_status == 1
    assert str(caught.value) == f"there is no bucket lettres at {storage.url}: see images.s3"


@pytest.mark.parametrize("wrong", [{"access_key": "AKIDOTHER"}, {"secret_key": "guessed"}])
def test_a_wrong_key_is_an_error_of_one_line(
    bucket: Bucket, files: dict[str, Path], wrong: dict[str, str]
) -> None:
    with pytest.raises(PublishError) as caught:
        S3Host(replace(bucket, **wrong)).publish(files)

    message = str(caught.value)
    assert "refuses our key: see images.s3" in message
    assert "\n" not in message
    assert not any(secret in message for secret in wrong.values())


def test_a_storage_that_is_away_is_for_another_run(bucket: Bucket, files: dict[str, Path]) -> None:
    nobody = replace(bucket, endpoint="http://127.0.0.1:9")

    with pytest.raises(PublishAway, match="cannot be used just now") as caught:
        S3Host(nobody).publish(files)

    assert caught.value.exit_status == 75
    assert "\n" not in str(caught.value)


def test_a_key_is_in_no_repr(bucket: Bucket) -> None:
    assert SECRET_KEY not in repr(bucket)
