"""Bubbles of testing/synctest: deadlines by their clocks, goroutines as Go's traceback heads them."""

from __future__ import annotations

import re
from typing import Iterator

import pytest

import build
import helper
import toolchains

VERSIONS = [version for version in toolchains.DEFAULT_VERSIONS if int(version.partition(".")[2]) >= 25]
BUILDS = [(version, "default") for version in VERSIONS] + [(VERSIONS[-1], "nodwarf")]
S = 1_000_000_000


@pytest.fixture(scope="module", params=BUILDS, ids=["-".join(one) for one in BUILDS])
def run(request: pytest.FixtureRequest) -> Iterator[build.Run]:
    """Program bubbles, at rest."""
    version, how = request.param
    try:
        exe = build.build("bubbles", version, how)
    except build.Unavailable as why:
        pytest.skip(f"bubbles with go {version} ({how}): {why}")
    with build.running(exe, env={"GODEBUG": "asynctimerchan=0"}) as one:
        yield one


def of(run: build.Run, kind: str) -> list[dict]:
    """What the program said, of one kind."""
    return [one for one in run.truth.other if one["type"] == kind]


def target(run: build.Run) -> list[str]:
    """How the helper is pointed at it."""
    return ["--pid", str(run.pid)]


def test_deadlines_are_by_the_bubble(goctx: helper.Goctx, run: build.Run) -> None:
    """Exactly what time.Until says inside: the clock stands."""
    got = goctx.run(target(run), "list", "--json", "--limit", "0").contexts
    told = of(run, "deadline")
    inside = [one for one in told if one["bubble"]]
    assert len(inside) == 10
    assert {one["bubble"] for one in inside} >= {"2", "3"}
    shown = {one["addr"]: (got[one["addr"]].deadline, got[one["addr"]].deadline_left_ns) for one in inside}
    known = {addr: one for addr, one in shown.items() if one[1] is not None}
    assert {one["addr"]: (one["at"], one["left_ns"]) for one in inside if one["addr"] in known} == known
    # Its timer is gone, nobody waits on it, and nothing of a bubble is above it.
    assert {one["label"] for one in inside if one["addr"] not in known} <= {"asked"}
    for one in told:
        if not one["bubble"]:
            left = got[one["addr"]].deadline_left_ns
            assert left is not None and 23 * 3600 * S < left < 91 * 24 * 3600 * S


def test_words(goctx: helper.Goctx, run: build.Run) -> None:
    """The bubble is named with what is left; where it cannot be told, the date stands alone."""
    text = goctx.run(target(run), "list", "--limit", "0").text
    lines = {line.split()[0]: line for line in text.splitlines() if line.startswith("0x")}
    for one in of(run, "deadline"):
        line = lines[one["addr"]]
        if not one["bubble"]:
            assert "deadline in " in line and "bubble" not in line
        elif one["label"] == "lone":
            assert re.search(rf"deadline in \d+d by bubble {one['bubble']}", line), line
    (over,) = of(run, "over")
    assert re.search(r"deadline 2000-01-01T00:00:01Z", lines[over["addr"]]), lines[over["addr"]]
    assert not re.search(r"deadline (in|passed) \d{4}d", text)
    long = next(one for one in of(run, "deadline") if one["label"] == "long")
    shown = goctx.run(target(run), "show", long["addr"]).text
    assert re.search(rf"^bubble +{long['bubble']} of testing/synctest, whose clock says 2000-01-0", shown, re.M), shown
    assert f"deadline   in 1h by bubble {long['bubble']}'s clock" in shown


def test_goroutines_are_headed_as_in_a_traceback(goctx: helper.Goctx, run: build.Run) -> None:
    """States with their "(durable)", and the number of the bubble."""
    answer = goctx.run(target(run), "tasks", "--json", "--limit", "0")
    heads = {one["goid"]: (one["state"], one["bubble"]) for one in of(run, "head") if one["bubble"]}
    assert len(heads) >= 20
    assert len([one for one in heads.values() if "(durable)" in one[0]]) >= 16
    got = {one.goid: (one.wait_reason, str(one.bubble)) for one in answer.task_list if one.goid in heads}
    assert got == heads
    assert all(one.bubble is None for one in answer.task_list if one.goid not in heads)
    text = goctx.run(target(run), "tasks", "--limit", "0").text
    for goid, (state, bubble) in heads.items():
        assert re.search(rf"^ *{goid}  {re.escape(state)}, bubble {bubble}  ", text, re.M), (goid, state)
