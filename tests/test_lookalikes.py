"""What is shown as a context is one, of its own type; what only looks like one is not shown."""

from __future__ import annotations

from pathlib import Path

import pytest

import build
import helper
import toolchains

VERSIONS = toolchains.DEFAULT_VERSIONS
BUILDS = [(version, "default") for version in VERSIONS] + [
    (version, how) for version in (VERSIONS[0], VERSIONS[-1]) for how in ("noopt", "pie")]
KINDS_OF_ROOTS = ("background", "todo")
RUNTIME_OWN = ("signal", "os/signal")


def target(version: str, how: str, folder: Path) -> tuple[list[str], build.Truth]:
    """A core of programs/lookalikes, and what it knows."""
    try:
        exe = build.build("lookalikes", version, how)
        died = build.some_core(exe, [], folder)
    except build.Unavailable as why:
        pytest.skip(f"lookalikes with go {version} ({how}): {why}")
    return helper.core_target(died.core, exe), died.truth


@pytest.mark.parametrize("version, how", BUILDS, ids=["-".join(one) for one in BUILDS])
def test_only_what_is_one(goctx: helper.Goctx, scratch: Path, version: str, how: str) -> None:
    """All that are held as contexts or by pointers of their type, with that type; none of 450 structs of the same shapes."""
    core, truth = target(version, how, scratch)
    minor = int(version.partition(".")[2])
    told = {one["addr"]: one for one in truth.other if one["since"] <= minor}
    answer = goctx.run(core, "list", "--json", "--limit", "0")
    assert answer.status == helper.OK
    found = {addr: one.go_type for addr, one in answer.contexts.items() if one.kind not in KINDS_OF_ROOTS}
    missing = [one["held"] for addr, one in told.items() if addr not in found]
    wrong = [(told[addr]["go_type"], kind) for addr, kind in found.items() if addr in told and told[addr]["go_type"] != kind]
    known = {one["addr"] for one in truth.other}
    assert not missing
    assert not wrong
    assert not [kind for addr, kind in found.items() if addr not in known]


def test_by_what_it_is_known(goctx: helper.Goctx, scratch: Path) -> None:
    """`show` names the evidence; `info` counts what is none."""
    core, truth = target(VERSIONS[-1], "default", scratch)
    words = {"CancelFunc": "captured it", "everywhere": "parent word of 0x", "variable": "a pointer of its type",
             "interface": "interface value in object 0x"}
    for held, word in words.items():
        one = next(one for one in truth.other if one["held"] == held)
        (line,) = [line for line in goctx.run(core, "show", one["addr"]).text.splitlines() if line.startswith("known by ")]
        assert word in line, (held, line)
    (info,) = [one for one in goctx.run(core, "info", "--json").other if "lookalikes" in one]
    assert info["lookalikes"] >= 150
    assert f"{info['lookalikes']} objects look like contexts, nothing refers to them as such" in goctx.run(core, "info").text


@pytest.mark.parametrize("version, how", BUILDS, ids=["-".join(one) for one in BUILDS])
@pytest.mark.parametrize("live", [False, True], ids=["core", "live"])
def test_wider_interfaces(goctx: helper.Goctx, scratch: Path, version: str, how: str, live: bool) -> None:
    """Types that the program only has in interfaces wider than context.Context; not those that have its methods by name alone."""
    try:
        exe = build.build("wide", version, how)
        if live:
            with build.running(exe) as run:
                truth, answer = run.truth, goctx.run(helper.pid_target(run.pid), "list", "--json", "--limit", "0")
        else:
            died = build.some_core(exe, [], scratch)
            truth, answer = died.truth, goctx.run(helper.core_target(died.core, exe), "list", "--json", "--limit", "0")
    except build.Unavailable as why:
        pytest.skip(f"wide with go {version} ({how}): {why}")
    found = {addr: (one.go_type, one.parent, one.state) for addr, one in answer.contexts.items() if one.kind not in KINDS_OF_ROOTS}
    roots = {one["parent"]: "background" for one in truth.other[:1]}
    told = {one["addr"]: (one["go_type"], roots.get(one["parent"], one["parent"]), one["state"]) for one in truth.other}
    assert answer.status == helper.OK
    assert found == told
