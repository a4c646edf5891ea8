"""
A real SMTP server on a free port of loopback that records what it accepts and answers as told.
"""

import asyncio
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Thread
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

#: What a hook may answer instead of None (go on): a reply, or CLOSE to drop the line.
CLOSE = "close"
Hook = Callable[[str], str | None]


@dataclass
class Recorder:
    """
    The accepted messages as (sender, recipient, content), in order of acceptance.

    `on_mail`, `on_rcpt` and `on_data` see the address; what they return is answered. `CLOSE`
    from `on_data` drops the line after the last byte, before the reply.
    """

    messages: list[tuple[str, str, bytes]] = field(default_factory=list)
    on_mail: Hook = lambda _: None
    on_rcpt: Hook = lambda _: None
    on_data: Hook = lambda _: None
    port: int = 0
    connections: int = 0

    @property
    def recipients(self) -> list[str]:
        return [recipient for _, recipient, _ in self.messages]

    async def handle_EHLO(  # noqa: N802 - the name is aiosmtpd's
        self,
        server: SMTP,
        session: Session,
        envelope: Envelope,
        hostname: str,
        responses: list[str],
    ) -> list[str]:
        self.connections += 1
        session.host_name = hostname
        return responses

    async def handle_MAIL(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        answer = self.on_mail(address)
        if answer is not None:
            return await _answer(server, answer)
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 OK"

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        answer = self.on_rcpt(address)
        if answer is not None:
            return await _answer(server, answer)
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        recipient = envelope.rcpt_tos[0]
        answer = self.on_data(recipient)
        if answer is not None and answer != CLOSE:
            return answer
        content = envelope.original_content or b""
        self.messages.append((envelope.mail_from or "", recipient, content))
        return await _answer(server, answer) if answer else "250 OK"


async def _answer(server: SMTP, answer: str) -> str:
    if answer != CLOSE:
        return answer
    transport: Any = server.transport
    transport.abort()
    await asyncio.sleep(3600)
    return ""


@contextmanager
def smtp_server(
    recorder: Recorder | None = None,
    *,
    tls: ssl.SSLContext | None = None,
    implicit_tls: bool = False,
    login: tuple[str, str] | None = None,
) -> Iterator[Recorder]:
    """
    Serve until the block ends; the port is in the recorder.
    """
    recorder = recorder or Recorder()

    def authenticate(
        server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any
    ) -> AuthResult:
        given = (
            (data.login.decode(), data.password.decode())
            if isinstance(data, LoginPassword)
            else None
        )
        return AuthResult(success=given == login, handled=False)

    def factory() -> SMTP:
        return SMTP(
            recorder,
            hostname="mx.example.org",
            tls_context=None if implicit_tls else tls,
            require_starttls=bool(tls) and not implicit_tls,
            authenticator=authenticate if login else None,
            auth_required=bool(login),
            auth_require_tls=bool(tls) and not implicit_tls,
        )

    loop = asyncio.new_event_loop()
    server = loop.run_until_complete(
        loop.create_server(factory, "127.0.0.1", 0, ssl=tls if implicit_tls else None)
    )
    recorder.port = server.sockets[0].getsockname()[1]
    thread = Thread(target=loop.run_forever)
    thread.start()
    try:
        yield recorder
    finally:
        asyncio.run_coroutine_threadsafe(_shut_down(server), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def _shut_down(server: asyncio.Server) -> None:
    server.close()
    tasks = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
