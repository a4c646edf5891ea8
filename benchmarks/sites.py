"""
Projects to measure on: real articles where they are, else as many made ones.
"""

from datetime import UTC, datetime, timedelta
from pathlib import Path

ROOT = Path(__file__).parent.parent
REAL = ROOT.parent / "shared" / "corpus" / "google-cloud"
AT = datetime(2020, 5, 6, 12, 5, 25, tzinfo=UTC)
TOPICS = ("Google Cloud", "AI", "Containers")
ARTICLES = 783
CONFIG = """
[site]
name = "Benchmark"
url = "https://digests.example.org"
address = "Example Ltd, 1 High Street, Anytown"
[content]
path = "{content}"
[newsletters.weekly]
title = "The Weekly"
from = "The Weekly <weekly@example.org>"
topics = ["Google Cloud", "AI", "Containers"]
window = "7d"
{more}
"""
ARTICLE = """---
category: news
title: "Story number {number}, told at the length of a usual headline"
excerpt: "{excerpt}"
publishedDateTime: {moment}
webUrl: "https://news.example.org/2020/stories/{number}/a-story-with-a-name-in-its-address/"
ampWebUrl: "https://news.example.org/2020/stories/{number}/a-story-with-a-name-in-its-address/amp/"
type: article
quality: {heat}
heat: {heat}
published: true

provider:
  name: Example News
  domain: news.example.org
  images:
    - url: "https://news.example.org/logo.png"
      width: 50
      height: 50

topics:
  - {topic}
  - Compute

images:
  - url: "https://news.example.org/pictures/{number}.jpg"
    width: 2880
    height: 1200
    title: "A picture"
{related}
secured: "{secured}"
---
"""
RELATED = """
related:
  - title: "Another story on number {number}"
    excerpt: "What somebody else wrote about it."
    publishedDateTime: {moment}
    webUrl: "https://other.example.org/{number}"
    type: article
    provider:
      name: Other News
      domain: other.example.org
"""


def articles(folder: Path, given: str | None) -> Path:
    """
    The folder that was named, the real articles, or made ones; in this order.
    """
    if given:
        return Path(given).absolute()
    return REAL if REAL.is_dir() else make_articles(folder / "content")


def make_articles(folder: Path) -> Path:
    folder.mkdir()
    for number in range(ARTICLES):
        moment = f"{AT - timedelta(hours=7 * number + 1):%Y-%m-%dT%H:%M:%SZ}"
        text = ARTICLE.format(
            number=number,
            excerpt="A sentence that says what it is about. " * 7,
            moment=moment,
            heat=number * 37 % 150,
            topic=TOPICS[number % 3],
            related=RELATED.format(number=number, moment=moment) if number % 4 == 0 else "",
            secured="QUJD" * 90,
        )
        (folder / f"{number:04}.md").write_text(text, "utf-8")
    return folder


def make_site(folder: Path, content: Path, more: str = "") -> Path:
    """
    Its configuration.
    """
    config = folder / "digest.toml"
    config.write_text(CONFIG.format(content=content, more=more), "utf-8")
    return config
