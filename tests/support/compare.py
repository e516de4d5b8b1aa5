"""What differs between a program's truth and an answer of goctx, as texts.

Each function returns a list that is empty when both agree; nothing is left
out of the comparison silently: what the truth cannot know is named here.

- A Background or TODO that the program never made but a package of the standard
  library holds somewhere is no extra context, as long as nothing hangs on it.
- Since Go 1.23 a stopped timer stays in its P's heap of timers until enough others
  are there, and keeps its context: one that the program has canceled and dropped.
- A goroutine that is "fickle" spins: neither its status nor its line is fixed.
- runtime.Stack leaves functions of the runtime out, and the middle of long stacks.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from datetime import datetime
from typing import Any, Iterable, Sequence

import build
import helper

CANCELERS = ("cancel", "timer", "after_func")
ENDED = ("canceled", "expired")  # who ends is no child of its parent any more
KEPT_TIMERS = 4  # stopped ones that may be left in the heaps of timers
CLOCK_SLACK = 5.0  # seconds by which clocks may differ; a core's own is somewhere between the program's start and its end

# Functions of goroutines that the standard library starts to watch a done channel.
WATCHERS = re.compile(r"context\.(\(\*cancelCtx\)\.)?propagateCancel\.|os/signal\.NotifyContext\.")
# What runtime.Stack does not show: the runtime's (gopanic is "panic" there), and what cgo makes, which is in no package.
_HIDDEN = re.compile(r"runtime\.(?!gopanic$)[^A-Z]|[^.]*$")
_PLAIN_NAME = re.compile(
    r"context\.(Background|TODO)(\.WithCancel|\.WithoutCancel|\.WithDeadline\([^()]*\[[^]]*\]\))*")


def _differ(out: list[str], who: str, **pairs: tuple[Any, Any]) -> None:
    """Note every pair (wanted, got) that is unequal."""
    for name, (wanted, got) in pairs.items():
        if wanted != got:
            out.append(f"{who}: {name} is {got!r}, not {wanted!r}")


def _sets(out: list[str], what: str, wanted: Iterable[Any], got: Iterable[Any],
          told: dict[Any, Any] | None = None) -> None:
    """Note what is missing and what is too much."""
    wanted, got = list(wanted), list(got)
    for one in sorted(set(wanted) - set(got), key=str):
        out.append(f"{what}: {one} is missing{f' ({told[one]})' if told and one in told else ''}")
    for one in sorted(set(got) - set(wanted), key=str):
        out.append(f"{what}: {one} is too much")
    if len(got) != len(set(got)):
        out.append(f"{what}: {len(got) - len(set(got))} are told twice")


def header(answer: helper.Answer, truth: build.Truth, target: str, *, build_id: bool | None = True,
           notes: Sequence[str] = ()) -> list[str]:
    """The first line, the exit status, and that nothing looks damaged.

    build_id is what a core's build id must say; notes are patterns of notes that must be there.
    """
    out: list[str] = []
    head = answer.header
    _differ(out, f"header of {head.command}", go=(truth.go, head.go), arch=("amd64", head.arch),
            target=(target, head.target), schema=(1, head.schema), damage=(0, head.damage),
            status=(helper.OK, answer.status), stderr=("", answer.stderr))
    if target == "core":
        _differ(out, "header", build_id_match=(build_id, head.build_id_match))
    said = [note.text for note in answer.notes]
    out += [f"no note says {wanted!r}" for wanted in notes
            if not any(re.search(wanted, text) for text in said)]
    out += [f"{note.level}: {note.text}" for note in answer.notes
            if not any(re.search(wanted, note.text) for wanted in notes)]
    return out


# Custom types of the programs whose Err does more than can be read.
OWN_ERR = ("*main.ended",)


# -- contexts ---------------------------------------------------------------


def contexts(truth: build.Truth, answer: helper.Answer, at: float) -> list[str]:
    """`list`: every context with all of its fields, and no other.

    at is after the target was looked at, in seconds since 1970.
    """
    out: list[str] = []
    told, got = truth.by_addr(), answer.contexts
    kept = _unused(answer) | _kept_by_timers(truth, answer)
    known = {addr for addr in got if addr in told or addr not in kept}
    labels = {addr: f"{one.label or one.name}, {one.kind}" for addr, one in told.items()}
    _sets(out, "contexts", told, known, labels)
    if len(answer.context_list) != len(got):
        out.append("contexts: some are told twice")
    _differ(out, "header", contexts=(len(answer.context_list), answer.header.contexts))
    shape = _Shape(truth)
    for addr, one in told.items():
        if addr in got:
            out += _context(shape, one, got[addr], got, (truth.begun, at))
    return out


def _unused(answer: helper.Answer) -> set[str]:
    return {one.addr for one in answer.context_list
            if one.addr in ("background", "todo") and one.children == 0 and one.tasks == 0}


def _kept_by_timers(truth: build.Truth, answer: helper.Answer) -> set[str]:
    """Canceled timer contexts that nobody told, and their canceled ancestors."""
    if int(truth.go.split(".")[1]) < 23:
        return set()
    told, got, kept = truth.by_addr(), answer.contexts, set()
    for one in got.values():
        if one.kind == "timer" and one.addr not in told:
            while one.addr not in told and one.state == "canceled" and one.parent in got:
                kept.add(one.addr)
                one = got[one.parent]
    return kept if len(kept) <= 2 * KEPT_TIMERS else set()


def _context(shape: _Shape, one: build.ContextTruth, got: helper.Context,
             every: dict[str, helper.Context], looked: tuple[float, float]) -> list[str]:
    out: list[str] = []
    who = f"{one.addr} ({one.label or one.name})"
    children = len(one.children or ()) if one.kind in CANCELERS else shape.made_on[one.addr]
    # What only the code of the type's own Err knows is not told: never another state than the one it says.
    untold = got.state == "unknown" and (one.state is None or one.go_type in OWN_ERR)
    if not untold:
        _differ(out, who, state=(one.state, got.state), err=(one.err, got.err))
    _differ(out, who, kind=(one.kind, got.kind), go_type=(one.go_type, got.go_type), parent=(one.parent, got.parent),
            cause=(one.cause, got.cause), done=(one.done, got.done),
            depth=(len(shape.line(one.addr)) - 1, got.depth),
            name=(shape.name(one.addr, every), got.name), children=(children, got.children))
    if not shape.watched:
        _differ(out, who, tasks=(shape.waiting[one.addr], got.tasks))
    if one.kind != "after_func" and _PLAIN_NAME.fullmatch(one.name):
        plain = re.sub(r"\.WithDeadline\([^()]*\)", ".WithTimeout", one.name)
        _differ(out, who, name=(plain, got.name))
    out += _deadline(who, one, got, looked)
    for name, text, typ in (("key", one.key, one.key_type), ("value", one.value, one.value_type)):
        shown = getattr(got, name)
        if (shown is None) != (one.kind != "value"):
            out.append(f"{who}: {name} is {shown!r}")
        elif shown is not None and not shows(shown, text or "", typ):
            out.append(f"{who}: {name} is {shown!r}, not {text!r} of {typ}")
    return out


def _deadline(who: str, one: build.ContextTruth, got: helper.Context, looked: tuple[float, float]) -> list[str]:
    out: list[str] = []
    _differ(out, who, deadline=(one.deadline, got.deadline),
            deadline_left=(one.deadline is None, got.deadline_left_ns is None))
    if one.deadline and got.deadline_left_ns is not None:
        whole = re.sub(r"\.\d+Z$", "Z", one.deadline).replace("Z", "+00:00")
        due = datetime.fromisoformat(whole).timestamp()
        least, most = due - looked[1] - CLOCK_SLACK, due - looked[0] + CLOCK_SLACK
        if not least <= got.deadline_left_ns / 1e9 <= most:
            out.append(f"{who}: {got.deadline_left_ns / 1e9} s left, not from {least} to {most}")
    return out


class _Shape:
    """What follows from all contexts and goroutines of a truth together."""

    def __init__(self, truth: build.Truth) -> None:
        self._told = truth.by_addr()
        self.made_on = Counter(one.parent for one in truth.contexts if one.state not in ENDED)
        self.waiting = Counter(addr for task in truth.tasks for addr in task.waits_ctx or ())
        self.watched = any(is_watcher(task) for task in truth.tasks)

    def line(self, addr: str) -> list[build.ContextTruth]:
        """From the root to the context itself."""
        line: list[build.ContextTruth] = []
        at: str | None = addr
        while at is not None and at in self._told and len(line) <= len(self._told):
            line.append(self._told[at])
            at = line[-1].parent
        return line[::-1]

    def name(self, addr: str, every: dict[str, helper.Context]) -> str:
        """How goctx calls a context: by how it was made, through custom types too.

        Keys are taken as goctx shows them; they are compared on their own.
        """
        return ".".join(_label(one, every.get(one.addr)) for one in self.line(addr))


def is_watcher(task: build.TaskTruth) -> bool:
    """Whether package context or os/signal started it to wait on done channels."""
    return task.waits is None and bool(WATCHERS.match(task.frames[0]["func"]))


def _label(one: build.ContextTruth, got: helper.Context | None) -> str:
    fixed = {"background": "context.Background", "todo": "context.TODO", "cancel": "WithCancel",
             "timer": "WithTimeout", "without_cancel": "WithoutCancel", "after_func": "AfterFunc",
             "stop": "AfterFunc stop"}
    if one.kind == "value":
        return f"WithValue({got.key if got else '?'})"
    if one.go_type == "*signal.signalCtx":
        return "signal.NotifyContext"
    return fixed.get(one.kind) or one.go_type.lstrip("*")


def shows(shown: str, text: str, typ: str | None) -> bool:
    """Whether goctx's text, in Go syntax, is that of the truth, as of "%+v" and "%T"."""
    if typ is None:
        return shown == "nil"
    if text.startswith("&{"):
        return re.sub(r'[",]', "", shown).replace(": ", ":") == typ + text[1:]
    if text.startswith("&"):
        inner = shown[len(typ) + 1:-1]
        return shown == f"{typ}({inner})" and text[1:] in (inner, _unquote(inner))
    if typ.startswith("*"):
        return shown == (f"{typ} nil" if text == "0x0" else f"{typ} {text}")
    if "." not in typ:
        return (_unquote(shown) if typ == "string" else shown) == text
    if text == "{}":
        return shown == typ
    if text.startswith("{"):
        return re.sub(r'[",]', "", shown).replace(": ", ":") == typ + text
    inner = shown[len(typ) + 1:-1]
    return shown == f"{typ}({inner})" and (inner == text or _unquote(inner) == text)


def _unquote(text: str) -> str | None:
    """A string literal's content; None when it is none."""
    try:
        content = json.loads(text)
    except ValueError:
        return None
    return content if isinstance(content, str) else None


# -- edges ------------------------------------------------------------------


def tree(truth: build.Truth, answer: helper.Answer) -> list[str]:
    """`tree`: each context once, under its parent, and how it hangs there."""
    out: list[str] = []
    told = truth.by_addr()
    kept = (_unused(answer) | _kept_by_timers(truth, answer)) - set(told)
    shown = [one.addr for one in answer.context_list]
    _sets(out, "tree", told, [addr for addr in shown if addr not in kept])
    if len(shown) != len(set(shown)):
        out.append("tree: some are shown twice")
    mapped = {child for one in truth.contexts for child in one.children or ()}
    wanted = {(one.parent, one.addr, _via(one, told, mapped))
              for one in truth.contexts if one.parent is not None}
    _sets(out, "edges", wanted, [(edge.parent, edge.child, edge.via) for edge in answer.edges
                                  if edge.child not in kept])
    return out


def _via(one: build.ContextTruth, told: dict[str, build.ContextTruth], mapped: set[str]) -> str:
    if one.kind not in CANCELERS:
        return "embedded"
    if one.addr in mapped:
        return "children"
    above = told.get(one.parent or "")
    if above and above.kind == "stop":
        return "afterfunc"
    # The one type of the programs whose Done is its own.
    return "watcher" if above and above.go_type == "*main.overrides" else "embedded"


def children(truth: build.Truth, server: helper.Server, most: int = 400) -> list[str]:
    """`children CTX` of every context that has a map (at most so many): its entries."""
    out: list[str] = []
    with_map = [one for one in truth.contexts if one.children is not None]
    with_map.sort(key=lambda one: -len(one.children or ()))
    for one in with_map[:most]:
        answer = server.ask("children", one.addr, "--json", "--limit", "0")
        _differ(out, f"children {one.addr}", status=(helper.OK, answer.status))
        entries = [edge for edge in answer.edges if edge.via == "children"]
        _sets(out, f"children of {one.addr} ({one.label})", one.children or (),
              [edge.child for edge in entries])
        _sets(out, f"lines of the children of {one.addr}", one.children or (), answer.contexts)
        parents = {edge.parent for edge in entries} - {one.addr}
        _differ(out, f"children {one.addr}", other_parents=(set(), parents))
    return out


# -- goroutines -------------------------------------------------------------


def tasks(truth: build.Truth, answer: helper.Answer) -> list[str]:
    """`tasks`: every goroutine that is not the runtime's, field by field."""
    out: list[str] = []
    told, got = truth.by_goid(), answer.tasks
    _sets(out, "goroutines", told, [task.goid for task in answer.task_list],
          {goid: f"{one.label}, {one.func}" for goid, one in told.items()})
    done = {one.done: one.addr for one in truth.contexts if one.done and one.state == "active"}
    for goid in sorted(set(told) & set(got)):
        out += _task(told[goid], got[goid], done)
    return out


def same_func(name: str) -> str:
    """runtime.Stack writes main.f[...] where goctx says main.f[go.shape.int]."""
    return re.sub(r"\[.*\]", "[...]", name)


def _task(one: build.TaskTruth, got: helper.Task, done: dict[str, str]) -> list[str]:
    out: list[str] = []
    who = f"goroutine {one.goid} ({one.label or one.func})"
    _differ(out, who, func=(one.func or _first(one), same_func(got.func or "")),
            system=(False, got.system),
            created_by=(one.created_by, got.created_by),
            created_file=(one.created_file, got.created_file),
            created_line=(one.created_line, got.created_line),
            parent_goid=(one.parent_goid, got.parent_goid))
    if not one.fickle:
        _differ(out, who, status=(one.status, got.status),
                wait_reason=(one.wait_reason, got.wait_reason))
        place = (one.file, one.line) if one.func else (one.frames[0]["file"], one.frames[0]["line"])
        _differ(out, who, place=(place, (got.file, got.line)))
    elif got.status not in ("running", "runnable", "preempted"):
        out.append(f"{who}: is {got.status}")
    if got.wait_ns is not None and (got.wait_ns < 0 or got.wait_ns > 600e9):
        out.append(f"{who}: waits for {got.wait_ns} ns")
    if one.waits is not None:
        wanted = [(wait["chan"], wait["op"], done.get(wait["chan"])) for wait in one.waits]
        _sets(out, f"{who}: waits", wanted,
              [(wait["chan"], wait["op"], wait["context"]) for wait in got.waits])
    if one.labels is not None and got.labels is not None:
        _differ(out, who, labels=(one.labels, got.labels))
    return out


def _first(one: build.TaskTruth) -> str:
    """Of a goroutine without code of the program: its outermost function."""
    return one.frames[0]["func"]


def blocked(truth: build.Truth, answer: helper.Answer) -> list[str]:
    """`blocked`: the goroutines parked on a done channel of a context, and no others."""
    out: list[str] = []
    wanted = [task.goid for task in truth.tasks
              if task.waits_ctx or is_watcher(task)]
    _sets(out, "blocked", wanted, [task.goid for task in answer.task_list])
    for task in answer.task_list:
        if not any(wait["context"] for wait in task.waits):
            out.append(f"blocked: goroutine {task.goid} waits on no context: {task.waits}")
    return out


def stacks(truth: build.Truth, answer: helper.Answer) -> list[str]:
    """`bt all`: every stack, function by function, as far as runtime.Stack shows it."""
    out: list[str] = []
    got: dict[int, list[helper.Frame]] = {}
    for frame in answer.frames:
        of = got.setdefault(frame.goid, [])
        if frame.index != len(of):
            out.append(f"goroutine {frame.goid}: frame {frame.index} is number {len(of)}")
        of.append(frame)
    for one in truth.tasks:
        out += _stack(one, [f for f in got.get(one.goid, ()) if not _HIDDEN.match(f.func or "")])
    return out


def _stack(one: build.TaskTruth, frames: list[helper.Frame]) -> list[str]:
    got = [(same_func(f.func or "").replace("runtime.gopanic", "panic"), f.file, f.line, f.inlined) for f in frames]
    wanted = [(f["func"], f["file"], f["line"], f["inlined"]) for f in one.frames]
    whole = len(got)
    if one.elided:
        tail = len(wanted) - one.elided_at
        got = got[:one.elided_at] + (got[-tail:] if tail else [])
    if one.fickle:  # the place in its loop differs, and C or a signal may be on top
        got, wanted = [row[:1] for row in got], [row[:1] for row in wanted]  # type: ignore[misc]
    out = []
    who = f"stack of {one.goid} ({one.label or one.func})"
    if one.elided > 0 and whole < len(wanted) + one.elided - 5:
        out.append(f"{who}: {whole} frames, not {len(wanted) + one.elided}")
    if got != wanted:
        at = next((i for i, pair in enumerate(zip(got, wanted)) if pair[0] != pair[1]),
                  min(len(got), len(wanted)))
        out.append(f"{who}: {len(got)} frames, not {len(wanted)}; first difference at {at}:"
                   f" {got[at:at + 2]}, not {wanted[at:at + 2]}")
    return out
