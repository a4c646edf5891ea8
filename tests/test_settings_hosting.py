"""
Where pictures are loaded from: the keys of it, and who keeps the secret.
"""

from pathlib import Path

import pytest

from digest.errors import SettingsError
from digest.settings import Settings, load_settings
from digest.settings.hosting import HostingSettings

from .program import SITE, WEEKLY

S3 = """
    [images]
    delivery = "s3"
    public_url = "https://pictures.example.org/"
    [images.s3]
    bucket = "letters"
    """


def load(folder: Path, *tables: str, **environ: str) -> Settings:
    path = folder / "digest.toml"
    path.write_text("\n".join((SITE, WEEKLY, *tables)), "utf-8")
    return load_settings(path, environ)


def hosting(folder: Path, *tables: str, **environ: str) -> HostingSettings:
    return load(folder, *tables, **environ).hosting


def test_pictures_are_below_the_site_unless_said_otherwise(tmp_path: Path) -> None:
    settings = load(tmp_path)

    assert settings.hosting == HostingSettings(
        delivery="hosted", public_url=None, publish=None, s3=None
    )
    assert settings.site.pictures_url == "https://digests.example.org/i/"


def test_pictures_may_have_an_address_and_a_folder_of_their_own(tmp_path: Path) -> None:
    keys = '[images]\npublic_url = "https://cdn.example.org/p/"\npublish = "public"'

    settings = load(tmp_path, keys)

    assert settings.site.pictures_url == "https://cdn.example.org/p/"
    assert settings.hosting.publish == tmp_path / "public"


def test_a_bucket_has_defaults(tmp_path: Path) -> None:
    found = hosting(tmp_path, S3).s3

    assert found
    assert (found.bucket, found.endpoint, found.region) == ("letters", None, "us-east-1")
    assert found.prefix == ""


def test_a_prefix_has_no_slashes_around_it(tmp_path: Path) -> None:
    found = hosting(tmp_path, S3, 'prefix = "/a/b/"').s3

    assert found
    assert found.prefix == "a/b"


def keys_of(folder: Path, *tables: str, **environ: str) -> tuple[str, str]:
    found = hosting(folder, S3, *tables, **environ).s3
    assert found
    return found.read_keys()


OURS = {"DIGEST_S3_ACCESS_KEY": "ours", "DIGEST_S3_SECRET_KEY": "our secret"}
AMAZON = {"AWS_ACCESS_KEY_ID": "amazon", "AWS_SECRET_ACCESS_KEY": "amazon's secret"}


def test_the_secret_comes_from_the_safest_place(tmp_path: Path) -> None:
    (tmp_path / "credentials").mkdir()
    (tmp_path / "credentials" / "s3_secret_key").write_text("systemd's\n")
    (tmp_path / "file").write_text("file's\n")
    systemd = {"CREDENTIALS_DIRECTORY": str(tmp_path / "credentials")}
    named = 'access_key = "named"\nsecret_key_file = "file"'

    assert keys_of(tmp_path, **AMAZON) == ("amazon", "amazon's secret")
    assert keys_of(tmp_path, **AMAZON, **OURS) == ("ours", "our secret")
    assert keys_of(tmp_path, named, **OURS) == ("named", "file's")
    assert keys_of(tmp_path, DIGEST_S3_SECRET_KEY_FILE="file", **OURS) == ("ours", "file's")
    assert keys_of(tmp_path, named, **systemd) == ("named", "systemd's")


@pytest.mark.parametrize(
    "environ", [{}, {"DIGEST_S3_ACCESS_KEY": "ours"}, {"DIGEST_S3_SECRET_KEY": "our secret"}]
)
def test_a_key_that_is_missing_names_the_remedies(tmp_path: Path, environ: dict[str, str]) -> None:
    with pytest.raises(SettingsError, match="set DIGEST_S3_ACCESS_KEY and DIGEST_S3_SECRET_KEY"):
        keys_of(tmp_path, **environ)


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "binary").write_bytes(b"\xff\xfe")

    with pytest.raises(SettingsError, match=r"secret_key_file: \S+/missing cannot be read: No "):
        keys_of(tmp_path, 'secret_key_file = "missing"')
    with pytest.raises(SettingsError, match=r"secret_key_file: \S+/binary cannot be read: it is"):
        keys_of(tmp_path, 'secret_key_file = "binary"')


def test_the_secret_is_not_in_what_settings_show(tmp_path: Path) -> None:
    assert "our secret" not in repr(load(tmp_path, S3, **OURS))


@pytest.mark.parametrize("key", ["secret_key", "secret_access_key", "secret"])
def test_a_secret_in_the_configuration_is_refused_and_not_shown(tmp_path: Path, key: str) -> None:
    with pytest.raises(SettingsError) as caught:
        load(tmp_path, S3, f'{key} = "hunter2"')

    assert f"images.s3.{key}: secrets do not belong here" in str(caught.value)
    assert "hunter2" not in str(caught.value)


def test_pictures_go_one_way(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="pictures go one way"):
        load(tmp_path, S3.replace("[images]", '[images]\n    publish = "public"'))
