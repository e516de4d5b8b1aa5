"""Who can never run again, and what nobody can cancel: analysis/reach.h.

Three oracles, none of them our code. Program stuck parks goroutines on objects
that it holds, or does not hold, in every way, and says of each what must
follow. Go's own search, the goroutineleak profile, is asked in the same process
(Go 1.27; of 1.26 when built with the experiment) right after the process was
read: both sets must be equal. Random programs compute the fixpoint themselves.
"""

from __future__ import annotations

import json
import os
import random
import re
import select
import struct
import subprocess
from pathlib import Path
from typing import Any

import pytest

import build
import conftest
import profile
import reach
import toolchains
from corefile import CoreFile
from helper import Goctx, core_target
from victim import WILD, Layout

VERSIONS = toolchains.DEFAULT_VERSIONS
JUDGES = [("1.27", "default"), ("1.26", "leakprofile")]
QUICK = os.environ.get("GOCTX_TRUTH") == "quick"
SEED = int(os.environ.get("GOCTX_SEED", "1"))
SEEDS = range(1, 7 if QUICK else 21)


@pytest.fixture(scope="session")
def dump() -> reach.Dump:
    """Prints what analysis/reach.h found."""
    return reach.Dump(conftest.make("all", "libgoctx.a"))


@pytest.fixture(scope="session")
def dump_asan() -> reach.Dump:
    """The same with AddressSanitizer and UndefinedBehaviorSanitizer."""
    return reach.Dump(conftest.make("asan", "asan/libgoctx.a"), "-O1 -g -fsanitize=address,undefined")


def program(version: str, variant: str = "default") -> Path:
    """The executable of programs/stuck."""
    try:
        return build.build("stuck", version, variant)
    except build.Unavailable as why:
        pytest.skip(f"stuck with go {version} ({variant}): {why}")


def told(truth: build.Truth, kind: str) -> list[dict[str, Any]]:
    """What the program said of one kind."""
    found = [record for record in truth.other if record["type"] == kind]
    assert found or kind != "waiter"
    return found


def ask_judge(run: build.Run) -> set[int]:
    """The goroutines that Go's own profile calls leaked."""
    assert run.proc.stdin and run.proc.stdout
    run.proc.stdin.write(b"profile\n")
    run.proc.stdin.flush()
    line = b""
    while not line.endswith(b"\n"):
        assert select.select([run.proc.stdout], [], [], build.READY_TIMEOUT)[0], "no profile"
        line += os.read(run.proc.stdout.fileno(), 1 << 16)
    goids = json.loads(line)["goids"]
    assert goids is not None, "this release has no such profile"
    return set(goids)


def live(run: build.Run) -> list[str]:
    """As a target of the helper: stopped only while its memory is copied."""
    return ["--pid", str(run.pid)]


def same_as_judge(found: reach.Found, judge: set[int], truth: build.Truth) -> None:
    """Both name the same goroutines; goroutine 1 is in a system call in all of these programs."""
    names = {record["goid"]: record["name"] for record in told(truth, "waiter")}
    ours = found.goids("stuck")
    assert found.complete, found.why
    missed = {goid: (names.get(goid), found.stage.get(goid)) for goid in judge - ours}
    assert not missed, f"reported by the profile, not by us: {missed}"
    false = {goid: names.get(goid) for goid in ours - judge}
    assert not false, f"not reported by the profile: {false}"


def as_told(found: reach.Found, truth: build.Truth) -> None:
    """Every stage, and by what every context can be cancelled, are as the program says."""
    wrong = [f"{one['name']}: {found.stage.get(one['goid'])}, not {one['stage']}"
             for one in told(truth, "waiter") if found.stage.get(one["goid"]) != one["stage"]]
    for one in told(truth, "known"):
        known = found.contexts.get(one["addr"])
        if not known or known.cancelable != one["cancelable"]:
            wrong.append(f"{one['name']}: {known}, not {one['cancelable']}")
    assert found.complete, found.why
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("version", VERSIONS)
def test_cases(dump: reach.Dump, scratch: Path, version: str) -> None:
    """All waits, all holders, all contexts: on a process, and on its core."""
    run = build.start(program(version), cwd=scratch, env={"GOTRACEBACK": "crash"}, core=True)
    try:
        as_told(dump.run(live(run)), run.truth)
        try:
            core = build.abort(run, scratch)
        except build.Unavailable as why:
            pytest.skip(str(why))
        as_told(dump.run(["--core", str(core), "--exe", str(program(version))]), run.truth)
    finally:
        build.stop(run.proc)


@pytest.mark.parametrize("version,variant", JUDGES)
def test_judge(dump: reach.Dump, scratch: Path, version: str, variant: str) -> None:
    """Equal to the profile; afterwards, when its goroutines are in a status of their own, the core still says so."""
    exe = program(version, variant)
    run = build.start(exe, cwd=scratch, env={"GOTRACEBACK": "crash"}, core=True)
    try:
        found = dump.run(live(run))
        judge = ask_judge(run)
        assert len(judge) > 100
        same_as_judge(found, judge, run.truth)
        as_told(found, run.truth)
        try:
            core = build.abort(run, scratch)
        except build.Unavailable as why:
            pytest.skip(str(why))
        same_as_judge(dump.run(["--core", str(core), "--exe", str(exe)]), judge, run.truth)
    finally:
        build.stop(run.proc)


def test_judge_of_a_gcore(dump: reach.Dump, scratch: Path) -> None:
    """The core is taken while the process lives, and the profile after that."""
    exe = program("1.27")
    with build.running(exe) as run:
        try:
            core = build.gcore(run.pid, scratch / "core")
        except build.Unavailable as why:
            pytest.skip(str(why))
        found = dump.run(["--core", str(core), "--exe", str(exe)])
        core.unlink()
        same_as_judge(found, ask_judge(run), run.truth)


@pytest.mark.parametrize("variant", ["noopt", "pie", "cgo"])
def test_judge_of_variants(dump: reach.Dump, variant: str) -> None:
    """Without optimization variables live longer: what follows is the profile's to say."""
    with build.running(program("1.27", variant)) as run:
        found = dump.run(live(run))
        same_as_judge(found, ask_judge(run), run.truth)


@pytest.mark.parametrize("seed", SEEDS)
def test_random(dump: reach.Dump, seed: int) -> None:
    """200 goroutines that hold and wait for each other at random."""
    with build.running(program("1.27"), ["random", str(seed), "200"]) as run:
        found = dump.run(live(run))
        judge = ask_judge(run)
        assert judge
        same_as_judge(found, judge, run.truth)
        as_told(found, run.truth)


@pytest.mark.parametrize("version", [v for v in VERSIONS if v != "1.27"])
def test_random_of_older_releases(dump: reach.Dump, version: str) -> None:
    """The program's own fixpoint is the judge."""
    for seed in (31, 32):
        with build.running(program(version), ["random", str(seed), "200"]) as run:
            as_told(dump.run(live(run)), run.truth)


@pytest.mark.parametrize("shape", ["chain", "ring"])
def test_chain(dump: reach.Dump, shape: str) -> None:
    """5000 goroutines, each of which holds what the next one waits on: they come back one by one, or not at all."""
    with build.running(program(VERSIONS[-1]), [shape, "5000"]) as run:
        as_told(dump.run(live(run)), run.truth)


@pytest.mark.parametrize("version", [VERSIONS[0], VERSIONS[-1]])
def test_busy(dump: reach.Dump, version: str) -> None:
    """Goroutines that wake each other, looked at in the middle of it: none of them is ever stuck."""
    complete = 0
    with build.running(program(version), ["busy", "1"]) as run:
        for _ in range(10 if QUICK else 40):
            found = dump.run(live(run))
            complete += found.complete
            assert not found.goids("stuck")
    assert complete


def hot_calls(source: Path) -> list[profile.Call]:
    """The calls of context.WithCancel in a file."""
    calls, name, start = [], "", 0
    for number, line in enumerate(source.read_text().splitlines(), 1):
        func = re.match(r"func (\w+)\(", line)
        if func:
            name, start = func[1], number
        if "= context.WithCancel(" in line:
            calls.append(profile.Call(f"main.{name}", start, number, "context.WithCancel"))
    return calls


@pytest.mark.parametrize("version", ["1.22", VERSIONS[-1]])
def test_profile_guided(dump: reach.Dump, scratch: Path, version: str) -> None:
    """CancelFuncs that were inlined away: the one that was dropped is lost, the others are not."""
    go = toolchains.go(version)
    if not go:
        pytest.skip(f"go {version}: {toolchains.reasons().get(version, 'missing')}")
    folder = build.source_dir("profiled")
    calls = hot_calls(folder / "main.go")
    assert len(calls) == 4
    profile.write(scratch / "cpu.pprof", calls)
    command = [str(go), "build", f"-pgo={scratch}/cpu.pprof", "-o", f"{scratch}/profiled", "."]
    done = subprocess.run(command, cwd=folder, env=toolchains.go_env() | {"CGO_ENABLED": "0"},
                          capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    with build.running(scratch / "profiled") as run:
        found = dump.run(live(run))
        truth = {one["name"]: one["addr"] for one in told(run.truth, "known")}
        assert found.pgo
        # The oracle's premise: there is no closure to be found.
        assert not found.contexts[truth["in a deferred call"]].cancelers
        as_told_contexts(found, run.truth)


def as_told_contexts(found: reach.Found, truth: build.Truth) -> None:
    """By what every context can be cancelled."""
    for one in told(truth, "known"):
        assert found.contexts[one["addr"]].cancelable == one["cancelable"], one["name"]


def writable_headers(core: Path) -> list[tuple[int, int]]:
    """Of every writable segment with bytes: where its p_filesz is in the file, and its value."""
    data = core.read_bytes()[: 1 << 20]
    (offset,) = struct.unpack_from("<Q", data, 32)
    size, count = struct.unpack_from("<HH", data, 54)
    found = []
    for at in range(offset, offset + size * count, size):
        kind, flags = struct.unpack_from("<II", data, at)
        (in_file,) = struct.unpack_from("<Q", data, at + 32)
        if kind == 1 and flags & 2 and in_file:
            found.append((at + 32, in_file))
    return found


@pytest.mark.parametrize("version", [VERSIONS[0], VERSIONS[-1]])
def test_missing_memory(dump_asan: reach.Dump, scratch: Path, version: str) -> None:
    """Memory that the core lacks: the answer says so, or names no goroutine that it should not."""
    exe = program(version)
    try:
        died = build.kernel_core(exe, [], scratch)
    except build.Unavailable as why:
        pytest.skip(str(why))
    truth = {one["goid"] for one in told(died.truth, "waiter") if one["stage"] == "stuck"}
    known = {one["goid"] for one in told(died.truth, "waiter")}
    chance = random.Random(SEED)
    incomplete = 0
    with open(died.core, "r+b") as file:
        for at, size in writable_headers(died.core):
            for cut in {0, size // 2 & ~4095, chance.randrange(size) & ~4095}:
                file.seek(at)
                file.write(struct.pack("<Q", cut))
                file.flush()
                found = dump_asan.try_run(["--core", str(died.core), "--exe", str(exe)])
                if found and found.complete:
                    assert found.goids("stuck") & known <= truth, f"segment cut to {cut} of {size} bytes"
                incomplete += bool(found and not found.complete)
            file.seek(at)
            file.write(struct.pack("<Q", size))
        file.flush()
    as_told(dump_asan.run(["--core", str(died.core), "--exe", str(exe)]), died.truth)
    assert incomplete


@pytest.mark.parametrize("version", [VERSIONS[0], VERSIONS[-1]])
def test_what_decides_cannot_be_read(dump_asan: reach.Dump, goctx: Goctx, scratch: Path, version: str) -> None:
    """A parent that leads nowhere may have been anything; a module that is missing may hold anything."""
    exe = program(version)
    try:
        died = build.kernel_core(exe, [], scratch)
    except build.Unavailable as why:
        pytest.skip(str(why))
    target = ["--core", str(died.core), "--exe", str(exe)]
    hopeless = {one["addr"] for one in told(died.truth, "known") if one["cancelable"] in ("nobody", "by_waiter")}
    assert hopeless
    layout = Layout(goctx.run(core_target(died.core, exe), "layout", "--json"))
    core = CoreFile(died.core)
    for addr in hopeless:
        core.put_u64(int(addr, 16), WILD)  # the parent's itab
    found = dump_asan.run(target)
    assert {found.contexts[addr].cancelable for addr in hopeless if addr in found.contexts} <= {"foreign", "func"}
    core.restore()
    following = layout.variables["runtime.firstmoduledata"] + layout.at("runtime.moduledata", "next")
    core.put_u64(following, WILD)
    found = dump_asan.run(target)
    assert not found.complete
    assert not {one.cancelable for one in found.contexts.values()} & {"nobody", "by_waiter"}
    core.close()


@pytest.mark.parametrize("bounds", [(8, (1 << 47) - 8), ((1 << 64) - 0x20000, (1 << 64) - 1), (0x7000, 0x1000)])
def test_wild_stack(dump: reach.Dump, goctx: Goctx, scratch: Path, bounds: tuple[int, int]) -> None:
    """A stack as large as the address space, or at its end: no proof, and no search without end."""
    exe = program(VERSIONS[-1])
    try:
        died = build.kernel_core(exe, [], scratch)
    except build.Unavailable as why:
        pytest.skip(str(why))
    target = ["--core", str(died.core), "--exe", str(exe)]
    layout = Layout(goctx.run(core_target(died.core, exe), "layout", "--json"))
    core = CoreFile(died.core)
    allgs = core.u64(layout.variables["runtime.allgs"])
    for i in range(32):
        g = core.u64(allgs + 8 * i)
        for name, word in zip(("stack.lo", "stack.hi"), bounds):
            core.put_u64(g + layout.at("runtime.g", name), word)
    core.close()
    found = dump.run(target)
    assert not found.complete and "stack" in found.why
