"""Huge figures in a core must not become huge allocations: the helper runs with bounded memory.
"""

from __future__ import annotations


import pytest

import helper
from damage import kinds, kinds_core, waiters, waiters_core  # noqa: F401
from helper import OK, PARTIAL
from victim import EVERYTHING, HUGE, PATIENCE, TEXTS, Victim, count_word

MEMORY = 256 << 20  # bytes that the helper may allocate for such a core


def inflate(goctx: helper.Goctx, one: Victim) -> None:
    """Huge figures in the core must not become huge allocations."""
    core, layout = one.core, one.layout
    core.put_u64(one.field("runtime.mheap_", "runtime.mheap", "allspans") + 8, 1 << 33)
    table = core.u64(one.variable("runtime.itabTable"))
    core.put_u64(table + layout.at("runtime.itabTableType", "size"), 1 << 40)
    core.put_u64(one.variable("runtime.allgs") + 8, 1 << 29)
    if "runtime.allglen" in layout.variables:
        core.put_u64(one.variable("runtime.allglen"), 1 << 29)
    for ctx in one.truth.contexts:
        if ctx.children is not None:
            header = core.u64(int(ctx.addr, 16) + layout.at("context.cancelCtx", "children"))
            core.put_u64(header + count_word(one), HUGE)
    for command in (*EVERYTHING, *TEXTS):
        answer = goctx.run(one.target, *command, timeout=PATIENCE, data_limit=MEMORY)
        assert answer.status in (OK, PARTIAL), (command, answer.stderr)


def test_memory_for_contexts(goctx: helper.Goctx, kinds: Victim) -> None:
    """The core of kinds."""
    inflate(goctx, kinds)


def test_memory_for_tasks(goctx: helper.Goctx, waiters: Victim) -> None:
    """The core of waiters."""
    inflate(goctx, waiters)


@pytest.mark.parametrize("pages", [1 << 20, (1 << 31) - 1, 1 << 40])
def test_memory_for_spans(goctx: helper.Goctx, kinds: Victim, pages: int) -> None:
    """Spans that claim far more memory than there is hide no others."""
    spans, hit = kinds.some_spans(0.25)
    for span in spans[::4] + spans[-1:]:
        kinds.core.put_u64(span + kinds.layout.at("runtime.mspan", "npages"), pages)
    answer = goctx.run(kinds.target, "list", "--json", timeout=PATIENCE, data_limit=MEMORY)
    assert answer.status == PARTIAL and len(answer.damage) < 20
    assert kinds.missing(answer) <= hit
