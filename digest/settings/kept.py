"""
What a configuration comes to, kept for the next run: to check it takes longer than all the rest.

It lies in the user's folder for caches, readable by its owner alone, and may be removed at any
time. Nothing is kept where the environment says anything: so no secret ever is.
"""

import os
import pickle
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import fields, is_dataclass
from io import BytesIO
from pathlib import Path
from typing import Any, Self
from zlib import crc32

from ..files import state_of_code, write_whole
from .known import Settings

PACKAGE = Path(__file__).parents[1]
#: The folders of the code that makes settings of a configuration.
CODE = (PACKAGE, PACKAGE / "model", PACKAGE / "settings", PACKAGE / "settings" / "tables")
#: Of what our own objects are made, beside what pickle has signs for.
VALUES = {
    "datetime": {"time", "timedelta"},
    "ipaddress": {"IPv4Network", "IPv6Network"},
    "pathlib": {"PosixPath", "WindowsPath"},
}
SUM = 4  #: bytes
#: So many configurations are kept; two of one place take turns.
PLACES = 256
#: What a file that was cut off or made by others raises.
DAMAGE = (
    *(pickle.UnpicklingError, EOFError, OSError, ValueError, TypeError),
    *(AttributeError, ImportError, LookupError),
)


class Asked(Mapping[str, str]):
    """
    An environment that remembers which of its variables somebody wanted to know.
    """

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self.names: set[str] = set()

    def __getitem__(self, name: str) -> str:
        self.names.add(name)
        return self._environ[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._environ)

    def __len__(self) -> int:
        return len(self._environ)


class Kept:
    """
    The settings of one configuration as it is written now.
    """

    def __init__(self, path: Path, source: str, environ: Mapping[str, str]) -> None:
        self._text, self._environ = (str(path), source), environ
        folder = _folder(environ)
        name = f"{crc32(os.fsencode(path)) % PLACES:02x}.settings"
        self._file = folder / name if folder else None

    def settings(self) -> Settings | None:
        """
        What was kept, if nothing has changed since: the text, our code, the environment.
        """
        try:
            state, text, names, parts = _unpickled(_checked(_own_bytes(self._file)))
            usable = state == _state() and text == self._text and self._is_silent(names)
        except DAMAGE:
            return None
        return _Kept.of(parts) if usable else None

    def keep(self, settings: Settings, asked: Asked) -> None:
        """
        For the next run, if there is where to keep it.
        """
        if self._file is None or not self._is_silent(asked.names):
            return
        parts = {each.name: pickle.dumps(getattr(settings, each.name)) for each in fields(settings)}
        data = pickle.dumps((_state(), self._text, sorted(asked.names), parts))
        with suppress(OSError):
            self._file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            write_whole(self._file, _sum_of(data) + data, durable=False)

    def _is_silent(self, names: Iterable[str]) -> bool:
        """
        Whether the environment says nothing about these.
        """
        return not any(name in self._environ for name in names)


class _Kept(Settings):
    """
    Settings of which each part is made when somebody asks for it: most runs need but a few.
    """

    @classmethod
    def of(cls, parts: Mapping[str, bytes]) -> Self:
        settings = cls.__new__(cls)
        vars(settings)["parts"] = parts
        return settings

    def __getattr__(self, name: str) -> Any:
        parts = vars(self).get("parts", {})
        if name not in parts:
            raise AttributeError(name)
        value = _unpickled(parts[name])
        object.__setattr__(self, name, value)
        return value


class _Unpickler(pickle.Unpickler):
    """
    Makes our own objects of values, and nothing else, whoever wrote the file.
    """

    def find_class(self, module: str, name: str, /) -> Any:
        if name in VALUES.get(module, ()):
            return super().find_class(module, name)
        if module.startswith(f"{__package__.partition('.')[0]}."):
            found = super().find_class(module, name)
            if isinstance(found, type) and is_dataclass(found):
                return found
        raise pickle.UnpicklingError(f"{module}.{name} is no setting")


def _unpickled(data: bytes) -> Any:
    return _Unpickler(BytesIO(data)).load()


def _own_bytes(path: Path | None) -> bytes:
    """
    Of a file that this user has written, and nobody else: a superuser may have another's folder.
    """
    if path is None:
        return b""
    with path.open("rb") as file:
        if os.fstat(file.fileno()).st_uid != os.geteuid():
            raise PermissionError
        return file.read()


def _checked(data: bytes) -> bytes:
    """
    What was kept, as it was kept. ValueError if it is not that any more.
    """
    if _sum_of(data[SUM:]) != data[:SUM]:
        raise ValueError("damaged")
    return data[SUM:]


def _sum_of(data: bytes) -> bytes:
    return crc32(data).to_bytes(SUM, "big")


def _folder(environ: Mapping[str, str]) -> Path | None:
    """
    As the XDG Base Directory Specification has it.
    """
    home = environ.get("HOME")
    caches = environ.get("XDG_CACHE_HOME") or (f"{home}/.cache" if home else "")
    return Path(caches, "digest") if os.path.isabs(caches) else None  # noqa: PTH117


def _state() -> tuple[object, ...]:
    """
    Another one as soon as other settings might be made of the same text.
    """
    return sys.version, state_of_code(*CODE)
