"""Commands that look for what is wrong."""

from __future__ import annotations

from .base import HelperCommand

__all__ = ["CheckCommand"]


class CheckCommand(HelperCommand):
    """Tell whether contexts, children maps and wait queues fit together.

    Usage: goctx check [OPTION]...

    Every child's parents lead back to the map that holds it, cancelled contexts
    hold no children, err and done agree, wait queues are linked both ways.
    What was caught in the middle of a change is told from damage: rule torn,
    confidence info.

    {options}

    Example:
      (gdb) goctx check
      1  done-state   certain   1 context
         The done channel of these contexts is closed, but their err is nil.
         first      0xc0000b2000 WithCancel: err is nil, and done is closed
         next       goctx show 0xc0000b2000

    See also: goctx show, goctx children."""

    name = "check"
    own_options = ("limit", "min-confidence", "fail-on")
