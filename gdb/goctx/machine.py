"""The processor of the program: what GDB calls its registers, and which are which to Go.

The helper knows the rest (dwarf-helper/src/base/arch.h).  No other module
names a register or an instruction.  Needs no GDB.
"""

from __future__ import annotations

from typing import NamedTuple

from .errors import GoctxError

__all__ = ["Machine", "machine"]


class Machine(NamedTuple):
    """One processor; registers by GDB's names."""

    pc: str
    sp: str
    fp: str
    g: str  # the goroutine's runtime.g, where code of Go runs
    # Integer arguments and results of Go's functions in their order, an interface takes two:
    # src/cmd/compile/abi-internal.md
    words: tuple[str, ...]
    # Instructions, as GDB disassembles them, and those with which a prologue leaves for more stack.
    returns: tuple[str, ...]
    grows: tuple[str, ...]


_MACHINES = {
    "i386:x86-64": Machine(
        pc="rip",
        sp="rsp",
        fp="rbp",
        g="r14",
        words=("rax", "rbx", "rcx", "rdi", "rsi", "r8", "r9", "r10", "r11"),
        returns=("ret", "retq"),
        grows=("jb", "jbe", "jc", "jna"),
    ),
}


def machine(architecture: str) -> Machine:
    """That of gdb.Architecture.name().

    Raises:
        GoctxError: goctx does not know it
    """
    if architecture not in _MACHINES:
        raise GoctxError(f"programs of {architecture} cannot be read", "goctx knows " + ", ".join(_MACHINES))
    return _MACHINES[architecture]
