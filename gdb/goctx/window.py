"""The TUI window `goctx`: the tree of contexts, made anew at every stop.

`layout goctx` shows it, `goctx window` moves and folds it; a click on a line
folds what hangs below it.
"""

from __future__ import annotations

import re
from typing import Any

import gdb

from . import outline, params
from .errors import GoctxError

__all__ = ["LAYOUT", "TreeWindow", "refresh", "refresh_stale", "register", "shown", "stale"]

LAYOUT = "goctx"
MIN_WIDTH = 40  # what the helper takes at least
MAX_LINES = 10000  # a window is for looking; longer trees are folded or cut by the helper
_ESCAPE = re.compile("(\x1b\\[[0-9;]*m)")

_windows: list[TreeWindow] = []


class TreeWindow:
    """One window, as GDB's TUI wants it; `tui` is GDB's side of it."""

    def __init__(self, tui: Any) -> None:
        self._tui = tui
        self._outline = outline.Outline()
        self._top = 0
        self._left = 0
        self._stale = True
        self._unsure = True
        self._seen = (0, 0)
        tui.title = "goctx"
        _windows.append(self)

    # -- called by GDB ------------------------------------------------------

    def close(self) -> None:
        """The window is gone."""
        if self in _windows:
            _windows.remove(self)

    def render(self) -> None:
        """Draw; also after the size has changed."""
        self._draw()
        # While GDB makes a layout it holds back what is written, and may forget to show it afterwards.
        self._unsure = True

    def _draw(self) -> None:
        if not self._tui.is_valid():
            return
        if self._stale or self._seen != _looked_at():
            self._load()
        height, width = self._tui.height, self._tui.width
        lines = self._outline.visible()
        self._top = max(0, min(self._top, len(lines) - height))
        rows = []
        for line, hidden in lines[self._top : self._top + height]:
            text = line.text + (f"   [+{hidden}]" if hidden else "")
            rows.append(_clip(text, self._left, width))
        # A newline behind a full row would leave an empty one.
        out = "".join(row if full else row + "\n" for row, full in rows)
        self._tui.erase()
        self._tui.write(out.rstrip("\n"))
        self._tui.title = self._title(len(lines), height)

    def vscroll(self, num: int) -> None:
        """Scroll by lines; negative is up."""
        self._top = max(0, self._top + num)
        self._draw()

    def hscroll(self, num: int) -> None:
        """Scroll by columns."""
        self._left = max(0, self._left + num)
        self._draw()

    def click(self, x: int, y: int, button: int) -> None:
        """Fold or unfold the line under the mouse."""
        if button == 1 and self._outline.toggle(self._top + y):
            self._draw()

    # -- for the command ----------------------------------------------------

    def forget(self) -> None:
        """What is shown may have changed."""
        self._stale = True

    def settle(self) -> None:
        """At the prompt: show what has changed, and what may not have come to the screen."""
        if self._stale or self._unsure or self._seen != _looked_at():
            self._draw()
            self._unsure = False

    @property
    def outline(self) -> outline.Outline:
        """What is shown."""
        return self._outline

    # -- inside -------------------------------------------------------------

    def _load(self) -> None:
        self._stale = False
        self._seen = _looked_at()
        width = max(self._tui.width, MIN_WIDTH)
        color = "never" if params.color_choice() == "off" else "always"
        words = ["@tree", "--width", str(width), "--color", color, "--limit", str(MAX_LINES)]
        if not params.folds():
            words.append("--no-fold")
        if params.values() == "redacted":
            words.append("--redact")
        try:
            self._outline.load(outline.parse(_ask(words)))
        except GoctxError as why:
            self._outline.load(outline.plain(str(why)))
        except KeyboardInterrupt:
            self._outline.load(outline.plain("interrupted; goctx window refresh reads it again"))

    def _title(self, lines: int, height: int) -> str:
        if lines <= height:
            return "goctx: contexts"
        return f"goctx: contexts, lines {self._top + 1}-{min(self._top + height, lines)} of {lines}"


def _ask(words: list[str]) -> str:
    from . import ask  # here: loading must be quick

    return ask.text(words)


def _looked_at() -> tuple[int, int]:
    """Not every end of a process, and no change of inferior, comes as an event."""
    inferior = gdb.selected_inferior()
    return inferior.num, inferior.pid


def _clip(text: str, left: int, width: int) -> tuple[str, bool]:
    """Columns [left, left + width) of a line with colours, and whether they fill the row."""
    out: list[str] = []
    at = 0
    for part in _ESCAPE.split(text):
        if part.startswith("\x1b"):
            out.append(part)
            continue
        start, end = max(0, left - at), max(0, left + width - at)
        out.append(part[start:end])
        at += len(part)
    return "".join(out), at - left >= width


def shown() -> list[TreeWindow]:
    """The windows that are on the screen."""
    return list(_windows)


def stale() -> None:
    """What is shown may have changed."""
    for one in shown():
        one.forget()


def refresh() -> None:
    """Everything that is shown is read again and drawn."""
    stale()
    refresh_stale()


def refresh_stale() -> None:
    """What has changed is read again and drawn: at the prompt, when the program stands."""
    for one in shown():
        one.settle()


def register() -> None:
    """Make the window and its layout known; nothing happens where GDB has no TUI."""
    if not hasattr(gdb, "register_window_type"):
        return
    gdb.register_window_type("goctx", TreeWindow)
    try:
        gdb.execute(f"tui new-layout {LAYOUT} goctx 2 status 0 cmd 1", to_string=True)
    except gdb.error:  # built without curses
        pass
