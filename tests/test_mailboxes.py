"""
Mailboxes are read and left as they were, but for what was ours and is to be flagged or moved.
"""

import io
import mailbox
import ssl
from datetime import date
from pathlib import Path

import pytest
import trustme

from digest.errors import StoreError, TransportAway, TransportError
from digest.mailboxes import (
    MAX_MAIL,
    Account,
    After,
    ImapFolder,
    MaildirFolder,
    MboxFile,
    Pipe,
)

from .imapd import Post, imap_server
from .program import contents

MAILS = ("Subject: one\n\nOne.\n", "Subject: two\n\nTwo.\n", "Subject: three\n\nThree.\n")
SINCE = date(2026, 11, 1)
#: A report that ends early, and says something without a space.
CUT = (
    b"Subject: Undelivered\r\nMessage-ID: <1@mx.example.org>\r\nMIME-Version: 1.0\r\n"
    b'Content-Type: multipart/report; boundary="X"\r\n\r\n--X\r\n'
    b"Content-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example.org\r\n\r\n"
    b"Action:failed\r\nStatus:  5.1.1\r\n"
)


def a_maildir(folder: Path) -> Path:
    box = mailbox.Maildir(folder / "mail", create=True)
    for mail in MAILS:
        box.add(mail)
    return folder / "mail"


def an_account(post: Post, **fields: str) -> Account:
    values = {
        "host": "127.0.0.1",
        "security": "none",
        "username": post.username,
        "password": post.password,
        "ca_file": None,
        "folder": "INBOX",
    } | fields
    return Account(port=post.port, **values)  # type: ignore[arg-type]


def test_a_maildir_is_read_and_not_changed(tmp_path: Path) -> None:
    path = a_maildir(tmp_path)
    before = contents(path)

    box = MaildirFolder(path)
    mails = list(box.mails_iter())
    box.settle([each.name for each in mails])

    assert sorted(each.data.decode() for each in mails) == sorted(MAILS)
    assert contents(path) == before


def test_in_a_maildir_only_what_is_ours_is_flagged(tmp_path: Path) -> None:
    path = a_maildir(tmp_path)
    box = MaildirFolder(path, after="flag")
    first, *_ = box.mails_iter()

    box.settle([first.name])

    assert len(list((path / "new").iterdir())) == 2
    (seen,) = (path / "cur").iterdir()
    assert seen.name.endswith(":2,S")
    assert seen.read_bytes() == first.data


def test_in_a_maildir_only_what_is_ours_is_moved(tmp_path: Path) -> None:
    path = a_maildir(tmp_path)
    box = MaildirFolder(path, after="move", done="digest-done")
    first, *_ = box.mails_iter()

    box.settle([first.name])

    assert len(list((path / "new").iterdir())) == 2
    (moved,) = (path / ".digest-done" / "cur").iterdir()
    assert moved.read_bytes() == first.data


@pytest.mark.parametrize(
    ("after", "name", "there"),
    [
        ("flag", "new/1.host", "cur/1.host:2,S"),
        ("flag", "cur/1.host:2,FR", "cur/1.host:2,FRS"),
        ("move", "new/1.host", ".done/cur/1.host:2,S"),
        ("move", "cur/1.host:2,S", ".done/cur/1.host:2,S"),
    ],
)
def test_in_a_maildir_a_garbled_report_stays_the_same_byte_for_byte(
    tmp_path: Path, after: After, name: str, there: str
) -> None:
    path = a_maildir(tmp_path)
    (path / name).write_bytes(CUT)
    box = MaildirFolder(path, after=after, done="done")

    box.settle(["1.host"])
    box.settle(["1.host"])

    assert (path / there).read_bytes() == CUT
    assert there == name or not (path / name).exists()


def test_a_mail_that_another_program_took_is_passed_over(tmp_path: Path) -> None:
    path = a_maildir(tmp_path)
    box = MaildirFolder(path, after="move", done="done")
    names = []
    for mail in box.mails_iter():
        names.append(mail.name)
        for each in (path / "new").iterdir():
            each.unlink()

    box.settle(names)

    assert len(names) == 1


@pytest.mark.parametrize("make", [None, "file", "folder"])
def test_what_is_no_maildir_is_named(tmp_path: Path, make: str | None) -> None:
    path = tmp_path / "mail"
    if make == "file":
        path.write_text("x")
    elif make == "folder":
        path.mkdir()

    with pytest.raises(StoreError, match="is no maildir: it should have the folders"):
        MaildirFolder(path)


def test_an_mbox_file_is_read_mail_by_mail(tmp_path: Path) -> None:
    path = tmp_path / "mbox"
    path.write_bytes(
        b"From a Mon Nov 23 07:12:00 2026\nSubject: one\n\nOne.\n>From here on\nFrom there\n\n"
        b"From b Mon Nov 23 07:13:00 2026\r\nSubject: two\r\n\r\nTwo.\r\n"
    )
    before = path.stat()

    mails = list(MboxFile(path).mails_iter())

    assert [each.data for each in mails] == [
        b"Subject: one\n\nOne.\nFrom here on\nFrom there\n\n",
        b"Subject: two\r\n\r\nTwo.\r\n",
    ]
    assert path.stat().st_mtime_ns == before.st_mtime_ns


def test_a_large_mail_of_an_mbox_file_is_cut_and_the_next_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "mbox"
    path.write_bytes(b"From a\n\n" + b"x" * 70 * 40_000 + b"\n\nFrom b\nSubject: two\n\nTwo.\n")

    large, small = MboxFile(path).mails_iter()

    assert len(large.data) < MAX_MAIL + 65_537
    assert small.data == b"Subject: two\n\nTwo.\n"


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="mbox is no mbox file"):
        MboxFile(tmp_path / "mbox")


def test_a_pipe_holds_one_mail_and_is_read_to_its_end() -> None:
    stream = io.BytesIO(b"Subject: one\n\n" + b"x" * 3 * MAX_MAIL)

    (mail,) = Pipe(stream).mails_iter()

    assert len(mail.data) == MAX_MAIL
    assert not stream.read()
    assert not list(Pipe(io.BytesIO(b"\n")).mails_iter())


def test_an_imap_folder_is_read_without_a_trace() -> None:
    with imap_server(Post()) as post:
        post.put(*MAILS)
        box = ImapFolder(an_account(post), since=SINCE)

        mails = list(box.mails_iter())
        box.settle([each.name for each in mails])

    assert [each.data.decode() for each in mails] == list(MAILS)
    assert not any(each.flags for each in post.folders["INBOX"])
    assert set(post.commands) == {"CAPABILITY", "LOGIN", "EXAMINE", "SEARCH", "FETCH", "LOGOUT"}


@pytest.mark.parametrize(
    ("after", "moves", "inbox", "done", "flags"),
    [
        ("flag", True, [1, 2, 3], [], {r"\Seen"}),
        ("move", True, [1, 3], [2], set()),
        ("move", False, [1, 2, 3], [2], {r"\Seen", r"\Deleted"}),
    ],
)
def test_on_a_server_only_what_is_ours_is_settled_and_nothing_expunged(
    *, after: After, moves: bool, inbox: list[int], done: list[int], flags: set[str]
) -> None:
    with imap_server(Post(moves=moves)) as post:
        post.put(*MAILS)
        post.folders["INBOX"][0].flags = {r"\Deleted"}
        box = ImapFolder(an_account(post), since=SINCE, after=after, done="Done at last")

        box.settle(["2"])
        box.settle([])

    assert (post.uids(), post.uids("Done at last")) == (inbox, done)
    of_ours = [each for each in post.folders["INBOX"] if each.uid == 2]
    assert not of_ours or of_ours[0].flags == flags
    assert "EXPUNGE" not in post.commands
    assert post.folders["INBOX"][0].flags == {r"\Deleted"}
    assert not post.folders["INBOX"][-1].flags


def test_a_wrong_password_is_told_without_telling_it() -> None:
    with imap_server(Post()) as post:
        box = ImapFolder(an_account(post, password='wr"ong'), since=SINCE)

        with pytest.raises(TransportError, match=r"refuses: .*wrong password") as caught:
            list(box.mails_iter())

    assert 'wr"ong' not in str(caught.value)
    assert 'wr"ong' not in repr(an_account(post, password='wr"ong'))


def test_a_folder_that_is_not_there_is_told() -> None:
    with (
        imap_server(Post()) as post,
        pytest.raises(TransportError, match="no such folder"),
    ):
        list(ImapFolder(an_account(post, folder="Bounces"), since=SINCE).mails_iter())


def test_a_server_that_is_away_is_asked_again_later() -> None:
    with imap_server(Post()) as post:
        pass

    with pytest.raises(TransportAway, match="cannot be reached") as caught:
        list(ImapFolder(an_account(post), since=SINCE).mails_iter())

    assert caught.value.exit_status == 75


def test_tls_is_spoken_and_checked(tmp_path: Path) -> None:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)

    with imap_server(Post(), tls=context) as post:
        post.put(*MAILS)
        trusted = an_account(post, security="tls", ca_file=str(tmp_path / "ca.pem"))
        mails = list(ImapFolder(trusted, since=SINCE).mails_iter())
        unknown = ImapFolder(an_account(post, security="tls"), since=SINCE)
        with pytest.raises(TransportError, match="no TLS with the IMAP server"):
            list(unknown.mails_iter())

    assert len(mails) == 3
