"""What goctx says of a program against what the program says of itself.

For each Go release, way of building and kind of target: kinds (every kind of
context), tree (random trees and children maps in every stage) and waiters
(goroutines parked in every way).  support/compare.py does the comparing, in
both directions: what goctx leaves out and what it adds are both failures.

GOCTX_TRUTH=quick keeps to the oldest and the newest release.
"""

from __future__ import annotations

import dataclasses
import os
import time
from pathlib import Path

import pytest

import build
import compare
import helper
import toolchains
from agree import agree, asking, contexts_agree, runs_on, state_of, tasks_agree

VERSIONS = toolchains.DEFAULT_VERSIONS
if os.environ.get("GOCTX_TRUTH") == "quick":
    VERSIONS = (VERSIONS[0], VERSIONS[-1])
VARIANTS = ("default", "noopt", "pie", "cgo")
SEEDS = (1, 2, 3)
EVERY = [(version, variant) for version in VERSIONS for variant in VARIANTS]
# Both layouts of maps, both ends, and each way of building once more, live and by gcore.
SOME = [one for one in (("1.19", "pie"), ("1.21", "noopt"), ("1.24", "cgo"), ("1.27", "pie"),
                        ("1.27", "noopt"), ("1.27", "cgo")) if one[0] in VERSIONS]
PLAIN = [(version, "default") for version in VERSIONS]


def of(pairs: list[tuple[str, str]]) -> pytest.MarkDecorator:
    """Run a test for each of these builds."""
    return pytest.mark.parametrize("version, variant", pairs, ids=["-".join(p) for p in pairs])


def program(name: str, version: str, variant: str = "default") -> Path:
    """A program's executable; what cannot be had is skipped, by name."""
    try:
        return build.build(name, version, variant)
    except build.Unavailable as why:
        pytest.skip(f"{name} with go {version} ({variant}): {why}")


def some_core(exe: Path, folder: Path, *args: str) -> build.Died:
    """A core, by the kernel where it writes any."""
    try:
        return build.some_core(exe, args, folder)
    except build.Unavailable as why:
        pytest.skip(f"cores: {why}")


def gcore(pid: int, path: Path) -> Path:
    """A core of a process that runs on."""
    try:
        build.gcore(pid, path)
    except build.Unavailable as why:
        pytest.skip(f"gcore: {why}")
    return path


# -- cores ------------------------------------------------------------------


@of(EVERY)
def test_kinds(goctx: helper.Goctx, scratch: Path, version: str, variant: str) -> None:
    """Every kind of context in every state, in a core."""
    exe = program("kinds", version, variant)
    died = some_core(exe, scratch)
    assert died.truth.problems() == []
    target = helper.core_target(died.core, exe)
    agree(contexts_agree(goctx, target, died.truth) + tasks_agree(goctx, target, died.truth))


@of(EVERY)
def test_waiters(goctx: helper.Goctx, scratch: Path, version: str, variant: str) -> None:
    """Goroutines parked in every way, in a core; each stack also on its own."""
    exe = program("waiters", version, variant)
    died = some_core(exe, scratch)
    assert died.truth.problems() == []
    target = helper.core_target(died.core, exe)
    out = contexts_agree(goctx, target, died.truth) + tasks_agree(goctx, target, died.truth)
    with goctx.serve(target) as server:
        together = server.ask("bt", "all", "--json", "--limit", "0").frames
        for task in died.truth.tasks:
            alone = server.ask("bt", str(task.goid), "--json", "--limit", "0").frames
            if alone != [frame for frame in together if frame.goid == task.goid]:
                out.append(f"bt {task.goid} differs from bt all")
    agree(out)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("version", VERSIONS)
def test_tree(goctx: helper.Goctx, scratch: Path, version: str, seed: int) -> None:
    """A random tree, partly canceled, and maps that grow, hold tombstones, are empty again."""
    exe = program("tree", version)
    died = some_core(exe, scratch, f"-seed={seed}")
    assert died.truth.problems() == []
    assert len(died.truth.contexts) > 4000
    agree(contexts_agree(goctx, helper.core_target(died.core, exe), died.truth))


@pytest.mark.parametrize("version", VERSIONS)
def test_growing_maps(goctx: helper.Goctx, scratch: Path, version: str) -> None:
    """Children maps of every size up to 60, and around each limit at which they grow."""
    exe = program("tree", version)
    sizes = [*range(60), *(limit + by for limit in (104, 112, 208, 416, 832, 896, 1664)
                           for by in (-1, 0, 1, 2))]
    died = some_core(exe, scratch, "-n=0", f"-hubs={','.join(map(str, sizes))}")
    agree(contexts_agree(goctx, helper.core_target(died.core, exe), died.truth))


@of([one for one in SOME if one[1] != "default"] + [p for p in PLAIN if p[0] in ("1.19", "1.27")])
def test_executable_is_found(goctx: helper.Goctx, scratch: Path, version: str,
                             variant: str) -> None:
    """Without --exe, a core says itself where its executable is."""
    exe = program("kinds", version, variant)
    died = some_core(exe, scratch)
    answer = goctx.run(helper.core_target(died.core), "list", "--json")
    assert answer.status == helper.OK and answer.header.exe == str(exe)
    agree(compare.contexts(died.truth, answer, time.time()))


# -- live -------------------------------------------------------------------


@of(PLAIN + SOME)
@pytest.mark.parametrize("name", ["kinds", "waiters"])
def test_live(goctx: helper.Goctx, name: str, version: str, variant: str) -> None:
    """A process: the same answers, and it goes on afterwards."""
    exe = program(name, version, variant)
    with build.running(exe) as run:
        target = helper.pid_target(run.pid)
        out = contexts_agree(goctx, target, run.truth)
        agree(out + tasks_agree(goctx, target, run.truth) + runs_on(run))


@pytest.mark.parametrize("version", VERSIONS)
def test_live_tree(goctx: helper.Goctx, version: str) -> None:
    """A random tree in a process."""
    exe = program("tree", version)
    with build.running(exe, ["-seed=4"]) as run:
        out = contexts_agree(goctx, helper.pid_target(run.pid), run.truth)
        agree(out + runs_on(run))


@pytest.mark.parametrize("version", [VERSIONS[0], VERSIONS[-1]])
def test_live_without_main_thread(goctx: helper.Goctx, scratch: Path, version: str) -> None:
    """Its main thread has ended: /proc/PID has no memory, /proc/PID/task/TID of the others has."""
    exe = program("leaderless", version)
    with build.running(exe) as run:
        assert state_of(run.pid)["State"][0] == "Z"
        target = helper.pid_target(run.pid)
        out = contexts_agree(goctx, target, run.truth) + tasks_agree(goctx, target, run.truth)
        agree(out + runs_on(run))
    died = some_core(exe, scratch)
    target = helper.core_target(died.core, exe)
    agree(contexts_agree(goctx, target, died.truth) + tasks_agree(goctx, target, died.truth))


# -- all targets say the same ------------------------------------------------


def timeless(answer: helper.Answer, fickle: set[int]) -> list[object]:
    """What must not depend on the kind of target, nor on when it is looked at."""
    contexts = [dataclasses.replace(one, deadline_left_ns=None) for one in answer.context_list]
    tasks = [dataclasses.replace(one, wait_ns=None)
             for one in answer.task_list if one.goid not in fickle]
    return [contexts, tasks, answer.edges, answer.notes]


@of(SOME + [p for p in PLAIN if p[0] in ("1.19", "1.24", "1.27")])
@pytest.mark.parametrize("name", ["kinds", "waiters"])
def test_same_everywhere(goctx: helper.Goctx, scratch: Path, name: str, version: str,
                         variant: str) -> None:
    """One program, live, then in gcore's core of it, then in the kernel's."""
    exe = program(name, version, variant)
    commands = [("tree", "--values"), ("tasks",), ("blocked",)]
    answers: dict[str, list[object]] = {}

    def ask(target: list[str]) -> list[object]:
        with asking(goctx, target) as one:
            got = [one(*command) for command in commands]
        assert [one.status for one in got] == [helper.OK] * len(commands), got[0].notes
        return [timeless(one, fickle) for one in got]

    died = None
    cwd = scratch / "died"
    cwd.mkdir()
    run = build.start(exe, cwd=cwd, env={"GOTRACEBACK": "crash"}, core=True)
    try:
        fickle = {task.goid for task in run.truth.tasks if task.fickle}
        answers["live"] = ask(helper.pid_target(run.pid))
        core = gcore(run.pid, scratch / "gcore")
        target = helper.core_target(core, exe)
        answers["gcore"] = ask(target)
        agree(contexts_agree(goctx, target, run.truth) + tasks_agree(goctx, target, run.truth))
        core.unlink()
        died = abort(run, cwd)
    finally:
        build.stop(run.proc)
    answers["kernel"] = ask(helper.core_target(died, exe))
    for kind in ("gcore", "kernel"):
        for command, live, other in zip(commands, answers["live"], answers[kind]):
            assert other == live, f"{' '.join(command)} of the {kind} core differs from the process"


def abort(run: build.Run, cwd: Path) -> Path:
    """Let a program die of SIGABRT; returns the kernel's core."""
    try:
        return build.abort(run, cwd)
    except build.Unavailable as why:
        pytest.skip(f"kernel cores: {why}")


# -- the comparison itself --------------------------------------------------


def test_comparison_sees_differences(goctx: helper.Goctx, scratch: Path) -> None:
    """Any field of the truth that is changed must show up; else the tests above prove nothing."""
    exe = program("waiters", VERSIONS[-1])
    died = some_core(exe, scratch)
    truth = died.truth
    target = helper.core_target(died.core, exe)
    with asking(goctx, target) as ask:
        listed, tree, tasks, blocked, stacks = (
            ask(*command.split()) for command in ("list", "tree", "tasks", "blocked", "bt all"))

    def differences(changed: build.Truth) -> list[str]:
        return (compare.contexts(changed, listed, time.time()) + compare.tree(changed, tree)
                + compare.tasks(changed, tasks) + compare.blocked(changed, blocked)
                + compare.stacks(changed, stacks))

    agree(differences(truth))
    changes = [(truth.contexts, truth.context("timeout"), change) for change in (
        {"kind": "cancel"}, {"go_type": "*context.cancelCtx"}, {"parent": "background"},
        {"state": "expired"}, {"err": "gone"}, {"cause": "gone"}, {"done": None},
        {"deadline": "2030-01-01T00:00:00Z"}, {"children": ["0x1"]}, {"addr": "0x1"})]
    changes += [(truth.contexts, truth.context("value"), change) for change in (
        {"key": "other"}, {"value": "other"}, {"key_type": "string"})]
    changes += [(truth.tasks, truth.task("deep"), change) for change in (
        {"status": "running"}, {"wait_reason": "select"}, {"func": "main.f"}, {"file": "x.go"},
        {"line": 1}, {"created_by": "main.f"}, {"created_line": 1}, {"parent_goid": 99},
        {"waits": []}, {"waits_ctx": []}, {"goid": 10**6},
        {"frames": truth.task("inlined wait").frames})]
    for records, record, change in changes:
        at = records.index(record)  # type: ignore[arg-type]
        records[at] = dataclasses.replace(record, **change)  # type: ignore[call-overload]
        assert differences(truth), f"nobody notices {change}"
        records[at] = record  # type: ignore[call-overload]
