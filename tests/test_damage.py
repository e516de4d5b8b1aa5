"""Damaged cores: what is broken is said, everything else is still answered.

Each test spoils a core at places that the program's truth and the layout name,
asks for everything, and takes the damage back.  Whatever it is: no crash, no
hang, no word from a sanitizer, and the contexts that were not hit are there.

GOCTX_SEED changes the random damage, GOCTX_ROUNDS how often it is tried.
"""

from __future__ import annotations

import os
import random
import re
import shutil
from pathlib import Path
from typing import Callable, Iterator

import pytest

import build
import compare
import helper
from corefile import NotInCore
from helper import OK, PARTIAL, UNREADABLE
from victim import (EVERYTHING, HUGE, PATIENCE, TEXTS, WILD, Layout, Victim, count_word, flip,
                    places, table_word)

VERSIONS = ("1.19", "1.27")  # one for each layout of maps
SEED = int(os.environ.get("GOCTX_SEED", "1"))
ROUNDS = int(os.environ.get("GOCTX_ROUNDS", "20"))
MEMORY = 256 << 20  # bytes that the helper may allocate for such a core


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


def test_undamaged_contexts(goctx_asan: helper.Goctx, kinds: Victim) -> None:
    """The core of kinds."""
    intact(goctx_asan, kinds)


def test_undamaged_tasks(goctx_asan: helper.Goctx, waiters: Victim) -> None:
    """The core of waiters."""
    intact(goctx_asan, waiters)


# -- parents -----------------------------------------------------------------


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


# -- children maps -----------------------------------------------------------


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


# -- other fields of contexts ------------------------------------------------


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


# -- goroutines --------------------------------------------------------------


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


ENDLESS = 1 << 46  # bytes: in steps of a page or of 64 KiB that is minutes, of each goroutine


def in_time(goctx: helper.Goctx, one: Victim, about: str) -> dict[str, helper.Answer]:
    """Commands that look at all memory, and at one context."""
    return one.ask_all(goctx, [("leaks", "--json"), ("check", "--json"), ("why", about, "--json"), ("show", about, "--json")],
                       (OK, PARTIAL))


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


@pytest.mark.parametrize("end", ["edata", "ebss"])
def test_variables_without_end(goctx: helper.Goctx, kinds: Victim, end: str) -> None:
    """The same of package variables."""
    start = kinds.field("runtime.firstmoduledata", "runtime.moduledata", end[1:])
    kinds.core.put_u64(kinds.field("runtime.firstmoduledata", "runtime.moduledata", end), kinds.core.u64(start) + ENDLESS)
    about = kinds.truth.context("timeout").addr
    assert about in in_time(goctx, kinds, about)["list --json"].contexts


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


# -- heap and runtime --------------------------------------------------------


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


def test_wait_reasons(goctx_asan: helper.Goctx, waiters: Victim) -> None:
    """The names of wait reasons: pointers and lengths."""
    at = waiters.variable("runtime.waitReasonStrings")
    for i in range(0, 30):
        waiters.core.put_u64(at + 16 * i, WILD if i % 2 else waiters.core.u64(at + 16 * i))
        waiters.core.put_u64(at + 16 * i + 8, 4 if i % 2 else HUGE)
    check(goctx_asan, waiters, noted=False)


# -- random damage -----------------------------------------------------------


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


# -- memory ------------------------------------------------------------------


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
