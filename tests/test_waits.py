"""Who waits for whom, and what does not move: `waits`, and the rule wait-chain of `leaks`.

The program says who has locked, taken or would receive what, and how many hang on that.  Healthy situations are twins of the others: their holders are at work.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import build
import helper
import toolchains

VERSIONS = (toolchains.DEFAULT_VERSIONS[0], "1.22", "1.24", toolchains.DEFAULT_VERSIONS[-1])
STUCK = ("inversion", "reader", "result", "nested", "group")
HEALTHY = ("busy", "session", "drained", "global", "slots", "idle")
SITUATIONS = STUCK + HEALTHY


class Look:
    """What a situation is, and what goctx says of it."""

    def __init__(self, goctx: helper.Goctx, situation: str, version: str, variant: str, scratch: Path) -> None:
        try:
            exe = build.build("hanging", version, variant)
            died = build.some_core(exe, [situation], scratch)
        except build.Unavailable as why:
            pytest.skip(f"hanging with go {version}: {why}")
        self.target = helper.core_target(died.core, exe)
        self.goctx = goctx
        self.holds = [one for one in died.truth.other if one["type"] == "holds"]
        (self.hang,) = (one for one in died.truth.other if one["type"] == "hang")
        answer = goctx.run(self.target, "waits", "--json", "--limit", "0")
        assert answer.status == helper.OK
        self.waits: list[dict[str, Any]] = [one for one in answer.other if one["type"] == "wait"]


    def findings(self) -> list[helper.Finding]:
        """Those of leaks, info included."""
        return self.goctx.run(self.target, "leaks", "--json", "--limit", "0", "--min-confidence", "info").findings


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("variant", ("default", "noopt"))
@pytest.mark.parametrize("situation", SITUATIONS)
def test_holders_and_chains(goctx: helper.Goctx, scratch: Path, situation: str, version: str, variant: str) -> None:
    """Everybody who holds something that is waited for is named; what moves moves, what does not does not; only that is accused."""
    look = Look(goctx, situation, version, variant, scratch)
    for truth in look.holds:
        waiting = [one for one in look.waits if one["for"] == truth["for"]]
        assert waiting, truth
        for one in waiting:
            assert one["kind"] == truth["kind"], one
            assert truth["goid"] in one["holders"], (truth, one)
    still = {one["goid"] for one in look.waits if not one["moves"]}
    assert len(still) == look.hang["hang"], look.waits
    suspects = [one for one in look.findings() if one.confidence != "info"]
    if situation in HEALTHY:
        assert not suspects, suspects
        return
    assert {one.rule for one in suspects} <= {"wait-chain", "stuck-task"}, suspects
    assert {goid for one in suspects for goid in one.goids} >= still
    (found,) = (one for one in suspects if one.rule == "wait-chain" or "wait-chain" in one.also)
    chain = " ".join(text for text in found.evidence if text.startswith("chain:"))
    assert ("deadlock" in chain) == look.hang["cycle"], chain


def test_text(goctx: helper.Goctx, scratch: Path) -> None:
    """The tree names the blocked, what they wait for, and the last who blocks."""
    look = Look(goctx, "result", VERSIONS[-1], "default", scratch)
    text = goctx.run(look.target, "waits").text
    lines = [line.strip() for line in text.splitlines()]
    assert lines[0] == "13 goroutines hang on a chain that does not move", text
    assert lines[1].startswith("12 goroutines, sync.Mutex.Lock in main.(*results).size "), text
    assert any(line.startswith(f"goroutine {look.holds[0]['goid']}, chan send in main.(*results).publish ") for line in lines), text
    assert any(line.endswith("(no buffer), and nobody receives") for line in lines), text


def test_full_buffers(goctx: helper.Goctx, scratch: Path) -> None:
    """`tasks` says of who waits to send that the buffer is full, and how large it is."""
    look = Look(goctx, "nested", VERSIONS[-1], "default", scratch)
    sends = [line for line in goctx.run(look.target, "tasks").text.splitlines() if "main.(*pool).work" in line]
    assert len(sends) == look.hang["hang"] and all("chan send, full, 3 of 3 " in line for line in sends), sends
