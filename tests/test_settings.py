"""
digest.toml: everything it may say, and everything wrong with it at once, with file and line.
"""

import re
from dataclasses import replace
from datetime import time, timedelta
from pathlib import Path

import pytest

from digest.errors import NotFoundError, SettingsError
from digest.model import Policy, Problem, Site
from digest.schedule import Schedule
from digest.settings import Settings, load_settings

SITE = """\
[site]
name = "Example Digests"
url = "https://digests.example.org"
address = "Example Ltd, 1 High Street, Anytown"
"""
WEEKLY = """\
[newsletters.weekly]
title = "The Weekly"
from = "The Weekly <weekly@example.org>"
topics = ["AI"]
"""
SMTP = """\
[smtp]
host = "mail.example.org"
"""
FULL = """\
[site]
name = "Example Digests"
url = "https://digests.example.org/"     # where `digest serve` is reached
address = "Example Ltd, 1 High Street, Anytown"
[content]
path = "articles"
[store]
url = "sqlite:///data/digest.db"
[outbox]
path = "letters"
[images]
cache = "pictures"
[templates]
path = "themes"
[smtp]
host = "mail.example.org"
port = 587
security = "starttls"
username = "digest"
password_file = "secret"
ca_file = "/etc/ca.pem"
connections = 4
rate = "20/s"
[dkim]
domain = "example.org"
selector = "mail"
key_file = "dkim.pem"
[newsletters.weekly-ai]
title = "AI Weekly"
from = "AI Weekly <ai@example.org>"
subject = "{{ lead.title }}"
topics = ["AI", "Computer Vision"]
per_topic = 5
schedule = { every = "week", on = "monday", at = "07:00", timezone = "Europe/Paris" }
window = "7d"
max_delay = "36h"
theme = "default"
language = "en"
[newsletters.daily]
title = "Daily"
from = "daily@example.org"
topics = ["AI"]
schedule = { every = "day", at = ["18:00", "07:30"], timezone = "UTC" }
window = "since-last"
"""


def load(
    folder: Path, *sources: str, environ: dict[str, str] | None = None, name: str = "digest.toml"
) -> Settings:
    path = folder / name
    path.write_text("".join(sources), encoding="utf-8")
    return load_settings(path, environ or {})


def problems_of(folder: Path, *sources: str) -> list[tuple[int | None, str]]:
    with pytest.raises(SettingsError) as caught:
        load(folder, *sources)
    problems = [each for each in caught.value.problems if isinstance(each, Problem)]
    assert {problem.file for problem in problems} == {str(folder / "digest.toml")}
    assert {problem.level for problem in problems} == {"error"}
    shown = [f"{each.file}:{each.line or 1}: {each.message}" for each in problems]
    assert str(caught.value).splitlines() == shown
    return [(problem.line, problem.message) for problem in problems]


def test_everything_that_may_be_set_is_accepted(tmp_path: Path) -> None:
    settings = load(tmp_path, FULL)

    assert settings.site == Site(
        name="Example Digests",
        url="https://digests.example.org",
        address="Example Ltd, 1 High Street, Anytown",
    )
    assert settings.smtp
    assert (settings.smtp.host, settings.smtp.port) == ("mail.example.org", 587)
    assert (settings.smtp.relays[0].security, settings.smtp.relays[0].username) == (
        "starttls",
        "digest",
    )
    assert (settings.smtp.connections, settings.smtp.rate) == (4, 20.0)
    assert [(key.domain, key.selector) for key in settings.dkim] == [("example.org", "mail")]
    weekly = settings.newsletters["weekly-ai"]
    assert (weekly.id, weekly.title, weekly.per_topic) == ("weekly-ai", "AI Weekly", 5)
    assert weekly.sender == '"AI Weekly" <ai@example.org>'
    assert weekly.topics == ("AI", "Computer Vision")
    assert weekly.window == timedelta(days=7)
    assert weekly.max_delay == timedelta(hours=36)
    assert weekly.timezone == "Europe/Paris"
    assert weekly.schedule == Schedule(
        weekdays=frozenset({0}), times=(time(7),), timezone="Europe/Paris"
    )
    daily = settings.newsletters["daily"]
    assert (daily.sender, daily.window) == ("daily@example.org", None)
    assert daily.schedule == Schedule(times=(time(7, 30), time(18)), timezone="UTC")


def test_site_and_one_newsletter_are_enough(tmp_path: Path) -> None:
    settings = load(tmp_path, SITE, WEEKLY)

    assert (settings.smtp, settings.dkim) == (None, ())
    assert settings.content == tmp_path / "content"
    assert settings.store.url == f"sqlite:///{tmp_path}/digest.db"
    assert settings.outbox == tmp_path / "outbox"
    weekly = settings.newsletter("weekly")
    assert (weekly.per_topic, weekly.theme, weekly.language) == (5, "default", "en")
    assert weekly.window == timedelta(days=7)
    assert (weekly.schedule, weekly.timezone) == (None, "UTC")


def test_the_settings_of_the_checkout_load() -> None:
    folder = Path(__file__).parent.parent / "content"

    settings = load_settings(folder / "digest.toml", {})

    assert settings.content == folder
    assert settings.newsletters


def test_relative_paths_start_at_the_folder_of_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "digest.toml").write_text(FULL.replace('"letters"', '"../letters"'))
    monkeypatch.chdir(tmp_path)

    settings = load_settings(Path("config/digest.toml"), {})

    assert settings.file == tmp_path / "config" / "digest.toml"
    assert settings.content == tmp_path / "config" / "articles"
    assert settings.store.url == f"sqlite:///{tmp_path}/config/data/digest.db"
    assert settings.outbox == tmp_path / "letters"
    assert settings.pictures == tmp_path / "config" / "pictures"
    assert settings.templates == tmp_path / "config" / "themes"
    assert settings.smtp
    assert settings.smtp.relays[0].password_file == tmp_path / "config" / "secret"
    assert settings.smtp.relays[0].ca_file == Path("/etc/ca.pem")
    assert settings.dkim[0].key_file == tmp_path / "config" / "dkim.pem"


def test_an_absolute_store_stays_where_it_is(tmp_path: Path) -> None:
    store = '[store]\nurl = "sqlite:////var/lib/digest.db"\n'

    assert load(tmp_path, SITE, store, WEEKLY).store.url == "sqlite:////var/lib/digest.db"


def test_a_byte_order_mark_and_other_line_ends_do_not_matter(tmp_path: Path) -> None:
    path = tmp_path / "digest.toml"
    path.write_bytes(b"\xef\xbb\xbf" + (SITE + WEEKLY).replace("\n", "\r\n").encode())

    assert load_settings(path, {}).newsletters


def test_a_missing_file_names_both_remedies(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"nowhere\.toml.*digest init.*--config"):
        load_settings(tmp_path / "nowhere.toml", {})


def test_a_folder_is_no_configuration(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="cannot be read: Is a directory"):
        load_settings(tmp_path, {})


def test_a_file_that_is_not_utf_8_says_how_to_save_it(tmp_path: Path) -> None:
    path = tmp_path / "digest.toml"
    path.write_bytes('name = "Café"'.encode("latin-1"))

    with pytest.raises(SettingsError, match=r"digest\.toml: not UTF-8 text: save the file"):
        load_settings(path, {})


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("[site\n", "not valid TOML: .*line 1"),
        ("a = 1\na = 2\n", "not valid TOML: .*line 2"),
        ("a = " + "[" * 20_000, "not valid TOML: "),
        ("a = " + "9" * 5_000, "not valid TOML: "),
    ],
    ids=["bracket", "twice", "nested", "endless"],
)
def test_what_is_not_toml_is_one_line(tmp_path: Path, source: str, message: str) -> None:
    with pytest.raises(SettingsError, match=message) as caught:
        load(tmp_path, source)

    assert str(caught.value).startswith(f"{tmp_path / 'digest.toml'}: ")
    assert len(str(caught.value).splitlines()) == 1


def test_an_empty_file_says_what_is_missing(tmp_path: Path) -> None:
    assert problems_of(tmp_path, "") == [
        (None, "site: is missing"),
        (None, "newsletters: is missing"),
    ]


def test_all_problems_come_at_once_each_with_its_line(tmp_path: Path) -> None:
    problems = problems_of(
        tmp_path,
        '[site]\nname = ""\nurl = "digests"\n',
        '[smtp]\nhost = "mail"\nport = "587"\nsecurity = "ssl"\n',
        WEEKLY,
        'per_topic = 0\nwindw = "7d"\n',
        'schedule = { every = "never", at = "7:00", timezone = "X" }\n',
        '[newsletters."Other One"]\ntitle = "Other"\n',
    )

    assert sorted((line or 0, message.split(":")[0]) for line, message in problems) == [
        (1, "site.address"),
        (2, "site.name"),
        (3, "site.url"),
        (6, "smtp.port"),
        (7, "smtp.security"),
        (12, "newsletters.weekly.per_topic"),
        (13, "newsletters.weekly.windw"),
        (14, "newsletters.weekly.schedule.at"),
        (14, "newsletters.weekly.schedule.every"),
        (14, "newsletters.weekly.schedule.timezone"),
        (15, "newsletters.Other One"),
        (15, "newsletters.Other One.from"),
        (15, "newsletters.Other One.topics"),
    ]


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ("[sites]", 'sites: unknown key; did you mean "site"?'),
        ("[xyz]", "xyz: unknown key; known are: "),
        ('[content]\npaht = "x"', 'content.paht: unknown key; did you mean "path"?'),
        ('[store]\nfile = "x"', "store.file: unknown key; known are: password_file, url"),
        (
            WEEKLY.replace(".weekly", ".other") + 'sender = "x@example.org"',
            "newsletters.other.sender: unknown key; known are: any_topic, ",
        ),
        (
            WEEKLY.replace(".weekly", ".other")
            + 'schedule = {every = "day", at = "07:00", timezone = "UTC", zone = "x"}',
            'newsletters.other.schedule.zone: unknown key; did you mean "timezone"?',
        ),
        (
            WEEKLY.replace(".weekly", ".other")
            + '[newsletters.other.schedule]\nevery = "day"\nat = "07:00"\ntimezone = "UTC"\nx = 1',
            "newsletters.other.schedule.x: unknown key; known are: at, every, on, timezone",
        ),
    ],
)
def test_an_unknown_key_is_answered_with_the_known_ones(
    tmp_path: Path, lines: str, message: str
) -> None:
    ((line, found),) = problems_of(tmp_path, SITE, WEEKLY, lines, "\n")

    assert found.startswith(message)
    assert line == (SITE + WEEKLY + lines).count("\n") + 1


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (
            'public_url = "https://cdn.example.org/i"',
            "public_url: unknown key here; it belongs to [images]",
        ),
        ('username = "digest"', "username: unknown key here; it belongs to [smtp]"),
        ('[images]\nthemes = "plain"', "images.themes: unknown key; known are: "),
        (
            '[images]\ntheme = "plain"',
            "images.theme: unknown key here; it belongs to [newsletters.…]",
        ),
    ],
)
def test_a_key_of_another_table_is_answered_with_that_table(
    tmp_path: Path, lines: str, message: str
) -> None:
    ((_, found),) = problems_of(tmp_path, SITE, WEEKLY, lines, "\n")

    assert found.removeprefix("newsletters.weekly.").startswith(message)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("per_topic = 0", "per_topic: found 0, should be greater than or equal to 1"),
        ("per_topic = true", "per_topic: found true, should be a whole number"),
        ('per_topic = "5"', 'per_topic: found "5", should be a whole number'),
        ("per_topic = 101", "per_topic: found 101, should be less than or equal to 100"),
        ("window = 7", 'window: found 7, should be a duration such as "7d", or "since-last"'),
        ('window = "0d"', 'window: found "0d", should be a duration'),
        ('window = "7 days"', 'window: found "7 days", should be a duration'),
        ('window = "-7d"', 'window: found "-7d", should be a duration'),
        ('max_delay = "since-last"', "max_delay: found"),
        (
            'decay = "0d"',
            'decay: found "0d", should be longer than nothing: a duration such as "7d"',
        ),
        ('decay = "3"', 'decay: found "3", should be a duration such as "7d", "36h" or "30m"'),
        ("decay = false", "decay: found false, should be a duration"),
        ('max_window = "0w"', 'max_window: found "0w", should be longer than nothing'),
        ("max_articles = 0", "max_articles: found 0, should be greater than or equal to 1"),
        ("per_provider = 0", "per_provider: found 0, should be greater than or equal to 1"),
        ("min_articles = -1", "min_articles: found -1, should be greater than or equal to 0"),
        ('min_heat = "hot"', 'min_heat: found "hot", should be a whole number'),
        ('thin_week = "panic"', "thin_week: found \"panic\", should be 'widen', 'merge' or 'skip'"),
        ('order = "date"', "order: found \"date\", should be 'topics' or 'heat'"),
        ('no_news = "all"', "no_news: found \"all\", should be 'nothing' or 'top'"),
        ('any_topic = "yes"', 'any_topic: found "yes", should be true or false'),
        ("fold_related = 1", "fold_related: found 1, should be true or false"),
        ('exclude = ["x"]', 'exclude: found ["x"], should be a table'),
        ("exclude = { domain = [] }", 'exclude.domain: unknown key; did you mean "domains"?'),
        ("types = []", "types: found [], "),
    ],
)
def test_a_rule_out_of_its_bounds_is_refused_with_the_remedy(
    tmp_path: Path, line: str, message: str
) -> None:
    problems = problems_of(tmp_path, SITE, WEEKLY, line, "\n")

    assert problems[0][0] == 9
    assert problems[0][1].startswith(f"newsletters.weekly.{message}")


@pytest.mark.parametrize("value", ["true", "49", "101", '"80"'])
def test_the_threshold_of_near_duplicates_is_a_percentage_or_false(
    tmp_path: Path, value: str
) -> None:
    problems = problems_of(tmp_path, SITE, WEEKLY, f"near_duplicates = {value}", "\n")

    message = f"near_duplicates: found {value}, should be 50 to 100 per cent, or false"
    assert problems == [(9, f"newsletters.weekly.{message}")]


@pytest.mark.parametrize(
    ("rules", "message"),
    [
        (
            "max_articles = 3\nmin_articles = 4\n",
            "min_articles should not be more than max_articles",
        ),
        (
            'thin_week = "widen"\nmax_window = "6d"\n',
            "max_window should not be shorter than window",
        ),
    ],
)
def test_rules_that_contradict_each_other_are_refused(
    tmp_path: Path, rules: str, message: str
) -> None:
    ((_, found),) = problems_of(tmp_path, SITE, WEEKLY, rules)

    assert found == f"newsletters.weekly: {message}"


def test_a_newsletter_has_the_rules_that_were_written(tmp_path: Path) -> None:
    rules = """
        max_articles = 9
        min_articles = 2
        thin_week = "widen"
        max_window = "3w"
        min_heat = -1
        min_quality = 5
        per_provider = 2
        types = ["video"]
        exclude = { domains = ["a.example.org"], words = ["b"] }
        decay = "36h"
        fold_related = false
        near_duplicates = false
        order = "heat"
        no_news = "top"
        any_topic = true
        """
    newsletter = load(tmp_path, SITE, WEEKLY, rules).newsletters["weekly"]

    assert newsletter == replace(
        load(tmp_path, SITE, WEEKLY).newsletters["weekly"],
        max_articles=9,
        min_articles=2,
        thin_week="widen",
        max_window=timedelta(days=21),
        min_heat=-1,
        min_quality=5,
        per_provider=2,
        types=("video",),
        exclude_domains=("a.example.org",),
        exclude_words=("b",),
        decay=timedelta(hours=36),
        fold_related=False,
        near_duplicates=None,
        order="heat",
        no_news="top",
        any_topic=True,
    )


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('max_delay = "-1d"', "max_delay: found"),
        ('language = "English!"', 'language: found "English!", should be a language such as "en"'),
        ('theme = " "', 'theme: found " ", should not be empty'),
        ("subject = 5", "subject: found 5, should be text in quotes"),
        ('schedule = "weekly"', 'schedule: found "weekly", should be a table'),
        ("schedule = {}", "schedule.every: is missing"),
    ],
)
def test_a_wrong_value_says_what_was_found_and_what_would_be_right(
    tmp_path: Path, line: str, message: str
) -> None:
    problems = problems_of(tmp_path, SITE, WEEKLY, line, "\n")

    assert problems[0][0] == 9
    assert problems[0][1].startswith(f"newsletters.weekly.{message}")


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("[]", "found [], should name at least one topic"),
        ('"AI"', 'found "AI", should be a list'),
        ('["AI", ""]', "should name at least one topic, and none of them empty"),
        ('["AI", "Computer Vision", "a i"]', "names a topic twice"),
    ],
)
def test_topics_are_several_names_each_once(tmp_path: Path, value: str, message: str) -> None:
    ((line, found),) = problems_of(tmp_path, SITE, WEEKLY.replace('["AI"]', value))

    assert line == 8
    assert message in found


@pytest.mark.parametrize(
    "value",
    [
        "nobody",
        "Ann, Ltd <ann@example.org>",
        "ann@example.org, eve@example.org",
        "Ann <ann@>",
        "",
    ],
)
def test_a_sender_is_one_address_that_mail_can_be_sent_from(tmp_path: Path, value: str) -> None:
    weekly = WEEKLY.replace("The Weekly <weekly@example.org>", value)

    ((line, message),) = problems_of(tmp_path, SITE, weekly)

    assert line == 7
    assert message.startswith(f'newsletters.weekly.from: found "{value}", ')


@pytest.mark.parametrize(
    ("value", "sender"),
    [
        ("Ann@EXAMPLE.org", "Ann@example.org"),
        ('\\"Ann, Ltd\\" <ann@example.org>', '"Ann, Ltd" <ann@example.org>'),
        ("Zoë <zoe@exämple.org>", '"Zoë" <zoe@xn--exmple-cua.org>'),
    ],
)
def test_a_sender_is_kept_in_one_form(tmp_path: Path, value: str, sender: str) -> None:
    weekly = WEEKLY.replace("The Weekly <weekly@example.org>", value)

    assert load(tmp_path, SITE, weekly).newsletter("weekly").sender == sender


@pytest.mark.parametrize(
    ("keys", "weekdays", "days"),
    [
        ('every = "day"', range(7), ()),
        ('every = "weekday"', range(5), ()),
        ('every = "week", on = "Monday"', {0}, ()),
        ('every = "week", on = ["sunday", "wednesday"]', {2, 6}, ()),
        ('every = "month", on = 15', range(7), {15}),
        ('every = "month", on = "last"', range(7), {31}),
        ('every = "month", on = [1, 15]', range(7), {1, 15}),
        ('every = "month", on = [1, "last"]', range(7), {1, 31}),
    ],
)
def test_a_schedule_is_read(tmp_path: Path, keys: str, weekdays: set[int], days: set[int]) -> None:
    line = f'schedule = {{ {keys}, at = "07:00", timezone = "UTC" }}\n'

    assert load(tmp_path, SITE, WEEKLY, line).newsletter("weekly").schedule == Schedule(
        weekdays=frozenset(weekdays), days=frozenset(days), times=(time(7),), timezone="UTC"
    )


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ('every = "day", on = "monday"', 'every = "day" takes no "on": remove it'),
        ('every = "weekday", on = 1', 'every = "weekday" takes no "on": remove it'),
        ('every = "week"', 'every = "week" takes on = "monday", or a list of such days'),
        ('every = "week", on = []', 'every = "week" takes on = "monday"'),
        ('every = "week", on = 1', 'every = "week" takes on = "monday"'),
        ('every = "week", on = ["monday", "last"]', 'every = "week" takes on = "monday"'),
        ('every = "week", on = "moonday"', 'found "moonday", should be a day such as "monday"'),
        ('every = "month"', 'every = "month" takes on = 1 to 31, "last"'),
        ('every = "month", on = "Monday"', 'every = "month" takes on = 1 to 31, "last"'),
        ('every = "month", on = 32', 'found 32, should be a day such as "monday", 15 or "last"'),
        ('every = "month", on = "first"', 'found "first", should be a day such as'),
        (
            'every = "month", on = true',
            'found true, should be a day such as "monday", 15 or "last"',
        ),
        ('every = "month", on = [1.5]', "found [1.5], should be a day such as"),
    ],
)
def test_a_schedule_that_contradicts_itself_is_one_problem(
    tmp_path: Path, keys: str, message: str
) -> None:
    line = f'schedule = {{ {keys}, at = "07:00", timezone = "UTC" }}\n'

    ((number, found),) = problems_of(tmp_path, SITE, WEEKLY, line)

    assert number == 9
    assert found.startswith("newsletters.weekly.schedule")
    assert message in found


def test_a_wrong_rhythm_hides_no_wrong_day(tmp_path: Path) -> None:
    line = 'schedule = { every = "fortnight", on = "moonday", at = "07:00", timezone = "UTC" }\n'

    messages = [message for _, message in problems_of(tmp_path, SITE, WEEKLY, line)]

    assert [message.partition(":")[0] for message in messages] == [
        "newsletters.weekly.schedule.every",
        "newsletters.weekly.schedule.on",
    ]


def test_no_other_mistake_hides_what_contradicts_itself_among_the_topics(tmp_path: Path) -> None:
    topics = """\
[topics.A]
parent = "B"
[topics.B]
aliases = ["C"]
parent = "a"
[topics.C]
parent = "Described elsewhere"
[topics.D]
parnt = "A"
"""

    found = problems_of(tmp_path, topics, SITE, WEEKLY)

    assert [(line, message.partition(":")[0]) for line, message in found] == [
        (9, "topics.D.parnt"),
        (4, '"C" is a name of the topics "C" and "B"'),
        (2, "the parents of topics go round in a circle"),
    ]


@pytest.mark.parametrize("at", ['"7:00"', '"24:00"', '"07:60"', "[]", "7", '["07:00", "07:00"]'])
def test_times_of_day_are_written_in_full_and_once(tmp_path: Path, at: str) -> None:
    line = f'schedule = {{ every = "day", at = {at}, timezone = "UTC" }}\n'

    ((_, message),) = problems_of(tmp_path, SITE, WEEKLY, line)

    assert message.startswith("newsletters.weekly.schedule.at: found ")


@pytest.mark.parametrize("zone", ["Europe", "Mars/Base", "", "../UTC", "/etc/localtime", "+01:00"])
def test_a_time_zone_is_one_that_is_known(tmp_path: Path, zone: str) -> None:
    line = f'schedule = {{ every = "day", at = "07:00", timezone = "{zone}" }}\n'

    ((_, message),) = problems_of(tmp_path, SITE, WEEKLY, line)

    assert 'should be a time zone such as "Europe/Paris"' in message


@pytest.mark.parametrize(
    "name", ["Weekly", "weekly_ai", '"a.b"', '"a/b"', '"é"', '"-a"', f"x{64 * 'x'}"]
)
def test_an_id_is_small_letters_digits_and_dashes(tmp_path: Path, name: str) -> None:
    ((_, message),) = problems_of(tmp_path, SITE, WEEKLY.replace(".weekly", f".{name}"))

    assert message.endswith("a newsletter's id has small letters, digits and dashes only")


def test_a_site_without_newsletters_says_how_to_begin_one(tmp_path: Path) -> None:
    problems = problems_of(tmp_path, SITE, "[newsletters]\n")

    assert problems == [(5, "newsletters: is empty: begin one with [newsletters.weekly]")]


@pytest.mark.parametrize(
    "url",
    ["digests.example.org", "ftp://example.org", "https://a:b@example.org", "https://x.org/?a", ""],
)
def test_the_site_is_a_web_address(tmp_path: Path, url: str) -> None:
    source = SITE.replace("https://digests.example.org", url)

    ((line, message),) = problems_of(tmp_path, source, WEEKLY)

    assert line == 3
    assert 'should be a web address such as "https://digests.example.org"' in message


@pytest.mark.parametrize(
    ("rate", "per_second"), [("20/s", 20), ("1200/min", 20), ("30/m", 0.5), ("3600 / h", 1)]
)
def test_a_rate_is_letters_per_second(tmp_path: Path, rate: str, per_second: float) -> None:
    smtp = load(tmp_path, SITE, SMTP, f'rate = "{rate}"\n', WEEKLY).smtp

    assert smtp
    assert smtp.rate == per_second


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("port = 0", "port: found 0, should be greater than or equal to 1"),
        ("port = 65536", "port: found 65536, should be less than or equal to 65535"),
        ('security = "ssl"', "security: found \"ssl\", should be 'starttls', 'tls' or 'none'"),
        ("connections = 0", "connections: found 0"),
        ('rate = "fast"', 'rate: found "fast", should be a rate such as "20/s"'),
        ('rate = "0/s"', 'rate: found "0/s", should be a rate'),
        ("rate = 20", "rate: found 20, should be a rate"),
        ('password_file = ""', 'password_file: found "", should not be empty'),
    ],
)
def test_a_wrong_value_of_the_mail_server_is_named(tmp_path: Path, line: str, message: str) -> None:
    ((number, found),) = problems_of(tmp_path, SITE, SMTP, line, "\n", WEEKLY)

    assert number == 7
    assert found.startswith(f"smtp.{message}")


@pytest.mark.parametrize("key", ["password", "Password", "smtp_password", "pass"])
def test_a_password_is_refused_and_not_shown(tmp_path: Path, key: str) -> None:
    ((line, message),) = problems_of(tmp_path, SITE, SMTP, f'{key} = "hunter2"\n', WEEKLY)

    assert line == 7
    assert "password_file" in message
    assert "hunter2" not in message


def test_a_password_in_an_address_is_not_shown(tmp_path: Path) -> None:
    store = '[store]\nurl = "postgresql://digest:hun@ter2@db.example.org/digest"\n'

    ((_, message),) = problems_of(tmp_path, SITE, store, WEEKLY)

    assert 'found "postgresql://digest:…@db.example.org/digest"' in message
    assert "ter2" not in message


def test_a_long_value_is_cut_short(tmp_path: Path) -> None:
    ((_, message),) = problems_of(tmp_path, SITE.replace("https://", "x" * 500), WEEKLY)

    assert "x" * 50 in message
    assert "x" * 100 not in message


@pytest.mark.parametrize(
    ("sources", "password"),
    [
        ((), None),
        (("environment",), "from the environment"),
        (("environment", "file of the environment"), "from a file of the environment"),
        (("environment", "file of the environment", "file"), "from a file"),
        (("environment", "file of the environment", "file", "credential"), "from systemd"),
    ],
)
def test_the_password_comes_from_the_safest_place(
    tmp_path: Path, sources: tuple[str, ...], password: str | None
) -> None:
    (tmp_path / "a").write_text("from a file\r\n", encoding="utf-8")
    (tmp_path / "b").write_text("from a file of the environment", encoding="utf-8")
    (tmp_path / "credentials").mkdir()
    (tmp_path / "credentials" / "smtp_password").write_text("from systemd\n", encoding="utf-8")
    settings = {
        "environment": ("DIGEST_SMTP_PASSWORD", "from the environment"),
        "file of the environment": ("DIGEST_SMTP_PASSWORD_FILE", "b"),
        "credential": ("CREDENTIALS_DIRECTORY", str(tmp_path / "credentials")),
    }
    environ = dict(settings[source] for source in sources if source in settings)
    line = 'password_file = "a"\n' if "file" in sources else ""

    smtp = load(tmp_path, SITE, SMTP, line, WEEKLY, environ=environ).smtp

    assert smtp
    assert smtp.relays[0].read_password() == password


def test_a_credentials_folder_without_ours_changes_nothing(tmp_path: Path) -> None:
    environ = {"CREDENTIALS_DIRECTORY": str(tmp_path), "DIGEST_SMTP_PASSWORD": "hunter2"}

    smtp = load(tmp_path, SITE, SMTP, WEEKLY, environ=environ).smtp

    assert smtp
    assert smtp.relays[0].read_password() == "hunter2"


def test_secrets_are_not_in_what_settings_show(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("correct horse")
    settings = load(tmp_path, FULL, environ={"DIGEST_SMTP_PASSWORD": "hunter2"})

    assert settings.smtp
    assert settings.smtp.relays[0].read_password() == "correct horse"

    shown = f"{settings!r} {settings} {settings.smtp!r}"
    assert "hunter2" not in shown
    assert "correct horse" not in shown


def test_a_secret_that_cannot_be_read_names_the_key_and_the_file(tmp_path: Path) -> None:
    settings = load(tmp_path, FULL)
    assert settings.smtp

    with pytest.raises(SettingsError, match=r"smtp\.password_file: .*/secret cannot be read: No"):
        settings.smtp.relays[0].read_password()
    with pytest.raises(SettingsError, match=r"dkim\.key_file: .*/dkim\.pem cannot be read: No"):
        settings.dkim[0].read_key()


def test_the_key_is_read_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "dkim.pem").write_bytes(b"-----BEGIN\xff\r\n")
    (dkim,) = load(tmp_path, FULL).dkim

    assert dkim.read_key() == b"-----BEGIN\xff\r\n"


def test_a_mistyped_newsletter_is_answered_with_the_nearest(tmp_path: Path) -> None:
    settings = load(tmp_path, FULL)

    with pytest.raises(NotFoundError, match='no newsletter "weekly-ia"; did you mean "weekly-ai"'):
        settings.newsletter("weekly-ia")
    with pytest.raises(NotFoundError, match='"zzz"; there are: weekly-ai, daily'):
        settings.newsletter("zzz")


RELAYS = """
[smtp]
in_flight = 4
reply_timeout = "20m"
[[smtp.relays]]
host = "one.example.org"
weight = 3
[[smtp.relays]]
host = "two.example.org"
username = "digest"
auth = "xoauth2"
token_file = "token"
"""


def test_several_mail_servers_share_the_work(tmp_path: Path) -> None:
    smtp = load(tmp_path, SITE, RELAYS, WEEKLY).smtp

    assert smtp
    assert [(each.host, each.weight) for each in smtp.relays] == [
        ("one.example.org", 3),
        ("two.example.org", 1),
    ]
    assert (smtp.host, smtp.in_flight, smtp.timeout, smtp.reply_timeout) == (
        "one.example.org", 4, 300, 1200,
    )  # fmt: skip


def test_a_token_is_read_anew_each_time(tmp_path: Path) -> None:
    smtp = load(tmp_path, SITE, RELAYS, WEEKLY).smtp
    assert smtp
    (tmp_path / "token").write_text("first\n")
    first = smtp.relays[1].read_token()

    (tmp_path / "token").write_text("second\n")

    assert (first, smtp.relays[1].read_token()) == ("first", "second")


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ("[smtp]\nconnections = 2\n", "names no server"),
        ('[smtp]\nhost = "mail"\nauth = "plain"\n', "auth goes with a username"),
        ('[smtp]\nhost = "mail"\nusername = "u"\nauth = "xoauth2"\n', "goes with a token_file"),
        ('[smtp]\nhost = "mail"\ntoken = "abc"\n', "tokens do not belong here"),
        ('[smtp]\nhost = "mail"\nreply_timeout = "soon"\n', 'a time such as "30s" or "10m"'),
        ('[smtp]\nhost = "mail"\nin_flight = 0\n', "greater than or equal to 1"),
        ('[[smtp.relays]]\nhots = "mail"\n', 'did you mean "host"'),
        ('[pace.domains."gmail com"]\nrate = "1/s"\n', "should name domains"),
        ("[pace]\ncanary = 0\n", "greater than or equal to 1"),
    ],
)
def test_a_way_out_that_makes_no_sense_is_an_error(tmp_path: Path, lines: str, said: str) -> None:
    with pytest.raises(SettingsError) as caught:
        load(tmp_path, SITE, lines, WEEKLY)

    assert said in str(caught.value)


def test_each_domain_has_its_pace(tmp_path: Path) -> None:
    lines = '[pace]\ncanary = 50\nramp_up = 200\n[pace.domains]\n"GMail.com" = { rate = "10/s" }\n'

    pace = load(tmp_path, SITE, lines, WEEKLY).pace

    assert (pace.canary, pace.ramp_up, pace.domains["gmail.com"].rate) == (50, 200, 10.0)


BOUNCES = """\
[bounces]
address = "bounce@B.example.org"
unsubscribe = "unsub@b.example.org"
soft = 5
after = "move"
[bounces.imap]
host = "imap.example.org"
username = "digest"
password_file = "imap-secret"
"""


def test_bounces_are_kept_to_themselves_unless_told(tmp_path: Path) -> None:
    settings = load(tmp_path, SITE + WEEKLY)

    assert (settings.bounces.address, settings.bounces.unsubscribe) == (None, None)
    assert (settings.bounces.after, settings.bounces.imap) == ("keep", None)
    assert settings.newsletters["weekly"].bounces == Policy()


def test_where_bounces_go_and_what_follows_from_them(tmp_path: Path) -> None:
    own = 'bounces = { hard = 0, within = "60d", complaint = "this" }\n'
    settings = load(tmp_path, SITE + WEEKLY + own + BOUNCES)

    assert settings.bounces.address == "bounce@b.example.org"
    assert settings.bounces.unsubscribe == "unsub@b.example.org"
    assert (settings.bounces.after, settings.bounces.done) == ("move", "digest-done")
    assert settings.newsletters["weekly"].bounces == Policy(
        hard=0, soft=5, within=timedelta(days=60), complaint="this"
    )


def test_the_password_of_the_mailbox_is_read_when_it_is_needed(tmp_path: Path) -> None:
    imap = load(tmp_path, SITE + WEEKLY + BOUNCES).bounces.imap

    assert imap
    assert (imap.port, imap.security, imap.folder) == (993, "tls", "INBOX")
    with pytest.raises(SettingsError, match=r"bounces\.imap\.password_file: .* cannot be read"):
        imap.read_password()
    (tmp_path / "imap-secret").write_text("secret\n")
    assert imap.read_password() == "secret"


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ('address = "bounce"', "the address has no @"),
        ('address = "a+b@example.org"', "should have no plus sign"),
        (f'address = "{"b" * 32}@example.org"', "31 characters at most before the @"),
        ('complaint = "maybe"', "should be 'all', 'this' or 'none'"),
        ("soft = -1", "should be greater than or equal to 0"),
    ],
)
def test_what_is_wrong_with_bounces_is_named(tmp_path: Path, lines: str, message: str) -> None:
    with pytest.raises(SettingsError, match=re.escape(message)):
        load(tmp_path, SITE + WEEKLY + "[bounces]\n" + lines)
