"""
The shipped theme with the sample articles, as a browser shows it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Route, sync_playwright
from playwright.sync_api import Page as Tab

from digest.composer import quote_text
from digest.pipeline import Moment, Pipeline, Printed
from digest.settings import load_settings

from .factories import a_subscriber

pytestmark = pytest.mark.browser

CONTENT = Path(__file__).parent.parent / "content"
MONDAY = datetime(2026, 11, 23, 7, 0, tzinfo=UTC)
WIDTHS = [320, 375, 700]
SCHEMES = ["light", "dark"]
#: A letter is a part of the mail program's page, which has the landmarks.
AXE_OPTIONS = {"rules": {"region": {"enabled": False}, "landmark-one-main": {"enabled": False}}}
OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
GROUNDS = """
[...document.querySelectorAll("body, body *")].flatMap((each) => {
  const colour = getComputedStyle(each).backgroundColor.match(/[\\d.]+/g).map(Number);
  const box = each.getBoundingClientRect();
  const seen = box.width * box.height > 0 && each.tagName !== "IMG" && (colour[3] ?? 1) > 0;
  return seen ? [Math.max(...colour.slice(0, 3))] : [];
})
"""


@dataclass(frozen=True, kw_only=True)
class Site:
    """
    The sample site, its cache in a temporary folder, and an edition of it.
    """

    pipeline: Pipeline
    printed: Printed

    def picture(self, url: str) -> Path:
        return self.pipeline.pictures.path_of(urlsplit(url).path.removeprefix("/i/"))


@pytest.fixture(scope="module", params=["wind-and-water", "street-and-table"])
def site(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Site:
    folder = tmp_path_factory.mktemp("site")
    source = (CONTENT / "digest.toml").read_text("utf-8")
    changed = source.replace('path = "."', f'path = "{CONTENT}"').replace('"../', f'"{folder}/')
    (folder / "digest.toml").write_text(changed, "utf-8")
    settings = load_settings(folder / "digest.toml", {})
    pipeline = Pipeline(settings, clock=lambda: MONDAY, random_bits=Random(1).getrandbits)  # noqa: S311
    newsletter = settings.newsletter(request.param)
    issue = pipeline.issue(newsletter, Moment(at=MONDAY))
    (printed,), _ = pipeline.print_editions(newsletter, issue, [a_subscriber()])
    return Site(pipeline=pipeline, printed=printed)


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        yield playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])


@pytest.fixture
def tab(browser: Browser, request: pytest.FixtureRequest) -> Iterator[Tab]:
    """
    A tab of the width and the colours that the test asks for.
    """
    asked: dict[str, Any] = request.node.callspec.params
    context = browser.new_context(
        viewport={"width": asked.get("width", 375), "height": 800},
        color_scheme=asked.get("scheme", "light"),
    )
    yield context.new_page()
    context.close()


def open_letter(tab: Tab, site: Site, *, pictures: bool = True, html: str | None = None) -> None:
    """
    Show the page as a mail program does: pictures from the site, and nothing else.
    """
    foreign: list[str] = []

    def answer(route: Route) -> None:
        url = route.request.url
        if url == "https://mail.example.org/":
            body = html if html is not None else site.printed.page.html
            route.fulfill(body=body, content_type="text/html; charset=utf-8")
        elif pictures and site.picture(url).is_file():
            route.fulfill(path=site.picture(url))
        else:
            foreign.append(url)
            route.abort()

    tab.route("**/*", answer)
    tab.goto("https://mail.example.org/", wait_until="load")
    assert not [url for url in foreign if pictures or not site.picture(url).is_file()]


def violations(tab: Tab) -> list[str]:
    found = Axe().run(tab, options=AXE_OPTIONS).response["violations"]
    return [
        f"{each['id']}: {node['html'][:200]} {node['any'][0]['message'] if node['any'] else ''}"
        for each in found
        for node in each["nodes"]
    ]


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_letter_fits_its_screen_has_its_colours_and_breaks_no_rule_of_accessibility(
    tab: Tab, site: Site, width: int, scheme: str
) -> None:
    open_letter(tab, site)

    grounds = tab.evaluate(GROUNDS)
    assert tab.evaluate("document.compatMode") == "CSS1Compat"
    assert tab.evaluate(OVERFLOW) == 0
    assert tab.evaluate("[...document.images].every((each) => each.naturalWidth > 0)")
    assert (max(grounds) < 100) if scheme == "dark" else (min(grounds) > 200)
    assert violations(tab) == []


@pytest.mark.parametrize("width", WIDTHS)
def test_without_pictures_a_letter_still_fits_and_keeps_its_shape(
    tab: Tab, site: Site, width: int
) -> None:
    open_letter(tab, site)
    height = tab.evaluate("document.body.scrollHeight")

    tab.unroute_all()
    open_letter(tab, site, pictures=False)

    assert tab.evaluate(OVERFLOW) == 0
    assert tab.evaluate("document.body.scrollHeight") == pytest.approx(height, rel=0.15)


@pytest.mark.parametrize("width", [320])
def test_without_its_style_sheets_a_letter_still_fits(tab: Tab, site: Site, width: int) -> None:
    html = site.printed.page.html
    for before in html.split("<style")[1:]:
        html = html.replace("<style" + before.partition("</style>")[0] + "</style>", "")

    open_letter(tab, site, html=html)

    assert "<style" not in html
    assert tab.evaluate(OVERFLOW) == 0


@pytest.mark.parametrize("width", [375])
def test_every_story_and_every_link_of_the_edition_is_there(
    tab: Tab, site: Site, width: int
) -> None:
    open_letter(tab, site)

    text = " ".join(tab.evaluate("document.body.innerText").split())
    links = tab.evaluate("[...document.links].map((each) => each.getAttribute('href'))")
    for article in site.printed.edition.articles:
        assert " ".join(article.title.split()) in text
        assert article.url in links or not article.url
    assert all(link.startswith("https://") for link in links)


def test_the_page_is_small_enough_to_be_shown_whole(site: Site) -> None:
    assert len(quote_text(site.printed.page.html)) < 100_000


def test_the_sample_pictures_are_all_usable(site: Site) -> None:
    assert site.printed.problems == ()
