"""
What the pages share: the pipeline, the keys that they believe, and ways to answer.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any, cast

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from ..archive import main_newsletter
from ..errors import StoreBusy
from ..model import Newsletter
from ..pages import Pages
from ..pipeline import Pipeline
from ..pipeline.rhythms import families_of
from ..store import Reader, Waiting
from ..text import mask_address
from ..tokens import (
    MAILED_PATHS,
    PATHS,
    Key,
    MailedPurpose,
    Purpose,
    read_token,
    sign_nonce,
    sign_token,
)
from .mailer import Mailer
from .mails import Mail, compose_mail
from .requests import client_of
from .upcoming import Upcoming
from .writer import Writer

#: After a rotation a server that runs already believes the new key so soon.
KEYS_FOR = timedelta(seconds=5)

Endpoint = Callable[[Request], Awaitable[Response]]


@dataclass(kw_only=True)
class Services:
    """
    One running site.
    """

    pipeline: Pipeline
    random_bits: Callable[[int], int]
    pages: Pages
    writer: Writer
    mailer: Mailer
    upcoming: Upcoming
    _keys: tuple[Key, ...] = field(default=(), repr=False)
    _keys_until: datetime | None = None

    @property
    def keys(self) -> tuple[Key, ...]:
        """
        The newest first; one is made if there is none.
        """
        now = self.pipeline.clock()
        if self._keys_until is None or now >= self._keys_until:
            keys = self.pipeline.store.keys
            try:
                self._keys = keys.believed() or (keys.newest(),)
            except StoreBusy:
                # For a moment those that we know will do.
                if not self._keys:
                    raise
            self._keys_until = now + KEYS_FOR
        return self._keys

    @property
    def not_found(self) -> Response:
        """
        The one answer to all that leads nowhere, whatever the reason.
        """
        return self.message(
            "Nothing is here", "This link is not complete, or not good any more.", 404
        )

    def newsletter(self, newsletter_id: str) -> Newsletter:
        """
        One of the configuration; a nameless one for letters of a list that is not there any more.
        """
        known = self.pipeline.settings.newsletters.get(newsletter_id)
        return known or Newsletter(
            id=newsletter_id,
            title=newsletter_id,
            sender="",
            topics=(),
            brand=self.pipeline.settings.brand,
        )

    async def reader(self, purpose: Purpose, token: str) -> Reader | None:
        """
        Whose token that is, if it is one, for this purpose, and they are still known.

        Who changed to another rhythm is shown that one, by the links of older letters too.
        """
        whose = read_token(self.keys, purpose, token)
        if whose is None:
            return None
        return await run_in_threadpool(self.standing_of, *whose, at_any_rhythm=purpose != "view")

    def standing_of(
        self, subscriber_id: int, number: int, *, at_any_rhythm: bool = True
    ) -> Reader | None:
        """
        Somebody as their own pages show them.
        """
        families = families_of(self.pipeline.settings.newsletters) if at_any_rhythm else ()
        return self.pipeline.store.choices.reader(number, subscriber_id, families)

    def path(self, purpose: Purpose, reader: Reader) -> str:
        """
        The reader's own page of another purpose.
        """
        token = sign_token(
            self.keys[0],
            purpose,
            subscriber_id=reader.subscriber.id,
            newsletter_number=reader.here.number,
        )
        return f"{self.pages.base}{PATHS[purpose]}{token}"

    def page(
        self, name: str, newsletter: Newsletter | None, status: int = 200, **context: Any
    ) -> Response:
        text = self.pages.page(name, newsletter, language_of=self.main_newsletter, **context)
        return self._answer(text, newsletter, status)

    def neutral(self) -> Response:
        """
        Where the links of a page without a reader lead.
        """
        return self._answer(self.pages.neutral(self.main_newsletter))

    def _answer(
        self, text: str, newsletter: Newsletter | None = None, status: int = 200
    ) -> Response:
        headers = {"Content-Security-Policy": self.pages.policy(newsletter)}
        return HTMLResponse(text, status, headers)

    def message(
        self,
        heading: str,
        text: str,
        status: int = 200,
        *,
        newsletter: Newsletter | None = None,
        action: tuple[str, str] | None = None,
        link: tuple[str, str] | None = None,
        **values: str,
    ) -> Response:
        """
        A heading and a sentence, both to be translated, and at most one button and one link.
        """
        t = self.pages.translator(newsletter or self.main_newsletter)
        values.setdefault("newsletter", newsletter.title if newsletter else "")
        return self.page(
            "message",
            newsletter,
            status,
            heading=t(heading, **values),
            texts=[t(text, **values)],
            action={"do": action[0], "label": t(action[1], **values)} if action else None,
            link={"url": link[0], "label": t(link[1], **values)} if link else None,
        )

    @property
    def main_newsletter(self) -> Newsletter:
        """
        Whose language pages speak that are about none in particular.
        """
        return main_newsletter(self.pipeline.settings)

    def client(self, request: Request) -> str:
        return client_of(request.scope, self.pipeline.settings.web.trusted_proxies)

    def post_link(
        self, purpose: MailedPurpose, nonce: int, newsletter: Newsletter, recipient: str
    ) -> None:
        """
        Mail somebody a link of their own. It is kept until a mail server has taken it.
        """
        self.post(self.keep_link(purpose, nonce, newsletter, recipient))

    def keep_link(
        self, purpose: MailedPurpose, nonce: int, newsletter: Newsletter, recipient: str
    ) -> Waiting:
        """
        The same, but for the mail itself: it is posted by the caller, or by the next start.
        """
        waiting = Waiting(
            nonce=nonce, purpose=purpose, newsletter=newsletter.id, recipient=recipient
        )
        self.pipeline.store.mails.keep(waiting)
        return waiting

    def resume(self, since: timedelta | None = None) -> None:
        """
        Mail what a server that was killed or stopped had left. Some of it may come twice.

        Later on, what nobody has tried for so long: the mail server was away, or the store.
        """
        for each in self.pipeline.store.mails.take(since):
            if self._is_good(each):
                self.post(each)
            else:
                self.pipeline.store.mails.settle(each.nonce)

    def _is_good(self, waiting: Waiting) -> bool:
        """
        Whether there is still something to do by that link.
        """
        store = self.pipeline.store
        if waiting.purpose == "confirm":
            found = store.signups.find(waiting.nonce)
            return found is not None and found.subscriber_id is None
        return store.requests.find(waiting.nonce, waiting.purpose) is not None

    def post(self, waiting: Waiting) -> None:
        """
        Mail a link that is kept.
        """
        purpose = cast("MailedPurpose", waiting.purpose)
        token = sign_nonce(self.keys[0], purpose, waiting.nonce)
        url = f"{self.pipeline.settings.site.url}{MAILED_PATHS[purpose]}{token}"
        newsletter = self.newsletter(waiting.newsletter)
        # A list that is not there any more writes to nobody.
        about = newsletter if newsletter.sender else self.main_newsletter
        mail = Mail(newsletter=about, recipient=waiting.recipient, kind=purpose, url=url)
        number = self.random_bits(64)
        letter = compose_mail(mail, self.pages, number=number, now=self.pipeline.clock())
        settled = partial(self.pipeline.store.mails.settle, waiting.nonce)
        self.mailer.post(letter, settled, name=waiting.nonce)


def masked(reader: Reader) -> str:
    """
    Their address as a page shows it that others may see as well.
    """
    return mask_address(reader.subscriber.address)
