"""Memory, registers and maps of a process through GDB, for a helper that cannot read it itself.

For remote targets (gdbserver), and for processes that the kernel lets nobody
but their tracer read.  Linux only, as all of goctx.
"""

from __future__ import annotations

import os
import re
import sys
import tempfile
import time
from typing import Callable, Iterator, Sequence

import gdb

__all__ = ["GdbSource"]

_WORD = (1 << 64) - 1
_AUXV = re.compile(r"^(\d+)\s+AT_\w+\s.*\s(0x[0-9a-f]+|\d+)$", re.MULTILINE)
_PATIENCE_SECONDS = 1.0  # before progress is shown
_PROGRESS_SECONDS = 0.2


class GdbSource:
    """Reads one stopped inferior.  Kept as long as its helper; selects nothing for longer than a call."""

    def __init__(self, inferior: gdb.Inferior) -> None:
        self._inferior = inferior
        self._progress = _Progress()

    def begin(self) -> None:
        """A command starts."""
        self._progress.begin()

    def end(self) -> None:
        """A command has ended, however it did."""
        self._progress.end()

    def memory(self, address: int, length: int) -> bytes | None:
        """Bytes of the inferior, None when any of them cannot be read."""
        try:
            data = self._inferior.read_memory(address, length)
        except gdb.MemoryError:
            return None
        self._progress.read(length)
        return bytes(data)

    def text(self, what: str, names: Sequence[str]) -> bytes | None:
        """The text that dwarf-helper/src/target/target.h describes, None when it is not to be had."""
        how: dict[str, Callable[[], str | None]] = {
            "maps": lambda: self._file(f"/proc/{self._inferior.pid}/maps"),
            "uptime": lambda: self._file("/proc/uptime"),
            "auxv": _auxv,
            "threads": lambda: self._threads(names),
        }
        text = how[what]() if what in how else None
        return text.encode("utf-8", "surrogateescape") if text else None

    def _file(self, path: str) -> str | None:
        """A file of the machine that the process runs on."""
        connection = self._inferior.connection
        if connection is not None and connection.type == "native":
            return _slurp(path)
        with tempfile.TemporaryDirectory(prefix="goctx-") as folder:
            copy = os.path.join(folder, "copy")
            try:
                gdb.execute(f"remote get {path} {copy}", to_string=True)
            except gdb.error:  # a stub without files
                return None
            return _slurp(copy)

    def _threads(self, registers: Sequence[str]) -> str:
        lines = []
        with _selection():
            for thread in self._inferior.threads():
                thread.switch()
                words = [str(thread.ptid[1])]
                try:
                    words += _registers(gdb.newest_frame(), registers)
                except gdb.error:  # it runs
                    pass
                lines.append(" ".join(words))
        return "\n".join(lines) + "\n"


def _slurp(path: str) -> str:
    with open(path, encoding="utf-8", errors="surrogateescape") as file:
        return file.read()


def _registers(frame: gdb.Frame, names: Sequence[str]) -> Iterator[str]:
    for name in names:
        try:
            # Flags and pointers are no integers to Python; every register has hexadecimal digits.
            yield str(int(frame.read_register(name).format_string(format="x"), 16) & _WORD)
        except (gdb.error, ValueError):  # old stubs lack some
            yield "-"


def _auxv() -> str | None:
    try:
        text = gdb.execute("info auxv", to_string=True)
    except gdb.error:
        return None
    return "".join(f"{found[1]} {int(found[2], 0)}\n" for found in _AUXV.finditer(text))


class _selection:
    """The user's thread and frame, restored at the end."""

    def __enter__(self) -> None:
        self._thread = gdb.selected_thread()
        self._frame = gdb.selected_frame() if self._thread else None

    def __exit__(self, *_: object) -> None:
        if self._thread and self._thread.is_valid():
            self._thread.switch()
        if self._frame and self._frame.is_valid():
            self._frame.select()


class _Progress:
    """One line on a terminal while reading takes long; nothing elsewhere."""

    def __init__(self) -> None:
        self.begin()

    def begin(self) -> None:
        self._bytes = 0
        self._start = self._next = time.monotonic() + _PATIENCE_SECONDS
        self._shown = False
        self._enabled = sys.__stderr__ is not None and os.isatty(2)

    def read(self, length: int) -> None:
        self._bytes += length
        now = time.monotonic()
        if not self._enabled or now < self._next:
            return
        self._next = now + _PROGRESS_SECONDS
        self._shown = True
        gdb.write(f"\rreading the target's memory: {self._bytes / 2**20:.1f} MiB ", gdb.STDERR)
        gdb.flush(gdb.STDERR)

    def end(self) -> None:
        if self._shown:
            gdb.write("\r" + " " * 50 + "\r", gdb.STDERR)
            gdb.flush(gdb.STDERR)
        self._shown = False
