"""The command goctx trace."""

from __future__ import annotations

import os
from typing import Iterator

import gdb

from .. import complete, expr, options
from .base import DONE, GoctxCommand

__all__ = ["TraceCommand"]


class TraceCommand(GoctxCommand):
    """Let the program run and print what happens to its contexts.

    Usage: goctx trace [OPTION]...

    Every making of a context (WithCancel, WithTimeout, WithValue, ...), its
    attachment to a parent, its removal from the parent's children map, and its
    cancellation, one line each: time, goroutine, what, context, parent, err
    and cause, and the function that called package context.  The trace ends
    when the program stops: by Ctrl-C, a breakpoint, its end.  Then contexts
    made and cancelled are counted by call site: what is still active and grows
    is a leak seen as it happens.

    Done in GDB, by breakpoints in package context: the program is stopped and
    let go at every event, which costs about half a millisecond each.  They are
    gone afterwards.  WithoutCancel is seen only where the compiler has not
    inlined it.

    {options}

    Example:
      (gdb) goctx trace --func 'app/stream' --count 20
      (gdb) goctx trace --context s.baseCtx --stop-on cancel

    See also: goctx tree, goctx leaks."""

    name = "trace"
    request = "@trace"
    gdb_class = gdb.COMMAND_RUNNING

    def _run(self, arg: str, from_tty: bool) -> int:
        from ..trace import session  # here: loading must be quick

        line = options.take_apart(options.split(arg), self.known())
        if "help" in line.names:
            gdb.execute("help goctx trace")
        else:
            session.run([*self._evaluated(line.options), *(["--", *(one.text for one in line.rest)] if line.rest else [])])
        return DONE

    def complete(self, text: str, word: str | None) -> list[str] | int:
        """Called by GDB."""
        found = complete.options_and_values(text, self.known())
        return complete.cut(found or [], text, word)

    def _evaluated(self, words: list[str]) -> Iterator[str]:
        """Options as the helper understands them: it knows nothing of expressions, and has a folder of its own."""
        rest = iter(words)
        for word in rest:
            name, equals, value = word[2:].partition("=")
            option = options.find(name, self.known())
            if option is None or not option.value:
                yield word
                continue
            given = value if equals else next(rest, None)
            if given is None:
                yield word  # which the helper says
            elif option.name == "context":
                yield f"--context={expr.context_word(given)}"
            elif option.name == "to":
                yield f"--to={os.path.abspath(os.path.expanduser(given))}"
            else:
                yield f"--{option.name}={given}"
