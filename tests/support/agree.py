"""Ask goctx all that compare.py can compare, and fail with what differs."""

from __future__ import annotations

import contextlib
import dataclasses
import subprocess
import time
from pathlib import Path
from typing import Any, Callable, Collection, Iterator

import build
import compare
import helper

Ask = Callable[..., helper.Answer]


def agree(differences: list[str]) -> None:
    """Fail with all differences, not only the first."""
    shown = "\n  ".join(differences[:15])
    assert not differences, f"{len(differences)} differences:\n  {shown}"


@contextlib.contextmanager
def asking(goctx: helper.Goctx, target: list[str]) -> Iterator[Ask]:
    """Ask for JSON, nothing cut short, each command in a process of its own."""
    yield lambda *command: goctx.run(target, *command, "--json", "--limit", "0")


def contexts_agree(goctx: helper.Goctx, target: list[str], truth: build.Truth,
                   **header: Any) -> list[str]:
    """All that goctx says about contexts; header: as of compare.header()."""
    kind = "core" if target[0] == "--core" else "process"
    with asking(goctx, target) as ask:
        listed = ask("list")
        at = time.time()
        out = compare.header(listed, truth, kind, **header)
        out += compare.contexts(truth, listed, at)
        out += compare.tree(truth, ask("tree"))
    with goctx.serve(target) as server:
        out += compare.children(truth, server)
    return out


def tasks_agree(goctx: helper.Goctx, target: list[str], truth: build.Truth,
                moved: Collection[int] = (), **header: Any) -> list[str]:
    """All that goctx says about goroutines; of those that have moved on, only that they are there."""
    kind = "core" if target[0] == "--core" else "process"
    with asking(goctx, target) as ask:
        listed = ask("tasks")
        out = compare.header(listed, truth, kind, **header)
        out += [f"goroutine {goid} is missing" for goid in moved if goid not in listed.tasks]
        rest = dataclasses.replace(
            truth, tasks=[task for task in truth.tasks if task.goid not in moved])
        listed.task_list = [task for task in listed.task_list if task.goid not in moved]
        out += compare.tasks(rest, listed)
        out += compare.blocked(rest, ask("blocked"))
        out += compare.stacks(rest, ask("bt", "all"))
    return out


def state_of(pid: int) -> dict[str, str]:
    """What the kernel says of a process."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return dict(line.split(":\t", 1) for line in lines if ":\t" in line)


def runs_on(run: build.Run) -> list[str]:
    """The program must be as it was, and end by itself when its input is closed."""
    out = left_alone(run.pid)
    assert run.proc.stdin
    run.proc.stdin.close()
    try:
        status = run.proc.wait(build.READY_TIMEOUT)
    except subprocess.TimeoutExpired:
        return [*out, "the program does not end any more"]
    return out + ([f"the program ends with status {status}"] if status else [])


def left_alone(pid: int) -> list[str]:
    """No thread may be left stopped or traced."""
    out = []
    for task in Path(f"/proc/{pid}/task").iterdir():
        told = state_of(int(task.name))
        if told["State"][0] in "tT" or told["TracerPid"].strip() != "0":
            out.append(f"thread {task.name} is left {told['State']}, traced by {told['TracerPid']}")
    return out
