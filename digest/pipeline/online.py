"""
What only others can tell: the DNS of senders, whether readers reach the site, where links lead.
"""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from email.utils import parseaddr

from ..domains.lookup import Kind, Lookup, open_lookup
from ..domains.records import Sending, SigningKey, findings_of
from ..errors import DigestError, FetchError, LookupFailed, SettingsError
from ..fetching import Fetched, Request
from ..model import Problem
from ..tokens import PATHS, PREVIEW_KEY, sign_token
from . import Moment, Pipeline
from .deadlinks import Answer, ask, ask_once, link_places, link_problems, nobody_answered

#: For all questions to the DNS together.
DNS_SECONDS = timedelta(seconds=20)
NO_POST = {401, 403, 405, 415, 501}
AT_FAULT = 500
NOBODY = (
    "no name server knows anything and no host answers, so nothing was checked online:"
    " is there a network?"
)


def online_problems(pipeline: Pipeline, moment: Moment) -> tuple[Problem, ...]:
    """
    All that others hold against the letters of the issues at hand. It ends in time.
    """
    file = str(pipeline.settings.file)
    places = link_places(pipeline, moment)
    lookup = _opened(pipeline)
    if isinstance(lookup, Problem):
        domains, heard = [lookup], False
    else:
        domains, heard = list(domain_problems(pipeline, lookup)), lookup.heard
    site = _ask_site(pipeline)
    answers = ask(pipeline, list(places), hopeless=not heard and nobody_answered([site]))
    if not heard and nobody_answered((site, *answers.values())):
        return (Problem(file=file, level="warning", message=NOBODY),)
    links = link_problems(places, answers, settings_file=file)
    return (*domains, *_site_problems(pipeline, site), *links)


class Patience:
    """
    Questions to the DNS, until their time is over.
    """

    def __init__(self, look_up: Lookup, clock: Callable[[], datetime]) -> None:
        self._look_up, self._clock = look_up, clock
        self._until = clock() + DNS_SECONDS
        self.heard = (
            False  #: of anything: a router without a network says of every name that there is none
        )

    def __call__(self, name: str, kind: Kind, /) -> tuple[str, ...]:
        if self._clock() > self._until:
            raise LookupFailed("no time left")
        found = self._look_up(name, kind)
        self.heard = self.heard or bool(found)
        return found


def domain_problems(pipeline: Pipeline, look_up: Lookup) -> Iterator[Problem]:
    """
    What is wrong with the domains that letters are sent from; each is looked up once.
    """
    settings, file = pipeline.settings, str(pipeline.settings.file)
    try:
        keys = tuple(_signing_keys(pipeline))
    except SettingsError as error:
        yield Problem(file=file, message=str(error))
        return
    returned = _domain(settings.bounces.address) if settings.bounces.address else None
    senders = (parseaddr(each.sender)[1] for each in settings.newsletters.values())
    found: dict[Problem, None] = {}
    for domain in dict.fromkeys(map(_domain, senders)):
        sending = Sending(domain=domain, envelope_domain=returned or domain, keys=keys)
        for finding in findings_of(sending, look_up):
            found[Problem(file=file, level=finding.level, message=finding.message)] = None
    yield from found


def _signing_keys(pipeline: Pipeline) -> Iterator[SigningKey]:
    for key in pipeline.settings.dkim:
        from ..domains.keys import record_of

        record = record_of(key.read_key())
        yield SigningKey(domain=key.domain, selector=key.selector, record=record)


def _opened(pipeline: Pipeline) -> Patience | Problem:
    """
    What asks the DNS; without it the rest is checked all the same.
    """
    try:
        return Patience(open_lookup(pipeline.settings.name_servers), pipeline.clock)
    except DigestError as error:
        return Problem(file=str(pipeline.settings.file), level="warning", message=str(error))


def _ask_site(pipeline: Pipeline) -> Answer:
    """
    As a mail program does it with one click, with a token that is good for nothing.
    """
    token = sign_token(PREVIEW_KEY, "unsubscribe", subscriber_id=0, newsletter_number=0)
    url = f"{pipeline.settings.site.url}{PATHS['unsubscribe']}{token}"
    answer = ask_once(pipeline, Request(url=url, method="POST", body=False))
    if isinstance(answer, Fetched) and not answer.url.endswith(token):
        return FetchError("redirects, which mail programs do not follow there (RFC 8058)")
    return answer


def _site_problems(pipeline: Pipeline, answer: Answer) -> Iterator[Problem]:
    url = pipeline.settings.site.url
    file = str(pipeline.settings.file)
    if url.startswith("http:"):
        message = (
            "is not https: without that mail programs offer no one-click unsubscribing"
            " (RFC 8058), and large receivers take no bulk mail"
        )
        yield Problem(file=file, message=f"site.url: {message}")
    if fault := _fault_of_site(answer):
        yield Problem(file=file, message=f"site.url: {fault}")


def _fault_of_site(answer: Answer) -> str:
    """
    Whatever `digest serve` itself would say to that token is right.
    """
    if isinstance(answer, FetchError):
        return f"nobody can unsubscribe there: {answer}"
    status = answer.status
    if status >= AT_FAULT:
        return f"nobody can unsubscribe there: HTTP {status}; is `digest serve` running behind it?"
    if status in NO_POST:
        return (
            f"nobody can unsubscribe by one click: HTTP {status} to a POST (RFC 8058);"
            " let it through to `digest serve`"
        )
    return ""


def _domain(address: str) -> str:
    return address.rpartition("@")[2]
