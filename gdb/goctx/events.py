"""What makes the helpers' knowledge stale.  Handlers print nothing and never raise.

None is called as the program goes on (event "cont"): a Ctrl-C that comes before
GDB waits for the program is raised in whatever Python runs next, and GDB only
prints what is raised in a handler, and waits on.  Where no Python runs it is
still there when GDB looks, and the program is stopped.  What is known gets
stale all the same, when the program has stopped.  frames has a handler of its
own while a goroutine is selected.
"""

from __future__ import annotations

from typing import Any, Callable

import gdb

from . import frames, window
from .bridge import session

__all__ = ["connect", "disconnect"]


def _memory_changed(event: Any) -> None:
    session.memory_changed()
    window.stale()


def _program_runs(event: Any) -> None:
    frames.forget()


def _image_changed(event: Any) -> None:
    session.image_changed()
    window.stale()


def _inferior_gone(event: Any) -> None:
    session.close_session(event.inferior.num)


def _prompt() -> None:
    window.refresh_stale()


def _gdb_exits(event: Any) -> None:
    session.close_all()


_HANDLERS: tuple[tuple[str, Callable[..., None]], ...] = (
    ("stop", _memory_changed),
    ("stop", _program_runs),
    ("inferior_call", _program_runs),
    ("exited", _program_runs),
    ("connection_removed", _program_runs),
    ("clear_objfiles", _program_runs),
    ("memory_changed", _memory_changed),
    ("inferior_call", _memory_changed),
    ("new_objfile", _image_changed),
    ("clear_objfiles", _image_changed),
    ("exited", _inferior_gone),
    ("inferior_deleted", _inferior_gone),
    ("gdb_exiting", _gdb_exits),
    ("before_prompt", _prompt),
)


def connect() -> None:
    """Watch GDB's events; those that this GDB does not have are left out."""
    for name, handler in _HANDLERS:
        registry = getattr(gdb.events, name, None)
        if registry is not None:
            registry.connect(handler)


def disconnect() -> None:
    """Stop watching."""
    frames.forget()
    for name, handler in _HANDLERS:
        registry = getattr(gdb.events, name, None)
        if registry is not None:
            registry.disconnect(handler)
