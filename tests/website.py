"""
A real server of the readers' side on a free port of loopback, at work on a project.
"""

import logging
import re
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from random import Random
from threading import Thread

import httpx2
import uvicorn

from digest.model import Subscriber
from digest.pipeline import Pipeline
from digest.settings import load_settings
from digest.store import Store
from digest.tokens import PATHS, Purpose, sign_token
from digest.web import create_app
from tests.program import Project

WEEKLY = """
    [newsletters.weekly]
    title = "The Weekly"
    from = "The Weekly <weekly@example.org>"
    topics = ["Science", "Cities"]
    public = true
    archive = "public"
    """
OTHER = """
    [newsletters.other]
    title = "The Other One"
    from = "The Other One <other@example.org>"
    topics = ["Arts"]
    """
LINK = re.compile(r"https?://[^\s<>\"]+")
STAMP = re.compile(r'name="stamp" value="([^"]+)"')


@dataclass
class Clock:
    """
    Goes with the time, and can be put forward.
    """

    ahead: timedelta = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead

    def pass_(self, **time: float) -> None:
        self.ahead += timedelta(**time)


@dataclass
class Website:
    """
    The running site, seen from outside by `client` and from inside by `store`.
    """

    url: str
    project: Project
    pipeline: Pipeline
    clock: Clock
    client: httpx2.Client
    log: list[str] = field(default_factory=list)

    @property
    def store(self) -> Store:
        return self.pipeline.store

    def reader(self, address: str = "ann@example.org", newsletter: str = "weekly") -> Subscriber:
        """
        Somebody on the list, put there if need be.
        """
        self.project.subscribe(address, newsletter=newsletter)
        return self.store.subscribers.find(address)[0]

    def path(self, purpose: Purpose, reader: Subscriber, newsletter: str = "weekly") -> str:
        token = sign_token(
            self.store.key(),
            purpose,
            subscriber_id=reader.id,
            newsletter_number=self.store.subscribers.number(newsletter),
        )
        return PATHS[purpose] + token

    def state(self, address: str = "ann@example.org", newsletter: str = "weekly") -> str:
        """
        How somebody stands on a list.
        """
        _, subscriptions = self.store.subscribers.find(address)
        return str(next(each.state for each in subscriptions if each.newsletter == newsletter))

    def stands(self, state: str, newsletter: str = "weekly") -> None:
        """
        Everybody on a list has come to stand so.
        """
        number = self.store.subscribers.number(newsletter)
        with self.store._database.writing() as connection:
            connection.exec_driver_sql(
                "UPDATE subscriptions SET state = ? WHERE newsletter = ?", (str(state), number)
            )

    @contextmanager
    def without(self, change: str, table: str) -> Iterator[None]:
        """
        Until the block ends the database refuses a change, such as an INSERT, of a table.
        """
        with self.store._database.writing() as connection:
            connection.exec_driver_sql(
                f"CREATE TRIGGER refused BEFORE {change} ON {table}"
                " BEGIN SELECT RAISE(ABORT, 'refused'); END"
            )
        yield
        with self.store._database.writing() as connection:
            connection.exec_driver_sql("DROP TRIGGER refused")

    def topics(self, address: str = "ann@example.org") -> tuple[str, ...] | None:
        _, subscriptions = self.store.subscribers.find(address)
        return subscriptions[0].topics

    def get(self, path: str, **headers: str) -> httpx2.Response:
        return self.client.get(path, headers=headers)

    def post(
        self, path: str, fields: dict[str, str | list[str]] | None = None, **headers: str
    ) -> httpx2.Response:
        return self.client.post(path, data=fields or {}, headers=headers)

    def sign_up(self, address: str, newsletter: str = "weekly") -> httpx2.Response:
        """
        As a person does it, who takes a while to type.
        """
        stamp = STAMP.findall(self.get(f"/s/{newsletter}").text)[0]
        self.clock.pass_(seconds=5)
        fields: dict[str, str | list[str]] = {"email": address, "stamp": stamp}
        return self.post(f"/s/{newsletter}", fields, **{"Sec-Fetch-Site": "same-origin"})

    def mails(self, wanted: int) -> list[EmailMessage]:
        """
        What was mailed to readers who asked for it, the oldest first, as soon as it is so many.
        """
        for _ in range(100):
            letters = sorted(self.project.letters, key=lambda path: path.stat().st_mtime_ns)
            if len(letters) >= wanted:
                break
            time.sleep(0.05)
        parsed = [message_from_bytes(each.read_bytes(), policy=policy.default) for each in letters]
        return [each for each in parsed if isinstance(each, EmailMessage)]

    def mailed_path(self, number: int) -> str:
        """
        The path of the only link in the mail of that number, from 1.
        """
        part = self.mails(number)[number - 1].get_body(("plain",))
        assert part is not None
        (link,) = LINK.findall(part.get_content())
        return "/" + str(link).split("/", 3)[3]


@contextmanager
def serving(project: Project) -> Iterator[Website]:
    """
    Serve until the block ends.
    """
    clock = Clock()
    random = Random(7)  # noqa: S311 - no secret
    settings = load_settings(project.config, {})
    pipeline = Pipeline(settings, clock=clock, random_bits=random.getrandbits)
    app = create_app(pipeline, random_bits=random.getrandbits)
    listening = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(
        uvicorn.Config(app, access_log=False, log_config=None, server_header=False)
    )
    thread = Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    url = f"http://127.0.0.1:{listening.getsockname()[1]}"
    heard = _Listener()
    logging.getLogger("digest.web").addHandler(heard)
    logging.getLogger("digest.web").setLevel(logging.INFO)
    try:
        with httpx2.Client(base_url=url, timeout=30, trust_env=False) as client:
            yield Website(url, project, pipeline, clock, client, heard.lines)
    finally:
        logging.getLogger("digest.web").removeHandler(heard)
        server.should_exit = True
        thread.join()
        listening.close()
        pipeline.close()


class _Listener(logging.Handler):
    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(record))
