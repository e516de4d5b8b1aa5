"""Contexts of types with a Done and an Err of their own: each in the state that its methods would give, or unknown."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import build
import helper
import toolchains

VERSIONS = toolchains.DEFAULT_VERSIONS
BUILDS = [(version, "default") for version in VERSIONS] + [
    (version, how) for version in (VERSIONS[0], "1.22", VERSIONS[-1]) for how in ("noopt", "pie")]


def target(version: str, how: str, folder: Path) -> tuple[list[str], build.Truth]:
    """A core of programs/states, and what its contexts answer."""
    try:
        exe = build.build("states", version, how)
        died = build.some_core(exe, [], folder)
    except build.Unavailable as why:
        pytest.skip(f"states with go {version} ({how}): {why}")
    return helper.core_target(died.core, exe), died.truth


def right(answer: dict[str, Any]) -> str:
    """The state that follows from what the methods said."""
    if answer["err"]:
        return "expired" if answer["expired"] else "canceled"
    # Without a Done, but its Err follows the parent's: it is no context by the rules, and what Err says counts.
    follows = answer["go_type"] == "*main.deaf" and answer["parent"] != "never"
    return "never" if answer["never"] and not follows else "active"


@pytest.mark.parametrize("version, how", BUILDS, ids=["-".join(one) for one in BUILDS])
def test_states_are_those_of_the_methods(goctx: helper.Goctx, scratch: Path, version: str, how: str) -> None:
    """No state but the one the context itself tells; unknown only where its code is more than some instructions."""
    core, truth = target(version, how, scratch)
    got = goctx.run(core, "list", "--json", "--limit", "0").contexts
    told = truth.other
    assert len(told) > 300
    missing = [one["go_type"] for one in told if one["addr"] not in got]
    assert not missing
    shown = [(one["go_type"], one["parent"], got[one["addr"]].state, right(one), one["told"]) for one in told]
    assert not [one for one in shown if one[2] not in (one[3], "unknown")]
    # Without optimisation large values are copied in a loop before they are asked.
    large = {one["addr"] for one in told if how == "noopt" and one["go_type"].endswith("main.large")}
    untold = [one["addr"] for one in told if one["told"] and got[one["addr"]].state == "unknown"]
    assert not [one for one in untold if one not in large and got[one].parent not in large]
