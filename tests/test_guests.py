"""Go programs that load Go code: plugins share their runtime, libraries of C's kind bring their own."""

from __future__ import annotations

from pathlib import Path
from typing import Iterator

import pytest

import build
import helper
import toolchains

VERSIONS = (toolchains.DEFAULT_VERSIONS[0], "1.22", toolchains.DEFAULT_VERSIONS[-1])
OWN, GUESTS = 3, 7  # contexts
UNDUMPED = "package variables are not all readable: contexts that only they hold may be missing"


def built(name: str, version: str, variant: str) -> Path:
    """An executable or a library."""
    try:
        return build.build(name, version, variant)
    except build.Unavailable as why:
        pytest.skip(f"{name} with go {version} ({variant}): {why}")


@pytest.fixture(params=["core", "process"])
def kind(request: pytest.FixtureRequest) -> str:
    """What is looked at."""
    return request.param


def targets(exe: Path, args: list[str], kind: str, folder: Path) -> Iterator[list[str]]:
    """The options for it, for as long as it is there."""
    if kind == "core":
        try:
            died = build.some_core(exe, args, folder)
        except build.Unavailable as why:
            pytest.skip(f"cores: {why}")
        yield helper.core_target(died.core, exe)
        return
    with build.running(exe, args) as run:
        yield helper.pid_target(run.pid)


@pytest.mark.parametrize("version", VERSIONS)
def test_library_is_named(goctx: helper.Goctx, scratch: Path, version: str, kind: str) -> None:
    """Its contexts are another runtime's: not shown, and that is said."""
    exe, lib = built("host", version, "cgo"), built("guest", version, "c-shared")
    said = f"{lib} has a Go runtime of its own: its goroutines and contexts are not among those shown"
    for target in targets(exe, ["library", str(lib)], kind, scratch):
        answer = goctx.run(target, "list", "--json", "--limit", "0")
        assert len([one for one in answer.context_list if one.kind != "background"]) == OWN
        for command in ("info", "list", "tasks", "blocked", "leaks"):
            notes = goctx.run(target, command, "--json").notes
            assert [note.text for note in notes if note.level == "warning"] == [said], command
            assert f"\nwarning: {said}\n" in goctx.run(target, command).text
        assert answer.status == helper.OK


@pytest.mark.parametrize("version", VERSIONS)
def test_plugin_is_part_of_the_program(goctx: helper.Goctx, scratch: Path, version: str, kind: str) -> None:
    """All contexts and goroutines are there, with the names of their functions."""
    exe, lib = built("host", version, "cgo"), built("guest", version, "plugin")
    for target in targets(exe, ["plugin", str(lib)], kind, scratch):
        answer = goctx.run(target, "list", "--json", "--limit", "0")
        assert len([one for one in answer.context_list if one.kind != "background"]) == OWN + GUESTS
        # The kernel dumps nothing of bss that was never touched, nor says so.
        assert [note.text for note in answer.notes] in ([], [UNDUMPED]) and (kind == "core" or not answer.notes)
        blocked = goctx.run(target, "blocked", "--json", "--limit", "0").task_list
        places = {(task.func.rpartition(".")[2], Path(task.file).name) for task in blocked}
        assert len(blocked) == GUESTS and places == {("waitInGuest", "main.go")}
        stacks = goctx.run(target, "bt", "all", "--json", "--limit", "0").frames
        assert sum(frame.func.endswith(".waitInGuest") for frame in stacks) == GUESTS
        assert {task.created_by.rpartition(".")[2] for task in blocked} == {"Start"}
