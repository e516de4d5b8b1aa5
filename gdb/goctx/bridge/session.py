"""One helper for each inferior, kept from command to command for as long as it is of use.

A helper is kept while the target is the same (target.Target compares equal).
When a live process has run or was written to, the helper is told to forget
what it knows; a core never changes.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Sequence

import gdb

from .. import params
from ..errors import GoctxError, HelperGone

# Loading must be quick: what starts helpers is imported with the first of them.
if TYPE_CHECKING:
    from pathlib import Path

    from .client import Client, Sink
    from .target import Target

__all__ = [
    "DAMAGED",
    "Session",
    "close_all",
    "close_session",
    "current",
    "descriptors",
    "give_back",
    "image_changed",
    "memory_changed",
    "moment",
    "take",
]

DAMAGED = 4  # exit status: done, but part of the target was damaged or missing

_sessions: dict[int, Session] = {}
_memory_changes = 0  # counts what may have changed memory, of whichever process
_image_changes = 0  # counts what may have changed executables


class Session:
    """The helper of one inferior."""

    def __init__(self) -> None:
        self._client: Client | None = None
        self._key: object = None
        self._memory_seen = 0

    def run(self, target: Target, args: Sequence[str], output: Sink, errors: Sink) -> int:
        """Run one command of the helper on a target.

        A helper that ended between two commands is replaced without a word.

        Returns:
            exit status of the command

        Raises:
            GoctxError: no helper can be started, or it ended before its answer was complete
            KeyboardInterrupt: the user had enough
        """
        kept = self._prepare(target)
        assert self._client is not None
        try:
            self._refresh(target)
            return self._client.request(args, output, errors)
        except HelperGone as gone:
            if not kept or gone.answered:
                raise
        self._prepare(target)
        return self._client.request(args, output, errors)

    def again(self, args: Sequence[str], output: Sink, errors: Sink) -> int:
        """Run one more command on the target of the last one; nothing is read anew.

        Raises:
            GoctxError, KeyboardInterrupt: as run()
        """
        if not self._client or not self._client.alive:
            raise HelperGone("the helper has ended", "the next command starts it anew")
        return self._client.request(args, output, errors)

    @property
    def descriptors(self) -> set[int]:
        """Descriptors of this process that lead to the helper."""
        return self._client.descriptors if self._client and self._client.alive else set()

    def close(self) -> None:
        """End the helper."""
        if self._client:
            self._client.close()
        self._client = None

    def _prepare(self, target: Target) -> bool:
        """Have a helper for the target; True when it is the one of the last command."""
        from .locate import find_helper

        helper = find_helper(params.helper_path())
        key = (target, _image_changes, helper, helper.stat().st_mtime_ns)
        if self._client and self._client.alive and self._key == key:
            return True
        self.close()
        self._client = _start(helper, target)
        self._key = key
        self._memory_seen = _memory_changes
        return False

    def _refresh(self, target: Target) -> None:
        if target.live and self._memory_seen != _memory_changes:
            assert self._client is not None
            self._client.request(["@refresh"], _ignore, _ignore)
            self._memory_seen = _memory_changes


def _ignore(data: bytes) -> None:
    """A sink for answers that nobody reads."""


def _start(helper: Path, target: Target) -> Client:
    from .client import Client
    from .source import GdbSource

    if not target.live:
        return Client(helper, target.options(None))
    if target.remote:
        return _start_proxy(helper, target)
    # The kernel lets only the tracer read a process, which is us: the helper gets our descriptor.
    path = f"/proc/{target.pid}/mem"
    try:
        mem_fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError as why:  # a namespace of its own, or a hardened kernel
        if not target.exe:
            raise GoctxError(f"cannot open {path}: {why.strerror}") from None
        return _start_proxy(helper, target)
    try:
        return Client(helper, target.options(mem_fd), (mem_fd,), GdbSource(gdb.selected_inferior()))
    finally:
        os.close(mem_fd)


def _start_proxy(helper: Path, target: Target) -> Client:
    from .client import Client
    from .source import GdbSource

    return Client(helper, target.options(None), source=GdbSource(gdb.selected_inferior()))


def current() -> tuple[Session, Target]:
    """Session and target of the selected inferior.

    Raises:
        GoctxError: nothing that the helper can look at
    """
    from .target import current_target

    inferior = gdb.selected_inferior()
    target = current_target(inferior)
    return _sessions.setdefault(inferior.num, Session()), target


def take() -> tuple[Session, Target]:
    """As current(), and the helper is the caller's alone: the end of the process does not end it.

    Raises:
        GoctxError: nothing that the helper can look at
    """
    where, target = current()
    del _sessions[target.inferior]
    return where, target


def give_back(where: Session, target: Target) -> None:
    """The end of take(); the helper of a process that is gone ends."""
    here = any(one.num == target.inferior and one.pid == target.pid for one in gdb.inferiors())
    if not here or _sessions.setdefault(target.inferior, where) is not where:
        where.close()


def descriptors() -> set[int]:
    """Descriptors of this process that lead to helpers."""
    return set().union(*(session.descriptors for session in _sessions.values()))


def close_session(inferior: int) -> None:
    """End the helper of an inferior that is gone."""
    session = _sessions.pop(inferior, None)
    if session:
        session.close()


def close_all() -> None:
    """End all helpers."""
    for number in list(_sessions):
        close_session(number)


def memory_changed() -> None:
    """What is known of live processes may be stale."""
    global _memory_changes
    _memory_changes += 1


def image_changed() -> None:
    """What is known of executables may be stale."""
    global _image_changes
    _image_changes += 1


def moment() -> object:
    """What changes with everything that makes answers about the selected inferior stale."""
    inferior = gdb.selected_inferior()
    connection = inferior.connection
    thread = gdb.selected_thread()
    runs = thread is not None and thread.is_running()
    return inferior.num, connection.num if connection else 0, runs, _memory_changes, _image_changes
