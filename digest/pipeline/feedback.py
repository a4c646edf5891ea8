"""
What comes back: mails become verdicts, verdicts become changes of subscriptions.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial

from ..bouncer import Bouncer
from ..bouncer.deciding import decide
from ..bouncer.status import judge_reply
from ..model import Cause, Meaning, Standing, State, Verdict
from ..store.feedback import Report
from ..store.findings import Found, Refusal
from . import Pipeline
from .rhythms import families_of

#: Kinds that are about a reader; the others change nothing and need nobody.
TELLING = (Meaning.HARD, Meaning.SOFT, Meaning.POLICY, Meaning.COMPLAINT, Meaning.LEAVE)
#: Reports say what date they like; one that cannot be is now.
MAX_SKEW = timedelta(hours=1)
MAX_AGE = timedelta(days=365)
REASONS = {
    Meaning.HARD: "no such mailbox",
    Meaning.SOFT: "could not be delivered too often",
    Meaning.COMPLAINT: "called a letter spam",
    Meaning.LEAVE: "by a mail from their mail program",
}
SOURCES = {Meaning.COMPLAINT: "complaint", Meaning.LEAVE: "mail"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """
    What became of one report.
    """

    kind: Meaning
    status: str = ""
    found: Found | None = None  #: None: it is about nobody here, or about nobody at all
    new: bool = True  #: not counted before
    changes: tuple[tuple[str, State], ...] = field(default=())  #: (newsletter, what it is now)

    @property
    def is_telling(self) -> bool:
        """
        Whether it is about a reader, here or elsewhere.
        """
        return self.kind in TELLING


class Hearing:
    """
    Hears of mails one by one. Safe to hear of the same one again.
    """

    def __init__(self, pipeline: Pipeline) -> None:
        self._store, self._clock = pipeline.store, pipeline.clock
        self._within = max(each.bounces.within for each in pipeline.settings.newsletters.values())
        self._keys = pipeline.store.keys.believed()
        self._policies = {
            name: each.bounces for name, each in pipeline.settings.newsletters.items()
        }
        self._families = families_of(pipeline.settings.newsletters)
        self._bouncer = Bouncer(self._keys)

    def hear(self, data: bytes) -> Heard:
        """
        Judge one mail, and do what follows.
        """
        verdict = self._bouncer.judge(data)
        if verdict.kind not in TELLING:
            return Heard(kind=verdict.kind, status=verdict.status)
        found = self._store.feedback.find(
            verdict.reader, verdict.letter_ids, verdict.recipient, self._keys
        )
        if found is None:
            return Heard(kind=verdict.kind, status=verdict.status)
        return self._take(verdict, found, SOURCES.get(verdict.kind, "bounce"))

    def refusals_iter(self, issue_id: str) -> Iterator[Heard]:
        """
        The same for what the mail server refused while an issue was sent.
        """
        for refusal in self._store.feedback.refused(issue_id):
            yield self._take(_verdict_of(refusal), refusal.found, "server")

    def recent_refusals_iter(self) -> Iterator[Heard]:
        """
        The same for every issue whose refusals may still count.
        """
        for issue in self._store.issues.all():
            if issue.made_at >= self._clock() - self._within:
                yield from self.refusals_iter(issue.id)

    def _take(self, verdict: Verdict, found: Found, by: str) -> Heard:
        now = self._clock()
        said = verdict.at or now
        at = said if now - MAX_AGE <= said <= now + MAX_SKEW else now
        report = Report(
            hash=verdict.hash, found=found, kind=verdict.kind, status=verdict.status, at=at
        )
        evidence = {
            "kind": verdict.kind.value,
            "status": verdict.status,
            "letter": found.issue_id or "",
            "message_id": verdict.report_id,
            "date": f"{at:%Y-%m-%dT%H:%M:%SZ}",
        }
        cause = Cause(
            by=by,
            reason=REASONS.get(verdict.kind, ""),
            evidence={name: value for name, value in evidence.items() if value},
        )
        ended = partial(self._decide, verdict.kind, found)
        changes = self._store.feedback.take(report, cause, ended)
        return Heard(
            kind=verdict.kind,
            status=verdict.status,
            found=found,
            new=changes is not None,
            changes=changes or (),
        )

    def _decide(
        self, kind: Meaning, found: Found, standings: Sequence[Standing]
    ) -> dict[int, State]:
        """
        What is said of a letter is said of its newsletter, at whichever rhythm it comes by now.
        """
        families = (each for each in self._families if found.newsletter_id in each)
        same = next(families, ())
        numbers = [each.newsletter for each in standings if each.newsletter_id in same]
        ended: dict[int, State] = {}
        for number in (found.newsletter, *numbers):
            ended |= decide(kind, number, standings, self._policies, self._clock())
        return ended


def heed_refusals(pipeline: Pipeline, issue_id: str) -> None:
    """
    Count what was refused for good, so that the next issue does not try again.
    """
    for _ in Hearing(pipeline).refusals_iter(issue_id):
        pass


def _verdict_of(refusal: Refusal) -> Verdict:
    kind, status = judge_reply(refusal.code, refusal.reply)
    return Verdict(kind=kind, hash=refusal.hash, status=status, at=refusal.at)
