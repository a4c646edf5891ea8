"""
The front page: what anybody may know of, and nothing else.
"""

import re
from pathlib import Path

import pytest

from tests.program import a_full_project
from tests.website import WEEKLY, serving

JOINABLE = """
    [newsletters.daily]
    title = "The <i>Daily</i>"
    from = "The Daily <daily@example.org>"
    topics = ["Science", "Arts/*"]
    schedule = { every = "day", at = "07:00", timezone = "Europe/Paris" }
    public = true
    """
UNLISTED = """
    [newsletters.secret]
    title = "For Friends"
    from = "For Friends <friends@example.org>"
    topics = ["Science"]
    archive = "unlisted"
    """
GERMAN = '    language = "de"\n    [newsletters.weekly.brand]\n    accent = "#226622"\n'
LINK = re.compile(r'<a [^>]*href="([^"]+)"')


def test_it_lists_what_may_be_signed_up_for_and_read_again(tmp_path: Path) -> None:
    shown = WEEKLY.replace("public = true", "public = false")
    with serving(a_full_project(tmp_path, shown, JOINABLE, UNLISTED)) as site:
        page = site.get("/")

        assert page.status_code == 200
        assert LINK.findall(page.text) == ["/a/weekly/", "/s/daily"]
        assert [site.get(path).status_code for path in LINK.findall(page.text)] == [200, 200]
        assert "The &lt;i&gt;Daily&lt;/i&gt;" in page.text
        assert "<bdi>Arts</bdi> &middot; every day" in page.text
        assert "For Friends" not in page.text
        assert page.headers["x-robots-tag"] == "all"


def test_where_there_is_neither_it_says_whose_site_it_is_and_no_more(tmp_path: Path) -> None:
    with serving(a_full_project(tmp_path, UNLISTED)) as site:
        page = site.get("/")

        assert page.text.count("<p>") == 2  # The other one is the postal address.
        assert "<h1><bdi>Example Digests</bdi></h1>" in page.text
        assert "Newsletters are sent from here" in page.text
        assert "For Friends" not in page.text
        assert LINK.findall(page.text) == []
        assert page.headers["x-robots-tag"] == "noindex"


@pytest.mark.parametrize("brand", ["", '[brand]\naccent = "#7a1f5c"\n'])
def test_it_is_in_the_site_s_brand_and_language(tmp_path: Path, brand: str) -> None:
    with serving(a_full_project(tmp_path, brand, WEEKLY + GERMAN)) as site:
        page = site.get("/").text

        assert '<html lang="de"' in page
        assert "Abonnieren" in page
        assert ("#7a1f5c" in page) is bool(brand)
        assert "#226622" not in page


def test_links_have_the_path_of_the_site_s_address(tmp_path: Path) -> None:
    project = a_full_project(tmp_path, WEEKLY)
    text = project.config.read_text().replace("digests.example.org", "example.org/digests")
    project.config.write_text(text)
    with serving(project) as site:
        pages = [site.get(path) for path in ("/", "/digests/", "/digests")]

        assert [each.status_code for each in pages] == [200, 200, 200]
        assert len({each.text for each in pages}) == 1
        assert LINK.findall(pages[0].text) == ["/digests/s/weekly", "/digests/a/weekly/"]
        moved = [site.get(path) for path in ("/a/weekly", "/digests/a/weekly")]
        assert [each.status_code for each in moved] == [308, 308]
        assert {each.headers["location"] for each in moved} == {"/digests/a/weekly/"}
