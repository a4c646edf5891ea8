"""
SPF, DKIM, DMARC and MX of a domain, against what Gmail, Yahoo and Microsoft ask of bulk mail.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Literal

from ..errors import LookupFailed
from .lookup import Lookup

#: More lookups than that, and receivers take the record for broken (RFC 7208 section 4.6.4).
MAX_SPF_LOOKUPS = 10
#: DMARC looks no further up the tree (RFC 9989 section 4.10).
MAX_LABELS = 8
ASK_FOR_LOOKUP = ("include:", "a:", "a/", "mx:", "mx/", "ptr:", "exists:", "redirect=")


@dataclass(frozen=True, slots=True, kw_only=True)
class SigningKey:
    """
    A key that signs letters, as it should be published.
    """

    domain: str
    selector: str
    record: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Sending:
    """
    How letters of one From address leave.
    """

    domain: str  #: of From
    envelope_domain: str  #: of the return path, which SPF is about
    keys: tuple[SigningKey, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """
    What is wrong with a domain, and the remedy.
    """

    level: Literal["error", "warning"]
    message: str


error = partial(Finding, level="error")
warning = partial(Finding, level="warning")


def findings_of(sending: Sending, look_up: Lookup) -> Iterator[Finding]:
    """
    Everything that receivers would hold against these letters. What cannot be asked is a warning.
    """
    policy: dict[str, str] = {}
    for check in (_dmarc, _dkim, _spf, _mx):
        try:
            yield from check(sending, look_up, policy)
        except LookupFailed as failure:
            subject = check.__name__.strip("_").upper()
            yield warning(
                message=f"{subject} of {sending.domain} could not be looked up ({failure}):"
                " run it again where the DNS can be asked"
            )


def _dmarc(sending: Sending, look_up: Lookup, policy: dict[str, str]) -> Iterator[Finding]:
    place, found = _find_dmarc(sending.domain, look_up)
    if not found:
        yield error(
            message=f"{sending.domain} has no DMARC record: publish TXT _dmarc.{sending.domain}"
            ' "v=DMARC1; p=none; rua=mailto:…"'
        )
        return
    if len(found) > 1:
        yield error(message=f"_dmarc.{place} has {len(found)} DMARC records: keep one")
    policy |= _tags(found[0])
    if policy.get("p", "").lower() not in {"none", "quarantine", "reject"}:
        yield error(message=f"the DMARC record of {place} lacks p=none, p=quarantine or p=reject")


def _find_dmarc(domain: str, look_up: Lookup) -> tuple[str, list[str]]:
    """
    The domain's own policy, or that of the nearest domain above it.
    """
    labels = domain.split(".")
    starts = [0, *range(max(1, len(labels) - MAX_LABELS + 1), len(labels) - 1)]
    for start in starts:
        place = ".".join(labels[start:])
        records = look_up(f"_dmarc.{place}", "TXT")
        if found := [each for each in records if each.replace(" ", "").startswith("v=DMARC1")]:
            return place, found
    return domain, []


def _dkim(sending: Sending, look_up: Lookup, policy: dict[str, str]) -> Iterator[Finding]:
    if not sending.keys:
        yield error(
            message=f"letters of {sending.domain} are not signed: `digest dkim keygen"
            f" {sending.domain}` makes a key and the record for it"
        )
        return
    for key in sending.keys:
        yield from _published_key(key, look_up)
    strict = policy.get("adkim") == "s"
    if not any(_aligned(key.domain, sending.domain, strict=strict) for key in sending.keys):
        domains = ", ".join(sorted({key.domain for key in sending.keys}))
        yield error(
            message=f"letters from {sending.domain} are signed for {domains}, which DMARC does not"
            " count: sign with a key of the From domain"
        )


def _published_key(key: SigningKey, look_up: Lookup) -> Iterator[Finding]:
    name = f"{key.selector}._domainkey.{key.domain}"
    records = look_up(name, "TXT")
    if not records:
        yield error(message=f'{name} is not published: add TXT "{key.record}"')
        return
    wanted, tags = _tags(key.record), _tags(records[0])
    if len(records) > 1:
        yield error(message=f"{name} has {len(records)} TXT records: keep the one of dkim.key_file")
    elif not tags.get("p"):
        yield error(message=f"{name} is revoked (its p= is empty): publish a new key")
    elif tags["p"] != wanted["p"] or tags.get("k", "rsa") != wanted["k"]:
        yield error(
            message=f'{name} publishes another key than dkim.key_file: make it "{key.record}"'
        )
    elif "y" in tags.get("t", "").split(":"):
        yield warning(message=f"{name} says t=y, a test: remove that when letters arrive well")


def _spf(sending: Sending, look_up: Lookup, policy: dict[str, str]) -> Iterator[Finding]:
    domain = sending.envelope_domain
    found = [each for each in look_up(domain, "TXT") if _is_spf(each)]
    if not found:
        yield error(
            message=f'{domain} has no SPF record: publish TXT "v=spf1 …  -all" that names the'
            " servers which send its mail"
        )
        return
    if len(found) > 1:
        yield error(message=f"{domain} has {len(found)} SPF records, which is an error: keep one")
    terms = found[0].lower().split()
    if {"all", "+all"} & set(terms):
        yield error(
            message=f"the SPF record of {domain} lets everybody send (+all): end it in ~all"
        )
    elif not any(each.endswith("all") or each.startswith("redirect=") for each in terms):
        yield warning(message=f"the SPF record of {domain} has no end: add ~all")
    if (lookups := _spf_lookups(terms, look_up, limit=MAX_SPF_LOOKUPS + 1)) > MAX_SPF_LOOKUPS:
        yield error(
            message=f"the SPF record of {domain} needs {lookups} lookups or more and counts as"
            f" broken: {MAX_SPF_LOOKUPS} are allowed"
        )
    if not _aligned(domain, sending.domain, strict=policy.get("aspf") == "s"):
        yield warning(
            message=f"letters from {sending.domain} are returned to {domain}, so that only DKIM"
            " counts for DMARC"
        )


def _spf_lookups(terms: list[str], look_up: Lookup, *, limit: int) -> int:
    """
    How many questions a receiver asks, those of included records with them, up to the limit.
    """
    count = 0
    for term in (each.lstrip("+-~?") for each in terms):
        if count >= limit:
            break
        if term in {"a", "mx", "ptr"} or term.startswith(ASK_FOR_LOOKUP):
            count += 1
        _, _, included = term.partition("include:" if term.startswith("include:") else "redirect=")
        if included and "%" not in included:
            inside = [each for each in look_up(included, "TXT") if _is_spf(each)]
            count += _spf_lookups((inside or [""])[0].lower().split(), look_up, limit=limit - count)
    return count


def _mx(sending: Sending, look_up: Lookup, policy: dict[str, str]) -> Iterator[Finding]:  # noqa: ARG001
    for domain in dict.fromkeys((sending.domain, sending.envelope_domain)):
        servers = look_up(domain, "MX")
        if any(each.split()[-1] == "." for each in servers):
            yield error(
                message=f"{domain} says that it takes no mail (MX .): answers would be lost"
            )
        elif not servers and not look_up(domain, "A") and not look_up(domain, "AAAA"):
            yield error(message=f"{domain} has no MX record: answers and bounces would be lost")


def _is_spf(record: str) -> bool:
    return record.lower().split(" ", 1)[0] == "v=spf1"


def _tags(record: str) -> dict[str, str]:
    """
    `v=DKIM1; k=rsa; p=…` taken apart; spaces in values mean nothing.
    """
    pairs = (tag.partition("=") for tag in record.split(";"))
    return {name.strip().lower(): "".join(value.split()) for name, _, value in pairs if value}


def _aligned(one: str, other: str, *, strict: bool) -> bool:
    """
    Whether DMARC takes two domains for one organisation's: equal, or one below the other.
    """
    first, second = one.lower(), other.lower()
    if strict or first == second:
        return first == second
    return first.endswith(f".{second}") or second.endswith(f".{first}")
