"""
The shipped themes with the sample articles, as mail programs show them: in the light, in the dark,
forced into it, without style sheets, without pictures, on any screen.
"""

import re
import subprocess
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache
from io import BytesIO
from pathlib import Path
from random import Random
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from PIL import Image, ImageChops, ImageStat
from playwright.sync_api import Browser, Route, sync_playwright
from playwright.sync_api import Page as Tab

from digest.pipeline import Moment, Pipeline, Printed
from digest.settings import load_settings

from .factories import a_subscriber

pytestmark = pytest.mark.browser

CONTENT = Path(__file__).parent.parent / "content"
GOLDEN = Path(__file__).parent / "golden"
HAND = """\
introduction = '''
Good morning! **Two** stories of this week, and [one more](https://news.example.org/more):

- one of *wind*,
- and one of `water`.

```
a line of code that is longer than any telephone, or any column of a letter, is wide
```
'''
note = "Back in **two** weeks."
"""
MONDAY = datetime(2026, 11, 23, 7, 0, tzinfo=UTC)
THEMES = ["default", "compact", "plain"]
WIDTHS = [320, 375, 700]
#: What a mail program may do to a letter.
TREATMENTS = ["light", "dark", "forced dark", "outlook.com", "stripped", "no pictures"]
FORCED_DARK = (
    "--enable-features=WebContentsForceDark",
    "--blink-settings=forceDarkModeEnabled=true",
)
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
TITLE_SIZES = """
["h1", "h2.t"].map((each) => parseInt(getComputedStyle(document.querySelector(each)).fontSize))
"""
LOGO = """
(() => {
  const logo = document.querySelector("h1 img"), box = logo.getBoundingClientRect();
  return [getComputedStyle(logo).backgroundColor, box.width, box.height];
})()
"""
#: Where the words of the introduction's first bullet begin, and where the bullet has them begin.
WORDS_OF_AN_ITEM = """
(() => {
  const item = document.querySelector(".in li"), words = document.createRange();
  words.selectNodeContents(item);
  return [words, item].map((each) => each.getBoundingClientRect().left);
})()
"""
#: The same letters on every machine: screenshots are compared with those of another one.
ONE_FONT = "*{font-family:'DejaVu Sans' !important}"
SHOTS = [
    ("default", "light", 700),
    ("default", "light", 375),
    ("default", "dark", 375),
    ("compact", "light", 375),
    ("plain", "light", 375),
]
#: Golden pictures are so much smaller than letters, and are compared in squares of so many pixels.
SHRINK, SQUARE = 3, 12
#: Of 255, by which the mean colour of a square may differ: edges of letters differ by less.
TOLERANCE = 20


@dataclass(frozen=True, kw_only=True)
class Site:
    """
    The sample site, its cache in a temporary folder, and an edition of it.
    """

    pipeline: Pipeline
    printed: Printed
    letter: bytes

    @property
    def html(self) -> str:
        return self.printed.page.html

    def picture(self, url: str) -> Path:
        return self.pipeline.pictures.path_of(urlsplit(url).path.removeprefix("/i/"))


Sites = Callable[..., Site]


@pytest.fixture(scope="module")
def site_of(tmp_path_factory: pytest.TempPathFactory) -> Sites:
    folder = tmp_path_factory.mktemp("site")
    source = (CONTENT / "digest.toml").read_text("utf-8")
    changed = source.replace('path = "."', f'path = "{CONTENT}"').replace('"../', f'"{folder}/')
    (folder / "digest.toml").write_text(changed, "utf-8")
    issues = folder / "issues" / "wind-and-water"
    issues.mkdir(parents=True)
    (issues / "2026-11-23.toml").write_text(HAND, "utf-8")
    settings = load_settings(folder / "digest.toml", {})
    bits = Random(1).getrandbits  # noqa: S311 - no secret
    pipeline = Pipeline(settings, clock=lambda: MONDAY, random_bits=bits)

    @cache
    def make(
        theme: str,
        newsletter_id: str = "wind-and-water",
        language: str = "en",
        logo: tuple[int, int] | None = None,
    ) -> Site:
        configured = settings.newsletter(newsletter_id)
        newsletter = replace(configured, theme=theme, language=language)
        if logo:
            path = folder / "logo.png"
            a_dark_logo(logo).save(path)
            newsletter = replace(newsletter, brand=replace(newsletter.brand, logo=str(path)))
        issue = pipeline.issue(newsletter, Moment(at=MONDAY))
        (printed,), _ = pipeline.print_editions(newsletter, issue, [a_subscriber()])
        letter = pipeline.letter(issue, printed.page).data
        return Site(pipeline=pipeline, printed=printed, letter=letter)

    return make


def a_dark_logo(size: tuple[int, int]) -> Image.Image:
    """
    Two bars on nothing, which cannot be seen in the dark.
    """
    logo = Image.new("RGBA", size, (0, 0, 0, 0))
    for share in (0.1, 0.6):
        logo.paste("#101020", (0, round(size[1] * share), size[0], round(size[1] * (share + 0.3))))
    return logo


@pytest.fixture(scope="module")
def browsers(chromium: str) -> Iterator[Callable[[bool], Browser]]:
    with sync_playwright() as playwright:

        @cache
        def launch(forced: bool) -> Browser:  # noqa: FBT001 - a key
            arguments = ["--no-sandbox", *(FORCED_DARK if forced else ())]
            return playwright.chromium.launch(executable_path=chromium, args=arguments)

        yield launch


@pytest.fixture
def show(browsers: Callable[[bool], Browser]) -> Iterator[Callable[..., Tab]]:
    """
    Open a letter as a mail program treats it: pictures from the site, and nothing else.
    """
    contexts = []

    def open_letter(site: Site, treatment: str = "light", width: int = 375) -> Tab:
        context = browsers(treatment == "forced dark").new_context(
            viewport={"width": width, "height": 800},
            color_scheme="dark" if treatment == "dark" else "light",
        )
        contexts.append(context)
        tab = context.new_page()
        foreign: list[str] = []

        def answer(route: Route) -> None:
            url = route.request.url
            if url == "https://mail.example.org/":
                html = treated(site.html, treatment)
                route.fulfill(body=html, content_type="text/html; charset=utf-8")
            elif site.picture(url).is_file():
                if treatment == "no pictures":
                    route.abort()
                else:
                    route.fulfill(path=site.picture(url))
            else:
                foreign.append(url)
                route.abort()

        tab.route("**/*", answer)
        tab.goto("https://mail.example.org/", wait_until="load")
        assert foreign == []
        return tab

    yield open_letter
    for context in contexts:
        context.close()


Show = Callable[..., Tab]


def treated(html: str, treatment: str) -> str:
    if treatment == "stripped":
        return re.sub(r"(?s)<style.*?</style>", "", html)
    if treatment == "outlook.com":
        return re.sub(r"<body ", '<body data-ogsc="" data-ogsb="" ', html, count=1)
    return html


def violations(tab: Tab) -> list[str]:
    found = Axe().run(tab, options=AXE_OPTIONS).response["violations"]
    return [
        f"{each['id']}: {node['html'][:200]} {node['any'][0]['message'] if node['any'] else ''}"
        for each in found
        for node in each["nodes"]
    ]


@pytest.mark.parametrize("treatment", TREATMENTS)
@pytest.mark.parametrize("theme", THEMES)
def test_whatever_a_mail_program_does_a_letter_fits_and_can_be_read(
    site_of: Sites, show: Show, theme: str, treatment: str
) -> None:
    tab = show(site_of(theme), treatment)

    assert tab.evaluate("document.compatMode") == "CSS1Compat"
    for width in WIDTHS:
        tab.set_viewport_size({"width": width, "height": 800})
        assert tab.evaluate(OVERFLOW) == 0, width
    tab.set_viewport_size({"width": 375, "height": 800})
    assert violations(tab) == []


@pytest.mark.parametrize("width", [320, 700])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_rules_hold_on_small_and_large_screens_too(
    site_of: Sites, show: Show, scheme: str, width: int
) -> None:
    tab = show(site_of("default", "street-and-table"), scheme, width)

    assert tab.evaluate(OVERFLOW) == 0
    assert violations(tab) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("theme", THEMES)
def test_a_letter_from_right_to_left_fits_and_can_be_read(
    site_of: Sites, show: Show, theme: str, scheme: str
) -> None:
    tab = show(site_of(theme, language="ar"), scheme)

    assert tab.evaluate("getComputedStyle(document.body.firstElementChild).direction") == "rtl"
    assert tab.evaluate(OVERFLOW) == 0
    assert violations(tab) == []


@pytest.mark.parametrize("treatment", ["light", "dark", "outlook.com"])
@pytest.mark.parametrize("theme", THEMES)
def test_a_wide_logo_fits_and_is_on_a_light_ground(
    site_of: Sites, show: Show, theme: str, treatment: str
) -> None:
    tab = show(site_of(theme, logo=(600, 120)), treatment, width=320)

    assert tab.evaluate(OVERFLOW) == 0
    assert violations(tab) == []
    ground, width, height = tab.evaluate(LOGO)
    assert ground == ("rgba(0, 0, 0, 0)" if treatment == "light" else "rgb(255, 255, 255)")
    assert (width / height) == pytest.approx(5, rel=0.01)


@pytest.mark.parametrize(
    ("theme", "sizes"), [("default", [36, 28]), ("compact", [28, 24]), ("plain", [32, 30])]
)
def test_titles_have_the_sizes_that_their_theme_gives_them_on_every_screen(
    site_of: Sites, show: Show, theme: str, sizes: list[int]
) -> None:
    tab = show(site_of(theme))

    for width in WIDTHS:
        tab.set_viewport_size({"width": width, "height": 800})
        assert tab.evaluate(TITLE_SIZES) == sizes


def test_what_the_editor_says_begins_where_its_own_language_does(
    site_of: Sites, show: Show
) -> None:
    tab = show(site_of("default", language="ar"))

    words, item = tab.evaluate(WORDS_OF_AN_ITEM)
    assert words == pytest.approx(item, abs=2)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("theme", THEMES)
def test_every_ground_is_light_in_the_light_and_dark_in_the_dark(
    site_of: Sites, show: Show, theme: str, scheme: str
) -> None:
    grounds = show(site_of(theme), scheme).evaluate(GROUNDS)

    assert (max(grounds) < 100) if scheme == "dark" else (min(grounds) > 200)


def test_all_pictures_are_shown_and_without_them_a_letter_keeps_its_shape(
    site_of: Sites, show: Show
) -> None:
    site = site_of("default")

    whole, bare = show(site), show(site, "no pictures")

    assert whole.evaluate("[...document.images].every((each) => each.naturalWidth > 0)")
    height = "document.body.scrollHeight"
    assert bare.evaluate(height) == pytest.approx(whole.evaluate(height), rel=0.1)


@pytest.mark.parametrize("theme", THEMES)
def test_every_story_and_every_link_of_the_edition_is_there(
    site_of: Sites, show: Show, theme: str
) -> None:
    site = site_of(theme)
    tab = show(site)

    text = " ".join(tab.evaluate("document.body.innerText").split())
    links = tab.evaluate("[...document.links].map((each) => each.getAttribute('href'))")

    for article in site.printed.edition.articles:
        assert " ".join(article.title.split()) in text
        assert article.url in links or not article.url
    assert all(link.startswith(("https://", "#")) for link in links)


@pytest.mark.parametrize("newsletter", ["wind-and-water", "street-and-table"])
def test_the_sample_pictures_are_all_usable(site_of: Sites, newsletter: str) -> None:
    assert site_of("default", newsletter).printed.problems == ()


@pytest.mark.parametrize(("theme", "scheme", "width"), SHOTS)
def test_a_letter_looks_as_it_did(
    site_of: Sites,
    show: Show,
    dejavu: str,
    golden: Callable[[Path, bytes], bytes],
    theme: str,
    scheme: str,
    width: int,
) -> None:
    tab = show(site_of(theme), scheme, width)
    tab.add_style_tag(content=ONE_FONT)
    shot = Image.open(BytesIO(tab.screenshot(full_page=True))).convert("RGB")
    small = shot.resize((shot.width // SHRINK, shot.height // SHRINK), Image.Resampling.LANCZOS)
    buffer = BytesIO()
    small.save(buffer, "JPEG", quality=75, subsampling=0)

    kept = golden(GOLDEN / f"{theme}-{scheme}-{width}.jpg", buffer.getvalue())

    expected = Image.open(BytesIO(kept)).convert("RGB")
    assert small.width == expected.width
    assert small.height == pytest.approx(expected.height, rel=0.01)
    difference = ImageChops.difference(small.resize(expected.size), expected)
    squares = (expected.width // SQUARE, expected.height // SQUARE)
    means = ImageStat.Stat(difference.resize(squares, Image.Resampling.BOX)).extrema
    assert max(highest for _, highest in means) < TOLERANCE, means


def test_the_html_is_what_the_standard_allows(
    site_of: Sites, vnu: Callable[[Sequence[Path]], list[str]], tmp_path: Path
) -> None:
    pages = [tmp_path / f"{theme}.html" for theme in THEMES]
    for page in pages:
        page.write_text(site_of(page.stem).html, "utf-8")

    assert vnu(pages) == []


def test_spamassassin_finds_nothing(site_of: Sites, spamassassin: str, tmp_path: Path) -> None:
    letter = site_of("default").letter

    done = subprocess.run(
        [spamassassin, "-L", "-t", "-x", "-p", "/dev/null"],
        input=letter,
        env={"HOME": str(tmp_path), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        timeout=120,
        check=True,
    )

    report = done.stdout.decode("utf-8", "replace")
    points = re.findall(r"(?m)^ *(-?\d+\.\d+) ([A-Z]\w+) ", report)
    assert points
    assert [rule for each, rule in points if float(each) > 0] == []
