"""Ctrl-C in loops of gdb.execute().

GDB 13 loses many a Ctrl-C there: Python is told of it, and GDB takes the mark
back on its way between the two.  Python's wakeup descriptor is written to all
the same.  Knows nothing of GDB.
"""

from __future__ import annotations

import contextlib
import os
import signal
from typing import Callable, Iterator

__all__ = ["watched"]


@contextlib.contextmanager
def watched() -> Iterator[Callable[[], None]]:
    """For as long as the block runs, remember each Ctrl-C.

    Yields:
        a function that raises KeyboardInterrupt when there has been one
    """
    read_end, write_end = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    before = signal.set_wakeup_fd(write_end, warn_on_full_buffer=False)

    def check() -> None:
        with contextlib.suppress(BlockingIOError):
            if signal.SIGINT in os.read(read_end, 4096):
                raise KeyboardInterrupt

    try:
        yield check
    finally:
        signal.set_wakeup_fd(before)
        os.close(read_end)
        os.close(write_end)
