"""
A folder of files becomes articles and problems, and no file stops the others.
"""

import os
import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest

from digest.errors import SettingsError
from digest.model import Article, Problem
from digest.reader import read_articles
from digest.reader.frontmatter import MAX_FILE


def write(folder: Path, name: str, **fields: str) -> Path:
    """
    An article file; its date is in its fields.
    """
    values = {"title": "Hello", "date": "2026-11-20", "link": "https://example.org/a"} | fields
    lines = "".join(f"{field}: {value}\n" for field, value in values.items())
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"---\n{lines}---\nThe body.\n", encoding="utf-8")
    return path


def read(folder: Path) -> tuple[list[Article], list[Problem]]:
    found = list(read_articles(folder))
    return (
        [each for each in found if isinstance(each, Article)],
        [each for each in found if isinstance(each, Problem)],
    )


def test_articles_come_in_the_order_of_their_paths_with_slugs_below_the_folder(
    tmp_path: Path,
) -> None:
    for name in ("b.md", "a.markdown", "news/2026/c.md", "x.y.md"):
        write(tmp_path, name)

    articles, problems = read(tmp_path)

    assert [article.slug for article in articles] == ["a", "b", "x.y", "news/2026/c"]
    assert problems == []


def test_only_visible_markdown_files_are_read(tmp_path: Path) -> None:
    for name in (".hidden.md", ".git/a.md", "notes.txt", "a.md~", "draft.mdx", "md"):
        write(tmp_path, name)

    assert read(tmp_path) == ([], [])


def test_a_folder_named_like_an_article_is_walked_not_read(tmp_path: Path) -> None:
    write(tmp_path, "folder.md/inside.md")

    articles, problems = read(tmp_path)

    assert [article.slug for article in articles] == ["folder.md/inside"]
    assert problems == []


def test_a_missing_folder_is_an_error_that_names_it_and_the_setting(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"no content folder .*/nowhere.*content\.path"):
        next(read_articles(tmp_path / "nowhere"))


def test_a_file_instead_of_the_folder_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="no content folder"):
        next(read_articles(write(tmp_path, "a.md")))


def test_one_bad_file_does_not_stop_the_others(tmp_path: Path) -> None:
    write(tmp_path, "a.md")
    write(tmp_path, "b.md", heat="warm")
    write(tmp_path, "c.md")

    articles, (problem,) = read(tmp_path)

    assert [article.slug for article in articles] == ["a", "c"]
    assert (problem.file, problem.line, problem.level) == (str(tmp_path / "b.md"), 5, "error")
    assert "heat: found 'warm', needed is a whole number" in problem.message


@pytest.mark.parametrize(
    ("data", "line", "message"),
    [
        (b"", 1, "no front matter: begin"),
        (b"# Only Markdown\n", 1, "no front matter: begin"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", 1, "not UTF-8 text: save"),
        (b"---\ntitle: Hello\nexcerpt: caf\xe9\n---\n", 3, "not UTF-8 text: save"),
        ("---\ntitle: Hello\n---\n".encode("utf-16"), 1, "not UTF-8 text: save"),
        (b"---\ntitle: Hello\n", 1, 'no end: close it with "---"'),
        (b"---\ntitle: Hello\n---\n" + b"x" * MAX_FILE, None, "larger than 1,048,576 bytes"),
        (b"---\nexcerpt: " + b"x" * 65_536 + b"\n---\n", 1, "larger than 65,536 characters"),
    ],
)
def test_what_is_no_article_is_a_problem_with_a_remedy(
    tmp_path: Path, data: bytes, line: int | None, message: str
) -> None:
    (tmp_path / "a.md").write_bytes(data)

    articles, (problem,) = read(tmp_path)

    assert articles == []
    assert (problem.level, problem.line) == ("error", line)
    assert message in problem.message


def test_the_body_is_not_limited_like_the_front_matter(tmp_path: Path) -> None:
    path = write(tmp_path, "a.md")
    path.write_bytes(path.read_bytes() + b"text " * 50_000)

    articles, problems = read(tmp_path)

    assert (len(articles), problems) == (1, [])


def test_a_link_out_of_the_folder_is_refused_whatever_it_leads_to(tmp_path: Path) -> None:
    write(tmp_path, "secret.md", title="Secret")
    content = tmp_path / "content"
    content.mkdir()
    (content / "file.md").symlink_to(tmp_path / "secret.md")
    (content / "nothing.md").symlink_to("../nothing.md")
    (content / "folder").symlink_to(tmp_path, target_is_directory=True)

    articles, problems = read(content)

    assert articles == []
    assert [Path(problem.file).name for problem in problems] == ["file.md", "nothing.md"]
    assert all("out of the content folder: copy the file" in each.message for each in problems)


def test_a_link_within_the_folder_is_an_article(tmp_path: Path) -> None:
    write(tmp_path, "a.md")
    (tmp_path / "b.md").symlink_to("a.md")

    articles, problems = read(tmp_path)

    assert ([article.slug for article in articles], problems) == (["a", "b"], [])


def test_a_content_folder_may_itself_be_a_link(tmp_path: Path) -> None:
    write(tmp_path, "real/a.md")
    (tmp_path / "content").symlink_to("real")

    articles, problems = read(tmp_path / "content")

    assert ([article.slug for article in articles], problems) == (["a"], [])


def test_links_that_lead_nowhere_or_to_themselves_are_problems(tmp_path: Path) -> None:
    (tmp_path / "dangling.md").symlink_to("gone.md")
    (tmp_path / "loop.md").symlink_to("loop.md")
    write(tmp_path, "z.md")

    articles, problems = read(tmp_path)

    assert [article.slug for article in articles] == ["z"]
    assert [Path(problem.file).name for problem in problems] == ["dangling.md", "loop.md"]
    assert all(problem.message.startswith("cannot be read (") for problem in problems)


def test_a_pipe_does_not_hold_up_the_run(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.md")

    articles, (problem,) = read(tmp_path)

    assert articles == []
    assert "not a plain file: move it" in problem.message


def test_a_folder_that_cannot_be_listed_is_a_problem(tmp_path: Path) -> None:
    write(tmp_path, "a.md")
    # No path may have 4,096 characters, not even one of the superuser.
    place, name = os.open(tmp_path, os.O_RDONLY), "f" * 250
    for _ in range(17):
        os.mkdir(name, dir_fd=place)
        below = os.open(name, os.O_RDONLY, dir_fd=place)
        os.close(place)
        place = below
    os.close(place)

    (article, problem) = read_articles(tmp_path)

    assert isinstance(article, Article)
    assert isinstance(problem, Problem)
    assert problem.file.endswith(f"/{name}")
    assert problem.message.startswith("cannot be read (")


def test_a_name_that_is_not_utf_8_is_a_problem_that_can_be_printed(tmp_path: Path) -> None:
    os.link(os.fsencode(write(tmp_path, "a.md")), os.fsencode(tmp_path) + b"/b\xff.md")

    articles, (problem,) = read(tmp_path)

    assert [article.slug for article in articles] == ["a"]
    assert problem.file.encode() == f"{tmp_path}/b\ufffd.md".encode()
    assert "rename the file" in problem.message


def test_two_files_of_one_slug_are_a_problem(tmp_path: Path) -> None:
    write(tmp_path, "a.markdown", title="First")
    write(tmp_path, "a.md", title="Second")

    (article,), (problem,) = read(tmp_path)

    assert article.title == "First"
    assert problem.file == str(tmp_path / "a.md")
    assert "same name" in problem.message
    assert "rename" in problem.message


def test_control_characters_are_dropped_with_a_warning(tmp_path: Path) -> None:
    write(tmp_path, "a.md", title="One\x97two\x07 three")

    (article,), (problem,) = read(tmp_path)

    assert article.title == "Onetwo three"
    assert problem.level == "warning"
    assert "control characters were dropped (2)" in problem.message


def test_a_published_article_without_a_usable_address_is_warned_of(tmp_path: Path) -> None:
    write(tmp_path, "a.md", link="javascript:alert(1)")
    write(tmp_path, "b.md", link="", published="false")

    articles, (problem,) = read(tmp_path)

    assert [article.url for article in articles] == ["", ""]
    assert (problem.file, problem.level) == (str(tmp_path / "a.md"), "warning")
    assert problem.message.startswith("link: is no web address")


@pytest.mark.parametrize(
    ("written", "meant"),
    [("heta", "heat"), ("Quality", "quality"), ("topcis", "topics"), ("dscription", "description")],
)
def test_a_misspelt_field_is_warned_of_with_its_line(
    tmp_path: Path, written: str, meant: str
) -> None:
    write(tmp_path, "a.md", **{written: "7"})

    _, (problem,) = read(tmp_path)

    assert (problem.line, problem.level) == (5, "warning")
    assert problem.message == f'{written}: is not read; did you mean "{meant}"?'


@pytest.mark.parametrize("name", ["data", "lind", "tag", "header", "colour", "2026", "category"])
def test_fields_that_are_nobodys_or_there_as_well_are_not_warned_of(
    tmp_path: Path, name: str
) -> None:
    write(tmp_path, "a.md", **{name: "7"})

    assert read(tmp_path)[1] == []


NONE = "is neither http nor https"
USER = "names a user before the host, which is refused"
REMEDY = "name a web address that anybody may ask for, or a path"


@pytest.mark.parametrize(
    ("address", "shown", "why"),
    [
        ("ftp://cdn.example.org/x.png", "ftp://cdn.example.org/x.png", f"{NONE}: {REMEDY}"),
        ("file:///etc/passwd", "file:///etc/passwd", f"{NONE}: {REMEDY}"),
        ("https://u:p@cdn.example.org/x", "https://…@cdn.example.org/x", f"{USER}: {REMEDY}"),
        ("https://u:p@ss/w@rd@cdn.example.org", "https://…@cdn.example.org", f"{USER}: {REMEDY}"),
        ("//u:p@cdn.example.org/x", "//…@cdn.example.org/x", f"{USER}: {REMEDY}"),
        ("https://[1/x.png", "https://[1/x.png", f"is no web address: {REMEDY}"),
        (r"a\u202egnp.png", "agnp.png", "has characters that cannot be seen: remove them"),
    ],
)
@pytest.mark.parametrize(
    "field",
    [
        'image: "{}"',
        'images: [b.png, {{url: "{}"}}]',
        'provider: {{name: News, images: [{{path: "{}"}}]}}',
        'related: [{{title: T, webUrl: "https://example.org/b", images: ["{}"]}}]',
        'related: [{{title: T, link: "http://b.org", provider: {{images: [{{url: "{}"}}]}}}}]',
    ],
)
def test_a_picture_that_nobody_can_ask_for_is_warned_of_without_a_password(
    tmp_path: Path, field: str, address: str, shown: str, why: str
) -> None:
    name, _, value = field.format(address).partition(": ")
    write(tmp_path, "a.md", **{name: value})

    _, (problem,) = read(tmp_path)

    assert (problem.file, problem.level) == (str(tmp_path / "a.md"), "warning")
    assert problem.message == f"picture {shown}: {why}"
    assert problem.line == (None if "\\" in address else 5)


def test_secured_is_never_kept_and_never_shown(tmp_path: Path) -> None:
    secret = "QUJDREVGR0hJSktMTU5PUA==;MDEyMzQ1Njc4OWFiY2RlZg=="
    write(tmp_path, "a.md", secured=secret)
    write(tmp_path, "b.md", secured=secret, heat="warm")
    write(tmp_path, "c.md", secured=f'"{secret}')
    write(tmp_path, "d.md", secured=f"*{secret}")

    found = list(read_articles(tmp_path))

    assert [type(each) for each in found] == [Article, Problem, Problem, Problem]
    assert not any(part in repr(found) for part in secret.split(";"))


def test_the_real_corpus_is_read_without_a_problem(shared: Path) -> None:
    folder = shared / "corpus" / "google-cloud"

    articles, problems = read(folder)

    assert len(articles) == len(list(folder.glob("*.md"))) == 783
    assert problems == []
    assert all(article.title and article.url and article.topics for article in articles)
    assert all(article.published_at.tzinfo is UTC for article in articles)
    assert any(article.related for article in articles)


def test_no_ciphertext_of_the_real_corpus_is_kept(shared: Path) -> None:
    folder = shared / "corpus" / "google-cloud"
    files = sorted(folder.glob("*.md"))[:100]
    lines = [line for file in files for line in file.read_text("utf-8").splitlines()]
    secured = [line.split('"')[1] for line in lines if line.startswith("secured:")]

    shown = repr(list(read_articles(folder)))

    assert len(secured) == 100
    assert not any(part in shown for value in secured for part in value.split(";"))


def test_the_founding_document_is_an_article(tmp_path: Path, shared: Path) -> None:
    (seed,) = (shared / "seeds").glob("*.txt")
    shutil.copy(seed, tmp_path / "2021-02-11-seed.md")

    (article,), problems = read(tmp_path)

    assert problems == []
    assert article.title == '"Face control": Russian police go digital against protesters'
    assert article.published_at == datetime(2021, 2, 11, 20, 8, tzinfo=UTC)
    assert (article.quality, article.heat) == (89, 99)
    assert article.topics == ("Computer Vision", "AI")
    assert (article.provider.name, article.provider.domain) == ("Reuters", "reuters.com")
    assert article.images[0].width == 810
    assert article.related


def test_the_articles_of_the_checkout_are_read_without_a_problem() -> None:
    articles, problems = read(Path(__file__).parent.parent / "content")

    assert articles
    assert problems == []


@pytest.mark.parametrize(
    ("related", "message"),
    [
        (
            '[{title: A, webUrl: "javascript:x"}]',
            "related: story 1 is left out: it has no web addr",
        ),
        ("[{title: A}]", "related: story 1 is left out: it has no web address (webUrl: https://…)"),
        ('[{webUrl: "https://b.example.org/"}]', "related: story 1 is left out: it has no title"),
        ("[comets]", "related: story 1 is left out: write its title and webUrl"),
    ],
)
def test_a_related_story_that_is_left_out_is_told(
    tmp_path: Path, related: str, message: str
) -> None:
    write(tmp_path, "a.md", related=related)

    (article,), (problem,) = read(tmp_path)

    assert article.related == ()
    assert (problem.line, problem.level) == (5, "warning")
    assert problem.message.startswith(message)
