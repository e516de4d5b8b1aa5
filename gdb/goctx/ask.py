"""The helper's answers as values, for what is no command of its own: MI, the window, frames, printers."""

from __future__ import annotations

import functools
from typing import Any, Callable, Sequence

from .bridge import session
from .errors import GoctxError

__all__ = ["Held", "records", "text", "type_name"]

FAIL_ON = 1  # exit status: done, and --fail-on was met


def text(args: Sequence[str]) -> str:
    """What a command of the helper prints about the selected inferior.

    Raises:
        GoctxError: there is nothing to look at, or the command failed
        KeyboardInterrupt: the user had enough
    """
    where, target = session.current()
    return _answer(args, functools.partial(where.run, target))[0]


def _answer(args: Sequence[str], run: Callable[..., int]) -> tuple[str, bool]:
    """What is printed, and whether --fail-on or the like was met."""
    output, errors = bytearray(), bytearray()
    status = run(args, output.extend, errors.extend)
    said = errors.decode("utf-8", "replace").strip()
    if status not in (0, session.DAMAGED) and (said or status != FAIL_ON):
        raise GoctxError.said(said or f"{args[0]} failed, status {status}", status)
    return output.decode("utf-8", "replace"), status == FAIL_ON


class Held:
    """The helper of the selected inferior, for a block that lets the program run, to its end even.

    Methods raise what text() raises.
    """

    def __enter__(self) -> Held:
        self._where, self._target = session.take()
        return self

    def __exit__(self, *why: object) -> None:
        session.give_back(self._where, self._target)

    def fresh(self, args: Sequence[str]) -> str:
        """As text()."""
        return _answer(args, functools.partial(self._where.run, self._target))[0]

    def again(self, args: Sequence[str]) -> tuple[str, bool]:
        """Where GDB stops the program for a moment only: what the helper knows may be of an earlier one.

        Returns:
            what is printed, and whether what was asked for has come about (exit status 1)
        """
        return _answer(args, self._where.again)


def records(args: Sequence[str]) -> list[dict[str, Any]]:
    """The lines of a command's JSON, in its order, header and notes included.

    Raises:
        GoctxError, KeyboardInterrupt: as text()
    """
    import json  # here: loading must be quick

    return [json.loads(line) for line in text([args[0], "--json", *args[1:]]).splitlines()]


def type_name(word: int, ask: Callable[[Sequence[str]], str] = text) -> str:
    """The dynamic type of an interface by its first word, an itab or a type; "" when there is none.

    Args:
        ask: who is asked

    Raises:
        GoctxError, KeyboardInterrupt: as text()
    """
    return ask(["@type", "--", f"{word:#x}"]).rstrip("\n")
