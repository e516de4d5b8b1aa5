"""Damage of what the runtime itself keeps: spans, module data, tables of itabs; everything else is still answered.

No crash, no hang, no word from a sanitizer; GOCTX_SEED changes the noise.
"""

from __future__ import annotations

import random
import re

import pytest

import helper
from damage import ENDLESS, SEED, check, in_time, kinds, kinds_core  # noqa: F401
from helper import OK, PARTIAL, UNREADABLE
from victim import HUGE, PATIENCE, WILD, Victim


# -- spans ---------------------------------------------------------------------


@pytest.mark.parametrize("name, data", [
    ("npages", b"\xff" * 8), ("npages", bytes(8)), ("startAddr", b"\xff" * 8),
    ("startAddr", bytes(8)), ("elemsize", bytes(8)), ("elemsize", b"\1" + bytes(7)),
    ("elemsize", b"\xff" * 8), ("allocBits", b"\xef\xbe\xad\xde" + bytes(4)),
    ("gcmarkBits", bytes(8)), ("state", b"\xee"), ("spanclass", b"\xff"),
    ("freeindex", b"\xff\xff"),
    ("nelems", b"\xff\xff"), ("sweepgen", b"\xff" * 4)],
    ids=lambda one: one if isinstance(one, str) else one.hex()[:4])
def test_fields_of_spans(goctx_asan: helper.Goctx, kinds: Victim, name: str, data: bytes) -> None:
    """One field of some spans is garbage; what lies elsewhere is there."""
    spans, hit = kinds.some_spans(0.25)
    for span in spans:
        kinds.core.write(span + kinds.layout.at("runtime.mspan", name), data)
    answers = check(goctx_asan, kinds, lost=len(hit), added=1000, noted=False)
    assert kinds.missing(answers["list --json"]) <= hit
    told = answers["info"].text
    if re.search(r" looks? like ", told):
        assert ("nothing that could be read refers to" in told) == bool(re.search(r"(?m)^damage +\d+ note", told)), told


def test_spans_are_noise(goctx_asan: helper.Goctx, kinds: Victim) -> None:
    """Whole spans overwritten; one that claims all memory."""
    noise = random.Random(SEED)
    spans = kinds.spans()
    size = kinds.layout.sizes["runtime.mspan"]
    for span in noise.sample(spans, len(spans) // 5):
        kinds.core.write(span, noise.randbytes(size))
    check(goctx_asan, kinds, lost=len(kinds.truth.contexts), added=1000)


@pytest.mark.parametrize("count", [0, 1 << 24, HUGE, (1 << 64) - 1])
def test_number_of_spans(goctx_asan: helper.Goctx, kinds: Victim, count: int) -> None:
    """Without spans, contexts are found through stacks, variables and maps."""
    at = kinds.field("runtime.mheap_", "runtime.mheap", "allspans")
    kinds.core.put_u64(at + 8, count)
    check(goctx_asan, kinds, lost=len(kinds.truth.contexts), added=1000)


def test_allspans_leads_nowhere(goctx_asan: helper.Goctx, kinds: Victim) -> None:
    """No span at all."""
    kinds.core.put_u64(kinds.field("runtime.mheap_", "runtime.mheap", "allspans"), WILD)
    check(goctx_asan, kinds, lost=len(kinds.truth.contexts), added=1000)


# -- itabs and module data -----------------------------------------------------


@pytest.mark.parametrize("name, value", [
    ("size", HUGE), ("size", 0), ("size", 3), ("size", 1 << 63)])
def test_table_of_itabs(goctx_asan: helper.Goctx, kinds: Victim, name: str, value: int) -> None:
    """The runtime's table of interface types: its figures."""
    table = kinds.core.u64(kinds.variable("runtime.itabTable"))
    kinds.core.put_u64(table + kinds.layout.at("runtime.itabTableType", name), value)
    check(goctx_asan, kinds, lost=len(kinds.truth.contexts), added=1000, noted=False)


def test_itabs_are_noise(goctx_asan: helper.Goctx, kinds: Victim) -> None:
    """The runtime's table of interface types: its entries, and itself."""
    noise = random.Random(SEED)
    table = kinds.core.u64(kinds.variable("runtime.itabTable"))
    at = table + kinds.layout.at("runtime.itabTableType", "entries")
    for i in range(100):
        kinds.core.put_u64(at + 8 * i, noise.choice((WILD, 8, table, noise.getrandbits(48))))
    check(goctx_asan, kinds, lost=len(kinds.truth.contexts), added=1000, noted=False)
    kinds.core.put_u64(kinds.variable("runtime.itabTable"), WILD)
    check(goctx_asan, kinds, lost=len(kinds.truth.contexts), added=1000, noted=False)


@pytest.mark.parametrize("end", ["edata", "ebss"])
def test_variables_without_end(goctx: helper.Goctx, kinds: Victim, end: str) -> None:
    """The same of package variables."""
    start = kinds.field("runtime.firstmoduledata", "runtime.moduledata", end[1:])
    kinds.core.put_u64(kinds.field("runtime.firstmoduledata", "runtime.moduledata", end), kinds.core.u64(start) + ENDLESS)
    about = kinds.truth.context("timeout").addr
    assert about in in_time(goctx, kinds, about)["list --json"].contexts


@pytest.mark.parametrize("word", [0, 8, WILD, (1 << 64) - 1, "itself", "huge"])
@pytest.mark.parametrize("name", ["pclntable", "ftab", "funcnametab", "cutab", "filetab", "pctab",
                                  "minpc", "maxpc", "text", "etext", "types", "etypes", "gofunc",
                                  "rodata", "data", "edata", "bss", "ebss", "next"])
def test_module_data(goctx_asan: helper.Goctx, kinds: Victim, name: str, word: int | str) -> None:
    """Fields of runtime.firstmoduledata: pointers, and lengths of slices ("huge")."""
    if not kinds.layout.has("runtime.moduledata", name):
        pytest.skip(f"no field {name} in this release")
    at = kinds.field("runtime.firstmoduledata", "runtime.moduledata", name)
    if word == "itself":
        kinds.core.put_u64(at, kinds.variable("runtime.firstmoduledata"))
    elif word == "huge":
        kinds.core.put_u64(at + 8, HUGE)
    else:
        kinds.core.put_u64(at, int(word))
    for command in (("list", "--json"), ("tasks",), ("bt", "all")):
        answer = goctx_asan.run(kinds.target, *command, timeout=PATIENCE)
        assert answer.status in (OK, PARTIAL, UNREADABLE), answer.stderr
        assert answer.status != UNREADABLE or answer.stderr.startswith("goctx: ")
