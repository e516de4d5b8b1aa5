"""What makes the helpers' knowledge stale.  Handlers print nothing and never raise."""

from __future__ import annotations

import contextlib
from typing import Any, Callable, Iterator

import gdb

from . import frames, window
from .bridge import session

__all__ = ["connect", "disconnect", "quiet_runs"]


_unwatched: list[Callable[..., None]] = []  # handlers of "cont" that quiet_runs() has taken out


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
    _watch_runs()
    window.refresh_stale()


def _gdb_exits(event: Any) -> None:
    session.close_all()


_HANDLERS: tuple[tuple[str, Callable[..., None]], ...] = (
    ("stop", _memory_changed),
    ("cont", _memory_changed),
    ("stop", _program_runs),
    ("cont", _program_runs),
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


@contextlib.contextmanager
def quiet_runs() -> Iterator[None]:
    """For a block that lets the program run: nothing of ours is called each time that it is resumed.

    A Ctrl-C that comes before GDB waits for the program is raised in whatever Python runs next.  In a handler GDB prints it and
    waits on; without one it is still there when GDB looks, and the program is stopped.
    """
    try:
        for name, handler in _HANDLERS:
            if name == "cont":
                handler(None)
                _unwatched.append(handler)
                gdb.events.cont.disconnect(handler)
        yield
    finally:
        _watch_runs()


def _watch_runs() -> None:
    """Call them again; a Ctrl-C in the middle of this leaves the rest to the next prompt."""
    while _unwatched:
        gdb.events.cont.connect(_unwatched[-1])
        _unwatched.pop()
