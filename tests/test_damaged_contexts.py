"""Damaged contexts: parents, children maps and other fields that are garbage; what is broken is said, everything else is still answered.

Whatever it is: no crash, no hang, no word from a sanitizer, and the contexts that were not hit are there.  GOCTX_SEED changes the noise.
"""

from __future__ import annotations

import random

import pytest

import helper
from corefile import NotInCore
from damage import SEED, check, intact, kinds, kinds_core, waiters, waiters_core  # noqa: F401
from helper import OK, PARTIAL
from victim import HUGE, WILD, Victim, count_word, table_word


def test_undamaged_contexts(goctx_asan: helper.Goctx, kinds: Victim) -> None:
    """The core of kinds."""
    intact(goctx_asan, kinds)


# -- parents -------------------------------------------------------------------


def test_parent_loop(goctx_asan: helper.Goctx, kinds: Victim) -> None:
    """A context under its own child."""
    kinds.set_parent("timeout", kinds.context("cancel in timeout"))
    check(goctx_asan, kinds, about=(kinds.truth.context("timeout").addr,
                                    kinds.truth.context("cancel in timeout").addr))


def test_parent_of_itself(goctx_asan: helper.Goctx, kinds: Victim) -> None:
    """A context under itself."""
    kinds.set_parent("cancel", kinds.context("cancel"))
    check(goctx_asan, kinds, about=(kinds.truth.context("cancel").addr,))


def test_everything_in_a_loop(goctx_asan: helper.Goctx, kinds: Victim) -> None:
    """The root of nearly all contexts under a leaf, through values and custom types."""
    kinds.set_parent("server", kinds.context("cancel under values"))
    check(goctx_asan, kinds, about=(kinds.truth.context("server").addr,
                                    kinds.truth.context("custom by value").addr))


def test_wild_parent(goctx_asan: helper.Goctx, kinds: Victim) -> None:
    """Parents that point to nothing, and into the middle of something."""
    kinds.core.put_u64(kinds.parent("cancel") + 8, WILD)
    kinds.core.put_u64(kinds.parent("deadline") + 8, kinds.context("server") + 3)
    kinds.core.put_u64(kinds.parent("timeout") + 8, 1)
    answers = check(goctx_asan, kinds, about=tuple(
        kinds.truth.context(label).addr for label in ("cancel", "deadline", "timeout")))
    cancel = answers["list --json"].contexts[kinds.truth.context("cancel").addr]
    assert cancel.parent in (None, f"0x{WILD:x}") and cancel.kind == "cancel"


@pytest.mark.parametrize("word", [0, 1, WILD, HUGE, (1 << 64) - 1])
def test_wild_itab(goctx_asan: helper.Goctx, kinds: Victim, word: int) -> None:
    """The type word of a parent is garbage: children maps and others still lead there."""
    kinds.core.put_u64(kinds.parent("cancel"), word)
    check(goctx_asan, kinds, lost=1, noted=False, about=())


def test_itab_of_something_else(goctx_asan: helper.Goctx, kinds: Victim) -> None:
    """A type word that is a pointer into the heap."""
    kinds.core.put_u64(kinds.parent("cancel"), kinds.context("server"))
    check(goctx_asan, kinds, lost=1, noted=False)


# -- children maps -------------------------------------------------------------


@pytest.mark.parametrize("label", ["children many", "timeout", "children map allocated but empty"])
@pytest.mark.parametrize("count", [1, 1 << 20, HUGE, (1 << 64) - 1])
def test_count_of_a_map(goctx_asan: helper.Goctx, kinds: Victim, label: str, count: int) -> None:
    """The count word does not agree with the entries."""
    kinds.core.put_u64(kinds.children(label) + count_word(kinds), count)
    addr = kinds.truth.context(label).addr
    answers = check(goctx_asan, kinds, about=(addr,), noted=False)
    told = kinds.truth.context(label).children or []
    edges = {edge.child for edge in answers[f"children {addr} --json"].edges}
    assert edges >= set(told)
    shown = answers[f"children {addr}"]
    assert shown.status == PARTIAL or "count" in shown.text or "damage" in shown.text, shown.text


@pytest.mark.parametrize("label", ["children many", "timeout"])
@pytest.mark.parametrize("where", [0, 8, WILD, (1 << 64) - 8, "itself"])
def test_directory_of_a_map(goctx_asan: helper.Goctx, kinds: Victim, label: str,
                            where: int | str) -> None:
    """The pointer to the entries leads nowhere; the children are found by other means."""
    header = kinds.children(label)
    kinds.core.put_u64(header + table_word(kinds), header if where == "itself" else int(where))
    addr = kinds.truth.context(label).addr
    check(goctx_asan, kinds, about=(addr,), noted=False)


@pytest.mark.parametrize("label", ["children many", "server", "timeout"])
def test_half_written_map(goctx_asan: helper.Goctx, kinds: Victim, label: str) -> None:
    """The header and what it leads to hold noise."""
    noise = random.Random(SEED)
    header, addr = kinds.children(label), kinds.truth.context(label).addr
    data = kinds.core.u64(header + table_word(kinds))
    for _ in range(6):
        kinds.core.write(data + noise.randrange(0, 16), noise.randbytes(8))
        check(goctx_asan, kinds, about=(addr,), noted=False, added=4)
        kinds.core.restore()
        kinds.core.write(header + noise.randrange(0, 40), noise.randbytes(8))
        check(goctx_asan, kinds, about=(addr,), noted=False, added=4)
        kinds.core.restore()


def test_map_entries_are_garbage(goctx_asan: helper.Goctx, kinds: Victim) -> None:
    """Keys that are no contexts do not become contexts."""
    header, addr = kinds.children("timeout"), kinds.truth.context("timeout").addr
    data = kinds.core.u64(header + table_word(kinds))
    for at in range(8, 8 + 8 * 16, 8):
        kinds.core.put_u64(data + at, WILD + at)
    answers = check(goctx_asan, kinds, about=(addr,), added=0, noted=False)
    assert answers[f"children {addr}"].status in (OK, PARTIAL)


@pytest.mark.parametrize("words", [(HUGE,), (3,), (0,), ((1 << 64) - 1,)])
def test_directory_length(goctx_asan: helper.Goctx, kinds: Victim, words: tuple[int]) -> None:
    """Directories of Swiss tables, or the number of buckets, far too large."""
    header, addr = kinds.children("children many"), kinds.truth.context("children many").addr
    if kinds.layout.has("internal/runtime/maps.Map", "dirLen"):
        at = kinds.layout.at("internal/runtime/maps.Map", "dirLen")
        kinds.core.put_u64(header + at, words[0])
    else:
        kinds.core.write(header + kinds.layout.at("runtime.hmap", "B"), bytes([words[0] % 251]))
    check(goctx_asan, kinds, about=(addr,), noted=False)


# -- other fields --------------------------------------------------------------


@pytest.mark.parametrize("name", ["done", "err", "cause"])
@pytest.mark.parametrize("word", [8, WILD, HUGE, "itself"])
def test_interfaces_of_a_context(goctx_asan: helper.Goctx, kinds: Victim, name: str,
                                 word: int | str) -> None:
    """done, err and cause: type or data lead nowhere."""
    if not kinds.layout.has("context.cancelCtx", name):
        pytest.skip(f"no field {name} in this release")
    told = kinds.truth.context("expired")
    at = int(told.addr, 16) + kinds.layout.at("context.cancelCtx", name)
    for half in (0, 8):
        kinds.core.put_u64(at + half, int(told.addr, 16) if word == "itself" else int(word))
        answers = check(goctx_asan, kinds, about=(told.addr,), noted=False)
        assert answers["list --json"].contexts[told.addr].kind == "timer"
        kinds.core.restore()


def test_two_contexts_with_one_done(goctx_asan: helper.Goctx, waiters: Victim) -> None:
    """A done channel in two contexts."""
    done = waiters.layout.at("context.cancelCtx", "done") + 8
    channel = waiters.core.u64(waiters.context("one waiter") + done)
    waiters.core.put_u64(waiters.context("many waiters") + done, channel)
    check(goctx_asan, waiters, noted=False)


def test_lock_held(goctx_asan: helper.Goctx, kinds: Victim) -> None:
    """A context whose mutex was held when the core was written may be torn: `show` says so."""
    at = kinds.context("children many") + kinds.layout.at("context.cancelCtx", "mu.state")
    kinds.core.write(at, b"\1\0\0\0")
    addr = kinds.truth.context("children many").addr
    answers = check(goctx_asan, kinds, about=(addr,), noted=False)
    assert "being changed" in answers[f"show {addr}"].text


def test_keys_and_values(goctx_asan: helper.Goctx, kinds: Victim) -> None:
    """Values whose types, pointers and lengths are garbage."""
    noise = random.Random(SEED)
    values = [one for one in kinds.truth.contexts if one.kind == "value"]
    for one in values:
        for at in (16, 24, 32, 40):
            old = kinds.core.u64(int(one.addr, 16) + at)
            with_care = [WILD, HUGE, 8, old + 8, old ^ (1 << noise.randrange(48))]
            kinds.core.put_u64(int(one.addr, 16) + at, noise.choice(with_care))
            try:  # also behind it: the pointer and length of a string
                kinds.core.put_u64(old + noise.choice((0, 8)), noise.choice((HUGE, WILD, 1 << 31)))
            except NotInCore:
                pass
        check(goctx_asan, kinds, lost=len(values), noted=False, about=(one.addr,) if one is
              values[0] else ())
        kinds.core.restore()


def test_deadlines(goctx_asan: helper.Goctx, kinds: Victim) -> None:
    """Times that no calendar has."""
    at = kinds.context("timeout") + kinds.layout.at("context.timerCtx", "deadline")
    addr = kinds.truth.context("timeout").addr
    for wall, ext in ((0, 0), ((1 << 64) - 1, (1 << 64) - 1), (0, 1 << 63), (1 << 63, 1 << 62),
                      (0, HUGE), ((1 << 63) + 0x3fffffff, 0)):
        kinds.core.put_u64(at, wall)
        kinds.core.put_u64(at + 8, ext)
        check(goctx_asan, kinds, about=(addr,), noted=False)
        kinds.core.restore()
