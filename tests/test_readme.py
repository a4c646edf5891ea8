"""
The README is true: its commands run, and say what it says they do.
"""

import re
import subprocess
import sys
from pathlib import Path

README = Path(__file__).parent.parent / "README.md"
BLOCK = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)


def test_a_new_user_gets_from_init_to_letters(tmp_path: Path) -> None:
    script = "".join(BLOCK.findall(README.read_text("utf-8")))
    digest = f'digest() {{ "{sys.executable}" -m digest "$@"; }}\nset -euo pipefail\n'

    done = subprocess.run(
        ["bash", "-c", digest + script], cwd=tmp_path, capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stderr
    assert (tmp_path / "news" / "preview" / "index.html").is_file()
    # The test letter, and one for each of the two subscribers.
    assert len(list((tmp_path / "news" / "outbox").glob("*.eml"))) == 3


def test_the_crontab_line_says_nothing_when_there_is_nothing_to_do(tmp_path: Path) -> None:
    digest = [sys.executable, "-m", "digest"]
    subprocess.run([*digest, "init"], cwd=tmp_path, capture_output=True, check=True)

    done = subprocess.run(
        [*digest, "send", "--due"], cwd=tmp_path, capture_output=True, text=True, check=False
    )

    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_every_command_of_the_readme_exists() -> None:
    named = set(re.findall(r"^    digest (\w+)", README.read_text("utf-8"), re.MULTILINE))

    shown = subprocess.run(
        [sys.executable, "-m", "digest", "--help"], capture_output=True, text=True, check=True
    ).stdout
    existing = set(re.findall(r"^  (\w+)  ", shown, re.MULTILINE))

    assert named == existing
