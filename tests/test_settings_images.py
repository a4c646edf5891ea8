"""
The table [images]: its defaults are the limits' own, and its exceptions are the guard's.
"""

from datetime import timedelta
from ipaddress import ip_network

import pytest
from pydantic import ValidationError

from digest.fetching import FetchLimits
from digest.guard import Guard
from digest.model import PictureLimits
from digest.settings.tables.images import ImagesTable, image_settings


def test_the_defaults_are_those_of_the_limits() -> None:
    settings = image_settings(ImagesTable())

    assert settings.guard == Guard()
    assert settings.fetching == FetchLimits()
    assert settings.decoding == PictureLimits()
    assert (settings.max_cache, settings.keep_sent) == (1024**3, timedelta(days=730))


def test_every_limit_has_a_key() -> None:
    changed = {
        "seconds": 21,
        "connect_seconds": 6,
        "read_seconds": 11,
        "run_seconds": 121,
        "at_once": 9,
        "per_host": 3,
        "redirects": 6,
        "max_bytes": 5,
        "max_pixels": 7,
        "max_side": 8,
        "min_width": 121,
        "max_aspect": 5,
        "decode_seconds": 12,
        "decode_memory": 2**29,
        "workers": 4,
    }

    settings = image_settings(ImagesTable.model_validate(changed))

    for found, default in (
        (settings.fetching, FetchLimits()),
        (settings.decoding, PictureLimits()),
    ):
        same = {name for name in found.__slots__ if getattr(found, name) == getattr(default, name)}
        assert not same


def test_exceptions_are_the_guards() -> None:
    table = ImagesTable(
        allow_hosts=["Media.intranet", "cache.intranet:8080"],
        allow_nets=["10.20.0.0/16", "fd00::/8"],
    )

    guard = image_settings(table).guard

    assert guard.hosts == {"media.intranet", "cache.intranet:8080"}
    assert guard.nets == (ip_network("10.20.0.0/16"), ip_network("fd00::/8"))


@pytest.mark.parametrize(
    "fields",
    [
        {"allow_hosts": ["http://media.intranet/"]},
        {"allow_hosts": "media.intranet"},
        {"allow_nets": ["10.20.0.1/16"]},
        {"seconds": 0},
        {"at_once": 65},
        {"redirects": -1},
        {"decode_memory": 1},
        {"keep_sent": "for ever"},
    ],
)
def test_what_makes_no_sense_is_an_error(fields: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        ImagesTable.model_validate(fields)


def test_rules_differ_with_what_they_let_pass() -> None:
    plain = image_settings(ImagesTable())
    excepted = image_settings(ImagesTable(allow_hosts=["media.intranet"]))
    larger = image_settings(ImagesTable(max_bytes=99))

    assert len({plain.rules, excepted.rules, larger.rules}) == 3
    assert plain.rules == image_settings(ImagesTable()).rules
