"""Commands about contexts."""

from __future__ import annotations

from .base import HelperCommand

__all__ = ["ChildrenCommand", "ListCommand", "ShowCommand", "TreeCommand"]


class TreeCommand(HelperCommand):
    """Print the tree of contexts, with the goroutines that wait on each.

    Usage: goctx tree [OPTION]... [CTX]

    From all roots, or from CTX: an address, `background`, `todo`, or any
    expression that gives a context (a variable, a field, a pointer, $rdi).
    Siblings of equal shape are folded beyond a few.

    {options}

    Example:
      (gdb) goctx tree --depth 3
      Background
      `- WithCancel 0xc000126000   active   51840 children   1 task
      (1)        (2)            (3)      (4)              (5)
         +- WithValue 0xc00041a030   app/mw.requestID = "7f3a-11"
         +- x 51838 more like 0xc00041a030                 103671 tasks
    (1) the function that made it  (2) its address, for goctx show and others
    (3) active, canceled or expired  (4) entries of its children map
    (5) goroutines parked on its done channel

      (gdb) goctx tree ctx           from the variable ctx of the frame

    See also: goctx show, goctx children, goctx blocked."""

    name = "tree"
    argument = "context"


class ListCommand(HelperCommand):
    """List contexts, one a line.

    Usage: goctx list [OPTION]...

    All contexts, or those of some kinds and states.

    {options}

    Example, the contexts that have most children:
      (gdb) goctx list --kind cancel,timer --state active --sort children

    See also: goctx tree, goctx show."""

    name = "list"


class ShowCommand(HelperCommand):
    """Show one context in full.

    Usage: goctx show [OPTION]... CTX

    Type, parents, children, err, cause, deadline, done channel, the goroutines
    that wait on it, value, and whether its parts agree.

    CTX is an address, `background`, `todo`, or any expression that gives a
    context: an interface, a pointer to one of the types of package context, a
    struct.  Variables called background or todo need parentheses.

    {options}

    Example:
      (gdb) goctx show ctx           a variable of the selected frame
      (gdb) goctx show s.conn.ctx    a field
      (gdb) goctx show $rax          a register
      (gdb) goctx show 0xc0000b2000  an address that goctx tree has printed

    See also: goctx tree, goctx children."""

    name = "show"
    argument = "context"


class ChildrenCommand(HelperCommand):
    """Print the children map of a context, entry by entry.

    Usage: goctx children [OPTION]... CTX

    The map as it is in memory: its kind and state, the count word against the
    entries found, and each entry.  CTX is what goctx show takes.

    {options}

    Example:
      (gdb) goctx children 0xc000126000 --limit 0
      (gdb) goctx children background

    See also: goctx show, goctx tree."""

    name = "children"
    argument = "context"
