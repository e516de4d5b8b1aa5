"""Commands that judge: what leaked."""

from __future__ import annotations

from .base import HelperCommand

__all__ = ["LeaksCommand"]


class LeaksCommand(HelperCommand):
    """Tell what leaked, worst first, with evidence and what to run next.

    Usage: goctx leaks [OPTION]...

    The heap is marked as the collector does it; what that proves is certain.
      certain   proven from reachability
      likely    the whole pattern is there, with numbers, but no proof
      possible  part of the pattern; healthy programs can look like that
      info      worth knowing, nothing is wrong

    {options}

    With --fail-on the command fails when something is found that is at least
    so sure, and `gdb -batch` ends with status 1.

    Example:
      (gdb) goctx leaks
      (gdb) goctx leaks --min-confidence info --limit 0
      (gdb) goctx leaks --fail-on certain

    See also: goctx why, goctx show, goctx tasks."""

    name = "leaks"
    own_options = ("limit", "min-confidence", "fail-on")
