"""Commands that look for what is wrong, and for what leaked."""

from __future__ import annotations

from .base import HelperCommand

__all__ = ["CheckCommand", "LeaksCommand"]


class LeaksCommand(HelperCommand):
    """Tell what leaked, worst first, with evidence and what to run next.

    Usage: goctx leaks [OPTION]...

    The heap is marked as the collector does it; what that proves is certain.
      certain   proven from reachability
      likely    the whole pattern is there, with numbers, but no proof
      possible  part of the pattern; healthy programs can look like that
      info      worth knowing, nothing is wrong

    Rules, and what each asks:
    {rules}

    {options}

    With --fail-on the command fails when something is found that is at least
    so sure, and `gdb -batch` ends with status 1.

    Example:
      (gdb) goctx leaks
      (gdb) goctx leaks --min-confidence info --limit 0
      (gdb) goctx leaks --fail-on certain

    See also: goctx why, goctx show, goctx tasks."""

    name = "leaks"


class CheckCommand(HelperCommand):
    """Tell whether contexts, children maps and wait queues fit together.

    Usage: goctx check [OPTION]...

    Every child's parents lead back to the map that holds it, cancelled contexts
    hold no children, err and done agree, wait queues are linked both ways.
    What was caught in the middle of a change is no damage: rule torn,
    confidence info.

    Rules, and what each asks:
    {rules}

    {options}

    Example:
      (gdb) goctx check
      1  done-state   certain   1 context
         The done channel of these contexts is closed, but their err is nil.
         first      0xc0000b2000 WithCancel: err is nil, and done is closed
         next       goctx show 0xc0000b2000

    See also: goctx show, goctx children."""

    name = "check"
