"""
The topics that digest.toml describes, and what contradicts itself among them.
"""

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from ...model import Problem, Topic
from ...taxonomy import Taxonomy
from ..lines import line_of_topic
from .newsletters import TopicTable


def topic_of(path: Path, name: str, table: TopicTable) -> Topic:
    """
    A `[topics.NAME]` of that file.
    """
    return Topic(
        name=name,
        parent=table.parent,
        keywords=tuple(table.keywords),
        aliases=tuple(table.aliases),
        file=str(path),
    )


def contradictions_of(path: Path, document: Mapping[str, Any]) -> list[Problem]:
    """
    What contradicts itself among the topics of a document, whatever else is wrong with it.

    A parent that seems to be missing may be described in the content folder.
    """
    tables = document.get("topics")
    topics = []
    for name, table in tables.items() if isinstance(tables, dict) else ():
        with suppress(ValidationError):  # Told with the other problems.
            topics.append(topic_of(path, name, TopicTable.model_validate(table)))
    problems = Taxonomy(topics, line_of=line_of_topic).problems
    return [each for each in problems if each.level == "error"]
