"""Commands about the program as a whole."""

from __future__ import annotations

from .base import HelperCommand

__all__ = ["HeapCommand", "InfoCommand", "LayoutCommand", "SitesCommand"]


class InfoCommand(HelperCommand):
    """Tell what is being looked at, how it was understood, how much there is.

    Usage: goctx info [OPTION]...

    Program, build-id match, where the layouts come from, goroutines by status,
    contexts by kind and state, damage met and limits hit.

    {options}

    Example:
      (gdb) goctx info"""

    name = "info"


class HeapCommand(HelperCommand):
    """Print figures of the collector, and what lies in the heap by size.

    Usage: goctx heap [OPTION]...

    Memory in use and idle, the next goal, collections and their pauses,
    finalizers, and the objects of the heap by the size of their slots.  What
    this release of Go does not tell is left out.

    {options}

    Example:
      (gdb) goctx heap
      heap      in use 3.5 MiB, idle 4.0 MiB, of which the system has back 3.8 MiB
      objects   350 of 3.2 MiB in 95 spans, 1 arena
      gc        2 collections, 2 of them forced"""

    name = "heap"


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


class SitesCommand(HelperCommand):
    """List the calls in the code that make contexts, and what each has made.

    Usage: goctx sites [OPTION]...

    Every call of context.WithCancel and its like, AfterFunc,
    signal.NotifyContext and errgroup.WithContext, with inlining undone: the
    program's own first, those of libraries by package.  A live context counts
    for a call when that one alone is likely to have made it.

    {options}

    Example:
      (gdb) goctx sites
      live  calls       function
       103  WithCancel  stream.(*Hub).Serve  hub.go:38
         -  WithCancel  stream.NewHub        hub.go:32

    See also: goctx leaks, goctx trace."""

    name = "sites"
