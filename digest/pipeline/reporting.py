"""
After each issue: what became of it, for whoever answers for it. Never who its readers are.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr

from ..errors import DigestError
from ..model import Issue, Kind, Letter, Newsletter, Outcome, Problem, Tally
from . import Pipeline
from .delivery import Report
from .ways_out import open_signers

#: News that are told once, whoever has them.
ONCE = ("unsent", "done")
STATES = ("accepted", "refused", "deferred", "in_doubt", "suppressed", "waiting")
KINDS = {
    Kind.NONE: "no reason was given",
    Kind.ADDRESS: "no such mailbox or domain",
    Kind.FULL: "the mailbox is full",
    Kind.INACTIVE: "the mailbox takes nothing",
    Kind.GREYLISTED: "greylisted until the deadline",
    Kind.RATE: "too many, too fast",
    Kind.POLICY: "not wanted there (policy or spam)",
    Kind.SIZE: "too large",
    Kind.OURS: "our own fault: login, sender, signature or DNS",
    Kind.SYSTEM: "trouble at the mail server",
    Kind.UNABLE: "the mail server lacks what the address needs",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """
    What one run did for one issue, where that stands, and what somebody should know of it.
    """

    report: Report
    refused_by_kind: Mapping[str, int] = field(default_factory=dict)  #: of the whole issue
    shortened: tuple[Problem, ...] = ()
    pictures: tuple[Problem, ...] = ()  #: that readers see a placeholder for
    thin: str = ""  #: what was done about an issue with too few stories
    next_due: datetime | None = None

    @property
    def rate(self) -> float:
        """
        Letters a second.
        """
        return self.report.letters / self.report.seconds if self.report.seconds else 0.0

    @property
    def unsent(self) -> bool:
        """
        Whether there is no such issue, or it is too late for it.
        """
        return self.report.overdue or (self.report.tally is None and bool(self.report.note))

    @property
    def news(self) -> str:
        """
        What there is to tell of the issue; nothing, if it is on its way and this run did nothing.
        """
        tally = self.report.tally
        if self.unsent:
            return "unsent"
        if tally and not tally.waiting and not tally.deferred:
            return "done"
        return "on its way" if self.report.letters else ""

    @property
    def trouble(self) -> bool:
        """
        Whether somebody should have a look.
        """
        report = self.report
        troubled = report.refused or report.in_doubt or report.error or self.thin
        return self.unsent or bool(troubled or (report.tally and report.tally.in_doubt))


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """
    Why a report was not taken, and whether the next run may try again.
    """

    reason: str = ""  #: none: it was taken
    again: bool = False


def summarize(pipeline: Pipeline, newsletter: Newsletter, report: Report) -> Summary:
    """
    The report of a run, and what it saw on its way since the last summary.
    """
    issue, tally = report.issue, report.tally
    kinds: Mapping[str, int] = {}
    if report.letters and tally and tally.refused:
        kinds = pipeline.store.accounts.refused_by_kind(issue.id)
    schedule = newsletter.schedule
    return Summary(
        report=report,
        refused_by_kind=kinds,
        shortened=_taken(pipeline.shortened),
        pictures=_taken(pipeline.picture_problems),
        thin=_thin(pipeline, newsletter, issue) if report.made else "",
        next_due=schedule.due_after(max(issue.due_at, pipeline.clock())).at if schedule else None,
    )


def tell_owner(pipeline: Pipeline, newsletter: Newsletter, summary: Summary, *, number: int) -> str:
    """
    Mail it to whom the settings name, if there is something to tell; why that failed, if it did.

    Of a run that did nothing itself only once: that the issue is not sent, however often cron comes
    by, or that the workers are done with it. `number` is random.
    """
    settings, issue_id = pipeline.settings.report, summary.report.issue.id
    if settings.to is None or (settings.when == "trouble" and not summary.trouble):
        return ""
    if not summary.report.letters and not _is_new(pipeline, summary):
        return ""
    now = pipeline.clock()
    mail = compose_report(summary, newsletter, recipient=settings.to, number=number, now=now)
    fault = _post(pipeline, mail)
    trouble = f"could not be mailed: {fault.reason}" if fault.reason else ""
    if not fault.again and summary.news in ONCE:
        try:
            pipeline.store.told.keep(issue_id, summary.news)
        except DigestError as error:
            trouble = trouble or f"may be mailed again: {error}"
    return f"the report of {issue_id} {trouble}" if trouble else ""


def text_of(summary: Summary, title: str) -> str:
    """
    All of it, for people.
    """
    return "\n".join(_lines(summary, title)) + "\n"


def compose_report(
    summary: Summary, newsletter: Newsletter, *, recipient: str, number: int, now: datetime
) -> Letter:
    """
    The summary as a mail, in the newsletter's name. `number` makes its Message-ID.
    """
    name, sender = parseaddr(newsletter.sender)
    message = EmailMessage(policy=SMTP)
    message["From"] = Address(name, addr_spec=sender)
    message["To"] = Address(addr_spec=recipient)
    message["Subject"] = f"{summary.report.issue.id}: {headline(summary)}"
    message["Date"] = format_datetime(now)
    identity = f"<report.{number:016x}@{sender.rpartition('@')[2]}>"
    message["Message-ID"] = identity
    # RFC 3834, and the same for Exchange: no answers from holidays.
    message["Auto-Submitted"] = "auto-generated"
    message["X-Auto-Response-Suppress"] = "OOF, AutoReply"
    message.set_content(text_of(summary, newsletter.title), cte="quoted-printable")
    return Letter(
        id=identity, subscriber_id=0, sender=sender, recipient=recipient, data=message.as_bytes()
    )


def headline(summary: Summary) -> str:
    """
    The outcome in a few words.
    """
    report = summary.report
    if report.overdue:
        return "not sent, it is overdue"
    if summary.unsent:
        return "not sent"
    # Of what the workers did only the whole is known.
    done = report if report.letters or not report.tally else report.tally
    counts = [(name, getattr(done, name)) for name in STATES[:-1]]
    told = (f"{count} {_words(name)}" for name, count in counts if count or name == "accepted")
    return ", ".join(told)


def _lines(summary: Summary, title: str) -> Iterator[str]:
    report = summary.report
    yield f"{title}, {report.issue.id}"
    yield ""
    if report.letters:
        pace = f" ({summary.rate:.1f} letters a second)" if report.seconds else ""
        yield f"This run: {headline(summary)} in {report.seconds:.1f} s{pace}."
    if report.note:
        yield f"Not sent: {report.note}." if summary.unsent else f"{report.note}."
    if report.error:
        yield f"It ended early: {report.error}"
    if report.tally:
        yield _sum_of(report.tally)
        yield from _remedies(report.issue, report.tally)
    yield from _listed("Refused:", map(_kind, summary.refused_by_kind.items()))
    if summary.thin:
        yield from ("", f"A thin week: {summary.thin}.")
    yield from _listed("Shortened, so that mail programs show it whole:", _told(summary.shortened))
    yield from _listed("Pictures that readers see a placeholder for:", _told(summary.pictures))
    if summary.next_due:
        yield from ("", f"The next issue is due at {summary.next_due:%Y-%m-%d %H:%M} UTC.")


def _sum_of(tally: Tally) -> str:
    counts = " + ".join(f"{getattr(tally, name)} {_words(name)}" for name in STATES)
    noun = "letter" if tally.letters == 1 else "letters"
    return f"The issue: {tally.letters} {noun} = {counts}."


def _remedies(issue: Issue, tally: Tally) -> Iterator[str]:
    if tally.in_doubt:
        yield (
            f"Whether {tally.in_doubt} of them arrived nobody knows: settle them with"
            f" `digest resolve {issue.id} --log /var/log/mail.log`, `--resend` or `--drop`."
        )
    if tally.deferred or tally.waiting:
        yield "What is deferred or waits goes with the next run of `digest send`."


def _kind(kind: tuple[str, int]) -> str:
    return f"{kind[1]}: {KINDS[Kind(kind[0])]}"


def _listed(heading: str, lines: Iterator[str]) -> Iterator[str]:
    found = [f"  {each}" for each in lines]
    if found:
        yield from ("", heading, *found)


def _told(problems: tuple[Problem, ...]) -> Iterator[str]:
    for each in problems:
        place = each.file if each.line is None else f"{each.file}:{each.line}"
        yield f"{place}: {each.message}"


def _words(name: str) -> str:
    return name.replace("_", " ")


def _taken(problems: list[Problem]) -> tuple[Problem, ...]:
    """
    Each of them once; they are not told again.
    """
    found = tuple(dict.fromkeys(problems))
    problems.clear()
    return found


def _thin(pipeline: Pipeline, newsletter: Newsletter, issue: Issue) -> str:
    """
    What `thin_week` did to the edition of the newsletter's own topics.
    """
    least = newsletter.min_articles
    if not least:
        return ""
    edition = pipeline.select(newsletter, issue)
    few = f"fewer than {least} stories (min_articles)"
    if not edition.sections:
        return f"{few} on all its topics, only some readers' own topics had more"
    pinned = {pin.slug for pin in pipeline.selector(newsletter, issue).hand.pins}
    start = min(
        (each.published_at for each in edition.articles if each.slug not in pinned),
        default=issue.window.start,
    )
    if start < issue.window.start:
        return f"{few}, so the window was widened, back to {start:%Y-%m-%d %H:%M} UTC"
    if edition.size < least and newsletter.thin_week == "merge":
        return f"{few}, so its sections were merged"
    return ""


def _is_new(pipeline: Pipeline, summary: Summary) -> bool:
    """
    Whether nobody was told yet what a run found that had nothing to do.
    """
    by_workers = summary.news == "done" and not pipeline.store.exclusive
    knows = pipeline.store.told.knows
    return (summary.unsent or by_workers) and not knows(summary.report.issue.id, summary.news)


def _post(pipeline: Pipeline, mail: Letter) -> Fault:
    """
    Nothing that goes wrong with a report is worth ending a run for.
    """
    try:
        for signer in open_signers(pipeline.settings):
            mail = signer.sign(mail, at=pipeline.clock())
        for receipt in pipeline.transport.deliver([mail], lambda _: True):
            if receipt.outcome is Outcome.ACCEPTED:
                return Fault()
            refused = receipt.outcome is Outcome.REFUSED
            reason = f"it was {_words(receipt.outcome)} ({receipt.code})"
            return Fault(reason=reason, again=not refused)
    except DigestError as error:
        return Fault(reason=str(error), again=True)
    return Fault(reason="the mail server took nothing more", again=True)
