"""Types of the program as GDB knows them by its debug information."""

from __future__ import annotations

import gdb

from .errors import GoctxError

__all__ = ["find", "pointer_to"]


def find(name: str) -> gdb.Type:
    """A type by the name that Go gives it, with the path of its package.

    GDB 13 knows structs by typedefs, others by `struct NAME`; later ones the
    other way round.

    Raises:
        GoctxError: the debug information has none of that name
    """
    for spelled in (name, f"struct {name}"):
        try:
            return gdb.lookup_type(spelled)
        except gdb.error:
            continue
    raise GoctxError(f"the debug information has no type {name}",
                     "the program was built without it (-ldflags=-w), or the linker left it out")


def pointer_to(address: int, name: str) -> gdb.Value:
    """An address as a pointer to a type.

    Raises:
        GoctxError: the debug information has none of that name
    """
    return gdb.Value(address).cast(find(name).pointer())
