"""Where contexts are made: `sites`, and the locations of role made in `leaks`.

Program makers says of each line that makes a context where runtime.Caller finds it, what it calls and how often.
"""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path
from typing import Any

import pytest

import build
import examples
import helper
import toolchains

NEWEST = toolchains.DEFAULT_VERSIONS[-1]
OLDEST = toolchains.DEFAULT_VERSIONS[0]
WAYS = [(version, "default", ()) for version in toolchains.DEFAULT_VERSIONS] + [
    (version, variant, flags) for version in (OLDEST, NEWEST)
    for variant, flags in (("noopt", ()), ("pie", ()), ("nodwarf", ()), ("default", ("-gcflags=all=-l",)),
                           ("default", ("-gcflags=all=-l=4",)))]
# By what is known of them: the goroutines that wait for them were started there, or stand there.
SURE = {"main.(*server).serve", "main.worker", "main.notify"}


# What leaks in an example, or one like it, is made in the line with this text.
MADE = {
    "background-in-handler": "callCtx, cancel := context.WithCancel(base)",
    "closure-capture": "ctx, cancel := context.WithCancel(parent)",
    "enhanced-cancel": "inner, cancel := context.WithCancel(parent)",
    "finalizer-root": "d.ctx = context.WithValue(ctx, deviceKey{}, d)",
    "gin-style-context": "ctx, cancel := context.WithCancel(e.base)",
    "global-map-of-contexts": "sessions[user] = context.WithValue(ctx, profileKey{}",
    "goroutine-and-child": "ctx, cancel := context.WithCancel(b.ctx)",
    "list-element": "ctx = context.WithValue(ctx, basketKey{}, new(basket))",
    "loop-with-cancel": "turn, cancel := context.WithCancel(ctx)",
    "lost-cancel": "ctx, cancel := context.WithCancel(context.WithValue(h.ctx, clientName, name))",
    "nested-no-propagation": "ctx, cancel := context.WithCancel(parent)",
    "pool-stale-context": "e.ctx = context.WithValue(ctx, userKey{}, who)",
    "select-misses-done": "closing, closeBoxes := context.WithCancel(ctx)",
    "timer-not-stopped": "ctx, cancel := context.WithTimeout(o.ctx, term)",
    "value-chain": "s.ctx = context.WithValue(s.ctx, lastMessage, m)",
}


def plain(func: str) -> str:
    """A function without its type arguments, which runtime.Caller shortens."""
    return re.sub(r"\[.*?\](?=$|\.)", "", func)


def place(record: dict[str, Any]) -> tuple[str, str, str, int]:
    """What names a call."""
    return record["calls"], plain(record["func"]), record["file"], record["line"]


def made(version: str, variant: str, flags: tuple[str, ...], scratch: Path) -> Path:
    """Program makers, built that way."""
    try:
        if not flags:
            return build.build("makers", version, variant)
        how = dataclasses.replace(build.variant_of(variant), flags=flags)
        return build.build_as(build.source_dir("makers"), version, scratch / "makers", how)
    except build.Unavailable as why:
        pytest.skip(f"makers with go {version}: {why}")


@pytest.mark.parametrize("version, variant, flags", WAYS, ids=lambda one: one if isinstance(one, str) else " ".join(one) or "-")
def test_every_call_is_found(goctx: helper.Goctx, scratch: Path, version: str, variant: str, flags: tuple[str, ...]) -> None:
    """The program's own calls are those that it made, line by line; none is said to have made more than it did."""
    with build.running(made(version, variant, flags, scratch)) as run:
        truth = {place(one): one["count"] for one in run.truth.other if one["type"] == "made"}
        answer = goctx.run(helper.pid_target(run.pid), "sites", "--json")
    assert answer.status == helper.OK
    sites = [one for one in answer.other if one["type"] == "site"]
    own = {place(one): one["live"] for one in sites if one["own"]}
    assert set(own) == set(truth)
    for at, live in own.items():
        assert live == truth[at] if at[1] in SURE else live in (0, truth[at]), (at, live)
    others = {one["func"] for one in sites if not one["own"]}
    assert "net/http.(*conn).serve" in others and not any(func.startswith("goctx.test/") for func in others)


@pytest.mark.parametrize("version", (OLDEST, NEWEST))
@pytest.mark.parametrize("name", sorted(MADE))
def test_the_line_to_mend(goctx: helper.Goctx, scratch: Path, name: str, version: str) -> None:
    """The line that made what leaked is among three at most, and said to be a guess."""
    try:
        with examples.core_of(name, version, scratch) as (exe, core):
            findings = goctx.run(helper.core_target(core, exe), "leaks", "--json", "--min-confidence", "info").findings
    except build.Unavailable as why:
        pytest.skip(f"{name} with go {version}: {why}")
    about = [one for one in findings if any(at["role"] == "made" for at in one.locations)]
    assert about, findings
    named = []
    for one in about:
        places = [at for at in one.locations if at["role"] == "made"]
        assert len(places) <= 3 and all(at["source"] == "call" for at in places)
        assert any(text.startswith("made at: probably ") for text in one.evidence)
        named += [Path(at["file"]).read_text().splitlines()[at["line"] - 1].strip() for at in places]
    assert any(line.startswith(MADE[name]) for line in named), named


@pytest.mark.parametrize("version", (OLDEST, NEWEST))
def test_sampled_by_the_profile(goctx: helper.Goctx, scratch: Path, version: str) -> None:
    """What the heap profile proves is counted where the program made it, and never more than it made there."""
    try:
        exe = build.build("made", version)
    except build.Unavailable as why:
        pytest.skip(f"made with go {version}: {why}")
    died = build.some_core(exe, [], scratch)
    places: dict[tuple[str, int], int] = {}
    for one in died.truth.other:
        if one.get("addrs"):
            at = one["file"], one["line"]
            places[at] = places.get(at, 0) + len(one["addrs"])
    sites = [one for one in goctx.run(helper.core_target(died.core, exe), "sites", "--json").other if one["type"] == "site"]
    sampled = {(one["file"], one["line"]): one["sampled"] for one in sites if one["sampled"]}
    assert sampled and set(sampled) <= set(places), (sampled, places)
    assert all(n <= places[at] for at, n in sampled.items())
