"""Marking against a program that knows its heap, and against Go's own collector.

Program heap tells which of its objects are reached and which are not, has the
collector run, and lets go of a part.  tests/c/test_markcore.c marks all that is
reached in a core of it.  Two judges: the program's word for thousands of
objects of every size and shape, decoys among them that only scalars point to;
and the marks that the collector itself has left in the core.
"""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

import pytest

import build
import helper
import toolchains
from conftest import make

VERSIONS = toolchains.DEFAULT_VERSIONS
if os.environ.get("GOCTX_TRUTH") == "quick":
    VERSIONS = (VERSIONS[0], VERSIONS[-1])
# Each way of building once more, on both sides of malloc headers.
BUILDS = [(version, "default") for version in VERSIONS] + [
    pair for pair in (("1.19", "pie"), ("1.23", "noopt"), ("1.27", "pie"), ("1.27", "cgo"))
    if pair[0] in VERSIONS]


@dataclass
class Marked:
    """What the driver printed."""

    missed: set[int] = field(default_factory=set)
    kept: set[int] = field(default_factory=set)
    lost: list[str] = field(default_factory=list)
    marks: list[int] = field(default_factory=list)
    survivors: int = 0
    free: int = 0
    roots: dict[int, int] = field(default_factory=dict)

    @classmethod
    def parse(cls, text: str) -> Marked:
        """Its lines as data."""
        result = cls()
        for line in text.splitlines():
            kind, *words = line.split()
            if kind in ("missed", "kept"):
                getattr(result, kind).add(int(words[0], 16))
            elif kind == "lost":
                result.lost.append(" ".join(words))
            elif kind == "marks":
                result.marks = [int(word) for word in words]
            elif kind == "roots":
                result.roots[int(words[0])] = int(words[1])
            else:
                setattr(result, kind, int(words[0]))
        return result


@pytest.fixture(scope="session")
def tool() -> Path:
    """The driver, compiled with the sanitizers."""
    return make("units", "asan/tests/test_markcore")


def mark(tool: Path, died: build.Died, exe: Path) -> tuple[Marked, dict[int, str]]:
    """Mark what a core has; also what each object is that the program told of."""
    told: dict[int, str] = {}
    wanted = died.core.parent / "wanted"
    with open(wanted, "w") as out:
        for record in died.truth.other:
            for hidden in record["addrs"]:
                addr = hidden ^ record["mask"]
                told[addr] = record["what"]
                out.write(f"{record['want'][0]} {addr:x}\n")
    done = subprocess.run([tool, died.core, exe, wanted], text=True, capture_output=True, check=False,
                          env={**os.environ, **helper.SANITIZED}, timeout=600)
    assert done.returncode == 0, done.stderr
    return Marked.parse(done.stdout), told


def tally(addrs: set[int], told: dict[int, str]) -> dict[str, int]:
    """How many there are of each kind."""
    counts: dict[str, int] = {}
    for addr in addrs:
        counts[told[addr]] = counts.get(told[addr], 0) + 1
    return counts


@pytest.mark.parametrize("version, variant", BUILDS, ids=["-".join(pair) for pair in BUILDS])
def test_marks(tool: Path, scratch: Path, version: str, variant: str) -> None:
    """What is reached is marked, and nothing else that the program knows of."""
    try:
        exe = build.build("heap", version, variant)
        died = build.some_core(exe, [], scratch)
    except build.Unavailable as why:
        pytest.skip(str(why))
    seen, told = mark(tool, died, exe)
    print(seen.marks, seen.survivors, seen.roots)
    assert len(told) > 50_000
    assert not seen.missed, tally(seen.missed, told)
    assert not seen.kept, tally(seen.kept, told)
    assert not seen.lost
    assert seen.survivors > 200_000
    assert seen.free == 0
    objects, size, guessed, unread, incomplete = seen.marks
    assert objects > seen.survivors / 2 and size > 10_000_000
    assert (guessed, unread, incomplete) == (0, 0, 0)
