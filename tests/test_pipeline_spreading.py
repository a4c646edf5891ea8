"""
How many letters go today, and which of them first.
"""

from datetime import timedelta
from pathlib import Path

import pytest

from digest.errors import TransportAway, TransportError
from digest.model import Kind, Letter, Outcome, Receipt
from digest.pipeline.spreading import Slice
from digest.sender import Allowance
from digest.transports.memory import MemoryTransport, accept

from .factories import MONDAY
from .test_pipeline_delivery import (
    DAY,
    HOUR,
    a_plan,
    opened,
    run,
    subscribe,
    write_article,
    write_settings,
)

READERS = tuple(f"r{number}" for number in range(30))


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """
    An article for thirty readers.
    """
    write_settings(tmp_path)
    write_article(tmp_path, "hello")
    with opened(tmp_path) as pipeline:
        subscribe(pipeline, *READERS)
    return tmp_path


def paced(site: Path, lines: str) -> None:
    config = site / "digest.toml"
    config.write_text(config.read_text() + f"\n[pace]\n{lines}\n")


def refusing(kind: Kind) -> MemoryTransport:
    def answer(letter: Letter) -> Receipt:
        return Receipt(letter=letter, outcome=Outcome.REFUSED, code=550, kind=kind)

    return MemoryTransport(answer)


def test_a_canary_that_succeeds_lets_the_others_go(site: Path) -> None:
    paced(site, "canary = 5")

    report = run(site)

    assert (report.accepted, report.error) == (30, None)


def test_a_canary_that_fails_keeps_the_others(site: Path) -> None:
    paced(site, "canary = 5")
    transport = refusing(Kind.POLICY)

    report = run(site, transport)

    assert len(transport.letters) == report.refused == 5
    assert type(report.error) is TransportError
    assert "of the first 5 letters (pace.canary) 0 were accepted" in str(report.error)
    assert report.tally
    assert report.tally.waiting == 25


def test_the_next_run_sends_a_canary_again(site: Path) -> None:
    paced(site, "canary = 5")
    run(site, refusing(Kind.POLICY))

    assert run(site, refusing(Kind.POLICY)).refused == 5
    assert run(site).accepted == 20


def test_mailboxes_that_do_not_exist_are_no_failure_of_a_canary(site: Path) -> None:
    paced(site, "canary = 5")

    def answer(letter: Letter) -> Receipt:
        if letter.recipient.startswith("r0@"):
            return Receipt(letter=letter, outcome=Outcome.REFUSED, code=550, kind=Kind.ADDRESS)
        return accept(letter)

    assert run(site, MemoryTransport(answer)).accepted == 29


def test_a_new_sender_sends_so_many_letters_and_twice_as_many_the_next_day(site: Path) -> None:
    paced(site, "ramp_up = 4")

    reports = [run(site, at=MONDAY + HOUR + day * DAY / 3, force=True) for day in range(9)]

    assert [report.accepted for report in reports] == [4, 0, 0, 8, 0, 0, 16, 0, 0]
    assert type(reports[0].error) is TransportAway
    assert "run again tomorrow" in str(reports[0].error)


def test_a_limit_of_the_command_is_no_end_of_the_day(site: Path) -> None:
    paced(site, "ramp_up = 10")

    report = run(site, limit=3)

    assert (report.accepted, report.error) == (3, None)


def test_an_old_sender_sends_all(site: Path) -> None:
    paced(site, "ramp_up = 4")
    run(site, limit=1)

    report = run(site, at=MONDAY + 40 * DAY, force=True)

    assert report.error is None


def test_a_plan_tells_of_days_and_doubts(site: Path) -> None:
    paced(site, 'ramp_up = 4\ncanary = 2\n[pace.domains."example.org"]\nrate = "60/min"')

    planned = a_plan(site)

    assert (planned.letters, planned.today, planned.days, planned.canary) == (30, 4, 3, 2)
    assert planned.ends_at == MONDAY + HOUR + timedelta(days=3, seconds=30)
    (domain,) = planned.domains
    assert (domain.domain, domain.letters, domain.rate) == ("example.org", 30, 1.0)
    assert planned.in_doubt_at_most == 1


def test_a_plan_over_several_letters_in_flight_tells_the_wider_bound(site: Path) -> None:
    config = site / "digest.toml"
    smtp = '[smtp]\nhost = "mail"\nconnections = 3\nin_flight = 4\nrate = "10/s"\n'
    config.write_text(config.read_text() + smtp)

    planned = a_plan(site)

    assert (planned.in_doubt_at_most, planned.connections) == (12, 3)
    assert planned.ends_at == MONDAY + HOUR + timedelta(seconds=3)


def test_the_plan_of_a_rest_counts_its_domains(site: Path) -> None:
    run(site, limit=20)

    (domain,) = a_plan(site).domains

    assert (domain.domain, domain.letters) == ("example.org", 10)


def test_a_slice_takes_no_more_than_the_whole_has() -> None:
    whole = Allowance(3)
    part = Slice(whole, 5)

    assert (part.take(2), part.take(2), part.take(2)) == (2, 1, 0)
    assert part.used_up


def test_a_slice_leaves_the_whole_the_rest() -> None:
    whole = Allowance()
    part = Slice(whole, 2)

    assert (part.take(5), part.used_up, whole.used_up) == (2, True, False)
    whole.stop()
    assert part.stopped
