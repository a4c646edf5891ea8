"""
Topics that are chosen while an issue is being sent: they hold for what is not on its way yet.
"""

from ..model import Newsletter, Subscriber
from ..selector.readers import topics_of
from ..store import Store
from ..tokens import marks_for
from . import Pipeline


def rechoose(
    pipeline: Pipeline, store: Store, newsletter: Newsletter, subscriber: Subscriber
) -> bool:
    """
    Give a subscriber the edition of their topics, where a letter of another one still waits.

    Whether that was in time: no letter is left that will be sent with others. One that has them
    already stays as it is.
    Their edition is made now, of the articles as the pipeline has read them. PublishError if
    its pictures cannot be shown: then the letter stays as it was.
    """
    if store.unclaimed.is_in_the_making(newsletter.id):
        return False
    topics = pipeline.taxonomy.expand(topics_of(subscriber, newsletter, pipeline.taxonomy))
    coming = store.unclaimed.topics_coming(newsletter.id, subscriber.id)
    if all(set(each) == set(topics) for each in coming):
        return True
    issue = store.unclaimed.issue_of(newsletter.id, subscriber.id)
    if issue is None:
        return False
    edited, without_news = pipeline.edit(newsletter, issue, [subscriber])
    if without_news:
        return store.unclaimed.suppress(issue.id, subscriber.id)
    (edition,) = (edition for edition, readers in edited if readers)
    page, _ = pipeline.print_edition(newsletter, issue, edition, marks_for(store.key(), issue.id))
    pipeline.publisher.publish(page.pictures)
    return store.unclaimed.replace(issue.id, subscriber.id, edition, page)
