"""
What tests need from the machine, and what happens where it is missing.
"""

import os
import shutil
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

SHARED = Path(__file__).parent.parent.parent / "shared"
# The machine may be slow, or busy; that is no finding.
settings.register_profile("digest", deadline=None)
settings.load_profile("digest")

NO_SKIPS = "DIGEST_NO_SKIPS"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, Any, Any]:
    """
    In CI a test that lacks something fails, instead of being skipped in silence.
    """
    report = yield
    if os.environ.get(NO_SKIPS) and report.skipped and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"skipped, although {NO_SKIPS} is set: {report.longrepr}"
    return report


@pytest.fixture(scope="session")
def shared() -> Path:
    """
    The real articles and newsletters, which are not part of the project.
    """
    if not SHARED.is_dir():
        pytest.skip("the shared corpus is not beside the checkout")
    return SHARED


@pytest.fixture(scope="session")
def chromium() -> str:
    """
    Debian's browser.
    """
    path = shutil.which("chromium")
    if path is None:
        pytest.skip("chromium is not installed")
    return path
