"""
What an editor is told before an issue is due.
"""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from random import Random

import pytest

from digest.pipeline import Moment, Pipeline
from digest.pipeline.checks import check
from digest.pipeline.counting import count_topics
from digest.pipeline.editing import hand_problems
from digest.settings import load_settings
from tests.factories import MONDAY
from tests.program import SITE, WEEKLY, Project, a_full_project

NOW = Moment(at=MONDAY + timedelta(hours=1))
SECOND = WEEKLY.replace("newsletters.weekly", "newsletters.second")


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return a_full_project(tmp_path / "project")


@pytest.fixture
def opened() -> Callable[..., Pipeline]:
    def open_pipeline(project: Project, *tables: str) -> Pipeline:
        if tables:
            project.configure(SITE, *tables)
        bits = Random(1).getrandbits  # noqa: S311 - no secret
        settings = load_settings(project.config, {})
        return Pipeline(settings, clock=lambda: NOW.at, random_bits=bits)

    return open_pipeline


Open = Callable[..., Pipeline]


def test_a_sound_project_has_no_problems(project: Project, opened: Open) -> None:
    assert check(opened(project), NOW) == ()


def test_a_theme_is_tried_on_all_articles_whatever_the_window(
    project: Project, opened: Open
) -> None:
    pipeline = opened(project, WEEKLY + "subject = '{{ lead.heading }}'\n")

    (problem,) = check(pipeline, Moment(at=MONDAY + timedelta(days=365)))

    assert problem.level == "error"
    assert problem.file == str(project.config)
    assert "the subject of weekly does not render" in problem.message


def test_one_problem_of_two_newsletters_is_told_once(project: Project, opened: Open) -> None:
    template = project.folder / "templates" / "broken" / "issue.mjml.j2"
    template.parent.mkdir(parents=True)
    template.write_text("{{", "utf-8")
    pipeline = opened(project, *(table + "theme = 'broken'\n" for table in (WEEKLY, SECOND)))

    (problem,) = check(pipeline, NOW)

    assert (problem.file, problem.line) == (str(template), 1)


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ('[smtp]\nhost = "127.0.0.1"\nusername = "x"', "smtp.username has no password: "),
        ('[smtp]\nhost = "127.0.0.1"\nusername = "x"\npassword_file = "x"', "smtp.password_file: "),
        ('[[dkim]]\ndomain = "example.org"\nselector = "x"\nkey_file = "x"', "dkim.key_file: "),
    ],
)
def test_a_secret_that_a_run_would_miss_is_warned_of_before(
    project: Project, opened: Open, lines: str, message: str
) -> None:
    (problem,) = check(opened(project, WEEKLY, lines), NOW)

    assert problem.level == "warning"
    assert problem.message.startswith(message)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("theme = 'nowhere'", 'there is no theme "nowhere"; there are: '),
        ("subject = '{{ lede.title }}'", "the subject of weekly does not render: "),
        ("min_articles = 99", "newsletters.weekly.min_articles: 99 can never be reached"),
    ],
)
def test_what_a_newsletter_asks_for_in_vain_is_named_with_its_line(
    project: Project, opened: Open, line: str, message: str
) -> None:
    (problem,) = check(opened(project, f"{WEEKLY}{line}\n"), NOW)

    assert problem.message.startswith(message)
    assert problem.file == str(project.config)
    assert project.config.read_text("utf-8").splitlines()[(problem.line or 0) - 1].strip() == line


def test_pictures_that_are_not_there_are_warned_of(project: Project, opened: Open) -> None:
    project.add_article("pictured", heat=99, images=[{"url": "nowhere.png"}])

    problems = check(opened(project), NOW)

    assert [each.level for each in problems] == ["warning"]
    assert "nowhere.png" in problems[0].message


def test_the_issue_at_hand_is_looked_at_beside_the_hottest_of_all_time(
    project: Project, opened: Open
) -> None:
    for number in range(3):
        day = "2026-01-01T12:00:00Z"
        project.add_article(f"hot{number}", title=f"TBD {number}", heat=99, publishedDateTime=day)
    project.add_article("fresh", title="TODO", heat=1)

    messages = [each.message for each in check(opened(project), NOW)]

    assert messages == [
        'newsletters.weekly: "TODO" looks like a placeholder: replace it',
        'newsletters.weekly: "TBD" looks like a placeholder: replace it',
        'newsletters.weekly: "TBD" looks like a placeholder: replace it',
    ]


def test_a_topic_counts_as_known_in_any_spelling(project: Project, opened: Open) -> None:
    pipeline = opened(project, WEEKLY.replace('"Science"', '"SCI ENCE"'))

    assert check(pipeline, NOW) == ()


def test_topics_are_counted_the_fullest_first(project: Project, opened: Open) -> None:
    project.add_article("chess", topics=["Games", "science"])
    project.add_article("hidden", topics=["Games"], published=False)
    project.add_article("gone", topics=["Games"], removed=True)
    pipeline = opened(project, WEEKLY, SECOND.replace('"Science", ', ""))

    counts = count_topics(pipeline, NOW)

    assert [(each.topic, each.articles, each.window) for each in counts] == [
        ("Science", 3, 2),
        ("Cities", 1, 1),
        ("Games", 1, 1),
    ]
    assert [each.newsletters for each in counts] == [("weekly",), ("weekly", "second"), ()]


def test_an_article_in_two_windows_is_counted_once(project: Project, opened: Open) -> None:
    pipeline = opened(project, WEEKLY, SECOND)

    counts = {each.topic: each for each in count_topics(pipeline, NOW)}

    assert counts["Science"].window == 1
    assert counts["Science"].newsletters == ("weekly", "second")


def test_a_topic_without_articles_is_listed_all_the_same(project: Project, opened: Open) -> None:
    pipeline = opened(project, WEEKLY.replace('"Cities"', '"Cities", "Chess"'))

    last = count_topics(pipeline, NOW)[-1]

    assert (last.topic, last.articles, last.window) == ("Chess", 0, 0)


def test_topics_are_counted_by_the_taxonomy_as_selection_does(
    project: Project, opened: Open
) -> None:
    described = """
        [topics.Nature]
        [topics.Science]
        parent = "nature"
        aliases = ["Research"]
        keywords = ["quark"]
        [topics.Chess]
        parent = "Games"
        [topics.Games]
        """
    project.add_article("lab", topics=["research"])
    project.add_article("q", title="The quark", topics=[])
    project.add_article("wild", topics=["NATURE"])
    tables = WEEKLY.replace('"Science"', '"Nature/*"'), SECOND.replace('"Science"', '"NATURE"')

    counts = count_topics(opened(project, *tables, described), NOW)

    assert [(each.topic, each.articles, each.window, each.newsletters) for each in counts] == [
        ("Nature", 5, 4, ("second",)),
        ("Science", 4, 3, ("weekly", "second")),
        ("Cities", 1, 1, ("weekly", "second")),
        ("Chess", 0, 0, ()),
        ("Games", 0, 0, ()),
    ]


# Rules, windows, dates and the editor's files


def messages_of(pipeline: Pipeline) -> list[tuple[str, str]]:
    return [(each.level, each.message) for each in check(pipeline, NOW)]


def test_a_misspelt_topic_is_told_with_what_was_meant(project: Project, opened: Open) -> None:
    pipeline = opened(project, WEEKLY.replace('"Science"', '"Sience"'))

    assert messages_of(pipeline) == [
        (
            "warning",
            'newsletters.weekly.topics: no article has the topic "Sience"; did you mean "Science"?',
        )
    ]


def test_a_described_topic_without_articles_is_not_misspelt(project: Project, opened: Open) -> None:
    pipeline = opened(project, WEEKLY.replace('"Science"', '"Scienze"'), "[topics.Scienze]\n")

    assert messages_of(pipeline) == [
        ("warning", 'newsletters.weekly.topics: no article has the topic "Scienze"')
    ]


def test_articles_of_children_and_other_names_will_do(project: Project, opened: Open) -> None:
    table = WEEKLY.replace('"Science", "Cities"', '"Nature", "Towns"')
    described = "[topics.Science]\nparent = 'Nature'\n[topics.Cities]\naliases = ['Towns']\n"

    messages = [message for _, message in messages_of(opened(project, table, described))]

    assert messages == [
        'the parent "Nature" of "Science" is described nowhere; describe it as well'
    ]


def test_a_topic_that_only_keywords_give_has_articles(project: Project, opened: Open) -> None:
    project.add_article("q", title="The quark", topics=[])
    table = WEEKLY.replace('"Science"', '"Science", "Physics"')

    assert check(opened(project, table, '[topics.Physics]\nkeywords = ["quark"]\n'), NOW) == ()


def test_a_star_behind_a_topic_without_children_is_told_both_ways_out(
    project: Project, opened: Open
) -> None:
    pipeline = opened(project, WEEKLY.replace('"Science"', '"Science/*"'))

    ((_, message),) = messages_of(pipeline)
    assert message == (
        'newsletters.weekly.topics: no topic is below "Science"; write "Science" for one section,'
        " or give topics that parent"
    )


def test_a_star_without_children_is_messages_of(project: Project, opened: Open) -> None:
    pipeline = opened(project, WEEKLY.replace('"Science"', '"Scienc/*"'))

    assert messages_of(pipeline) == [
        (
            "warning",
            'newsletters.weekly.topics: no topic is below "Scienc"; did you mean "Science"?',
        )
    ]


def test_what_contradicts_itself_in_the_taxonomy_is_messages_of(
    project: Project, opened: Open
) -> None:
    project.write("content/topics/a.yaml", "taxonomy: topic\nname: Science\nparent: Physics\n")
    project.write("content/topics/b.yaml", "taxonomy: topic\nname: Physics\nparent: Science\n")

    (problem,) = check(opened(project), NOW)

    assert problem.level == "error"
    assert problem.file == str(project.folder / "content" / "topics" / "a.yaml")
    assert "go round in a circle: Science -> Physics -> Science" in problem.message


def test_what_contradicts_itself_in_the_configuration_has_its_line(
    project: Project, opened: Open
) -> None:
    topics = """
        [topics.Science]
        keywords = ["tide"]
        parent = "Physics"
        aliases = ["Life"]
        [topics.Physics]
        parent = "science"
        aliases = ["Nature", "life"]
        [topics."Old Towns"]
        parent = "Citys"
        [topics."old towns"]
        """
    problems = check(opened(project, WEEKLY, topics), NOW)

    lines = project.config.read_text("utf-8").splitlines()
    assert sorted((lines[(each.line or 0) - 1].strip(), each.level) for each in problems) == [
        ('[topics."old towns"]', "error"),
        ('aliases = ["Nature", "life"]', "error"),
        ('parent = "Citys"', "warning"),
        ('parent = "Physics"', "error"),
    ]


def test_more_articles_than_there_can_be_are_messages_of(project: Project, opened: Open) -> None:
    assert messages_of(opened(project, WEEKLY + "min_articles = 4\n")) == []
    message = (
        "newsletters.weekly.min_articles: 5 can never be reached: per_topic 2 x 2 topics"
        " makes 4 at most; raise per_topic, or lower min_articles"
    )
    assert messages_of(opened(project, WEEKLY + "min_articles = 5\n")) == [("warning", message)]


def test_a_window_longer_than_the_archive_is_messages_of(project: Project, opened: Open) -> None:
    assert messages_of(opened(project, WEEKLY.replace('"7d"', '"21d"'))) == []
    message = (
        "newsletters.weekly.window: begins at 2026-10-24, before the oldest article"
        " (2026-11-01); shorten it, or add older articles"
    )
    assert messages_of(opened(project, WEEKLY.replace('"7d"', '"30d"'))) == [("warning", message)]


def test_a_thin_week_does_not_keep_a_theme_from_being_tried(project: Project, opened: Open) -> None:
    for thin_week in ("skip", "widen"):
        rules = f"min_articles = 4\nthin_week = '{thin_week}'\nsubject = '{{{{ x.y }}}}'\n"
        (problem,) = check(opened(project, WEEKLY + rules), NOW)

        assert "does not render" in problem.message


def test_an_article_of_tomorrow_is_named_with_its_file_and_date(
    project: Project, opened: Open
) -> None:
    project.add_article("deep/morrow", publishedDateTime="2026-11-24T12:30:00Z")

    (problem,) = check(opened(project), NOW)

    assert problem.level == "warning"
    assert problem.file == str(project.folder / "content" / "deep" / "morrow.md")
    assert problem.message.startswith("publishedDateTime: 2026-11-24 12:30 UTC is in the future")


def test_a_sound_editors_file_has_no_problems(project: Project, opened: Open) -> None:
    text = 'drop = ["trams"]\n[[pin]]\nstory = "tides.md"\ntopic = "cities"\n'
    project.write("issues/weekly/2026-11-23.toml", text)

    assert check(opened(project), NOW) == ()


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ('[[pin]]\nstory = "tidez"', 1, 'no story "tidez" to pin; did you mean "tides"?'),
        ('note = ""\n[[pin]]\nstory = "x/y/z"', 2, 'no story "x/y/z" to pin; name a file'),
        ('drop = [\n"old",\n"tram.md"\n]', 3, 'no story "tram" to drop; did you mean "trams"?'),
        ('[[pin]]\nstory = "gone"', 1, 'the story "gone" is removed and cannot be pinned'),
        ('[[pin]]\nstory = "hidden"', 1, '"hidden" is not published and cannot be pinned'),
        ('drop = ["gone"]', 1, '"gone" is not published anyway: no need to drop it'),
        ('[[pin]]\nstory = "two"', 1, '"two" may be any of a/two, b/two: name its folder'),
        ('[[pin]]\nstory = "old"\ntopic = "Sience"', 1, 'did you mean "Science"?'),
        ('drop = ["old"]\n[[pin]]\nstory = "old"', 2, '"old" is pinned and dropped'),
        ('[[pin]]\nstory = "old"\n[[pin]]\nstory = "old"', 3, '"old" is pinned twice'),
    ],
)
def test_a_pin_or_drop_of_nothing_is_named_with_its_line(
    project: Project, opened: Open, text: str, line: int, message: str
) -> None:
    for slug in ("a/two", "b/two"):
        project.add_article(slug)
    project.add_article("gone", removed=True)
    project.add_article("hidden", published=False)
    file = project.write("issues/weekly/2026-11-23.toml", text)

    (problem,) = check(opened(project), NOW)

    assert (problem.file, problem.line, problem.level) == (str(file), line, "error")
    assert message in problem.message


def test_where_any_topic_may_be_chosen_a_pin_still_needs_one_that_there_is(
    project: Project, opened: Open
) -> None:
    project.add_article("chess", topics=["Games"])
    text = '[[pin]]\nstory = "old"\ntopic = "{}"\n'
    project.write("issues/weekly/2026-11-23.toml", text.format("games") + text.format("Gamez"))

    ((level, message),) = messages_of(opened(project, f"{WEEKLY}any_topic = true\n"))

    assert level == "error"
    assert message == 'weekly has no topic "Gamez" to pin a story to; did you mean "Games"?'


def test_a_missing_story_of_an_issue_that_is_over_is_a_warning(
    project: Project, opened: Open
) -> None:
    project.write("issues/weekly/2026-11-16.toml", 'drop = ["nothing-like-it"]')

    assert [level for level, _ in messages_of(opened(project))] == ["warning"]


def test_every_editors_file_is_read_whatever_its_issue(project: Project, opened: Open) -> None:
    one = project.write("issues/weekly/2026-11-09.toml", 'introducton = "x"')
    two = project.write("issues/weekly/2026-11-23.toml", "[[pin]]\nplace = 0\nstory = 'old'")

    problems = check(opened(project), NOW)

    assert [(each.file, each.line, each.level) for each in problems] == [
        (str(one), 1, "error"),
        (str(two), 1, "error"),
    ]
    assert problems[0].message == 'unknown key introducton; did you mean "introduction"?'


def test_a_fault_of_an_editors_file_hides_no_other(project: Project, opened: Open) -> None:
    text = """\
        intro = "x"
        [[pin]]
        story = "tidez"
        topic = "Sience"
        """
    project.write("issues/weekly/2026-11-23.toml", text)

    problems = check(opened(project), NOW)

    assert [(each.line, each.message.partition(";")[0]) for each in problems] == [
        (1, "unknown key intro"),
        (2, 'there is no story "tidez" to pin'),
        (2, 'weekly has no topic "Sience" to pin a story to'),
    ]


def test_an_editors_file_that_goes_while_it_is_looked_at_has_no_lines(
    project: Project, opened: Open
) -> None:
    file = project.write("issues/weekly/2026-11-23.toml", 'drops = []\ndrop = ["nowhere"]\n')
    problems = hand_problems(opened(project), NOW)

    assert next(problems).line == 1
    file.unlink()

    assert [(each.line, each.level) for each in problems] == [(None, "error")]


@pytest.mark.parametrize(
    "name", ["notadate", "2026-13-45", "20261130", "2026-12-01", "2026-11-30T0700"]
)
def test_an_editors_file_that_no_issue_will_read_is_warned_of(
    project: Project, opened: Open, name: str
) -> None:
    file = project.write(f"issues/weekly/{name}.toml", "note = 'x'")

    (problem,) = check(opened(project), NOW)

    assert (problem.file, problem.level) == (str(file), "warning")
    assert problem.message == (
        f'no issue of weekly will be due as "{name}": name the file like one, such as'
        f" 2026-11-30.toml, or send it with `digest send weekly --issue {name}`"
    )


def test_files_of_issues_to_come_and_of_issues_that_are_over_are_sound(
    project: Project, opened: Open
) -> None:
    for name in ("2026-11-17", "2026-11-23", "2026-11-30"):
        project.write(f"issues/weekly/{name}.toml", "note = 'x'")
    project.write("issues/second/2026-11-25.toml", "note = 'x'")
    second = "\n".join(line for line in SECOND.splitlines() if "schedule" not in line)

    assert check(opened(project, WEEKLY, second), NOW) == ()


def test_editors_files_of_no_newsletter_are_messages_of(project: Project, opened: Open) -> None:
    project.write("issues/weakly/2026-11-23.toml", "")
    project.write("issues/2026-11-23.toml", "")

    assert [message for _, message in messages_of(opened(project))] == [
        'there is no newsletter "weakly"; did you mean "weekly"?',
        "no issue has this file: it belongs into a folder issues/NEWSLETTER",
    ]
