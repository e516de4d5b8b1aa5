"""Processes that only GDB can read: gdbserver, and a memory that the helper may not open.

The oracle is the other way to the same memory: GDB attached to the process
itself, with the helper reading through /proc.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

import build
import gdbrun
import toolchains

pytestmark = [
    pytest.mark.skipif(bool(gdbrun.missing()), reason=str(gdbrun.missing())),
    pytest.mark.skipif(not shutil.which("gdbserver"), reason="gdbserver is not installed"),
]
VERSIONS = [version for version in toolchains.DEFAULT_VERSIONS if version in ("1.19", "1.24", "1.27")]
DIRECT = Path(__file__).resolve().parent / "direct.py"
COMMANDS = (
    "goctx list --json --limit 0",
    "goctx tree --json",
    "goctx blocked --json --limit 0",
    "goctx tasks --json --system --limit 0",
    "goctx bt all --json --limit 0",
    "goctx children background --json",
)
PASSES = {"wait_ns", "deadline_left_ns", "time"}  # with time


def built(program: str, version: str, variant: str = "default") -> Path:
    try:
        return build.build(program, version, variant)
    except build.Unavailable as why:
        pytest.skip(str(why))


def connect(pid: int, extended: bool = False) -> list[str]:
    """Attach through a gdbserver on a pipe."""
    if extended:
        return ["set sysroot /", "target extended-remote | gdbserver --once --multi -",
                f"attach {pid}"]
    return ["set sysroot /", f"target remote | gdbserver --once --attach - {pid}"]


def lines_of(printed: str) -> list[dict[str, object]]:
    lines = [json.loads(line) for line in printed.splitlines()]
    return [{name: value for name, value in line.items() if name not in PASSES} for line in lines]


def both_ways(pid: int, exe: Path, first: list[str]) -> list[tuple[str, list, list]]:
    """Each command, what it answers there, and what a helper that reads the same stop itself does."""
    pairs = [word for command in COMMANDS for word in (
        command, f"python os.environ['GOCTX_DIRECT'] = {command[len('goctx '):]!r}", f"source {DIRECT}")]
    parts = gdbrun.session([*first, "python import os", *pairs, "detach"], exe=exe)
    parts = parts[len(first) + 1:]
    return [(command, lines_of(parts[3 * n]), lines_of(parts[3 * n + 2]))
            for n, command in enumerate(COMMANDS)]


def assert_equal_but_for_the_target(command: str, there: list, direct: list) -> None:
    assert len(there) > 1 and there[0].pop("target") == "remote", command
    assert direct[0].pop("target") == "process", command
    # Of whom nobody but the kernel here knows: the machine's name, and how long the helper's own look held the process.
    assert there[0].pop("host") is None and there[0].pop("stopped_ns") is None, command
    assert direct[0].pop("host") is not None and "stopped_ns" in direct[0], command
    direct[0].pop("stopped_ns")
    assert there == direct, command


@pytest.mark.parametrize("variant, extended", [("default", False), ("pie", False), ("default", True)],
                         ids=["default", "pie", "extended-remote"])
@pytest.mark.parametrize("version", VERSIONS)
def test_answers_are_those_of_the_direct_way(version: str, variant: str, extended: bool) -> None:
    exe = built("kinds", version, variant)
    with build.running(exe) as run:
        results = both_ways(run.pid, exe, connect(run.pid, extended))
        truth = run.truth
    for result in results:
        assert_equal_but_for_the_target(*result)
    remote = results[0][1]
    found = {line["addr"]: line["kind"] for line in remote if line["type"] == "context"}
    for label in ("server", "timeout", "value string", "children many"):
        assert found[truth.context(label).addr] == truth.context(label).kind


def test_wait_ages_use_the_clock_of_the_other_side() -> None:
    exe = built("waiters", VERSIONS[-1])
    with build.running(exe) as run:
        (tasks,) = gdbrun.session([*connect(run.pid), "goctx tasks --json --limit 0"],
                                  exe=exe)[-1:]
        uptime = float(Path("/proc/uptime").read_text().split()[0])
    ages = [line["wait_ns"] for line in map(json.loads, tasks.splitlines())
            if line["type"] == "task" and line["wait_ns"] is not None]
    assert ages and all(0 <= age < uptime * 1e9 for age in ages)


def test_it_is_read_anew_after_it_ran() -> None:
    frames = built(str(Path(__file__).resolve().parent / "frames"), VERSIONS[-1], "noopt")
    count = "goctx list --limit 0"
    start = ["set sysroot /", f"target remote | gdbserver --once - {frames}", "break main.stopHere",
             "continue"]
    parts = gdbrun.session([*start, count, count, "continue", "continue", count, "kill"], exe=frames,
                           env=gdbrun.ONCE)
    counts = [len(parts[index].splitlines()) for index in (4, 5, 8)]
    assert counts[0] == counts[1] == counts[2] - 1


def test_two_inferiors_are_told_apart() -> None:
    kinds, waiters = built("kinds", VERSIONS[-1]), built("waiters", VERSIONS[-1])
    with build.running(kinds) as one, build.running(waiters) as other:
        parts = gdbrun.session([
            *connect(one.pid), "goctx info",
            "add-inferior -no-connection", "inferior 2", f"file {waiters}", f"attach {other.pid}", "goctx info",
            "inferior 1", "goctx info"], exe=kinds)
    infos = [part for part in parts if part.startswith("program")]
    assert len(infos) == 3 and infos[0].splitlines()[3:] == infos[2].splitlines()[3:]
    assert f"remote process {one.pid}" in infos[0] and f"process {other.pid}" in infos[1]
    assert str(kinds) in infos[0] and str(waiters) in infos[1]


def test_process_that_the_helper_may_not_read() -> None:
    """As in a hardened kernel: opening /proc/PID/mem fails, GDB's own ptrace works."""
    exe = built("kinds", VERSIONS[-1])
    refuse = ("python import os; real = os.open; os.open = lambda path, *rest, **more: "
              "(_ for _ in ()).throw(PermissionError(13, 'denied')) "
              "if str(path).endswith('/mem') and 'GOCTX_DIRECT' not in os.environ else real(path, *rest, **more)")
    with build.running(exe) as run:
        results = both_ways(run.pid, exe, [f"attach {run.pid}", refuse])
    for result in results:
        assert_equal_but_for_the_target(*result)


def test_another_build_is_refused() -> None:
    kinds, other = built("kinds", VERSIONS[-1]), built("kinds", VERSIONS[-1], "noopt")
    with build.running(kinds) as run:
        result = gdbrun.run(["set exec-file-mismatch off", *connect(run.pid), "goctx info"],
                            exe=other)
    assert "is not the one that this process runs (build id" in result.err
    assert result.status == 1


def test_stub_without_a_memory_map() -> None:
    """One stopped thread and no files: nothing can be found, and that is said."""
    kinds = built("kinds", VERSIONS[-1])
    stub = Path(__file__).resolve().parent / "fake_remote.py"
    result = gdbrun.run([f"target remote | {stub}", "goctx info"], exe=kinds)
    assert "goctx: the target does not tell its memory map\nhint: " in result.err
    assert result.status == 1


def test_interrupt_while_memory_is_read() -> None:
    """Ctrl-C in the middle of a read: the prompt comes back, and the next command is answered."""
    exe = built("kinds", VERSIONS[-1])
    slow = ("python import goctx.bridge.source as s, os; real = s.GdbSource.memory; "
            "s.GdbSource.memory = lambda self, *at: "
            "(setattr(s.GdbSource, 'memory', real), os.kill(os.getpid(), 2), real(self, *at))[2]")
    with build.running(exe) as run:
        result = gdbrun.run([*connect(run.pid), "goctx layout runtime.g", slow, "goctx list",
                             "echo then\\n", "goctx list --limit 2"], exe=exe)
    assert "Quit" in result.err and "Traceback" not in result.err
    assert "context" in result.out.split("then\n")[1], result
