"""Damaged goroutines: allgs, fields of g, stacks, wait queues that are garbage; everything else is still answered.

No crash, no hang, no word from a sanitizer, and the contexts are there.  GOCTX_SEED changes the noise.
"""

from __future__ import annotations

import random

import pytest

import helper
from damage import ENDLESS, SEED, check, in_time, intact, waiters, waiters_core  # noqa: F401
from helper import OK, PARTIAL
from victim import HUGE, PATIENCE, WILD, Victim


def test_undamaged_tasks(goctx_asan: helper.Goctx, waiters: Victim) -> None:
    """The core of waiters."""
    intact(goctx_asan, waiters)


# -- allgs and g ---------------------------------------------------------------


@pytest.mark.parametrize("count", [0, 1, 1 << 20, 1 << 40, (1 << 64) - 1])
def test_number_of_goroutines(goctx_asan: helper.Goctx, waiters: Victim, count: int) -> None:
    """runtime.allglen and the length of runtime.allgs, too large or too small."""
    waiters.core.put_u64(waiters.variable("runtime.allgs") + 8, count)
    if "runtime.allglen" in waiters.layout.variables:
        waiters.core.put_u64(waiters.variable("runtime.allglen"), count)
    check(goctx_asan, waiters, tasks_lost=len(waiters.truth.tasks), noted=count != 1)


def test_allgs_leads_nowhere(goctx_asan: helper.Goctx, waiters: Victim) -> None:
    """No goroutine can be read; contexts can."""
    waiters.core.put_u64(waiters.variable("runtime.allgs"), WILD)
    if "runtime.allgptr" in waiters.layout.variables:
        waiters.core.put_u64(waiters.variable("runtime.allgptr"), WILD)
    check(goctx_asan, waiters, tasks_lost=len(waiters.truth.tasks))


def test_wild_goroutines(goctx_asan: helper.Goctx, waiters: Victim) -> None:
    """Entries of allgs: null, wild, and one goroutine twice."""
    array = waiters.core.u64(waiters.variable("runtime.allgs"))
    gs = waiters.gs()
    for i, word in ((5, 0), (9, WILD), (12, gs[13]), (15, gs[16] + 8)):
        waiters.core.put_u64(array + 8 * i, word)
    check(goctx_asan, waiters, tasks_lost=4)


def test_damage_is_told_once(goctx: helper.Goctx, waiters: Victim) -> None:
    """Commands that need more of the model, or read it anew, do not count the same damage again."""
    allgs = waiters.core.u64(waiters.variable("runtime.allgs"))
    waiters.core.put_u64(allgs + 3 * 8, WILD)
    alone = goctx.run(waiters.target, "list", "--json").header.damage
    assert alone >= 1
    with goctx.serve(waiters.target) as server:
        server.ask("tasks")
        assert server.ask("list", "--json").header.damage == alone
        server.ask("@refresh")
        assert server.ask("list", "--json").header.damage == alone


def test_half_zeroed_goroutine(goctx_asan: helper.Goctx, waiters: Victim) -> None:
    """The first, or the second half of a g is gone."""
    size = waiters.layout.sizes["runtime.g"]
    for start in (0, size // 2):
        waiters.core.write(waiters.g_of("select two dones") + start, bytes(size // 2))
        check(goctx_asan, waiters, tasks_lost=1, noted=False)
        waiters.core.restore()


@pytest.mark.parametrize("name", ["sched.sp", "sched.pc", "sched.bp", "stack.lo", "stack.hi",
                                  "gopc", "startpc", "labels", "waiting", "m", "syscallsp"])
def test_fields_of_goroutines(goctx_asan: helper.Goctx, waiters: Victim, name: str) -> None:
    """Pointers of goroutines that lead nowhere, everywhere or back."""
    for label in ("deep", "labelled", "select two dones", "system call"):
        at = waiters.g_field(label, name)
        for word in (0, 1, WILD, (1 << 64) - 1, waiters.g_of(label), waiters.core.u64(at) + 8):
            waiters.core.put_u64(at, word)
        check(goctx_asan, waiters, noted=False, tasks_lost=1)
        for word in (1, WILD, waiters.g_of("deep")):
            waiters.core.put_u64(at, word)
            answer = goctx_asan.run(waiters.target, "bt", "all", timeout=PATIENCE)
            assert answer.status in (OK, PARTIAL)
        waiters.core.restore()


# -- stacks --------------------------------------------------------------------


def test_frame_pointers_in_a_loop(goctx_asan: helper.Goctx, waiters: Victim) -> None:
    """A chain of frame pointers that never ends."""
    for label in ("deep", "inlined wait"):
        g = waiters.g_of(label)
        sp, bp = (waiters.core.u64(g + waiters.layout.at("runtime.g", f"sched.{one}"))
                  for one in ("sp", "bp"))
        for word in (bp, sp, bp - 8):
            waiters.core.put_u64(bp, word)
            check(goctx_asan, waiters, noted=False)
            waiters.core.restore()


def test_stack_is_noise(goctx_asan: helper.Goctx, waiters: Victim) -> None:
    """Return addresses that are none."""
    noise = random.Random(SEED)
    g = waiters.g_of("deep")
    sp = waiters.core.u64(g + waiters.layout.at("runtime.g", "sched.sp"))
    for _ in range(5):
        for at in range(0, 2048, 8):
            if noise.random() < 0.3:
                waiters.core.put_u64(sp + at, noise.choice(
                    (noise.getrandbits(64), waiters.core.u64(sp + at) + 1, 0, sp + at)))
        check(goctx_asan, waiters, noted=False)
        waiters.core.restore()


def test_stacks_without_end(goctx: helper.Goctx, waiters: Victim) -> None:
    """Every goroutine claims a stack of half the address space: its end is a number of the target's, and nothing to walk to."""
    about = waiters.truth.context("many waiters").addr
    before = in_time(goctx, waiters, about)["list --json"]
    for g in waiters.gs():
        low = waiters.core.u64(g + waiters.layout.at("runtime.g", "stack.lo"))
        waiters.core.put_u64(g + waiters.layout.at("runtime.g", "stack.hi"), low + ENDLESS)
    answers = in_time(goctx, waiters, about)
    assert set(answers["list --json"].contexts) <= set(before.contexts)
    assert about in answers["list --json"].contexts
    assert set(waiters.truth.by_goid()) <= set(answers["tasks --system --json"].tasks)


# -- waits ---------------------------------------------------------------------


@pytest.mark.parametrize("link", ["waitlink", "next", "g", "c"])
def test_wait_queue(goctx_asan: helper.Goctx, waiters: Victim, link: str) -> None:
    """sudogs that point to themselves, to nothing, to each other's goroutine."""
    sudog = waiters.core.u64(waiters.g_field("select two dones", "waiting"))
    at = sudog + waiters.layout.at("runtime.sudog", link)
    for word in (sudog, WILD, 1, waiters.g_of("deep")):
        waiters.core.put_u64(at, word)
        check(goctx_asan, waiters, noted=False)
        waiters.core.restore()


def test_queue_of_a_channel(goctx_asan: helper.Goctx, waiters: Victim) -> None:
    """A done channel whose queue of receivers is a loop, or noise."""
    channel = int(waiters.truth.context("many waiters").done or "0", 16)
    first = waiters.core.u64(channel + waiters.layout.at("runtime.hchan", "recvq.first"))
    waiters.core.put_u64(first + waiters.layout.at("runtime.sudog", "next"), first)
    check(goctx_asan, waiters, noted=False)
    waiters.core.restore()
    waiters.core.write(channel, b"\xff" * waiters.layout.sizes["runtime.hchan"])
    check(goctx_asan, waiters, noted=False)


def test_wait_reasons(goctx_asan: helper.Goctx, waiters: Victim) -> None:
    """The names of wait reasons: pointers and lengths."""
    at = waiters.variable("runtime.waitReasonStrings")
    for i in range(0, 30):
        waiters.core.put_u64(at + 16 * i, WILD if i % 2 else waiters.core.u64(at + 16 * i))
        waiters.core.put_u64(at + 16 * i + 8, 4 if i % 2 else HUGE)
    check(goctx_asan, waiters, noted=False)
