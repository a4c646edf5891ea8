"""
Keep letters in a list. Public, so that users can test with it too.
"""

from collections.abc import Callable, Iterable, Iterator

from ..model import Letter, Outcome, Receipt


def accept(letter: Letter) -> Receipt:
    """
    A receipt that says yes.
    """
    return Receipt(letter=letter, outcome=Outcome.ACCEPTED, code=250, text="OK")


class MemoryTransport:
    """
    A transport that answers as `handler` says.
    """

    def __init__(
        self, handler: Callable[[Letter], Receipt] = accept, *, connections: int = 1
    ) -> None:
        self.letters: list[Letter] = []
        self.connections = connections
        self._handler = handler

    def deliver(
        self, letters: Iterable[Letter], begun: Callable[[Letter], bool], /
    ) -> Iterator[Receipt]:
        for letter in letters:
            if begun(letter):
                self.letters.append(letter)
                yield self._handler(letter)

    def stop(self) -> None:
        """
        Nobody waits here.
        """
