"""
Which line of a theme wrote which line of its output.

MJML errors name a place in what Jinja2 wrote. Rendered with this extension, every line of a
template's own text has a mark that names the template and the line.
"""

import re
from collections.abc import Iterator

from jinja2.ext import Extension
from jinja2.lexer import Token, TokenStream

#: Control characters never stand in an article's text.
MARK = re.compile("\x02([^\x02\x03]*):(\\d+)\x03")


class LineMarks(Extension):
    """
    Puts a mark before every stretch and every line of template text.
    """

    def filter_stream(self, stream: TokenStream) -> Iterator[Token]:
        file = stream.name or ""
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


def origin_of(marked: str, line: int, column: int) -> tuple[str, int]:
    """
    The template and the line in it that wrote this character of the output, counted from 1.
    """
    *above, text = marked.split("\n")[:line]
    origin: tuple[str, str] | None = None
    length_of_marks = 0
    for match in MARK.finditer(text):
        if match.start() - length_of_marks >= column:
            break
        origin = match[1], match[2]
        length_of_marks += len(match[0])
    while origin is None and above:
        origin = next(reversed(MARK.findall(above.pop())), None)
    return (origin[0], int(origin[1])) if origin else ("", 1)
