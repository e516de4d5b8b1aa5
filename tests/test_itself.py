"""What nobody but itself could end, what ends with the program alone, what nobody looks at; and what looks like it and is well."""

from __future__ import annotations

from pathlib import Path

import pytest

import build
import helper
import toolchains

VERSIONS = (toolchains.DEFAULT_VERSIONS[0], "1.22", toolchains.DEFAULT_VERSIONS[-1])
FORGOTTEN = ("ticking", "channel", "pairs", "handlers", "registry", "asleep", "listeners", "far deadlines")
WELL = ("ticking, kept", "channel, kept", "pairs, kept", "janitors", "attempts", "handlers, kept", "pool", "registry of sessions",
        "asleep, kept", "asleep, young", "homemade timeouts", "pollers", "listeners, kept")
SAYS = {
    "ticking": ("main.(*session).beat", "a CancelFunc that only they hold"),
    "channel": ("main.(*session).beatUntilClosed", "a channel that only they reach"),
    "pairs": ("main.(*session).read", "main.(*session).write"),
    "handlers": ("main.closeAtEnd", "the end of the program", "still lives"),
    "registry": ("global main.cancels",),
    "asleep": ("main.(*visitor).stay", "something in objects that only they reach", "still lives"),
    "listeners": ("signal.NotifyContext was called again and again", "a CancelFunc that only they hold"),
    "far deadlines": ("no CancelFunc of theirs exists any more", "deadline: in 2"),
}


def look(goctx: helper.Goctx, situation: str, version: str, folder: Path) -> tuple[list[helper.Finding], dict[str, object]]:
    """What is said above info, and what the program says is right."""
    try:
        died = build.some_core(exe := build.build("itself", version), [situation], folder)
    except build.Unavailable as why:
        pytest.skip(f"itself with go {version}: {why}")
    answer = goctx.run(helper.core_target(died.core, exe), "leaks", "--json", "--limit", "0", "--min-confidence", "possible")
    assert answer.status == helper.OK, answer.stderr
    return answer.findings, {one["name"]: one["value"] for one in died.truth.other}


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("situation", FORGOTTEN)
def test_forgotten(goctx: helper.Goctx, scratch: Path, situation: str, version: str) -> None:
    """One finding, by its rule, of all of them, which names who they are."""
    if situation == "asleep" and version == "1.19":
        pytest.skip("go 1.19 keeps no note of who started a goroutine: nobody is accused")
    found, right = look(goctx, situation, version, scratch)
    assert [one.rule for one in found] == [right["rule"]]
    left_on_stacks = 2 if situation == "registry" else 0  # contexts that a stack's dead word leads to count as looked at (leaks.h: LEAK_ON_STACK)
    assert right["count"] - left_on_stacks <= found[0].count <= right["count"]
    text = f"{found[0].summary} {found[0].evidence}"
    assert all(word in text for word in SAYS[situation]), text


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("situation", WELL)
def test_well(goctx: helper.Goctx, scratch: Path, situation: str, version: str) -> None:
    """Nothing above info."""
    found, right = look(goctx, situation, version, scratch)
    assert not right and not found, [(one.rule, one.confidence, one.summary, one.evidence) for one in found]
