"""Paths that begin in a frame: words on stacks are called by the variables of DWARF, where a program keeps objects in variables and says in which,
and GDB, which reads the same DWARF by itself, finds each object by that name."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

import build
import gdbrun
import helper
import toolchains

VERSIONS = toolchains.DEFAULT_VERSIONS
NEWEST = VERSIONS[-1]


def program(version: str, variant: str = "default") -> Path:
    """The executable of programs/locals."""
    try:
        return build.build("locals", version, variant)
    except build.Unavailable as why:
        pytest.skip(f"locals with go {version} ({variant}): {why}")


def core_of(exe: Path, folder: Path) -> build.Died:
    try:
        return build.some_core(exe, [], folder)
    except build.Unavailable as why:
        pytest.skip(f"cores: {why}")


def records(truth: build.Truth) -> list[dict[str, Any]]:
    """What the program says it keeps."""
    found = [one for one in truth.other if one["type"] == "local"]
    assert len(found) > 20
    return found


def paths_of(server: helper.Server, addr: str) -> list[dict[str, Any]]:
    found = [one for one in server.ask("why", addr, "--paths", "0", "--json").other if one["type"] == "path"]
    assert found
    return found


def place(path: dict[str, Any]) -> str:
    """Where its first pointer lies, without the goroutine: "s.conns of main.serve"."""
    via: str = path["hops"][0]["via"]
    return re.sub(r"^task \d+ \S+ \S+:\d+ ", "", via)


def steps(path: dict[str, Any]) -> list[str]:
    return [place(path), *(hop["via"] for hop in path["hops"][1:])]


def wanted(one: dict[str, Any]) -> list[str]:
    return [f"{one['via'][0]} of {one['func']}", *one["via"][1:]]


def same(found: list[str], want: list[str]) -> bool:
    return len(found) == len(want) and all(b in ("*", a) for a, b in zip(found, want))


@pytest.mark.parametrize("variant", ["default", "noopt", "pie"])
@pytest.mark.parametrize("version", VERSIONS)
def test_variables(goctx: helper.Goctx, scratch: Path, version: str, variant: str) -> None:
    """Each object's path begins at the variable that the program keeps it in, and is typed from there on."""
    if variant == "pie" and version not in (VERSIONS[0], NEWEST):
        pytest.skip("PIE differs by where it is loaded, not by release")
    exe = program(version, variant)
    died = core_of(exe, scratch)
    wrong = []
    with goctx.serve(helper.core_target(died.core, exe)) as server:
        for one in records(died.truth):
            paths = [path for path in paths_of(server, one["addr"]) if path["goid"] == one["goid"]]
            right = [path for path in paths if same(steps(path), wanted(one))]
            if not right or len(paths) > 1:
                wrong.append(f"{one['label']}: {[steps(path) for path in paths]}, not {wanted(one)}")
            elif "*" not in one["via"] and one["label"] != "text" and "main.Item" not in right[0]["hops"][-1]["type"]:
                wrong.append(f"{one['label']}: a {right[0]['hops'][-1]['type']}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.skipif(bool(gdbrun.missing()), reason=str(gdbrun.missing()))
@pytest.mark.parametrize("version", [VERSIONS[0], "1.24", NEWEST])
def test_gdb_finds_them(scratch: Path, version: str) -> None:
    """The expression by which the program expects each to be found is a path's, and GDB agrees."""
    exe = program(version)
    died = core_of(exe, scratch)
    asked = [one for one in records(died.truth) if one["expr"]]
    commands = []
    for one in asked:
        commands += [f"goctx frame {one['goid']}", f"frame function {one['func']}", f"output/x {one['expr']}"]
    answers = gdbrun.session(commands, exe=exe, core=died.core)[2::3]
    told = {one["label"]: answer.strip() for one, answer in zip(asked, answers)}
    # What it calls optimized out, or has been given a wrong place of by the compiler, is no number.
    found = {label: one for label, one in told.items() if re.fullmatch("0x[0-9a-f]+", one)}
    assert found == {one["label"]: one["addr"] for one in asked if one["label"] in found}
    assert len(found) >= len(told) - 2, told


def test_without_dwarf(goctx: helper.Goctx, scratch: Path) -> None:
    """Without debug information words are called by where they lie."""
    exe = program(NEWEST)
    died = core_of(exe, scratch)
    bare = scratch / "bare"
    if not shutil.which("objcopy"):
        pytest.skip("objcopy is not installed (package binutils)")
    subprocess.run(["objcopy", "--strip-debug", exe, bare], check=True, capture_output=True)
    with goctx.serve(helper.core_target(died.core, bare)) as server:
        for one in records(died.truth):
            places = [place(path) for path in paths_of(server, one["addr"]) if path["goid"] == one["goid"]]
            assert places and all(re.fullmatch(r"stack \+0x[0-9a-f]+ of main\.\S+", one) for one in places)
