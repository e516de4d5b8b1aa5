"""Screens of goctx, with everything taken out that differs from run to run.

    Normal().text(screen)

Addresses become A1, A2, … in the order of their first appearance, goroutine
numbers G1, G2, …, durations T, dates DATE, sizes SIZE, lines of files that are
not the example's own L.  Widths change with them, so runs of spaces become two
(those that draw a tree stay); misaligned() looks at columns before that.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Iterable

_DURATION = r"\d+(?:\.\d+)?(?:ns|µs|ms|s|m|h|d)(?: \d+(?:ns|µs|ms|s|m|h))?"
_NUMBER = r"\d{1,3}(?: \d{3})*"

_STATE = "(?=select|chan |sync|IO wait|syscall|sleep|runn|several|semacquire|finalizer)"

# Where a number is that of a goroutine; the group is the number.
_GOID = (
    r"\btask (\d+)",
    r"\bgoroutine (\d+)",
    r"\bgoctx bt (\d+)",
    rf"^(?:[│├└─ ]*─)? *(\d+)  +{_STATE}",  # a row of tasks or blocked
    rf"^ *{_NUMBER}  +(?:{_DURATION}  +)?(\d+)  +{_STATE}",  # of tasks --group: the first of them
    rf"^tasks +(\d+)  +{_STATE}",  # of show
)


class Normal:
    """One numbering of addresses and goroutines, for one screen or several."""

    def __init__(self, own_files: Iterable[str] = (), words: dict[str, str] | None = None) -> None:
        """own_files: whose line numbers stay.  words: text to replace first, longest first."""
        self._own = frozenset(own_files)
        self._words = words or {}
        self._addrs: dict[str, str] = {}
        self._goids: dict[str, str] = {}

    def text(self, screen: str) -> str:
        """The screen without what differs from run to run."""
        for word in sorted(self._words, key=len, reverse=True):
            screen = screen.replace(word, self._words[word])
        # Where a chain of parents is broken depends on how wide the addresses are; Go 1.26 and newer put the heap anywhere.
        screen = re.sub(r"\n +→", "  →", screen)
        return "".join(self._line(line) + "\n" for line in screen.splitlines())

    def _line(self, line: str) -> str:
        line = re.sub(r"0x[0-9a-f]*…", "A…", line)  # of those that are cut more or less is left
        line = re.sub(r"0x[0-9a-f]{5,}", self._addr, line)
        line = re.sub(r"\b\d{4}-\d\d-\d\d[T ][\d:.]+(?:Z| \+00:00)", "DATE", line)
        line = re.sub(r"\b\d+(?:\.\d+)? (?:[KMGT]i)?B\b", "SIZE", line)
        line = re.sub(r"\(gcore\)|\(kernel\)", "(MAKER)", line)
        line = re.sub(r"\bgo1\.(\d+)(?:\.\d+|rc\d+)?(?![.\d])", r"go1.\1", line)
        for pattern in _GOID:
            line = re.sub(pattern, self._goid, line)
        line = re.sub(r"(?<=goroutines: )[\d, ]+\d", self._list, line)
        line = re.sub(rf"(?<![\w.]){_DURATION}(?!\w)", "T", line)
        line = re.sub(r"\b([\w-]+\.(?:go|s)):(\d+)", self._place, line)
        line = re.sub(r"\b\d+ of the runtime", "N of the runtime", line)
        line = re.sub(r"\(of the runtime: \d+\)", "(of the runtime: N)", line)
        if line.startswith("tasks ") and "(of the runtime" in line:  # of info: all of them
            line = re.sub(_NUMBER, "N", line)
        drawn = re.match(r"[│├└─ ]*(?=[│├└])[│├└─ ]*|", line)
        keep = drawn.end() if drawn else 0
        return line[:keep] + re.sub(r" {2,}", "  ", line[keep:]).rstrip()

    def _addr(self, found: re.Match[str]) -> str:
        return self._addrs.setdefault(found[0], f"A{len(self._addrs) + 1}")

    def _number(self, goid: str) -> str:
        return self._goids.setdefault(goid, f"G{len(self._goids) + 1}")

    def _goid(self, found: re.Match[str]) -> str:
        start, end = found.start(1) - found.start(), found.end(1) - found.start()
        return found[0][:start] + self._number(found[1]) + found[0][end:]

    def _list(self, found: re.Match[str]) -> str:
        return re.sub(r"\d+", lambda one: self._number(one[0]), found[0])

    def _place(self, found: re.Match[str]) -> str:
        return found[0] if found[1] in self._own else f"{found[1]}:L"


def own_files(folder: Path) -> set[str]:
    """Names of the Go files of a program."""
    return {path.name for path in folder.rglob("*.go")}


def misaligned(screen: str, heads: Iterable[str]) -> list[str]:
    """Rows of a table in which a column that starts under its head does not.

    heads names columns that are aligned to the left.
    """
    wrong: list[str] = []
    starts: list[int] = []
    for line in screen.splitlines():
        at = [line.find(f"  {head}") + 2 for head in heads if f"  {head}" in line]
        if len(at) == len(list(heads)):
            starts = at
        elif starts and "  " in line.strip() and not line.startswith(("…", "goctx")):
            if any(line[start - 2:start].strip() for start in starts):
                wrong.append(line)
    return wrong
