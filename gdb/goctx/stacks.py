"""Stacks of goroutines in numbers, as the helper tells them.  Knows nothing of GDB.

The format of the lines is that of dwarf-helper/src/report/stacks.c.
"""

from __future__ import annotations

from typing import Dict, NamedTuple

from .errors import GoctxError

__all__ = ["Caller", "Stack", "parse", "parse_one"]


class Caller(NamedTuple):
    """Where a frame was called from.

    Args:
        pc: code address in the caller
        sp: stack pointer there
        exact: pc is the next instruction, not the return address of a call
    """

    pc: int
    sp: int
    exact: bool


class Stack(NamedTuple):
    """The stack of one goroutine.

    Args:
        goid: its number
        g: address of its runtime.g
        tid: thread that it is on, 0 for none
        pc: where it stands, 0 when that cannot be told
        sp: stack pointer there
        bp: frame pointer there, 0 when not known
        lo, hi: bounds of its stack
        exact: pc is the next instruction, not the return address of a call
        top: sp of the first frame that is not the goroutine's any more, 0 when not known
        state: for people: "chan receive, 41h"
        callers: by sp of the called frame; what debug information does not tell
    """

    goid: int
    g: int
    tid: int
    pc: int
    sp: int
    bp: int
    lo: int
    hi: int
    exact: bool
    top: int
    state: str
    callers: Dict[int, Caller]


def parse(text: str) -> list[Stack]:
    """The stacks in an answer of the helper.

    Raises:
        GoctxError: it is no such answer
    """
    stacks: list[Stack] = []
    try:
        for line in text.splitlines():
            kind, _, rest = line.partition(" ")
            if kind == "g":
                stacks.append(_stack(rest))
            else:
                _add_caller(stacks, kind, rest)
    except (IndexError, ValueError):
        raise GoctxError("the answer of the helper makes no sense") from None
    return stacks


def parse_one(text: str) -> Stack:
    """The stack in an answer about one goroutine.

    Raises:
        GoctxError: it is no such answer
    """
    found = parse(text)
    if len(found) != 1:
        raise GoctxError("the answer of the helper makes no sense")
    return found[0]


def _add_caller(stacks: list[Stack], kind: str, words: str) -> None:
    if kind != "f":
        raise ValueError(kind)
    sp, pc, caller_sp, exact = words.split(" ")
    caller = Caller(int(pc, 16), int(caller_sp, 16), exact == "1")
    stacks[-1].callers[int(sp, 16)] = caller


def _stack(words: str) -> Stack:
    goid, g, tid, *where, exact, top, state = words.split(" ", 10)
    pc, sp, bp, low, high = (int(word, 16) for word in where)
    return Stack(int(goid), int(g, 16), int(tid), pc, sp, bp, low, high, exact == "1",
                 int(top, 16), state, {})
