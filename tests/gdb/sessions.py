"""What tests of GDB sessions share: programs and cores, the helper without GDB, the fake one.

A file of tests that imports a fixture can use it.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

import build
import gdbrun
import toolchains

HERE = Path(__file__).resolve().parent
FAKE = HERE / "fake_helper.py"


def built(program: str | Path, variant: str = "noopt") -> Path:
    """The program by the newest Go that is here."""
    for version in reversed(toolchains.DEFAULT_VERSIONS):
        try:
            return build.build(program, version, variant)
        except build.Unavailable:
            continue
    pytest.skip("there is no Go toolchain")


@pytest.fixture(scope="module")
def kinds() -> Path:
    return built("kinds")


@pytest.fixture(scope="module")
def died(kinds: Path, tmp_path_factory: pytest.TempPathFactory) -> build.Died:
    """A core of kinds and its truth."""
    folder = tmp_path_factory.mktemp("cores")
    try:
        return build.kernel_core(kinds, [], folder)
    except build.Unavailable:
        with build.running(kinds) as run:
            return build.Died(build.gcore(run.pid, folder / "core"), run.truth)


@pytest.fixture(scope="module")
def frames() -> Path:
    return built(HERE / "frames")


@pytest.fixture
def fake(tmp_path: Path) -> dict[str, str]:
    """Environment in which the helper is the fake one; GOCTX_FAKE is up to the test."""
    return {"GOCTX_HELPER": str(FAKE), "GOCTX_FAKE_LOG": str(tmp_path / "log")}


def log_of(env: dict[str, str]) -> list[str]:
    path = Path(env["GOCTX_FAKE_LOG"])
    return path.read_text().splitlines() if path.exists() else []


def helper_says(*args: object) -> str:
    done = subprocess.run([str(gdbrun.helper()), *map(str, args)], capture_output=True, check=False,
                          timeout=gdbrun.TIMEOUT, env=gdbrun.environment())
    return done.stdout.decode()
