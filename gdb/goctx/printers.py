"""How GDB prints contexts: by name, address and state instead of raw words.

    context.Background.WithCancel.WithValue(main.key) 0xc000126000 (active)

Structs of package context, and interfaces that hold a context.  `print/r` shows
the words as they are, as for all types; `set goctx printers off` and GDB's own
`disable pretty-printer global goctx` end it altogether.  What is no context
after all, or cannot be read, is printed as GDB would.
"""

from __future__ import annotations

import gdb

from . import ask, params
from .bridge import session
from .errors import GoctxError

__all__ = ["register", "unregister"]

_STRUCTS = frozenset(f"context.{name}" for name in (
    "afterFuncCtx", "backgroundCtx", "cancelCtx", "stopCtx", "timerCtx", "todoCtx", "valueCtx",
    "withoutCancelCtx"))
_REMEMBERED = 10000
_INTERFACES = frozenset(("context.Context", "context.canceler"))


class _Words:
    """Prints a value as these words."""

    def __init__(self, words: str) -> None:
        self._words = words

    def to_string(self) -> str:
        """Called by GDB."""
        return self._words


class Printers:
    """Chooses who prints a value; called by GDB for each that it prints."""

    name = "goctx"
    subprinters = None

    def __init__(self) -> None:
        self.enabled = True

    def __call__(self, value: gdb.Value) -> _Words | None:
        name = value.type.name
        if name in _STRUCTS:
            words = _struct_words
        elif name in _INTERFACES:
            words = _interface_words
        else:
            return None
        if not _wanted():
            return None
        try:
            found = words(value, name)
        except (GoctxError, gdb.error, gdb.MemoryError):
            return None
        return _Words(found) if found else None


def _wanted() -> bool:
    choice = params.printers()
    if choice != "auto":
        return choice == "on"
    connection = gdb.selected_inferior().connection
    return connection is not None and connection.type in ("core", "native")


def _struct_words(value: gdb.Value, name: str) -> str:
    return _ask(name, int(value.address)) if value.address is not None else ""


def _interface_words(value: gdb.Value, name: str) -> str:
    head, data = (int(value[field]) for field in value.type.strip_typedefs().fields())
    return _ask(f"{head:x}", data) if head else "nil"


_said: dict[str, str] = {}  # one context is an argument of many frames
_said_at: object = None


def _ask(kind: str, address: int) -> str:
    global _said_at
    now = session.moment()
    if now != _said_at or len(_said) > _REMEMBERED:
        _said.clear()
        _said_at = now
    what = f"{kind}@{address & (1 << 64) - 1:#x}"
    if what not in _said:
        _said[what] = ask.text(["@words", "--", what])
    return _said[what]


def register() -> None:
    """Let GDB ask us behind the printers of programs and of the user; ours of an earlier load go."""
    unregister()
    gdb.pretty_printers.append(Printers())


def unregister() -> None:
    """Let GDB print as it does without us."""
    kept = [one for one in gdb.pretty_printers if getattr(one, "name", None) != Printers.name]
    gdb.pretty_printers[:] = kept
