"""
Which line of a theme wrote which line of its output.

MJML errors name a place in what Jinja2 wrote. Rendered with this extension, every line of a
template's own text has a mark that names the template and the line.
"""

import re
from collections.abc import Iterator
from pathlib import PurePath

from jinja2.ext import Extension
from jinja2.lexer import Token, TokenStream

#: Control characters never stand in an article's text.
MARK = re.compile("\x02([^\x02\x03]*):(\\d+)\x03")


class LineMarks(Extension):
    """
    Puts a mark before every stretch and every line of template text.
    """

    def filter_stream(self, stream: TokenStream) -> Iterator[Token]:
        file = PurePath(stream.filename or stream.name or "").name
        for token in stream:
            if token.type == "data":
                first, *lines = token.value.split("\n")
                marked = (
                    f"\n\x02{file}:{number}\x03{line}"
                    for number, line in enumerate(lines, token.lineno + 1)
                )
                start = f"\x02{file}:{token.lineno}\x03"
                yield Token(token.lineno, "data", start + first + "".join(marked))
            else:
                yield token


def origin_of(marked: str, line: int) -> tuple[str, int]:
    """
    The template and the line in it that wrote line `line` of the output.
    """
    lines = marked.split("\n")[:line]
    for text in reversed(lines):
        found = MARK.findall(text)
        if found:
            file, number = found[-1]
            return file, int(number)
    return "", 1
