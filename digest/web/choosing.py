"""
Preferences: topics, lists and rhythm of one reader, and what their next issue would hold.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from ..errors import DigestError
from ..model import BARRED, Cause, Newsletter
from ..pipeline.rhythms import siblings_of
from ..store import Choice, Reader
from ..text import topic_key
from .frequency import Rhythm, rhythms_of
from .requests import Form, read_form
from .services import Services, masked

JOINED = Cause(by="reader", reason="on their preferences page")
#: How long a link to the reader's data is good.
LINK_FOR = timedelta(minutes=30)
LINKS = ((3, timedelta(hours=1)), (6, timedelta(days=1)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Tick:
    """
    A box to be ticked.
    """

    value: str
    label: str
    ticked: bool


class Choosing:
    """
    The page behind the link *Choose your topics*.
    """

    def __init__(self, services: Services) -> None:
        self._services = services

    async def show(self, request: Request) -> Response:
        reader = await self._reader(request)
        if reader is None:
            return self._services.not_found
        return await run_in_threadpool(self._page, reader, reader.here.topics)

    async def choose(self, request: Request) -> Response:
        """
        Keep what was ticked, or only show what it would mean.
        """
        form = await read_form(request)
        reader = await self._reader(request)
        if reader is None:
            return self._services.not_found
        if form.get("do") == "mail":
            return await run_in_threadpool(self._mail_link, reader)
        newsletter = self._services.newsletter(reader.here.newsletter)
        topics = await run_in_threadpool(self._topics, newsletter, reader, form)
        if form.get("do") != "save":
            return await run_in_threadpool(self._page, reader, topics, unsaved=True)
        if topics == ():
            return await run_in_threadpool(self._page, reader, (), nothing=True)
        in_time = await run_in_threadpool(self._keep, newsletter, reader, topics, form)
        for number in self._left(newsletter, reader, form):
            choice = Choice(do="leave", newsletter=number, subscriber=reader.subscriber.id)
            await self._services.writer.write(choice)
        after = await self._reader(request)
        if after is None:
            return self._services.not_found
        saved = "in time" if in_time else "too late"
        return await run_in_threadpool(self._page, after, after.here.topics, saved=saved)

    async def _reader(self, request: Request) -> Reader | None:
        return await self._services.reader("preferences", request.path_params["token"])

    def _mail_link(self, reader: Reader) -> Response:
        """
        To the address that we know, and to no other.
        """
        services, person = self._services, reader.subscriber
        newsletter = services.newsletter(reader.here.newsletter)
        store = services.pipeline.store
        if store.limits.allow("data", str(person.id), LINKS):
            nonce = store.requests.ask("data", person.id, newsletter.id, LINK_FOR)
            services.post_link("data", nonce, newsletter, person.address)
        return services.message(
            "Look into your mailbox",
            "A link is on its way to {address}. It is good for 30 minutes.",
            newsletter=newsletter,
            address=masked(reader),
        )

    def _topics(self, newsletter: Newsletter, reader: Reader, form: Form) -> tuple[str, ...] | None:
        """
        What was ticked of what there was to tick; None if it is just what the newsletter is on.
        """
        offered = self._offered(newsletter, reader)
        ticked = {topic_key(each) for each in form.all("topic")}
        chosen = tuple(each for each in offered if topic_key(each) in ticked)
        return None if chosen == self._services.upcoming.topics(newsletter) else chosen

    def _offered(self, newsletter: Newsletter, reader: Reader) -> tuple[str, ...]:
        own = self._services.upcoming.topics(newsletter)
        known = {topic_key(each): each for each in (*own, *(reader.here.topics or ()))}
        return tuple(known.values())

    def _keep(
        self,
        newsletter: Newsletter,
        reader: Reader,
        topics: Sequence[str] | None,
        form: Form,
    ) -> bool:
        """
        Whether it holds for every letter that is still to come.
        """
        store = self._services.pipeline.store
        store.choices.set_topics(reader.here.number, reader.subscriber.id, topics)
        # Topics that were kept before may not have reached a letter then.
        in_time = self._rechosen(newsletter, reader, topics)
        rhythm = form.get("rhythm")
        if rhythm in siblings_of(newsletter, self._newsletters) and rhythm != newsletter.id:
            store.choices.move(
                reader.here.number, store.subscribers.number(rhythm), reader.subscriber.id
            )
        wanted = set(form.all("list"))
        for each in self._lists(newsletter, reader):
            if each.value in wanted and not each.ticked:
                number = store.subscribers.number(each.value)
                store.people.join(number, reader.subscriber.id, None, JOINED)
        return in_time

    def _rechosen(
        self, newsletter: Newsletter, reader: Reader, topics: Sequence[str] | None
    ) -> bool:
        """
        Whether a letter that waits already holds these topics, if there is one.
        """
        if reader.here.state != "active" or newsletter.id not in self._newsletters:
            return True
        own = None if topics is None else tuple(topics)
        try:
            return self._services.upcoming.rechoose(
                self._services.pipeline.store, newsletter, replace(reader.subscriber, topics=own)
            )
        except DigestError:
            # The letter stays as it was frozen; the topics are kept in any case.
            return False

    def _left(self, newsletter: Newsletter, reader: Reader, form: Form) -> list[int]:
        """
        The lists whose ticks were taken away.
        """
        if "lists" not in form.all("shown"):
            return []
        wanted = set(form.all("list"))
        ticked = [each.value for each in self._lists(newsletter, reader) if each.ticked]
        numbers = {each.newsletter: each.number for each in reader.standings}
        return [numbers[each] for each in ticked if each not in wanted]

    def _lists(self, newsletter: Newsletter, reader: Reader) -> list[Tick]:
        """
        Other lists: those they are on, those they left, and those that anybody may join.

        Who complained or whose mail bounces, on whichever list, can leave lists but not join any.
        """
        states = {each.newsletter: each.state for each in reader.standings}
        same = siblings_of(newsletter, self._newsletters)
        shown = {"active"} if BARRED & set(states.values()) else {"active", "unsubscribed"}
        return [
            Tick(value=each.id, label=each.title, ticked=states.get(each.id) == "active")
            for each in self._newsletters.values()
            if each.id not in same and (states.get(each.id) in shown or _may_join(each, states))
        ]

    @property
    def _newsletters(self) -> dict[str, Newsletter]:
        return dict(self._services.pipeline.settings.newsletters)

    def _page(
        self,
        reader: Reader,
        topics: Sequence[str] | None,
        *,
        saved: str = "",
        unsaved: bool = False,
        nothing: bool = False,
    ) -> Response:
        services = self._services
        newsletter = services.newsletter(reader.here.newsletter)
        own = services.upcoming.topics(newsletter)
        ticked = {topic_key(each) for each in (own if topics is None else topics)}
        active = reader.here.state == "active"
        preview = None
        if ticked and active and newsletter.id in self._newsletters:
            preview = services.upcoming.preview(newsletter, reader.subscriber, topics)
        rhythms: list[Rhythm] = rhythms_of(newsletter, self._newsletters) if active else []
        return services.page(
            "preferences",
            newsletter,
            address=masked(reader),
            topics=[
                Tick(value=each, label=each, ticked=topic_key(each) in ticked)
                for each in self._offered(newsletter, reader)
            ],
            rhythms=rhythms,
            lists=self._lists(newsletter, reader),
            preview=preview,
            saved=saved,
            unsaved=unsaved,
            nothing=nothing,
            active=active,
            may_return=reader.here.state == "unsubscribed",
            unsubscribe_url=services.path("unsubscribe", reader),
        )


def _may_join(newsletter: Newsletter, states: dict[str, str]) -> bool:
    return newsletter.public and newsletter.id not in states and not BARRED & set(states.values())
