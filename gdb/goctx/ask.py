"""The helper's answers as values, for what is no command of its own: MI, the window, frames, printers."""

from __future__ import annotations

from typing import Any, Sequence

from .bridge import session
from .errors import GoctxError

__all__ = ["records", "text"]

FAIL_ON = 1  # exit status: done, and --fail-on was met


def text(args: Sequence[str]) -> str:
    """What a command of the helper prints about the selected inferior.

    Raises:
        GoctxError: there is nothing to look at, or the command failed
        KeyboardInterrupt: the user had enough
    """
    where, target = session.current()
    output, errors = bytearray(), bytearray()
    status = where.run(target, args, output.extend, errors.extend)
    said = errors.decode("utf-8", "replace").strip()
    if status not in (0, session.DAMAGED) and (said or status != FAIL_ON):
        raise GoctxError.said(said or f"{args[0]} failed, status {status}", status)
    return output.decode("utf-8", "replace")


def records(args: Sequence[str]) -> list[dict[str, Any]]:
    """The lines of a command's JSON, in its order, header and notes included.

    Raises:
        GoctxError, KeyboardInterrupt: as text()
    """
    import json  # here: loading must be quick

    return [json.loads(line) for line in text([args[0], "--json", *args[1:]]).splitlines()]
