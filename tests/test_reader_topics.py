"""
Topic files: which files are some, what they say, and what is wrong with them.
"""

import os
from pathlib import Path

import pytest

from digest.model import Problem, Topic
from digest.reader.topics import read_topics

COMPUTE = """\
taxonomy: topic
_id: compute
name: Compute
description: Engines, and more
parent: Google Cloud
keywords:
  - virtual machine
  - 42
aliases: VMs
images:
  - https://example.org/a.jpg
"""


def written(folder: Path, data: str | bytes, name: str = "topic.yaml") -> list[Topic | Problem]:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return list(read_topics(folder))


def test_a_topic_file_tells_name_parent_keywords_and_aliases(tmp_path: Path) -> None:
    assert written(tmp_path, COMPUTE) == [
        Topic(
            name="Compute",
            parent="Google Cloud",
            keywords=("virtual machine", "42"),
            aliases=("VMs",),
            file=str(tmp_path / "topic.yaml"),
            line=1,
        )
    ]


def test_a_name_is_enough(tmp_path: Path) -> None:
    (topic,) = written(tmp_path, 'taxonomy: topic\nname: "  A&amp;B  news "\n')

    assert topic == Topic(name="A&B news", file=str(tmp_path / "topic.yaml"), line=1)


@pytest.mark.parametrize(
    "data",
    [
        "---\n" + COMPUTE,
        "# Our topics\n\n---\n" + COMPUTE,
        "---\n" + COMPUTE + "---\n",
        COMPUTE + "...\n",
        COMPUTE.replace("\n", "\r\n"),
        "\ufeff" + COMPUTE,
        "\ufeff---\n" + COMPUTE,
        COMPUTE.replace("taxonomy:", '"taxonomy" :'),
    ],
)
def test_yaml_may_be_written_in_many_ways(tmp_path: Path, data: str) -> None:
    (topic,) = written(tmp_path, data)

    assert isinstance(topic, Topic)
    assert (topic.name, topic.parent) == ("Compute", "Google Cloud")


@pytest.mark.parametrize("name", ["a.yml", "B.YAML", "deep/down/c.yaml"])
def test_topic_files_are_found_wherever_they_are(tmp_path: Path, name: str) -> None:
    assert len(written(tmp_path, COMPUTE, name)) == 1


@pytest.mark.parametrize("name", [".a.yaml", ".hidden/a.yaml", "a.json", "a.yaml.bak", "a.md"])
def test_other_files_are_somebody_elses(tmp_path: Path, name: str) -> None:
    assert written(tmp_path, COMPUTE, name) == []


@pytest.mark.parametrize(
    "data",
    [
        "name: Compute\n",
        "taxonomy: author\nname: Ann\n",
        "# taxonomy: topic\nname: Compute\n",
        "",
        "{{ not yaml at all",
    ],
)
def test_yaml_that_is_no_topic_is_let_be(tmp_path: Path, data: str) -> None:
    assert written(tmp_path, data) == []


@pytest.mark.parametrize("name", ["", "name:\n", "name: '  '\n"])
def test_a_topic_without_a_name_is_told(tmp_path: Path, name: str) -> None:
    (problem,) = written(tmp_path, "taxonomy: topic\n" + name)

    assert isinstance(problem, Problem)
    assert problem.file == str(tmp_path / "topic.yaml")
    assert problem.message == "name: missing: a topic needs one"


@pytest.mark.parametrize(("before", "line"), [("", 2), ("---\n", 3), ("# note\n---\n", 4)])
def test_a_mistake_is_told_with_its_line(tmp_path: Path, before: str, line: int) -> None:
    (problem,) = written(tmp_path, before + "taxonomy: topic\nname: 'open\n")

    assert isinstance(problem, Problem)
    assert problem.message.startswith("not valid YAML")
    assert problem.line in {line, line + 1}


def test_text_that_is_not_utf_8_is_told(tmp_path: Path) -> None:
    (problem,) = written(tmp_path, b"taxonomy: topic\nname: caf\xe9\n")

    assert isinstance(problem, Problem)
    assert (problem.line, "UTF-8" in problem.message) == (2, True)


def test_a_file_that_cannot_be_opened_is_told(tmp_path: Path) -> None:
    (tmp_path / "topic.yaml").symlink_to("nowhere")

    (problem,) = read_topics(tmp_path)

    assert isinstance(problem, Problem)
    assert problem.message == "cannot be read: No such file or directory"


def test_a_pipe_is_told_and_keeps_nobody_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "topic.yaml")

    (problem,) = read_topics(tmp_path)

    assert isinstance(problem, Problem)
    assert problem.message == "cannot be read: It is no file"


def test_topics_come_in_the_order_of_their_paths(tmp_path: Path) -> None:
    for name in ("b/1", "a/2", "c", "a/1"):
        found = written(tmp_path, f"taxonomy: topic\nname: '{name}'\n", f"{name}.yaml")

    assert [each.name for each in found if isinstance(each, Topic)] == ["c", "a/1", "a/2", "b/1"]


def test_a_folder_that_is_not_there_has_no_topics(tmp_path: Path) -> None:
    assert list(read_topics(tmp_path / "nowhere")) == []
