"""
`digest select` from a cold start, against python-frontmatter loading the same files and no more.
"""

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from .measure import print_seconds, process, seconds_of
from .sites import AT, articles, make_site

ROUNDS = 9
LIMIT = 2.0
LOAD = """
import sys
from pathlib import Path
import frontmatter
for path in sorted(Path(sys.argv[1]).rglob("*.md")):
    frontmatter.load(path)
"""


def main() -> None:
    with TemporaryDirectory() as folder:
        content = articles(Path(folder), sys.argv[1] if sys.argv[1:] else None)
        config = make_site(Path(folder), content)
        select = ("select", "weekly", "--at", AT.isoformat(), "--json")
        digest = (sys.executable, "-m", "digest", "--config", str(config))
        runs = {
            "python-frontmatter alone": process(sys.executable, "-c", LOAD, str(content)),
            "digest select": process(*digest, *select),
        }
        files = sum(1 for _ in content.rglob("*.md"))
        print_seconds(f"{files} articles", seconds_of(runs, ROUNDS), limit=LIMIT)


if __name__ == "__main__":
    main()
