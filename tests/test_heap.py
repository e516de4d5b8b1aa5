"""Figures of the collector and the heap, against runtime.MemStats and debug.GCStats of the same program."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

import build
import helper
import toolchains

VERSIONS = ("1.27",) if os.environ.get("GOCTX_TRUTH") == "quick" else toolchains.DEFAULT_VERSIONS
SETTINGS = (("120", "0"), ("-1", "0"), ("400", str(96 << 20)))  # GC percent, memory limit
PRINTED = 400  # objects that printing the truth may make
WORK_BUFFERS = 32 << 10  # workbufAlloc in mgcwork.go: bytes of a span of work buffers
MAX_INT64 = (1 << 63) - 1

# Of goctx and of runtime.MemStats: equal to the byte.
EQUAL = {
    "heap_in_use_bytes": "HeapInuse",
    "heap_released_bytes": "HeapReleased",
    "collections": "NumGC",
    "collections_forced": "NumForcedGC",
    "pause_total_ns": "PauseTotalNs",
    "last_end_unix_ns": "LastGC",
    "stacks_bytes": "StackInuse",
    "gc_cpu_fraction": "GCCPUFraction",
}


def figures(answer: helper.Answer) -> dict[str, Any]:
    """The one line of an answer."""
    assert answer.status == helper.OK, f"{answer.status} {answer.stderr}{answer.damage}"
    (line,) = answer.other
    assert line["type"] == "heap"
    return line


def program(version: str) -> Path:
    """The executable of programs/figures."""
    try:
        return build.build("figures", version)
    except build.Unavailable as why:
        pytest.skip(f"figures with go {version}: {why}")


def compare(heap: dict[str, Any], truth: dict[str, Any]) -> None:
    """All that both know."""
    stats = truth["stats"]
    for name, theirs in EQUAL.items():
        assert heap[name] == pytest.approx(stats[theirs], rel=1e-6), name
    # The background sweeper gives the collector's work buffers back when it gets to it (freeSomeWbufs in mgcwork.go), also after the truth was read.
    given_back = heap["heap_free_bytes"] + heap["heap_released_bytes"] - stats["HeapIdle"]
    assert given_back % WORK_BUFFERS == 0 and 0 <= given_back <= stats["GCSys"]
    assert [p["pause_ns"] for p in heap["pauses"]] == truth["pauses"]
    assert [p["end_unix_ns"] for p in heap["pauses"]] == truth["pause_ends"]
    assert heap["gc_percent"] == truth["percent"]
    assert heap["memory_limit_bytes"] == (truth["limit"] or None)
    assert heap["phase"] == "off" and not heap["incomplete"]
    assert truth["finalizers"] <= heap["finalizers"] <= truth["finalizers"] + 10
    assert (heap["cleanups"] or 0) >= truth["cleanups"] and (heap["weak_pointers"] or 0) >= truth["weak"]


def compare_goal(heap: dict[str, Any], truth: dict[str, Any]) -> None:
    """NextGC moves with every object when it is the memory limit that counts."""
    theirs, ours = truth["stats"]["NextGC"], heap["next_goal_bytes"]
    if truth["percent"] < 0:
        assert ours > 1 << 60 and theirs > 1 << 60
    elif truth["limit"]:
        assert ours == pytest.approx(theirs, rel=0.02) and ours < truth["limit"]
    else:
        assert ours == theirs


def compare_objects(heap: dict[str, Any], truth: dict[str, Any]) -> None:
    """What was counted in the spans."""
    stats = truth["stats"]
    assert 0 <= heap["objects"] - stats["HeapObjects"] <= PRINTED
    assert 0 <= heap["total_alloc_bytes"] - heap["total_free_bytes"]
    ours: Counter[int] = Counter()
    for row in heap["classes"]:
        ours[row["size_bytes"] or 0] += row["objects"]
        assert row["objects"] <= row["slots"] and row["bytes"] <= row["span_bytes"]
        assert row["bytes"] == row["objects"] * row["size_bytes"] if row["size_bytes"] else row["bytes"] > 0
    for row in stats["BySize"]:
        if row["Size"]:
            assert 0 <= ours[row["Size"]] - (row["Mallocs"] - row["Frees"]) <= PRINTED, row
    assert heap["objects"] == sum(ours.values())
    assert heap["object_bytes"] == sum(row["bytes"] for row in heap["classes"])
    assert heap["spans"] == sum(row["spans"] for row in heap["classes"])
    assert sum(row["span_bytes"] for row in heap["classes"]) == stats["HeapInuse"]


@pytest.mark.parametrize("version", VERSIONS)
def test_core(goctx: helper.Goctx, scratch: Path, version: str) -> None:
    """On cores, with the collector's settings of all kinds."""
    exe = program(version)
    for settings in SETTINGS:
        try:
            died = build.some_core(exe, settings, scratch)
        except build.Unavailable as why:
            pytest.skip(f"go {version}: {why}")
        heap = figures(goctx.run(helper.core_target(died.core, exe), "heap", "--json"))
        truth = died.truth.other[-1]
        compare(heap, truth)
        compare_goal(heap, truth)
        compare_objects(heap, truth)
        died.core.unlink()


def test_live(goctx: helper.Goctx) -> None:
    """On a process, and in words."""
    with build.running(program(VERSIONS[-1]), SETTINGS[0]) as run:
        truth = run.truth.other[-1]
        compare(figures(goctx.run(helper.pid_target(run.pid), "heap", "--json")), truth)
        text = goctx.run(helper.pid_target(run.pid), "heap").text
    lines = {line.split()[0]: line for line in text.splitlines() if line.strip()}
    assert f"{truth['stats']['NumGC']} collections" in lines["gc"]
    assert f"{truth['stats']['NumForcedGC']} of them forced" in lines["gc"]
    assert "GC percent 120 · no memory limit" in lines["goal"]
    assert lines["last"].endswith(" ago")


def test_unknown_is_left_out(goctx: helper.Goctx, scratch: Path) -> None:
    """Go 1.19 has no cleanups and no weak pointers: that is not none."""
    exe = program(toolchains.DEFAULT_VERSIONS[0])
    with build.running(exe, SETTINGS[0]) as run:
        heap = figures(goctx.run(helper.pid_target(run.pid), "heap", "--json"))
        text = goctx.run(helper.pid_target(run.pid), "heap").text
    assert heap["cleanups"] is None and heap["weak_pointers"] is None
    assert "cleanup" not in text and "weak" not in text and "finalizers" in text
