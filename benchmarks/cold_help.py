"""
`digest --help` from a cold start, against importing the library that parses its command line.
"""

import sys

from .measure import print_seconds, process, seconds_of

ROUNDS = 15
LIMIT = 3.0


def main() -> None:
    runs = {
        "import typer": process(sys.executable, "-c", "import typer"),
        "digest --help": process(sys.executable, "-m", "digest", "--help"),
    }
    print_seconds("cold start", seconds_of(runs, ROUNDS), limit=LIMIT)


if __name__ == "__main__":
    main()
