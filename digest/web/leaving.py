"""
Unsubscribing: by a mail program's one click (RFC 8058), or by the button of a page.

Asking (GET, HEAD) never changes anything: scanners follow every link of a letter.
"""

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from ..pipeline.rhythms import siblings_of
from ..store import Choice, Reader
from ..store.choices import Do
from ..tokens import read_token
from .requests import MAX_ONE_CLICK, read_form
from .services import Services, masked

WISHES: dict[str, Do] = {
    "leave": "leave",
    "leave all": "leave all",
    "return": "return",
    "return all": "return all",
}


class Leaving:
    """
    The page behind the link *Unsubscribe*.
    """

    def __init__(self, services: Services) -> None:
        self._services = services

    async def show(self, request: Request) -> Response:
        reader = await self._services.reader("unsubscribe", request.path_params["token"])
        return self._page(reader) if reader else self._services.not_found

    async def choose(self, request: Request) -> Response:
        """
        No cookie, no origin, no redirect: mail servers post here, too, and the token says it all.
        """
        token: str = request.path_params["token"]
        form = await read_form(request, limit=MAX_ONE_CLICK)
        whose = read_token(self._services.keys, "unsubscribe", token)
        if whose is None:
            return self._services.not_found
        wish = WISHES.get(form.get("do"))
        choice = Choice(do=wish or "leave", newsletter=whose[1], subscriber=whose[0])
        known = await self._services.writer.write(choice)
        if wish is None:
            # Who was erased since is told the same: a mail program would show an error otherwise.
            return PlainTextResponse("Unsubscribed.\n")
        if not known:
            return self._services.not_found
        reader = await self._services.reader("unsubscribe", token)
        return self._page(reader, wish) if reader else self._services.not_found

    def _page(self, reader: Reader, wish: Do | None = None) -> Response:
        newsletter = self._services.newsletter(reader.here.newsletter)
        if wish in {"return", "return all"} and reader.here.state == "active":
            return self._services.message(
                "Welcome back!",
                "{newsletter} comes to {address} again.",
                newsletter=newsletter,
                link=(self._services.path("preferences", reader), "Choose your topics"),
                address=masked(reader),
            )
        active = [each for each in reader.standings if each.state == "active"]
        gone = reader.here.state != "active"
        same = siblings_of(newsletter, self._services.pipeline.settings.newsletters)
        others = [each.newsletter for each in active if each.newsletter not in same]
        return self._services.page(
            "unsubscribe",
            newsletter,
            address=masked(reader),
            left=wish in {"leave", "leave all"},
            left_all=wish == "leave all",
            gone=gone,
            may_return=reader.here.state == "unsubscribed",
            others=[self._services.newsletter(each) for each in others],
            preferences_url=self._services.path("preferences", reader)
            if active and not gone
            else "",
        )
