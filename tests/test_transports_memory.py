"""
The transport for users' own tests.
"""

from digest.model import Outcome, Receipt
from digest.transports.memory import MemoryTransport

from .factories import a_letter, unheeded


def test_letters_are_kept_in_the_order_in_which_they_came() -> None:
    letters = [a_letter(subscriber_id=number) for number in (3, 1, 2)]
    transport = MemoryTransport()

    receipts = list(transport.deliver(letters, unheeded))

    assert transport.letters == letters
    assert [receipt.letter for receipt in receipts] == letters
    assert {receipt.outcome for receipt in receipts} == {Outcome.ACCEPTED}


def test_the_handler_decides_what_becomes_of_a_letter() -> None:
    transport = MemoryTransport(
        lambda letter: Receipt(letter=letter, outcome=Outcome.REFUSED, code=550)
    )

    (receipt,) = transport.deliver([a_letter()], unheeded)

    assert (receipt.outcome, receipt.code) == (Outcome.REFUSED, 550)


def test_no_letter_is_taken_before_the_one_before_it_has_its_receipt() -> None:
    transport = MemoryTransport()

    receipts = transport.deliver([a_letter(), a_letter()], unheeded)
    next(receipts)

    assert len(transport.letters) == 1
