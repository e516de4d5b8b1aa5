"""Cores of two programs, to be damaged and asked for everything: what the tests of damage share.

A file of tests imports the fixtures kinds and waiters with those that they rest on.  Each test spoils a core at places that the
program's truth and the layout name (victim.py); the damage is taken back behind it.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Callable, Iterator

import pytest

import build
import compare
import helper
from helper import OK, PARTIAL
from victim import Layout, Victim

VERSIONS = ("1.19", "1.27")  # one for each layout of maps
SEED = int(os.environ.get("GOCTX_SEED", "1"))


def fresh(name: str, version: str, folder: Path, goctx: helper.Goctx) -> Victim:
    """A fresh core of a program."""
    try:
        exe = build.build(name, version)
        died = build.kernel_core(exe, [], folder)
    except build.Unavailable as why:
        pytest.skip(f"{name} with go {version}: {why}")
    answer = goctx.run(helper.core_target(died.core, exe), "layout", "--json")
    one = Victim(exe, died, Layout(answer))
    one.extra = one.added(goctx.run(one.target, "list", "--json", "--limit", "0"))
    assert len(one.extra) <= 2 * compare.KEPT_TIMERS
    return one


def fixture_of(name: str) -> Callable[..., Iterator[Victim]]:
    """A fixture: one core a release, given to each test as it was."""
    @pytest.fixture(scope="module", params=VERSIONS, name=f"{name}_core")
    def whole(request: pytest.FixtureRequest, goctx_asan: helper.Goctx,
              tmp_path_factory: pytest.TempPathFactory) -> Iterator[Victim]:
        folder = tmp_path_factory.mktemp(name)
        one = fresh(name, request.param, folder, goctx_asan)
        yield one
        one.core.close()
        shutil.rmtree(folder, ignore_errors=True)

    return whole


kinds_core = fixture_of("kinds")
waiters_core = fixture_of("waiters")


@pytest.fixture
def kinds(kinds_core: Victim) -> Iterator[Victim]:
    """The core of kinds, undamaged."""
    yield kinds_core
    kinds_core.core.restore()


@pytest.fixture
def waiters(waiters_core: Victim) -> Iterator[Victim]:
    """The core of waiters, undamaged."""
    yield waiters_core
    waiters_core.core.restore()


def check(goctx: helper.Goctx, one: Victim, *, lost: int = 0, added: int = 2, noted: bool = True,
          tasks_lost: int = 0, about: tuple[str, ...] = ()) -> dict[str, helper.Answer]:
    """Everything but so many contexts and goroutines is there, and damage is noted."""
    also = [words for addr in about for words in (
        ("show", addr, "--json"), ("show", addr), ("children", addr, "--json"),
        ("children", addr), ("tree", addr))]
    answers = one.ask_all(goctx, also, (OK, PARTIAL))
    listed, tasks = answers["list --json"], answers["tasks --system --json"]
    missing = one.missing(listed)
    assert len(missing) <= lost, f"missing: {missing}"
    assert len(one.added(listed)) <= added, f"too much: {one.added(listed)}"
    gone = set(one.truth.by_goid()) - set(tasks.tasks)
    assert len(gone) <= tasks_lost, f"goroutines missing: {gone}"
    shown = set(answers["tree --values --json"].contexts)
    assert shown >= set(listed.contexts) - one.added(listed)
    if noted:
        assert listed.header.damage > 0 and listed.damage, "damage is not noted"
        assert listed.status == PARTIAL
        assert "damage" in answers["info"].text
    return answers


def intact(goctx: helper.Goctx, one: Victim) -> None:
    """Before anything is spoiled nothing looks damaged."""
    for command, answer in check(goctx, one, added=0, noted=False).items():
        assert answer.status == OK, (command, answer.damage)


ENDLESS = 1 << 46  # bytes: in steps of a page or of 64 KiB that is minutes, of each goroutine


def in_time(goctx: helper.Goctx, one: Victim, about: str) -> dict[str, helper.Answer]:
    """Commands that look at all memory, and at one context."""
    return one.ask_all(goctx, [("leaks", "--json"), ("check", "--json"), ("why", about, "--json"), ("show", about, "--json")],
                       (OK, PARTIAL))
