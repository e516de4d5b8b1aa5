"""goctx in GDB: contexts and goroutines of Go programs.

All analysis is done by the helper, the C program `goctx`; this package takes a
command line, asks, and prints what comes:

    commands    what one types: names, help, completion
    expr        GDB expressions as arguments
    params      set goctx ..., show goctx ...
    events      what makes answers stale
    frames      goroutines' frames as GDB's own; unwind: how, stacks: where they start
    values      $goctx(ADDR) and others: typed values; types: by name
    printers    contexts by name and state in whatever GDB prints
    ask         the helper's answers as values
    mi          -goctx-COMMAND for front ends
    window      the TUI window; outline: what it shows, foldable
    bridge      the helper as a co-process of the session

Modules of bridge other than session, source and target, and options, applyline,
complete, interrupt, outline, stacks and errors, know nothing of GDB and never import it.
"""

from __future__ import annotations

__all__ = ["register", "unregister"]


def register() -> None:
    """Make commands and settings known to GDB and watch its events."""
    from . import commands, events, mi, params, printers, values, window

    params.register()
    commands.register()
    mi.register(commands.COMMANDS)
    window.register()
    values.register()
    printers.register()
    events.connect()


def unregister() -> None:
    """End all helpers and let go of GDB's events, before the package is loaded anew.

    Commands and settings stay until register() replaces them; GDB has no way
    to take them back.
    """
    from . import events, printers
    from .bridge import session

    events.disconnect()
    printers.unregister()
    session.close_all()
