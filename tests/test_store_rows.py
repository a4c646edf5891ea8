"""
What is looked for among the letters is found by an index, however many were sent over the years.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, event

from digest.model import Cause, Meaning
from digest.store import Store
from digest.store.feedback import Report

from .factories import ISSUE, KEY, MONDAY, PAGE, a_store, an_edition, an_issue_of

CAUSE = Cause(by="hand", reason="", evidence={})
ANN = "r0@example.org"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = a_store(tmp_path)
    yield store
    store.close()


@pytest.fixture
def scans() -> Iterator[list[str]]:
    """
    Statements for which SQLite goes through all letters.
    """
    found: list[str] = []

    def look(connection: Connection, _: Any, statement: str, values: Any, *more: Any) -> None:
        if statement.startswith(("SELECT", "UPDATE", "DELETE")):
            *_, many = more
            cursor = connection.connection.cursor()
            cursor.execute(f"EXPLAIN QUERY PLAN {statement}", values[0] if many else values)
            if any(step.startswith("SCAN letters") for *_, step in cursor.fetchall()):
                found.append(statement)

    event.listen(Engine, "before_cursor_execute", look)
    yield found
    event.remove(Engine, "before_cursor_execute", look)


def report(store: Store, ann: int) -> None:
    found = store.feedback.find((ann, 1), ["<weekly.2026-11-16.0@example.org>"], "", [KEY])
    assert found
    one = Report(hash="one", found=found, kind=Meaning.SOFT, status="4.2.2", at=MONDAY)
    assert store.feedback.take(one, CAUSE, lambda _: {}) == ()


def find_by_address(store: Store, _: int) -> None:
    store.feedback.find(None, [], ANN, [KEY])


def erase(store: Store, ann: int) -> None:
    store.people.erase(ann)


def export(store: Store, ann: int) -> None:
    assert store.people.export(ann)["letters"]


def choose_again(store: Store, ann: int) -> None:
    assert store.unclaimed.topics_coming("weekly", ann)
    assert store.unclaimed.issue_of("weekly", ann)
    assert store.unclaimed.replace(ISSUE.id, ann, an_edition(), PAGE)


def begin_another(store: Store, _: int) -> None:
    an_issue_of(store, 1, id="weekly/2026-11-30")


def look_back(store: Store, _: int) -> None:
    store.pacing.past("weekly@example.org", MONDAY)


@pytest.mark.parametrize(
    "act", [report, find_by_address, erase, export, choose_again, begin_another, look_back]
)
def test_one_reader_or_issue_is_found_without_going_through_all_letters(
    store: Store, scans: list[str], act: Callable[[Store, int], None]
) -> None:
    ann, *_ = an_issue_of(store, 2)

    act(store, ann)

    assert scans == []
