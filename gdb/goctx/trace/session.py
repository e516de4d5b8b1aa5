"""One trace: breakpoints set, the program running, breakpoints gone again."""

from __future__ import annotations

import json
import re
import time
from typing import IO, NamedTuple

import gdb

from .. import ask, events
from ..errors import GoctxError
from .journal import Event, Journal
from .memory import Memory
from .probes import Probe, set_probes

__all__ = ["Wanted", "run"]


class Wanted(NamedTuple):
    """What to show and when to stop.

    Args:
        root: address of a context: only it and what is made on it; None: all
        func: only events whose caller's function matches
        stop_on: kind of event at which the program stops, None
        count: events after which it stops, 0: none
        file: path for JSON Lines, None: text on the screen
    """

    root: int | None = None
    func: re.Pattern[str] | None = None
    stop_on: str | None = None
    count: int = 0
    file: str | None = None


def run(wanted: Wanted) -> None:
    """Trace the selected inferior until it stops for whatever reason.

    Raises:
        GoctxError: there is no live Go program, or it cannot be traced
    """
    inferior = gdb.selected_inferior()
    if not inferior.pid or inferior.connection is None or inferior.connection.type == "core":
        raise GoctxError("only a live process can be traced", "start it with `run`, or `attach PID`")
    journal = Journal(_parents_before(), wanted.root)
    sink = _open(wanted.file)
    try:
        trace = _Trace(wanted, journal, sink)
        try:
            memory = Memory(inferior)
        except (gdb.error, gdb.MemoryError) as why:
            raise GoctxError(f"the program cannot be traced: {why}",
                             "its debug information is needed: build it without -ldflags=-w") from None
        probes = set_probes(memory, trace.take, trace.clock)
        try:
            with events.quiet_runs():
                trace.begin(len(probes))
                gdb.execute("continue")
        finally:
            for probe in probes:
                if probe.is_valid():
                    probe.delete()
            trace.end()
    finally:
        if sink:
            sink.close()


class _Trace:
    """Takes the events in, shows them and decides when it is enough."""

    def __init__(self, wanted: Wanted, journal: Journal, sink: IO[str] | None) -> None:
        self._wanted = wanted
        self._journal = journal
        self._sink = sink
        self._start = time.monotonic()
        self._shown = 0

    def clock(self) -> float:
        """Seconds since the program ran on."""
        return time.monotonic() - self._start

    def begin(self, probes: int) -> None:
        """The program is about to run."""
        where = f" to {self._wanted.file}" if self._wanted.file else ""
        gdb.write(f"tracing contexts{where} with {probes} breakpoints; Ctrl-C ends it\n")
        gdb.flush()
        self._start = time.monotonic()

    def take(self, event: Event) -> bool:
        """One event; true stops the program."""
        if not self._journal.take(event):
            return False
        wanted = self._wanted
        if wanted.func and not wanted.func.search(event.place.func):
            return False
        self._shown += 1
        if self._sink:
            self._sink.write(json.dumps(event.record(), ensure_ascii=False) + "\n")
        else:
            gdb.write(event.text() + "\n")
            gdb.flush()
        return event.what == wanted.stop_on or self._shown == wanted.count

    def end(self) -> None:
        """The program stands, or is gone."""
        for record in self._journal.records() if self._sink else ():
            self._sink.write(json.dumps(record, ensure_ascii=False) + "\n")
        for line in self._journal.summary():
            gdb.write(line + "\n")
        if Probe.hits:
            each = Probe.spent_seconds / Probe.hits * 1e6
            gdb.write(f"cost: {Probe.hits} breakpoints hit, {each:.0f} \u00b5s each to look, besides GDB's own "
                      f"stopping and going on\n")
        else:
            gdb.write("no context was made or cancelled meanwhile\n")


def _open(path: str | None) -> IO[str] | None:
    if path is None:
        return None
    try:
        return open(path, "w", encoding="utf-8")
    except OSError as why:
        raise GoctxError(f"cannot write {path}: {why.strerror}") from None


def _parents_before() -> dict[int, int | str]:
    """Parents of the contexts that are there when the trace begins."""
    parents: dict[int, int | str] = {}
    for line in ask.records(["list", "--limit", "0"]):
        if line["type"] == "context" and line["parent"] and line["addr"].startswith("0x"):
            above = line["parent"]
            parents[int(line["addr"], 16)] = int(above, 16) if above.startswith("0x") else above
    return parents
