"""The unwinder that lets GDB's frames go on in a goroutine's stack.

A thread's innermost frame is claimed and said to be called from where the
goroutine stands.  From there on GDB unwinds by the program's own debug
information, so that arguments and locals work; frames whose caller that
information does not know are claimed too.  Nothing is ever written to the
program, and nothing is read of it here.
"""

from __future__ import annotations

import gdb
from gdb.unwinder import Unwinder

from .machine import machine
from .stacks import Caller, Stack

__all__ = ["GoroutineUnwinder"]

_MASK = (1 << 63) - 1  # GDB makes values of smaller numbers 8 bytes wide, and they are none of the kernel's


class _FrameId:
    """What PendingFrame.create_unwind_info() wants; gdb.unwinder.FrameId is there since GDB 14."""

    def __init__(self, sp: gdb.Value, pc: gdb.Value) -> None:
        self.sp = sp
        self.pc = pc


class GoroutineUnwinder(Unwinder):
    """Leads from a thread's frames into those of a goroutine, and ends there.

    Args:
        stack: of the goroutine
        thread: whose frames these are
        below: level of the frame that is said to be called by the goroutine;
            None: the thread runs it, its frames lead there by themselves
    """

    def __init__(self, stack: Stack, thread: gdb.InferiorThread, below: int | None) -> None:
        super().__init__("goctx")
        self._thread = thread
        self._below = below
        self._stack = stack
        self._start = Caller(stack.pc, stack.sp, stack.exact)
        architecture = gdb.selected_inferior().architecture()
        self._machine = machine(architecture.name())
        self._sp = architecture.registers().find(self._machine.sp)
        # Ids must sort below those of the goroutine's frames, or GDB takes the stack for corrupt;
        # for a frame that shall be the last one that is just what is wanted.
        self._first_id = _value(stack.sp - 8)
        self._last_id = _value(stack.sp - 16)
        self.last_level = -1  # of the frame that is none of the goroutine's any more, once GDB got there

    def __call__(self, pending: gdb.PendingFrame) -> gdb.UnwindInfo | None:
        """Called by GDB for every frame that it meets."""
        # GDB switches threads, for `info threads` and others; another program's stack may have the same addresses.
        if gdb.selected_thread() != self._thread:
            return None
        level = pending.level()
        if self._below is not None and level <= self._below:
            return self._claim(pending, self._first_id, self._start) if level == self._below else None
        sp = int(pending.read_register(self._sp))
        if sp == self._stack.top:
            self.last_level = level
            return pending.create_unwind_info(_FrameId(self._last_id, _value(0)))
        caller = self._stack.callers.get(sp)
        return self._claim(pending, _value(caller.sp), caller) if caller else None

    def _claim(self, pending: gdb.PendingFrame, ident: gdb.Value, caller: Caller) -> gdb.UnwindInfo:
        info = pending.create_unwind_info(_FrameId(ident, _value(0)))
        # GDB takes the pc of a caller for a return address and looks one byte before it.
        info.add_saved_register(self._machine.pc, _value(caller.pc + caller.exact))
        info.add_saved_register(self._machine.sp, _value(caller.sp))
        if self._stack.bp and caller is self._start:
            info.add_saved_register(self._machine.fp, _value(self._stack.bp))
        return info


def _value(number: int) -> gdb.Value:
    return gdb.Value(number & _MASK)
