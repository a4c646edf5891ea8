"""
Topics by any of their names, what is above and below them, and the words that give them away.
"""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.model import Article, Problem, Topic
from digest.reader import read_articles
from digest.reader.topics import read_topics
from digest.taxonomy import Taxonomy
from tests.factories import an_article

CLOUD = Topic(name="Google Cloud", keywords=("google cloud", "gcp"))
SERVERLESS = Topic(name="Serverless", parent="google cloud", keywords=("cloud run", "cloud"))
COMPUTE = Topic(name="Compute", parent="GoogleCloud", aliases=("Virtual Machines", "VMs"))
TAXONOMY = Taxonomy((CLOUD, SERVERLESS, COMPUTE))


def guessed(text: str, *topics: Topic) -> dict[str, str]:
    return dict(Taxonomy(topics).guess(an_article(title=text, excerpt="", topics=())))


def messages(*topics: Topic) -> list[str]:
    return [each.message for each in Taxonomy(topics).problems]


@pytest.mark.parametrize("name", ["Compute", "COM PUTE", "virtual machines", "vms", " V M s "])
def test_a_topic_goes_by_all_its_names_in_any_spelling(name: str) -> None:
    assert TAXONOMY.name(name) == "Compute"
    assert TAXONOMY.key(name) == TAXONOMY.key("compute")
    assert TAXONOMY.describes(name)


def test_what_nobody_describes_is_a_topic_all_the_same() -> None:
    assert TAXONOMY.name("Chess") == "Chess"
    assert TAXONOMY.key("CHESS ") == TAXONOMY.key("chess")
    assert not TAXONOMY.describes("Chess")


def test_an_article_counts_for_what_is_above_its_topics() -> None:
    assert TAXONOMY.keys_of(["VMs"]) == {"compute", "googlecloud"}
    assert TAXONOMY.keys_of(["Google Cloud"]) == {"googlecloud"}
    assert TAXONOMY.keys_of([]) == frozenset()


def test_grandparents_count_as_well() -> None:
    taxonomy = Taxonomy((CLOUD, SERVERLESS, Topic(name="Knative", parent="Serverless")))

    assert taxonomy.keys_of(["knative"]) == {"knative", "serverless", "googlecloud"}


@pytest.mark.parametrize("written", ["Google Cloud/*", "GOOGLE cloud / *", "GoogleCloud/ *"])
def test_a_parent_with_a_star_stands_for_its_children_as_they_were_written(written: str) -> None:
    assert TAXONOMY.expand([written]) == ("Serverless", "Compute")


def test_a_topic_that_is_named_beside_its_parents_star_stays_where_it_was_named() -> None:
    assert TAXONOMY.expand(["vms", "Google Cloud/*", "Chess", "CHESS"]) == (
        "Compute",
        "Serverless",
        "Chess",
    )


def test_a_star_takes_children_and_not_grandchildren() -> None:
    taxonomy = Taxonomy((CLOUD, SERVERLESS, Topic(name="Knative", parent="Serverless")))

    assert taxonomy.expand(["Google Cloud/*"]) == ("Serverless",)


def test_a_topic_described_twice_is_told_and_the_first_stands() -> None:
    again = Topic(name="google CLOUD", aliases=("GCP",), file="two.yaml", line=1)
    taxonomy = Taxonomy((CLOUD, again))

    assert taxonomy.problems == (
        Problem(
            file="two.yaml",
            line=1,
            message='the topic "google CLOUD" is described twice: keep one',
        ),
    )
    assert not taxonomy.describes("GCP")


@pytest.mark.parametrize("alias", ["VMs", "v ms", "Compute"])
def test_two_topics_of_one_name_are_told_and_the_first_keeps_it(alias: str) -> None:
    other = Topic(name="Machines", aliases=(alias,), file="machines.yaml")
    taxonomy = Taxonomy((COMPUTE, other, CLOUD))

    (problem,) = taxonomy.problems
    assert problem.file == "machines.yaml"
    assert problem.message == (
        f'"{alias}" is a name of the topics "Compute" and "Machines": leave it to one of them'
    )
    assert taxonomy.name(alias) == "Compute"


def test_a_topic_may_repeat_its_own_name_as_an_alias() -> None:
    assert messages(Topic(name="AI", aliases=("ai", "A I"))) == []


def test_parents_in_a_circle_are_told_once_and_end() -> None:
    circle = (
        Topic(name="A", parent="B"),
        Topic(name="B", parent="C"),
        Topic(name="C", parent="A"),
        Topic(name="D", parent="A"),
    )

    assert messages(*circle) == [
        "the parents of topics go round in a circle: A -> B -> C -> A; remove one of them"
    ]
    assert Taxonomy(circle).keys_of(["D"]) == {"d", "a"}
    assert Taxonomy(circle).keys_of(["B"]) == {"b", "c", "a"}


def test_a_topic_is_not_its_own_parent() -> None:
    assert messages(Topic(name="A", parent="a")) == [
        "the parents of topics go round in a circle: A -> A; remove one of them"
    ]


def test_a_misspelt_parent_is_told_with_what_was_meant() -> None:
    (problem,) = Taxonomy((CLOUD, Topic(name="Storage", parent="Gogle Cloud"))).problems

    assert problem.level == "warning"
    assert problem.message == (
        'the parent "Gogle Cloud" of "Storage" is described nowhere; did you mean "Google Cloud"?'
    )


def test_a_parent_that_nobody_describes_has_children_nevertheless() -> None:
    taxonomy = Taxonomy([Topic(name="Storage", parent="Cloud")])

    assert taxonomy.expand(["Cloud/*"]) == ("Storage",)
    assert taxonomy.keys_of(["Storage"]) == {"storage", "cloud"}


def test_a_long_line_of_parents_is_no_obstacle() -> None:
    line = [Topic(name=f"t{n}", parent=f"t{n + 1}") for n in range(1_050)]
    taxonomy = Taxonomy(line)

    assert len(taxonomy.keys_of(["t0"])) == 1_051


def test_keywords_are_found_as_whole_words_in_any_case() -> None:
    assert guessed("GCP, now cheaper", CLOUD) == {"Google Cloud": "gcp"}
    assert guessed("What GCPs do", CLOUD) == {}
    assert guessed("Egcp", CLOUD) == {}


def test_keywords_that_overlap_are_all_found() -> None:
    run = Topic(name="Serverless", keywords=("cloud run",))

    assert guessed("Google Cloud Run is here", CLOUD, run) == {
        "Google Cloud": "google cloud",
        "Serverless": "cloud run",
    }


def test_a_keyword_at_the_beginning_of_a_longer_one_is_found_too() -> None:
    clouds = Topic(name="Clouds", keywords=("google",))
    platform = Topic(name="Platform", keywords=("google cloud platform",))

    assert guessed("Google Cloud Platform", platform, clouds, CLOUD) == {
        "Clouds": "google",
        "Google Cloud": "google cloud",
        "Platform": "google cloud platform",
    }


def test_keywords_are_plain_text_and_no_patterns() -> None:
    assert guessed("C++ and .NET", Topic(name="C", keywords=("c++",))) == {"C": "c++"}
    assert guessed("about .net", Topic(name="Net", keywords=(".net",))) == {"Net": ".net"}
    assert guessed("abc", Topic(name="Any", keywords=("a.c",))) == {}


def test_the_excerpt_gives_a_topic_away_as_well() -> None:
    article = an_article(title="News", excerpt="On GCP.", topics=())

    assert dict(Taxonomy([CLOUD]).guess(article)) == {"Google Cloud": "gcp"}


def test_without_keywords_nothing_is_guessed() -> None:
    assert guessed("Google Cloud", Topic(name="Google Cloud")) == {}


@given(st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), max_size=12))
def test_whatever_is_written_down_every_topic_has_an_end_above_it(
    pairs: list[tuple[int, int]],
) -> None:
    taxonomy = Taxonomy(Topic(name=f"t{one}", parent=f"t{other}") for one, other in pairs)

    for number in range(7):
        keys = taxonomy.keys_of([f"t{number}"])
        assert f"t{number}" in keys
        assert len(keys) <= 7


def test_the_real_topics_are_one_family(shared: Path) -> None:
    found = list(read_topics(shared / "corpus" / "google-cloud-topics"))
    taxonomy = Taxonomy(each for each in found if isinstance(each, Topic))

    assert len(found) == 10
    assert taxonomy.problems == ()
    assert taxonomy.expand(["google cloud/*"])[:2] == ("Compute", "Serverless")
    assert len(taxonomy.expand(["Google Cloud/*"])) == 9
    assert taxonomy.keys_of(["hybridcloud"]) == {"hybridcloud", "googlecloud"}


def test_the_real_articles_count_for_the_parent_of_their_topics(shared: Path) -> None:
    found = read_topics(shared / "corpus" / "google-cloud-topics")
    taxonomy = Taxonomy(each for each in found if isinstance(each, Topic))
    articles = [
        each
        for each in read_articles(shared / "corpus" / "google-cloud")
        if isinstance(each, Article)
    ]

    described = {key for topic in taxonomy.names.values() for key in taxonomy.keys_of([topic])}
    for article in articles:
        assert "googlecloud" in taxonomy.keys_of(article.topics)
        assert taxonomy.keys_of(article.topics) <= described
