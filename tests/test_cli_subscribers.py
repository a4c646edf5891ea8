"""
The lists on the command line: add, remove, list, show, topics, import, export.
"""

import csv
import io
import json
from pathlib import Path

import pytest

from tests.factories import a_store
from tests.program import AT, SITE, WEEKLY, Project, a_full_project, a_project

MASKED = "a•••@example.org"


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return a_project(tmp_path / "project")


def listed(project: Project) -> list[dict[str, object]]:
    """
    What `subscribers list --json` would list, without a process.
    """
    store = a_store(project.folder)
    readers = list(store.subscribers.active_iter("weekly"))
    store.close()
    return [
        {"email": each.address, "name": each.name, "topics": list(each.topics or ())}
        for each in readers
    ]


def test_who_is_added_is_listed(project: Project) -> None:
    added = project.done("subscribers", "add", "weekly", "ann@Example.ORG", "--name", "Ann Ö")

    assert (added.out, added.err) == ("", f"{MASKED} is subscribed to weekly\n")
    assert project.json("subscribers", "list", "weekly") == {
        "newsletter": "weekly",
        "subscribers": [{"email": "ann@example.org", "name": "Ann Ö", "topics": []}],
    }


def test_the_list_for_people_has_names_and_topics(project: Project) -> None:
    project.subscribe("ann@example.org", topics="Cities;Science")

    ran = project.done("subscribers", "list", "weekly")

    assert not ran.out
    assert ran.err.startswith("weekly: 1 subscriber\n")
    assert "ann@example.org        Cities; Science" in ran.err


def test_own_topics_are_kept_as_the_newsletter_spells_them(project: Project) -> None:
    project.done("subscribers", "add", "weekly", "ann@example.org", "--topics", "cities; SCIENCE;")

    assert listed(project)[0]["topics"] == ["Cities", "Science"]


def test_an_unknown_topic_is_refused_with_a_suggestion(project: Project) -> None:
    ran = project.run("subscribers", "add", "weekly", "ann@example.org", "--topics", "Scince")

    assert ran.status == 2
    assert 'there is no topic "Scince"; did you mean "Science"?' in ran.err
    assert not project.store.exists()


def test_an_address_is_added_once(project: Project) -> None:
    project.done("subscribers", "add", "weekly", "ann@example.org")

    again = project.run("subscribers", "add", "weekly", "Ann@EXAMPLE.org")

    assert again.status == 1
    assert again.err == (
        "digest: A•••@example.org is subscribed to weekly already:"
        " change their topics with `digest subscribers topics`\n"
    )
    assert len(listed(project)) == 1


def test_a_newsletter_that_does_not_exist_has_no_subscribers(project: Project) -> None:
    ran = project.run("subscribers", "add", "weekley", "ann@example.org")

    assert ran.status == 1
    assert ran.err == 'digest: there is no newsletter "weekley"; did you mean "weekly"?\n'


def test_who_is_removed_is_listed_no_more_and_still_known(project: Project) -> None:
    project.subscribe("ann@example.org")

    removed = project.done("subscribers", "remove", "weekly", "ANN@example.org")

    assert not removed.out
    assert listed(project) == []
    person = project.json("subscribers", "show", "ann@example.org")
    assert [each["state"] for each in person["subscriptions"]] == ["unsubscribed"]


def test_who_is_not_subscribed_cannot_be_removed(project: Project) -> None:
    ran = project.run("subscribers", "remove", "weekly", "ann@example.org")

    assert ran.status == 1
    assert ran.err == f"digest: {MASKED} is not subscribed to weekly\n"


def test_show_has_all_subscriptions_of_a_person(project: Project) -> None:
    project.configure(SITE, WEEKLY, WEEKLY.replace("newsletters.weekly", "newsletters.second"))
    project.subscribe("ann@example.org", topics="Cities")
    project.subscribe("ann@example.org", newsletter="second")

    document = project.json("subscribers", "show", "Ann@example.org")
    told = project.done("subscribers", "show", "ann@example.org")

    assert (document["email"], document["name"]) == ("ann@example.org", "")
    rows = document["subscriptions"]
    assert [(row["newsletter"], row["topics"]) for row in rows] == [
        ("second", []),
        ("weekly", ["Cities"]),
    ]
    assert all(row["since"] <= row["changed"] and row["since"].endswith("Z") for row in rows)
    assert "ann@example.org" in told.err


def test_nobody_can_be_shown_before_there_is_anybody(project: Project) -> None:
    ran = project.run("subscribers", "show", "ann@example.org")

    assert ran.status == 1
    assert ran.err == "digest: nobody is subscribed yet: see `digest subscribers import`\n"
    assert not project.store.exists()


def test_who_is_unknown_cannot_be_shown(project: Project) -> None:
    project.subscribe("ben@example.org")

    ran = project.run("subscribers", "show", "ann@example.org")

    assert ran.status == 1
    assert ran.err == f"digest: nobody here has the address {MASKED}\n"


def test_topics_are_given_and_taken_back(project: Project) -> None:
    project.subscribe("ann@example.org")

    given = project.done("subscribers", "topics", "weekly", "ann@example.org", "cities")
    own = listed(project)[0]["topics"]
    taken = project.done("subscribers", "topics", "weekly", "ann@example.org")

    assert given.err == f"{MASKED} reads Cities in weekly\n"
    assert own == ["Cities"]
    assert taken.err == f"{MASKED} reads the newsletter's topics in weekly\n"
    assert listed(project)[0]["topics"] == []


def test_topics_given_in_mid_send_hold_for_the_letters_that_wait(tmp_path: Path) -> None:
    project = a_full_project(tmp_path / "project")
    project.subscribe("ann@example.org", "bob@example.org")
    project.done("send", *AT, "--limit", "1")
    (sent,) = project.letters
    waits = "bob" if b"To: ann@" in sent.read_bytes() else "ann"

    project.done("subscribers", "topics", "weekly", f"{waits}@example.org", "Cities")
    project.done("send", *AT)

    (letter,) = (each.read_bytes() for each in project.letters if each != sent)
    assert f"To: {waits}@".encode() in letter
    assert b"Trams at night" in letter
    assert b"Tides" not in letter


@pytest.mark.parametrize(
    "command",
    [
        ("add", "weekly", "ben@example.org", "--topics", "Games"),
        ("topics", "weekly", "ann@example.org", "Games"),
    ],
)
def test_a_topic_of_others_is_refused_with_the_remedy(
    project: Project, command: tuple[str, ...]
) -> None:
    project.add_article("chess", topics=["Games"])
    project.subscribe("ann@example.org")

    ran = project.run("subscribers", *command)

    assert ran.status != 0
    assert 'weekly has no topic "Games"; choose of Science, Cities' in ran.err
    assert [each["topics"] for each in listed(project)] == [[]]


def test_an_import_refuses_topics_of_others(project: Project) -> None:
    project.add_article("chess", topics=["Games"])
    file = project.write(
        "list.csv", "email,topics\nann@example.org,Games\nben@example.org,Cities\n"
    )

    ran = project.run("subscribers", "import", "weekly", str(file), "--json")

    assert (ran.status, ran.json["added"]) == (1, 1)
    assert 'weekly has no topic "Games"' in ran.json["refused"][0]["message"]


def test_children_and_other_names_of_a_topic_are_the_newsletters(tmp_path: Path) -> None:
    described = "[topics.Physics]\nparent = 'Science'\n[topics.Cities]\naliases = ['Towns']\n"
    project = a_full_project(tmp_path / "project", WEEKLY, described)
    project.subscribe("ann@example.org")

    project.done("subscribers", "topics", "weekly", "ann@example.org", "towns;PHYSICS")

    assert listed(project)[0]["topics"] == ["Cities", "Physics"]


def test_a_topic_that_only_articles_have_may_be_chosen_where_any_may(tmp_path: Path) -> None:
    project = a_full_project(tmp_path / "project", WEEKLY + "any_topic = true\n")
    project.add_article("chess", topics=["Games"])
    project.subscribe("ann@example.org")

    project.done("subscribers", "topics", "weekly", "ann@example.org", "games")

    document = project.json("select", "weekly", *AT, "--subscriber", "ann@example.org")
    assert [each["topic"] for each in document["sections"]] == ["Games"]


def test_an_import_takes_what_it_can_and_names_every_other_line(project: Project) -> None:
    file = project.write(
        "list.csv",
        """\
        email,name,topics
        ann@example.org,Ann,Science;Cities
        ANN@example.org,Ann again,
        ben@example.org,=cmd|' /C calc'!A0,
        nonsense,Nobody,
        cy@example.org,Cy,Scince
        "dora@example.org","Dora, née Doe",
        """,
    )

    ran = project.run("subscribers", "import", "weekly", str(file), "--json")

    assert ran.status == 1
    refused = {each["line"]: each["message"] for each in ran.json["refused"]}
    assert set(refused) == {3, 4, 5, 6}
    assert "the same address as in line 2" in refused[3]
    assert "as a formula does" in refused[4]
    assert "no @" in refused[5]
    assert 'did you mean "Science"' in refused[6]
    assert {name: ran.json[name] for name in ("newsletter", "added", "updated", "unchanged")} == {
        "newsletter": "weekly",
        "added": 2,
        "updated": 0,
        "unchanged": 0,
    }
    assert len(ran.err.splitlines()) == 4
    assert ran.err.startswith(f"{file}:3: refused: the same address")
    assert {each["name"] for each in listed(project)} == {"Ann", "Dora, née Doe"}


def test_imported_topics_are_kept_as_the_newsletter_spells_them(project: Project) -> None:
    file = project.write("list.csv", "email,topics\nann@example.org,CITIES;cities\n")

    project.done("subscribers", "import", "weekly", str(file))

    assert listed(project)[0]["topics"] == ["Cities"]


def test_an_import_may_be_run_again(project: Project) -> None:
    file = project.write("list.csv", "email\nann@example.org\nben@example.org\n")
    project.done("subscribers", "import", "weekly", str(file))
    project.done("subscribers", "remove", "weekly", "ann@example.org")

    again = project.done("subscribers", "import", "weekly", str(file))

    assert again.err == "weekly: 0 added, 0 updated, 1 unchanged, 1 unsubscribed, 0 refused\n"
    assert [each["email"] for each in listed(project)] == ["ben@example.org"]


def test_a_dry_import_makes_no_store(project: Project) -> None:
    file = project.write("list.csv", "email\nann@example.org\nnonsense\n")

    ran = project.run("subscribers", "import", "weekly", str(file), "--dry-run")

    assert ran.status == 1
    assert ran.err.splitlines() == [
        f"{file}:3: refused: the address has no @",
        "dry run, weekly: 1 added, 0 updated, 0 unchanged, 0 unsubscribed, 1 refused",
    ]
    assert not project.store.exists()


def test_a_dry_import_tells_what_the_import_would_do_and_changes_nothing(project: Project) -> None:
    project.subscribe("left@example.org", "gone@example.org", "ann@example.org")
    project.done("subscribers", "remove", "weekly", "left@example.org")
    project.done("subscribers", "erase", "gone@example.org", "--yes")
    rows = "ann@example.org,Ann\nben@example.org,\nleft@example.org,\ngone@example.org,\n"
    file = project.write("list.csv", f"email,name\n{rows}")
    arguments = ("subscribers", "import", "weekly", str(file), "--report", "not-taken.csv")
    before = project.store.read_bytes()

    dry = project.json(*arguments, "--dry-run")
    after, report = project.store.read_bytes(), (project.folder / "not-taken.csv").read_text()
    real = project.json(*arguments)

    assert after == before
    assert (dry.pop("dry_run"), real.pop("dry_run")) == (True, False)
    assert dry == real
    assert [dry[each] for each in ("added", "updated", "unsubscribed", "erased")] == [1, 1, 1, 1]
    assert report == (project.folder / "not-taken.csv").read_text()
    assert len(report.splitlines()) == 3


@pytest.mark.parametrize(
    ("text", "found"), [("ann@example.org,Ann,\n", "ann@example.org"), ("", '""'), ("a,b\n", "a,b")]
)
def test_a_list_without_a_header_is_refused_without_telling_its_first_line(
    project: Project, text: str, found: str
) -> None:
    file = project.write("list.csv", text)

    ran = project.run("subscribers", "import", "weekly", str(file))

    assert ran.status == 1
    assert ran.err.startswith(f"digest: {file}:1: ")
    assert '"email,name,topics"' in ran.err
    assert "ann@example.org" not in ran.err


def test_a_list_that_is_not_there_is_named(project: Project) -> None:
    ran = project.run("subscribers", "import", "weekly", "nowhere.csv")

    assert ran.status == 1
    assert ran.err == "digest: nowhere.csv cannot be read: No such file or directory\n"


def test_a_picture_is_no_list(project: Project) -> None:
    (project.folder / "list.csv").write_bytes(bytes(range(256)))

    ran = project.run("subscribers", "import", "weekly", "list.csv")

    assert ran.status == 1
    assert ran.err == "digest: list.csv:2: not UTF-8 text: save the file as UTF-8\n"


@pytest.mark.parametrize(("options", "name"), [((), "out.csv"), (("--json",), "out.jsonl")])
def test_what_is_exported_can_be_imported(
    project: Project, options: tuple[str, ...], name: str
) -> None:
    project.configure(SITE, WEEKLY, WEEKLY.replace("newsletters.weekly", "newsletters.second"))
    project.subscribe("ann@example.org", topics="Cities")
    project.subscribe("+ben@example.org")

    ran = project.done("subscribers", "export", "weekly", name, *options)
    project.done("subscribers", "import", "second", name)

    assert ran.err == f"2 subscribers in {name}\n"
    second = project.json("subscribers", "list", "second")["subscribers"]
    assert {each["email"]: each["topics"] for each in second} == {
        "ann@example.org": ["Cities"],
        "+ben@example.org": [],
    }


def test_an_export_without_a_file_goes_to_standard_output(project: Project) -> None:
    project.subscribe("ann@example.org", topics="Cities;Science")

    as_csv = project.done("subscribers", "export", "weekly")
    as_json = project.done("subscribers", "export", "weekly", "--json")

    rows = list(csv.DictReader(as_csv.out.splitlines()))
    assert rows == [{"email": "ann@example.org", "name": "", "topics": "Cities;Science"}]
    assert [json.loads(line) for line in as_json.out.splitlines()] == [
        {"email": "ann@example.org", "name": "", "topics": ["Cities", "Science"]}
    ]
    assert as_csv.err == as_json.err == ""


def test_an_exported_file_is_for_its_owner_alone(project: Project) -> None:
    project.subscribe("ann@example.org")

    project.done("subscribers", "export", "weekly", "out.csv")

    assert (project.folder / "out.csv").stat().st_mode & 0o777 == 0o600


def test_an_export_that_cannot_be_written_is_told(project: Project) -> None:
    project.write("file", "in the way")

    ran = project.run("subscribers", "export", "weekly", "file/out.csv")

    assert ran.status == 1
    assert ran.err.startswith("digest: file/out.csv cannot be written: ")


def test_who_left_is_listed_by_state(project: Project) -> None:
    project.subscribe("ann@example.org", "ben@example.org")
    project.done("subscribers", "remove", "weekly", "ann@example.org")

    document = project.json("subscribers", "list", "weekly", "--state", "unsubscribed")
    table = project.done("subscribers", "list", "weekly", "--state", "unsubscribed")
    wrong = project.run("subscribers", "list", "weekly", "--state", "gone")

    (ann,) = document["subscribers"]
    assert (ann["email"], ann["state"]) == ("ann@example.org", "unsubscribed")
    assert ann["since"].endswith("Z")
    assert table.err.startswith("weekly: 1 subscriber unsubscribed\n")
    assert wrong.status == 2
    assert 'found "gone", needed is one of pending, active' in " ".join(wrong.err.split())


def test_somebodys_story_is_told_as_tables(project: Project) -> None:
    file = project.write("fair.csv", "email,name\nann@example.org,Ann\n")
    project.done("subscribers", "import", "weekly", str(file))
    project.done("subscribers", "remove", "weekly", "ann@example.org")

    told = project.done("subscribers", "show", "ann@example.org").err

    assert "Ann ann@example.org" in told
    assert "- → active" in told
    assert "active → unsubscribed" in told
    assert "on a list; file fair.csv" in told


@pytest.mark.parametrize("swapped", [False, True])
def test_leaving_is_taken_back_in_whichever_order_it_is_written(
    project: Project, *, swapped: bool
) -> None:
    project.subscribe("ann@example.org")
    project.done("subscribers", "remove", "weekly", "ann@example.org")
    arguments = ["weekly", "ann@example.org"]

    ran = project.done("subscribers", "restore", *(arguments[::-1] if swapped else arguments))
    again = project.run("subscribers", "restore", "weekly", "ben@example.org")

    assert ran.err == f"{MASKED} is active on weekly again, no longer unsubscribed\n"
    assert [each["email"] for each in listed(project)] == ["ann@example.org"]
    assert (again.status, again.err) == (
        1,
        "digest: nobody here has the address b•••@example.org\n",
    )


def test_who_left_comes_back_by_a_list_only_if_it_is_said(project: Project) -> None:
    file = project.write("list.csv", "email\nann@example.org\n")
    project.subscribe("ann@example.org")
    project.done("subscribers", "remove", "weekly", "ann@example.org")

    ran = project.done("subscribers", "import", "weekly", str(file), "--resubscribe")

    assert ran.err == "weekly: 1 added, 0 updated, 0 unchanged, 0 unsubscribed, 0 refused\n"
    assert [each["email"] for each in listed(project)] == ["ann@example.org"]


def test_a_quote_that_is_not_closed_takes_no_reader_away(project: Project) -> None:
    file = project.write("list.csv", 'email,name\nann@example.org,"Ann\nben@example.org,Ben\n')

    ran = project.run("subscribers", "import", "weekly", str(file), "--report", "not-taken.csv")

    (row,) = csv.DictReader((project.folder / "not-taken.csv").read_text().splitlines())
    assert ran.status == 1
    assert "1 added" in ran.err
    assert f"{file}:2: refused: not valid CSV" in ran.err
    assert (row["line"], row["email"], row["name"]) == ("2", "ann@example.org", "Ann")
    assert [(each["email"], each["name"]) for each in listed(project)] == [
        ("ben@example.org", "Ben")
    ]


def test_the_report_of_an_import_has_every_row_that_was_not_taken(project: Project) -> None:
    project.subscribe("left@example.org")
    project.done("subscribers", "remove", "weekly", "left@example.org")
    file = project.write(
        "list.csv",
        """\
        email,name,topics
        ann@example.org,Ann,Science
        ann@example.org,Ann again,
        ben@example.org,=1+1,"Cities;Science"
        left@example.org,Left,
        "cy@
        example.org",Cy,
        """,
    )

    ran = project.run("subscribers", "import", "weekly", str(file), "--report", "not-taken.csv")

    report = project.folder / "not-taken.csv"
    rows = list(csv.DictReader(io.StringIO(report.read_text(), newline="")))
    assert [(row["line"], row["email"].partition("@")[0], row["reason"]) for row in rows] == [
        ("3", "ann", "the same address as in line 2: keep one of them"),
        ("4", "ben", 'the name begins with "=", as a formula does: remove it'),
        ("5", "left", f"unsubscribed since {rows[2]['reason'][19:29]}, and stays so"),
        ("6", "cy", "a quoted value goes on to line 7: close it, or take out its line breaks"),
    ]
    assert rows[1]["name"] == "'=1+1"
    assert rows[1]["topics"] == "Cities;Science"
    assert report.stat().st_mode & 0o777 == 0o600
    assert f"{file}:3: refused: the same address as in line 2" in ran.err
    assert f"({MASKED})" in ran.err
    assert "4 rows not taken, in not-taken.csv" in ran.err


def test_a_long_list_of_refusals_is_cut_on_a_terminal_and_whole_in_json(project: Project) -> None:
    file = project.write("list.csv", "email\n" + "nonsense\n" * 150)

    ran = project.run("subscribers", "import", "weekly", str(file), "--json")

    assert len(ran.json["refused"]) == 150
    assert len(ran.err.splitlines()) == 101
    assert ran.err.endswith("more lines are refused: --report FILE writes them all\n")


def test_who_is_erased_is_forgotten_and_not_brought_back(project: Project) -> None:
    project.subscribe("ann@example.org", "ben@example.org")
    file = project.write("list.csv", "email\nann@example.org\n")

    asked = project.run("subscribers", "erase", "ann@example.org")
    erased = project.done("subscribers", "erase", "ann@example.org", "--yes")
    shown = project.run("subscribers", "show", "ann@example.org")
    again = project.done("subscribers", "import", "weekly", str(file))
    added = project.run("subscribers", "add", "weekly", "ann@example.org")

    assert (asked.status, "say --yes" in " ".join(asked.err.split())) == (2, True)
    assert erased.err == f"{MASKED} is forgotten\n"
    assert (shown.status, f"{MASKED} was forgotten on" in shown.err) == (0, True)
    assert "1 erased" in again.err
    assert f"{MASKED} asked to be forgotten" in added.err
    assert [each["email"] for each in listed(project)] == ["ben@example.org"]


def test_of_who_is_erased_a_document_tells_that_and_when(project: Project) -> None:
    project.subscribe("ann@example.org")
    project.done("subscribers", "erase", "ann@example.org", "--yes")

    story = project.json("subscribers", "show", "Ann@example.org")
    (row,) = project.json("subscribers", "list", "weekly", "--state", "erased")["subscribers"]
    table = project.done("subscribers", "list", "weekly", "--state", "erased")

    assert (story["email"], story["state"], story["subscriptions"]) == (
        "Ann@example.org",
        "erased",
        [],
    )
    assert row == {
        "email": "",
        "name": "",
        "topics": [],
        "state": "erased",
        "since": story["since"],
    }
    assert table.err.startswith("weekly: 1 subscriber erased\n")
    assert "ann@" not in table.err.lower()


def test_a_name_that_was_cleaned_is_named(project: Project) -> None:
    file = project.write("list.csv", 'email,name\nann@example.org,"Ann\nBcc: eve"\n')

    ran = project.done("subscribers", "import", "weekly", str(file), "--json")

    assert ran.json["cleaned"] == [2]
    assert f"{file}:2: cleaned: the name held line breaks or hidden characters" in ran.err
    assert listed(project)[0]["name"] == "Ann Bcc: eve"
