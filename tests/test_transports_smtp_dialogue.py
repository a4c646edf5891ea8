"""
Letters over one line, with servers that do what they like at any step.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import cycle

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digest.errors import TransportAway, TransportError
from digest.model import Kind, Letter, Outcome, Receipt
from digest.transports.pace import Limit, Pace
from digest.transports.smtp import Server, SmtpTransport, Times

from .clock import Clock
from .factories import a_letter, unheeded
from .rude import CUT, DROP, HANG, Rude, Turn, rude_server

QUICK = Times(command=0.2, group=0.1, block=1, reply=0.2, back_off=0.001)
#: Where nobody hangs, a busy machine is not taken for a server that does.
PATIENT = Times(command=9, group=9, block=9, reply=9, back_off=0.001)
PIPELINING = ("PIPELINING",)
CHUNKING = ("PIPELINING", "CHUNKING")
#: The plain dialogue, groups, and several letters in flight.
WAYS = pytest.mark.parametrize(
    ("offers", "in_flight"), [((), 1), (PIPELINING, 1), (CHUNKING, 4)], ids=["plain", "group", "4"]
)
#: The same, with the verbs of each.
WAYS_AND_VERBS = pytest.mark.parametrize(
    ("offers", "in_flight", "verb"),
    [
        *(((), 1, verb) for verb in ("RCPT", "DATA", "END")),
        *((PIPELINING, 1, verb) for verb in ("RCPT", "DATA", "END")),
        *((CHUNKING, 4, verb) for verb in ("RCPT", "END")),
    ],
)


def letters(number: int, **fields: object) -> list[Letter]:
    """
    Letters that tell by their content which they are.
    """
    return [
        a_letter(
            subscriber_id=place,
            recipient=f"r{place}@example.org",
            **{"data": f"Subject: Hello\r\n\r\nLetter {place}.\r\n".encode()} | fields,
        )
        for place in range(number)
    ]


def noted_in(note: Callable[[int], None]) -> Callable[[Letter], bool]:
    """
    Says of whom a letter begins to leave.
    """

    def begun(letter: Letter) -> bool:
        note(letter.subscriber_id)
        return True

    return begun


def a_transport(rude: Rude, in_flight: int = 1, times: Times = PATIENT) -> SmtpTransport:
    server = Server(host="127.0.0.1", port=rude.port, security="none")
    clock = Clock()
    pace = Pace(clock=clock, sleep=clock.sleep)
    return SmtpTransport(server, in_flight=in_flight, times=times, pace=pace)


def deliver(
    rude: Rude, sent: list[Letter], in_flight: int = 1, times: Times = PATIENT
) -> dict[int, Receipt]:
    """
    Receipts by the number of the letter.
    """
    receipts = a_transport(rude, in_flight, times).deliver(sent, unheeded)
    return {receipt.letter.subscriber_id: receipt for receipt in receipts}


def arrived(rude: Rude) -> list[int]:
    """
    The numbers of the letters whose content the server has in full.
    """
    found = (re.search(rb"Letter (\d+)\.", content) for content in rude.contents)
    return [int(each[1]) for each in found if each]


@WAYS
def test_every_way_brings_every_letter_once(offers: tuple[str, ...], in_flight: int) -> None:
    with rude_server(lambda _: None, *offers) as rude:
        receipts = deliver(rude, letters(9), in_flight)

    assert {receipt.outcome for receipt in receipts.values()} == {Outcome.ACCEPTED}
    assert sorted(receipts) == arrived(rude) == list(range(9))
    assert len(rude.said("GREETING")) == 1


class HaltError(Exception):
    """
    What a run says that was stopped just before a letter would have left.
    """


def halting_at(number: int) -> Callable[[Letter], bool]:
    def begun(letter: Letter) -> bool:
        if letter.subscriber_id == number:
            raise HaltError
        return True

    return begun


@WAYS
def test_a_run_that_is_stopped_hears_of_every_letter_that_has_left(
    offers: tuple[str, ...], in_flight: int
) -> None:
    heard: list[int] = []
    with rude_server(lambda _: None, *offers) as rude:
        transport = a_transport(rude, in_flight)
        receipts = transport.deliver(letters(5), halting_at(2))
        with pytest.raises(HaltError):
            heard.extend(receipt.letter.subscriber_id for receipt in receipts)

    assert heard == arrived(rude) == [0, 1]


@WAYS
def test_a_line_on_which_a_letter_was_held_back_is_not_kept_for_others(
    offers: tuple[str, ...], in_flight: int
) -> None:
    with (
        rude_server(lambda _: None, *offers) as rude,
        a_transport(rude, in_flight) as transport,
    ):
        with pytest.raises(HaltError):
            [*transport.deliver(letters(1), halting_at(0))]
        receipts = [*transport.deliver(letters(5), unheeded)]

    assert {receipt.outcome for receipt in receipts} == {Outcome.ACCEPTED}
    assert arrived(rude) == list(range(5))
    # Of the first connection nothing was taken for the content.
    assert not [turn for turn in rude.turns if (turn.connection, turn.verb) == (1, "CONTENT")]


def test_a_line_whose_letters_nobody_waits_for_is_not_kept_for_others() -> None:
    with rude_server(lambda _: None, *CHUNKING) as rude, a_transport(rude, 4) as transport:
        first = transport.deliver(letters(4), unheeded)
        next(iter(first))
        del first
        receipts = [*transport.deliver(letters(5), unheeded)]

    assert [receipt.letter.subscriber_id for receipt in receipts] == list(range(5))
    assert len(rude.said("GREETING")) == 2


@WAYS
def test_letters_that_were_taken_in_vain_keep_no_others_for_their_domain_waiting(
    offers: tuple[str, ...], in_flight: int
) -> None:
    with rude_server(lambda _: None, *offers) as rude:
        server = Server(host="127.0.0.1", port=rude.port, security="none")
        pace = Pace(domains={"example.org": Limit(connections=1)})
        with SmtpTransport(server, in_flight=in_flight, times=PATIENT, pace=pace) as transport:
            with pytest.raises(HaltError):
                [*transport.deliver(letters(3), halting_at(1))]
            receipts = [*transport.deliver(letters(3), unheeded)]

    assert len(receipts) == 3


def test_a_content_leaves_together_with_the_next_envelope() -> None:
    """
    A server that reads on before it answers has the next sender already.
    """
    ahead: list[bytes] = []

    def script(turn: Turn) -> str | None:
        if turn.verb == "END" and turn.letter == 1:
            ahead.append(turn.ahead())
        return None

    with rude_server(script, *PIPELINING) as rude:
        deliver(rude, letters(2))

    assert ahead[0].startswith(
        b"MAIL FROM:<weekly@example.org>\r\nRCPT TO:<r1@example.org>\r\nDATA"
    )


def test_the_next_content_never_leaves_before_the_reply() -> None:
    begun: list[int] = []
    seen: list[int] = []

    def script(turn: Turn) -> str | None:
        if turn.verb == "END":
            seen.append(len(begun))
        return None

    with rude_server(script, *PIPELINING) as rude:
        [*a_transport(rude).deliver(letters(5), noted_in(begun.append))]

    assert seen == [1, 2, 3, 4, 5]


ANSWERS = (
    "421 4.3.2 bye",
    "450 4.2.1 busy",
    "451 4.3.0 later",
    "452 4.2.2 full",
    "550 5.1.1 nobody",
    "552 5.2.2 full",
    "554 5.7.1 no",
)


@pytest.mark.parametrize("answer", ANSWERS)
@WAYS_AND_VERBS
def test_a_refusal_at_any_step_is_one_letters_own(
    offers: tuple[str, ...], in_flight: int, verb: str, answer: str
) -> None:
    def script(turn: Turn) -> str | None:
        return answer if turn.verb == verb and len(rude.said(verb)) == 3 else None

    with rude_server(script, *offers) as rude:
        receipts = deliver(rude, letters(6), in_flight)

    outcomes = Counter(receipt.outcome for receipt in receipts.values())
    in_doubt = outcomes[Outcome.IN_DOUBT]
    assert sum(outcomes.values()) == 6
    assert in_doubt == 0 or (answer.startswith("421") and 1 < in_doubt <= in_flight)
    assert outcomes[Outcome.REFUSED] == (answer[0] == "5")
    assert outcomes[Outcome.DEFERRED] <= (answer[0] == "4")


@WAYS_AND_VERBS
def test_a_server_that_hangs_is_left_after_a_while(
    offers: tuple[str, ...], in_flight: int, verb: str
) -> None:
    def script(turn: Turn) -> str | None:
        return HANG if turn.verb == verb and turn.connection == 1 else None

    with rude_server(script, *offers) as rude:
        receipts = deliver(rude, letters(6), in_flight, QUICK)

    doubts = [each for each, said in receipts.items() if said.outcome is Outcome.IN_DOUBT]
    assert len(receipts) == 6
    assert len(doubts) <= (in_flight if verb == "END" or in_flight > 1 else 0)
    assert all(said.outcome is Outcome.ACCEPTED for n, said in receipts.items() if n not in doubts)


@WAYS
def test_a_reply_that_never_ends_is_cut_off(offers: tuple[str, ...], in_flight: int) -> None:
    endless = "\r\n".join(["250-more"] * 10_000)

    with rude_server(lambda turn: endless if turn.verb == "END" else None, *offers) as rude:
        receipts = a_transport(rude, in_flight).deliver(letters(1), unheeded)
        assert [receipt.outcome for receipt in receipts] == [Outcome.IN_DOUBT]


@pytest.mark.parametrize("verb", ["GREETING", "EHLO", "MAIL"])
def test_an_endless_reply_before_any_letter_is_a_server_that_is_away(verb: str) -> None:
    endless = "\r\n".join(["220-more"] * 10_000)

    with (
        rude_server(lambda turn: endless if turn.verb == verb else None) as rude,
        pytest.raises(TransportAway, match="does not end"),
    ):
        deliver(rude, letters(4))


@WAYS
def test_a_server_that_speaks_out_of_turn_is_not_trusted_with_a_letter(
    offers: tuple[str, ...], in_flight: int
) -> None:
    """
    Its spare reply would be taken for the one to the letter.
    """

    def script(turn: Turn) -> str | None:
        if turn.connection > 1:
            return None
        return {"DATA": "354 go on\r\n250 OK", "BDAT": "250 OK\r\n250 OK", "END": "550 no"}.get(
            turn.verb
        )

    with rude_server(script, *offers) as rude:
        receipts = deliver(rude, letters(2), in_flight)

    assert {receipt.outcome for receipt in receipts.values()} == {Outcome.ACCEPTED}
    assert sorted(receipts) == arrived(rude) == [0, 1]


@pytest.mark.parametrize(
    ("offer", "lie"),
    [
        ("SIZE 1000000", "501 5.5.4 what is SIZE"),
        ("SIZE 1000000", "555 5.5.4 what is SIZE"),
        ("PIPELINING", "503 5.5.0 improper pipelining"),
    ],
)
def test_an_offer_that_is_a_lie_is_not_taken_up_again(offer: str, lie: str) -> None:
    def script(turn: Turn) -> str | None:
        if turn.verb == "MAIL" and "SIZE" in turn.line:
            return lie
        first = turn.verb == "RCPT" and len(rude.said("RCPT")) == 1
        return lie if first and offer == "PIPELINING" else None

    with rude_server(script, offer) as rude:
        receipts = deliver(rude, letters(3))

    assert {receipt.outcome for receipt in receipts.values()} == {Outcome.ACCEPTED}
    assert len(rude.said("GREETING")) == 1


def test_a_server_that_loses_commands_sent_together_gets_them_one_by_one() -> None:
    """
    It throws away what came behind the content, and would wait for ever.
    """

    def script(turn: Turn) -> str | None:
        return HANG if turn.verb == "MAIL" and turn.letter == 2 and turn.connection == 1 else None

    with rude_server(script, *PIPELINING) as rude:
        receipts = deliver(rude, letters(4), times=QUICK)

    assert {receipt.outcome for receipt in receipts.values()} == {Outcome.ACCEPTED}
    assert arrived(rude) == [0, 1, 2, 3]
    assert len(rude.said("GREETING")) == 2


def test_a_server_that_does_not_know_its_own_chunking_never_sees_a_letter_as_commands() -> None:
    hostile = a_letter(data=b"Subject: x\r\n\r\nMAIL FROM:<evil@example.org>\r\n")

    with rude_server(
        lambda turn: "500 5.5.2 what" if turn.verb == "BDAT" else None, "PIPELINING", "CHUNKING"
    ) as rude:
        (receipt,) = deliver(rude, [hostile], in_flight=4).values()

    assert receipt.outcome is Outcome.ACCEPTED
    assert not [line for line in rude.said("MAIL") if "evil" in line]


def test_a_letter_that_is_too_large_is_not_even_offered() -> None:
    big = letters(1, data=b"x" * 900 + b"\r\n")

    with rude_server(lambda _: None, "SIZE 500") as rude:
        receipts = deliver(rude, big)

    assert (receipts[0].outcome, receipts[0].kind) == (Outcome.DEFERRED, Kind.OURS)
    assert receipts[0].text == "not sent: its 902 bytes are more than the server's 500"
    assert rude.said("MAIL") == []


@WAYS
def test_letters_that_are_all_too_large_end_the_run_and_none_is_refused(
    offers: tuple[str, ...], in_flight: int
) -> None:
    big = letters(50, data=b"x" * 900 + b"\r\n")
    receipts: list[Receipt] = []

    with rude_server(lambda _: None, *offers, "SIZE 500") as rude:
        sent = a_transport(rude, in_flight).deliver(big, unheeded)
        with pytest.raises(TransportError, match="902 bytes are more than the server's 500"):
            receipts.extend(sent)

    assert {each.outcome for each in receipts} == {Outcome.DEFERRED}
    assert len(receipts) <= 3


@WAYS
def test_a_server_that_always_says_too_fast_ends_the_run(
    offers: tuple[str, ...], in_flight: int
) -> None:
    """
    With 75: it may be better tomorrow.
    """
    many = [replace(each, recipient=f"r@{n}.example.org") for n, each in enumerate(letters(300))]
    with rude_server(
        lambda turn: "450 4.7.28 slow" if turn.verb == "RCPT" else None, *offers
    ) as rude:
        transport = a_transport(rude, in_flight)
        with pytest.raises(TransportAway, match="takes no more just now"):
            [*transport.deliver(many, unheeded)]

    assert len(rude.said("RCPT")) < 100


@WAYS
def test_a_domain_that_always_says_too_fast_keeps_no_other_waiting(
    offers: tuple[str, ...], in_flight: int
) -> None:
    domains = cycle(["slow.example.org", "a.example.org", "b.example.org"])
    many = [replace(each, recipient=f"r@{next(domains)}") for each in letters(300)]
    with rude_server(
        lambda turn: "450 4.7.28 slow" if "@slow" in turn.line else None, *offers
    ) as rude:
        receipts = [*a_transport(rude, in_flight).deliver(many, unheeded)]

    outcomes = Counter((each.outcome, "slow" in each.letter.recipient) for each in receipts)
    assert outcomes == {(Outcome.ACCEPTED, False): 200, (Outcome.DEFERRED, True): 100}
    assert len([line for line in rude.said("RCPT") if "@slow" in line]) < 50


def test_a_domain_that_begins_to_rest_gets_no_other_readers_letter() -> None:
    """
    Where the envelope has left already, its own letter follows, whatever was said meanwhile.
    """
    asked: Counter[int] = Counter()

    class Resting(Pace):
        def rests(self, letter: Letter) -> bool:
            asked[letter.subscriber_id] += 1
            return letter.subscriber_id == 1 and asked[1] > 1

    with rude_server(lambda _: None, *PIPELINING) as rude:
        server = Server(host="127.0.0.1", port=rude.port, security="none")
        transport = SmtpTransport(server, times=PATIENT, pace=Resting())
        receipts = [*transport.deliver(letters(3), unheeded)]

    assert [each.outcome for each in receipts] == [Outcome.ACCEPTED] * 3
    assert [f"r{place}@" in line for place, line in enumerate(rude.said("RCPT"))] == [True] * 3
    assert arrived(rude) == [0, 1, 2]


@pytest.mark.parametrize("offer", ["SIZE", "SIZE 0", "SIZE lots"])
def test_a_size_without_a_number_is_no_limit(offer: str) -> None:
    with rude_server(lambda _: None, offer) as rude:
        assert deliver(rude, letters(1))[0].outcome is Outcome.ACCEPTED


def test_a_letter_too_large_by_the_servers_own_word_is_refused_alone() -> None:
    def script(turn: Turn) -> str | None:
        return "552 5.3.4 too large" if turn.verb == "MAIL" and turn.letter == 1 else None

    with rude_server(script) as rude:
        receipts = deliver(rude, letters(2))

    assert [receipts[each].kind for each in (0, 1)] == [Kind.SIZE, Kind.NONE]


UTF8 = ("SMTPUTF8", "8BITMIME")
INTERNATIONAL = a_letter(
    recipient="дарья@example.org", data="To: дарья@example.org\r\n\r\nHello\r\n".encode()
)


def test_an_address_beyond_ascii_goes_where_it_is_understood() -> None:
    with rude_server(lambda _: None, *UTF8) as rude:
        (receipt,) = deliver(rude, [INTERNATIONAL]).values()

    assert receipt.outcome is Outcome.ACCEPTED
    assert rude.said("MAIL") == ["MAIL FROM:<weekly@example.org> BODY=8BITMIME SMTPUTF8"]
    assert rude.said("RCPT") == ["RCPT TO:<дарья@example.org>"]


@pytest.mark.parametrize("offers", [(), ("SMTPUTF8",), ("8BITMIME",)])
def test_an_address_beyond_ascii_is_refused_here_where_it_is_not(offers: tuple[str, ...]) -> None:
    with rude_server(lambda _: None, *offers) as rude:
        receipts = deliver(rude, [INTERNATIONAL, *letters(1)])

    assert receipts[INTERNATIONAL.subscriber_id].kind is Kind.UNABLE
    assert receipts[0].outcome is Outcome.ACCEPTED
    assert len(rude.said("MAIL")) == 1


def test_a_server_that_lies_about_addresses_beyond_ascii_loses_that_letter_alone() -> None:
    def script(turn: Turn) -> str | None:
        return "555 5.5.4 what" if "SMTPUTF8" in turn.line else None

    with rude_server(script, *UTF8) as rude:
        receipts = deliver(rude, [INTERNATIONAL, *letters(1)])

    assert receipts[INTERNATIONAL.subscriber_id].kind is Kind.UNABLE
    assert receipts[0].outcome is Outcome.ACCEPTED


OURS = "550 5.7.26 unauthenticated mail from example.org is not accepted"


@WAYS
@pytest.mark.parametrize("verb", ["RCPT", "END"])
def test_a_fault_of_ours_ends_the_run_and_burns_no_list(
    offers: tuple[str, ...], in_flight: int, verb: str
) -> None:
    receipts: list[Receipt] = []

    with (
        rude_server(lambda turn: OURS if turn.verb == verb else None, *offers) as rude,
        pytest.raises(TransportError, match="whoever they are for") as caught,
    ):
        receipts.extend(a_transport(rude, in_flight).deliver(letters(100), unheeded))

    assert type(caught.value) is TransportError
    assert len(rude.said("RCPT")) <= 3 + 2 * in_flight


def test_a_fault_of_ours_is_not_held_against_the_reader() -> None:
    with rude_server(
        lambda turn: OURS if turn.verb == "END" and len(rude.contents) == 1 else None
    ) as rude:
        receipts = deliver(rude, letters(2))

    assert (receipts[0].outcome, receipts[0].kind) == (Outcome.DEFERRED, Kind.OURS)
    assert receipts[1].outcome is Outcome.ACCEPTED


@WAYS
def test_a_refused_sender_ends_the_run(offers: tuple[str, ...], in_flight: int) -> None:
    refused = "550 5.7.1 sender not allowed"

    with (
        rude_server(lambda turn: refused if turn.verb == "MAIL" else None, *offers) as rude,
        pytest.raises(TransportError, match="refuses our sender"),
    ):
        deliver(rude, letters(50), in_flight)

    assert len(rude.said("MAIL")) <= in_flight + 1
    assert rude.contents == []


@WAYS
@pytest.mark.parametrize("verb", ["RCPT", "END"])
def test_what_came_too_fast_is_tried_again_in_the_same_run(
    offers: tuple[str, ...], in_flight: int, verb: str
) -> None:
    def script(turn: Turn) -> str | None:
        first = turn.verb == verb and len(rude.said(verb)) == 2
        return "454 4.7.28 maximum sending rate exceeded" if first else None

    with rude_server(script, *offers) as rude:
        receipts = deliver(rude, letters(3), in_flight)

    assert {receipt.outcome for receipt in receipts.values()} == {Outcome.ACCEPTED}
    assert len(receipts) == 3


def test_what_is_always_too_fast_is_deferred_in_the_end() -> None:
    with rude_server(lambda turn: "450 4.7.28 slow down" if "<r0@" in turn.line else None) as rude:
        transport = a_transport(rude)
        receipts = {
            each.letter.subscriber_id: each for each in transport.deliver(letters(1), unheeded)
        }

    assert (receipts[0].outcome, receipts[0].kind) == (Outcome.DEFERRED, Kind.RATE)
    assert len(rude.said("RCPT")) == 4


@WAYS
def test_a_failure_where_letters_come_from_loses_no_receipt(
    offers: tuple[str, ...], in_flight: int
) -> None:
    """
    What is in flight then may have arrived, and says so first.
    """

    def failing() -> Iterator[Letter]:
        yield from letters(5)
        raise LookupError

    receipts: list[Receipt] = []
    with rude_server(lambda _: None, *offers) as rude:
        sent = a_transport(rude, in_flight).deliver(failing(), unheeded)
        with pytest.raises(LookupError):
            receipts.extend(sent)

    assert arrived(rude) == sorted(set(arrived(rude)))
    assert len(arrived(rude)) >= 4


STEPS = st.tuples(
    st.sampled_from(["GREETING", "EHLO", "MAIL", "RCPT", "DATA", "BDAT", "CONTENT", "END", "RSET"]),
    st.integers(1, 5),
)
MOODS = st.sampled_from(
    [
        *ANSWERS,
        "250 OK",
        "354 go on",
        "503 5.5.1 out of turn",
        "501 5.5.4 what",
        "550 5.7.26 unauthenticated",
        "450 4.7.28 slow down",
        "250-half",
        "999 what",
        "hello",
        "",
        CUT + "250 O",
        DROP,
        DROP,
        HANG,
    ]
)
OFFERS = st.sampled_from([(), PIPELINING, CHUNKING, ("CHUNKING",), ("PIPELINING", "SIZE 100000")])


@settings(max_examples=60, deadline=None)
@given(
    moods=st.dictionaries(STEPS, MOODS, max_size=6),
    offers=OFFERS,
    in_flight=st.sampled_from([1, 3]),
)
def test_whatever_a_server_does_no_receipt_says_what_is_not_so(
    moods: dict[tuple[str, int], str], offers: tuple[str, ...], in_flight: int
) -> None:
    turns: Counter[str] = Counter()

    def script(turn: Turn) -> str | None:
        turns[turn.verb] += 1
        return moods.get((turn.verb, turns[turn.verb]))

    begun: set[int] = set()
    receipts: list[Receipt] = []
    times = Times(command=0.05, group=0.05, block=1, reply=0.05, back_off=0.0001)
    with rude_server(script, *offers) as rude:
        transport = a_transport(rude, in_flight, times)
        try:
            for receipt in transport.deliver(letters(5), noted_in(begun.add)):
                receipts.append(receipt)  # noqa: PERF402 - what came before an error counts
        except TransportError:
            pass

    said = dict(zip(arrived(rude), rude.answers, strict=True))
    outcomes = {receipt.letter.subscriber_id: receipt.outcome for receipt in receipts}
    assert len(outcomes) == len(receipts)
    assert begun >= said.keys()
    for number in range(5):
        took = [
            each
            for each, content in zip(rude.answers, arrived(rude), strict=True)
            if content == number
        ]
        possibly = [answer for answer in took if not re.match(r"[45]\d\d ", answer)]
        assert len(possibly) <= 1
        outcome = outcomes.get(number)
        if outcome is Outcome.ACCEPTED:
            assert re.match(r"2\d\d[ -]", possibly[0])
        elif outcome is not Outcome.IN_DOUBT:
            assert not possibly


@WAYS
def test_a_letter_that_must_not_leave_any_more_never_does(
    offers: tuple[str, ...], in_flight: int
) -> None:
    with rude_server(lambda _: None, *offers) as rude:
        transport = a_transport(rude, in_flight)
        receipts = [*transport.deliver(letters(5), lambda letter: letter.subscriber_id != 2)]

    assert sorted(each.letter.subscriber_id for each in receipts) == [0, 1, 3, 4]
    assert sorted(arrived(rude)) == [0, 1, 3, 4]
