"""Threads stopped where they change stacks: at every instruction there goctx says where the goroutine goes on."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import build
import gdbrun

HERE = Path(__file__).resolve().parent
VERSIONS = ("1.19", "1.24", "1.27")
# Assembly that leaves a goroutine's stack, as it may be seen on top of it.
OWN = {"gosave_systemstack_switch", "runtime.systemstack_switch", "runtime.systemstack", "runtime.mcall", "runtime.morestack"}

pytestmark = pytest.mark.skipif(bool(gdbrun.missing()), reason=str(gdbrun.missing()))


def stepped(version: str, variant: str, window: str, whose: str) -> list[dict[str, Any]]:
    """What step_switches() printed."""
    try:
        exe = build.build(HERE / "switches", version, variant)
    except build.Unavailable as why:
        pytest.skip(str(why))
    with build.running(exe) as run:
        goid = next(one["goid"] for one in run.truth.other if one["label"] == whose)
        result = gdbrun.run([f"source {HERE / 'step_switches.py'}", f"python step_switches({window!r}, {goid})"], pid=run.pid)
    assert result.status == 0, result
    return [json.loads(line) for line in result.out.splitlines() if line.startswith("{")]


def places(step: dict[str, Any]) -> list[int]:
    """Where the calls of the goroutine stand, without assembly that takes it off its stack."""
    physical = [(func, pc) for func, pc, inlined in step["told"] if not inlined]
    while physical and physical[0][0] in OWN:
        del physical[0]
    return [pc for _, pc in physical]


def check_gdb_shows_the_same(steps: list[dict[str, Any]]) -> None:
    for step in steps:
        assert step["shown"] == [func for func, _, _ in step["told"]], step


@pytest.mark.parametrize("variant", ["default", "cgo"])
@pytest.mark.parametrize("version", VERSIONS)
def test_before_the_jump_into_a_goroutine(version: str, variant: str) -> None:
    """runtime.gogo, on the goroutine's stack already: no return address lies at sp."""
    *lines, last = stepped(version, variant, "gogo", "leaves")
    steps = [line["step"] for line in lines]
    assert [step["in"] for step in steps[:-1]] == ["gogo"] * (len(steps) - 1) and len(steps) > 5
    assert [places(step) for step in steps] == [last["gdb"]] * len(steps)
    check_gdb_shows_the_same(steps)


@pytest.mark.parametrize("variant", ["default", "cgo"])
@pytest.mark.parametrize("version", VERSIONS)
def test_into_a_signal_handler_and_out_of_it(version: str, variant: str) -> None:
    """The handler makes the goroutine call asyncPreempt; the return from it is Go's code, with cgo the C library's."""
    lines = stepped(version, variant, "signal", "spins")
    (interrupted,) = (line["interrupted"] for line in lines if "interrupted" in line)
    last = lines[-1]["gdb"]
    first = last if last[0] == interrupted else last[1:]
    assert first[0] == interrupted and len(first) == 2
    steps = [line["step"] for line in lines if "step" in line]
    for step in steps:
        assert places(step) in (first, last), step
    assert places(steps[0]) == first and places(steps[-1]) == last
    assert steps[-2]["in"] in ("runtime.sigreturn", "runtime.sigreturn__sigaction", "__restore_rt", "")
    check_gdb_shows_the_same(steps)


@pytest.mark.parametrize("window, variant", [("mcall", "default"), ("systemstack", "default"), ("morestack", "default")])
@pytest.mark.parametrize("version", VERSIONS)
def test_off_the_stack_and_back(version: str, window: str, variant: str) -> None:
    lines = stepped(version, variant, window, "leaves")
    steps = [line["step"] for line in lines if "step" in line]
    assert len(steps) > 10
    assert [places(step) for step in steps] == [lines[0]["gdb"][1:]] * len(steps)
