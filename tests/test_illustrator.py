"""
Every article gets a picture, and never one from outside the content folder.
"""

import os
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image as PillowImage

from digest.illustrator import illustrate, sought
from digest.model import (
    LEAD,
    LOGO,
    THUMBNAIL,
    Article,
    Edition,
    Image,
    Picture,
    Problem,
    Provider,
    Section,
    Slot,
    Sought,
)
from digest.pictures import FolderCache, WorkerPool

from .factories import a_related, an_article, an_edition

REMOTE = "https://cdn.example.org/a.jpg"
COLOURS = {"ai": "#3d5a80", "art": "#7a4069"}


@pytest.fixture
def content(tmp_path: Path) -> Path:
    folder = tmp_path / "content"
    (folder / "articles").mkdir(parents=True)
    return folder


@pytest.fixture
def cache(tmp_path: Path, workers: WorkerPool) -> FolderCache:
    return FolderCache(tmp_path / "cache", workers)


def a_png(colour: str = "red", width: int = 2400, height: int = 1350) -> bytes:
    buffer = BytesIO()
    PillowImage.new("RGB", (width, height), colour).save(buffer, "PNG")
    return buffer.getvalue()


def with_image(*urls: str, slug: str = "articles/hello") -> Article:
    return an_article(slug=slug, images=tuple(Image(url=url) for url in urls))


def picture_of(
    article: Article, content: Path, cache: FolderCache
) -> tuple[Picture, tuple[Problem, ...]]:
    edition = an_edition(article)
    pictures, problems = illustrate(edition, colours=COLOURS, content=content, cache=cache)
    assert pictures.keys() == {article.slug}
    return pictures[article.slug], problems


def reason_of(article: Article, content: Path, cache: FolderCache) -> str:
    """
    Why the picture was passed over, for the one that was drawn.
    """
    picture, (problem,) = picture_of(article, content, cache)
    assert picture.drawn
    assert (problem.file, problem.level) == (str(content / f"{article.slug}.md"), "warning")
    return problem.message


def test_only_the_lead_gets_the_large_slot(content: Path, cache: FolderCache) -> None:
    cool, hot = an_article(slug="a", heat=1), an_article(slug="b", heat=99)

    edition = an_edition(cool, hot)
    pictures, _ = illustrate(edition, colours=COLOURS, content=content, cache=cache)

    sizes = {slug: (each.width, each.height) for slug, each in pictures.items()}
    assert sizes == {
        "a": (THUMBNAIL.width, THUMBNAIL.height),
        "b": (LEAD.width, LEAD.height),
    }


def test_a_picture_s_path_may_start_at_the_content_folder(
    content: Path, cache: FolderCache
) -> None:
    (content / "hello.png").write_bytes(a_png())

    picture, problems = picture_of(with_image("/hello.png"), content, cache)

    assert (picture.drawn, picture.colour, problems) == (False, "#ff0000", ())


def test_another_path_starts_at_the_article_s_folder(content: Path, cache: FolderCache) -> None:
    (content / "hello.png").write_bytes(a_png("red"))
    (content / "articles" / "hello.png").write_bytes(a_png("blue"))

    beside, _ = picture_of(with_image("hello.png"), content, cache)
    above, _ = picture_of(with_image("../hello.png"), content, cache)

    assert (beside.colour, above.colour) == ("#0000ff", "#ff0000")


def test_a_content_folder_may_be_a_link(content: Path, cache: FolderCache, tmp_path: Path) -> None:
    (content / "hello.png").write_bytes(a_png())
    (tmp_path / "link").symlink_to(content)

    picture, problems = picture_of(with_image("/hello.png"), tmp_path / "link", cache)

    assert (picture.drawn, problems) == (False, ())


@pytest.mark.parametrize(
    "url",
    [
        "../../secret.png", "/../secret.png", "//../secret.png", "../articles/../../secret.png",
        "../../../../../../../../etc/passwd", "link.png", "linked/secret.png",
    ],
)  # fmt: skip
def test_a_path_that_leads_out_of_the_content_folder_is_refused(
    content: Path, cache: FolderCache, tmp_path: Path, url: str
) -> None:
    secret = tmp_path / "secret.png"
    secret.write_bytes(a_png())
    (content / "articles" / "link.png").symlink_to(secret)
    (content / "articles" / "linked").symlink_to(tmp_path)

    reason = reason_of(with_image(url), content, cache)

    assert "leads out of the content folder" in reason


def test_an_absolute_path_is_one_below_the_content_folder(
    content: Path, cache: FolderCache, tmp_path: Path
) -> None:
    (tmp_path / "secret.png").write_bytes(a_png())

    reason = reason_of(with_image(f"{tmp_path}/secret.png"), content, cache)

    assert "No such file" in reason


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("missing.png", "No such file"),
        ("../articles", "Is a directory"),
        ("loop.png", "cannot be read"),
        ("x" * 5000, "File name too long"),
        ("a\0b.png", "cannot be read"),
        ("text.png", "no picture"),
        ("", "Is a directory"),
        ("text.png/x.png", "Not a directory"),
    ],
)
def test_a_picture_that_cannot_be_read_is_a_warning(
    content: Path, cache: FolderCache, url: str, reason: str
) -> None:
    (content / "articles" / "text.png").write_text("text")
    (content / "articles" / "loop.png").symlink_to("loop.png")

    assert reason in reason_of(with_image(url), content, cache)


def test_a_problem_is_told_and_the_next_picture_is_used(content: Path, cache: FolderCache) -> None:
    (content / "broken.png").write_bytes(a_png()[:100])
    (content / "good.png").write_bytes(a_png("blue"))
    article = with_image("/missing.png", "/broken.png", "/good.png", "/never-looked-at.png")

    picture, problems = picture_of(article, content, cache)

    assert picture.colour == "#0000ff"
    assert [problem.message.split()[1] for problem in problems] == [
        "/missing.png:",
        "/broken.png:",
    ]


def test_a_remote_picture_comes_from_the_cache(content: Path, cache: FolderCache) -> None:
    cached = cache.put(REMOTE, a_png("blue"), LEAD)

    picture, problems = picture_of(with_image(REMOTE), content, cache)

    assert (picture, problems) == (cached, ())


def test_a_remote_picture_that_was_not_fetched_is_no_problem(
    content: Path, cache: FolderCache
) -> None:
    picture, problems = picture_of(with_image(REMOTE), content, cache)

    assert (picture.drawn, problems) == (True, ())


def test_an_article_without_a_picture_takes_a_related_story_s(
    content: Path, cache: FolderCache
) -> None:
    (content / "related.png").write_bytes(a_png("blue"))
    related = (a_related(), a_related(images=(Image(url="/related.png"),)))

    picture, _ = picture_of(an_article(slug="articles/x", related=related), content, cache)

    assert picture.colour == "#0000ff"


def test_its_own_picture_goes_first(content: Path, cache: FolderCache) -> None:
    (content / "own.png").write_bytes(a_png("red"))
    (content / "related.png").write_bytes(a_png("blue"))
    article = an_article(
        images=(Image(url="/own.png"),), related=(a_related(images=(Image(url="/related.png"),)),)
    )

    picture, _ = picture_of(article, content, cache)

    assert picture.colour == "#ff0000"


def test_a_picture_that_was_exchanged_is_made_anew(content: Path, cache: FolderCache) -> None:
    article = with_image("/hello.png")
    (content / "hello.png").write_bytes(a_png("red"))
    before, _ = picture_of(article, content, cache)

    (content / "hello.png").write_bytes(a_png("blue", width=2000))
    after, _ = picture_of(article, content, cache)

    assert (before.colour, after.colour) == ("#ff0000", "#0000ff")


@pytest.mark.parametrize(
    ("name", "same_as"),
    [
        ("Example News", "Eminent Nonsense"),
        ("(Associated) “Press”", "Ask Peter"),
        ("the new thing", "Two Nights"),
        ("", "Hello"),
        ("— —", ""),
    ],
)
def test_a_placeholder_has_the_publisher_s_initials(
    content: Path, cache: FolderCache, name: str, same_as: str
) -> None:
    article = an_article(title="Hello", provider=Provider(name=name))
    other = an_article(title="" if not same_as else "Hello", provider=Provider(name=same_as))

    picture, problems = picture_of(article, content, cache)

    assert (picture, problems) == (picture_of(other, content, cache)[0], ())
    assert picture.drawn


def test_an_article_without_topics_or_letters_gets_a_placeholder_too(
    content: Path, cache: FolderCache
) -> None:
    picture, _ = picture_of(an_article(title="🎉", topics=(), provider=Provider()), content, cache)

    assert picture.drawn


def test_a_placeholder_has_the_colour_of_the_topic_it_is_printed_under(
    content: Path, cache: FolderCache
) -> None:
    topics = ("Company News", "AI", "Art")
    first, second = (an_article(slug=slug, topics=topics) for slug in "ab")
    sections = Section(topic="AI", articles=(first,)), Section(topic="Art", articles=(second,))
    edition = Edition(topics=("AI", "Art"), sections=sections)

    pictures, _ = illustrate(edition, colours=COLOURS, content=content, cache=cache)

    assert pictures["a"] == cache.draw("EN", COLOURS["ai"], LEAD)
    assert pictures["b"] == cache.draw("EN", COLOURS["art"], THUMBNAIL)


def test_an_empty_edition_needs_no_pictures(content: Path, cache: FolderCache) -> None:
    edition = type(an_edition())(topics=("AI",), sections=())

    assert illustrate(edition, colours={}, content=content, cache=cache) == ({}, ())


@dataclass
class Notes:
    """
    What went wrong with which address.
    """

    troubles: dict[str, str] = field(default_factory=dict)

    def trouble(self, source: str, /) -> str:
        return self.troubles.get(source, "")


def test_what_went_wrong_with_a_remote_picture_is_told_and_the_next_is_used(
    content: Path, cache: FolderCache
) -> None:
    other = "https://cdn.example.org/b.jpg"
    cached = cache.put(other, a_png("blue"), LEAD)
    notes = Notes({REMOTE: "HTTP 404"})

    pictures, problems = illustrate(
        an_edition(with_image(REMOTE, other)),
        colours=COLOURS,
        content=content,
        cache=cache,
        notes=notes,
    )

    assert [*pictures.values()] == [cached]
    assert [(each.file, each.level, each.message) for each in problems] == [
        (f"{content}/articles/hello.md", "warning", f"picture {REMOTE}: HTTP 404")
    ]


@pytest.mark.parametrize(
    ("url", "written"),
    [
        ("a.png", "image: a.png"),
        ("a.png", "images: [aa.png, {url: a.png, width: 5}]"),
        ("/a b.png", "image: '/a b.png'"),
        (REMOTE, f'images: ["{REMOTE}?large", "{REMOTE}"]'),
        (REMOTE, f"image: {REMOTE.removeprefix('https:')}"),
        ("https://cdn.example.org/%C3%A4.png", "image: https://cdn.example.org/ä.png"),
    ],
)
def test_a_problem_names_the_line_of_the_picture(
    content: Path, cache: FolderCache, url: str, written: str
) -> None:
    text = f"---\ntitle: a.png.\nexcerpt: not /a.png\n{written}\n---\n{url}\n"
    (content / "articles" / "hello.md").write_text(text, "utf-8")
    edition, notes = an_edition(with_image(url)), Notes(dict.fromkeys([url], "HTTP 404"))

    _, (problem,) = illustrate(edition, colours=COLOURS, content=content, cache=cache, notes=notes)

    assert problem.line == 4


def test_a_problem_names_the_file_that_is_there(content: Path, cache: FolderCache) -> None:
    (content / "articles" / "hello.markdown").write_text("---\n---\n")

    _, (problem,) = picture_of(with_image("missing.png"), content, cache)

    assert problem.file == f"{content}/articles/hello.markdown"


@pytest.mark.parametrize("kind", ["pipe", "device", "folder"])
def test_what_would_keep_us_waiting_is_refused_at_once(
    content: Path, cache: FolderCache, kind: str
) -> None:
    path = content / "strange.png"
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    elif os.geteuid() == 0:
        os.mknod(path, 0o20600, os.makedev(1, 5))  # /dev/zero
    else:
        pytest.skip("only root can make a device")

    reason = reason_of(with_image("/strange.png"), content, cache)

    assert "cannot be read: It is no file" in reason or "Is a directory" in reason


def test_a_file_that_is_too_large_is_not_read(content: Path, cache: FolderCache) -> None:
    with (content / "large.png").open("wb") as file:
        file.truncate(1 << 40)

    reason = reason_of(with_image("/large.png"), content, cache)

    assert reason.endswith("cannot be read: larger than 10,485,760 bytes")


def test_a_related_story_s_picture_goes_before_a_logo(content: Path, cache: FolderCache) -> None:
    related_to, logo = "https://cdn.example.org/related.jpg", "https://cdn.example.org/logo.png"
    cache.put(related_to, a_png("blue"), LEAD)
    cache.put(logo, a_png("red", 50, 50), LOGO)
    article = an_article(
        related=(a_related(images=(Image(url=related_to),)),),
        provider=Provider(name="Example News", images=(Image(url=logo),)),
    )

    picture, _ = picture_of(article, content, cache)

    assert (picture.colour, picture.drawn) == ("#0000ff", False)


@pytest.mark.parametrize("where", ["https://cdn.example.org/logo.png", "/logo.png"])
def test_the_provider_s_logo_goes_before_initials(
    content: Path, cache: FolderCache, where: str
) -> None:
    (content / "logo.png").write_bytes(a_png("red", 50, 50))
    cache.put("https://cdn.example.org/logo.png", a_png("red", 50, 50), LOGO)
    article = an_article(provider=Provider(name="Example News", images=(Image(url=where),)))

    with_logo, problems = picture_of(article, content, cache)
    without, _ = picture_of(an_article(), content, cache)

    assert (with_logo.drawn, problems) == (True, ())
    assert with_logo.name != without.name
    assert (with_logo.width, with_logo.height) == (LEAD.width, LEAD.height)


def test_a_logo_that_is_broken_is_told_and_initials_are_drawn(
    content: Path, cache: FolderCache
) -> None:
    provider = Provider(name="Example News", images=(Image(url="/logo.png"),))

    picture, (problem,) = picture_of(an_article(provider=provider), content, cache)

    assert picture == picture_of(an_article(), content, cache)[0]
    assert problem.message == "picture /logo.png: cannot be read: No such file or directory"


def test_what_the_front_matter_claims_of_a_picture_changes_nothing(
    content: Path, cache: FolderCache
) -> None:
    (content / "a.png").write_bytes(a_png("blue"))
    image = Image(url="/a.png", width=1, height=99_999)

    picture, problems = picture_of(an_article(images=(image,)), content, cache)

    assert (picture.width, picture.height, problems) == (LEAD.width, LEAD.height, ())


def test_a_video_gets_its_picture_like_any_story(content: Path, cache: FolderCache) -> None:
    cached = cache.put(REMOTE, a_png("blue"), LEAD)
    video = an_article(kind="video", url="", images=(Image(url=REMOTE),))

    assert picture_of(video, content, cache) == (cached, ())


def sought_of(article: Article, content: Path, cache: FolderCache) -> list[tuple[str, Slot]]:
    (found,) = sought(an_edition(article), content=content, cache=cache)
    assert all(isinstance(each, Sought) for each in found)
    return [(each.source, each.slot) for each in found]


def test_remote_pictures_are_sought_in_the_order_in_which_they_would_be_used(
    content: Path, cache: FolderCache
) -> None:
    article = an_article(
        images=(Image(url="https://a.example.org/1"), Image(url="https://a.example.org/2")),
        related=(a_related(images=(Image(url="https://b.example.org/3"),)),),
        provider=Provider(images=(Image(url="https://c.example.org/logo"),)),
    )

    assert sought_of(article, content, cache) == [
        ("https://a.example.org/1", LEAD),
        ("https://a.example.org/2", LEAD),
        ("https://b.example.org/3", LEAD),
        ("https://c.example.org/logo", LOGO),
    ]


def test_nothing_is_sought_behind_a_picture_of_the_content_folder(
    content: Path, cache: FolderCache
) -> None:
    (content / "good.png").write_bytes(a_png())
    first = with_image(REMOTE, "/good.png", "https://a.example.org/2")

    assert sought_of(first, content, cache) == [(REMOTE, LEAD)]
    assert sought_of(with_image("/good.png", REMOTE), content, cache) == []
    assert sought_of(with_image("/missing.png", REMOTE), content, cache) == [(REMOTE, LEAD)]


def test_an_article_is_sought_for_in_its_slot(content: Path, cache: FolderCache) -> None:
    cool = an_article(slug="a", heat=1, images=(Image(url=REMOTE),))
    hot = an_article(slug="b", heat=99, images=(Image(url=REMOTE),))

    found = sought(an_edition(cool, hot), content=content, cache=cache)

    assert [each.slot for (each,) in found] == [THUMBNAIL, LEAD]
