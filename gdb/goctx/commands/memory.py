"""Commands about the heap: what keeps objects alive."""

from __future__ import annotations

from .base import HelperCommand

__all__ = ["WhyCommand"]


class WhyCommand(HelperCommand):
    """Tell what keeps an object alive: shortest paths from roots to it.

    Usage: goctx why [OPTION]... ADDR

    ADDR is the address of an object in the heap, or inside of one, or any
    expression: an interface, pointer, map, channel or function gives what it
    points to, a slice or string its data, a struct its own address.

    Roots are package variables, what is live on the stacks of goroutines,
    armed timers, finalizers and cleanups.  Each path ends in another object,
    variable or goroutine that points to ADDR.  That nothing does is an answer,
    too.

    {options}

    Example:
      (gdb) goctx why ctx
      1  global app.srv  *app.Server 0xc000100000
      (1)       (2)      (3)         (4)
         -> .hub.conns["a"]  *stream.Conn 0xc0004f2000
         -> .ctx  context.Context (*context.cancelCtx) 0xc0000b2000
         (5)
    (1) kind of root  (2) what it is called  (3) type of the pointer
    (4) object that it leads to, for goctx why again
    (5) field, index, key or capture that holds the next pointer

      (gdb) goctx why 0xc0000b2000 --paths 0     all paths

    See also: goctx show, goctx blocked."""

    name = "why"
    argument = "address"
