"""
A real Postfix on a free port of loopback, with a mailbox for everybody at example.org.
"""

import os
import pwd
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from socket import create_connection, create_server
from tempfile import TemporaryDirectory

PROGRAM = "/usr/sbin/postfix"
MAIN = """
compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/data
maillog_file = /dev/stdout
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = mx.example.net
mydestination =
virtual_mailbox_domains = example.org
virtual_mailbox_base = {folder}
virtual_mailbox_maps = static:mail/
virtual_uid_maps = static:{uid}
virtual_gid_maps = static:{gid}
virtual_minimum_uid = 1
smtpd_recipient_restrictions = permit_mynetworks, reject
mynetworks = 127.0.0.0/8
"""
MASTER = """
127.0.0.1:{port} inet n - n - - smtpd
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
proxymap unix - - n - - proxymap
virtual unix - n n - - virtual
error unix - - n - - error
retry unix - - n - - error
anvil unix - - n - 1 anvil
postlog unix-dgram n - n - 1 postlogd
"""
#: What mailing adds above the letter.
TRACE = (b"Return-Path:", b"X-Original-To:", b"Delivered-To:", b"Received:")


def why_not() -> str:
    """
    What this machine lacks for it, or nothing.
    """
    if not Path(PROGRAM).exists():
        return "Postfix is not installed"
    return "" if os.geteuid() == 0 else "Postfix is started by root alone"


@dataclass
class Postfix:
    """
    A running server.
    """

    port: int
    mailbox: Path

    def letters(self, number: int) -> list[bytes]:
        """
        So many letters as they lie in the mailbox, without the trace of their way.
        """
        deadline = time.monotonic() + 60
        while len(found := sorted(self.mailbox.glob("new/*"))) < number:
            if time.monotonic() > deadline:
                raise TimeoutError(f"{len(found)} letters of {number}")
            time.sleep(0.05)
        return [_as_sent(path.read_bytes()) for path in found]


@contextmanager
def postfix_server() -> Iterator[Postfix]:
    """
    Serve until the block ends.
    """
    with TemporaryDirectory(prefix="postfix-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        port = _configure(folder)
        command = [PROGRAM, "-c", str(folder / "etc"), "start-fg"]
        with subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, process_group=0
        ) as process:
            try:
                _wait_for(port)
                yield Postfix(port, folder / "mail")
            finally:
                subprocess.run(
                    [PROGRAM, "-c", str(folder / "etc"), "stop"], capture_output=True, check=False
                )
                process.wait()


def _configure(folder: Path) -> int:
    nobody, postfix = pwd.getpwnam("nobody"), pwd.getpwnam("postfix")
    for each in ("etc", "queue", "data", "mail"):
        (folder / each).mkdir()
    shutil.chown(folder / "data", "postfix", postfix.pw_gid)
    shutil.chown(folder / "mail", nobody.pw_uid, nobody.pw_gid)
    with create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
    main = MAIN.format(folder=folder, uid=nobody.pw_uid, gid=nobody.pw_gid)
    (folder / "etc" / "main.cf").write_text(main)
    (folder / "etc" / "master.cf").write_text(MASTER.format(port=port).lstrip())
    return port


def _wait_for(port: int) -> None:
    deadline = time.monotonic() + 60
    while True:
        try:
            create_connection(("127.0.0.1", port), 5).close()
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)
        else:
            return


def _as_sent(data: bytes) -> bytes:
    lines = data.split(b"\n")
    while lines[0].startswith((*TRACE, b"\t", b" ")):
        del lines[0]
    return b"\r\n".join(lines)
