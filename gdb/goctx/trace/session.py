"""One trace: breakpoints set, the program running, breakpoints gone again."""

from __future__ import annotations

import time
from typing import Sequence

import gdb

from .. import ask, frames
from ..errors import GoctxError
from .event import Event
from .memory import Memory
from .probes import Probe, set_probes

__all__ = ["run"]


def run(options: Sequence[str]) -> None:
    """Trace the selected inferior until it stops for whatever reason.

    Args:
        options: for the helper, which says what is wrong with them

    Raises:
        GoctxError: there is no live Go program, or it cannot be traced
    """
    inferior = gdb.selected_inferior()
    if not inferior.pid or inferior.connection is None or inferior.connection.type == "core":
        raise GoctxError("only a live process can be traced", "start it with `run`, or `attach PID`")
    with ask.Held() as helper:
        begun = helper.fresh(["@trace", *options])
        trace = _Trace(helper)
        probes = _probes(inferior, trace)
        gdb.write(begun)
        gdb.flush()
        try:
            frames.forget()
            trace.begin()
            gdb.execute("continue")
        finally:
            for probe in probes:
                if probe.is_valid():
                    probe.delete()
            trace.end()


def _probes(inferior: gdb.Inferior, trace: _Trace) -> list[Probe]:
    try:
        memory = Memory(inferior, trace.helper)
    except (gdb.error, gdb.MemoryError) as why:
        raise GoctxError(f"the program cannot be traced: {why}",
                         "its debug information is needed: build it without -ldflags=-w") from None
    return set_probes(memory, trace.take, trace.clock)


class _Trace:
    """Hands the events on to the helper, which says what to print and when it is enough.

    A trace that never ran is ended there by the next one, or with the helper.
    """

    def __init__(self, helper: ask.Held) -> None:
        self.helper = helper
        self._start = time.monotonic_ns()

    def clock(self) -> int:
        """Nanoseconds since the program ran on."""
        return time.monotonic_ns() - self._start

    def begin(self) -> None:
        """The program is about to run."""
        self._start = time.monotonic_ns()

    def take(self, event: Event) -> bool:
        """One event; true stops the program."""
        said, enough = self.helper.again(event.request())
        if said:
            gdb.write(said)
            gdb.flush()
        return enough

    def end(self) -> None:
        """The program stands, or is gone: what it came to.

        Raises:
            GoctxError: the helper failed, now or at an event
        """
        try:
            numbers = (Probe.hits, Probe.spent_ns, Probe.lost)
            gdb.write(self.helper.again(["@traced", "--", *map(str, numbers)])[0])
        except GoctxError as why:
            raise Probe.failure or why from None
        if Probe.failure:
            raise Probe.failure
