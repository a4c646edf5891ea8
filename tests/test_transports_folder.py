"""
A folder of .eml files, in place of a mail server.
"""

from email import message_from_bytes
from pathlib import Path

import pytest

from digest.errors import TransportError
from digest.model import Outcome
from digest.transports.folder import FolderTransport

from .factories import LETTER, a_letter, unheeded


def test_a_letter_is_one_file_byte_for_byte(tmp_path: Path) -> None:
    letter = a_letter(data=b"Subject: Hello\r\n\r\n.dots\r\n\xff\r\n")

    (receipt,) = FolderTransport(tmp_path).deliver([letter], unheeded)

    (file,) = tmp_path.iterdir()
    assert file.name == "weekly.2026-11-23.0123456789abcdef0123.eml"
    assert file.read_bytes() == letter.data
    assert (receipt.outcome, receipt.text) == (Outcome.ACCEPTED, file.name)


def test_the_folder_and_its_letters_are_for_their_owner_alone(tmp_path: Path) -> None:
    outbox = tmp_path / "outbox"

    list(FolderTransport(outbox).deliver([LETTER], unheeded))

    (file,) = outbox.iterdir()
    assert [each.stat().st_mode & 0o777 for each in (outbox, file)] == [0o700, 0o600]


def test_the_same_letter_again_is_the_same_file(tmp_path: Path) -> None:
    transport = FolderTransport(tmp_path)

    receipts = list(transport.deliver([LETTER, LETTER], unheeded))

    assert len(receipts) == 2
    assert len([*tmp_path.iterdir()]) == 1


def test_another_letter_is_another_file(tmp_path: Path) -> None:
    letters = [a_letter(id=f"<weekly.2026-11-23.{n}@example.org>") for n in range(3)]

    list(FolderTransport(tmp_path).deliver(letters, unheeded))

    assert len([*tmp_path.glob("*.eml")]) == 3


def test_no_folder_is_made_before_the_first_letter(tmp_path: Path) -> None:
    assert list(FolderTransport(tmp_path / "outbox").deliver([], unheeded)) == []
    assert not (tmp_path / "outbox").exists()


def test_a_file_can_be_read_as_mail(tmp_path: Path) -> None:
    list(FolderTransport(tmp_path).deliver([LETTER], unheeded))

    (file,) = tmp_path.iterdir()
    assert message_from_bytes(file.read_bytes())["Subject"] == "Hello"


def test_a_folder_that_cannot_be_written_is_an_error_that_names_it(tmp_path: Path) -> None:
    (tmp_path / "outbox").touch()

    with pytest.raises(TransportError, match=r"the folder .*outbox cannot be written: ") as caught:
        list(FolderTransport(tmp_path / "outbox").deliver([LETTER], unheeded))

    assert LETTER.recipient not in str(caught.value)
