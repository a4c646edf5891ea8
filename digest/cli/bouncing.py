"""
Mails that come back: `bounces`.
"""

import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..errors import DigestError
from ..text import mask_address
from .shared import RUN_AGAIN, AsJson, counted, opened, print_json, print_table, say

if TYPE_CHECKING:
    from ..mailboxes import Mailbox
    from ..pipeline import Pipeline
    from ..pipeline.feedback import Heard

#: Mails named as set aside; the others are counted.
MAX_NAMED = 20


def bounces(
    context: typer.Context,
    source: Annotated[
        str | None, typer.Argument(metavar="-", help="One mail on standard input.")
    ] = None,
    *,
    maildir: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Read a maildir folder.")
    ] = None,
    mbox: Annotated[Path | None, typer.Option(metavar="FILE", help="Read an mbox file.")] = None,
    imap: Annotated[
        bool, typer.Option("--imap", help="Read the mailbox that [bounces.imap] names.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """
    Read bounces, complaints and wishes to leave, and heed them. Safe to run again.

    A mailbox is only read; mails that are about our letters are flagged or moved if [bounces]
    says so. Without a source only what mail servers refused while letters were sent is counted.
    """
    from ..pipeline.feedback import Hearing

    if source not in {None, "-"} or sum(map(bool, (source, maildir, mbox, imap))) > 1:
        raise typer.BadParameter("name one of --maildir DIR, --mbox FILE, --imap and -")
    with _kept_by_the_mail_server(source), opened(context) as pipeline:
        told = _Told()
        hearing = Hearing(pipeline)
        for heard in hearing.recent_refusals_iter():
            told.refused(heard)
        if box := _mailbox(pipeline, source, maildir, mbox, imap=imap):
            _read(box, hearing, told)
    if as_json:
        print_json(told.document)
    else:
        told.show()


@contextmanager
def _kept_by_the_mail_server(source: str | None) -> Iterator[None]:
    """
    Whoever hands a mail over keeps it at this status alone, and comes again.
    """
    try:
        yield
    except DigestError as error:
        if source:
            error.exit_status = RUN_AGAIN
        raise


class _Told:
    """
    What is said at the end. Addresses only masked.
    """

    def __init__(self) -> None:
        self.verdicts: Counter[str] = Counter()
        self.counts = {"read": 0, "again": 0, "unidentified": 0, "unproven": 0, "refused": 0}
        self.changes: list[dict[str, Any]] = []
        self.set_aside: list[str] = []

    def mail(self, name: str, heard: "Heard") -> None:
        self.counts["read"] += 1
        self.verdicts[heard.kind] += 1
        if heard.kind == "unreadable":
            self.set_aside.append(name)
        if heard.is_telling and heard.found is None:
            self.counts["unidentified"] += 1
        self._note(heard)

    def refused(self, heard: "Heard") -> None:
        if heard.new:
            self.counts["refused"] += 1
            self._note(heard)

    def _note(self, heard: "Heard") -> None:
        if heard.found is None:
            return
        self.counts["again"] += not heard.new
        self.counts["unproven"] += not heard.found.proven
        masked = mask_address(heard.found.address)
        self.changes += [
            {
                "newsletter": newsletter,
                "subscriber": masked,
                "state": state.value,
                "kind": heard.kind.value,
                "status": heard.status,
                "issue": heard.found.issue_id,
            }
            for newsletter, state in heard.changes
        ]

    @property
    def document(self) -> dict[str, Any]:
        return {
            **self.counts,
            "verdicts": dict(sorted(self.verdicts.items())),
            "changes": self.changes,
            "set_aside": self.set_aside,
        }

    def show(self) -> None:
        for name in self.set_aside[:MAX_NAMED]:
            say(f"{name}: a report that cannot be read, set aside")
        if self.changes:
            columns = ("newsletter", "subscriber", "state", "kind", "status", "issue")
            rows = [[each[column] for column in columns] for each in self.changes]
            print_table(counted(len(rows), "change"), columns, rows)
        kinds = ", ".join(
            f"{number} {kind.replace('_', ' ')}" for kind, number in sorted(self.verdicts.items())
        )
        say(f"{counted(self.counts['read'], 'mail')} read" + (f": {kinds}" if kinds else ""))
        notes = {
            "refused": "refused while letters were sent",
            "again": "counted before",
            "unidentified": "about nobody here",
            "unproven": "without proof, so that nothing follows",
        }
        for name, note in notes.items():
            if self.counts[name]:
                say(f"{self.counts[name]} {note}")


def _read(box: "Mailbox", hearing: Any, told: _Told) -> None:
    ours = []
    for mail in box.mails_iter():
        heard = hearing.hear(mail.data)
        told.mail(mail.name, heard)
        if heard.found is not None:
            ours.append(mail.name)
    box.settle(ours)


def _mailbox(
    pipeline: "Pipeline",
    source: str | None,
    maildir: Path | None,
    mbox: Path | None,
    *,
    imap: bool,
) -> "Mailbox | None":
    from ..mailboxes import MaildirFolder, MboxFile, Pipe

    settings = pipeline.settings.bounces
    if maildir:
        return MaildirFolder(maildir, after=settings.after, done=settings.done)
    if mbox:
        return MboxFile(mbox)
    if source:
        return Pipe(sys.stdin.buffer)
    if imap:
        from ..pipeline.ways_out import open_mailbox

        return open_mailbox(pipeline.settings, pipeline.clock())
    return None
