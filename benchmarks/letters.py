"""
Letters per second: composing alone, and whole runs of `digest send`, to a server and to files.

The server records letters in this very process, so it takes its share of the machine; what
smtplib alone gets through it, by one connection and without a ledger, is the yardstick.
"""

import os
import shutil
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from digest.composer import Composer
from digest.model import Entry, Letter, Subscriber
from digest.pipeline import Moment, Pipeline, Printed
from digest.settings import load_settings
from digest.store import open_store
from digest.tokens import PREVIEW_KEY
from tests.smtpd import Recorder, smtp_server

from .measure import Run, print_rates, process, seconds_of
from .sites import AT, articles, make_site

LETTERS = 2_000
ROUNDS = 3
SERVER = """
[smtp]
host = "127.0.0.1"
port = {port}
security = "none"
"""

HAND_OVER = """
import smtplib, sys
from pathlib import Path
with smtplib.SMTP("127.0.0.1", int(sys.argv[1])) as line:
    for path in Path(sys.argv[2]).iterdir():
        line.sendmail("weekly@example.org", path.name, path.read_bytes())
"""


def main() -> None:
    with TemporaryDirectory() as folder, smtp_server() as recorder:
        content = articles(Path(folder), sys.argv[1] if sys.argv[1:] else None)
        config = make_site(Path(folder), content)
        letters = compare_composing(config)
        compare_sending(Path(folder), content, recorder, letters)


def compare_composing(config: Path) -> list[Letter]:
    """
    Against Python's own `EmailMessage`, made anew for each reader.
    """
    pipeline = Pipeline(load_settings(config, {}), clock=_now, random_bits=_random_bits())
    newsletter = pipeline.settings.newsletter("weekly")
    issue = pipeline.issue(newsletter, Moment(at=AT))
    (printed,), _ = pipeline.print_editions(newsletter, issue, ())
    composer = Composer(printed.page, issue, key=PREVIEW_KEY, newsletter_number=1)
    readers = [Subscriber(id=place + 1, address=_address(place)) for place in range(LETTERS)]
    few = readers[: LETTERS // 20]
    seconds = seconds_of(
        {"EmailMessage": lambda: [_message(printed, each) for each in few]}, ROUNDS
    )
    seconds = {name: each * 20 for name, each in seconds.items()}
    seconds |= seconds_of(
        {"composer": lambda: [composer.compose(each) for each in readers]}, ROUNDS
    )
    print_rates(f"composing, {len(printed.page.html):,} characters", seconds, LETTERS)
    return [composer.compose(each) for each in readers]


def compare_sending(folder: Path, content: Path, recorder: Recorder, letters: list[Letter]) -> None:
    """
    Whole processes, from start to exit, on a fresh store each time.
    """
    subscribe(folder)
    outbox = make_site(folder, content)
    served = folder / "served.toml"
    served.write_text(outbox.read_text() + SERVER.format(port=recorder.port))
    smtplib = (sys.executable, "-c", HAND_OVER, str(recorder.port), str(_files(folder, letters)))
    runs = {
        "smtplib alone": _all_of(recorder, process(*smtplib)),
        "digest send, SMTP": _all_of(recorder, _fresh(folder, served)),
        "digest send, outbox": _fresh(folder, outbox),
    }
    seconds = seconds_of(runs, ROUNDS)
    print_rates(f"{LETTERS:,} letters", seconds, LETTERS)


def subscribe(folder: Path) -> None:
    """
    A store with all readers in it, to be copied for each run.
    """
    store = open_store(f"sqlite:///{folder}/full.db", clock=_now, random_bits=_random_bits())
    entries = [Entry(address=_address(place)) for place in range(LETTERS)]
    store.subscribers.merge("weekly", entries)
    store.close()


def _fresh(folder: Path, config: Path) -> Run:
    send = process(
        *(sys.executable, "-m", "digest", "--config", str(config)),
        *("send", "--at", AT.isoformat()),
    )

    def run() -> None:
        for path in folder.glob("digest.db*"):
            (shutil.rmtree if path.is_dir() else os.unlink)(path)
        (folder / "digest.db").write_bytes((folder / "full.db").read_bytes())
        send()

    return run


def _files(folder: Path, letters: list[Letter]) -> Path:
    """
    One letter per file, named after its recipient.
    """
    files = folder / "letters"
    files.mkdir()
    for letter in letters:
        (files / letter.recipient).write_bytes(letter.data)
    return files


def _all_of(recorder: Recorder, run: Run) -> Run:
    """
    A run after which the server must have every letter once.
    """

    def checked() -> None:
        recorder.messages.clear()
        run()
        arrived = recorder.recipients
        if len(arrived) != LETTERS or len(set(arrived)) != LETTERS:
            sys.exit(f"{len(arrived)} letters arrived, needed are {LETTERS}")

    return checked


def _message(printed: Printed, reader: Subscriber) -> bytes:
    message = EmailMessage()
    message["From"], message["To"] = "The Weekly <weekly@example.org>", reader.address
    message["Subject"] = printed.page.subject
    message.set_content(printed.page.text, cte="quoted-printable")
    message.add_alternative(printed.page.html, subtype="html", cte="quoted-printable")
    return message.as_bytes()


def _address(place: int) -> str:
    return f"reader{place}@example.org"


def _now() -> datetime:
    return datetime.now(UTC)


def _random_bits() -> Callable[[int], int]:
    return Random(1).getrandbits  # noqa: S311 - no secret


if __name__ == "__main__":
    main()
