"""Where contexts were made, by the heap profile's records: every one that is told is what the program itself saw there."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

import build
import helper
import records
import toolchains

VERSIONS = toolchains.DEFAULT_VERSIONS
BUILDS = [(version, "default") for version in VERSIONS] + [(VERSIONS[0], "nodwarf"), (VERSIONS[-1], "nodwarf")]
DROPPED = ("dropped", "small", "closure")  # places of programs/made whose CancelFuncs nobody has


def target(version: str, how: str, folder: Path) -> tuple[list[str], build.Truth]:
    """A core of programs/made, and what it knows."""
    try:
        exe = build.build("made", version, how)
        died = build.some_core(exe, [], folder)
    except build.Unavailable as why:
        pytest.skip(f"made with go {version} ({how}): {why}")
    return helper.core_target(died.core, exe), died.truth


@pytest.mark.parametrize("version, how", BUILDS, ids=["-".join(one) for one in BUILDS])
def test_findings(goctx: helper.Goctx, scratch: Path, version: str, how: str) -> None:
    """`leaks` names the lines that made the contexts, with at least one of each proven; nothing of what is named is wrong."""
    core, truth = target(version, how, scratch)
    answer = goctx.run(core, "leaks", "--json", "--limit", "0")
    places = {one["label"]: one for one in truth.other}
    (lost,) = [one for one in answer.findings if one.rule == "lost-cancel"]
    assert set(lost.contexts) == {addr for label in DROPPED for addr in places[label]["addrs"]}
    made = [one for one in lost.locations if one["role"] == "made"]
    assert {one["source"] for one in made} == {"profile"}
    assert {(one["func"], one["file"], one["line"]) for one in made} <= {
        (places[label]["func"], places[label]["file"], places[label]["line"]) for label in DROPPED}
    assert len(made) >= 2 and len({one["line"] for one in made}) == len(made)
    assert [one["count"] for one in made] == sorted((one["count"] for one in made), reverse=True)
    total = sum(one["count"] for one in made)
    (said,) = [text for text in lost.evidence if text.startswith("made at: ")]
    assert f"({total} sampled of {lost.count // 1000} 000)" in said.replace(" ", " ")


@pytest.mark.parametrize("version, how", BUILDS, ids=["-".join(one) for one in BUILDS])
def test_each(goctx: helper.Goctx, scratch: Path, version: str, how: str) -> None:
    """Each context that is said to be made somewhere was made there, in slots that others have used before; what else lives is as
    runtime.MemProfile counts it.  The stack begins in the runtime's plumbing or package context and ends where goroutines do."""
    core, truth = target(version, how, scratch)
    made_at = {addr: one for one in truth.other for addr in one["addrs"]}
    told: dict[str, str] = {}
    page = records.read()
    for line in goctx.run(core, "list", "--json").text.splitlines():
        record = json.loads(line)
        assert "made" not in record or not page.wrong(line)
        for made in record.get("made", ()):
            place = made_at[record["addr"]]
            assert (made["role"], made["source"]) == ("made", "profile")
            assert (made["func"], made["file"], made["line"]) == (place["func"], place["file"], place["line"])
            told[place["label"]] = record["addr"]
    assert len(told) >= 3, told
    for label, addr in told.items():
        place = made_at[addr]
        for command in ("show", "why"):
            lines = goctx.run(core, command, addr, "--json").text.splitlines()
            assert not [what for line in lines for what in page.wrong(line)]
            (made,) = [one for one in goctx.run(core, command, addr, "--json").other if one["type"] == "made" and one["addr"] == addr]
            assert (made["func"], made["file"], made["line"]) == (place["func"], place["file"], place["line"])
            assert (made["sampled"], made["bytes"]) == (place["sampled"], place["bytes"])
            assert made["about"] > made["sampled"]
            stack = [one["func"] for one in made["stack"]]
            assert stack[-1] == "runtime.goexit" and stack.index("main.main") > stack.index("main.fill") > stack.index(place["func"])
            assert label != "small" or stack[stack.index("main.small") + 1] == "main.callsSmall"
            text = goctx.run(core, command, addr).text
            assert f"{place['func']} {Path(place['file']).name}:{place['line']}" in " ".join(text.split())
    words = goctx.run(core, "heap").text
    assert re.search(r"^profile +one allocation in 512 KiB · [0-9 \u202f]+ objects recorded$", words, re.M)


@pytest.mark.parametrize("version", VERSIONS)
def test_none(goctx: helper.Goctx, scratch: Path, version: str) -> None:
    """A program that links no profiler has no records, and `heap` says why."""
    try:
        exe = build.build("timers", version)
        died = build.some_core(exe, [], scratch)
    except build.Unavailable as why:
        pytest.skip(f"timers with go {version}: {why}")
    core = helper.core_target(died.core, exe)
    (heap,) = goctx.run(core, "heap", "--json").other
    assert (heap["profile"], heap["profile_rate_bytes"]) == ("unused", 0)
    assert heap["profile_records"] <= 1  # until the scheduler is there, the rate is that of the variable
    assert '"made"' not in goctx.run(core, "list", "--json").text
