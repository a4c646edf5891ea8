"""
Where the links of the issues at hand lead, by asking whoever answers there.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from ..errors import DigestError, FetchError, HostAway
from ..fetching import Fetched, FetchLimits, Request
from ..inspector import Link, links_in
from ..inspector.findings import address_of, quoted
from ..model import Newsletter, Problem
from ..tokens import PREVIEW_KEY, marks_for
from . import Moment, Pipeline
from .gathering import agent_of
from .inspection import place_of

#: For all links of a check, each way of asking; and for one of them.
RUN_SECONDS = 45.0
SECONDS = 10.0
GONE = {404, 410}
BROKEN = 400
AT_FAULT = 500

Answer = Fetched | FetchError
REMEDY = "correct it, or leave the story out"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """
    Where a link was found first.
    """

    newsletter: str
    text: str
    file: str
    line: int | None


def link_places(pipeline: Pipeline, moment: Moment) -> dict[str, Place]:
    """
    The links of the issues at hand that lead to other people's servers.
    """
    places: dict[str, Place] = {}
    for newsletter in pipeline.settings.newsletters.values():
        try:
            for link, file, line in _links_of(pipeline, newsletter, moment):
                place = Place(newsletter=newsletter.id, text=link.text, file=file, line=line)
                places.setdefault(link.url, place)
        except DigestError:
            continue  # There is no such page; why not is told without being online.
    return places


def ask(pipeline: Pipeline, urls: Sequence[str], *, hopeless: bool = False) -> dict[str, Answer]:
    """
    What is answered there, without what there was no time for: little if it is `hopeless`.

    Some servers know no HEAD, or answer it wrongly: whoever does not like it is asked by GET.
    """
    # Enough for whoever is there, and for two rounds of hosts that are not.
    seconds = 2 * pipeline.settings.images.fetching.connect_seconds if hopeless else RUN_SECONDS
    heads = [Request(url=url, method="HEAD", body=False) for url in urls]
    answers = _ask(pipeline, heads, seconds)
    unsure = [url for url, answer in answers.items() if _is_unsure(answer)]
    return answers | _ask(pipeline, [Request(url=url, body=False) for url in unsure], seconds)


def ask_once(pipeline: Pipeline, request: Request) -> Answer:
    """
    What is answered to one request, in time.
    """
    return _ask(pipeline, [request]).get(request.url) or FetchError("took too long")


def link_problems(
    places: Mapping[str, Place], answers: Mapping[str, Answer], *, settings_file: str
) -> Iterator[Problem]:
    """
    Links that are dead are errors; what may be better tomorrow is a warning.
    """
    for url, answer in answers.items():
        place = places[url]
        fault = _fault_of(answer)
        if fault:
            level, reason = fault
            message = (
                f"newsletters.{place.newsletter}: the link {quoted(place.text or url)}"
                f" to {quoted(url)} {reason}"
            )
            yield Problem(file=place.file, line=place.line, level=level, message=message)
    late = len(places) - len(answers)
    if late:
        message = (
            f"of {len(places):,} links {late:,} could not be asked about in time:"
            " run `digest check --online` again"
        )
        yield Problem(file=settings_file, level="warning", message=message)


def nobody_answered(answers: Iterable[Answer]) -> bool:
    """
    Whether every host was away: then it is our own network.
    """
    asked = [each for each in answers if isinstance(each, Fetched) or not each.refused]
    return bool(asked) and all(isinstance(each, HostAway) for each in asked)


def _limits(pipeline: Pipeline, seconds: float) -> FetchLimits:
    """
    Those of pictures, but no more than somebody waits for who watches.
    """
    limits = pipeline.settings.images.fetching
    return replace(
        limits,
        seconds=min(limits.seconds, SECONDS),
        run_seconds=min(limits.run_seconds, seconds),
    )


def _fault_of(answer: Answer) -> tuple[str, str] | None:
    if isinstance(answer, Fetched):
        if answer.status in GONE:
            return "error", f"is dead (HTTP {answer.status}): {REMEDY}"
        if answer.status >= AT_FAULT:
            return "warning", f"does not work just now (HTTP {answer.status}): look again later"
        return None  # Others turn away whoever is no browser, and that says nothing.
    if answer.gone:
        return "error", f"is dead ({answer}): {REMEDY}"
    if answer.refused:
        return "warning", f"was not followed: {answer}"
    return "warning", f"does not work just now ({answer}): look again later"


def _is_unsure(answer: Answer) -> bool:
    if isinstance(answer, Fetched):
        return answer.status >= BROKEN
    return not (answer.gone or answer.refused or isinstance(answer, HostAway))


def _ask(
    pipeline: Pipeline, requests: Sequence[Request], seconds: float = RUN_SECONDS
) -> dict[str, Answer]:
    from ..fetching.many import fetch_many

    answers: dict[str, Answer] = {}

    def hear(request: Request, answer: Answer) -> None:
        answers[request.url] = answer

    if requests:
        fetch_many(
            requests,
            guard=pipeline.settings.images.guard,
            limits=_limits(pipeline, seconds),
            agent=agent_of(pipeline.settings),
            heard=hear,
        )
    return answers


def _links_of(
    pipeline: Pipeline, newsletter: Newsletter, moment: Moment
) -> Iterator[tuple[Link, str, int | None]]:
    """
    The links of the newsletter's own edition, with the file and line that they come from.
    """
    issue = pipeline.issue(newsletter, moment)
    edition = pipeline.selector(newsletter, issue).select(newsletter.topics)
    if not edition.sections:
        return
    page, _ = pipeline.print_edition(newsletter, issue, edition, marks_for(PREVIEW_KEY, issue.id))
    hand, own = pipeline.selector(newsletter, issue).hand, pipeline.settings.site.url
    for link in links_in(page.web or page.html):
        if not link.url.startswith(("http://", "https://")) or link.url.startswith(f"{own}/"):
            continue
        clues = (address_of(link.url),)
        yield link, *place_of(clues, pipeline, newsletter, edition, hand)
