"""The C units: every program of build/asan/tests, which `make units` makes.

They are linked with AddressSanitizer and UndefinedBehaviorSanitizer, whose
findings end a program with a status of their own.  Three of them also look at
real Go programs, whose symbol tables say the same as what is tested.
"""

from __future__ import annotations

import functools
import os
import subprocess
from pathlib import Path

import pytest

import build
import helper
from conftest import make

HERE = Path(__file__).resolve().parent
# Programs with command lines of their own, and who runs them.
DRIVEN = {"test_layout": "test_layout.py runs it", "test_markcore": "test_mark.py runs it"}
UNITS = sorted(path.stem for path in (HERE / "c").glob("test_*.c") if path.stem not in DRIVEN)
REAL = ("test_debug", "test_image", "test_pclntab")
# Both ends, both sides of the changes of DWARF (1.25) and of build ids (1.24), fixed and movable.
PROGRAMS = tuple((version, how) for version in ("1.19", "1.24", "1.27")
                 for how in ("default", "pie"))
TIMEOUT = 600.0  # seconds: more is a hang


@pytest.fixture(scope="session")
def folder() -> Path:
    """Where the programs are."""
    return make("units", "asan/tests")


@functools.lru_cache(maxsize=None)
def go_programs() -> tuple[str, str]:
    """GOCTX_TEST_BINARIES, and what had to be left out of it and why."""
    paths, left_out = [], []
    for version, how in PROGRAMS:
        try:
            paths.append(str(build.build("kinds", version, how)))
        except build.Unavailable as why:
            left_out.append(f"{version} {how}: {why}")
    return ":".join(paths), "; ".join(left_out)


@pytest.mark.parametrize("name", UNITS)
def test_unit(folder: Path, name: str) -> None:
    """The unit passes, and no sanitizer has anything to say."""
    env, left_out = {**os.environ, **helper.SANITIZED}, ""
    env.pop("GOCTX_TEST_BINARIES", None)
    if name in REAL:
        paths, left_out = go_programs()
        if paths:
            env["GOCTX_TEST_BINARIES"] = paths
    done = subprocess.run([folder / name], env=env, stdin=subprocess.DEVNULL, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=TIMEOUT,
                          errors="replace", check=False)
    assert done.returncode == 0, f"{name} ended with status {done.returncode}:\n{done.stdout[-8000:]}"
    assert "Sanitizer" not in done.stdout and "runtime error:" not in done.stdout, done.stdout[-8000:]
    assert "[  PASSED  ]" in done.stdout, done.stdout[-2000:]
    if left_out:
        pytest.skip(f"passed, but without go {left_out}")
