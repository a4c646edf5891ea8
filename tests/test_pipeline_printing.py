"""
From an edition to its page: only the pictures that the theme shows, the logo, a size that fits.
"""

import re
from pathlib import Path
from random import Random

import pytest
from PIL import Image

from digest.model import Shortening
from digest.pipeline import Moment, Pipeline, Printed
from digest.pipeline.printing import size_problems
from digest.settings import load_settings

from .factories import ISSUE, MONDAY, a_page, a_subscriber, an_edition
from .program import Project

SETTINGS = """\
[site]
name = "Example Digests"
url = "https://digests.example.org"
address = "Example Ltd, 1 High Street, Anytown"
[newsletters.weekly]
title = "The Weekly"
from = "The Weekly <weekly@example.org>"
topics = ["AI"]
per_topic = 100
near_duplicates = false
"""
ARTICLE = """\
---
title: Story {number}
excerpt: "{excerpt}"
publishedDateTime: 2026-11-20T10:00:00Z
webUrl: https://news.example.org/{number}
type: article
quality: 50
heat: {number}
topics: [AI]
provider: {{name: Example News, domain: news.example.org}}
related:
{related}---
"""
RELATED = "  - {{title: Also {number} {place}, webUrl: 'https://o.example.org/{number}/{place}'}}\n"


def a_site(folder: Path, more: str = "", *, stories: int = 3, related: int = 1) -> None:
    (folder / "content").mkdir(parents=True)
    (folder / "digest.toml").write_text(SETTINGS + more, "utf-8")
    for number in range(stories):
        others = "".join(RELATED.format(number=number, place=place) for place in range(related))
        text = ARTICLE.format(number=number, excerpt="Many words. " * 20, related=others)
        (folder / "content" / f"{number}.md").write_text(text, "utf-8")


def printed_from(folder: Path) -> Printed:
    settings = load_settings(folder / "digest.toml", {})
    pipeline = Pipeline(settings, clock=lambda: MONDAY, random_bits=Random(1).getrandbits)  # noqa: S311
    newsletter = settings.newsletter("weekly")
    issue = pipeline.issue(newsletter, Moment(at=MONDAY))
    (printed,), _ = pipeline.print_editions(newsletter, issue, [a_subscriber()])
    return printed


@pytest.mark.parametrize(("theme", "pictures"), [("default", 2), ("compact", 1), ("plain", 0)])
def test_only_the_pictures_that_a_theme_shows_are_made_and_kept(
    tmp_path: Path, theme: str, pictures: int
) -> None:
    a_site(tmp_path, f'theme = "{theme}"\n')

    page = printed_from(tmp_path).page

    made = [*(tmp_path / "pictures-cache").glob("??/*.jpg")]
    assert len(page.pictures) == len(made) == pictures
    assert page.html.count("<img") == {"default": 3}.get(theme, pictures)


def test_cards_have_the_colours_of_the_sections_they_stand_in(tmp_path: Path) -> None:
    a_site(tmp_path, "brand = { topics = { Science = '#ff9900' } }\n", stories=0)
    config = tmp_path / "digest.toml"
    config.write_text(config.read_text("utf-8").replace('["AI"]', '["AI", "Science", "Cities"]'))
    for number, topics in enumerate(["Company, Cities", "Company, Science", "Science", "AI"]):
        text = ARTICLE.format(number=number, excerpt="", related="  []\n")
        story = text.replace("topics: [AI]", f"topics: [{topics}]")
        (tmp_path / "content" / f"{number}.md").write_text(story, "utf-8")

    html = printed_from(tmp_path).page.html

    _, science, *others, cities = re.findall(r'<img src="[^"]+/i/([^"]+)"', html)
    assert others == [science]
    assert cities != science
    with Image.open(tmp_path / "pictures-cache" / science) as card:
        mean = card.resize((1, 1)).getpixel((0, 0))
    # Darkened as the title is, so that it can be read on white.
    assert mean == pytest.approx((0xAB, 0x66, 0x00), abs=30)


def test_a_logo_is_one_of_the_pictures_of_the_page(tmp_path: Path) -> None:
    a_site(tmp_path, 'theme = "plain"\nbrand = { logo = "logo.png" }\n')
    Image.new("RGB", (300, 60), "red").save(tmp_path / "logo.png")

    printed = printed_from(tmp_path)

    (name,) = printed.page.pictures
    assert f"https://digests.example.org/i/{name}" in printed.page.html
    assert printed.problems == ()


def test_a_logo_that_is_no_picture_leaves_the_title(tmp_path: Path) -> None:
    a_site(tmp_path, 'theme = "plain"\nbrand = { logo = "digest.toml" }\n')

    printed = printed_from(tmp_path)

    (problem,) = printed.problems
    assert "save it as PNG or JPEG" in problem.message
    assert ">The Weekly</h1>" in printed.page.html


def test_what_was_shortened_is_told_by_preview_and_by_send(tmp_path: Path) -> None:
    project = Project(tmp_path)
    a_site(tmp_path, stories=60, related=6)
    (tmp_path / "subscribers.csv").write_text("email,name,topics\nann@example.org,Ann,\n")
    project.run("subscribers", "import", "weekly", "subscribers.csv")
    at = ("--at", "2026-11-23T06:00Z")

    (preview,) = project.json("preview", "weekly", *at)["editions"]
    sent = project.run("send", "weekly", *at, "--force")

    assert preview["bytes"] < 100_000
    for told in (" ".join(preview["warnings"]), sent.err):
        assert "mail programs show 100,000: excerpts cut to" in told
        assert "all of it is on the web page of the issue" in told
    printed = printed_from(tmp_path)
    assert printed.page.web is not None
    assert printed.page.shortening is not None
    assert printed.page.web.count("https://o.example.org/") == 360
    assert printed.page.text.count("https://o.example.org/") == 360


@pytest.mark.parametrize(
    ("shortening", "told"),
    [
        (Shortening(related=0), ": no related stories; all"),
        (Shortening(related=1), ": 1 related story each; all"),
        (Shortening(related=2), ": 2 related stories each; all"),
        (Shortening(dropped=("a",)), ": 1 story left out; all"),
        (
            Shortening(related=0, dropped=("a", "b")),
            ": no related stories, 2 stories left out; all",
        ),
    ],
)
def test_what_was_shortened_is_told_in_right_numbers(shortening: Shortening, told: str) -> None:
    (problem,) = size_problems(a_page(shortening=shortening), an_edition(), ISSUE)

    assert told in problem.message


def test_what_fits_is_the_same_on_the_web(tmp_path: Path) -> None:
    a_site(tmp_path)

    printed = printed_from(tmp_path)

    assert (printed.page.web, printed.page.shortening, printed.problems) == (None, None, ())
