"""GDB/MI: each command of the helper as -goctx-COMMAND, its JSON as the result.

    -goctx-blocked --limit 2
    ^done,goctx=[{type="header",...},{type="task",goid="884",...}]

Options and arguments are those of the command; arguments may be expressions
there, and are here.  What is unknown (null in JSON) is left out, true and
false are the words, labels are a list of {key,value}: MI's names are identifiers.  Only where GDB has gdb.MICommand (12 and newer).
"""

from __future__ import annotations

from typing import Any, Iterable

import gdb

from . import options
from .commands.base import HelperCommand
from .errors import GoctxError

__all__ = ["register"]


def register(commands: Iterable[type[HelperCommand]]) -> None:
    """Add the MI commands, or replace those of an earlier load."""
    if hasattr(gdb, "MICommand"):
        for command in commands:
            _make(command)


def _make(command: type[HelperCommand]) -> None:
    class Machine(gdb.MICommand):
        """One command of the helper."""

        def invoke(self, argv: list[str]) -> dict[str, Any]:
            """Called by GDB."""
            from . import ask  # here: loading must be quick

            try:
                return {"goctx": [_plain(line) for line in ask.records(_request(command, argv))]}
            except GoctxError as why:
                raise gdb.GdbError(str(why)) from None

    Machine(f"-goctx-{command.name}")


def _request(command: type[HelperCommand], argv: list[str]) -> list[str]:
    tokens = [options.Token(word, word) for word in argv if word != "--json"]
    line = options.take_apart(tokens, command.known())
    rest = command.arguments(line)
    return [command.name, *line.options, *(["--", *rest] if rest else [])]


def _plain(value: Any) -> Any:
    """A JSON value as GDB/MI can carry it."""
    if isinstance(value, dict):
        return {name: _pairs(one) if name == "labels" else _plain(one)
                for name, one in value.items() if one is not None}
    if isinstance(value, list):
        return [_plain(one) for one in value if one is not None]
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, (int, str)) else str(value)


def _pairs(labels: Any) -> Any:
    if not isinstance(labels, dict):
        return _plain(labels)
    return [{"key": key, "value": str(value)} for key, value in labels.items()]
