"""Damage at random: a few bytes of what goctx reads, of the heap, of variables.  No crash, no hang, no word from a sanitizer.

GOCTX_SEED changes the damage, GOCTX_ROUNDS how often it is tried.
"""

from __future__ import annotations

import os
import random

import pytest

import helper
from damage import SEED, check, kinds, kinds_core, waiters, waiters_core  # noqa: F401
from helper import OK, PARTIAL, UNREADABLE
from victim import PATIENCE, Victim, flip, places

ROUNDS = int(os.environ.get("GOCTX_ROUNDS", "20"))


def hurt(goctx: helper.Goctx, one: Victim, round_: int) -> None:
    """Spoil a few bytes of what goctx reads, and ask for everything."""
    noise = random.Random(f"{SEED} {round_} aimed")
    flip(one, noise, places(one), noise.choice((1, 3, 10, 40)))
    shown = [command for ctx in noise.sample(one.truth.contexts, 5) for command in (
        ("show", ctx.addr), ("@context", ctx.addr), ("@children", ctx.addr))]
    for ctx in noise.sample([ctx for ctx in one.truth.contexts if ctx.addr.startswith("0x")], 2):
        alone = goctx.run(one.target, "@words", f"{ctx.go_type}@{ctx.addr}", timeout=PATIENCE)
        assert alone.status in (OK, PARTIAL, UNREADABLE), alone.stderr
    one.ask_all(goctx, shown, (OK, PARTIAL, UNREADABLE, helper.USAGE))


@pytest.mark.parametrize("round_", range(ROUNDS))
def test_random_damage_to_contexts(goctx_asan: helper.Goctx, kinds: Victim, round_: int) -> None:
    """A few bytes of contexts, maps, channels, spans, the runtime's tables."""
    hurt(goctx_asan, kinds, round_)


@pytest.mark.parametrize("round_", range(ROUNDS))
def test_random_damage_to_tasks(goctx_asan: helper.Goctx, waiters: Victim, round_: int) -> None:
    """A few bytes of goroutines, stacks, wait queues and all that."""
    hurt(goctx_asan, waiters, round_)


@pytest.mark.parametrize("round_", range(ROUNDS))
def test_random_damage_of_heap(goctx_asan: helper.Goctx, kinds: Victim, round_: int) -> None:
    """Bytes of the heap: few contexts are hit, the others are there."""
    noise = random.Random(f"{SEED} {round_} heap")
    start = int(kinds.truth.context("server").addr, 16) & ~0x3fffff
    end = start + (4 << 20)  # where a segment begins is up to the kernel
    flip(kinds, noise, [(max(one.addr, start), min(one.addr + one.size, end) - max(one.addr, start))
                        for one in kinds.core.segments
                        if one.writable and one.addr < end and start < one.addr + one.size], 100)
    check(goctx_asan, kinds, lost=10, added=10, tasks_lost=3, noted=False)


@pytest.mark.parametrize("round_", range(ROUNDS))
def test_random_damage_of_variables(goctx_asan: helper.Goctx, kinds: Victim, round_: int) -> None:
    """Bytes of variables: one of them may be what all else hangs on."""
    noise = random.Random(f"{SEED} {round_} variables")
    flip(kinds, noise, [(one.addr, one.size) for one in kinds.core.segments
                        if one.writable and one.addr < 1 << 32], 200)
    kinds.ask_all(goctx_asan, [], (OK, PARTIAL, UNREADABLE))
