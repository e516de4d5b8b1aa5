"""Parts of goctx frame that know nothing of GDB: its command line, the helper's answer, Ctrl-C."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

GDB = Path(__file__).resolve().parents[2] / "gdb"
sys.path.insert(0, str(GDB))

from goctx import applyline, stacks  # noqa: E402
from goctx.errors import GoctxError  # noqa: E402

KNOWN = ("limit", "status", "wait", "func", "system", "help")


@pytest.mark.parametrize("line, who, options, flags, command", [
    ("", "", [], "", ""),
    ("  18  ", "18", [], "", ""),
    ("18 bt", "18", [], "", "bt"),
    ("18 print -pretty on -- x  y", "18", [], "", "print -pretty on -- x  y"),
    ("all -q --status waiting -s bt 5", "all", ["--status", "waiting"], "-q -s", "bt 5"),
    ("--status=waiting all bt", "all", ["--status=waiting"], "", "bt"),
    ("all --func '^main\\.' --sys bt -q", "all", ["--func", "^main\\.", "--sys"], "", "bt -q"),
    ("all --stat waiting bt", "all", ["--stat", "waiting"], "", "bt"),
    ("'runtime.allgs'.array[3] up 2 ", "'runtime.allgs'.array[3]", [], "", "up 2"),
    ("18 printf \"%d'\\n\", 1", "18", [], "", "printf \"%d'\\n\", 1"),
])
def test_line(line: str, who: str, options: list[str], flags: str, command: str) -> None:
    found = applyline.parse(line, KNOWN)
    assert found == applyline.ApplyLine(who, options, frozenset(flags.split()), command)


def test_line_with_half_a_quote() -> None:
    with pytest.raises(GoctxError, match="unbalanced quotes: 'all bt"):
        applyline.parse("'all bt", KNOWN)
    assert applyline.parse("all echo 'x", KNOWN).command == "echo 'x"


def test_stacks() -> None:
    found = stacks.parse("g 18 c000001 0 45 c0fe0 c0ff0 c0000 c1000 1 c0ff8 chan receive, 41h\n"
                         "f c0fe8 46 c0ff0 0\nf c0ff0 47 c0ff4 1\n"
                         "g 19 c000002 4711 0 0 0 0 0 0 0 running\n")
    assert [(one.goid, one.g, one.tid, one.state) for one in found] == [
        (18, 0xC000001, 0, "chan receive, 41h"), (19, 0xC000002, 4711, "running")]
    first, second = found
    assert (first.pc, first.sp, first.bp, first.lo, first.hi, first.exact, first.top) == (
        0x45, 0xC0FE0, 0xC0FF0, 0xC0000, 0xC1000, True, 0xC0FF8)
    assert first.callers == {0xC0FE8: stacks.Caller(0x46, 0xC0FF0, False),
                             0xC0FF0: stacks.Caller(0x47, 0xC0FF4, True)}
    assert second.pc == 0 and not second.exact and not second.callers
    assert stacks.parse("") == []


@pytest.mark.parametrize("text", ["f 1 2 3 0\n", "h 1\n", "g 1 2 3\n", "g x 0 0 0 0 0 0 0 0 0 idle\n",
                                  "g 1 0 0 0 0 0 0 0 0 0 idle\nf 1 2\n"])
def test_answers_that_are_none(text: str) -> None:
    with pytest.raises(GoctxError, match="makes no sense"):
        stacks.parse(text)


WATCHED = """
import signal
from goctx import interrupt

signal.signal(signal.SIGINT, lambda number, frame: None)
with interrupt.watched() as check:
    check()
    signal.raise_signal(signal.SIGINT)
    try:
        check()
    except KeyboardInterrupt:
        print("remembered")
    check()
assert signal.set_wakeup_fd(-1) == -1
"""


def test_interrupts_that_nobody_sees_are_remembered() -> None:
    """As in GDB 13, where Python's own mark of a Ctrl-C may be gone before it looks.

    In a process of its own: only a main thread may do this, and a runner may have its tests in another one.
    """
    done = subprocess.run([sys.executable, "-c", WATCHED], env={**os.environ, "PYTHONPATH": str(GDB)}, capture_output=True,
                          text=True, check=False, timeout=300)
    assert done.returncode == 0 and done.stdout == "remembered\n", done.stderr
