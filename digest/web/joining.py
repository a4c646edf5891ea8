"""
Sign-up with double opt-in: an address becomes a subscriber by a button behind a mailed link.

Whoever asks for whatever address gets the same answer, in the same time.
"""

import logging
from datetime import datetime, timedelta
from email.utils import parseaddr

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from ..addresses import normalize_address
from ..errors import NotFoundError
from ..model import Entry, Newsletter, State
from ..store import SignUp, Store
from ..tokens import read_nonce, sign_nonce
from .requests import is_own, read_form
from .services import Services, masked

LOG = logging.getLogger("digest.web")
#: Nobody fills in a form that fast, and none is left open that long.
FORM_AGE = (timedelta(seconds=3), timedelta(hours=24))
#: Confirmation mails per address, and sign-ups per customer of a provider.
PER_ADDRESS = ((1, timedelta(days=1)), (3, timedelta(days=30)))
PER_CLIENT = ((5, timedelta(hours=1)), (20, timedelta(days=1)))


class Joining:
    """
    The sign-up form of public newsletters, and the page behind the link in the confirmation mail.
    """

    def __init__(self, services: Services) -> None:
        self._services = services

    async def show(self, request: Request) -> Response:
        newsletter = self._public(request)
        return self._form(newsletter) if newsletter else self._services.not_found

    async def sign_up(self, request: Request) -> Response:
        """
        A form from elsewhere, such as the one embedded in another site, is shown once more here.
        """
        form = await read_form(request)
        newsletter = self._public(request)
        if newsletter is None:
            return self._services.not_found
        typed, stamp = form.get("email"), form.get("stamp")
        own = is_own(request, self._services.pipeline.settings.site.url)
        age = self._age(stamp)
        if not own or age is None or not FORM_AGE[0] <= age <= FORM_AGE[1]:
            young = own and age is not None and age < FORM_AGE[0]
            return self._form(newsletter, typed=typed, stamp=stamp if young else "", again=True)
        try:
            address = normalize_address(typed.strip())
        except ValueError:
            return self._form(newsletter, typed=typed, stamp=stamp, wrong=True)
        # A field that no person sees, and every robot fills in.
        if not form.get("website"):
            client = self._services.client(request)
            await run_in_threadpool(self._ask, newsletter, address, client)
        return self._services.message(
            "Look into your mailbox",
            "We have sent you a mail. The subscription begins when you open the link in it.",
            newsletter=newsletter,
        )

    async def show_confirmation(self, request: Request) -> Response:
        token: str = request.path_params["token"]
        nonce = read_nonce(self._services.keys, "confirm", token)
        if nonce is None:
            return self._services.not_found
        return await run_in_threadpool(self._show_confirmation, nonce)

    def _show_confirmation(self, nonce: int) -> Response:
        found = self._services.pipeline.store.signups.find(nonce)
        if found is None:
            return self._services.not_found
        if found.subscriber_id is not None:
            return self._confirmed(found, found.subscriber_id)
        return self._services.message(
            "One more click",
            "You are about to subscribe to {newsletter}.",
            newsletter=self._services.newsletter(next(iter(found.newsletters))),
            action=("confirm", "Confirm the subscription"),
        )

    async def confirm(self, request: Request) -> Response:
        await read_form(request)
        token, client = request.path_params["token"], self._services.client(request)
        return await run_in_threadpool(self._confirm, token, client)

    def _confirm(self, token: str, client: str) -> Response:
        nonce = read_nonce(self._services.keys, "confirm", token)
        if nonce is None:
            return self._services.not_found
        store = self._services.pipeline.store
        done = store.signups.confirm(nonce, {"confirmed_from": store.limits.hash_of(client)})
        if done is None or done.subscriber_id is None:
            return self._services.not_found
        return self._confirmed(done, done.subscriber_id)

    def _confirmed(self, done: SignUp, subscriber_id: int) -> Response:
        """
        How they stand by now. A link that was used once subscribes nobody who has left since.
        """
        services = self._services
        number = services.pipeline.store.subscribers.number(next(iter(done.newsletters)))
        reader = services.standing_of(subscriber_id, number)
        if reader is None:
            return services.not_found
        newsletter = services.newsletter(reader.here.newsletter)
        theirs = services.path("preferences", reader)
        if reader.here.state == State.ACTIVE:
            return services.message(
                "You are subscribed.",
                "{newsletter} will come to you from the next issue on.",
                newsletter=newsletter,
                link=(theirs, "Choose your topics"),
            )
        may_return = reader.here.state == State.UNSUBSCRIBED
        return services.message(
            "This link was used already.",
            "{newsletter} does not come to {address}.",
            newsletter=newsletter,
            link=(theirs, "Subscribe again") if may_return else None,
            address=masked(reader),
        )

    def _ask(self, newsletter: Newsletter, address: str, client: str) -> None:
        services = self._services
        store, limits = services.pipeline.store, services.pipeline.store.limits
        if not limits.allow("sign-up from", client, PER_CLIENT):
            return
        per_hour = services.pipeline.settings.web.sign_ups_per_hour
        if not limits.allow("sign-up", "", ((per_hour, timedelta(hours=1)),)):
            LOG.warning("no more sign-ups in this hour: sign_ups_per_hour is %d", per_hour)
            return
        if _has_complained(store, address):
            return
        evidence = {"signed_up_from": limits.hash_of(client)}
        entry = Entry(address=address)
        link = store.signups.sign_up(entry, {newsletter.id: None}, evidence, PER_ADDRESS)
        if link:
            services.post(link)

    def _public(self, request: Request) -> Newsletter | None:
        name = request.path_params["newsletter"]
        newsletter = self._services.pipeline.settings.newsletters.get(name)
        return newsletter if newsletter and newsletter.public else None

    def _form(
        self,
        newsletter: Newsletter,
        *,
        typed: str = "",
        stamp: str = "",
        again: bool = False,
        wrong: bool = False,
    ) -> Response:
        return self._services.page(
            "sign_up",
            newsletter,
            typed=typed[:254],
            stamp=stamp or self._stamp(),
            again=again,
            wrong=wrong,
            sender=parseaddr(newsletter.sender)[1],
        )

    def _stamp(self) -> str:
        now: datetime = self._services.pipeline.clock()
        return sign_nonce(self._services.keys[0], "form", int(now.timestamp() * 1_000))

    def _age(self, stamp: str) -> timedelta | None:
        """
        How long ago that form of ours was shown; None if it is none of ours.
        """
        shown = read_nonce(self._services.keys, "form", stamp)
        if shown is None:
            return None
        return timedelta(seconds=self._services.pipeline.clock().timestamp() - shown / 1_000)


def _has_complained(store: Store, address: str) -> bool:
    """
    Whoever called our mail spam gets none because somebody typed their address into a form.
    """
    try:
        _, subscriptions = store.subscribers.find(address)
    except NotFoundError:
        return False
    return any(each.state == State.COMPLAINED for each in subscriptions)
