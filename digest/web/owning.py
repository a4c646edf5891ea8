"""
One's own data: a copy, another address, or to be forgotten. Each by a fresh link that was mailed.

The links in letters do not do: letters are forwarded, and whoever has one could take an account
over. Another address is confirmed at the old one by the first link, and at the new one by a second.

A link is used up by what was done with it, and not before: where the store fails it stays good.
"""

import json
from datetime import timedelta

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from ..addresses import normalize_address
from ..errors import AddressTaken, NotFoundError
from ..model import Cause, Newsletter
from ..tokens import MailedPurpose, read_nonce
from .requests import Form, read_form
from .services import Services

LINK_FOR = timedelta(minutes=30)
MOVED = Cause(by="reader", reason="confirmed at the old address and at the new one")


class Owning:
    """
    The pages behind the links that `Mail me the link` and a new address get.
    """

    def __init__(self, services: Services) -> None:
        self._services = services

    async def show(self, request: Request) -> Response:
        found = await run_in_threadpool(self._find, request, "data")
        if found is None:
            return self._services.not_found
        return self._services.page("data", found[1], wrong=False)

    async def act(self, request: Request) -> Response:
        form = await read_form(request)
        return await run_in_threadpool(self._act, request, form)

    async def show_address(self, request: Request) -> Response:
        found = await run_in_threadpool(self._find, request, "address")
        if found is None:
            return self._services.not_found
        return self._services.message(
            "One more click",
            "Your letters will come to this address from now on.",
            newsletter=found[1],
            action=("confirm", "Confirm the address"),
        )

    async def confirm_address(self, request: Request) -> Response:
        await read_form(request)
        return await run_in_threadpool(self._move, request)

    def _act(self, request: Request, form: Form) -> Response:
        """
        Any of the three uses the link up; a mistyped address does not.
        """
        match form.get("do"):
            case "export":
                return self._export(request)
            case "erase":
                return self._erase(request)
            case "address":
                return self._ask_new(request, form.get("email"))
        return self._services.not_found

    def _export(self, request: Request) -> Response:
        found = self._find(request, "data")
        if found is None:
            return self._services.not_found
        try:
            document = self._services.pipeline.store.people.export(found[0])
        except NotFoundError:
            return self._services.not_found
        if not self._redeemed(request, "data"):
            return self._services.not_found
        text = json.dumps(document, ensure_ascii=False, indent=2, default=str)
        headers = {"Content-Disposition": 'attachment; filename="my-data.json"'}
        return Response(text, media_type="application/json", headers=headers)

    def _erase(self, request: Request) -> Response:
        found = self._find(request, "data")
        if found is None:
            return self._services.not_found
        try:
            # Their links go with them.
            self._services.pipeline.store.people.erase(found[0])
        except NotFoundError:
            return self._services.not_found
        return self._services.message(
            "You are forgotten.",
            "What was known about you is gone. A code is left, so that no list brings you back.",
            newsletter=found[1],
        )

    def _ask_new(self, request: Request, typed: str) -> Response:
        services, found = self._services, self._find(request, "data")
        if found is None:
            return services.not_found
        try:
            address = normalize_address(typed.strip())
        except ValueError:
            return services.page("data", found[1], wrong=True)
        subscriber_id, newsletter = found
        value, store = f"{newsletter.id} {address}", services.pipeline.store
        nonce = store.requests.ask("address", subscriber_id, value, LINK_FOR)
        link = services.keep_link("address", nonce, newsletter, address)
        if not self._redeemed(request, "data"):
            store.mails.settle(nonce)
            return services.not_found
        services.post(link)
        return services.message(
            "Look into your new mailbox",
            "The address is changed when you open the link that is on its way there.",
            newsletter=newsletter,
        )

    def _move(self, request: Request) -> Response:
        services, found = self._services, self._asked(request, "address")
        if found is None:
            return services.not_found
        newsletter = self._about(found[1])
        try:
            address = found[1].partition(" ")[2]
            services.pipeline.store.people.change_address(found[0], address, MOVED)
        except NotFoundError:
            return services.not_found
        except AddressTaken:
            self._redeemed(request, "address")
            return services.message(
                "Nothing was changed.",
                "This address is subscribed already.",
                newsletter=newsletter,
            )
        self._redeemed(request, "address")
        return services.message(
            "Your address is changed.",
            "Letters come to this address from now on.",
            newsletter=newsletter,
        )

    def _find(self, request: Request, purpose: MailedPurpose) -> tuple[int, Newsletter] | None:
        """
        Whose link that is, and which newsletter it was asked for from; it stays good.
        """
        found = self._asked(request, purpose)
        return (found[0], self._about(found[1])) if found else None

    def _asked(self, request: Request, purpose: MailedPurpose) -> tuple[int, str] | None:
        nonce = read_nonce(self._services.keys, purpose, request.path_params["token"])
        store = self._services.pipeline.store
        return store.requests.find(nonce, purpose) if nonce is not None else None

    def _redeemed(self, request: Request, purpose: MailedPurpose) -> bool:
        """
        Use the link up. Of two who come at once, one does.
        """
        nonce = read_nonce(self._services.keys, purpose, request.path_params["token"])
        store = self._services.pipeline.store
        return nonce is not None and store.requests.redeem(nonce, purpose) is not None

    def _about(self, value: str) -> Newsletter:
        return self._services.newsletter(value.partition(" ")[0])
