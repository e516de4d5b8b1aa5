"""Stacks of goroutines that run, crash, or wait in a callback from C."""

from __future__ import annotations

from pathlib import Path

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


@pytest.mark.parametrize("version", VERSIONS)
def test_crash(goctx: helper.Goctx, scratch: Path, version: str) -> None:
    """The goroutine that died of a fault, in the kernel's core: below two signal handlers and g0."""
    exe = program(version)
    try:
        build.core_pattern()
    except build.Unavailable as why:
        pytest.skip(f"kernel cores: {why}")
    run = build.start(exe, ["crash"], cwd=scratch, env={"GOTRACEBACK": "crash"}, core=True)
    try:
        assert run.proc.stdin is not None
        run.proc.stdin.close()
        run.proc.wait(build.CORE_TIMEOUT)
        core = build.abort(run, scratch)
    finally:
        build.stop(run.proc)
    stack = stack_with(stacks(goctx, helper.core_target(core, exe)), "main.fall")
    assert stack[-4:] == ["main.fall", "main.stumble", "main.main", "runtime.main"]
