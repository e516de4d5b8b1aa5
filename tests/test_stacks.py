"""What is told of stacks, against what the programs and Go's collector know.

build/asan/tests/stackprobe (tests/c/stackprobe.c) asks the engine; it is
linked with the sanitizers.  GOCTX_TRUTH=quick leaves most releases out.
"""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any, Iterator

import pytest

import build
import corefile
import helper
from conftest import make

RELEASES = ("1.19", "1.21", "1.22", "1.23", "1.24", "1.25", "1.26", "1.27")
if os.environ.get("GOCTX_TRUTH") == "quick":
    RELEASES = ("1.21", "1.27")
VARIANTS = ("default", "noopt")
EVERY = [(release, how) for release in RELEASES for how in VARIANTS]
SOME = EVERY + [(release, "pie") for release in (RELEASES[0], RELEASES[-1])]
of = pytest.mark.parametrize


@pytest.fixture(scope="session")
def probe() -> Path:
    """The program that asks."""
    return make("units", "asan/tests/stackprobe")


def ask(probe: Path, what: str, exe: Path, core: Path, words: str = "") -> list[dict[str, Any]]:
    """Its lines; the sanitizers must be content."""
    done = subprocess.run([probe, what, exe, core], input=words, text=True, check=False,
                          capture_output=True, env={**os.environ, **helper.SANITIZED}, timeout=600)
    assert done.returncode == 0 and not done.stderr, done.stderr[-4000:]
    return [json.loads(line) for line in done.stdout.splitlines()]


def core_of(name: str, release: str, how: str, folder: Path) -> tuple[Path, build.Died]:
    """A program's executable and a core of it."""
    try:
        exe = build.build(name, release, how)
        return exe, build.some_core(exe, [], folder)
    except build.Unavailable as why:
        pytest.skip(f"{name} with go {release} ({how}): {why}")


# -- live words --------------------------------------------------------------

MARK = 0x0B1EC70B1EC7  # in every object of programs/live, behind its number


def is_still_there(core: corefile.CoreFile, addr: int, number: int) -> bool:
    """A slot that was freed keeps its words until something else is made in it."""
    return core.u64(addr + 8) == number and core.u64(addr + 16) == MARK


def wrong_words(died: build.Died, lines: list[dict[str, Any]]) -> Iterator[str]:
    """Objects that Go's collector kept are reached, others are not."""
    found = {line["goid"]: line for line in lines}
    with corefile.CoreFile(died.core) as core:
        gone = {n for n, obj in enumerate(died.truth.other) if not is_still_there(core, int(obj["addr"], 16), n)}
    assert len(gone) * 10 < sum(not obj["kept"] for obj in died.truth.other), gone
    for number, obj in enumerate(died.truth.other):
        if number in gone:
            assert not obj["kept"], obj
            continue
        what = f"{obj['scenario']}: {obj['label']} {obj['addr']}"
        # Whose the one is that has never run is not known to the program.
        its = [found[obj["goid"]]] if obj["goid"] else lines
        if obj["kept"] and not any(obj["addr"] in line["reached"] for line in its):
            yield f"{what} is alive, and not reached"
        # Over the heap one comes to objects that were made in its place later.
        if not obj["kept"] and any(obj["addr"] in line["direct"] for line in its):
            yield f"{what} is dead, and in a live word"


@of("release, how", SOME)
def test_live(probe: Path, scratch: Path, release: str, how: str) -> None:
    """Exactly what the collector kept is reached from live words."""
    exe, died = core_of("live", release, how, scratch)
    objects = died.truth.other
    assert {obj["kept"] for obj in objects} == {True, False} and len(objects) > 400
    words = "\n".join(obj["addr"] for obj in objects)
    lines = ask(probe, "live", exe, died.core, words)
    wrong = list(wrong_words(died, lines))
    assert not wrong, "\n".join(wrong)
    goids = {obj["goid"] for obj in objects}
    for line in lines:
        assert line["found"] and line["complete"] and not line["unreadable"], line
        if line["goid"] in goids and line["goid"] != 1:
            assert set(line["direct"]) == set(line["exact"]) or line["conservative"], line


# -- deferred calls ------------------------------------------------------------


@of("release, how", SOME)
def test_defers(probe: Path, scratch: Path, release: str, how: str) -> None:
    """Pending calls: all of them, in order, and no others."""
    exe, died = core_of("defers", release, how, scratch)
    lines = ask(probe, "defers", exe, died.core)
    walked = {line["goid"]: line["walked"] for line in lines if "walked" in line}
    parked = {one["goid"]: one["scenario"] for one in died.truth.other if one["type"] == "parked"}
    assert len(parked) >= 17
    for goid, scenario in parked.items():
        told = [line for line in lines if line["goid"] == goid and "fn" in line]
        # The outermost is main's own.
        main = told.pop()
        assert main["func"].startswith("main.main."), (scenario, main)
        expected = [one for one in died.truth.other
                    if one["type"] == "defer" and one["goid"] == goid]
        assert walked[goid], scenario
        assert len(told) == len(expected), (scenario, told)
        for here, there in zip(told, expected):
            assert there["fn"] in (None, here["fn"]), (scenario, told, expected)
            assert there["code"] in (None, here["code"]), (scenario, told, expected)
            assert here["func"].startswith("main."), (scenario, here)
            if how != "noopt":  # which makes records of all
                assert here["open"] == there["open"], (scenario, here)


# -- what could wake a goroutine -----------------------------------------------


@of("release, how", SOME)
def test_waits(probe: Path, scratch: Path, release: str, how: str) -> None:
    """For every way to wait: who can wake it."""
    exe, died = core_of("waits", release, how, scratch)
    told = {line["goid"]: line for line in ask(probe, "waits", exe, died.core)}
    assert len(died.truth.other) >= 35
    wrong = []
    for there in died.truth.other:
        here = told[there["goid"]]
        addrs = sorted(int(addr, 16) for addr in here["addrs"])
        objects = sorted(there["objects"] or ())
        inside = [first <= addr < first + size for addr, (first, size) in zip(addrs, objects)]
        if (here["wake"] != there["wake"] or len(addrs) != len(objects) or not all(inside)
                or len(set(here["sudogs"])) != len(addrs)):
            wrong.append(f"{there['label']}: {here} instead of {there}")
    assert not wrong, "\n".join(wrong)
