"""
Values for tests. Every field has a default; a test names only what it is about.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

from digest.journal import Heading, Journal
from digest.model import (
    Article,
    Edition,
    Entry,
    Hand,
    Issue,
    Letter,
    Newsletter,
    Outcome,
    Page,
    Provider,
    Receipt,
    Related,
    Section,
    Site,
    Subscriber,
    Window,
)
from digest.selector import Selector
from digest.store import Store, open_store
from digest.taxonomy import Taxonomy
from digest.tokens import Key, marks_for

MONDAY = datetime(2026, 11, 23, 6, 0, tzinfo=UTC)
KEY = Key(number=1, secret=b"k" * 32)

ARTICLE = Article(
    slug="2026-11-20-hello",
    title="Hello",
    excerpt="An excerpt.",
    url="https://news.example.org/hello",
    published_at=MONDAY - timedelta(days=3),
    heat=50,
    quality=50,
    topics=("AI",),
    provider=Provider(name="Example News", domain="news.example.org"),
)
RELATED = Related(title="Hello again", url="https://other.example.org/hello")
NEWSLETTER = Newsletter(
    id="weekly", title="The Weekly", sender="The Weekly <weekly@example.org>", topics=("AI",)
)
SITE = Site(
    name="Example Digests",
    url="https://digests.example.org",
    address="Example Ltd, 1 High Street, Anytown",
)
WINDOW = Window(start=MONDAY - timedelta(days=7), end=MONDAY)
ISSUE = Issue(
    id="weekly/2026-11-23",
    newsletter="weekly",
    title=NEWSLETTER.title,
    sender=NEWSLETTER.sender,
    site_url=SITE.url,
    due_at=MONDAY,
    window=WINDOW,
    made_at=MONDAY,
)
SUBSCRIBER = Subscriber(id=7, address="ann@example.org", name="Ann Example")
MARKS = marks_for(KEY, ISSUE.id)
PAGE = Page(
    subject="Hello",
    html=f'<!DOCTYPE html><p>Hello</p><a href="{SITE.url}/u/{MARKS["unsubscribe"]}">Leave</a>',
    text=f"Hello\n\n{SITE.url}/u/{MARKS['unsubscribe']}\n",
    marks=MARKS,
)
LETTER = Letter(
    id="<weekly.2026-11-23.0123456789abcdef0123@example.org>",
    subscriber_id=SUBSCRIBER.id,
    sender="weekly@example.org",
    recipient=SUBSCRIBER.address,
    data=b"Subject: Hello\r\n\r\nHello.\r\n",
)


def an_article(**fields: Any) -> Article:
    """
    An article; named only by its slug it has an address of its own.
    """
    if "slug" in fields:
        fields.setdefault("url", f"https://news.example.org/{fields['slug']}")
    return replace(ARTICLE, **fields)


def a_related(**fields: Any) -> Related:
    return replace(RELATED, **fields)


def a_newsletter(**fields: Any) -> Newsletter:
    return replace(NEWSLETTER, **fields)


def an_issue(**fields: Any) -> Issue:
    return replace(ISSUE, **fields)


def a_subscriber(**fields: Any) -> Subscriber:
    return replace(SUBSCRIBER, **fields)


def an_entry(**fields: Any) -> Entry:
    return replace(Entry(address="ann@example.org"), **fields)


def an_edition(*articles: Article, topic: str = "AI") -> Edition:
    """
    An edition of one section.
    """
    section = Section(topic=topic, articles=articles or (ARTICLE,))
    return Edition(topics=(topic,), sections=(section,))


def a_page(**fields: Any) -> Page:
    return replace(PAGE, **fields)


def a_letter(**fields: Any) -> Letter:
    return replace(LETTER, **fields)


def a_journal(folder: Path, run: str = "run", **fields: str) -> Journal:
    """
    The open journal of a run, in that folder.
    """
    heading = Heading(boot="boot", store="store", run=run, issue=ISSUE.id)
    return Journal(folder, replace(heading, **fields))


def unheeded(_: Letter) -> bool:
    """
    For a transport that nobody listens to.
    """
    return True


def a_receipt(subscriber_id: int, outcome: Outcome = Outcome.ACCEPTED, **fields: Any) -> Receipt:
    return Receipt(letter=a_letter(subscriber_id=subscriber_id), outcome=outcome, **fields)


def a_store(
    folder: Path | str,
    *,
    clock: Callable[[], datetime] = lambda: MONDAY,
    random_bits: Callable[[int], int] | None = None,
    read_only: bool = False,
) -> Store:
    """
    The store of that folder, or at that address, made if it is not there.
    """
    return open_store(
        f"sqlite:///{folder / 'digest.db'}" if isinstance(folder, Path) else folder,
        clock=clock,
        random_bits=random_bits or Random(1).getrandbits,  # noqa: S311 - no secret
        read_only=read_only,
    )


def readers_of(store: Store, number: int, newsletter: str = "weekly") -> list[int]:
    """
    So many new subscribers, `r0@example.org` and so on; their ids in this order.
    """
    names = [f"r{place}@example.org" for place in range(number)]
    store.subscribers.merge(newsletter, [an_entry(address=name) for name in names])
    return [store.subscribers.find(name)[0].id for name in names]


def intended(store: Store, ids: Sequence[int], run: str = "run") -> set[int]:
    """
    Those of these letters that the run may send, after it claimed all batches there are.
    """
    while store.ledger.claim_batches(ISSUE.id, run):
        pass
    return set(store.ledger.intend(ISSUE.id, ids, run))


def signed_up(
    store: Store,
    entry: Entry,
    newsletters: Mapping[str, Sequence[str] | None],
    evidence: Mapping[str, str | int],
) -> int:
    """
    The nonce of a sign-up that is not confirmed yet.
    """
    waiting = store.signups.sign_up(entry, newsletters, evidence, ())
    assert waiting
    return waiting.nonce


def an_issue_of(store: Store, number: int, **fields: Any) -> list[int]:
    """
    A frozen issue of one page, and the ids of its so many readers.
    """
    issue = an_issue(**fields)
    ids = readers_of(store, number, issue.newsletter)
    store.issues.freeze(issue, [(an_edition(), PAGE)], [(each, 0) for each in sorted(ids)])
    return ids


def an_edition_by(
    *articles: Article,
    topics: tuple[str, ...] = ("AI",),
    hand: Hand | None = None,
    taxonomy: Taxonomy | None = None,
    seen: Mapping[str, str] | None = None,
    explain: bool = True,
    **rules: Any,
) -> Edition:
    """
    What readers of these topics get of the articles, by the newsletter's rules.
    """
    newsletter = a_newsletter(topics=topics, **rules)
    selector = Selector(articles, newsletter, WINDOW, taxonomy=taxonomy, hand=hand)
    return selector.select(topics, seen=seen, explain=explain)


def sections_of(edition: Edition) -> dict[str, list[str]]:
    """
    Topic -> slugs.
    """
    return {
        section.topic: [article.slug for article in section.articles]
        for section in edition.sections
    }


def reasons_of(edition: Edition) -> dict[str, str]:
    """
    Slug -> why it is not in; several topics, several reasons.
    """
    joined: dict[str, str] = {}
    for each in edition.rejected:
        joined[each.slug] = "; ".join(filter(None, (joined.get(each.slug), each.reason)))
    return joined
