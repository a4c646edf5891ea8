"""
What proves that a letter was sent: a queued message, a bounce; and what does not.
"""

import gzip
from pathlib import Path

import pytest

from digest.errors import NotFoundError
from digest.evidence import find_sent

ONE, TWO, THREE = "<one@example.org>", "<two@example.org>", "<three@example.org>"
POSTFIX = """\
Nov 23 07:00:01 mx postfix/cleanup[11]: 4A1: message-id=<one@example.org>
Nov 23 07:00:01 mx postfix/qmgr[12]: 4A1: from=<news@example.org>, size=9, nrcpt=1 (queue active)
Nov 23 07:00:02 mx postfix/cleanup[11]: 4A2: message-id=<two@example.org>
Nov 23 07:00:02 mx postfix/smtpd[10]: lost connection after DATA (approximately 12 bytes)
"""
EXIM = """\
2026-11-23 07:00:01 1abc-01 <= news@example.org H=(x) [127.0.0.1] P=esmtp S=900 id=one@example.org
2026-11-23 07:00:02 1abc-02 => ann@example.org R=dnslookup T=remote_smtp
"""
BOUNCE = """\
From: MAILER-DAEMON@example.net
Message-ID: <their-own@example.net>
Content-Type: multipart/report; boundary=x

--x
Content-Type: message/rfc822

Subject: Hello
Message-Id: <two@example.org>
--x--
"""


def test_postfix_proves_what_it_queued_and_not_what_only_came_in(tmp_path: Path) -> None:
    log = tmp_path / "mail.log"
    log.write_text(POSTFIX)

    assert find_sent(log, [ONE, TWO, THREE]) == {ONE}


def test_a_queue_id_that_is_used_again_proves_nothing_twice(tmp_path: Path) -> None:
    log = tmp_path / "mail.log"
    lines = POSTFIX.splitlines(keepends=True)
    log.write_text(lines[2] + lines[1] + lines[1].replace("4A1", "4A2") * 2)

    assert find_sent(log, [ONE, TWO]) == {TWO}


def test_exim_proves_what_arrived(tmp_path: Path) -> None:
    log = tmp_path / "mainlog"
    log.write_text(EXIM)

    assert find_sent(log, [ONE, TWO]) == {ONE}


def test_old_logs_may_be_compressed(tmp_path: Path) -> None:
    log = tmp_path / "mail.log.2.gz"
    log.write_bytes(gzip.compress(POSTFIX.encode()))

    assert find_sent(log, [ONE]) == {ONE}


def test_a_bounce_proves_what_it_quotes(tmp_path: Path) -> None:
    bounce = tmp_path / "bounce.eml"
    bounce.write_text(BOUNCE)

    assert find_sent(bounce, [ONE, TWO]) == {TWO}


def test_a_header_may_stand_on_two_lines(tmp_path: Path) -> None:
    bounce = tmp_path / "bounce.eml"
    bounce.write_text(BOUNCE.replace("Message-Id: ", "Message-ID:\n "))

    assert find_sent(bounce, [TWO]) == {TWO}


def test_a_maildir_is_read_as_a_whole(tmp_path: Path) -> None:
    (tmp_path / "new").mkdir()
    (tmp_path / "new" / "1").write_text(BOUNCE)
    (tmp_path / "new" / "2").write_bytes(b"\xff\x00 rubbish\n" + EXIM.encode())

    assert find_sent(tmp_path, [ONE, TWO, THREE]) == {ONE, TWO}


def test_a_letter_that_only_mentions_it_proves_nothing(tmp_path: Path) -> None:
    log = tmp_path / "mail.log"
    log.write_text(f"In-Reply-To: {ONE}\nReferences: {ONE}\nhello {ONE}\nid={ONE}\n")

    assert find_sent(log, [ONE]) == set()


def test_what_cannot_be_read_is_said(tmp_path: Path) -> None:
    (tmp_path / "broken.gz").write_bytes(b"no gzip")

    with pytest.raises(NotFoundError, match="there is no file"):
        find_sent(tmp_path / "none", [ONE])
    with pytest.raises(NotFoundError, match="cannot be read"):
        find_sent(tmp_path / "broken.gz", [ONE])
