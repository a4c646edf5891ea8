"""
One person, looked up by address.
"""

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ..errors import NotFoundError
from ..model import Newsletter, Subscriber
from . import Pipeline

if TYPE_CHECKING:
    from ..store import Subscription


def find_person(pipeline: Pipeline, address: str) -> tuple[Subscriber, tuple["Subscription", ...]]:
    """
    Somebody, and all their subscriptions. NotFoundError if nobody has that address.
    """
    if pipeline.existing_store is None:
        raise NotFoundError("nobody is subscribed yet: see `digest subscribers import`")
    return pipeline.existing_store.subscribers.find(address)


def story_of(pipeline: Pipeline, address: str) -> dict[str, Any]:
    """
    All that is known of somebody, as a document. NotFoundError if nobody has that address.
    """
    if pipeline.existing_store is None:
        raise NotFoundError("nobody is subscribed yet: see `digest subscribers import`")
    return pipeline.existing_store.subscribers.story(address)


def find_subscriber(pipeline: Pipeline, newsletter: Newsletter, address: str) -> Subscriber:
    """
    Somebody on the newsletter, with the topics that are theirs. NotFoundError if they are not.
    """
    person, subscriptions = find_person(pipeline, address)
    for each in subscriptions:
        if each.newsletter == newsletter.id and each.state == "active":
            return replace(person, topics=each.topics)
    raise NotFoundError(
        f"they are not subscribed to {newsletter.id}: see `digest subscribers show`"
    )
