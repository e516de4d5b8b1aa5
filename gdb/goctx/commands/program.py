"""Commands about the program as a whole."""

from __future__ import annotations

from .base import HelperCommand

__all__ = ["InfoCommand", "LayoutCommand"]


class InfoCommand(HelperCommand):
    """Tell what is being looked at, how it was understood, how much there is.

    Usage: goctx info [OPTION]...

    Program, build-id match, where the layouts come from, goroutines by status,
    contexts by kind and state, damage met and limits hit.

    {options}

    Example:
      (gdb) goctx info"""

    name = "info"


class LayoutCommand(HelperCommand):
    """Print fields, offsets and sizes as the program has them, and their origin.

    Usage: goctx layout [OPTION]... [TYPE]

    Without TYPE, all structs that goctx reads.  With TYPE, the fields of that
    struct; where the program has DWARF, of any struct of the program.

    {options}

    Example:
      (gdb) goctx layout context.cancelCtx
      (gdb) goctx layout net/http.conn"""

    name = "layout"
    argument = "word"
