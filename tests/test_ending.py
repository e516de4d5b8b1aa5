"""Processes that end while they are looked at: the answer is right, or it is refused.

support/end_on_release.c lets the process end at the very moment it is let go.
What cannot change, code tables and types, is read after that, from the file.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from pathlib import Path

import pytest

import build
import compare
import helper
import toolchains

VERSIONS = (toolchains.DEFAULT_VERSIONS[0], "1.22", toolchains.DEFAULT_VERSIONS[-1])
SHIM = Path(__file__).parent / "support" / "end_on_release.c"


@pytest.fixture(scope="module")
def deadly(goctx: helper.Goctx, tmp_path_factory: pytest.TempPathFactory) -> helper.Goctx:
    """The helper; what it looks at does not survive it."""
    lib = tmp_path_factory.mktemp("shim") / "end_on_release.so"
    subprocess.run(["gcc", "-shared", "-fPIC", "-o", lib, SHIM, "-ldl"], check=True)
    return helper.Goctx(goctx.binary, ("env", f"LD_PRELOAD={lib}"))


def program(name: str, version: str, variant: str, folder: Path) -> Path:
    """A copy of its executable, which the test may spoil."""
    try:
        exe = build.build(name, version, variant)
    except build.Unavailable as why:
        pytest.skip(f"{name} with go {version} ({variant}): {why}")
    return Path(shutil.copy2(exe, folder / name))


@pytest.mark.parametrize("variant", ["default", "pie", "cgo"])
@pytest.mark.parametrize("version", VERSIONS)
def test_stacks(deadly: helper.Goctx, scratch: Path, version: str, variant: str) -> None:
    """Functions, files and lines are those of the program's own tracebacks."""
    exe = program("waiters", version, variant, scratch)
    with build.running(exe) as run:
        answer = deadly.run(helper.pid_target(run.pid), "bt", "all", "--json", "--limit", "0")
        assert run.proc.wait() == -9
        assert (answer.status, answer.notes) == (helper.OK, [])
        assert compare.stacks(run.truth, answer) == []


@pytest.mark.parametrize("variant", ["default", "pie"])
@pytest.mark.parametrize("version", VERSIONS)
def test_contexts(deadly: helper.Goctx, scratch: Path, version: str, variant: str) -> None:
    """Keys and values need type descriptors, which the loader has relocated in a PIE."""
    exe = program("kinds", version, variant, scratch)
    with build.running(exe) as run:
        answer = deadly.run(helper.pid_target(run.pid), "list", "--values", "--json", "--limit", "0")
        assert run.proc.wait() == -9
        assert (answer.status, answer.notes) == (helper.OK, [])
        assert compare.contexts(run.truth, answer, time.time()) == []


def test_executable_without_a_name(deadly: helper.Goctx, scratch: Path) -> None:
    """Removed, and another one in its place: what is read is the one that ran."""
    exe = program("waiters", VERSIONS[-1], "default", scratch)
    with build.running(exe) as run:
        exe.unlink()
        program("kinds", VERSIONS[-1], "default", scratch).rename(exe)
        answer = deadly.run(helper.pid_target(run.pid), "bt", "all", "--json", "--limit", "0")
        assert (answer.status, answer.notes) == (helper.OK, [])
        assert compare.stacks(run.truth, answer) == []


def test_executable_that_is_spoilt(deadly: helper.Goctx, scratch: Path,
                                   monkeypatch: pytest.MonkeyPatch) -> None:
    """The file is not what ran any more: no answer rather than half of one."""
    exe = program("waiters", VERSIONS[-1], "default", scratch)
    monkeypatch.setenv("SPOIL", os.fspath(exe))
    with build.running(exe) as run:
        answer = deadly.run(helper.pid_target(run.pid), "bt", "all")
        assert (answer.status, answer.text) == (helper.UNREADABLE, "")
        assert f"goctx: process {run.pid} ended while it was looked at\nhint: " in answer.stderr
