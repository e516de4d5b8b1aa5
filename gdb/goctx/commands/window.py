"""The command for the TUI window."""

from __future__ import annotations

import gdb

from .. import complete, window
from ..errors import GoctxError, WrongUse
from .base import DONE, Command

__all__ = ["WindowCommand"]

ACTIONS = ("fold", "refresh", "unfold")


class WindowCommand(Command):
    """Show the tree of contexts in a window of the TUI, or fold parts of it.

    Usage: goctx window
           goctx window fold|unfold [CTX]
           goctx window refresh

    Done in GDB, whose window it is; its lines are those of `goctx tree`.
    Without arguments, it is opened (`layout goctx`); `tui disable` closes it.
    It follows the program: every stop reads the tree anew.  Scroll it with the
    arrow keys and Page Up and Page Down after `focus goctx`.

    `fold` hides what hangs below CTX, an address as the tree shows it, or
    Background or TODO; without CTX all but the roots.  `unfold` shows it again.
    A click on a line does both.

    Example:
      (gdb) goctx window
      (gdb) goctx window fold 0xc000126000
      (gdb) focus goctx"""

    name = "window"

    def __init__(self) -> None:
        super().__init__("goctx window", gdb.COMMAND_TUI)

    def complete(self, text: str, word: str | None) -> list[str] | int:
        """Called by GDB."""
        if len(text.split()) + text.endswith(" ") > 1:
            return gdb.COMPLETE_NONE
        return complete.cut(ACTIONS, text, word)

    def _run(self, arg: str, from_tty: bool) -> int:
        words = arg.split()
        if not words:
            try:
                gdb.execute(f"layout {window.LAYOUT}")
            except gdb.error as why:
                raise GoctxError(f"the window cannot be opened: {why}") from None
            return DONE
        action, where = words[0], words[1:]
        if action not in ACTIONS or len(where) > (action != "refresh"):
            raise WrongUse(f"'{' '.join(words)}' is nothing that the window can do",
                             "goctx window fold, unfold [CTX], or refresh")
        if not window.shown():
            raise GoctxError("the window is not open", "`goctx window` opens it")
        if action == "refresh":
            window.refresh()
            return DONE
        for one in window.shown():
            _fold(one, action == "fold", where)
            one.render()
        return DONE


def _fold(one: window.TreeWindow, folded: bool, where: list[str]) -> None:
    if where:
        key = where[0].lower()
        if not one.outline.fold(key, folded):
            raise WrongUse(f"no line of the window is about {where[0]}")
    elif folded:
        one.outline.fold_all()
    else:
        one.outline.unfold_all()
