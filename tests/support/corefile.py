"""Change memory in a core file, by address.

    core = CoreFile(path)
    core.put_u64(0xc000126008, 0xdeadbeef)
    core.u64(address), core.read(address, n), core.write(address, data)
    core.restore()              # as it was before

Only the program headers of an ELF64 little-endian core are read, with struct;
it shares nothing with the code under test.  symbols() asks nm.
"""

from __future__ import annotations

import struct
import subprocess
from pathlib import Path
from typing import NamedTuple

PT_LOAD = 1
PF_W = 2


class NotInCore(Exception):
    """The core has no bytes of that address."""


class Segment(NamedTuple):
    """A PT_LOAD header."""

    addr: int
    size: int  # bytes in the file
    offset: int  # in the file
    writable: bool


class CoreFile:
    """A core file that can be written to."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = open(path, "r+b", buffering=0)
        self.segments = self._read_headers()
        self._before: list[tuple[int, bytes]] = []

    def _read_headers(self) -> list[Segment]:
        head = self._file.read(64)
        if head[:6] != b"\x7fELF\x02\x01":
            raise ValueError(f"{self.path} is no ELF64 file")
        (offset,) = struct.unpack_from("<Q", head, 32)
        size, count = struct.unpack_from("<HH", head, 54)
        self._file.seek(offset)
        table = self._file.read(size * count)
        found = []
        for at in range(0, len(table), size):
            kind, flags, start, addr, _, in_file = struct.unpack_from("<IIQQQQ", table, at)
            if kind == PT_LOAD and in_file:
                found.append(Segment(addr, in_file, start, bool(flags & PF_W)))
        return found

    def offset(self, addr: int, size: int = 8) -> int:
        """Where these bytes are in the file."""
        for one in self.segments:
            if one.addr <= addr and addr + size <= one.addr + one.size:
                return one.offset + addr - one.addr
        raise NotInCore(f"{size} bytes at 0x{addr:x} are not in {self.path}")

    def read(self, addr: int, size: int) -> bytes:
        """Bytes at an address."""
        self._file.seek(self.offset(addr, size))
        return self._file.read(size)

    def write(self, addr: int, data: bytes) -> None:
        """Change bytes at an address."""
        self._before.append((addr, self.read(addr, len(data))))
        self._put(addr, data)

    def _put(self, addr: int, data: bytes) -> None:
        self._file.seek(self.offset(addr, len(data)))
        self._file.write(data)

    def restore(self) -> None:
        """Take all changes back."""
        while self._before:
            self._put(*self._before.pop())

    def u64(self, addr: int) -> int:
        """The word at an address."""
        return int.from_bytes(self.read(addr, 8), "little")

    def put_u64(self, addr: int, value: int) -> None:
        """Change the word at an address."""
        self.write(addr, (value & (1 << 64) - 1).to_bytes(8, "little"))

    def close(self) -> None:
        """Close the file; what is written stays."""
        self._file.close()

    def __enter__(self) -> CoreFile:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def symbols(exe: Path) -> dict[str, int]:
    """Addresses of the symbols of an executable that is no PIE."""
    text = subprocess.run(["nm", exe], text=True, capture_output=True, check=True).stdout
    rows = [line.split() for line in text.splitlines()]
    return {row[2]: int(row[0], 16) for row in rows if len(row) == 3}
