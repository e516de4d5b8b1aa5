"""A printed tree as lines that can be folded.  Knows nothing of GDB.

The helper draws a tree with prefixes of box characters; how deep a line is
shows in the width of its prefix.
"""

from __future__ import annotations

import re
from typing import NamedTuple

__all__ = ["Line", "Outline"]

_PREFIX = re.compile("[ │├└─]*")
_ADDRESS = re.compile(r"0x[0-9a-f]+|\b(?:Background|TODO)\b")
_ESCAPE = re.compile("\x1b\\[[0-9;]*m")


class Line(NamedTuple):
    """One line of the tree.

    Args:
        text: as printed, colours included
        depth: width of its prefix
        key: what it is about, the first address in it; None: nothing that can be folded
    """

    text: str
    depth: int
    key: str | None


class Outline:
    """The lines of a tree, some of them hidden below folded ones.

    What is folded stays so when the tree is printed anew.
    """

    def __init__(self) -> None:
        self._lines: list[Line] = []
        self._folded: set[str] = set()

    def load(self, text: str) -> None:
        """Take a tree as the helper prints it."""
        self._lines = [_line(one) for one in text.splitlines()]

    def toggle(self, number: int) -> bool:
        """Fold or unfold the n-th visible line.  False when nothing hangs below it."""
        shown = self.visible()
        if not 0 <= number < len(shown):
            return False
        line = shown[number][0]
        if line.key is None or not self._parent(line):
            return False
        self._folded ^= {line.key}
        return True

    def fold(self, key: str, folded: bool) -> bool:
        """Fold or unfold by address.  False when no line is about it."""
        if not any(line.key == key for line in self._lines):
            return False
        (self._folded.add if folded else self._folded.discard)(key)
        return True

    def unfold_all(self) -> None:
        """Show everything."""
        self._folded.clear()

    def fold_all(self) -> None:
        """Show the roots alone."""
        self._folded = {line.key for line in self._lines if line.key and self._parent(line)}

    def visible(self) -> list[tuple[Line, int]]:
        """The lines to show, each with how many are hidden below it."""
        shown: list[tuple[Line, int]] = []
        below: int | None = None  # depth of the folded line that hides what is deeper
        for line in self._lines:
            if below is not None and line.depth > below:
                last, hidden = shown[-1]
                shown[-1] = (last, hidden + 1)
                continue
            shown.append((line, 0))
            below = line.depth if line.key in self._folded else None
        return shown

    def _parent(self, line: Line) -> bool:
        at = next(n for n, one in enumerate(self._lines) if one is line)
        return at + 1 < len(self._lines) and self._lines[at + 1].depth > line.depth


def _line(text: str) -> Line:
    plain = _ESCAPE.sub("", text)
    found = _ADDRESS.search(plain)
    depth = _PREFIX.match(plain)
    return Line(text, depth.end() if depth else 0, found[0] if found else None)
