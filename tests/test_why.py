"""`why`: paths from roots, against a program that keeps objects in every way it knows and says how."""

from __future__ import annotations

import json
import random
import re
import shutil
import struct
import subprocess
from pathlib import Path
from typing import Any, Iterator

import pytest

import build
import corefile
import gdbrun
import helper
import toolchains

VERSIONS = toolchains.DEFAULT_VERSIONS
NEWEST = VERSIONS[-1]
NO_PATH = ("garbage", "free", "variable")
FIELDS = ("package variable", "field of a variable", "behind pointers", "arrays in arrays",
          "data without a name")


def program(version: str, variant: str = "default") -> Path:
    """The executable of programs/why."""
    try:
        return build.build("why", version, variant)
    except build.Unavailable as why:
        pytest.skip(f"why with go {version} ({variant}): {why}")


def core_of(exe: Path, folder: Path) -> build.Died:
    """A core of it."""
    try:
        return build.some_core(exe, [], folder)
    except build.Unavailable as why:
        pytest.skip(f"cores: {why}")


def records(truth: build.Truth) -> list[dict[str, Any]]:
    """What the program says it keeps."""
    found = [one for one in truth.other if one["type"] == "why"]
    assert len(found) > 50
    return found


def record(truth: build.Truth, label: str) -> dict[str, Any]:
    """The one of that label."""
    (found,) = [one for one in truth.other if one["label"] == label]
    return found


def paths_of(answer: helper.Answer) -> list[dict[str, Any]]:
    """Its path lines, checked for the fields of the interface."""
    found = [one for one in answer.other if one["type"] == "path"]
    for number, path in enumerate(found):
        assert path["index"] == number + 1 and isinstance(path["root"], str) and path["hops"]
        assert not path["itself"] or path["goid"]
        for hop in path["hops"]:
            assert re.fullmatch("0x[0-9a-f]+", hop["addr"]) and isinstance(hop["via"], str)
            assert hop["type"] is None or (isinstance(hop["type"], str) and hop["type"])
    return found


def subject(answer: helper.Answer) -> dict[str, Any]:
    """Its last line but for notes."""
    (found,) = [one for one in answer.other if one["type"] == "subject"]
    return found


def agrees(want: str, via: str, first: bool, root: str) -> bool:
    """Is a step called as the program said?  Roots say more: goroutine, object of a finalizer."""
    if want == "*":
        return bool(via)
    return via.endswith(want) if first and root != "global" else via == want


def compare(one: dict[str, Any], path: dict[str, Any]) -> list[str]:
    """What is wrong with a path."""
    vias = [hop["via"] for hop in path["hops"]]
    last = path["hops"][-1]
    wrong = []
    if path["root"] != one["root"]:
        wrong.append(f"root {path['root']}, not {one['root']}")
    if len(vias) != len(one["via"]) or not all(
            agrees(want, via, not i, one["root"]) for i, (want, via) in enumerate(zip(one["via"], vias))):
        wrong.append(f"steps {vias}, not {one['via']}")
    if last["addr"] != one["addr"]:
        wrong.append(f"leads to {last['addr']}")
    if one["of"] and last["type"] != one["of"] and not str(last["type"]).endswith(f"({one['of']})"):
        wrong.append(f"type {last['type']}, not {one['of']}")
    return wrong


def check_all(server: helper.Server, truth: build.Truth) -> None:
    """Every record that has a path has the one it should have."""
    wrong = []
    for one in records(truth):
        if one["root"] in (*NO_PATH, "several") or one["label"] == "variable of a stack":
            continue
        paths = paths_of(server.ask("why", one["addr"], "--paths", "1", "--json"))
        found = compare(one, paths[0]) if paths else ["no path"]
        wrong += [f"{one['label']}: {what}" for what in found]
    assert not wrong, "\n".join(wrong)


def check_none(server: helper.Server, truth: build.Truth) -> None:
    """What nothing reaches, and what is no object, is said to be that."""
    garbage = server.ask("why", record(truth, "garbage")["addr"], "--json")
    assert not paths_of(garbage) and subject(garbage)["what"] == "object"
    assert subject(garbage)["complete"] and not subject(garbage)["holders"] and garbage.status == 0
    text = server.ask("why", record(truth, "garbage")["addr"]).text
    assert "nothing reaches" in text and "garbage, not yet collected" in text

    free = server.ask("why", record(truth, "collected")["addr"], "--json")
    assert not paths_of(free) and subject(free)["what"] == "free" and free.status == 0
    assert "free slot" in server.ask("why", record(truth, "collected")["addr"]).text

    variable = record(truth, "variable")
    assert variable["via"][0] in server.ask("why", variable["addr"]).text
    stack = record(truth, "variable of a stack")
    said = server.ask("why", stack["addr"]).text
    assert re.search(r"is no heap object: on the stack of task \d+, \+0x[0-9a-f]+ of main\.local$", said,
                     re.MULTILINE), said
    for odd in ("0x10", "0x7fffffffffff"):
        assert "nothing is mapped there" in server.ask("why", odd).text
    assert server.ask("why", "background").status == 0


def check_several(server: helper.Server, truth: build.Truth) -> None:
    """One path for each direct holder, shortest first, none through the object itself."""
    one = record(truth, "shared")
    every = server.ask("why", one["addr"], "--paths", "0", "--json")
    found = [" ".join(hop["via"] for hop in path["hops"]) for path in paths_of(every)]
    assert sorted(found) == sorted(one["via"])
    assert found[0] == "main.sharedBy.direct"
    assert subject(every)["holders"] == 5 and subject(every)["holders_all"]
    two = server.ask("why", one["addr"], "--paths", "2", "--json")
    assert [path["hops"] for path in paths_of(two)] == [path["hops"] for path in paths_of(every)[:2]]
    assert not subject(two)["holders_all"]
    text = server.ask("why", one["addr"], "--paths", "2").text
    assert re.search("^2 paths, shortest first; there are more", text, re.MULTILINE), text
    text = server.ask("why", one["addr"], "--paths", "0").text
    assert re.search("^5 paths, shortest first$", text, re.MULTILINE), text


@pytest.mark.parametrize("version", VERSIONS)
def test_core(goctx: helper.Goctx, scratch: Path, version: str) -> None:
    """Every way of keeping an object, on every release."""
    exe = program(version)
    died = core_of(exe, scratch)
    with goctx.serve(helper.core_target(died.core, exe)) as server:
        check_all(server, died.truth)
        check_none(server, died.truth)
        check_several(server, died.truth)


@pytest.mark.parametrize("variant", ["noopt", "pie"])
def test_variants(goctx: helper.Goctx, scratch: Path, variant: str) -> None:
    """The same program, built in other ways: what globals reach is the same."""
    exe = program(NEWEST, variant)
    died = core_of(exe, scratch)
    with goctx.serve(helper.core_target(died.core, exe)) as server:
        for one in records(died.truth):
            if one["root"] != "global":
                continue
            paths = paths_of(server.ask("why", one["addr"], "--paths", "0", "--json"))
            # Without optimization dead variables are live: the stack of main may be a shorter way.
            assert any(not compare(one, path) for path in paths), one["label"]


def test_live(goctx: helper.Goctx) -> None:
    """A process, which goes on."""
    with build.running(program(NEWEST)) as run:
        with goctx.serve(helper.pid_target(run.pid)) as server:
            check_all(server, run.truth)
        assert run.proc.poll() is None


def test_without_dwarf(goctx: helper.Goctx, scratch: Path) -> None:
    """Without debug information the paths are the same; variables have their names, and types where descriptors tell."""
    exe = program(NEWEST)
    died = core_of(exe, scratch)
    bare = scratch / "bare"
    if not shutil.which("objcopy"):
        pytest.skip("objcopy is not installed (package binutils)")
    subprocess.run(["objcopy", "--strip-debug", exe, bare], check=True, capture_output=True)
    with goctx.serve(helper.core_target(died.core, bare)) as server:
        for one in records(died.truth):
            if one["root"] not in ("global", "stack", "timer", "finalizer", "cleanup"):
                continue
            if one["label"] == "variable of a stack":
                continue
            paths = paths_of(server.ask("why", one["addr"], "--paths", "1", "--json"))
            assert paths and paths[0]["root"] == one["root"], one["label"]
            assert paths[0]["hops"][-1]["addr"] == one["addr"]
        named = paths_of(server.ask("why", record(died.truth, "package variable")["addr"], "--json"))[0]["hops"]
        assert [hop["via"] for hop in named] == ["main.direct"]


@pytest.mark.skipif(bool(gdbrun.missing()), reason=str(gdbrun.missing()))
def test_names_are_expressions(goctx: helper.Goctx, scratch: Path) -> None:
    """GDB, which knows variables and fields by itself, finds the object by the name of the path."""
    exe = program(NEWEST)
    died = core_of(exe, scratch)
    for label in FIELDS:
        one = record(died.truth, label)
        (path,) = paths_of(goctx.run(helper.core_target(died.core, exe), "why", one["addr"], "--paths", "1",
                                     "--json"))
        name = "".join(hop["via"] for hop in path["hops"])
        variable = re.match(r"main\.\w+", name)
        assert variable
        gdb = subprocess.run(["gdb", "-batch", "-nx", "-ex", "set language c", "-ex",
                              f"print/x '{variable[0]}'{_arrows(name[variable.end():], path)}",
                              str(exe), str(died.core)],
                             text=True, capture_output=True, check=False).stdout
        assert gdb.strip().endswith(f"= {one['addr']}"), f"{name}: {gdb[-200:]}"


def _arrows(fields: str, path: dict[str, Any]) -> str:
    """In C a pointer's fields have an arrow: every step but the first begins with a pointer."""
    steps = [hop["via"] for hop in path["hops"]]
    if len(steps) == 1:
        return fields.replace(".item", "->item") if "static" in steps[0] else fields
    first = re.sub(r"^main\.\w+", "", steps[0])
    return first + "".join("->" + step[1:] for step in steps[1:])


@pytest.mark.skipif(bool(gdbrun.missing()), reason=str(gdbrun.missing()))
def test_gdb(scratch: Path) -> None:
    """In GDB the argument may be an expression, also a slice, and the text is the helper's."""
    exe = program(NEWEST)
    died = core_of(exe, scratch)
    direct, shared = gdbrun.session(["goctx why main.direct", "goctx why main.raw --paths 1"], exe=exe,
                                    core=died.core)
    assert direct.startswith("1  global main.direct  *main.Item " + record(died.truth, "package variable")["addr"])
    assert f"global main.raw  []uint8 {record(died.truth, 'bytes')['addr']}" in shared
    bad = gdbrun.run(["goctx why nonsense"], exe=exe, core=died.core)
    assert "cannot evaluate 'nonsense'" in bad.err


# -- damage -----------------------------------------------------------------


def writable(core: corefile.CoreFile) -> Iterator[corefile.Segment]:
    """Segments that a program can have changed."""
    return (one for one in core.segments if one.writable and one.size >= 4096)


def test_functions_met_on_the_way(goctx_asan: helper.Goctx, scratch: Path) -> None:
    """A path leads through closures whose functions nobody has asked about before, and what is known of functions moves as it grows."""
    try:
        exe = build.build("tree", NEWEST)
    except build.Unavailable as why:
        pytest.skip(str(why))
    target = helper.core_target(core_of(exe, scratch).core, exe)
    listed = goctx_asan.run(target, "list", "--json", "--sort", "children", "--limit", "3")
    asked = [one.addr for one in listed.context_list if one.addr.startswith("0x")]
    assert asked
    for addr in asked:  # each in a process of its own
        assert paths_of(goctx_asan.run(target, "why", addr, "--paths", "0", "--json"))


@pytest.mark.parametrize("version", [VERSIONS[0], NEWEST])
def test_damage(goctx_asan: helper.Goctx, scratch: Path, version: str) -> None:
    """Words of the heap, stacks and variables overwritten: an answer or a clear error, at an end."""
    exe = program(version)
    died = core_of(exe, scratch)
    core = corefile.CoreFile(died.core)
    noise = random.Random(5)
    asked = [one["addr"] for one in records(died.truth)]
    for _ in range(3):
        for segment in writable(core):
            for _ in range(min(60, segment.size // 64)):
                at = segment.addr + noise.randrange(segment.size // 8) * 8
                other = segment.addr + noise.randrange(segment.size // 8) * 8
                core.put_u64(at, noise.choice([other, 0, noise.getrandbits(64), core.u64(other)]))
        with goctx_asan.serve(helper.core_target(died.core, exe)) as server:
            for addr in noise.sample(asked, 6):
                answer = server.ask("why", addr, "--paths", "0", "--json")
                assert answer.status in (helper.OK, helper.PARTIAL, helper.UNREADABLE), answer.stderr
                for path in paths_of(answer):
                    assert path["hops"]
                server.ask("why", addr)
        core.restore()


def test_missing_memory(goctx: helper.Goctx, scratch: Path) -> None:
    """Where part of the heap is not in the core, "nothing reaches it" is no proof."""
    exe = program(NEWEST)
    died = core_of(exe, scratch)
    target = helper.core_target(died.core, exe)
    garbage = record(died.truth, "garbage")["addr"]
    cut(died.core, int(record(died.truth, "behind pointers")["addr"], 16) & ~0xFFF)
    answer = goctx.run(target, "why", garbage)
    assert answer.status == helper.PARTIAL
    assert "that is no proof" in answer.text and "nothing reaches" not in answer.text
    told = goctx.run(target, "why", garbage, "--json")
    assert not subject(told)["complete"] and told.damage


def cut(core: Path, page: int) -> None:
    """Let the segment of a core that holds this page end before it."""
    with open(core, "r+b") as file:
        head = file.read(64)
        (offset,) = struct.unpack_from("<Q", head, 32)
        size, count = struct.unpack_from("<HH", head, 54)
        file.seek(offset)
        table = bytearray(file.read(size * count))
        for at in range(0, len(table), size):
            kind, _, _, addr, _, in_file, _, _ = struct.unpack_from("<IIQQQQQQ", table, at)
            if kind == corefile.PT_LOAD and addr <= page < addr + in_file:
                struct.pack_into("<Q", table, at + 32, page - addr)
                file.seek(offset)
                file.write(table)
                return
    raise AssertionError("the page is in no segment")
