"""CancelFuncs held in every way there is: what nobody who runs, or can be woken, reaches is lost, and nothing else is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import build
import helper
import toolchains

VERSIONS = (toolchains.DEFAULT_VERSIONS[0], "1.22", "1.24", toolchains.DEFAULT_VERSIONS[-1])


class Look:
    """A core of programs/ways, what `leaks` says of it, and the ways that the program told of."""

    def __init__(self, goctx: helper.Goctx, version: str, folder: Path, *args: str) -> None:
        try:
            died = build.some_core(exe := build.build("ways", version), args, folder)
        except build.Unavailable as why:
            pytest.skip(f"ways with go {version}: {why}")
        self.goctx, self.target = goctx, helper.core_target(died.core, exe)
        self.ways = died.truth.other
        self.tasks = {task.goid: task.label for task in died.truth.tasks}
        self.waiters = {label: goid for goid, label in self.tasks.items()}
        answer = goctx.run(self.target, "leaks", "--json", "--min-confidence", "info", "--limit", "0")
        assert answer.status == helper.OK, answer.stderr
        self.lost = {addr for one in answer.findings if one.rule == "lost-cancel" for addr in one.contexts}
        self.stuck = {goid for one in answer.findings if one.rule in ("stuck-task", "uncancellable-wait") for goid in one.goids}

    def wrong(self) -> dict[str, str]:
        """Ways of which something wrong is said, and what."""
        found = {}
        with self.goctx.serve(self.target) as server:
            for way in self.ways:
                said = self._leaks(way) or (self._show(way, server) if way["below"] == "parent" else "")
                if said:
                    found[f"{way['name']}, {way['below']}, {way['held']}"] = said
        return found

    def accused(self) -> list[str]:
        """Goroutines that are called stuck, but those that are."""
        stuck = {way["label"] for way in self.ways if way["lost"]}
        labels = [self.tasks.get(goid, f"goroutine {goid}") for goid in sorted(self.stuck)]
        return [label for label in labels if label not in stuck and not label.endswith((", lost", " stuck"))]

    def _leaks(self, way: dict[str, Any]) -> str:
        """Of a lost one either it is told that it is, or, where nothing above can end it, that its waiter is stuck."""
        lost, stuck = way["context"] in self.lost, self.waiters.get(way["label"]) in self.stuck
        if way["lost"] and not lost and not (stuck and way["below"] == "background"):
            return "leaks: nothing"
        return "leaks: lost" if not way["lost"] and lost else "leaks: stuck" if not way["lost"] and stuck else ""

    def _show(self, way: dict[str, Any], server: helper.Server) -> str:
        """Nobody is left to call it, or somebody who is named."""
        answer = server.ask("show", way["context"], "--json")
        assert answer.status == helper.OK, answer.stderr
        funcs = [one for one in answer.other if one["type"] == "canceler" and one["kind"] == "func"]
        if way["lost"]:
            return "" if all(one["lost"] is True for one in funcs) else f"show: {funcs}"
        return "" if [one for one in funcs if one["lost"] is False and one["held_by"]] else f"show: {funcs}"


@pytest.mark.parametrize("version", VERSIONS)
def test_ways(goctx: helper.Goctx, scratch: Path, version: str) -> None:
    """All that are lost, and none that is alive; who can run is not stuck."""
    look = Look(goctx, version, scratch)
    assert {(way["below"], way["lost"]) for way in look.ways} == {(below, lost) for below in ("background", "parent") for lost in (True, False)}
    assert look.wrong() == {}
    assert look.accused() == []


@pytest.mark.parametrize("version", VERSIONS)
def test_garbage(goctx: helper.Goctx, scratch: Path, version: str) -> None:
    """Objects that nothing reaches are about to be collected, and then their finalizers are called."""
    look = Look(goctx, version, scratch, "garbage")
    assert len(look.ways) >= 6 and not look.lost and not look.stuck
    assert look.wrong() == {}


@pytest.mark.parametrize("version", VERSIONS)
def test_running(goctx: helper.Goctx, scratch: Path, version: str) -> None:
    """What goroutines hold that do not park is not lost."""
    look = Look(goctx, version, scratch, "running")
    assert len(look.ways) == 4 and not look.lost and not look.stuck
    assert look.wrong() == {}
