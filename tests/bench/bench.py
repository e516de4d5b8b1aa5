#!/usr/bin/python3
"""Measure goctx on a large program and print one table.

    bench.py [--small | --big | --huge | --pointers] [--only NAME]... [--keep DIR] [--runs N]

Builds tests/bench/program with the newest Go in the cache, lets the kernel
write a core of it and sets every command against

    R     the time in which one thread reads the writable bytes of the core once
          from the page cache (rawpass.c),
    copy  the time in which one thread copies the populated writable pages of
          the live process once.

With --pointers the program is tests/bench/graph instead, whose heap of 1 GiB is
pointers and nothing else, and only what marks the heap is measured.

Commands are hot, whole processes with their output to /dev/null, medians of
some runs.  Private memory is anonymous and own shared memory at its peak; the
mapped core is not part of it.  The core, several GB, is removed at the end
unless --keep names a folder; one that is there already is measured again.

The exit status is 0 also when a budget is missed: the table says so.  It is 1
when something did not run or gave a wrong answer.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import sys
import tempfile
from pathlib import Path
from typing import Callable, Iterator, NoReturn, Sequence

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path[:0] = [str(HERE), str(ROOT / "tests" / "support")]

import build  # noqa: E402
import measure  # noqa: E402
import subjects  # noqa: E402
import toolchains  # noqa: E402
from table import Row, print_table, thousands  # noqa: E402

PRESETS = {
    "small": subjects.Size(20_000, 10_000, 64),
    "big": subjects.Size(200_000, 100_000, 1024),
    "huge": subjects.Size(1_000_000, 1_000_000, 1024),
    "pointers": subjects.Size(0, 0, 1024, pointers=True),
}

# Commands on the core, and how many R they may take; None: no budget.
COMMANDS: dict[str, float | None] = {
    "list --json": 2,
    "list": 2,
    "tree": 2,
    "tree --json": 2,
    "blocked": 2,
    "blocked --json": 2,
    "tasks": None,
    "tasks --group stack": 8,
    "info": None,
    "leaks": 8,
    "waits": 3,
}
LIVE_COMMAND = "list --json"
LIVE_BUDGET = 1.5  # copies
OBJECT_BUDGET = 200  # bytes of private memory per context and goroutine
LAYOUT_BUDGET = 0.15  # seconds
MARKING_BUDGET = 3.0  # seconds on a heap of pointers only
MARKING_MEMORY = 0.02  # of the heap
ON_POINTERS = ("leaks", "marking")  # what is measured with --pointers
GDB_BUDGET = 0.15  # seconds more than the command takes by itself
BUSY = 1.0  # load average from which on times cannot be trusted
DELVE_TIMEOUT = 240.0
OTHERS = ("marking", "live", "layout", "gdb", "delve")  # what else --only knows


def progress(text: str) -> None:
    """Say what is going on."""
    print(f"bench: {text}", file=sys.stderr, flush=True)


class Bench:
    """What is measured, and with what."""

    def __init__(self, options: argparse.Namespace, work: Path) -> None:
        self.options = options
        self.size: subjects.Size = options.size
        self.work = work
        # A copy, so that a build meanwhile does not change what is measured.
        self.goctx = Path(shutil.copy2(options.goctx, work / "goctx"))
        os.environ["GOCTX_HELPER"] = str(self.goctx)  # for GDB
        self.rawpass = subjects.compile_c(HERE / "rawpass.c", work / "rawpass")
        self.raw: dict[str, float] = {}
        self.load = os.getloadavg()[0]

    def wants(self, name: str) -> bool:
        """Was this asked for?"""
        if self.options.only:
            return name in self.options.only
        return not self.size.pointers or name in ON_POINTERS

    def prepare(self) -> None:
        """Get a core, and the first measure of R."""
        size = self.size
        progress(f"{size} with Go {subjects.newest_go()}: building it and taking its core")
        self.subject = subjects.get_core(size, self.work, self.options.keep)
        progress(f"core of {self.subject.core.stat().st_size / 1e9:.2f} GB")
        self.measure_raw()

    def measure_raw(self) -> None:
        """R, the best of all times that it was measured."""
        now = subjects.run_json([str(self.rawpass), str(self.subject.core)])
        now["seconds"] = min(now["seconds"], self.raw.get("seconds", now["seconds"]))
        self.raw = now

    def on_core(self, command: str) -> list[str]:
        """A command line of goctx on the core."""
        core, exe = str(self.subject.core), str(self.subject.exe)
        return [str(self.goctx), "--core", core, "--exe", exe, *command.split()]

    def command(self, name: str) -> Row:
        """Measure one command on the core."""
        line = self.on_core(name)
        memory = measure.memory(line)  # and makes it hot
        if "--json" in name:
            self._check_header(name, memory.first)
        run = measure.median(line, self.options.runs)
        objects = self.size.objects
        return Row(name, run.seconds, cpu=run.cpu, unit="R", factor=None if self.size.pointers else COMMANDS[name],
                   private_bytes=memory.peak_bytes, objects=objects,
                   private_limit=OBJECT_BUDGET * objects if objects and name != "leaks" else None,
                   remark=f"{thousands(memory.lines)} lines")

    def _check_header(self, name: str, line: bytes) -> None:
        """An answer that is quick and wrong is no answer."""
        try:
            header = json.loads(line)
            contexts, goroutines = header["contexts"], header["goroutines"]
        except (ValueError, KeyError):
            raise measure.Failed(f"{name}: begins with {line[:80]!r}, not with a header") from None
        size = self.size
        # The runtime has goroutines of its own, background and todo may count.
        if not (size.contexts <= contexts <= size.contexts + 2
                and size.goroutines < goroutines <= size.goroutines + 64):
            raise measure.Failed(f"{name}: found {contexts} contexts and {goroutines} goroutines")

    def marking(self) -> Iterator[Row]:
        """All that the roots and stacks reach, the core being open already."""
        progress("marking")
        driver = subjects.compile_c(HERE / "markbench.c", self.work / "markbench", lib=True)
        line = [str(driver), str(self.subject.core), str(self.subject.exe)]
        found = min((subjects.run_json(line) for _ in range(self.options.runs)),
                    key=lambda one: one["seconds"])
        if found["incomplete"]:
            raise measure.Failed("marking: part of the core could not be read")
        yield Row("marking alone", found["seconds"], cpu=found["cpu"], unit="R",
                  limit=MARKING_BUDGET if self.size.pointers else None,
                  private_bytes=found["memory"], private_limit=int(MARKING_MEMORY * found["object_bytes"]),
                  objects=found["objects"], remark=f"{thousands(found['objects'])} objects; may take 2 % of the heap")

    def live(self) -> Iterator[Row]:
        """How long a process is stopped, against a copy of its memory."""
        progress("live: starting the program again")
        run = build.start(self.subject.exe, self.size.arguments())
        try:
            raw = subjects.run_json([str(self.rawpass), "--pid", str(run.pid)])
            line = [str(self.goctx), "--pid", str(run.pid), *LIVE_COMMAND.split()]
            took = measure.timed(line)
            stopped = measure.stopped(run.pid, line, self.options.runs)
        finally:
            build.stop(run.proc)
        gigabytes = f"{raw['bytes'] / 1e9:.2f} GB"
        yield Row("live: stopped", stopped, unit="copy", unit_seconds=raw["seconds"],
                  factor=LIVE_BUDGET, remark=f"copy {raw['seconds']:.3f} s for {gigabytes}; "
                  f"into new memory {raw['kept_seconds']:.3f} s")
        yield Row(f"live: {LIVE_COMMAND}", took.seconds, cpu=took.cpu, remark="as a whole")

    def layout(self) -> Iterator[Row]:
        """Layouts of an executable with much debug information."""
        progress("layout: building cmd/compile, unless it is in the cache")
        exe = subjects.build_compiler()
        driver = subjects.compile_c(HERE / "layoutbench.c", self.work / "layoutbench", lib=True)
        found = subjects.run_json([str(driver), str(exe)])
        yield Row("layouts of cmd/compile", found["seconds"], limit=LAYOUT_BUDGET,
                  remark=f"{found['debug_bytes'] / 1e6:.0f} MB of debug sections; "
                  f"{found['from_dwarf']} structs from DWARF, {found['from_table']} from the table")

    def gdb(self) -> Iterator[Row]:
        """What GDB adds, its own start not counted."""
        script = ROOT / "gdb" / "goctx-gdb.py"
        if not shutil.which("gdb") or not script.exists():
            what = "gdb is not installed" if script.exists() else "gdb/goctx-gdb.py is not there"
            yield Row("gdb: goctx blocked", None, remark=f"skipped: {what}")
            return
        progress("gdb")
        start = ["gdb", "-batch", "-nx"]
        target = [str(self.subject.exe), str(self.subject.core)]
        line = [*start, "-x", str(script), "-ex", "goctx blocked", *target]
        alone = measure.median(self.on_core("blocked"), self.options.runs).seconds
        own = measure.median([*start, *target], self.options.runs).seconds
        more = measure.difference(line, [*start, *target], self.options.runs)
        yield Row("gdb: goctx blocked", more, limit=alone + GDB_BUDGET,
                  remark=f"besides {own:.3f} s that GDB takes to start; goctx alone {alone:.3f} s")

    def delve(self) -> Iterator[Row]:
        """The same question to delve, for comparison."""
        dlv = toolchains.tool_path("dlv")
        name = "dlv: goroutines -group"
        if not dlv.exists():
            yield Row(name, None, remark="skipped: delve is not in the cache")
            return
        progress("delve")
        script = self.work / "dlv.txt"
        script.write_text("goroutines -group userloc\nexit\n")
        line = [str(dlv), "core", str(self.subject.exe), str(self.subject.core),
                "--check-go-version=false", "--allow-non-terminal-interactive", "--init",
                str(script)]
        try:
            seen = measure.memory(line, DELVE_TIMEOUT)
        except measure.Failed as why:  # a peer: no failure of ours
            yield Row(name, None, remark=f"skipped: {why}")
            return
        yield Row(name, seen.seconds, unit="R", private_bytes=seen.peak_bytes,
                  objects=self.size.objects, remark=f"{thousands(seen.lines)} lines")

    def rows(self) -> Iterator[Row]:
        """Measure everything that was asked for."""
        for name in COMMANDS:
            if self.wants(name):
                progress(name)
                yield from guarded(name, lambda name=name: iter([self.command(name)]))
        parts: dict[str, Callable[[], Iterator[Row]]] = {
            "marking": self.marking, "gdb": self.gdb, "layout": self.layout, "live": self.live, "delve": self.delve}
        for name, part in parts.items():
            if self.wants(name):
                yield from guarded(name, part)
        self.measure_raw()

    def headline(self) -> str:
        """What was measured on, and the yardstick."""
        core, raw = self.subject.core.stat(), self.raw
        hints = ""
        if self.size.objects:
            hints = (f"memory   at most {OBJECT_BUDGET} bytes per context and goroutine:"
                     f" {OBJECT_BUDGET * self.size.objects / 1e6:.0f} MB\n")
        if self.size == PRESETS["small"]:
            hints += "budgets  are meant for --big and --huge; here the start counts most\n"
        if self.load > BUSY:
            hints += (f"load     {self.load:.1f} at the start: others are at work, and times"
                      f" longer than they should be\n")
        return (f"program  {self.size}, Go {self.subject.go}\n"
                f"core     {core.st_size / 1e9:.2f} GB, of which {core.st_blocks * 512 / 1e9:.2f}"
                f" GB on disk\n"
                f"R        {raw['seconds']:.3f} s for {raw['bytes'] / 1e9:.2f} writable GB"
                f" ({raw['holes'] / 1e9:.2f} of them holes),"
                f" {raw['bytes'] / raw['seconds'] / 1e9:.1f} GB/s\n" + hints)


def guarded(name: str, part: Callable[[], Iterator[Row]]) -> Iterator[Row]:
    """Rows of a part; what goes wrong in it becomes a row."""
    try:
        yield from part()
    except (measure.Failed, toolchains.Unavailable, RuntimeError, OSError) as why:
        yield Row(name, None, failed=True, remark=str(why))


def parse_args() -> argparse.Namespace:
    """The command line; size is added to what argparse gives."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    which = parser.add_mutually_exclusive_group()
    for name, size in PRESETS.items():
        which.add_argument(f"--{name}", dest="preset", action="store_const", const=name,
                           help=str(size) + (" (default)" if name == "big" else ""))
    parser.add_argument("--only", action="append", metavar="NAME",
                        help="only this one; more than once for more: "
                        + ", ".join([*COMMANDS, *OTHERS]))
    parser.add_argument("--keep", type=Path, metavar="DIR",
                        help="keep the core in DIR, or use the one that is kept there")
    parser.add_argument("--runs", type=int, default=3, metavar="N", help="default 3")
    parser.add_argument("--goctx", type=Path, default=ROOT / "build" / "goctx", metavar="FILE",
                        help="default build/goctx")
    options = parser.parse_args()
    for name in options.only or ():
        if name not in COMMANDS and name not in OTHERS:
            parser.error(f"--only {name}: it is one of {', '.join([*COMMANDS, *OTHERS])}")
    if options.runs < 1:
        parser.error("--runs: at least 1")
    if not options.goctx.exists():
        parser.error(f"{options.goctx} is not there: run make first")
    options.size = PRESETS[options.preset or "big"]
    return options


def interrupt(*_: object) -> NoReturn:
    """Let SIGTERM and SIGHUP clean up just as Ctrl-C does."""
    raise KeyboardInterrupt


def run(options: argparse.Namespace) -> Sequence[Row]:
    """Measure and print; whatever is large is gone when this returns."""
    scratch = toolchains.cache_dir() / "bench"
    scratch.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=scratch, prefix="run-") as work:
        bench = Bench(options, Path(work))
        bench.prepare()
        rows = list(bench.rows())
        print(bench.headline())
        print_table(rows, {"R": bench.raw["seconds"]})
    return rows


def main() -> int:
    """Command line; see the module's text."""
    options = parse_args()
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, interrupt)
    try:
        rows = run(options)
    except KeyboardInterrupt:
        progress("interrupted; the core is removed")
        return 130
    except (measure.Failed, toolchains.Unavailable, RuntimeError, OSError) as why:
        progress(f"failed: {why}")
        return 1
    return 1 if any(row.failed for row in rows) else 0


if __name__ == "__main__":
    sys.exit(main())
