"""
Subscriber lists are taken as people write them; what is not taken is named by line, not by address.
"""

import csv
import io
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Thread

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digest.errors import StoreError
from digest.model import Entry, Problem, Subscriber
from digest.roster import parse_entry, read_roster, write_csv, write_json_lines, write_report
from digest.text import clean_line, clean_name

from .factories import a_subscriber, an_entry

FORMULA_SIGNS = ("=", "+", "-", "@", "|", "%", "＝", "＋", "－", "＠")  # noqa: RUF001
WRITERS = pytest.mark.parametrize(
    ("write", "ending"), [(write_csv, "csv"), (write_json_lines, "jsonl")]
)


def no_topic_is_wrong(topics: tuple[str, ...]) -> str:
    return ""


def read(
    folder: Path, source: str | bytes, name: str = "list.csv"
) -> tuple[list[Entry], list[Problem]]:
    """
    What a file of that text holds. Everything said about it is free of addresses.
    """
    path = folder / name
    path.write_bytes(source if isinstance(source, bytes) else source.encode())
    found = list(read_roster(path, no_topic_is_wrong))
    problems = [each for each in found if isinstance(each, Problem)]
    assert all(problem.file == str(path) for problem in problems)
    assert not any("@example" in problem.message for problem in problems)
    return [each for each in found if isinstance(each, Entry)], problems


def test_csv_with_a_header_is_read(tmp_path: Path) -> None:
    source = (
        "email,name,topics\n"
        "ann@example.org,Ann Example,AI;Computer Vision\n"
        'bob@example.org,"Example, Bob",\n'
        '"cyd@example.org"\n'
        "\n"
        ",,\n"
        " Zoë@EXÄMPLE.org ,Zoë, AI ;; AI\n".replace("Zoë@", "zoe@")
    )

    entries, problems = read(tmp_path, source)

    assert problems == []
    assert entries == [
        an_entry(name="Ann Example", topics=("AI", "Computer Vision")),
        an_entry(address="bob@example.org", name="Example, Bob"),
        an_entry(address="cyd@example.org"),
        an_entry(address="zoe@xn--exmple-cua.org", name="Zoë", topics=("AI",)),
    ]


def test_json_lines_are_read(tmp_path: Path) -> None:
    source = (
        '{"email": "ann@example.org", "name": "Ann", "topics": ["AI", " Vision "]}\n'
        "\n"
        '{"topics": "AI;Vision", "email": "bob@example.org"}\r\n'
        '{"email": "cyd@example.org", "name": null, "topics": []}'
    )

    for ending in ("jsonl", "ndjson", "JSON"):
        entries, problems = read(tmp_path, source, f"list.{ending}")

        assert problems == []
        assert entries == [
            an_entry(name="Ann", topics=("AI", "Vision")),
            an_entry(address="bob@example.org", topics=("AI", "Vision")),
            an_entry(address="cyd@example.org"),
        ]


@pytest.mark.parametrize(
    "header", ["email,name", "Email, NAME ", "\ufeffemail,name", '"email","name"', "email,name\r"]
)
def test_the_header_may_be_written_in_many_ways(tmp_path: Path, header: str) -> None:
    entries, problems = read(tmp_path, f"{header}\nann@example.org,Ann\n")

    assert (entries, problems) == ([an_entry(name="Ann")], [])


def test_columns_may_come_in_any_order(tmp_path: Path) -> None:
    entries, _ = read(tmp_path, "topics,name,email\nAI,Ann,ann@example.org\n")

    assert entries == [an_entry(name="Ann", topics=("AI",))]


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("", '""'),
        ("name,topics\n", '"name,topics"'),
        ("email|name|topics\n", '"email|name|topics"'),
        ("email,phone\n", '"email,phone"'),
        ("email,name,email\n", '"email,name,email"'),
        ("ann@example.org,Ann\n", '"…,ann"'),
        ('"Ann <ann@example.org>"\n', '"…"'),
    ],
)
def test_a_file_without_our_header_is_refused_without_showing_an_address(
    tmp_path: Path, source: str, found: str
) -> None:
    with pytest.raises(StoreError) as caught:
        read(tmp_path, source)

    message = f'list.csv:1: found the header {found}, needed is "email,name,topics"'
    assert str(caught.value) == f"{tmp_path}/{message}"


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda path: path.exists(), "cannot be read: No such file"),
        (lambda path: path.mkdir(), "cannot be read: Is a directory"),
        (lambda path: path.write_bytes(b"email\ncaf\xe9@example.org"), ":2: not UTF-8 text"),
    ],
)
def test_a_file_that_cannot_be_read_says_why(
    tmp_path: Path, make: Callable[[Path], object], message: str
) -> None:
    path = tmp_path / "list.csv"
    make(path)

    with pytest.raises(StoreError, match=message) as caught:
        list(read_roster(path, no_topic_is_wrong))

    assert str(path) in str(caught.value)


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("annexample.org,Ann", "the address has no @"),
        (",Ann", "the address has no @"),
        ("ann@,Ann", "the address is not an address that mail can be sent to"),
        ("a" * 290 + "@example.org,Ann", "the address is longer than 254 characters"),
        ("ann@example.org,Ann,AI,Vision", "4 values for 3 fields: quote values that hold a comma"),
        ("ann@example.org,A\0nn", "the name holds a NUL character: remove it"),
        ("ann\0@example.org,Ann", "the address is not an address that mail can be sent to"),
    ],
)
def test_a_row_that_is_not_taken_is_named_and_the_others_are(
    tmp_path: Path, row: str, message: str
) -> None:
    source = f"email,name,topics\n{row}\nbob@example.org,Bob,\n"

    entries, problems = read(tmp_path, source)

    assert entries == [an_entry(address="bob@example.org", name="Bob")]
    assert [(each.line, each.message) for each in problems] == [(2, message)]


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("ann@example.org", "not valid JSON: one object a line"),
        ("[" * 100_000, "not valid JSON: one object a line"),
        ('{"email": "ann@example.org", "name": ' + "1" * 5_000 + "}", "not valid JSON"),
        ('["ann@example.org"]', "not an object: one object a line"),
        ('{"name": "Ann"}', "the address has no @"),
        ('{"email": 5}', "email and name should be texts, topics a list of them"),
        ('{"email": "ann@example.org", "name": ["Ann"]}', "should be texts"),
        ('{"email": "ann@example.org", "topics": [1]}', "topics a list of them"),
        ('{"email": "ann@example.org", "topics": {"AI": 1}}', "topics a list of them"),
        ('{"email": "ann@example.org", "phone": "1"}', "more fields than email, name, topics"),
        ('{"email": "ann\\ud800@example.org"}', "is not an address"),
        ('{"email": "ann@example.org", "name": "\\u0000"}', "holds a NUL character: remove it"),
    ],
    ids=lambda value: value[:30],
)
def test_a_json_line_that_is_not_taken_is_named_and_the_others_are(
    tmp_path: Path, row: str, message: str
) -> None:
    entries, (problem,) = read(tmp_path, f'{row}\n{{"email": "bob@example.org"}}\n', "a.jsonl")

    assert entries == [an_entry(address="bob@example.org")]
    assert problem.line == 1
    assert message in problem.message


def test_an_address_is_taken_once_whatever_its_case(tmp_path: Path) -> None:
    source = "email,name\nann@example.org,First\nANN@Example.ORG,Second\nbob@example.org,Bob\n"

    entries, (problem,) = read(tmp_path, source)

    assert [entry.name for entry in entries] == ["First", "Bob"]
    assert (problem.line, problem.message) == (3, "the same address as in line 2: keep one of them")


def test_a_row_that_was_not_taken_does_not_shut_out_the_next(tmp_path: Path) -> None:
    entries, problems = read(tmp_path, "email,name\nann@example.org,=1\nann@example.org,Ann\n")

    assert entries == [an_entry(name="Ann")]
    assert [problem.line for problem in problems] == [2]


@pytest.mark.parametrize("sign", FORMULA_SIGNS)
@pytest.mark.parametrize("before", ["", " ", "\u00a0", "\u200b", "\ufeff", "\u202e", "\n", "\t"])
def test_a_name_that_a_spreadsheet_would_run_is_refused(
    tmp_path: Path, sign: str, before: str
) -> None:
    _, (problem,) = read(tmp_path, f'email,name\nann@example.org,"{before}{sign}1+1"\n')

    assert problem.message == f'the name begins with "{sign}", as a formula does: remove it'


def test_a_name_that_has_such_a_sign_further_on_is_fine(tmp_path: Path) -> None:
    entries, problems = read(tmp_path, "email,name\nann@example.org,Anne-Marie = A+B\n")

    assert (entries, problems) == ([an_entry(name="Anne-Marie = A+B")], [])


@pytest.mark.parametrize(
    ("rest", "taken", "refused"),
    [
        ("", [], [2]),
        ("bob@example.org,Bob\n", [3], [2]),
        ('bob@example.org,"Bob"\n', [3], [2]),
        ('bob@example.org,"Bob\ncy@example.org,Cy\n', [4], [2, 3]),
        ('"bob@example.org"\ncy@example.org,"C ""y"""\n', [3, 4], [2]),
        ("x" * 140_000 + "\nbob@example.org,Bob\n", [4], [2, 3]),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_quote_that_is_not_closed_costs_no_other_row(
    tmp_path: Path, rest: str, taken: list[int], refused: list[int]
) -> None:
    entries, problems = read(tmp_path, f'email,name\nann@example.org,"Ann\n{rest}')

    assert [each.line for each in entries] == taken
    assert [each.line for each in problems] == refused
    assert "see to the quotation marks of this line" in problems[0].message
    assert getattr(problems[0], "who", None) == "a•••@example.org"


@pytest.mark.parametrize(
    "name", ["Ann\nbob@example.org,Bob", "Ann\n\n\nof the Hills", "Ann\r\nBcc: eve@example.org"]
)
def test_what_seems_to_hold_rows_is_refused_whole(tmp_path: Path, name: str) -> None:
    """
    A name that somebody chose elsewhere must not put others on the list.
    """
    last = 2 + name.count("\n")

    entries, (problem,) = read(
        tmp_path, f'email,name\nann@example.org,"{name}"\ncy@example.org,Cy\n'
    )

    assert [(each.line, each.name) for each in entries] == [(last + 1, "Cy")]
    assert (problem.line, problem.message) == (
        2,
        f"a quoted value goes on to line {last}: close it, or take out its line breaks",
    )


def test_a_name_that_took_the_address_of_its_own_row_is_refused(tmp_path: Path) -> None:
    source = 'name,email\n"Ann,ann@example.org\nBob",bob@example.org\nCy,cy@example.org,,\n'

    entries, problems = read(tmp_path, source)

    assert entries == []
    assert [each.line for each in problems] == [2, 4]


def test_topics_that_are_wrong_are_said_by_who_knows_them(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_text("email,topics\nann@example.org,AI;Fishing\nbob@example.org,\n")
    asked = []

    def check(topics: tuple[str, ...]) -> str:
        asked.append(topics)
        return 'there is no topic "Fishing"' if "Fishing" in topics else ""

    problem, entry = read_roster(path, check)

    assert asked == [("AI", "Fishing"), ()]
    assert isinstance(problem, Problem)
    assert (problem.line, problem.message) == (2, 'there is no topic "Fishing"')
    assert entry == an_entry(address="bob@example.org")


def test_an_entry_from_the_command_line_is_checked_alike() -> None:
    entry = parse_entry(" Ann@Example.org", "Ann\r\nX", ["", " AI "], no_topic_is_wrong)

    assert entry == an_entry(address="Ann@example.org", name="Ann X", topics=("AI",))
    with pytest.raises(ValueError, match=r"^the address has no @$"):
        parse_entry("ann", "Ann", [], no_topic_is_wrong)
    with pytest.raises(ValueError, match="as a formula does: remove it"):
        parse_entry("ann@example.org", "\r=1", [], no_topic_is_wrong)


def test_an_export_has_a_header_and_quotes_everything() -> None:
    readers = [a_subscriber(name='Ann "A", Ltd', topics=("AI", "Computer Vision"))]

    text = "".join(write_csv(readers))

    assert text == (
        '"email","name","topics"\r\n"ann@example.org","Ann ""A"", Ltd","AI;Computer Vision"\r\n'
    )


@pytest.mark.parametrize("sign", FORMULA_SIGNS)
def test_no_cell_of_an_export_is_run_by_a_spreadsheet(sign: str) -> None:
    readers = [
        a_subscriber(address=f"{sign}ann@example.org", name=f"{sign}Ann", topics=(f"{sign}1",)),
        a_subscriber(name=f" \ufeff{sign}Ann", topics=("AI", f"{sign}1")),
    ]

    _, *rows = csv.reader(io.StringIO("".join(write_csv(readers))))

    assert rows[0] == [f"'{sign}ann@example.org", f"'{sign}Ann", f"'{sign}1"]
    assert rows[1] == ["ann@example.org", f"' \ufeff{sign}Ann", f"AI;{sign}1"]


def written(readers: list[Subscriber], write: Callable[[list[Subscriber]], Iterator[str]]) -> str:
    return "".join(write(readers))


@WRITERS
def test_addresses_and_topics_that_look_like_formulas_come_back(
    tmp_path: Path, write: Callable[[list[Subscriber]], Iterator[str]], ending: str
) -> None:
    readers = [
        a_subscriber(address="+ann@example.org", name="'=1", topics=("=1+1", "@home")),
        a_subscriber(address="'+ann@example.org", name="''-", topics=("'+1",)),
        a_subscriber(address="''=x@example.org", name="O'Hara"),
    ]

    entries, problems = read(tmp_path, written(readers, write), f"list.{ending}")

    assert problems == []
    assert [(each.address, each.name, each.topics) for each in entries] == [
        (each.address, each.name, each.topics) for each in readers
    ]


def is_a_name(raw: str) -> bool:
    return not clean_name(raw).startswith(FORMULA_SIGNS)


NAMES = st.text(max_size=40).filter(is_a_name).map(clean_name)
TOPICS = st.text(max_size=20).map(clean_line).filter(lambda topic: topic and ";" not in topic)


@WRITERS
@settings(deadline=None)
@given(names=st.lists(NAMES, max_size=5), topics=st.lists(TOPICS, unique=True, max_size=3))
def test_what_is_exported_can_be_imported(
    tmp_path_factory: pytest.TempPathFactory,
    write: Callable[[list[Subscriber]], Iterator[str]],
    ending: str,
    names: list[str],
    topics: list[str],
) -> None:
    readers = [
        a_subscriber(address=f"a{n}@example.org", name=name, topics=tuple(topics) or None)
        for n, name in enumerate(names)
    ]
    folder = tmp_path_factory.getbasetemp()

    entries, problems = read(folder, written(readers, write), f"list.{ending}")

    assert problems == []
    assert [(each.address, each.name, each.topics) for each in entries] == [
        (each.address, each.name, each.topics) for each in readers
    ]


@settings(deadline=None)
@given(st.binary(max_size=200), st.sampled_from(["csv", "jsonl"]))
def test_any_bytes_are_entries_problems_or_a_store_error(
    tmp_path_factory: pytest.TempPathFactory, data: bytes, ending: str
) -> None:
    path = tmp_path_factory.getbasetemp() / f"bytes.{ending}"
    path.write_bytes(b"email,name,topics\n" + data)

    try:
        found = list(read_roster(path, no_topic_is_wrong))
    except StoreError:
        with pytest.raises(UnicodeDecodeError):
            data.decode()
    else:
        assert all(isinstance(each, Entry | Problem) for each in found)


def test_the_lists_of_the_checkout_are_read_without_a_problem() -> None:
    for path in (Path(__file__).parent.parent / "content").glob("*.csv"):
        found = list(read_roster(path, no_topic_is_wrong))

        assert found
        assert all(isinstance(each, Entry) for each in found)


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_the_separator_is_seen_in_the_header(tmp_path: Path, separator: str) -> None:
    source = 'email,name,topics\nann@example.org,Ann,"AI;Vision"\n'.replace(",", separator)

    entries, problems = read(tmp_path, source)

    assert (entries, problems) == ([an_entry(name="Ann", topics=("AI", "Vision"))], [])


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_utf_16_is_named(tmp_path: Path, encoding: str) -> None:
    mark = "" if encoding == "utf-16" else "\ufeff"

    with pytest.raises(StoreError, match=r"UTF-16 text: save the file as UTF-8$"):
        read(tmp_path, (mark + "email\nann@example.org\n").encode(encoding))


def test_windows_1252_is_guessed(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"as UTF-8 \(it looks like Windows-1252\)$"):
        read(tmp_path, "email,name\nann@example.org,Zoë “Z” Müller\n".encode("cp1252"))


def test_nothing_of_a_file_is_taken_that_is_no_text_further_on(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_bytes(b"email\nann@example.org\n" + b"\n" * 3_000_000 + b"caf\xe9")

    with pytest.raises(StoreError, match=r"list\.csv:3000003: not UTF-8 text"):
        next(read_roster(path, no_topic_is_wrong))


def test_a_row_with_line_breaks_in_quotes_is_named_by_its_first_line(tmp_path: Path) -> None:
    source = (
        'email,name\nann@example.org,"Ann\nof\nthe Hills"\n"x\ny",Nobody\nbob@example.org,Bob\n'
    )

    entries, (problem,) = read(tmp_path, source)

    assert [(each.name, each.line) for each in entries] == [("Ann of the Hills", 2), ("Bob", 7)]
    assert problem.line == 5


def test_a_refused_line_tells_whose_it_is_masked(tmp_path: Path) -> None:
    source = "email,name\nann@example.org,=1\nnonsense,\nann@example.org,Ann,x\n"

    _, problems = read(tmp_path, source)

    assert [getattr(each, "who", None) for each in problems] == [
        "a•••@example.org",
        "",
        "a•••@example.org",
    ]


def test_a_header_breaking_name_is_cleaned(tmp_path: Path) -> None:
    entries, problems = read(tmp_path, 'email,name\nann@example.org,"Ann\r\nBcc: eve"\n')

    assert (entries, problems) == ([an_entry(name="Ann Bcc: eve")], [])
    assert entries[0].cleaned


def test_a_json_line_that_is_too_long_is_named_and_the_next_is_read(tmp_path: Path) -> None:
    long = json.dumps({"email": "ann@example.org", "name": "x" * 300_000})

    entries, (problem,) = read(tmp_path, f'{long}\n{{"email": "bob@example.org"}}\n', "a.jsonl")

    assert [each.line for each in entries] == [2]
    assert problem.message == "not valid JSON: one object a line"


def test_a_pipe_is_read_like_a_file(tmp_path: Path) -> None:
    pipe = tmp_path / "list.csv"
    os.mkfifo(pipe)
    writer = Thread(target=pipe.write_text, args=("email\nann@example.org\n",))
    writer.start()

    (entry,) = read_roster(pipe, no_topic_is_wrong)

    writer.join()
    assert entry == an_entry()


def test_a_report_has_the_rows_as_they_were_and_harmless(tmp_path: Path) -> None:
    path = tmp_path / "list.jsonl"
    path.write_text(
        '{"email": "ann@example.org"}\n[]\n{"email": "=x", "topics": ["AI", "B"], "name": 5}\n'
    )

    _, *rows = csv.reader(io.StringIO("".join(write_report(path, {2: "none", 3: "why"}))))

    assert rows == [["2", "none", "", "", ""], ["3", "why", "'=x", "5", "AI;B"]]


def test_a_report_has_what_there_is_of_a_row_with_too_many_fields(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_text("name,email\nAnn,ann@example.org,x\n")

    (problem,) = read_roster(path, no_topic_is_wrong)
    _, row = csv.reader(io.StringIO("".join(write_report(path, {2: "why"}))))

    assert row == ["2", "why", "ann@example.org", "Ann", ""]
    assert getattr(problem, "who", None) == "a•••@example.org"


def test_of_several_addresses_in_a_field_only_one_is_told_masked(tmp_path: Path) -> None:
    _, (problem,) = read(tmp_path, 'email\n"Ann <ann@example.org>, bob@example.org"\n')

    assert getattr(problem, "who", None) == "a•••@example.org"
