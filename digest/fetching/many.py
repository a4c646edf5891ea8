"""
Many addresses, one answer each: for whoever checks links.
"""

import ssl
from collections.abc import Callable, Sequence

import anyio

from ..errors import FetchError
from ..guard import Guard
from . import Fetched, FetchLimits, Request
from .client import Client
from .network import Resolve, resolve

Answer = Fetched | FetchError
#: Called with each answer as it comes.
Heard = Callable[[Request, Answer], None]


def fetch_many(
    requests: Sequence[Request],
    *,
    guard: Guard,
    limits: FetchLimits,
    agent: str,
    heard: Heard = lambda *_: None,
    resolve: Resolve = resolve,
    certificates: ssl.SSLContext | None = None,
) -> tuple[Answer, ...]:
    """
    The answers in the order of the requests. What the time was too short for is a FetchError.
    """
    answers: dict[int, Answer] = {}

    async def fetch(client: Client, place: int, request: Request) -> None:
        try:
            async with client.fetch(request) as answer:
                answers[place] = answer
        except FetchError as error:
            answers[place] = error
        heard(request, answers[place])

    async def fetch_all() -> None:
        client = Client(guard, limits, agent=agent, resolve=resolve, certificates=certificates)
        with anyio.move_on_after(limits.run_seconds):
            async with client, anyio.create_task_group() as tasks:
                for place, request in enumerate(requests):
                    tasks.start_soon(fetch, client, place, request)

    anyio.run(fetch_all)
    late = FetchError(f"not asked: {limits.run_seconds:g} s were over")
    return tuple(answers.get(place, late) for place in range(len(requests)))
