"""
A PostgreSQL server of our own, which a test may kill.
"""

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic, sleep

import psycopg
import pytest

#: PostgreSQL refuses to run as root; the user that its package makes may.
USER = "postgres" if os.geteuid() == 0 else None
PATIENCE = 30


class Cluster:
    """
    One server process on one folder.
    """

    def __init__(self, folder: Path, programs: Path) -> None:
        self._folder, self._programs = folder, programs
        with socket.create_server(("127.0.0.1", 0)) as free:
            self._port: int = free.getsockname()[1]
        options = ("-D", f"{folder}/data", "-U", "postgres", "--auth=trust", "--no-sync")
        subprocess.run(
            [programs / "initdb", *options], user=USER, cwd=folder, check=True, capture_output=True
        )
        self._process = self._started()

    @property
    def url(self) -> str:
        return f"postgresql://postgres@127.0.0.1:{self._port}/postgres"

    def kill(self) -> None:
        """
        What it had not written to its files is gone.
        """
        self._process.kill()
        self._process.wait()

    def start(self) -> None:
        """
        Again. What the server before it left behind may take a moment to end.
        """
        self._process = self._started()

    def _started(self) -> subprocess.Popen[bytes]:
        until = monotonic() + PATIENCE
        while monotonic() < until:
            process = self._begun()
            while process.poll() is None and monotonic() < until:
                if self._answers():
                    return process
                sleep(0.05)
            process.kill()
            process.wait()
            sleep(0.1)
        raise AssertionError("PostgreSQL does not start")

    def _begun(self) -> subprocess.Popen[bytes]:
        options = ("-D", f"{self._folder}/data", "-h", "127.0.0.1", "-p", str(self._port))
        return subprocess.Popen(
            [self._programs / "postgres", *options, "-k", str(self._folder)],
            user=USER,
            cwd=self._folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def _answers(self) -> bool:
        try:
            psycopg.connect(self.url, connect_timeout=5).close()
        except psycopg.OperationalError:
            return False
        return True


@contextmanager
def postgres_cluster() -> Iterator[Cluster]:
    """
    A new server, for as long as the block lasts.
    """
    found = [*Path("/usr/lib/postgresql").glob("*/bin/initdb"), shutil.which("initdb")]
    programs = next((Path(each).parent for each in found if each), None)
    if programs is None:
        pytest.skip("PostgreSQL's initdb is not installed")
    folder = Path(tempfile.mkdtemp(prefix="digest-cluster-"))
    if USER:
        shutil.chown(folder, USER)
    try:
        cluster = Cluster(folder, programs)
        try:
            yield cluster
        finally:
            cluster.kill()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
