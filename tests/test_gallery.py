"""
Previews as files, which open from disk and ask nothing of a network.
"""

import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from email import message_from_bytes, policy
from io import BytesIO
from pathlib import Path
from random import Random
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from PIL import Image
from playwright.sync_api import Browser, Frame, sync_playwright
from playwright.sync_api import Page as Tab

from digest.errors import StoreError
from digest.gallery import Previewed, write_previews
from digest.model import Issue, Subscriber
from digest.pipeline import Moment, Pipeline, Printed
from digest.pipeline.checks import check
from digest.settings import load_settings

from .factories import MONDAY, a_subscriber

READERS = (
    a_subscriber(id=1, address="ann@secret.example", name="Ann Secret"),
    a_subscriber(id=2, address="bob@secret.example", name="Bob Secret", topics=("Art",)),
    a_subscriber(id=3, address="cat@secret.example", name="Cat Secret", topics=("Art", "AI")),
)
SETTINGS = """
[site]
name = "Example Digests"
url = "https://digests.example.org/news"
address = "Example Ltd, 1 High Street, Anytown"
[newsletters.weekly]
title = "The <Weekly> & Co"
from = "The Weekly <weekly@example.org>"
topics = ["AI", "Art"]
"""
ARTICLE = """\
---
category: news
title: {title}
excerpt: An excerpt.
publishedDateTime: 2026-11-20T10:00:00Z
webUrl: https://news.example.org/{name}
type: article
quality: 50
heat: {heat}
published: true
topics: [{topic}]
provider: {{name: Example News, domain: news.example.org}}
images: [{{url: "{image}", width: 1200, height: 675}}]
---
"""


@pytest.fixture
def pipeline(tmp_path: Path) -> Iterator[Pipeline]:
    """
    A site of three articles with a picture, without one, and with a broken one.
    """
    content = tmp_path / "content"
    content.mkdir()
    (tmp_path / "digest.toml").write_text(SETTINGS)
    buffer = BytesIO()
    Image.new("RGB", (1200, 675), "#336699").save(buffer, "PNG")
    (content / "blue.png").write_bytes(buffer.getvalue())
    for name, title, topic, heat, image in (
        ("a", '"Tom & \\"Jerry\\" <b>bold</b>"', "AI", 90, "/blue.png"),
        ("b", "Quiet pictures", "Art", 40, "https://cdn.example.org/never-fetched.jpg"),
        ("c", "Broken pictures", "AI", 30, "/<missing>.png"),
    ):
        text = ARTICLE.format(name=name, title=title, topic=topic, heat=heat, image=image)
        (content / f"{name}.md").write_text(text)
    settings = load_settings(tmp_path / "digest.toml", {})
    random = Random(1)  # noqa: S311 - no secret
    made = Pipeline(settings, clock=lambda: MONDAY, random_bits=random.getrandbits)
    yield made
    made.close()


def printed(
    pipeline: Pipeline, readers: Sequence[Subscriber] = READERS
) -> list[tuple[Issue, Printed]]:
    newsletter = pipeline.settings.newsletter("weekly")
    issue = pipeline.issue(newsletter, Moment(at=MONDAY))
    return [(issue, each) for each in pipeline.print_editions(newsletter, issue, readers)[0]]


def previews_of(pipeline: Pipeline, out: Path) -> tuple[Previewed, ...]:
    return write_previews(pipeline, out, printed(pipeline))


def test_every_edition_is_written_thrice_and_listed(pipeline: Pipeline, tmp_path: Path) -> None:
    out = tmp_path / "out" / "deep"

    first, second = previews_of(pipeline, out)

    files = {path.name for path in out.iterdir() if path.is_file()}
    assert {first.html.name, first.text.name, first.eml.name, second.html.name} < files
    assert len(files) == 7
    views = sorted(path.name for path in (out / "views").iterdir())
    stems = sorted(each.html.stem for each in (first, second))
    kinds = ("bare", "forced", "letter", "text")
    assert views == [f"{stem}.{kind}.html" for stem in stems for kind in kinds]
    assert (first.newsletter, first.issue) == ("weekly", "weekly/2026-11-23")
    assert (first.topics, first.subscribers) == (("AI", "Art"), 2)
    assert (second.topics, second.subscribers) == (("Art",), 1)
    index = (out / "index.html").read_text("utf-8")
    assert all(f'href="{each.html.name}"' in index for each in (first, second))
    assert all(f'href="{each.eml.name}"' in index for each in (first, second))


def test_titles_and_warnings_are_escaped_in_the_list(pipeline: Pipeline, tmp_path: Path) -> None:
    previews = previews_of(pipeline, tmp_path / "out")

    index = (tmp_path / "out" / "index.html").read_text("utf-8")
    assert previews[0].subject == 'Tom & "Jerry" <b>bold</b>'
    assert "Tom &amp; &#34;Jerry&#34; &lt;b&gt;bold&lt;/b&gt;" in index
    assert "<b>bold" not in index
    assert any("<missing>.png" in each for each in previews[0].warnings)
    assert "&lt;missing&gt;.png" in index


def test_pictures_lie_beside_the_page_and_are_linked_relatively(
    pipeline: Pipeline, tmp_path: Path
) -> None:
    out = tmp_path / "out"

    (first, _) = previews_of(pipeline, out)

    sources = re.findall(r'<img[^>]* src="([^"]+)"', first.html.read_text("utf-8"))
    assert len(sources) == 3
    assert all(source.startswith("pictures/") for source in sources)
    assert all((out / source).is_file() for source in sources)
    assert "https://digests.example.org/news/i/" not in first.html.read_text("utf-8")


def test_a_letter_is_the_exact_one_but_for_its_reader(pipeline: Pipeline, tmp_path: Path) -> None:
    editions = printed(pipeline)

    previews = write_previews(pipeline, tmp_path / "out", editions)

    for (issue, each), preview in zip(editions, previews, strict=True):
        data = preview.eml.read_bytes()
        message = message_from_bytes(data, policy=policy.default)
        assert data == pipeline.letter(issue, each.page).data
        assert message["Subject"] == each.page.subject == preview.subject
        assert message["To"] == "Reader <reader@example.org>"
        assert message["List-Unsubscribe"].startswith("<https://digests.example.org/news/u/")
        assert b"digests.example.org/news/i/" in data.replace(b"=\r\n", b"")
        assert preview.bytes < len(data)


def test_no_file_names_a_subscriber(pipeline: Pipeline, tmp_path: Path) -> None:
    previews_of(pipeline, tmp_path / "out")

    for path in (tmp_path / "out").rglob("*"):
        if path.is_file():
            assert b"ecret" not in path.read_bytes().replace(b"=\r\n", b"")


def test_the_text_is_the_page_s_own(pipeline: Pipeline, tmp_path: Path) -> None:
    editions = printed(pipeline)

    (first, _) = write_previews(pipeline, tmp_path / "out", editions)

    assert first.text.read_text("utf-8") == editions[0][1].page.text


def test_names_differ_even_where_topics_read_alike(pipeline: Pipeline, tmp_path: Path) -> None:
    ((issue, each), _) = printed(pipeline)
    topics = [("C++", "A"), ("C--", "A"), ("İ",), ("李",), ("../..",), ("x" * 300,), ("x" * 301,)]
    editions = [
        (issue, replace(each, edition=replace(each.edition, topics=several))) for several in topics
    ]

    previews = write_previews(pipeline, tmp_path / "out", editions)

    names = {preview.html.name.lower() for preview in previews}
    assert len(names) == len(topics)
    assert all(re.fullmatch(r"weekly-[a-z0-9-]{1,90}\.html", name) for name in names)
    assert all(preview.html.parent == tmp_path / "out" for preview in previews)


def test_writing_again_replaces_the_files(pipeline: Pipeline, tmp_path: Path) -> None:
    before = previews_of(pipeline, tmp_path / "out")

    after = previews_of(pipeline, tmp_path / "out")

    assert after == before


def test_a_picture_that_vanished_from_the_cache_stops_nothing(
    pipeline: Pipeline, tmp_path: Path
) -> None:
    editions = printed(pipeline)
    for name in editions[0][1].page.pictures:
        pipeline.pictures.path_of(name).unlink()

    assert len(write_previews(pipeline, tmp_path / "out", editions)) == 2


def test_a_preview_names_what_a_check_names(pipeline: Pipeline, tmp_path: Path) -> None:
    template = tmp_path / "templates" / "mine" / "issue.mjml.j2"
    template.parent.mkdir(parents=True)
    template.write_text(
        '{% extends "default/issue.mjml.j2" %}{% block rest %}</mj-text><mj-divider colr="red"/>'
        '<mj-text>{{ _("Until soon") }}{% endblock %}'
    )
    settings = f'{SETTINGS}theme = "mine"\nlanguage = "de"\n[brand]\naccent = "#ffdd55"\n'
    (tmp_path / "digest.toml").write_text(settings)
    article = tmp_path / "content" / "b.md"
    article.write_text(article.read_text().replace("https://news.example.org/b", "nowhere"))
    bits = Random(1).getrandbits  # noqa: S311 - no secret
    loaded = load_settings(tmp_path / "digest.toml", {})
    with_faults = Pipeline(loaded, clock=lambda: MONDAY, random_bits=bits)

    first, second = previews_of(with_faults, tmp_path / "out")
    found = [each.message for each in check(with_faults, Moment(at=MONDAY))]
    with_faults.close()

    for said in ("<mj-divider> has no attribute colr", "brand.accent: #ffdd55 on", '"Until soon"'):
        (named,) = (each for each in first.warnings if said in each)
        assert any(named.endswith(each) for each in found)
    assert any("b.md: webUrl: is no web address" in each for each in second.warnings)
    assert len(set(first.warnings)) == len(first.warnings)


def test_a_preview_says_nothing_of_stories_that_it_does_not_show(
    pipeline: Pipeline, tmp_path: Path
) -> None:
    old = ARTICLE.format(name="old", title="Old", topic="AI", heat=9, image="/blue.png")
    old = old.replace("2026-11-20", "2026-10-20").replace("https://news.example.org/old", "nowhere")
    (tmp_path / "content" / "old.md").write_text(old)

    previews = previews_of(pipeline, tmp_path / "out")

    assert not any("old.md" in each for preview in previews for each in preview.warnings)


def test_nothing_to_show_is_a_page_too(pipeline: Pipeline, tmp_path: Path) -> None:
    assert write_previews(pipeline, tmp_path / "out", []) == ()
    assert "0 editions" in (tmp_path / "out" / "index.html").read_text("utf-8")


def test_a_folder_that_cannot_be_written_is_an_error_that_names_it(
    pipeline: Pipeline, tmp_path: Path
) -> None:
    (tmp_path / "out").write_text("a file")

    with pytest.raises(StoreError, match=r"the folder \S+/out cannot be written: \w+"):
        previews_of(pipeline, tmp_path / "out")


def test_previews_can_be_shown_by_a_web_server(pipeline: Pipeline, tmp_path: Path) -> None:
    previews_of(pipeline, tmp_path / "out")

    modes = {
        path.stat().st_mode & 0o444 for path in (tmp_path / "out").rglob("*") if path.is_file()
    }
    assert modes == {0o444}


def test_windows_before_any_article_have_no_editions(pipeline: Pipeline) -> None:
    newsletter = pipeline.settings.newsletter("weekly")
    issue = pipeline.issue(newsletter, Moment(at=MONDAY - timedelta(days=100)))

    editions, without_news = pipeline.print_editions(newsletter, issue, READERS)

    assert (editions, len(without_news)) == ([], 3)


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        yield playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])


@dataclass
class Visit:
    """
    A tab with the gallery, opened from disk, and all that the browser complained about.
    """

    tab: Tab
    requests: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    @property
    def frames(self) -> list[Frame]:
        """
        Of all editions, once each of them shows something.
        """
        for frame in self.tab.locator("iframe").all():
            frame.scroll_into_view_if_needed()
            frame.content_frame.locator("h1, pre").first.wait_for()
        return self.tab.frames[1:]

    def choose(self, name: str) -> None:
        self.tab.locator(f"label:has(#{name})").click()


@pytest.fixture
def visit(browser: Browser, pipeline: Pipeline, tmp_path: Path) -> Iterator[Callable[..., Visit]]:
    contexts = []

    def open_gallery(width: int = 1280, scheme: Any = "light", *, script: bool = True) -> Visit:
        previews_of(pipeline, tmp_path / "out")
        size: Any = {"width": width, "height": 900}
        context = browser.new_context(
            viewport=size, color_scheme=scheme, java_script_enabled=script
        )
        contexts.append(context)
        tab = context.new_page()
        visit = Visit(tab)
        tab.on("request", lambda request: visit.requests.append(request.url))
        tab.on("requestfailed", lambda request: visit.complaints.append(request.url))
        tab.on("console", lambda message: visit.complaints.append(message.text))
        tab.on("pageerror", lambda error: visit.complaints.append(str(error)))
        tab.goto((tmp_path / "out" / "index.html").as_uri(), wait_until="load")
        return visit

    yield open_gallery
    for context in contexts:
        context.close()


Open = Callable[..., Visit]
OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
IS_DARK = "matchMedia('(prefers-color-scheme: dark)').matches"


@pytest.mark.browser
@pytest.mark.parametrize("width", [320, 375, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_gallery_opens_from_disk_and_breaks_no_rule_of_accessibility(
    visit: Open, width: int, scheme: str
) -> None:
    gallery = visit(width, scheme)
    for details in gallery.tab.locator("details").all():
        details.evaluate("(each) => { each.open = true }")

    frames = gallery.frames

    assert [frame.evaluate(OVERFLOW) for frame in (gallery.tab.main_frame, *frames)] == [0] * 3
    assert [frame.evaluate("document.images.length") for frame in frames] == [3, 1]
    for frame in frames:
        assert frame.evaluate("[...document.images].every((each) => each.naturalWidth > 0)")
    assert gallery.complaints == []
    assert {url.partition(":")[0] for url in gallery.requests} == {"file"}
    found = Axe().run(gallery.tab).response["violations"]
    assert [(each["id"], each["nodes"][0]["html"]) for each in found] == []


@pytest.mark.browser
def test_letters_are_shown_at_the_widths_of_screens(visit: Open) -> None:
    gallery = visit(1400)
    widths = {}

    for screen in ("phone", "tablet", "desktop"):
        gallery.choose(f"screen-{screen}")
        widths[screen] = gallery.frames[0].evaluate("document.documentElement.clientWidth")

    assert widths["phone"] == 373
    assert widths["tablet"] == 766
    assert widths["desktop"] > 1000


@pytest.mark.browser
def test_letters_follow_the_chosen_colours_and_not_the_screens(visit: Open) -> None:
    gallery = visit(scheme="null")  # Otherwise the test's colours would override the page's own.

    light = [frame.evaluate(IS_DARK) for frame in gallery.frames]
    gallery.choose("scheme-dark")
    dark = [frame.evaluate(IS_DARK) for frame in gallery.frames]

    assert (light, dark) == ([False, False], [True, True])


@pytest.mark.browser
def test_pictures_can_be_turned_off_and_colours_forced_and_the_text_be_read(visit: Open) -> None:
    gallery = visit()
    loaded = "[...document.images].map((each) => each.naturalWidth > 0)"
    filtered = "getComputedStyle(document.documentElement).filter"

    gallery.choose("scheme-forced")
    forced = [(frame.evaluate(filtered), frame.evaluate(loaded)) for frame in gallery.frames]
    gallery.choose("pictures-off")
    gallery.tab.wait_for_timeout(100)
    bare = [frame.evaluate(loaded) for frame in gallery.frames]
    gallery.choose("part-text")
    gallery.tab.wait_for_timeout(100)
    texts = [frame.locator("pre").inner_text() for frame in gallery.frames]

    inverted = "invert(1) hue-rotate(180deg)"
    assert forced == [(inverted, [True] * 3), (inverted, [True])]
    assert bare == [[False] * 3, [False]]
    assert all("https://digests.example.org/news/" in text for text in texts)


@pytest.mark.browser
def test_choices_outlive_a_reload_and_can_be_made_by_keyboard(visit: Open) -> None:
    gallery = visit()

    gallery.tab.locator("#screen-phone").focus()
    gallery.tab.keyboard.press("ArrowRight")
    gallery.tab.keyboard.press("Tab")
    gallery.tab.keyboard.press("ArrowRight")
    gallery.tab.reload()

    checked = gallery.tab.locator(".tools :checked").evaluate_all("(all) => all.map((a) => a.id)")
    assert checked == ["screen-tablet", "scheme-dark", "pictures-on", "part-html", "layout-list"]


@pytest.mark.browser
def test_without_scripts_everything_but_the_choices_is_there(visit: Open) -> None:
    gallery = visit(script=False)

    assert len(gallery.frames) == 2
    assert gallery.tab.locator("summary").first.is_visible()


@pytest.mark.browser
def test_nothing_that_an_article_brings_is_run(
    visit: Open, pipeline: Pipeline, tmp_path: Path
) -> None:
    attack = "</iframe></pre><script>parent.document.title = 'run'</script>"
    title = f"{attack}<img src=x onerror=\"parent.document.title = 'run'\">"
    text = ARTICLE.format(name="x", title=json.dumps(title), topic="AI", heat=99, image="/blue.png")
    (tmp_path / "content" / "x.md").write_text(text)

    gallery = visit()
    for part in ("part-html", "part-text"):
        gallery.choose(part)
        assert "onerror" in gallery.frames[0].locator("body").inner_text()

    assert gallery.tab.title() == "Preview: 2 editions"
    assert gallery.complaints == []
