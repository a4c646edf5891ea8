"""
One .eml file per letter: what is sent where no mail server is configured.
"""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from ..errors import TransportError
from ..files import write_whole
from ..model import Letter, Outcome, Receipt


class FolderTransport:
    """
    A folder, readable by its owner alone. A letter that is there already is written again, alike.
    """

    connections = 1

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def deliver(
        self, letters: Iterable[Letter], begun: Callable[[Letter], bool], /
    ) -> Iterator[Receipt]:
        for letter in letters:
            name = letter.id.strip("<>").rpartition("@")[0] + ".eml"
            try:
                self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
                if not begun(letter):
                    continue
                write_whole(self._folder / name, letter.data)
            except OSError as error:
                message = f"the folder {self._folder} cannot be written: {error.strerror}"
                raise TransportError(message) from None
            yield Receipt(letter=letter, outcome=Outcome.ACCEPTED, code=250, text=name)

    def stop(self) -> None:
        """
        Nobody waits here.
        """
