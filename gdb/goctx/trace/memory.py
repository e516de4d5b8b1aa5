"""Words, strings and interfaces of a Go program, read through GDB.

What type a value has is asked of the helper, once for each first word of an
interface: the program runs on between two events, but types do not change.
"""

from __future__ import annotations

import struct
from typing import NamedTuple, Sequence

import gdb

from .. import ask

__all__ = ["Interface", "Memory"]

TEXT_MAX = 80
_ERROR_STRING = "*errors.errorString"


class Interface(NamedTuple):
    """Both words of an interface value; a nil one has type word 0."""

    tab: int
    data: int


class Memory:
    """Reads one inferior.  Unreadable memory raises gdb.MemoryError."""

    def __init__(self, inferior: gdb.Inferior, helper: ask.Held) -> None:
        self._inferior = inferior
        self._helper = helper
        self._names: dict[int, str] = {}
        self.goid_offset = _offset("runtime.g", "goid")

    def words(self, address: int, count: int) -> tuple[int, ...]:
        """Consecutive 64-bit words."""
        return struct.unpack(f"<{count}Q", bytes(self._inferior.read_memory(address, 8 * count)))

    def word(self, address: int) -> int:
        """One 64-bit word."""
        return self.words(address, 1)[0]

    def interface(self, address: int) -> Interface:
        """The interface value stored there."""
        return Interface(*self.words(address, 2))

    def goid(self, g: int) -> int:
        """Number of a goroutine by its runtime.g."""
        return self.word(g + self.goid_offset)

    def type_of(self, value: Interface) -> str:
        """Dynamic type of an interface: "*context.cancelCtx", "nil"; "?" where there is none."""
        if not value.tab:
            return "nil"
        if value.tab not in self._names:
            self._names[value.tab] = ask.type_name(value.tab, self._ask) or "?"
        return self._names[value.tab]

    def _ask(self, words: Sequence[str]) -> str:
        return self._helper.again(words)[0]

    def error(self, value: Interface) -> str | None:
        """What an error would say, None for nil; the type where that takes running its code."""
        if not value.tab:
            return None
        name = self.type_of(value)
        if name == "context.deadlineExceededError":
            return "context deadline exceeded"
        return self._string(value.data) if name == _ERROR_STRING else name

    def key(self, value: Interface) -> str:
        """A key of WithValue (an empty interface): its type, with the text of strings."""
        name = self.type_of(value)
        if name == "string":
            return f'"{self._string(value.data)}"'
        return name

    def _string(self, address: int) -> str:
        data, length = self.words(address, 2)
        kept = min(length, TEXT_MAX)
        text = bytes(self._inferior.read_memory(data, kept)) if kept else b""
        shown = text.decode("utf-8", "replace")
        printable = "".join(c if c.isprintable() else "\ufffd" for c in shown)
        return printable + ("\u2026" if length > kept else "")

    @staticmethod
    def variable(name: str) -> int:
        """Address of a package variable, whatever the language setting is."""
        symbol = gdb.lookup_global_symbol(name) or gdb.lookup_static_symbol(name)
        if symbol is None:
            raise gdb.error(f"there is no debug information of {name}")
        return int(symbol.value().address)


def _offset(struct_name: str, field: str) -> int:
    for name in (struct_name, f"struct {struct_name}"):
        try:
            found = gdb.lookup_type(name).strip_typedefs()
        except gdb.error:
            continue
        return next(one.bitpos // 8 for one in found.fields() if one.name == field)
    raise gdb.error(f"there is no debug information of {struct_name}")
