"""A core with its truth, to be spoiled at places that truth and layout name.

    one = Victim(exe, died, Layout(goctx.run(target, "layout", "--json")))
    one.core.put_u64(one.parent("cancel"), WILD)
    answers = one.ask_all(goctx, [], (OK, PARTIAL))
    one.core.restore()
"""

from __future__ import annotations

import random
import time
from pathlib import Path

import build
import helper
from corefile import CoreFile, NotInCore

PATIENCE = 180.0  # seconds for one command: more is a hang, also with sanitizers on a busy machine
WILD = 0x00DEAD00BEEF0000
HUGE = 1 << 60
EVERYTHING = (("list",), ("tree", "--values"), ("tasks", "--system"), ("blocked",), ("bt", "all"))
TEXTS = (("info",), ("tree", "--values"), ("tasks", "--tree"), ("tasks", "--group", "stack"),
         ("list", "--sort", "depth"), ("@frames", "all", "--system"))


class Layout:
    """Offsets of fields and addresses of variables, as goctx found them in the good core."""

    def __init__(self, answer: helper.Answer) -> None:
        self.offsets: dict[tuple[str, str], int] = {}
        self.sizes: dict[str, int] = {}
        self.variables: dict[str, int] = {}
        for row in answer.other:
            if row["type"] == "layout" and row["size"]:
                self.sizes[row["struct"].split(" or ")[0]] = row["size"]
            elif row["type"] == "field" and row["offset"] is not None:
                for name in row["field"].split("|"):
                    self.offsets[row["struct"].split(" or ")[0], name] = row["offset"]
            elif row["type"] == "variable" and row["addr"]:
                self.variables[row["name"]] = int(row["addr"], 16)

    def has(self, struct: str, name: str) -> bool:
        """Whether this release has the field."""
        return (struct, name) in self.offsets

    def at(self, struct: str, name: str) -> int:
        """Offset of a field."""
        return self.offsets[struct, name]


class Victim:
    """A core with its truth, ready to be spoiled."""

    def __init__(self, exe: Path, died: build.Died, layout: Layout) -> None:
        self.exe, self.truth, self.layout = exe, died.truth, layout
        self.core = CoreFile(died.core)
        self.target = helper.core_target(died.core, exe)
        self.extra: set[str] = set()  # contexts that the program has dropped and a timer keeps

    # -- finding places --

    def context(self, label: str) -> int:
        """Address of a context."""
        return int(self.truth.context(label).addr, 16)

    def parent(self, label: str) -> int:
        """Address of a cancel or timer context's parent (two words)."""
        return self.context(label) + self.layout.at("context.cancelCtx", "Context")

    def cancel_itab(self) -> int:
        """The first word of a Context that holds a *cancelCtx."""
        return self.core.u64(self.parent("cancel"))

    def set_parent(self, label: str, to: int) -> None:
        """Let a context hang under what is, or passes for, a *cancelCtx."""
        self.core.put_u64(self.parent(label), self.cancel_itab())
        self.core.put_u64(self.parent(label) + 8, to)

    def children(self, label: str) -> int:
        """Address of a context's map header."""
        return self.core.u64(self.context(label) + self.layout.at("context.cancelCtx", "children"))

    def variable(self, name: str) -> int:
        """Address of a variable of the runtime."""
        return self.layout.variables[name]

    def field(self, variable: str, struct: str, name: str) -> int:
        """Address of a field of a variable that is a struct."""
        return self.variable(variable) + self.layout.at(struct, name)

    def gs(self) -> list[int]:
        """Addresses of all runtime.g, the dead ones too."""
        array, count = (self.core.u64(self.variable("runtime.allgs") + at) for at in (0, 8))
        return [self.core.u64(array + 8 * i) for i in range(count)]

    def g(self, goid: int) -> int:
        """Address of a goroutine."""
        at = self.layout.at("runtime.g", "goid")
        return next(g for g in self.gs() if self.core.u64(g + at) == goid)

    def g_of(self, label: str) -> int:
        """Address of a goroutine by what its program calls it."""
        return self.g(self.truth.task(label).goid)

    def g_field(self, label: str, name: str) -> int:
        """Address of a field of a goroutine."""
        return self.g_of(label) + self.layout.at("runtime.g", name)

    def spans(self) -> list[int]:
        """Addresses of all mspans."""
        at = self.field("runtime.mheap_", "runtime.mheap", "allspans")
        array, count = self.core.u64(at), self.core.u64(at + 8)
        return [self.core.u64(array + 8 * i) for i in range(count)]

    def hit(self, span: int) -> set[str]:
        """Labels or addresses of the program's contexts that may be lost with a span: they lie in it, or a word in it leads to
        them, which may be all that they are known by."""
        start = self.core.u64(span + self.layout.at("runtime.mspan", "startAddr"))
        size = self.core.u64(span + self.layout.at("runtime.mspan", "npages")) * 8192
        try:
            words = set(memoryview(self.core.read(start, size)).cast("Q"))
        except NotInCore:  # a span that is not in use
            return set()
        return {one.label or one.addr for one in self.truth.contexts
                if one.addr.startswith("0x") and (start <= int(one.addr, 16) < start + size or int(one.addr, 16) in words)}

    def some_spans(self, most: float) -> tuple[list[int], set[str]]:
        """Every tenth span with which no context of the program can be lost, and of the others as many as take no more than this
        part of all contexts with them, those that take the fewest first.  Also the contexts that may be lost."""
        takers, others = [], []
        for span in self.spans():
            hit = self.hit(span)
            if hit:
                takers.append((span, hit))
            else:
                others.append(span)
        chosen, lost = others[::10], set[str]()
        for span, hit in sorted(takers, key=lambda one: len(one[1])):
            if len(lost | hit) <= most * len(self.truth.contexts):
                chosen.append(span)
                lost |= hit
        assert lost and len(chosen) > 10
        return chosen, lost

    # -- judging --

    def ask_all(self, goctx: helper.Goctx, also: list[tuple[str, ...]],
                statuses: tuple[int, ...]) -> dict[str, helper.Answer]:
        """All answers; each must come in time and with one of these statuses."""
        answers = {}
        with goctx.serve(self.target) as server:
            for command in [*((*one, "--json", "--limit", "0") for one in EVERYTHING), *TEXTS,
                            *also]:
                start = time.monotonic()
                answer = server.ask(*command, timeout=PATIENCE)
                took = time.monotonic() - start
                assert answer.status in statuses, (command, answer.status, answer.stderr)
                assert took < PATIENCE, (command, took)
                answers[" ".join(one for one in command if one not in ("--limit", "0"))] = answer
        return answers

    def missing(self, answer: helper.Answer) -> set[str]:
        """Labels or addresses of the contexts that are no longer told."""
        return {one.label or one.addr for one in self.truth.contexts
                if one.addr not in answer.contexts}

    def added(self, answer: helper.Answer) -> set[str]:
        """Contexts that the program does not know."""
        known = set(self.truth.by_addr()) | {"background", "todo"} | self.extra
        return set(answer.contexts) - known


def count_word(one: Victim) -> int:
    """Offset of the count in a map header."""
    if one.layout.has("internal/runtime/maps.Map", "used"):
        return one.layout.at("internal/runtime/maps.Map", "used")
    return one.layout.at("runtime.hmap", "count")


def table_word(one: Victim) -> int:
    """Offset of the pointer to the entries in a map header."""
    if one.layout.has("internal/runtime/maps.Map", "dirPtr"):
        return one.layout.at("internal/runtime/maps.Map", "dirPtr")
    return one.layout.at("runtime.hmap", "buckets")


def places(one: Victim) -> list[tuple[int, int]]:
    """(address, bytes) of structures that goctx reads."""
    sizes = one.layout.sizes
    found = [(int(ctx.addr, 16), 48) for ctx in one.truth.contexts if ctx.addr.startswith("0x")]
    found += [(int(ctx.done, 16), sizes["runtime.hchan"]) for ctx in one.truth.contexts if ctx.done]
    found += [(g, sizes["runtime.g"]) for g in one.gs()]
    found += [(span, sizes["runtime.mspan"]) for span in one.spans()]
    found += [(one.variable("runtime.firstmoduledata"), sizes["runtime.moduledata"]),
              (one.core.u64(one.variable("runtime.itabTable")), 4096),
              (one.variable("runtime.allgs"), 24),
              (one.field("runtime.mheap_", "runtime.mheap", "allspans"), 24)]
    for ctx in one.truth.contexts:
        if ctx.children is not None:
            header = one.core.u64(int(ctx.addr, 16)
                                  + one.layout.at("context.cancelCtx", "children"))
            found += [(header, 48), (one.core.u64(header + table_word(one)), 200)]
    for g in one.gs():
        sudog = one.core.u64(g + one.layout.at("runtime.g", "waiting"))
        sp = one.core.u64(g + one.layout.at("runtime.g", "sched.sp"))
        found += [(sudog, sizes["runtime.sudog"]), (sp, 400)] if sudog else []
    return found


def flip(one: Victim, noise: random.Random, aims: list[tuple[int, int]], count: int) -> None:
    """Change so many bytes or words."""
    for _ in range(count):
        start, size = noise.choice(aims)
        at = start + noise.randrange(size)
        try:
            if noise.random() < 0.5:
                one.core.write(at, bytes([noise.getrandbits(8)]))
            else:
                words = (0, 1, 8, WILD, HUGE, (1 << 64) - 1, noise.getrandbits(47),
                         noise.choice(aims)[0], one.core.u64(at & ~7) ^ 1 << noise.randrange(64))
                one.core.put_u64(at & ~7, noise.choice(words))
        except NotInCore:
            pass
