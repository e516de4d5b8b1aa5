"""Integrity: what a program spoils of itself is told, and what is only half done is not called damage."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

import build
import helper
import toolchains

QUICK = os.environ.get("GOCTX_TRUTH") == "quick"
VERSIONS = ("1.27",) if QUICK else toolchains.DEFAULT_VERSIONS
STORMS = ("1.27",) if QUICK else ("1.19", "1.23", "1.24", "1.27")
LOOKS = 8  # at a busy program
CORES = 1


def program(name: str, version: str) -> Path:
    """The executable of a folder of programs/."""
    try:
        return build.build(name, version)
    except build.Unavailable as why:
        pytest.skip(f"{name} with go {version}: {why}")


def check(goctx: helper.Goctx, target: list[str], status: int = helper.OK) -> list[helper.Finding]:
    """All findings, those of no concern too."""
    answer = goctx.run(target, "check", "--json", "--min-confidence", "info", "--limit", "0")
    assert answer.status == status, f"{answer.status} {answer.stderr}{answer.damage}"
    return answer.findings


def compare(found: list[helper.Finding], truth: build.Truth) -> None:
    """Each damage has its finding; no context or goroutine is named that was left alone."""
    told = [line for line in truth.other if line["type"] == "damage"]
    assert len(told) == 14
    by_rule: dict[str, set[object]] = {}
    for one in found:
        assert one.confidence == "certain", one
        by_rule.setdefault(one.rule, set()).update([*one.contexts, *one.goids])
    assert set(by_rule) == {line["rule"] for line in told}
    for line in told:
        missing = {*line["contexts"], *line["goids"]} - by_rule[line["rule"]]
        assert not missing, f"{line['name']}: {missing}"
    named = {name for line in told for name in [*line["contexts"], *line["goids"]]}
    strangers = set().union(*by_rule.values()) - named
    assert len(strangers) <= 2, strangers  # of the loop
    kinds = [one for one in found if one.rule == "wait-queue"]
    assert len(kinds) == 4 and [one.count for one in kinds] == [1] * 4


@pytest.mark.parametrize("version", VERSIONS)
def test_damage(goctx: helper.Goctx, scratch: Path, version: str) -> None:
    """A core of the program that spoiled itself."""
    exe = program("damage", version)
    try:
        died = build.some_core(exe, [], scratch)
    except build.Unavailable as why:
        pytest.skip(f"go {version}: {why}")
    found = check(goctx, helper.core_target(died.core, exe), helper.PARTIAL)  # loops are noted when contexts are read
    compare(found, died.truth)
    again = check(goctx, helper.core_target(died.core, exe), helper.PARTIAL)
    assert [one.signature for one in found] == [one.signature for one in again]


def test_exit_status_and_words(goctx: helper.Goctx) -> None:
    """--fail-on, and the sentences."""
    with build.running(program("damage", VERSIONS[-1])) as run:
        target = helper.pid_target(run.pid)
        assert goctx.run(target, "check", "--fail-on", "certain").status == helper.FAIL_ON
        text = goctx.run(target, "check", "--limit", "0").text
        closed = next(line for line in run.truth.other if line["name"] == "close-without-err")
        shown = goctx.run(target, "show", closed["contexts"][0]).text
    assert "err is nil, and done is closed" in text and "err is nil, and done is closed" in shown
    assert f"goctx show {closed['contexts'][0]}" in text


@pytest.mark.parametrize("version", STORMS)
def test_storm(goctx: helper.Goctx, scratch: Path, version: str) -> None:
    """Cancelling, waking and making under way on all processors: torn at most, and said to be of no concern."""
    with build.running(program("storm", version)) as run:
        for _ in range(LOOKS):
            found = check(goctx, helper.pid_target(run.pid))
            assert {(one.rule, one.confidence) for one in found} <= {("torn", "info")}, found
        for number in range(CORES):
            try:
                core = build.gcore(run.pid, scratch / f"core{number}")
            except build.Unavailable as why:
                pytest.skip(str(why))
            found = check(goctx, helper.core_target(core))
            core.unlink()
            assert {(one.rule, one.confidence) for one in found} <= {("torn", "info")}, found
        answer = goctx.run(helper.pid_target(run.pid), "check", "--fail-on", "possible")
    assert answer.status == helper.OK and "no problems" in answer.text
