"""
Unsubscribing by one-click POST (RFC 8058) while an issue is being sent, and none of it lost.

wrk posts to one process of `digest serve`, each token once, over loopback. Every answer was given
after its commit, so there must be at least as many unsubscribed readers as answers.
"""

import argparse
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from shutil import which

from benchmarks.measure import print_rows
from digest.model import State
from digest.tokens import PATHS, sign_token
from tests.factories import a_store, an_entry, an_issue
from tests.program import WEEKLY, Project, a_project, environment
from tests.smtpd import smtp_server

MADE_LETTERS = 20_000
CONNECTIONS = 256
GOAL = 5_000
SCRIPT = """
local threads = 0
local paths = {}
function setup(thread) end
function init(args)
  for line in io.lines(args[1]) do paths[#paths + 1] = line end
end
local place = 0
function request()
  place = place + 1
  if place > #paths then wrk.thread:stop() place = 1 end
  return wrk.format("POST", paths[place],
    {["Content-Type"] = "application/x-www-form-urlencoded"}, "List-Unsubscribe=One-Click")
end
"""


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--readers", type=int, default=100_000)
    options.add_argument("--seconds", type=int, default=8)
    given = options.parse_args()
    if which("wrk") is None:
        sys.exit("wrk is not installed")
    with tempfile.TemporaryDirectory() as folder, smtp_server() as server:
        smtp = f'[smtp]\nhost = "127.0.0.1"\nport = {server.port}\nsecurity = "none"\n'
        project = a_project(Path(folder), smtp, "[web]\nport = 0\n", WEEKLY)
        project.add_article("tides", publishedDateTime="2026-11-20T12:00:00Z")
        paths = _subscribe(project, given.readers)
        alone = _measure(project, paths[: len(paths) // 2], given.seconds, sending=False)
        beside = _measure(project, paths[len(paths) // 2 :], given.seconds, sending=True)
        left = _left(project)
    rows = [("alone", *alone), ("while sending", *beside)]
    print_rows(
        (
            "one-click POSTs",
            "answered",
            "per second",
            "errors",
            "letters meanwhile",
            "µs of CPU each",
        ),
        [(name, *map(str, each)) for name, *each in rows],
    )
    answered = alone[0] + beside[0]
    lost = "none" if left >= answered else "SOME"
    print(f"{answered:,} answered, {left:,} unsubscribed: {lost} lost")
    print(
        f"{'met' if min(alone[1], beside[1]) >= GOAL else 'MISSED'}: at least {GOAL:,} per second"
    )


def _subscribe(project: Project, readers: int) -> list[str]:
    """
    Many readers, and the path of the one-click address of each.
    """
    with closing(a_store(project.folder)) as store:
        entries = (an_entry(address=f"reader-{place}@example.org") for place in range(readers))
        store.subscribers.merge("weekly", entries)
        key, number = store.key(), store.subscribers.number("weekly")
        return [
            PATHS["unsubscribe"]
            + sign_token(key, "unsubscribe", subscriber_id=each.id, newsletter_number=number)
            for each in store.subscribers.active_iter("weekly")
        ]


def _measure(
    project: Project, paths: list[str], seconds: int, *, sending: bool
) -> tuple[int, int, int, int, int]:
    """
    Requests answered, per second, errors, letters sent at the same time, and the server's CPU.
    """
    before = _sent(project)
    with _serving(project) as (address, process), _sending(project, wanted=sending):
        started = _cpu_of(process)
        project.write("paths", "\n".join(paths) + "\n")
        script = project.write("post.lua", SCRIPT)
        done = subprocess.run(
            [
                *("wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "-s", str(script)),
                *(address, "--", str(project.folder / "paths")),
            ],
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        seconds_of_cpu = _cpu_of(process) - started
    requests = int(re.findall(r"(\d+) requests in", done)[0])
    rate = float(re.findall(r"Requests/sec:\s*([\d.]+)", done)[0])
    errors = sum(map(int, re.findall(r"(?:connect|read|write|timeout|responses:) (\d+)", done)))
    each = round(1_000_000 * seconds_of_cpu / requests)
    return requests, round(rate), errors, _sent(project) - before, each


def _cpu_of(process: int) -> float:
    """
    Seconds that a process has computed so far: the same on a busy machine.
    """
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextmanager
def _serving(project: Project) -> Iterator[tuple[str, int]]:
    command = [sys.executable, "-m", "digest", "--config", str(project.config), "serve"]
    log = (project.folder / "serve.log").open("w")
    process = subprocess.Popen(command, env=environment(), stderr=log)
    try:
        for _ in range(100):
            time.sleep(0.1)
            found = re.search(r"on (http://\S+)", (project.folder / "serve.log").read_text())
            if found:
                break
        if not found:
            sys.exit((project.folder / "serve.log").read_text())
        yield found[1], process.pid
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait()
        log.close()


@contextmanager
def _sending(project: Project, *, wanted: bool) -> Iterator[None]:
    if not wanted:
        yield
        return
    command = [sys.executable, "-m", "digest", "--config", str(project.config)]
    process = subprocess.Popen(
        [*command, "send", "weekly", "--at", "2026-11-23T08:00+01:00"],
        env=environment(),
        stderr=subprocess.DEVNULL,
    )
    while not _sent(project) and process.poll() is None:
        time.sleep(0.1)
    try:
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait()


def _sent(project: Project) -> int:
    with closing(a_store(project.folder)) as store:
        if store.issues.get(an_issue().id) is None:
            return 0
        return store.accounts.tally(an_issue().id, running=True).accepted


def _left(project: Project) -> int:
    with closing(a_store(project.folder)) as store:
        everybody = store.subscribers.in_state_iter("weekly", State.UNSUBSCRIBED)
        return sum(1 for _ in everybody)


if __name__ == "__main__":
    main()
