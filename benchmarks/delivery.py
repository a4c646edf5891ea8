"""
Letters per second over SMTP: with the ledger and without, signed, and over a long way.

On loopback Postfix's smtp-sink takes the letters, over 10 connections; beside it nodemailer's
pool, smtplib in threads, and smtp-source, which makes nothing and only sends. Over a delay of 20
and 50 ms per round trip a sink and a delay line of our own.
"""

import gc
import json
import os
import smtplib
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from socket import create_connection, create_server
from tempfile import TemporaryDirectory
from threading import Thread

from digest.__main__ import GARBAGE
from digest.composer import Composer
from digest.model import Edition, Entry, Issue, Letter, Outcome, Page, Section, Subscriber, Window
from digest.pipeline import Pipeline
from digest.sender import Allowance
from digest.settings import load_settings
from digest.signer import Signer
from digest.tokens import PREVIEW_KEY, marks_for
from digest.transports.smtp import Server, SmtpTransport

from .line import delay_line, sink
from .measure import Run, pairs_of, print_pairs, print_rates, seconds_of
from .sites import CONFIG

LETTERS = int(os.environ.get("LETTERS", "2000"))
#: A run with a ledger begins and ends with work of its own.
KEPT_LETTERS = 5 * LETTERS
FAR_LETTERS = 1_000
CONNECTIONS = 10
ROUNDS = 3
#: What is nearly equal is compared more often.
KEPT_ROUNDS = 20
SMTP_SINK, SMTP_SOURCE = "/usr/sbin/smtp-sink", "/usr/sbin/smtp-source"
NODEMAILER = """
const nodemailer = require("nodemailer"), fs = require("fs");
const [port, number, file, key] = process.argv.slice(2);
const page = JSON.parse(fs.readFileSync(file));
const pool = nodemailer.createTransport({
  host: "127.0.0.1", port: +port, secure: false, ignoreTLS: true,
  pool: true, maxConnections: 10, maxMessages: Infinity,
  ...(key ? {dkim: {
    domainName: "example.org", keySelector: "news", privateKey: fs.readFileSync(key, "utf8"),
  }} : {}),
});
const sent = [];
for (let i = 0; i < +number; i++) {
  const token = ("0".repeat(32) + i).slice(-32);
  sent.push(pool.sendMail({
    from: "The Weekly <weekly@example.org>", to: `reader${i}@example.org`, subject: page.subject,
    text: page.text.replaceAll(page.mark, token), html: page.html.replaceAll(page.mark, token),
    list: {unsubscribe: `https://digests.example.org/u/${token}`},
  }));
}
Promise.all(sent).then(() => pool.close(), (error) => { console.error(error); process.exit(1); });
"""
LINE = "<p style='margin:0;padding:0 24px'>A line of a story, told at the usual length.</p>\n"
AT = datetime(2026, 11, 23, 6, tzinfo=UTC)
ISSUE = Issue(
    id="weekly/2026-11-23",
    newsletter="weekly",
    title="The Weekly",
    sender="The Weekly <weekly@example.org>",
    site_url="https://digests.example.org",
    due_at=AT,
    window=Window(start=AT, end=AT),
    made_at=AT,
)


def main() -> None:
    gc.set_threshold(GARBAGE)  # As every command does.
    with TemporaryDirectory() as name:
        folder = Path(name)
        key = _key(folder)
        near(folder, None)
        near(folder, key)
        ledger(folder)
        for milliseconds in (20, 50):
            far(milliseconds)


def near(folder: Path, key: Path | None) -> None:
    """
    On loopback, where the sink is the limit.
    """
    with smtp_sink() as port:
        letters = _maker(key)
        runs: dict[str, Run] = {
            "nodemailer": _nodemailer(folder, port, key),
            "smtplib": lambda: _by_threads(lambda part: _smtplib(port, part), letters, LETTERS),
            "digest": lambda: _deliver(_transport(port), letters, LETTERS),
        }
        if key is None:
            runs["smtp-source"] = lambda: _smtp_source(port)
        title = "signed with RSA-2048" if key else "loopback"
        print_rates(title, seconds_of(runs, ROUNDS), LETTERS)


def far(milliseconds: int) -> None:
    """
    Over a line where every round trip takes so long.
    """
    letters = _maker(None)
    with sink() as there, delay_line(there, milliseconds / 2_000) as port:
        runs: dict[str, Run] = {
            "smtplib": lambda: _by_threads(lambda part: _smtplib(port, part), letters, FAR_LETTERS),
            **{
                f"digest, in_flight = {number}": lambda number=number: _deliver(  # type: ignore[misc]
                    _transport(port, in_flight=number),
                    letters,
                    FAR_LETTERS,
                )
                for number in (1, 4)
            },
        }
        print_rates(f"{milliseconds} ms", seconds_of(runs, 1), FAR_LETTERS)


def ledger(folder: Path) -> None:
    """
    What durable bookkeeping costs: the same letters with it and without.
    """
    with smtp_sink() as port:
        config = folder / "digest.toml"
        smtp = f'[smtp]\nhost = "127.0.0.1"\nport = {port}\nsecurity = "none"\nconnections = 10\n'
        (folder / "content").mkdir()
        config.write_text(CONFIG.format(content=folder / "content", more="") + smtp)

        def without() -> None:
            _deliver(_transport(port), _maker(None), KEPT_LETTERS)

        def kept(pipeline: Pipeline, issue: Issue) -> None:
            receipts = pipeline.sending(issue, Allowance()).receipts_iter()
            _check(sum(each.outcome is Outcome.ACCEPTED for each in receipts), KEPT_LETTERS)
            pipeline.close()

        def runs(number: int) -> dict[str, Run]:
            pipeline, issue = _frozen(folder, config, number)
            return {"without": without, "with the ledger": lambda: kept(pipeline, issue)}

        print_pairs("ledger", pairs_of(runs, KEPT_ROUNDS), KEPT_LETTERS)


@contextmanager
def smtp_sink() -> Iterator[int]:
    with create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
    with subprocess.Popen([SMTP_SINK, "-u", "nobody", f"127.0.0.1:{port}", "1000"]) as process:
        _wait_for(port)
        try:
            yield port
        finally:
            process.terminate()


def _wait_for(port: int) -> None:
    for _ in range(200):
        try:
            create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return


def _maker(key: Path | None) -> Callable[[int], Letter]:
    """
    What makes a reader's letter, signed if there is a key.
    """
    composer = Composer(_page(), ISSUE, key=PREVIEW_KEY, newsletter_number=1)
    if key is None:
        return lambda number: composer.compose(_reader(number))
    signer = Signer(domain="example.org", selector="news", private_key=key.read_bytes())
    return lambda number: signer.sign(composer.compose(_reader(number)), at=AT)


def _page() -> Page:
    marks = marks_for(PREVIEW_KEY, ISSUE.id)
    link = f"{ISSUE.site_url}/u/{marks['unsubscribe']}"
    text = "A line of a story, told at the usual length.\n" * 60
    html = f"<!DOCTYPE html><html><body>{LINE * 430}<a href='{link}'>Leave</a></body></html>"
    return Page(subject="A week of stories", html=html, text=f"{text}{link}\n", marks=marks)


def _reader(number: int) -> Subscriber:
    return Subscriber(id=number + 1, address=f"reader{number}@example.org")


def _frozen(folder: Path, config: Path, number: int) -> tuple[Pipeline, Issue]:
    """
    An issue for all readers in a store of its own.
    """
    store = folder / f"store{number}.toml"
    store.write_text(config.read_text() + f'[store]\nurl = "sqlite:///{number}.db"\n')
    pipeline = Pipeline(
        load_settings(store, {}),
        clock=lambda: datetime.now(UTC),
        random_bits=Random(number).getrandbits,  # noqa: S311 - no secret
    )
    entries = [Entry(address=_reader(each).address) for each in range(KEPT_LETTERS)]
    pipeline.store.subscribers.merge("weekly", entries)
    readers = sorted(each.id for each in pipeline.store.subscribers.active_iter("weekly"))
    edition = Edition(topics=("AI",), sections=(Section(topic="AI", articles=()),))
    pipeline.store.issues.freeze(ISSUE, [(edition, _page())], [(each, 0) for each in readers])
    return pipeline, ISSUE


def _deliver(transport: SmtpTransport, letter: Callable[[int], Letter], number: int) -> None:
    accepted: list[int] = []

    def part(numbers: range) -> None:
        receipts = transport.deliver(map(letter, numbers), lambda _: True)
        accepted.append(sum(each.outcome is Outcome.ACCEPTED for each in receipts))

    _threads(part, number)
    _check(sum(accepted), number)


def _by_threads(
    send: Callable[[Iterator[Letter]], None], letter: Callable[[int], Letter], number: int
) -> None:
    _threads(lambda numbers: send(map(letter, numbers)), number)


def _threads(part: Callable[[range], None], number: int) -> None:
    threads = [
        Thread(target=part, args=(range(first, number, CONNECTIONS),))
        for first in range(CONNECTIONS)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _smtplib(port: int, letters: Iterator[Letter]) -> None:
    with smtplib.SMTP("127.0.0.1", port) as line:
        for letter in letters:
            line.sendmail(letter.sender, letter.recipient, letter.data)


def _smtp_source(port: int) -> None:
    size = len(_maker(None)(1).data)
    command = [SMTP_SOURCE, "-s", str(CONNECTIONS), "-m", str(LETTERS), "-l", str(size)]
    subprocess.run([*command, f"127.0.0.1:{port}"], check=True, capture_output=True)


def _nodemailer(folder: Path, port: int, key: Path | None) -> Run:
    home = folder / "node"
    if not home.exists():
        home.mkdir()
        command = ["npm", "install", "--silent", "--no-audit", "--no-fund", "nodemailer"]
        subprocess.run(command, cwd=home, check=True, capture_output=True)
        page = _page()
        shown = {"subject": page.subject, "html": page.html, "text": page.text}
        (home / "page.json").write_text(json.dumps(shown | {"mark": page.marks["unsubscribe"]}))
        (home / "send.js").write_text(NODEMAILER)
    arguments = [str(port), str(LETTERS), "page.json", *([str(key)] if key else [])]

    def run() -> None:
        done = subprocess.run(
            ["node", "send.js", *arguments], cwd=home, capture_output=True, check=False
        )
        if done.returncode:
            sys.exit(done.stderr.decode())

    return run


def _transport(port: int, *, in_flight: int = 1) -> SmtpTransport:
    server = Server(host="127.0.0.1", port=port, security="none")
    return SmtpTransport(server, connections=CONNECTIONS, in_flight=in_flight)


def _key(folder: Path) -> Path:
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    pem = rsa.generate_private_key(public_exponent=65537, key_size=2048).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    (folder / "key.pem").write_bytes(pem)
    return folder / "key.pem"


def _check(arrived: int, wanted: int) -> None:
    if arrived != wanted:
        sys.exit(f"{arrived} letters were accepted, needed are {wanted}")


if __name__ == "__main__":
    main()
