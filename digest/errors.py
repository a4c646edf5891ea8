"""
Every error this package raises on purpose.

* DigestError
  x SettingsError        digest.toml is missing, malformed or contradicts itself
  x NotFoundError        no such newsletter, topic, subscriber or issue
  x ArticleError         one file is not an article
  x PictureError         one picture cannot be decoded
  x CacheError           the folder of pictures cannot be read or written
  x PublishError         pictures are not where letters would show them from
    + PublishAway        … because that place cannot be reached just now
  x FetchError           one web address cannot be fetched
    + HostAway           … because nobody there can be reached
  x ThemeError           a theme is missing or does not render
  x LetterError          one letter cannot be composed
  x TransportError       the mail server refuses every letter alike
    + TransportAway      … because it cannot be reached just now
  x StoreError           the database cannot be used, or refuses a change
    + StoreBusy          … because another run is at work
    + AddressTaken       … because somebody else has that address
  x LookupFailed         the DNS did not answer

What happens to a single article, picture or letter becomes a value (`Problem`, `Receipt`)
at the border of its stage; the other errors end the command with one line.
"""

from collections.abc import Sequence


class DigestError(Exception):
    """
    Base class; the command line prints it as one line and exits with `exit_status`.
    """

    exit_status = 1


class SettingsError(DigestError):
    """
    The configuration is missing, malformed or contradicts itself; `problems` are its `Problem`s.
    """

    def __init__(self, message: str, problems: Sequence[object] = ()) -> None:
        super().__init__(message)
        self.problems = problems


class NotFoundError(DigestError):
    """
    A name that nothing goes by.
    """


class ArticleError(DigestError):
    """
    One file is not an article; `line` counts from 1.
    """

    def __init__(self, message: str, *, line: int | None = None) -> None:
        super().__init__(message)
        self.line = line


class PictureError(DigestError):
    """
    One picture cannot be decoded. The page is rendered with another one.
    """


class CacheError(DigestError):
    """
    The folder of pictures cannot be read or written, or is full.
    """


class PublishError(DigestError):
    """
    Pictures are not where letters would show them from; no letter leaves.
    """


class PublishAway(PublishError):  # noqa: N818 - it says what happened
    """
    The place for pictures cannot be reached just now. Running again continues.
    """

    exit_status = 75


class FetchError(DigestError):
    """
    One web address cannot be fetched.

    `refused`: our own rules forbid it. `gone`: there is no such host, or it is not who it says.
    """

    def __init__(self, message: str, *, refused: bool = False, gone: bool = False) -> None:
        super().__init__(message)
        self.refused, self.gone = refused, gone


class HostAway(FetchError):  # noqa: N818 - it says what happened
    """
    The host has no address, or nobody there takes the call.
    """


class ThemeError(DigestError):
    """
    A theme is missing or does not render; `file` and `line` say where, or the newsletter's `key`.
    """

    def __init__(
        self, message: str, *, file: str = "", line: int | None = None, key: str = ""
    ) -> None:
        place = file if line is None else f"{file}:{line}"
        super().__init__(f"{place}: {message}" if place else message)
        self.message, self.file, self.line, self.key = message, file, line, key


class LetterError(DigestError):
    """
    One letter cannot be composed: its address would break a header.
    """


class TransportError(DigestError):
    """
    The mail server refuses every letter alike: host, TLS, login or sender is wrong.
    """


class TransportAway(TransportError):  # noqa: N818 - it says what happened
    """
    The mail server cannot be reached just now. Running again continues.
    """

    exit_status = 75


class StoreError(DigestError):
    """
    The database cannot be opened, is too new, or refuses a change.
    """


class StoreBusy(StoreError):  # noqa: N818 - it says what happened
    """
    Another run is at work on this store.
    """

    exit_status = 75


class AddressTaken(StoreError):  # noqa: N818 - it says what happened
    """
    Somebody else has that address.
    """


class LookupFailed(DigestError):  # noqa: N818 - it says what happened
    """
    No name server answered, which is not the same as an answer that says no.
    """
