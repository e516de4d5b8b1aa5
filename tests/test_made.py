"""Where contexts were made, by the heap profile's records: every one that is told is what the program itself saw there."""

from __future__ import annotations

from pathlib import Path

import pytest

import build
import helper
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
