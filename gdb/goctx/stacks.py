"""Stacks of goroutines in numbers, as the helper tells them.  Knows nothing of GDB.

The format of the lines is that of dwarf-helper/src/report/stacks.c.
"""

from __future__ import annotations

from typing import Dict, NamedTuple

__all__ = ["Caller", "Stack", "parse"]


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
        ValueError: it is no such answer
    """
    stacks: list[Stack] = []
    for line in text.splitlines():
        kind, _, rest = line.partition(" ")
        if kind == "g":
            stacks.append(_stack(rest))
        elif kind == "f" and stacks:
            sp, pc, caller_sp, exact = rest.split(" ")
            caller = Caller(int(pc, 16), int(caller_sp, 16), exact == "1")
            stacks[-1].callers[int(sp, 16)] = caller
        else:
            raise ValueError(line)
    return stacks


def _stack(words: str) -> Stack:
    goid, g, tid, *where, exact, top, state = words.split(" ", 10)
    pc, sp, bp, low, high = (int(word, 16) for word in where)
    return Stack(int(goid), int(g, 16), int(tid), pc, sp, bp, low, high, exact == "1",
                 int(top, 16), state, {})
