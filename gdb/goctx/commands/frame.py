"""The command that makes a goroutine's frames the selected ones."""

from __future__ import annotations

from typing import Sequence

import gdb

from .. import applyline, ask, complete, expr, frames, interrupt, stacks
from ..errors import GoctxError, WrongUse
from .base import DONE, GoctxCommand, printable

__all__ = ["FrameCommand"]


class FrameCommand(GoctxCommand):
    """Select a goroutine's frames, so that bt, up, down, info locals work in them.

    Usage: goctx frame GOID [COMMAND]
           goctx frame all [OPTION]... [-q] [-s] COMMAND
           goctx frame

    With GOID, its stack is the selected one until the program runs again, in
    cores too; frames are counted from 1, since 0 stays the thread's own.  With
    COMMAND, only that command runs there.  With all, it runs in each goroutine;
    what it says is preceded by the goroutine's number and state.  Without
    anything, the thread and the frame are selected that were so before.

    GOID is a number, or an expression without blanks: an integer, a runtime.g
    or a pointer to one.  Done in GDB, whose frames they are; nothing is written
    to the program's registers.

    {options}
      -q                    do not print the lines with numbers and states
      -s                    leave goroutines out where COMMAND fails

    Example:
      (gdb) goctx frame 884
      [Switching to goroutine 884 (select, 41h)]
      #1  runtime.gopark (...) at /usr/lib/go-1.27/src/runtime/proc.go:474
      (gdb) up 3
      #4  app/stream.(*Conn).pump (c=0xc0004f2000) at stream/conn.go:88
      (gdb) info locals
      (gdb) goctx frame

      (gdb) goctx frame 884 bt
      (gdb) goctx frame all --func 'Conn..pump' -s print c.name
      (gdb) goctx frame all --min-wait 1h bt 5

    See also: goctx bt, goctx tasks."""

    name = "frame"
    request = "@stacks"

    def _run(self, arg: str, from_tty: bool) -> int:
        line = applyline.parse(arg, self.known())
        if "--help" in line.options:
            gdb.execute("help goctx frame")
        elif line.who == "all":
            _in_all(line, from_tty)
        elif line.options or line.flags:
            word = [*line.options, *line.flags][0]
            raise WrongUse(f"{word} goes with `goctx frame all`")
        elif not line.who:
            _go_back()
        else:
            stack = _stack_of(expr.goroutine_word(line.who))
            if line.command:
                with frames.visiting() as show:
                    show(stack)
                    gdb.execute(line.command, from_tty)
            else:
                _stay_in(stack)
        return DONE

    def complete(self, text: str, word: str | None) -> list[str] | int:
        """Called by GDB; word is None when it only asks where words break."""
        first, blank, rest = text.lstrip().partition(" ")
        if not blank:
            return complete.cut(["all"], text, word)
        if first == "all":
            found = complete.options_and_values(rest, self.known())
            if found is not None:
                return complete.cut(found, text, word)
        return gdb.COMPLETE_COMMAND


def _ask(words: Sequence[str]) -> str:
    """What the helper says of stacks; of every frame where GDB cannot make them.

    Raises:
        GoctxError: the helper cannot tell
    """
    said = ask.text(["@stacks", *words])
    first = next((one for one in stacks.parse(said) if one.pc), None)
    if first and not gdb.find_pc_line(first.pc).symtab:
        return ask.text(["@frames", *words])
    return said


def _stack_of(goid: str) -> stacks.Stack:
    if goid == "all":
        raise WrongUse("'all' needs a command", "goctx frame all bt")
    return stacks.parse_one(_ask(["--", goid]))


def _stay_in(stack: stacks.Stack) -> None:
    frames.select(stack)
    gdb.write(f"[Switching to goroutine {stack.goid} ({stack.state})]\n")
    gdb.execute("frame")


def _go_back() -> None:
    frames.back()
    thread = gdb.selected_thread()
    gdb.write(f"[Switching back to thread {thread.num}]\n")
    gdb.execute("frame")


def _in_all(line: applyline.ApplyLine, from_tty: bool) -> None:
    """Run a command in each goroutine.

    Raises:
        GoctxError: it failed in all of them
    """
    if not line.command:
        raise WrongUse("'all' needs a command", "goctx frame all bt")
    found = stacks.parse(_ask([*line.options, "--", "all"]))
    run = _quietly if "-s" in line.flags else _aloud
    failed = 0
    with frames.visiting() as show, interrupt.watched() as check_interrupt:
        for stack in found:
            check_interrupt()
            head = "" if "-q" in line.flags else f"\ngoroutine {stack.goid} [{stack.state}]:\n"
            try:
                show(stack)
                run(head, line.command, from_tty)
            except frames.ProgramRan:
                raise
            except (GoctxError, gdb.error, gdb.MemoryError) as why:
                failed += 1
                if "-s" not in line.flags:
                    gdb.write(printable(f"{why}\n"), gdb.STDERR)
    if found and failed == len(found):
        raise GoctxError(f"'{line.command}' failed in all {len(found)} goroutines")


def _aloud(head: str, command: str, from_tty: bool) -> None:
    gdb.write(head)
    gdb.execute(command, from_tty)


def _quietly(head: str, command: str, from_tty: bool) -> None:
    said = gdb.execute(command, from_tty, True)
    gdb.write(head + said)
