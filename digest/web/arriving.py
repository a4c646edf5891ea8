"""
The front page: for whoever comes by without a link of their own.
"""

from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from ..model import Newsletter
from .frequency import message_of
from .services import Services


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """
    A newsletter that anybody may know of; an address is empty where there is nothing.
    """

    title: str
    topics: tuple[str, ...]
    rhythm: str  #: a sentence for the catalogues
    sign_up_url: str
    archive_url: str


class Arriving:
    """
    What may be signed up for and read again; else no more than whose site it is.
    """

    def __init__(self, services: Services) -> None:
        self._services = services

    async def show(self, request: Request) -> Response:  # noqa: ARG002
        newsletters = self._services.pipeline.settings.newsletters.values()
        offers = [self._offer(each) for each in newsletters if each.public or _is_shown(each)]
        page = self._services.page("front", None, offers=offers)
        if offers:
            page.headers["X-Robots-Tag"] = "all"
        return page

    def _offer(self, newsletter: Newsletter) -> Offer:
        base = self._services.pages.base
        return Offer(
            title=newsletter.title,
            topics=tuple(topic.removesuffix("/*") for topic in newsletter.topics),
            rhythm=message_of(newsletter.schedule),
            sign_up_url=f"{base}/s/{newsletter.id}" if newsletter.public else "",
            archive_url=f"{base}/a/{newsletter.id}/" if _is_shown(newsletter) else "",
        )


def _is_shown(newsletter: Newsletter) -> bool:
    return newsletter.archive == "public"
