"""The prefix command `goctx` and its subcommands."""

from __future__ import annotations

import gdb

from ..errors import WrongUse
from .base import DONE, Command, HelperCommand
from .contexts import ChildrenCommand, ListCommand, ShowCommand, TreeCommand
from .findings import CheckCommand, LeaksCommand
from .frame import FrameCommand
from .goroutines import BlockedCommand, BtCommand, TasksCommand, WaitsCommand
from .memory import WhyCommand
from .program import HeapCommand, InfoCommand, LayoutCommand, SitesCommand
from .trace import TraceCommand
from .window import WindowCommand

__all__ = ["COMMANDS", "register"]

COMMANDS: tuple[type[HelperCommand], ...] = (
    InfoCommand,
    TreeCommand,
    ListCommand,
    ShowCommand,
    ChildrenCommand,
    TasksCommand,
    BlockedCommand,
    WaitsCommand,
    BtCommand,
    LeaksCommand,
    SitesCommand,
    WhyCommand,
    CheckCommand,
    HeapCommand,
    LayoutCommand,
)


# What GDB alone can do; the help of each says that, and why.
OTHERS: tuple[type[gdb.Command], ...] = (FrameCommand, TraceCommand, WindowCommand)


class PrefixCommand(Command):
    """Contexts and goroutines of a Go program: who waits on what, and what leaked.

    Usage: goctx COMMAND [OPTION]... [ARGUMENT]

    The program may be a core file or a live process; it is only read, never
    changed, and nothing is called in it.  All commands take --json for output
    as JSON Lines.

    First steps:
      (gdb) goctx info               what is being looked at, how much there is
      (gdb) goctx leaks              what leaked, and how sure that is
      (gdb) goctx tree               contexts, and the goroutines waiting on them
      (gdb) goctx blocked            goroutines that wait for a context to end
      (gdb) goctx waits              who waits for whom, and what hangs
      (gdb) goctx show ctx           one context, here a variable of the frame

    After each command $_goctx_status is what `goctx` on the command line would
    exit with: 0 done, 1 --fail-on met, 2 wrong use, 3 cannot be read, 4 done
    but part of the target is damaged or missing, 130 interrupted.  In scripts:
      gdb -batch ... -ex 'goctx leaks --fail-on likely' -ex 'quit $_goctx_status'

    Settings: help set goctx"""

    def __init__(self) -> None:
        super().__init__("goctx", gdb.COMMAND_DATA, gdb.COMPLETE_NONE, True)

    def _run(self, arg: str, from_tty: bool) -> int:
        words = arg.split()
        names = [command.name for command in (*COMMANDS, *OTHERS)]
        if not words or words[0] in ("help", "--help", "-h"):
            wanted = [word for word in words[1:2] if word in names]
            gdb.execute(" ".join(["help", "goctx", *wanted]))
            return DONE
        import difflib  # here: loading must be quick

        near = difflib.get_close_matches(words[0], names, 1)
        raise WrongUse(
            f"unknown command '{words[0]}'",
            f"did you mean '{near[0]}'?" if near else "`help goctx` lists the commands",
        )


def register() -> None:
    """Add the commands to GDB, or replace those of an earlier load."""
    PrefixCommand()
    for command in (*COMMANDS, *OTHERS):
        command()
