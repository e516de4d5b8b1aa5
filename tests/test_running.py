"""Stacks of goroutines that run, crash, or wait in a callback from C."""

from __future__ import annotations

from pathlib import Path
from typing import Sequence

import pytest

import build
import helper
import toolchains

VERSIONS = (toolchains.DEFAULT_VERSIONS[0], toolchains.DEFAULT_VERSIONS[-1])


def program(version: str, variant: str = "default") -> Path:
    """The executable of programs/running."""
    try:
        return build.build("running", version, variant)
    except build.Unavailable as why:
        pytest.skip(f"running with go {version} ({variant}): {why}")


def stacks(goctx: helper.Goctx, target: list[str]) -> list[list[str]]:
    """Function names of every stack, innermost first."""
    by_goid: dict[int, list[str]] = {}
    for frame in goctx.run(target, "bt", "all", "--json", "--limit", "0").frames:
        by_goid.setdefault(frame.goid, []).append(frame.func)
    return list(by_goid.values())


def stack_with(found: list[list[str]], func: str) -> list[str]:
    """The one stack that has this function in it."""
    having = [stack for stack in found if func in stack]
    assert len(having) == 1, f"{func} is in {len(having)} of {found}"
    return having[0]


@pytest.mark.parametrize("version", VERSIONS)
def test_live(goctx: helper.Goctx, version: str) -> None:
    """Computing, and in the vDSO, which runs on another stack."""
    with build.running(program(version)) as run:
        for _ in range(5):
            found = stacks(goctx, ["--pid", str(run.pid)])
            assert stack_with(found, "main.spin")[-1] == "main.spin"
            assert stack_with(found, "main.clock")[-1] == "main.clock"


@pytest.mark.parametrize("version", VERSIONS)
def test_callback(goctx: helper.Goctx, version: str) -> None:
    """Below a callback from C is the goroutine's own way into C."""
    with build.running(program(version, "cgo")) as run:
        stack = stack_with(stacks(goctx, ["--pid", str(run.pid)]), "main.waitInCallback")
    assert stack[-1] == "main.throughC"
    assert "runtime.mcall" not in stack


def counts_as_the_runtime(goctx: helper.Goctx, target: list[str], truth: build.Truth) -> None:
    """All goroutines but the runtime's own, as runtime.NumGoroutine has them."""
    answer = goctx.run(target, "tasks", "--system", "--json", "--limit", "0")
    own = [task for task in answer.task_list if not task.system]
    assert len(own) == truth.other[0]["goroutines"], own
    assert sum(task.func == "main.main.func1" for task in own) == 1
    assert all(task.func for task in own)


def test_thread_of_c_has_called(goctx: helper.Goctx) -> None:
    """What the runtime keeps for its next call stands in goexit, as Go's tracebacks have it."""
    with build.running(foreign("1.27"), ["callback"]) as run:
        frames = goctx.run(["--pid", str(run.pid)], "bt", "all", "--json", "--limit", "0").frames
    idle = [frame for frame in frames if frame.func == "runtime.goexit"]
    assert [(frame.index, Path(frame.file).name) for frame in idle] == [(0, "asm_amd64.s")]


@pytest.mark.parametrize("version", ["1.19", "1.21", "1.22", "1.24", "1.27"])
@pytest.mark.parametrize("how", ["callback", "none"])
def test_thread_of_c(goctx: helper.Goctx, version: str, how: str) -> None:
    """A thread that C made, and that Go knows of by a callback or a signal."""
    exe = foreign(version)
    run = build.start(exe, [how])
    try:
        counts_as_the_runtime(goctx, ["--pid", str(run.pid)], run.truth)
    finally:
        build.stop(run.proc)


@pytest.mark.parametrize("version", ["1.19", "1.21", "1.22", "1.24", "1.27"])
@pytest.mark.parametrize("how", [("none", "ABRT"), ("none", "QUIT"), ("none", "SEGV"), ("callback", "ABRT")],
                         ids=lambda how: "-".join(how))
def test_thread_of_c_dies(goctx: helper.Goctx, scratch: Path, version: str, how: tuple[str, str]) -> None:
    """The kernel's core of a signal that came to a thread of C's: what the handler has borrowed is no goroutine of the user's."""
    exe = foreign(version)
    core, truth = core_of_end(exe, how, scratch)
    counts_as_the_runtime(goctx, helper.core_target(core, exe), truth)


def foreign(version: str) -> Path:
    """The executable of programs/foreign."""
    try:
        return build.build("foreign", version, "cgo")
    except build.Unavailable as why:
        pytest.skip(f"foreign with go {version}: {why}")


def core_of_end(exe: Path, args: Sequence[str], folder: Path) -> tuple[Path, build.Truth]:
    """The core of a program that dies when its input ends."""
    try:
        build.core_pattern()
    except build.Unavailable as why:
        pytest.skip(f"kernel cores: {why}")
    run = build.start(exe, args, cwd=folder, env={"GOTRACEBACK": "crash"}, core=True)
    try:
        assert run.proc.stdin is not None
        run.proc.stdin.close()
        run.proc.wait(build.CORE_TIMEOUT)
        return build.abort(run, folder), run.truth
    finally:
        build.stop(run.proc)


@pytest.mark.parametrize("version", VERSIONS)
def test_crash(goctx: helper.Goctx, scratch: Path, version: str) -> None:
    """The goroutine that died of a fault, in the kernel's core: below two signal handlers and g0."""
    exe = program(version)
    core, _ = core_of_end(exe, ["crash"], scratch)
    stack = stack_with(stacks(goctx, helper.core_target(core, exe)), "main.fall")
    assert stack[-4:] == ["main.fall", "main.stumble", "main.main", "runtime.main"]
