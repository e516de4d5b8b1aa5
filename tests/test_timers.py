"""Timers as roots: what they hold, what those that were stopped no longer hold; and that no path goes through a P."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

import build
import helper
import toolchains

VERSIONS = toolchains.DEFAULT_VERSIONS
STOPPED = 60  # in programs/timers


def target(version: str, how: str, folder: Path) -> tuple[list[str], build.Truth]:
    """A core of programs/timers, and what it knows."""
    try:
        exe = build.build("timers", version, how)
        died = build.some_core(exe, [], folder)
    except build.Unavailable as why:
        pytest.skip(f"timers with go {version} ({how}): {why}")
    return helper.core_target(died.core, exe), died.truth


BUILDS = [(version, "default") for version in VERSIONS] + [(VERSIONS[0], "nodwarf"), (VERSIONS[-1], "nodwarf")]


@pytest.mark.parametrize("version, how", BUILDS, ids=["-".join(one) for one in BUILDS])
def test_roots(goctx: helper.Goctx, scratch: Path, version: str, how: str) -> None:
    """The shortest path begins at the timer itself; what the collector keeps by stopped timers alone is said to be kept by such."""
    core, truth = target(version, how, scratch)
    wrong = []
    labels: dict[str, int] = {}
    with goctx.serve(core) as server:
        for one in truth.other:
            labels[one["label"]] = labels.get(one["label"], 0) + 1
            if labels[one["label"]] > 10 or not one["kept"]:
                continue
            paths = [line for line in server.ask("why", one["addr"], "--json").other if line["type"] == "path"]
            if not paths or paths[0]["root"] != one["root"]:
                wrong.append(f"{one['label']}: {paths[0]['root'] if paths else 'no path'}, not {one['root']}")
            if "runtime.p" in json.dumps(paths) or ".timers" in json.dumps(paths):
                wrong.append(f"{one['label']}: {paths}")
    assert labels["canceled before its deadline"] == STOPPED
    assert sum(one["kept"] for one in truth.other if one["root"] == "stopped timer") > STOPPED + 10  # they are not swept
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("version", VERSIONS)
def test_findings(goctx: helper.Goctx, scratch: Path, version: str) -> None:
    """Contexts that only stopped timers hold are in no finding."""
    core, truth = target(version, "default", scratch)
    gone = {one["addr"] for one in truth.other if one["root"] == "stopped timer"}
    answer = goctx.run(core, "leaks", "--json", "--min-confidence", "info")
    assert answer.status in (helper.OK, 1)
    assert not [one for one in answer.findings if one.rule in ("retained-context", "expired-retained")]
    assert not [one.rule for one in answer.findings if gone & set(one.contexts)]


def test_words(goctx: helper.Goctx, scratch: Path) -> None:
    """What a person reads."""
    core, truth = target(VERSIONS[-1], "default", scratch)

    def said(label: str) -> list[str]:
        one = next(one for one in truth.other if one["label"] == label)
        return goctx.run(core, "why", one["addr"]).text.splitlines()

    assert re.fullmatch(r"1  timer that fires in [45]h.*, context\.WithDeadlineCause\.func2", said("context with a deadline")[0])
    assert re.fullmatch(r"1  timer that fires in [45]h.*, main\.calls\.func1", said("called by a timer")[0])
    assert said("canceled before its deadline")[0] == "1  stopped timer, context.WithDeadlineCause.func2"
