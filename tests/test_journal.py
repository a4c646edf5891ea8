"""
The crash journal: what it says of a run that is dead, and that it says nothing of one that lives.
"""

import os
from datetime import timedelta
from pathlib import Path
from threading import Event, Thread

import pytest

from digest.errors import StoreError
from digest.journal import KEPT_FOR, Fate, Journal, clear_old, current_boot, past_iter
from digest.model import Outcome

from .factories import MONDAY, a_journal, a_receipt


def only(folder: Path) -> dict[int, Fate]:
    (past,) = past_iter(folder, now=MONDAY)
    return past.fates()


def dead(journal: Journal) -> None:
    journal.close(done=False)


def test_the_journal_of_a_living_run_is_nobodys_business(tmp_path: Path) -> None:
    journal = a_journal(tmp_path)

    assert list(past_iter(tmp_path, now=MONDAY)) == []

    dead(journal)
    assert len(list(past_iter(tmp_path, now=MONDAY))) == 1


def test_a_journal_that_somebody_looks_at_while_it_is_made_is_made_all_the_same(
    tmp_path: Path,
) -> None:
    made = Event()

    def look() -> None:
        while not made.is_set():
            list(past_iter(tmp_path, now=MONDAY))

    threads = [Thread(target=look) for _ in range(3)]
    for each in threads:
        each.start()
    try:
        for number in range(200):
            dead(a_journal(tmp_path, f"r{number}"))
            (tmp_path / f"r{number}.journal").unlink()
    finally:
        made.set()
        for each in threads:
            each.join()


def test_the_last_word_on_each_letter_counts(tmp_path: Path) -> None:
    journal = a_journal(tmp_path)
    for each in (1, 2, 3, 4):
        journal.begin(each)
    journal.settle(a_receipt(1, code=250))
    journal.settle(a_receipt(2, Outcome.REFUSED, code=550))
    journal.settle(a_receipt(3, Outcome.IN_DOUBT))
    journal.begin(1 << 39)
    dead(journal)

    assert only(tmp_path) == {
        1: Fate(outcome=Outcome.ACCEPTED, code=250),
        2: Fate(outcome=Outcome.REFUSED, code=550),
        3: Fate(outcome=Outcome.IN_DOUBT),
        4: Fate(outcome=Outcome.IN_DOUBT),
        1 << 39: Fate(outcome=Outcome.IN_DOUBT),
    }


def test_a_record_that_was_cut_off_is_none(tmp_path: Path) -> None:
    journal = a_journal(tmp_path)
    journal.begin(1)
    journal.begin(2)
    dead(journal)
    (file,) = tmp_path.iterdir()
    os.truncate(file, file.stat().st_size - 5)

    assert only(tmp_path).keys() == {1}


def test_a_journal_knows_whose_it_is(tmp_path: Path) -> None:
    dead(a_journal(tmp_path, "r1", boot="b", store="s", issue="weekly/2026-11-23"))

    (past,) = past_iter(tmp_path, now=MONDAY)

    heading = past.heading
    assert (heading.boot, heading.store, heading.run, heading.issue) == (
        "b",
        "s",
        "r1",
        "weekly/2026-11-23",
    )
    assert not past.done


def test_what_is_done_says_so(tmp_path: Path) -> None:
    a_journal(tmp_path, "r1").close(done=True)
    dead(a_journal(tmp_path, "r2"))

    before = {each.heading.run: each.done for each in past_iter(tmp_path, now=MONDAY)}
    for each in past_iter(tmp_path, now=MONDAY):
        if not each.done:
            each.finish()
    after = {each.heading.run: each.done for each in past_iter(tmp_path, now=MONDAY)}

    assert before == {"r1": True, "r2": False}
    assert after == {"r1": True, "r2": True}


def test_only_its_owner_reads_it(tmp_path: Path) -> None:
    dead(a_journal(tmp_path / "journals"))

    (file,) = (tmp_path / "journals").iterdir()
    assert file.stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "journals").stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("content", [b"", b"hello\n", b"digest journal 9|a|b|c|d\n", b"\xff\xfe\n"])
def test_other_files_are_passed_over(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.journal").write_bytes(content)
    (tmp_path / "y.txt").write_bytes(content)

    assert list(past_iter(tmp_path, now=MONDAY)) == []


def test_there_need_not_be_a_folder(tmp_path: Path) -> None:
    assert list(past_iter(tmp_path / "none", now=MONDAY)) == []


def test_old_ones_are_removed_once_they_are_done(tmp_path: Path) -> None:
    a_journal(tmp_path, "old").close(done=True)
    a_journal(tmp_path, "new").close(done=True)
    dead(a_journal(tmp_path, "dead"))
    long_ago = (MONDAY - KEPT_FOR - timedelta(days=1)).timestamp()
    for name in ("old.done", "dead.journal"):
        os.utime(tmp_path / name, (long_ago, long_ago))

    clear_old(tmp_path, now=MONDAY)

    assert {each.name for each in tmp_path.iterdir()} == {"new.done", "dead.journal"}


def test_a_journal_that_cannot_be_written_is_an_error_before_anything_is_sent(
    tmp_path: Path,
) -> None:
    (tmp_path / "journals").touch()

    with pytest.raises(StoreError, match=r"journal .* cannot be written"):
        a_journal(tmp_path / "journals")


def test_the_machine_has_one_name_for_as_long_as_it_runs() -> None:
    assert current_boot() == current_boot()


def test_a_journal_that_another_run_has_finished_meanwhile_says_the_same(tmp_path: Path) -> None:
    journal = a_journal(tmp_path)
    journal.begin(1)
    dead(journal)
    (ours,) = past_iter(tmp_path, now=MONDAY)
    (theirs,) = past_iter(tmp_path, now=MONDAY)

    theirs.finish()

    assert ours.fates() == {1: Fate()}
    ours.finish()
    (past,) = past_iter(tmp_path, now=MONDAY)
    assert past.done


def test_journals_that_others_clear_away_meanwhile_are_passed_over(tmp_path: Path) -> None:
    for number in range(3):
        a_journal(tmp_path, f"r{number}").close(done=True)
    looking = past_iter(tmp_path, now=MONDAY)
    next(looking)

    for each in tmp_path.iterdir():
        each.unlink()

    assert list(looking) == []
