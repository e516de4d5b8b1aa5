"""Write CPU profiles for `go build -pgo` by hand: which calls are hot is then no matter of luck.

    write(path, [Call("main.f", 10, 12, "context.WithCancel")])

The format is profile.proto of github.com/google/pprof, gzipped; cmd/compile
looks at names, at the line of the call relative to its function's, and at weights.
"""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import NamedTuple, Sequence


class Call(NamedTuple):
    """A hot call."""

    caller: str
    start: int  # line of the caller's func
    line: int  # of the call
    callee: str


def varint(value: int) -> bytes:
    """A number as protobuf has it."""
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes(out + bytes([value]))


def number(field: int, value: int) -> bytes:
    """A field that is a number."""
    return varint(field << 3) + varint(value)


def block(field: int, data: bytes) -> bytes:
    """A field that is a message or a text."""
    return varint(field << 3 | 2) + varint(len(data)) + data


class Tables:
    """Texts, functions and locations, each once."""

    def __init__(self) -> None:
        self.texts: dict[str, int] = {"": 0}
        self.functions: dict[str, int] = {}
        self.body = b""
        self.locations = 0

    def text(self, text: str) -> int:
        """Number of a text."""
        return self.texts.setdefault(text, len(self.texts))

    def function(self, name: str, start: int) -> int:
        """Number of a function."""
        if name not in self.functions:
            self.functions[name] = n = len(self.functions) + 1
            data = number(1, n) + number(2, self.text(name)) + number(3, self.text(name))
            self.body += block(5, data + number(4, self.text("x.go")) + number(5, start))
        return self.functions[name]

    def location(self, name: str, start: int, line: int) -> int:
        """Number of a new location."""
        where = block(4, number(1, self.function(name, start)) + number(2, line))
        self.locations += 1
        self.body += block(4, number(1, self.locations) + where)
        return self.locations


def write(path: Path, calls: Sequence[Call]) -> None:
    """A profile in which all of these are equally hot."""
    tables = Tables()
    types = number(1, tables.text("samples")) + number(2, tables.text("count"))
    samples = b""
    for call in calls:
        leaf = tables.location(call.callee, 1, 2)
        caller = tables.location(call.caller, call.start, call.line)
        samples += block(2, number(1, leaf) + number(1, caller) + number(2, 1000000))
    texts = b"".join(block(6, text.encode()) for text in tables.texts)
    path.write_bytes(gzip.compress(block(1, types) + samples + tables.body + texts))
