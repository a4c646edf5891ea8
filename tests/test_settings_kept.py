"""
A configuration that has not changed is not checked again, and nobody can tell, but for the time.
"""

import os
import pickle
import stat
import sys
from collections.abc import Callable, Mapping
from dataclasses import fields
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from digest.errors import SettingsError
from digest.settings import Settings, kept, load_settings
from tests.program import SITE, WEEKLY, run_digest

SMTP = """
    [smtp]
    host = "mail.example.org"
    username = "digest"
    """
SECRET = "correct horse battery staple"


class Home:
    """
    A configuration, and a folder for caches.
    """

    def __init__(self, folder: Path) -> None:
        self.config, self.caches = folder / "digest.toml", folder / "caches"
        self.write(SITE, WEEKLY)

    def write(self, *tables: str) -> None:
        self.config.write_text("\n".join(dedent(table) for table in tables), "utf-8")

    def load(self, **environ: str) -> Settings:
        return load_settings(self.config, {"XDG_CACHE_HOME": str(self.caches)} | environ)

    @property
    def files(self) -> list[Path]:
        return sorted(path for path in self.caches.rglob("*") if path.is_file())

    def mark_kept(self) -> None:
        """
        Meddle with what was kept: the settings then show whether they come from there.
        """
        (file,) = self.files
        state, text, names, parts = pickle.loads(file.read_bytes()[kept.SUM :])  # noqa: S301
        self.keep((state, text, names, parts | {"outbox": pickle.dumps(Path("/kept"))}))

    def keep(self, values: object) -> None:
        (file,) = self.files
        data = pickle.dumps(values)
        file.write_bytes(kept._sum_of(data) + data)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


def values_of(settings: Settings) -> Mapping[str, Any]:
    return {each.name: getattr(settings, each.name) for each in fields(settings)}


def test_what_is_kept_is_what_was_read(home: Home) -> None:
    home.write(
        SITE,
        WEEKLY,
        SMTP,
        """
        [topics.Science]
        keywords = ["comet"]
        [images]
        allow_nets = ["10.20.0.0/16"]
        [bounces.imap]
        host = "imap.example.org"
        username = "bounce"
        """,
    )
    first = home.load()

    second = home.load()

    assert values_of(second) == values_of(first) == values_of(load_settings(home.config, {}))
    assert second.newsletter("weekly").title == "The Weekly"


def test_a_configuration_that_has_not_changed_comes_from_what_is_kept(home: Home) -> None:
    home.load()
    home.mark_kept()

    assert home.load().outbox == Path("/kept")


def test_one_that_has_changed_is_checked_again(home: Home) -> None:
    home.load()
    home.mark_kept()

    home.write(SITE, WEEKLY, "[outbox]\npath = 'letters'")
    assert home.load().outbox == home.config.parent / "letters"

    home.write(SITE, WEEKLY, "[outbox]\npaht = 'letters'")
    with pytest.raises(SettingsError, match="paht"):
        home.load()


def test_another_version_of_the_program_checks_again(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    home.load()
    home.mark_kept()
    monkeypatch.setattr(sys, "version", "4.0")

    assert home.load().outbox == home.config.parent / "outbox"


@pytest.mark.parametrize("name", ["DIGEST_SMTP_PASSWORD", "DIGEST_STORE_PASSWORD"])
def test_no_secret_of_the_environment_is_kept(home: Home, name: str) -> None:
    home.write(SITE, WEEKLY, SMTP)

    home.load(**{name: SECRET})

    assert not home.files


def test_what_the_environment_says_now_counts(home: Home) -> None:
    home.write(SITE, WEEKLY, SMTP)
    home.load()
    home.mark_kept()

    settings = home.load(DIGEST_SMTP_PASSWORD=SECRET)

    assert settings.smtp is not None
    assert settings.smtp.relays[0].read_password() == SECRET
    assert settings.outbox == home.config.parent / "outbox"


def test_a_secret_file_of_systemd_counts_although_settings_are_kept(home: Home) -> None:
    home.write(SITE, WEEKLY, SMTP)
    home.load()
    credentials = home.config.parent / "credentials"
    credentials.mkdir()
    (credentials / "smtp_password").write_text(SECRET)

    settings = home.load(CREDENTIALS_DIRECTORY=str(credentials))

    assert settings.smtp is not None
    assert settings.smtp.relays[0].read_password() == SECRET


def test_only_its_owner_reads_it(home: Home) -> None:
    home.load()

    (file,) = home.files
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700


@pytest.mark.skipif(os.geteuid() != 0, reason="only the superuser gives files away")
def test_what_somebody_else_wrote_is_not_read(home: Home) -> None:
    home.load()
    home.mark_kept()
    os.chown(home.files[0], 65534, 65534)

    assert home.load().outbox == home.config.parent / "outbox"


class Trap:
    """
    Would run a command where pickles are read without care.
    """

    def __reduce__(self) -> tuple[Callable[[str], int], tuple[str]]:
        return os.system, ("touch caught",)


def test_a_file_that_would_run_something_is_passed_over(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(home.config.parent)
    home.load()

    home.keep(Trap())

    assert home.load().outbox == home.config.parent / "outbox"
    assert not Path("caught").exists()


@pytest.mark.parametrize("data", [b"", b"garbage", bytes(2_000), b"\x80\x05."])
def test_a_damaged_file_is_passed_over_and_written_anew(home: Home, data: bytes) -> None:
    home.load()
    home.files[0].write_bytes(data)

    assert home.load().outbox == home.config.parent / "outbox"
    home.mark_kept()
    assert home.load().outbox == Path("/kept")


def test_one_bit_that_has_turned_is_noticed(home: Home) -> None:
    home.load()
    home.mark_kept()
    (file,) = home.files
    data = bytearray(file.read_bytes())
    data[-20] ^= 1
    file.write_bytes(data)

    assert home.load().outbox == home.config.parent / "outbox"


def test_two_configurations_of_one_place_are_not_confused(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept, "PLACES", 1)
    (tmp_path / "other").mkdir()
    other = Home(tmp_path / "other")
    other.caches = home.caches

    for _ in range(2):
        assert home.load().outbox == tmp_path / "outbox"
        assert other.load().outbox == tmp_path / "other" / "outbox"
    assert len(home.files) == 1


@pytest.mark.parametrize(
    "environ", [{}, {"XDG_CACHE_HOME": "relative"}, {"XDG_CACHE_HOME": "/dev/null"}]
)
def test_where_nothing_can_be_kept_everything_works(
    home: Home, environ: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(home.config.parent)

    for _ in range(2):
        assert load_settings(home.config, environ).outbox == home.config.parent / "outbox"
    assert [path.name for path in home.config.parent.iterdir()] == ["digest.toml"]


def test_a_command_keeps_its_settings_in_the_folder_for_caches(tmp_path: Path) -> None:
    home = Home(tmp_path)
    (tmp_path / "content").mkdir()

    environ = {"HOME": str(tmp_path / "me"), "XDG_CACHE_HOME": ""}
    for _ in range(2):
        ran = run_digest("select", "weekly", "--json", cwd=tmp_path, environ=environ)
        assert ran.status == 0, ran

    assert [path.suffix for path in (tmp_path / "me" / ".cache" / "digest").iterdir()] == [
        ".settings"
    ]
    assert not home.files
