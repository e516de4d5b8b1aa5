"""The table of bench.py: one row per thing measured."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Mapping, Sequence

HEADINGS = ("command", "seconds", "cpu", "× R", "budget", "private", "B/object", "verdict", "")
LEFT = {0, 7, 8}  # columns that are not numbers


def thousands(number: int) -> str:
    """A count as people read it: 200 000."""
    return f"{number:,}".replace(",", " ")


@dataclass(frozen=True)
class Row:
    """One thing measured, and what it may take.

    The time may be limit seconds, or factor times the unit, which is R or has
    its seconds in unit_seconds; with none of them it has no budget.
    """

    name: str
    seconds: float | None  # None: not measured, remark says why
    cpu: float | None = None  # seconds of processor
    unit: str = ""
    unit_seconds: float | None = None
    factor: float | None = None
    limit: float | None = None
    private_bytes: int | None = None
    private_limit: int | None = None
    objects: int = 1  # that the private memory is shared out to
    remark: str = ""
    failed: bool = False


def _seconds_allowed(row: Row, units: Mapping[str, float]) -> float:
    """The budget in seconds; infinite when there is none."""
    if row.limit is not None:
        return row.limit
    if row.factor is None:
        return math.inf
    return row.factor * (row.unit_seconds or units[row.unit])


def verdict(row: Row, units: Mapping[str, float]) -> str:
    """ok, over, over in memory, or a dash for what has no budget or was skipped."""
    if row.failed:
        return "failed"
    if row.seconds is None:
        return "-"
    allowed = _seconds_allowed(row, units)
    if row.seconds > allowed:
        return "over"
    if None not in (row.private_bytes, row.private_limit) and row.private_bytes > row.private_limit:
        return "over (memory)"
    return "-" if allowed == math.inf and row.private_limit is None else "ok"


def _budget(row: Row) -> str:
    if row.limit is not None:
        return f"{row.limit:.3f} s"
    return "-" if row.factor is None else f"{row.factor:g} {row.unit}"


def cells(row: Row, units: Mapping[str, float]) -> list[str]:
    """The words of a row."""
    if row.seconds is None:
        return [row.name, "-", "-", "-", "-", "-", "-", verdict(row, units), row.remark]
    times = "-"
    if row.unit:
        times = f"{row.seconds / (row.unit_seconds or units[row.unit]):.2f}"
        times += "" if row.unit == "R" else f" {row.unit}"
    private = each = "-"
    if row.private_bytes is not None:
        private = f"{row.private_bytes / 1e6:.1f} MB"
        each = f"{row.private_bytes / row.objects:.0f}" if row.objects else "-"
    cpu = "-" if row.cpu is None else f"{row.cpu:.3f}"
    return [row.name, f"{row.seconds:.3f}", cpu, times, _budget(row), private, each,
            verdict(row, units), row.remark]


def print_table(rows: Sequence[Row], units: Mapping[str, float]) -> None:
    """Print rows aligned, with a line of headings."""
    lines = [list(HEADINGS), *(cells(row, units) for row in rows)]
    widths = [max(len(line[i]) for line in lines) for i in range(len(HEADINGS))]
    for line in lines:
        padded = [cell.ljust(width) if i in LEFT else cell.rjust(width)
                  for i, (cell, width) in enumerate(zip(line, widths))]
        print("  ".join(padded).rstrip())
