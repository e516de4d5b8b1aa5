"""Fixtures that several test files share.

GOCTX_BUILD names the folder to build in (build, as `make` does, when unset);
with GOCTX_BUILT=1 what is there is tested as it is.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Iterator

import pytest

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests/support"))

import helper  # noqa: E402


def pytest_configure(config: pytest.Config) -> None:
    """The mark exists also where tests run in one process."""
    config.addinivalue_line("markers", "xdist_group(name): tests that one process runs")
    # A shell without job control starts what is in its background with these ignored, and so would be all programs under test.
    for one, default in ((signal.SIGINT, signal.default_int_handler), (signal.SIGQUIT, signal.SIG_DFL)):
        if signal.getsignal(one) == signal.SIG_IGN:
            signal.signal(one, default)


@pytest.hookimpl(tryfirst=True)  # before xdist reads the marks
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A file's tests share their cores, so one process runs them; those marked otherwise go first, being long."""
    for item in items:
        if not item.get_closest_marker("xdist_group"):
            item.add_marker(pytest.mark.xdist_group(item.path.name))
    items.sort(key=lambda item: not item.get_closest_marker("xdist_group").args[0].startswith("gdb-"))


def make(goal: str, product: str) -> Path:
    """Build with make, one at a time; returns the product."""
    named = os.environ.get("GOCTX_BUILD", "build")
    folder = ROOT / named
    if os.environ.get("GOCTX_BUILT"):
        return folder / product
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / ".pytest-lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        # Named as `make` by hand names it: dependencies are kept under that name.
        done = subprocess.run(["make", "-s", f"BUILD={named}", goal], cwd=ROOT, text=True,
                              stdin=subprocess.DEVNULL, capture_output=True, check=False)
    assert done.returncode == 0, f"make {goal}: {done.stderr[-600:]}"
    return folder / product


@pytest.fixture(scope="session")
def goctx() -> helper.Goctx:
    """The helper as users get it."""
    return helper.Goctx(make("all", "goctx"))


@pytest.fixture(scope="session")
def goctx_asan() -> helper.Goctx:
    """The helper with AddressSanitizer and UndefinedBehaviorSanitizer."""
    return helper.Goctx(make("asan", "asan/goctx"))


@pytest.fixture
def scratch() -> Iterator[Path]:
    """A folder for cores, deleted at once: they are large."""
    folder = Path(tempfile.mkdtemp(prefix="goctx-test-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
