"""
Fetching and cutting 200 pictures of 1920 x 1080 from a server on loopback, and doing it again.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event, Thread

from PIL import Image, ImageChops, ImageOps

from digest.fetching import FetchLimits
from digest.fetching.client import Client
from digest.gatherer import FolderNotes, Gathered, Gatherer
from digest.guard import Guard, parse_net
from digest.model import LEAD, THUMBNAIL, PictureLimits, Slot, Sought
from digest.pictures import FolderCache, WorkerPool
from tests.program import AT, WEEKLY, a_project
from tests.webd import Web, http, web_server

from .measure import print_rows

CORES = 2
RATE = 30.0  #: pictures per second, to be reached on two cores
COLD = "digest images fetch, cold"
MEGABYTES = 200  #: of all processes together
SIZE = (1920, 1080)
CLOUDS = (((8, 5), 60), ((32, 18), 40), ((120, 68), 30), ((480, 270), 20), (SIZE, 8))
IMAGES = '[images]\nallow_nets = ["127.0.0.0/8"]'
LOOPBACK = Guard(nets=(parse_net("127.0.0.0/8"),))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pictures", type=int, default=200)
    number = parser.parse_args().pictures
    print(f"making {number} pictures", file=sys.stderr)
    photos = [a_photo(each) for each in range(number)]
    print(f"{number} pictures, {sum(map(len, photos)) / number / 1000:,.0f} KB each")
    answers = {f"/{place}.jpg": http(photo) for place, photo in enumerate(photos)}
    with web_server(answers) as web:
        rows = [
            alone("Pillow alone, lead", photos, LEAD),
            gathered("gatherer, lead", web, number, LEAD),
            alone("Pillow alone, thumbnail", photos, THUMBNAIL),
            gathered("gatherer, thumbnail", web, number, THUMBNAIL),
            *programs(web, number),
        ]
    header = ("", "time", "pictures", "processors", "memory")
    print_rows(header, [each.shown(number) for each in rows])
    cold = next(each for each in rows if each.name == COLD)
    for found, limit, unit in (
        (number / cold.seconds, RATE, "pictures/s, as it went"),
        (CORES * number / cold.processors, RATE, "pictures/s, on two cores of its own"),
    ):
        print(f"{'met' if found >= limit else 'MISSED'}: {found:.0f} {unit}, at least {limit:.0f}")
    met = "met" if cold.memory <= MEGABYTES else "MISSED"
    print(f"{met}: {cold.memory:.0f} MB, at most {MEGABYTES}")


@dataclass(frozen=True)
class Cost:
    """
    What a run took: seconds by the clock and of processors, and megabytes of all its processes.
    """

    name: str
    seconds: float
    processors: float
    memory: float

    def shown(self, number: int) -> tuple[str, ...]:
        times = f"{self.seconds:.1f} s", f"{number / self.seconds:,.0f} /s"
        return self.name, *times, f"{self.processors:.1f} s", f"{self.memory:,.0f} MB"


@contextmanager
def measured(name: str, costs: list[Cost]) -> Iterator[Callable[[int], None]]:
    """
    From start to end of the block, which names the process whose memory counts.
    """
    found, done, processes = [0.0], Event(), list[int]()

    def watch() -> None:
        while not done.wait(0.25):
            found.extend(map(megabytes, processes))

    thread = Thread(target=watch)
    started, used = time.perf_counter(), sum(os.times()[:4])
    thread.start()
    try:
        yield processes.append
    finally:
        seconds, processors = time.perf_counter() - started, sum(os.times()[:4]) - used
        done.set()
        thread.join()
    costs.append(Cost(name, seconds, processors, max(found)))


def a_photo(number: int) -> bytes:
    """
    Clouds upon clouds, the finer the fainter: compressed like a photograph, half a megabyte.
    """
    light = Image.new("L", SIZE, 128)
    for (width, height), strength in CLOUDS:
        cloud = Image.effect_noise((width, height), strength)
        light = ImageChops.add(light, cloud.resize(SIZE, Image.Resampling.BICUBIC), 1, -128)
    tint = (40 + number % 150, 90, 250 - number % 150)
    buffer = BytesIO()
    ImageOps.colorize(light, tint, (250, 245, 230)).save(buffer, "JPEG", quality=88)
    return buffer.getvalue()


def alone(name: str, photos: Sequence[bytes], slot: Slot) -> Cost:
    """
    The least that could be done, without a network and without a fence: two threads of Pillow.
    """

    def cut(photo: bytes) -> int:
        with Image.open(BytesIO(photo)) as image:
            image.draft("RGB", (2 * slot.width, 2 * slot.height))
            fitted = ImageOps.fit(image, (slot.width, slot.height), Image.Resampling.LANCZOS)
        buffer = BytesIO()
        fitted.save(buffer, "JPEG", quality=70, progressive=True, optimize=True)
        return buffer.tell()

    costs: list[Cost] = []
    with measured(name, costs) as watch, ThreadPoolExecutor(CORES) as threads:
        watch(os.getpid())
        list(threads.map(cut, photos))
    return costs[0]


def gathered(name: str, web: Web, number: int, slot: Slot) -> Cost:
    """
    The fetching phase alone. The server's share is in it.
    """
    articles = [[Sought(source=web.url(f"/{each}.jpg"), slot=slot)] for each in range(number)]
    costs: list[Cost] = []
    with TemporaryDirectory() as folder, measured(name, costs) as watch:
        watch(os.getpid())
        pool = WorkerPool(PictureLimits())
        gatherer = Gatherer(
            cache=FolderCache(Path(folder), pool),
            notes=FolderNotes(Path(folder, "fetched")),
            client=lambda: Client(LOOPBACK, FetchLimits(), agent="digest-benchmarks"),
            limits=FetchLimits(),
            rules="",
            clock=lambda: datetime.now(UTC),
        )
        result: Gathered = gatherer.gather(articles)
        pool.close()
    if result.fetched != number:
        sys.exit(f"{name}: {result}")
    return costs[0]


def programs(web: Web, number: int) -> list[Cost]:
    """
    The command, cold and warm: an issue with all of them, one as its lead.
    """
    costs: list[Cost] = []
    with TemporaryDirectory() as folder:
        many = WEEKLY.replace("per_topic = 2", "per_topic = 100\n    near_duplicates = false")
        project = a_project(Path(folder, "project"), many, IMAGES)
        for each in range(number):
            topic = "Science" if each % 2 else "Cities"
            images = [{"url": web.url(f"/{each}.jpg")}]
            project.add_article(f"story-{each}", topics=[topic], images=images)
        command = [sys.executable, "-m", "digest", "--config", str(project.config)]
        for name in (COLD, "digest images fetch, warm"):
            asked = len(web.asked)
            with measured(name, costs) as watch:
                run = subprocess.Popen(
                    [*command, "images", "fetch", *AT, "--json"], stdout=subprocess.PIPE
                )
                watch(run.pid)
                document = json.loads(run.communicate()[0])
            if document["fetched"] != len(web.asked) - asked:
                sys.exit(f"{name}: {document}")
            print(f"{name}: {document['fetched']} fetched, {document['kept']} kept")
    return costs


def megabytes(root: int) -> float:
    """
    What a process and all below it hold in memory, what they share counted once each.
    """
    parents: dict[int, int] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        parents[int(path.parent.name)] = int(fields[1])
    family = {root}
    for _ in range(3):
        family |= {each for each, parent in parents.items() if parent in family}
    return sum(map(_resident, family)) / 1024


def _resident(process: int) -> int:
    try:
        lines = Path(f"/proc/{process}/smaps_rollup").read_text("utf-8").splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))


if __name__ == "__main__":
    main()
