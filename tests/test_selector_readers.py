"""
Readers grouped by what they are to read, whatever names they use for it.
"""

from digest.model import Newsletter, Subscriber, Topic
from digest.selector.readers import Reading, group_readers
from digest.taxonomy import Taxonomy
from tests.factories import a_newsletter, a_subscriber

FAMILY = Taxonomy(
    [
        Topic(name="Science", aliases=("Sciences",)),
        Topic(name="Physics", parent="Science"),
        Topic(name="Biology", parent="Science", aliases=("Life",)),
    ]
)


def groups_of(
    newsletter: Newsletter, *readers: Subscriber, seen: dict[int, frozenset[str]] | None = None
) -> dict[Reading, list[int]]:
    groups = group_readers(readers, newsletter, taxonomy=FAMILY, seen=seen or {})
    return {reading: [each.id for each in group] for reading, group in groups.items()}


def readers_on(*topics: tuple[str, ...] | None) -> list[Subscriber]:
    """
    Readers of these topics each, numbered from 1.
    """
    return [a_subscriber(id=number, topics=each) for number, each in enumerate(topics, 1)]


def test_all_names_of_a_topic_make_one_group() -> None:
    newsletter = a_newsletter(topics=("Science", "Biology"))

    groups = groups_of(newsletter, *readers_on(("life",), ("BIOLOGY",), ("Biology", "Life")))

    assert groups[Reading(("Biology",))] == [1, 2, 3]


def test_who_chose_all_children_reads_what_the_newsletter_does() -> None:
    newsletter = a_newsletter(topics=("Science/*",))

    groups = groups_of(newsletter, *readers_on(("life", "physics"), None, ("Science/*",)))

    assert groups[Reading(("Science/*",))][:2] == [1, 2]


def test_a_child_of_the_newsletters_topic_is_a_group_in_its_proper_spelling() -> None:
    newsletter = a_newsletter(topics=("Science",))

    groups = groups_of(newsletter, *readers_on(("PHYSICS",), ("sciences",)))

    assert groups == {Reading(("Science",)): [2], Reading(("Physics",)): [1]}


def test_what_they_were_sent_divides_readers() -> None:
    seen = {1: frozenset({"https://a"}), 3: frozenset({"https://a"})}

    groups = groups_of(a_newsletter(), *readers_on(None, None, None), seen=seen)

    assert groups == {
        Reading(("AI",)): [2],
        Reading(("AI",), frozenset({"https://a"})): [1, 3],
    }


def test_groups_come_in_one_order_whoever_is_asked_first() -> None:
    newsletter = a_newsletter(topics=("Science", "Biology"))
    readers = readers_on(("Zoo",), ("Biology",), None, ("Science",), ("Art", "Biology"))

    there = list(groups_of(newsletter, *readers))
    back = list(groups_of(newsletter, *reversed(readers)))

    assert there == back
    assert [each.topics for each in there] == [
        ("Science", "Biology"),
        ("Science",),
        ("Biology",),
        ("Biology", "Art"),
        ("Zoo",),
    ]
