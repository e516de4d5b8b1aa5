"""The command goctx trace."""

from __future__ import annotations

import os
import re

import gdb

from .. import complete, expr, options
from ..errors import WrongUse
from .base import DONE, Command

__all__ = ["TraceCommand"]

OWN = ("context", "func", "stop-on", "count", "to")


class TraceCommand(Command):
    """Let the program run and print what happens to its contexts.

    Usage: goctx trace [OPTION]...

    Every making of a context (WithCancel, WithTimeout, WithValue, ...), its
    attachment to a parent, its removal from the parent's children map, and its
    cancellation, one line each: time, goroutine, what, context, parent, err
    and cause, and the function that called package context.  The trace ends
    when the program stops: by Ctrl-C, a breakpoint, its end.  Then contexts
    made and cancelled are counted by call site: what is still active and grows
    is a leak seen as it happens.

    Works by breakpoints in package context: the program is stopped and let go
    at every event, which costs about half a millisecond each.  They are gone
    afterwards.  WithoutCancel is seen only where the compiler has not inlined it.

    {options}

    Example:
      (gdb) goctx trace --func 'app/stream' --count 20
      (gdb) goctx trace --context s.baseCtx --stop-on cancel

    See also: goctx tree, goctx leaks."""

    name = "trace"

    def __init__(self) -> None:
        super().__init__("goctx trace", gdb.COMMAND_RUNNING)

    def _run(self, arg: str, from_tty: bool) -> int:
        from ..trace import session  # here: loading must be quick

        session.run(_wanted(arg))
        return DONE

    def complete(self, text: str, word: str | None) -> list[str] | int:
        """Called by GDB."""
        found = complete.options_and_values(text, OWN)
        return complete.cut(found or [], text, word)


TraceCommand.__doc__ = options.document(TraceCommand.__doc__, OWN)


def _wanted(arg: str) -> object:
    from ..trace.journal import EVENTS
    from ..trace.session import Wanted

    line = options.take_apart(options.split(arg), OWN)
    if line.rest:
        raise WrongUse(f"goctx trace takes no argument, '{line.rest[0].text}' is one",
                         "a context is named by --context")
    given = _values(line.options)
    stop_on = given.get("stop-on")
    if stop_on is not None and stop_on not in EVENTS:
        raise WrongUse(f"--stop-on: '{stop_on}' is no event", f"one of {', '.join(EVENTS)}")
    count = given.get("count", "0")
    if not (count.isascii() and count.isdigit()):
        raise WrongUse(f"--count: '{count}' is no number")
    try:
        func = re.compile(given["func"]) if "func" in given else None
    except re.error as why:
        raise WrongUse(f"--func: {why}") from None
    root = given.get("context")
    if root is not None:
        root = expr.context_word(root)
        if not root.startswith("0x"):
            raise WrongUse("--context: an address is needed",
                             "everything hangs on background and todo: leave --context out")
    path = given.get("to")
    return Wanted(int(root, 16) if root else None, func, stop_on, int(count),
                  os.path.expanduser(path) if path else None)


def _values(words: list[str]) -> dict[str, str]:
    """Options with their values.

    Raises:
        WrongUse: unknown, or without a value
    """
    given: dict[str, str] = {}
    rest = iter(words)
    for word in rest:
        name, equals, value = word[2:].partition("=")
        option = options.find(name, OWN)
        if option is None:
            raise WrongUse(f"unknown option '{word}'", "`help goctx trace` lists the options")
        if not equals:
            value = next(rest, None)
        if value is None:
            raise WrongUse(f"--{option.name} needs a value")
        given[option.name] = value
    return given
