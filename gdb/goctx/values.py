"""Contexts and goroutines as typed values, for expressions in any language.

    $goctx(ADDR)            the context
    $goctx_parent(ADDR)     what it is made on
    $goctx_done(ADDR)       its done channel
    $goctx_children(ADDR)   the entries of its children map
    $goctx_task(GOID)       the runtime.g of a goroutine
"""

from __future__ import annotations

import textwrap
from typing import Any, NamedTuple

import gdb

from . import ask, expr, stacks, types
from .errors import GoctxError

__all__ = ["register"]

_NAMED = ("background", "todo")


class Context(NamedTuple):
    """What the helper says of a context.

    Args:
        where: address in hexadecimal, `background` or `todo`
        parent: the same of what it is made on, `-` for nothing
        done: address of the channel that Done() returns, 0 for none or none yet
        type: as Go names it: *context.cancelCtx
    """

    where: str
    parent: str
    done: int
    type: str

    @classmethod
    def named(cls, word: str) -> Context:
        """Ask for a context by its address, `background` or `todo`."""
        answer = ask.text(["@context", "--", word]).strip()
        try:
            _, where, parent, done, _, name = answer.split(" ", 5)
            return cls(where, parent, int(done, 16), name)
        except ValueError:
            raise GoctxError("the answer of the helper makes no sense") from None

    def value(self) -> gdb.Value:
        """A pointer to it."""
        name = self.type.lstrip("*")
        if self.where not in _NAMED:
            return types.pointer_to(int(self.where, 16), name)
        variable = _variable(f"context.{self.where}")  # until Go 1.20
        if variable is not None:
            return variable
        # A struct without fields: its address is that of all such.
        zero = _variable("runtime.zerobase")
        if zero is None or zero.address is None:
            raise GoctxError(f"{self.where} has no address of its own in this release of Go")
        return types.pointer_to(int(zero.address), name)


def _variable(name: str) -> gdb.Value | None:
    symbol = gdb.lookup_global_symbol(name)
    return symbol.value() if symbol is not None and symbol.is_variable else None


def _context_of(value: gdb.Value) -> Context:
    text = _string_of(value)
    return Context.named(text if text in _NAMED else expr.word_of(value, "argument"))


def _string_of(value: gdb.Value) -> str | None:
    """The text of "background": depending on the language an array or a string."""
    if value.type.strip_typedefs().code in (gdb.TYPE_CODE_ARRAY, gdb.TYPE_CODE_STRING):
        return value.string().lower()
    return None


class _Function(gdb.Function):
    """A convenience function of one argument; errors are told as commands tell them."""

    name = ""

    def __init__(self) -> None:
        super().__init__(self.name)

    def __init_subclass__(cls) -> None:
        # GDB takes the indentation from the texts of commands only.
        first, _, rest = (cls.__doc__ or "").partition("\n")
        cls.__doc__ = f"{first}\n{textwrap.dedent(rest)}"

    def invoke(self, *arguments: gdb.Value) -> Any:
        """Called by GDB."""
        if len(arguments) != 1:
            raise gdb.GdbError(f"goctx: ${self.name} takes one argument")
        try:
            return self.of(arguments[0])
        except GoctxError as why:
            raise gdb.GdbError(str(why)) from None
        except gdb.MemoryError as why:
            raise gdb.GdbError(f"goctx: {why}") from None

    def of(self, argument: gdb.Value) -> Any:
        """The result."""
        raise NotImplementedError


class ContextFunction(_Function):
    """The context at an address, or in an interface, as a pointer of its own type.

    Usage: $goctx(CTX)

    CTX is an address, an interface, a pointer or a struct, or one of the words
    "background" and "todo".

    Example:
      (gdb) print *$goctx(0xc000126000)
      (gdb) print/r $goctx(ctx)->err
      (gdb) print $goctx(s.ctx)->Context

    See also: $goctx_parent, $goctx_done, $goctx_children, $goctx_task."""

    name = "goctx"

    def of(self, argument: gdb.Value) -> Any:
        """The result."""
        return _context_of(argument).value()


class ParentFunction(_Function):
    """The context that a context is made on, as a pointer of its own type; 0: none.

    Usage: $goctx_parent(CTX)

    CTX is what $goctx takes.

    Example:
      (gdb) print *$goctx_parent($goctx_parent(ctx))"""

    name = "goctx_parent"

    def of(self, argument: gdb.Value) -> Any:
        """The result."""
        parent = _context_of(argument).parent
        if parent == "-":
            return gdb.Value(0)
        return Context.named(_word(parent)).value()


class DoneFunction(_Function):
    """The channel that Done() of a context returns; 0: it has none, or none was made yet.

    Usage: $goctx_done(CTX)

    CTX is what $goctx takes.  Contexts without a channel of their own have that
    of what they are made on.

    Example:
      (gdb) print $goctx_done(ctx)->closed"""

    name = "goctx_done"

    def of(self, argument: gdb.Value) -> Any:
        """The result."""
        done = gdb.Value(_context_of(argument).done)
        try:
            return done.cast(types.find("chan struct {}"))
        except GoctxError:
            return done.cast(types.find("runtime.hchan").pointer())


class ChildrenFunction(_Function):
    """The entries of the children map of a context, as an array of interfaces.

    Usage: $goctx_children(CTX)

    CTX is what $goctx takes.

    Example:
      (gdb) print $goctx_children(ctx)
      (gdb) print *$goctx($goctx_children(ctx)[0])"""

    name = "goctx_children"

    def of(self, argument: gdb.Value) -> Any:
        """The result."""
        import struct  # here: loading must be quick

        answer = ask.text(["@children", "--", _word(_context_of(argument).where)])
        words = [int(word, 16) for line in answer.splitlines() for word in line.split(" ")[:2]]
        array = types.find("context.canceler").array(len(words) // 2 - 1)
        return gdb.Value(struct.pack(f"<{len(words)}Q", *words), array)


def _word(where: str) -> str:
    return where if where in _NAMED else f"0x{where}"


class TaskFunction(_Function):
    """The runtime.g of a goroutine, as a pointer.

    Usage: $goctx_task(GOID)

    Example:
      (gdb) print $goctx_task(884)->waitreason
      (gdb) print *$goctx_task(1)"""

    name = "goctx_task"

    def of(self, argument: gdb.Value) -> Any:
        """The result."""
        goid = expr.goroutine_of(argument, "argument")
        stack = stacks.parse_one(ask.text(["@stacks", "--", goid]))
        return types.pointer_to(stack.g, "runtime.g")


def register() -> None:
    """Add the functions to GDB, or replace those of an earlier load."""
    for function in (ContextFunction, ParentFunction, DoneFunction, ChildrenFunction, TaskFunction):
        function()
