"""A context that is being made while others come behind it: what it does not have yet is no damage."""

from __future__ import annotations

from pathlib import Path

import pytest

import build
import helper
import toolchains
from corefile import CoreFile

VERSIONS = (toolchains.DEFAULT_VERSIONS[0], "1.21", "1.23", toolchains.DEFAULT_VERSIONS[-1])


@pytest.mark.parametrize("words", [(0, 8), (8,)], ids=["parent not written", "half written"])
@pytest.mark.parametrize("version", VERSIONS)
def test_parent_comes_later(goctx: helper.Goctx, scratch: Path, version: str, words: tuple[int, ...]) -> None:
    """Its goroutine, inside of package context, tells it from one of another that was spoiled in the same way."""
    try:
        died = build.some_core(exe := build.build("making", version), [], scratch)
    except build.Unavailable as why:
        pytest.skip(f"making with go {version}: {why}")
    target = helper.core_target(died.core, exe)
    addr = {one["type"]: one["addr"] for one in died.truth.other}
    (new,) = [one.addr for one in goctx.run(target, "list", "--json", "--limit", "0").contexts.values() if one.parent == addr["parent"]]
    core = CoreFile(died.core)
    for word in words:
        core.put_u64(int(new, 16) + word, 0)
    answer = goctx.run(target, "check", "--json", "--min-confidence", "info", "--limit", "0")
    assert answer.status == helper.OK and {one.rule for one in answer.findings} <= {"torn"}, (answer.damage, answer.findings)
    for word in words:
        core.put_u64(int(addr["whole"], 16) + word, 0)
    answer = goctx.run(target, "list", "--json", "--limit", "0")
    assert answer.status == helper.PARTIAL and any("parents of 1 contexts" in text for text in answer.damage), answer.damage
