"""Whom `leaks` blames, and with which numbers: those that the program knows and that `tree` and `list` show, too."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import build
import helper
import toolchains

VERSIONS = (toolchains.DEFAULT_VERSIONS[0], "1.22", toolchains.DEFAULT_VERSIONS[-1])
ORDER = ("info", "possible", "likely", "certain")


class Look:
    """A core of programs/blame in one situation, and what the program said."""

    def __init__(self, goctx: helper.Goctx, situation: str, version: str, folder: Path) -> None:
        try:
            died = build.some_core(exe := build.build("blame", version), [situation], folder)
        except build.Unavailable as why:
            pytest.skip(f"blame with go {version}: {why}")
        self.goctx, self.target = goctx, helper.core_target(died.core, exe)
        self.facts: dict[str, Any] = {one["name"]: one["value"] for one in died.truth.other}

    def ask(self, *command: str) -> helper.Answer:
        """An answer that nothing was wrong with."""
        answer = self.goctx.run(self.target, *command)
        assert answer.status == helper.OK, answer.stderr
        return answer

    def findings(self, least: str = "info") -> list[helper.Finding]:
        """As sure as that, or surer."""
        return self.ask("leaks", "--json", "--limit", "0", "--min-confidence", least).findings


def evidence(one: helper.Finding, label: str) -> str:
    """The one line of that label."""
    (line,) = [text for text in one.evidence if text.startswith(f"{label}: ")]
    return line.removeprefix(f"{label}: ")


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("situation", ("server", "server with ended ones", "values"))
def test_children(goctx: helper.Goctx, scratch: Path, situation: str, version: str) -> None:
    """Children are counted alike in all views: what has ended is none, and who has them is the one that they were made on."""
    look = Look(goctx, situation, version, scratch)
    on, n = look.facts["on"], look.facts["children"]
    assert look.ask("list", "--json", "--limit", "0").contexts[on].children == n
    (line,) = [line for line in look.ask("tree").text.splitlines() if f" {on} " in line]
    assert line.endswith(f"   {n} children")
    (one,) = [found for found in look.findings() if found.rule == "accumulation"]
    assert one.context == on and one.confidence == "info"  # they are kept together with their contexts: somebody may look at them
    assert one.summary.split(" has many equal children")[0].endswith(on)
    assert evidence(one, "below") == f"{'WithCancel' if situation == 'values' else 'WithValue'} {on} has {one.count}"
    assert evidence(one, "of") == f"{n} active children there"
    assert one.count == (n - 1 if situation == "values" else n)


@pytest.mark.parametrize("version", VERSIONS[1:])
@pytest.mark.parametrize("situation", ("hooks", "hooks without end"))
def test_hooks(goctx: helper.Goctx, scratch: Path, situation: str, version: str) -> None:
    """Where deadlines and AfterFunc do the work no goroutine is missing; without a deadline nothing would do it."""
    look = Look(goctx, situation, version, scratch)
    (one,) = look.findings()
    assert (one.rule, one.count, one.also) == ("accumulation", 60, ["afterfunc"])
    assert one.confidence == ("info" if situation == "hooks" else "possible")
    if situation == "hooks":
        assert "deadlines end them" in one.summary and evidence(one, "calls").startswith("main.hooks.func")


@pytest.mark.parametrize("version", VERSIONS)
def test_stuck_holders(goctx: helper.Goctx, scratch: Path, version: str) -> None:
    """A CancelFunc that only goroutines hold which can never run again is lost."""
    look = Look(goctx, "stuck", version, scratch)
    lost, stuck = sorted(look.findings("possible"), key=lambda one: one.rule)
    assert (lost.rule, lost.confidence, lost.count, lost.tasks) == ("lost-cancel", "certain", 8, 8)
    assert "only goroutines that can never run again hold their CancelFuncs" in lost.summary
    assert evidence(lost, "stuck").startswith("main.stuck.func1 ") and evidence(lost, "stuck").endswith(" × 8")
    assert (stuck.rule, stuck.confidence, stuck.count) == ("stuck-task", "certain", 8)
    context = look.facts["context"]
    assert context in lost.contexts
    (canceler,) = [one for one in look.ask("show", context, "--json").other if one["type"] == "canceler"]
    assert canceler["lost"] is True and canceler["goid"] in stuck.goids
    text = look.ask("show", context).text
    assert "which can never run again: nobody will call it\n" in text
    assert f" its ancestor WithCancel {look.facts['above']} can cancel it\n" in text


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("situation", ("stuck and alone", "stuck and kept"))
def test_stuck_holders_that_lose_nothing(goctx: helper.Goctx, scratch: Path, situation: str, version: str) -> None:
    """Without anything above it is the goroutines that wait which are stuck; what a variable has, too, is not lost."""
    look = Look(goctx, situation, version, scratch)
    assert {one.rule for one in look.findings("possible")} == {"stuck-task"}
    (canceler,) = [one for one in look.ask("show", look.facts["context"], "--json").other if one["type"] == "canceler"]
    assert canceler["lost"] is (situation == "stuck and alone")


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("situation, rule, count", (("hubs", "accumulation", 60), ("retained", "retained-context", 60), ("lost", "lost-cancel", 8)))
def test_two_of_one_shape(goctx: helper.Goctx, scratch: Path, situation: str, rule: str, count: int, version: str) -> None:
    """Two hubs of one shape are two suspects, whose signatures are those of what holds them: the same in another run."""
    look = Look(goctx, situation, version, scratch)
    least = "info" if situation == "hubs" else "possible"  # what keeps its contexts at hand is told of, and not accused
    found = [one for one in look.findings(least) if one.rule == rule]
    assert [(one.rule, one.count) for one in found] == [(rule, count)] * 2
    assert situation != "hubs" or not look.findings("possible")
    hubs = ("first", "second") if situation == "lost" else ("allUsers", "allRooms")
    by_hub = {hub: one.signature for one in found for hub in hubs if f"global main.{hub}." in evidence(one, "held by")}
    assert len(set(by_hub.values())) == 2
    again = [one for one in Look(goctx, situation, version, scratch).findings(least) if one.rule == rule]
    assert by_hub == {hub: one.signature for one in again for hub in hubs if f"global main.{hub}." in evidence(one, "held by")}


@pytest.mark.parametrize("version", VERSIONS)
def test_finalizers(goctx: helper.Goctx, scratch: Path, version: str) -> None:
    """A finalizer is no holder to blame where something else keeps its object, or where that is about to go."""
    (one,) = Look(goctx, "finalizers kept", version, scratch).findings("possible")
    assert one.rule == "retained-context" and " in global main.allFiles.open.list," in one.summary
    assert evidence(one, "held by").startswith("global main.allFiles.open.list[")
    for situation in ("finalizers", "finalizers' own"):
        assert not Look(goctx, situation, version, scratch).findings("possible")


def test_testing(goctx: helper.Goctx, scratch: Path) -> None:
    """Contexts of tests that have ended are kept by package testing, and that lets them go."""
    look = Look(goctx, "testing", VERSIONS[-1], scratch)
    assert not look.findings("possible")
    assert [(one.rule, one.count) for one in look.findings() if one.count >= 50] == [("retained-context", 60)]
