"""
Topics that know their parents, their other names and the words that give them away.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from difflib import get_close_matches
from functools import cached_property

from .model import Article, Problem, Topic
from .text import topic_key

#: After a topic's name: its children, each a section of its own.
CHILDREN = "/*"
#: Where something begins that is no part of a word.
WORD_ENDS = re.compile(r"(?<=\w)(?!\w)|(?<=\W)(?=\W)")


def parent_in(name: str) -> str | None:
    """
    The parent in `Parent/*`; None if the name is a plain one.
    """
    spaceless = "".join(name.split())
    return name[: name.rindex("/")].strip() if spaceless.endswith(CHILDREN) else None


class Taxonomy:
    """
    All topics that are described anywhere. Names match whatever their case and spaces.

    Built with whatever was written down; `problems` says what contradicts itself, and what does
    is left out.
    """

    def __init__(
        self,
        topics: Iterable[Topic] = (),
        *,
        line_of: Callable[[Topic, str], int | None] = lambda topic, _: topic.line,
    ) -> None:
        self._line_of_key = line_of  #: the line of a key of a topic
        self._topics: dict[str, Topic] = {}
        self._names: dict[str, str] = {}
        self.problems: tuple[Problem, ...] = tuple(self._add(topics))
        self.problems += tuple(self._cut_bad_parents())
        self._lines = _Lines(self)

    def key(self, name: str) -> str:
        """
        The key of a topic by any of its names; unknown names have a key too.
        """
        key = topic_key(name)
        return self._names.get(key, key)

    def name(self, name: str) -> str:
        """
        A topic's proper name, by any of its names.
        """
        topic = self._topics.get(self.key(name))
        return topic.name if topic else name

    def parent_key(self, key: str) -> str | None:
        """
        The key of the topic above, if there is one.
        """
        topic = self._topics.get(key)
        return self.key(topic.parent) if topic and topic.parent else None

    def expand(self, names: Iterable[str]) -> tuple[str, ...]:
        """
        Names with `Parent/*` replaced by the parent's children, in the order they were written.
        """
        expanded: dict[str, str] = {}
        for name in names:
            parent = parent_in(name)
            found = [self.name(name)] if parent is None else self.children(parent)
            for each in found:
                expanded.setdefault(self.key(each), each)
        return tuple(expanded.values())

    def children(self, name: str) -> list[str]:
        """
        The names of the topics right below one.
        """
        parent = self.key(name)
        return [each.name for key, each in self._topics.items() if self.parent_key(key) == parent]

    def describes(self, name: str) -> bool:
        """
        Whether a topic is described, by any of its names.
        """
        return self.key(name) in self._topics

    @property
    def names(self) -> Mapping[str, str]:
        """
        Every key of every described topic, those of its other names too, and its proper name.
        """
        return {key: self._topics[topic].name for key, topic in self._names.items()}

    def ancestry(self, name: str) -> tuple[str, ...]:
        """
        The keys of a topic and of all topics above it, the nearest first.
        """
        return self._lines[self.key(name)]

    def keys_of(self, names: Iterable[str]) -> frozenset[str]:
        """
        The keys of topics and of all topics above them: what an article on them counts for.
        """
        return frozenset(above for name in names for above in self.ancestry(name))

    def guess(self, article: Article) -> Iterator[tuple[str, str]]:
        """
        Topics whose keywords stand in an article's title or excerpt, each with the keyword.
        """
        if not self._keywords:
            return
        text = f"{article.title} {article.excerpt}".casefold()
        found: dict[str, str] = {}
        for match in self._keyword_pattern.finditer(text):
            # The pattern finds the longest that begins here; shorter ones may begin it.
            longest = match[1]
            for end in (*(each.start() for each in WORD_ENDS.finditer(longest)), len(longest)):
                for name in self._keywords.get(longest[:end], ()):
                    found.setdefault(name, longest[:end])
        yield from found.items()

    def keys_for(self, article: Article) -> frozenset[str]:
        """
        The keys of all topics that an article counts for, by its own topics or by its words.
        """
        return self.keys_of(article.topics or dict(self.guess(article)))

    @cached_property
    def _keywords(self) -> Mapping[str, list[str]]:
        keywords: dict[str, list[str]] = defaultdict(list)
        for topic in self._topics.values():
            for keyword in topic.keywords:
                keywords[keyword.casefold()].append(topic.name)
        return dict(keywords)

    @cached_property
    def _keyword_pattern(self) -> re.Pattern[str]:
        longest_first = sorted(self._keywords, key=len, reverse=True)
        # Nothing is consumed: "Google Cloud Run" holds "google cloud" and "cloud run".
        return re.compile(rf"(?<!\w)(?=({'|'.join(map(re.escape, longest_first))})(?!\w))")

    def _add(self, topics: Iterable[Topic]) -> Iterator[Problem]:
        for topic in topics:
            key = topic_key(topic.name)
            if key in self._topics:
                message = f'the topic "{topic.name}" is described twice: keep one'
                yield self._problem(topic, "name", message)
                continue
            self._topics[key] = topic
            self._names[key] = key
        for topic in self._topics.values():
            for alias in topic.aliases:
                other = self._topics.get(self._names.get(topic_key(alias), ""))
                if other and other is not topic:
                    message = (
                        f'"{alias}" is a name of the topics "{other.name}" and "{topic.name}":'
                        " leave it to one of them"
                    )
                    yield self._problem(topic, "aliases", message)
                else:
                    self._names[topic_key(alias)] = topic_key(topic.name)

    def _cut_bad_parents(self) -> Iterator[Problem]:
        for key, topic in list(self._topics.items()):
            if topic.parent is None:
                continue
            if self.parent_key(key) not in self._topics:
                close = get_close_matches(
                    topic.parent, [each.name for each in self._topics.values()], n=1
                )
                remedy = f'did you mean "{close[0]}"?' if close else "describe it as well"
                message = (
                    f'the parent "{topic.parent}" of "{topic.name}" is described nowhere; {remedy}'
                )
                yield self._problem(topic, "parent", message, level="warning")
            circle = self._circle(key)
            if circle:
                names = " -> ".join(self._topics[each].name for each in circle)
                message = f"the parents of topics go round in a circle: {names}; remove one of them"
                yield self._problem(topic, "parent", message)
                self._topics[key] = replace(topic, parent=None)

    def _problem(self, topic: Topic, key: str, message: str, *, level: str = "error") -> Problem:
        line = self._line_of_key(topic, key)
        return Problem(file=topic.file, line=line, level=level, message=message)

    def _circle(self, key: str) -> tuple[str, ...]:
        """
        The keys from a topic up to itself, or nothing if its line of parents ends.
        """
        above = [key]
        while parent := self.parent_key(above[-1]):
            above.append(parent)
            if parent in above[:-1]:
                return tuple(above) if parent == key else ()
        return ()


class _Lines(dict[str, tuple[str, ...]]):
    """
    Key -> the keys of the topic and of all its ancestors, worked out when first asked for.
    """

    def __init__(self, taxonomy: Taxonomy) -> None:
        super().__init__()
        self._taxonomy = taxonomy

    def __missing__(self, key: str) -> tuple[str, ...]:
        line = [key]
        while parent := self._taxonomy.parent_key(line[-1]):
            line.append(parent)
        self[key] = tuple(line)
        return self[key]
