"""
Themes build on one another, override single blocks, and see nothing outside of their folders.
"""

from collections.abc import Mapping
from pathlib import Path

import pytest

from digest.errors import ThemeError
from digest.model import Page, Shortening
from digest.renderer import Renderer, shipped_themes
from digest.renderer.themes import find_theme

from .factories import ISSUE, MARKS, SITE, a_newsletter, an_article, an_edition

EDITION = an_edition(an_article(heat=9), an_article(slug="b", title="Second"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "templates"


def write(folder: Path, files: Mapping[str, str]) -> None:
    for name, source in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(source, "utf-8")


def render(folder: Path, theme: str = "mine", language: str = "en") -> Page:
    return Renderer([folder, shipped_themes()]).render(
        EDITION,
        newsletter=a_newsletter(theme=theme, language=language),
        issue=ISSUE,
        site=SITE,
        pictures={},
        marks=MARKS,
    )


def test_a_theme_overrides_a_block_and_has_the_rest_of_another(folder: Path) -> None:
    source = '{% extends "default/issue.mjml.j2" %}{% block masthead %}<h1>Mine</h1>{% endblock %}'
    write(folder, {"mine/issue.mjml.j2": source})

    page, shipped = render(folder), render(folder, "default")

    assert ">Mine</h1>" in page.html
    assert "The Weekly</h1>" not in page.html
    assert page.text == shipped.text
    assert "Second" in page.html


def test_a_block_within_a_loop_knows_its_article(folder: Path) -> None:
    source = (
        '{% extends "default/issue.mjml.j2" %}'
        "{% block story scoped %}<p>{{ section.topic }}: {{ article.title }}</p>{% endblock %}"
    )
    write(folder, {"mine/issue.mjml.j2": source})

    assert ">AI: Hello</p>" in render(folder).html


def test_a_theme_may_override_the_shipped_one_of_its_name_and_build_on_it(folder: Path) -> None:
    source = '{% extends "default/issue.mjml.j2" %}{% block rest %}<p>Mine</p>{% endblock %}'
    write(folder, {"default/issue.mjml.j2": source})

    html = render(folder, "default").html

    assert ">Mine</p>" in html
    assert "Second" in html


def test_a_theme_builds_on_a_theme_that_builds_on_another(folder: Path) -> None:
    write(
        folder,
        {
            "mine/issue.mjml.j2": '{% extends "ours/issue.mjml.j2" %}'
            "{% block note %}<p>{% include 'note.j2' %}</p>{% endblock %}",
            "ours/issue.mjml.j2": '{% extends "plain/issue.mjml.j2" %}'
            "{% block masthead %}<h1>Ours</h1>{% endblock %}",
            "ours/note.j2": "From ours",
            "ours/issue.txt.j2": "Text of ours",
        },
    )
    renderer = Renderer([folder, shipped_themes()])

    page = render(folder)

    assert ">Ours</h1>" in page.html
    assert ">From ours</p>" in page.html
    assert page.text == "Text of ours"
    assert renderer.pictured("mine") == "none"


def test_a_theme_may_have_macros_of_its_own_in_the_place_of_shipped_ones(folder: Path) -> None:
    write(
        folder,
        {
            "mine/issue.mjml.j2": '{% extends "default/issue.mjml.j2" %}',
            "base/styles.css.j2": "h1{color:#123456}",
        },
    )

    assert "color:#123456" in render(folder).html


def test_themes_that_build_on_each_other_in_a_circle_are_an_error(folder: Path) -> None:
    write(
        folder,
        {
            "mine/issue.mjml.j2": '{% extends "ours/issue.mjml.j2" %}',
            "ours/issue.mjml.j2": '{% extends "mine/issue.mjml.j2" %}',
        },
    )

    with pytest.raises(ThemeError, match=r"issue\.mjml\.j2"):
        render(folder)


@pytest.mark.parametrize(
    "name",
    ["../secret.j2", "/etc/passwd", "mine/../../secret.j2", "link.j2", "", "a\\0b", "mine", ".."],
)
def test_no_template_is_found_outside_of_the_folders(folder: Path, name: str) -> None:
    write(folder, {"../secret.j2": "secret", "mine/issue.mjml.j2": f'{{% include "{name}" %}}'})
    (folder / "mine" / "link.j2").symlink_to(folder.parent / "secret.j2")

    with pytest.raises(ThemeError, match="there is no template"):
        render(folder)


@pytest.mark.parametrize(
    "code",
    [
        "{{ ''.__class__.__mro__ }}",
        "{{ lead.__init__.__globals__ }}",
        "{{ weekday.__self__ }}",
        "{{ gettext.__globals__ }}",
        "{{ self.__init__ }}",
        "{{ sections.append(1) }}",
        "{{ newsletter.__dict__ }}",
    ],
)
def test_a_theme_cannot_leave_its_sandbox(folder: Path, code: str) -> None:
    write(folder, {"mine/issue.mjml.j2": "<mjml><mj-body></mj-body></mjml>"})
    write(folder, {"mine/issue.txt.j2": f"one\n{code}"})

    with pytest.raises(ThemeError, match=r"issue\.txt\.j2:2: .*(unsafe|undefined|there is no)"):
        render(folder)


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("{{ newsletter.titel }}", "there is no newsletter.titel; did you mean newsletter.title?"),
        ("{{ lead.heading }}", "there is no article.heading"),
        ("{{ sections[0].marc }}", "there is no section.marc; did you mean section.mark?"),
        ("{{ leed.title }}", '"leed" is undefined; did you mean lead?'),
        ("{{ none.url }}", 'asks for "url" where there is nothing: put {% if … %} around it'),
        ("{{ lead.title.uper() }}", 'a text has no "uper"; did you mean upper?'),
        ("{{ {'size': 1}.sise }}", 'a table has no "sise"; did you mean size?'),
        ("{{ make.mastheed() }}", 'macros.j2 has no macro "mastheed"; did you mean masthead?'),
        (
            '{% include "defalt/issue.txt.j2" %}',
            'there is no template "defalt/issue.txt.j2"; did you mean default/issue.txt.j2?',
        ),
        ('{% include "zzz" %}', 'there is no template "zzz"'),
    ],
)
def test_what_is_not_there_is_told_in_the_author_s_words(
    folder: Path, code: str, message: str
) -> None:
    imported = '{% import "base/macros.j2" as make with context %}'
    write(
        folder,
        {
            "mine/issue.mjml.j2": "<mjml><mj-body></mj-body></mjml>",
            "mine/issue.txt.j2": f"{imported}\n{code}",
        },
    )

    with pytest.raises(ThemeError) as caught:
        render(folder)

    assert (caught.value.line, caught.value.message) == (2, message)


def test_a_theme_without_a_text_part_is_told_what_to_do(folder: Path) -> None:
    write(folder, {"mine/issue.mjml.j2": "<mjml><mj-body></mj-body></mjml>"})

    with pytest.raises(ThemeError, match="write one, or extend a theme that has one"):
        render(folder)


@pytest.mark.parametrize(("said", "pictured"), [("all", "all"), ("lead", "lead"), ("none", "none")])
def test_a_theme_says_which_stories_have_pictures(folder: Path, said: str, pictured: str) -> None:
    write(folder, {"mine/issue.mjml.j2": "", "mine/theme.toml": f'pictures = "{said}"'})

    assert find_theme([folder], "mine").pictured == pictured


def test_a_theme_that_says_nothing_has_all_pictures(folder: Path) -> None:
    write(folder, {"mine/issue.mjml.j2": ""})

    assert find_theme([folder], "mine").pictured == "all"


@pytest.mark.parametrize(
    ("source", "line", "message"),
    [
        ('pictures = "some"', 1, 'pictures: found "some", should be "all", "lead" or "none"'),
        ("# none\n  pictures= 1", 2, "pictures: found 1, should be"),
        ('\n"pictures" = true', 2, "pictures: found true, should be"),
        ('\npicture = "all"', 2, 'unknown key "picture"; known is: pictures'),
        ("\n\n[colours]\na = 1", 3, 'unknown key "colours"; known is: pictures'),
        ("\npictures =", 2, "not valid TOML: Invalid value"),
        ('\npictures = "\udce4"', 2, "not UTF-8 text: save the file as UTF-8"),
    ],
)
def test_a_mistake_in_theme_toml_is_told_with_its_line(
    folder: Path, source: str, line: int, message: str
) -> None:
    write(folder, {"mine/issue.mjml.j2": ""})
    file = folder / "mine" / "theme.toml"
    file.write_bytes(source.encode("utf-8", "surrogateescape"))

    with pytest.raises(ThemeError) as caught:
        _ = find_theme([folder], "mine").pictured

    assert (caught.value.file, caught.value.line) == (str(file), line)
    assert message in caught.value.message


@pytest.mark.parametrize("name", ["..", "../templates/mine", "mine/", "", "base"])
def test_a_theme_s_name_is_no_path(folder: Path, name: str) -> None:
    write(folder, {"mine/issue.mjml.j2": ""})

    with pytest.raises(ThemeError, match="there is no theme"):
        find_theme([folder, shipped_themes()], name)


def test_what_a_letter_was_shortened_by_is_told_with_a_link_to_the_rest(folder: Path) -> None:
    def html(shortening: Shortening) -> str:
        return (
            Renderer([shipped_themes()])
            .render(
                EDITION,
                newsletter=a_newsletter(language="de"),
                issue=ISSUE,
                site=SITE,
                pictures={},
                marks=MARKS,
                shortening=shortening,
            )
            .html
        )

    assert ">Diese Ausgabe vollständig im Web lesen</a>" in html(Shortening(excerpts=80))
    assert ">Noch 1 Beitrag dieser" in html(Shortening(dropped=("a",)))
    assert ">Noch 2 Beiträge dieser" in html(Shortening(dropped=("a", "b")))
