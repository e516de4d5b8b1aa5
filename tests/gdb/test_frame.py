"""goctx frame: GDB's own frames of goroutines, on cores and live, against what the program says of itself."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Iterator, NamedTuple

import pytest

import build
import gdbrun

HERE = Path(__file__).resolve().parent
VERSIONS = ("1.19", "1.23", "1.24", "1.27")
QUIET = ["set print frame-arguments none", "set print address off", "set width 0",
         "set print frame-info location"]

pytestmark = pytest.mark.skipif(bool(gdbrun.missing()), reason=str(gdbrun.missing()))


class Subject(NamedTuple):
    """A program to look at: where GDB finds it, and what it said."""

    where: dict[str, object]
    truth: build.Truth

    @property
    def locals(self) -> dict[str, dict[str, object]]:
        """What goroutines told of themselves, by label."""
        return {one["label"]: one for one in self.truth.other if one["type"] == "local"}

    @property
    def stacks(self) -> dict[int, list[str]]:
        """Functions of all goroutines as runtime.Stack showed them."""
        (text,) = (one["text"] for one in self.truth.other if one["type"] == "stacks")
        return traceback(text)


def traceback(text: str) -> dict[int, list[str]]:
    """Functions by goroutine in a traceback of Go, those of the runtime left out."""
    found: dict[int, list[str]] = {}
    for block in text.split("\n\n"):
        head = re.match(r"goroutine (\d+) .*\[.*\]:$", block.strip().partition("\n")[0])
        if head:
            names = re.findall(r"^(?!created by|\t|\.\.\.|goroutine )(\S.*)\((?:\S.*)?\)$", block,
                               re.MULTILINE)
            found[int(head[1])] = users(names)
    return found


def users(names: list[str]) -> list[str]:
    """Those that tracebacks of Go show: runtime/traceback.go, showframe()."""
    return [name for name in names if "." in name and not name.startswith("runtime.")]


def functions(printed: str) -> list[str]:
    """Functions of a `bt`, innermost first."""
    names = re.findall(r"^#\d+ +(?:0x\w+ in )?(.*?) \(.*", printed, re.MULTILINE)
    return users(names)


def exe_of(version: str, variant: str) -> Path:
    try:
        return build.build(HERE / "parked", version, variant)
    except build.Unavailable as why:
        pytest.skip(str(why))


@pytest.fixture(scope="module", params=["core", "live"])
def target(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture(scope="module", params=VERSIONS)
def parked(request: pytest.FixtureRequest, target: str,
           tmp_path_factory: pytest.TempPathFactory) -> Iterator[Subject]:
    """Program parked, built with cgo."""
    yield from subject(exe_of(request.param, "cgo"), target, tmp_path_factory)


@pytest.fixture(scope="module", params=VERSIONS)
def parked_noopt(request: pytest.FixtureRequest, target: str,
                 tmp_path_factory: pytest.TempPathFactory) -> Iterator[Subject]:
    """Program parked with all its variables."""
    yield from subject(exe_of(request.param, "noopt"), target, tmp_path_factory)


def subject(exe: Path, target: str, factory: pytest.TempPathFactory) -> Iterator[Subject]:
    if target == "core":
        died = build.some_core(exe, [], factory.mktemp("core"))
        yield Subject({"exe": exe, "core": died.core}, died.truth)
        died.core.unlink()
    else:
        with build.running(exe) as run:
            yield Subject({"pid": run.pid}, run.truth)


def test_frames_are_those_of_the_program(parked: Subject) -> None:
    told = {goid: names for goid, names in parked.stacks.items() if goid != 1}
    assert len(told) >= 8
    (printed,) = gdbrun.session([*QUIET, "goctx frame all bt"], **parked.where)[len(QUIET):]
    found = {int(goid): functions(rest) for goid, rest in
             re.findall(r"^goroutine (\d+) \[.*\]:\n((?:#.*\n)*)", printed, re.MULTILINE)}
    assert {goid: found.get(goid) for goid in told} == told


def test_variables_have_their_values(parked_noopt: Subject) -> None:
    stated = parked_noopt.locals
    assert {"waiting", "select", "sleep", "syscall", "running"} <= set(stated)
    for one in stated.values():
        commands, expected = [f"goctx frame {one['goid']}", f"frame function {one['func']}"], []
        for name, value in one["values"].items():
            commands.append(f"print {name}")
            expected.append(value)
        printed = gdbrun.session(commands, **parked_noopt.where)[2:]
        assert [text.split(" = ")[-1].strip() for text in printed] == expected, one
