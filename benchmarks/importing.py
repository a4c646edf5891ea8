"""
A list of 500,000 people into a new store, and once more: seconds, and the peak of memory.

Beside it `csv.reader` alone over the same file, as a yardstick of the machine.
"""

import argparse
import csv
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.measure import print_rows

CONFIGURATION = """\
[site]
name = "Example Digests"
url = "https://digests.example.org"
address = "Example Ltd, 1 High Street, Anytown"
[newsletters.weekly]
title = "The Weekly"
from = "The Weekly <weekly@example.org>"
topics = ["Science", "Cities", "Sea"]
"""
MAX_SECONDS = 30.0
MAX_MEGABYTES = 200.0
#: One in so many rows is one that is refused or cleaned.
ODD = 1_000
ODD_ROWS = (
    '{n}@example.org,"Name\r\nBcc: x@example.org",',
    "f{n}@example.org,=cmd|'/C calc'!A0,",
    "n{n}@example.org,A\0nn,",
    "r1@example.org,Again,",
    "{long}@example.org,Long,",
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=500_000)
    rows = parser.parse_args().rows
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "content").mkdir()
        (folder / "digest.toml").write_text(CONFIGURATION)
        _write_list(folder / "list.csv", rows)
        started = time.perf_counter()
        with (folder / "list.csv").open(newline="") as file:
            read = sum(1 for _ in csv.reader(file))
        yardstick = time.perf_counter() - started
        results = [(f"csv.reader alone, {read:,} rows", f"{yardstick:.1f} s", "", "")]
        for what in ("import", "import again"):
            seconds, busy, megabytes, document = _import(folder)
            told = ", ".join(f"{document[key]:,} {key}" for key in ("added", "unchanged"))
            print(f"{what}: {told}, {len(document['refused']):,} refused")
            results.append((what, f"{seconds:.1f} s", f"{busy:.1f} s", f"{megabytes:.0f} MB"))
            met = seconds <= MAX_SECONDS and megabytes <= MAX_MEGABYTES
            limits = f"at most {MAX_SECONDS:.0f} s and {MAX_MEGABYTES:.0f} MB"
            print(f"{'met' if met else 'MISSED'}: {limits}")
    print_rows(("", "seconds", "processor", "peak"), results)


def _write_list(path: Path, rows: int) -> None:
    with path.open("w", newline="") as file:
        file.write("email,name,topics\n")
        for n in range(rows):
            if n % ODD:
                topics = ("", "Science", '"Cities;Sea"')[n % 3]
                file.write(f"r{n}@example{n % 50}.org,Reader {n},{topics}\n")
            else:
                odd = ODD_ROWS[n // ODD % len(ODD_ROWS)]
                file.write(odd.format(n=n, long="a" * 300) + "\n")


def _import(folder: Path) -> tuple[float, float, float, dict[str, Any]]:
    command = [sys.executable, "-m", "digest", "--config", str(folder / "digest.toml")]
    command += ["subscribers", "import", "weekly", str(folder / "list.csv"), "--json"]
    started = time.perf_counter()
    with (folder / "out").open("w+") as out:
        process = subprocess.Popen(command, stdout=out, stderr=subprocess.DEVNULL)
        _, _, usage = _waited(process)
        seconds = time.perf_counter() - started
        out.seek(0)
        busy = usage.ru_utime + usage.ru_stime
        return seconds, busy, usage.ru_maxrss / 1024, json.load(out)


def _waited(process: "subprocess.Popen[bytes]") -> tuple[int, int, resource.struct_rusage]:
    return os.wait4(process.pid, 0)


if __name__ == "__main__":
    main()
