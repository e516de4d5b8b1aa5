"""Words, strings, interfaces and type names of a Go program, read through GDB.

abi.Type and abi.Name have had the same layout from Go 1.18 on
(src/internal/abi/type.go; runtime/type.go until 1.20), see
dwarf-helper/src/runtime/rtype.h for the whole of it.
"""

from __future__ import annotations

import struct
from typing import NamedTuple

import gdb

__all__ = ["Interface", "Memory"]

NAME_MAX = 256
TEXT_MAX = 80
MODULES_MAX = 64
_TFLAG_EXTRA_STAR = 2
_ERROR_STRING = "*errors.errorString"


class Interface(NamedTuple):
    """Both words of an interface value; a nil one has type word 0."""

    tab: int
    data: int


class Memory:
    """Reads one inferior.  Unreadable memory raises gdb.MemoryError."""

    def __init__(self, inferior: gdb.Inferior) -> None:
        self._inferior = inferior
        self._names: dict[int, str] = {}
        self._modules = self._find_modules()
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
        """Dynamic type of a non-empty interface (its first word is an itab): "*context.cancelCtx"."""
        return self.type_name(self.word(value.tab + 8)) if value.tab else "nil"

    def type_name(self, descriptor: int) -> str:
        """Name of a type as reflect prints it; "?" when it makes no sense."""
        name = self._names.get(descriptor)
        if name is None:
            try:
                name = self._read_name(descriptor)
            except gdb.MemoryError:
                name = "?"
            self._names[descriptor] = name
        return name

    def error(self, value: Interface, concrete: bool) -> str | None:
        """What an error would say, None for nil; the type where that takes running its code.

        Args:
            concrete: the first word is a type, not an itab
        """
        if not value.tab:
            return None
        name = self.type_name(value.tab) if concrete else self.type_of(value)
        if name == "context.deadlineExceededError":
            return "context deadline exceeded"
        return self._string(value.data) if name == _ERROR_STRING else name

    def key(self, value: Interface) -> str:
        """A key of WithValue (an empty interface): its type, with the text of strings."""
        if not value.tab:
            return "nil"
        name = self.type_name(value.tab)
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

    def _read_name(self, descriptor: int) -> str:
        tflag = self._inferior.read_memory(descriptor + 20, 1)[0][0]
        offset = struct.unpack("<i", bytes(self._inferior.read_memory(descriptor + 40, 4)))[0]
        for types, etypes in self._modules:
            if types <= descriptor < etypes and 0 < offset < etypes - types:
                name = self._name(types + offset)
                return name[1:] if tflag & _TFLAG_EXTRA_STAR else name
        return "?"

    def _name(self, address: int) -> str:
        """An abi.Name: a byte of flags, a varint length, the text."""
        head = bytes(self._inferior.read_memory(address, 3))
        length, skip = head[1] & 0x7F, 2
        if head[1] & 0x80:
            length, skip = length | (head[2] & 0x7F) << 7, 3
        kept = min(length, NAME_MAX)
        return bytes(self._inferior.read_memory(address + skip, kept)).decode("utf-8", "replace")

    @staticmethod
    def variable(name: str) -> int:
        """Address of a package variable, whatever the language setting is."""
        symbol = gdb.lookup_global_symbol(name) or gdb.lookup_static_symbol(name)
        if symbol is None:
            raise gdb.error(f"there is no debug information of {name}")
        return int(symbol.value().address)

    def _find_modules(self) -> list[tuple[int, int]]:
        """[types, etypes) of each module."""
        at = self.variable("runtime.firstmoduledata")
        types = _offset("runtime.moduledata", "types")
        etypes = _offset("runtime.moduledata", "etypes")
        following = _offset("runtime.moduledata", "next")
        found = []
        while at and len(found) < MODULES_MAX:
            found.append((self.word(at + types), self.word(at + etypes)))
            at = self.word(at + following)
        return found


def _offset(struct_name: str, field: str) -> int:
    for name in (struct_name, f"struct {struct_name}"):
        try:
            found = gdb.lookup_type(name).strip_typedefs()
        except gdb.error:
            continue
        return next(one.bitpos // 8 for one in found.fields() if one.name == field)
    raise gdb.error(f"there is no debug information of {struct_name}")
