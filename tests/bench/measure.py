"""Measure a command: time, private memory, and how long it stops a process.

Nothing here knows of goctx.  Times are of whole processes, in seconds.
"""

from __future__ import annotations

import os
import re
import statistics
import subprocess
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Sequence

MEMORY_PERIOD = 0.005  # seconds between two looks at a command's memory
STOP_PERIOD = 0.0002  # seconds between two looks at a process's state
COMMAND_TIMEOUT = 300.0

_PRIVATE = re.compile(rb"^(?:RssAnon|RssShmem):\s+(\d+) kB$", re.M)


class Failed(Exception):
    """A command did not run to its end, or said that it could not."""


@dataclass(frozen=True)
class Memory:
    """What one run of a command took and gave."""

    seconds: float  # from its start to its end
    peak_bytes: int  # largest RssAnon + RssShmem that was seen
    lines: int  # of its output
    first: bytes  # line of its output


@dataclass(frozen=True)
class Run:
    """One run of a command."""

    seconds: float  # from its start to its end
    cpu: float  # seconds of processor, user and system


def _failure(command: Sequence[str], code: int, errors: bytes) -> Failed:
    name = Path(command[0]).name
    how = f"signal {-code}" if code < 0 else f"status {code}"
    said = errors.decode(errors="replace").strip()[-400:] or "nothing on stderr"
    return Failed(f"{name}: {how}: {said}")


def timed(command: Sequence[str], timeout: float = COMMAND_TIMEOUT) -> Run:
    """Run a command with its output to /dev/null."""
    with tempfile.TemporaryFile() as errors:
        start = time.perf_counter()
        proc = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                stderr=errors)
        late = threading.Timer(timeout, proc.kill)
        late.start()
        try:
            # Not proc.wait(timeout), which looks only now and then.
            _, status, usage = os.wait4(proc.pid, 0)
            took = time.perf_counter() - start
        except BaseException:
            proc.kill()
            proc.wait()
            raise
        finally:
            late.cancel()
        proc.returncode = os.waitstatus_to_exitcode(status)
        if took >= timeout:
            raise Failed(f"{Path(command[0]).name}: not done after {timeout:.0f} s")
        if proc.returncode:
            errors.seek(0)
            raise _failure(command, proc.returncode, errors.read())
    return Run(took, usage.ru_utime + usage.ru_stime)


def median(command: Sequence[str], runs: int) -> Run:
    """Medians of some runs."""
    done = [timed(command) for _ in range(runs)]
    return Run(statistics.median(run.seconds for run in done),
               statistics.median(run.cpu for run in done))


def memory(command: Sequence[str], timeout: float = COMMAND_TIMEOUT) -> Memory:
    """Run a command and watch its private memory, its output being counted.

    Private are anonymous pages and those of its own shared memory: pages of a
    mapped file count once they have been written to, as they are copies then.
    """
    start = time.perf_counter()
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE) as proc:
        counted: list[tuple[int, bytes]] = []
        said: list[bytes] = []
        assert proc.stdout and proc.stderr
        out, err = proc.stdout, proc.stderr
        readers = [threading.Thread(target=lambda: counted.append(_count_lines(out.fileno()))),
                   threading.Thread(target=lambda: said.append(err.read()))]
        for reader in readers:
            reader.start()
        peak = _watch_memory(proc, timeout)
        for reader in readers:
            reader.join()
    took = time.perf_counter() - start
    if proc.returncode:
        raise _failure(command, proc.returncode, said[0])
    lines, first = counted[0]
    return Memory(took, peak, lines, first)


def _watch_memory(proc: subprocess.Popen[bytes], timeout: float) -> int:
    """Bytes at the peak; returns when the command has ended."""
    peak = 0
    end = time.monotonic() + timeout
    status = os.open(f"/proc/{proc.pid}/status", os.O_RDONLY)
    try:
        while proc.poll() is None:
            text = os.pread(status, 8192, 0)
            peak = max(peak, 1024 * sum(int(kib) for kib in _PRIVATE.findall(text)))
            if time.monotonic() > end:
                proc.kill()
                raise Failed(f"process {proc.pid}: not done after {timeout:.0f} s")
            time.sleep(MEMORY_PERIOD)
    except ProcessLookupError:
        proc.wait()
    finally:
        os.close(status)
    return peak


def _count_lines(fd: int) -> tuple[int, bytes]:
    """Read to the end; the number of lines, and the first one."""
    lines = 0
    first = b""
    while chunk := os.read(fd, 1 << 20):
        if not lines:
            first += chunk.split(b"\n", 1)[0]
        lines += chunk.count(b"\n")
    return lines, first


class StopWatch(threading.Thread):
    """Adds up how long a process is stopped by a tracer, as seen from outside.

    As a context manager: within the block the state of the process's first
    thread is looked at every STOP_PERIOD seconds.  seconds is the sum of the
    stops, each from the first look that saw it to the first that no longer did.
    """

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self.seconds = 0.0
        self.stops = 0
        self._stat = os.open(f"/proc/{pid}/stat", os.O_RDONLY)
        self._end = threading.Event()

    def __enter__(self) -> StopWatch:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        self.join()
        os.close(self._stat)

    def _is_traced(self) -> bool:
        text = os.pread(self._stat, 1024, 0)
        return text[text.rindex(b")") + 2:][:1] == b"t"

    def run(self) -> None:
        since = None
        while not self._end.is_set():
            stopped = self._is_traced()
            if stopped and since is None:
                since = time.perf_counter()
                self.stops += 1
            elif not stopped and since is not None:
                self.seconds += time.perf_counter() - since
                since = None
            time.sleep(STOP_PERIOD)
        if since is not None:
            self.seconds += time.perf_counter() - since


def stopped(pid: int, command: Sequence[str], runs: int) -> float:
    """Median of the seconds that a process stands still while a command runs."""
    still = []
    for _ in range(runs):
        with StopWatch(pid) as watch:
            timed(command)
        if not watch.stops:
            raise Failed(f"{Path(command[0]).name}: process {pid} was never seen stopped")
        still.append(watch.seconds)
    return statistics.median(still)


def difference(command: Sequence[str], without: Sequence[str], runs: int) -> float:
    """Median of how many seconds more one command takes than another, run by turns."""
    return statistics.median(timed(command).seconds - timed(without).seconds for _ in range(runs))
