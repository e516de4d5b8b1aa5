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
