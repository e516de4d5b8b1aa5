"""Stacks of goroutines whose threads are inside of a sanitizer, which takes them to another stack."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import build
import gdbrun
import helper

VERSIONS = ("1.19", "1.22", "1.24", "1.27")
LOOKS = 10

# What calls what in programs/sanitized, innermost first.
CALLS = ["main.leaf", "main.branch", "main.trunk", "main.changing", "main.changes"]
INTO_C = ["main._Cfunc_goctx_double", "main.intoC", *CALLS[3:]]
CHANGES = [CALLS[i:] for i in range(4)] + [["main.trunk.func1", *CALLS[2:]], INTO_C, INTO_C[1:]]
STAYS = ["main.flat", "main.remains", "main.stays"]
ASKS = [["main.leaf", "main.asks", "main.clock"], ["main.asks", "main.clock"]]
REPORTS = ["main.race", *["main.down"] * 101, "main.reporting", "main.reports"]


def program(version: str, variant: str) -> Path:
    """The executable of programs/sanitized."""
    try:
        return build.build("sanitized", version, variant)
    except build.Unavailable as why:
        pytest.skip(f"sanitized with go {version} ({variant}): {why}")


def stacks(answer: helper.Answer) -> list[list[str]]:
    """Function names of every stack, innermost first; each could be told."""
    assert [note.text for note in answer.notes] == []
    by_goid: dict[int, list[str]] = {}
    for frame in answer.frames:
        by_goid.setdefault(frame.goid, []).append(frame.func)
    return list(by_goid.values())


def own(found: list[list[str]], outermost: str) -> tuple[list[str], list[str]]:
    """Of the one stack with that outermost function: the program's functions, and what these have called."""
    having = [stack for stack in found if stack[-1] == outermost]
    assert len(having) == 1, f"{outermost} begins {len(having)} of {found}"
    calls = [func for func in having[0] if func.startswith("main.")]
    return calls, having[0][:-len(calls)]


def right(found: list[list[str]]) -> set[str]:
    """The three stacks are as the program calls; returns what has called a sanitizer."""
    callers = set()
    for right_calls in (CHANGES, [STAYS], ASKS):
        calls, above = own(found, right_calls[0][-1])
        assert calls in right_calls
        assert not [func for func in above if func.startswith("main.")], "mixed with what it calls"
        callers |= {func for func in above if re.fullmatch("(race|asan)call", func)}
    return callers


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("variant", ["race", "race-cgo", "asan"])
def test_live(goctx: helper.Goctx, version: str, variant: str) -> None:
    """Wherever in the sanitizer or around it the threads are."""
    with build.running(program(version, variant)) as run:
        target = helper.pid_target(run.pid)
        callers = [right(stacks(goctx.run(target, "bt", "all", "--json", "--limit", "0"))) for _ in range(LOOKS)]
        assert any(callers)
        tasks = [task for _ in range(LOOKS) for task in goctx.run(target, "tasks", "--json", "--limit", "0").task_list]
    assert {task.func for task in tasks} <= {"main.main", "main.trunk.func1", *CALLS, *INTO_C, *STAYS, *ASKS[0]}


@pytest.mark.parametrize("version", VERSIONS)
def test_crash(goctx: helper.Goctx, scratch: Path, version: str) -> None:
    """Interrupted in there by the signal that killed the program."""
    exe = program(version, "race")
    try:
        died = build.kernel_core(exe, [], scratch)
    except build.Unavailable as why:
        pytest.skip(f"kernel cores: {why}")
    right(stacks(goctx.run(helper.core_target(died.core, exe), "bt", "all", "--json", "--limit", "0")))


@pytest.mark.parametrize("version", VERSIONS)
def test_report(goctx: helper.Goctx, version: str) -> None:
    """In the depths of the race detector, where it waits for a reader of its report."""
    with build.running(program(version, "race"), ["report"]) as run:
        found = stacks(goctx.run(helper.pid_target(run.pid), "bt", "all", "--json", "--limit", "0"))
    assert own(found, "main.reports") == (REPORTS, ["racecall"])


@pytest.mark.parametrize("version", [VERSIONS[0], VERSIONS[-1]])
def test_called_back(goctx: helper.Goctx, version: str) -> None:
    """In code of Go's that the race detector has called back, on the same other stack."""
    commands = ["set breakpoint pending on", "break runtime.raceSymbolizeCode", "run report </dev/null >/dev/null", "goctx bt all"]
    out = gdbrun.run(commands, exe=program(version, "race")).out
    stack = out[:out.index("main.reports")].rpartition("[running]\n")[2]
    assert re.match(r"#0 +\w+ +racecall +.*\n#1 +\w+ +main\.race +", stack), out
    assert "main.reporting" in stack and "raceSymbolizeCode" not in stack
