"""Stacks that are seldom seen, and what is said of those that are not told in full."""

from __future__ import annotations

from pathlib import Path

import pytest

import build
import compare
import helper
import toolchains

VERSIONS = (toolchains.DEFAULT_VERSIONS[0], "1.22", toolchains.DEFAULT_VERSIONS[-1])
DEEP = 120_000
WALKED = 100_000  # frames, dwarf-helper/src/runtime/stack.h


def program(version: str, variant: str = "default") -> Path:
    """The executable of programs/odd."""
    try:
        return build.build("odd", version, variant)
    except build.Unavailable as why:
        pytest.skip(f"odd with go {version}: {why}")


@pytest.mark.parametrize("variant", ["default", "noopt"])
@pytest.mark.parametrize("version", VERSIONS)
def test_wrapper_that_panicked(goctx: helper.Goctx, version: str, variant: str) -> None:
    """It is shown, as Go shows it: it alone names the method."""
    with build.running(program(version, variant)) as run:
        answer = goctx.run(helper.pid_target(run.pid), "bt", "all", "--json", "--limit", "0")
        assert compare.stacks(run.truth, answer) == []
        task = run.truth.task("wrapper that calls panicwrap")
        assert any(frame["func"].endswith("(*value).Method") for frame in task.frames)


@pytest.mark.parametrize("version", VERSIONS)
def test_deeper_than_is_walked(goctx: helper.Goctx, version: str) -> None:
    """What is left out is said, in text and in JSON; what is asked for one stack is cut by frames."""
    with build.running(program(version), [str(DEEP)]) as run:
        target = helper.pid_target(run.pid)
        goid = run.truth.task("deep").goid
        whole = goctx.run(target, "bt", str(goid), "--json", "--limit", "0")
        assert len(whole.frames) == WALKED and whole.status == helper.OK
        assert [(n.level, n.text) for n in whole.notes] == [
            ("limit", f"goroutine {goid}: its stack goes on, no more than 100000 frames are followed")]
        cut = goctx.run(target, "bt", str(goid), "--json", "--limit", "7")
        assert [f.index for f in cut.frames] == list(range(7))
        assert [(n.level, n.text) for n in cut.notes] == [
            ("limit", f"{WALKED - 7} frames left out (--limit 0 for all)"),
            ("limit", f"goroutine {goid}: its stack goes on, no more than 100000 frames are followed")]
        one = goctx.run(target, "bt", "all", "--func", "waitForInput", "--json", "--limit", "1")
        assert len(one.frames) == 1 and "frames left out" in one.notes[0].text
        text = goctx.run(target, "bt", str(goid)).text
        assert "\u2026 the stack goes on: no more than 100 000 frames are followed\n" in text
