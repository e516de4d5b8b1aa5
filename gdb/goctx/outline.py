"""The lines of a tree, which can be folded.  Knows nothing of GDB."""

from __future__ import annotations

from typing import Iterable, NamedTuple

from .errors import GoctxError

__all__ = ["Line", "Outline", "parse", "plain"]


class Line(NamedTuple):
    """One line of the tree.

    Args:
        text: as printed, colours included
        depth: of what it is about, 0 for roots
        key: what it is about, as the helper calls it: an address, background, todo; None: nothing that could be folded
        below: how many lines hang right below it
    """

    text: str
    depth: int
    key: str | None
    below: int


def parse(text: str) -> list[Line]:
    """The lines in the helper's answer to @tree (dwarf-helper/src/report/tree.c).

    Raises:
        GoctxError: it is no such answer
    """
    try:
        return [_line(*one.split("\t", 1)) for one in text.split("\n")[:-1]]
    except (TypeError, ValueError):
        raise GoctxError("the answer of the helper makes no sense") from None


def _line(marks: str, text: str) -> Line:
    depth, key, below = marks.split(" ")
    return Line(text, int(depth), None if key == "-" else key, int(below))


def plain(text: str) -> list[Line]:
    """Lines of a text that is no tree."""
    return [Line(one, 0, None, 0) for one in text.splitlines()]


class Outline:
    """The lines of a tree, some of them hidden below folded ones.

    What is folded stays so when the tree is made anew.
    """

    def __init__(self) -> None:
        self._lines: list[Line] = []
        self._folded: set[str] = set()

    def load(self, lines: Iterable[Line]) -> None:
        """Show these instead."""
        self._lines = list(lines)

    def toggle(self, number: int) -> bool:
        """Fold or unfold the n-th visible line.  False when nothing hangs below it."""
        shown = self.visible()
        if not 0 <= number < len(shown):
            return False
        line = shown[number][0]
        if line.key is None or not line.below:
            return False
        self._folded ^= {line.key}
        return True

    def fold(self, key: str, folded: bool) -> bool:
        """Fold or unfold by key.  False when no line is about it."""
        if not any(line.key == key for line in self._lines):
            return False
        (self._folded.add if folded else self._folded.discard)(key)
        return True

    def unfold_all(self) -> None:
        """Show everything."""
        self._folded.clear()

    def fold_all(self) -> None:
        """Show the roots alone."""
        self._folded = {line.key for line in self._lines if line.key and line.below}

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
