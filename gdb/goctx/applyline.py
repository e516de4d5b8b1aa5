"""Command lines of the form `GOID|all [OPTION]... COMMAND`.  Knows nothing of GDB."""

from __future__ import annotations

from typing import NamedTuple, Sequence

from . import options

__all__ = ["ApplyLine", "parse"]

FLAGS = ("-q", "-s")


class ApplyLine(NamedTuple):
    """Such a line, taken apart.

    Args:
        who: the first word as it was written, "" when there is none
        options: as for the helper, unparsed
        flags: those of FLAGS that are there
        command: the rest as it was written
    """

    who: str
    options: list[str]
    flags: frozenset[str]
    command: str


def parse(line: str, known: Sequence[str]) -> ApplyLine:
    """Take a line apart; what follows the first word that is no option is the command.

    Args:
        line: what was typed
        known: names of options

    Raises:
        GoctxError: a quote without its end, before the command
    """
    who = ""
    before: list[options.Token] = []
    flags = set()
    rest = line.lstrip()
    takes_value = False
    while rest:
        token, after = options.first(rest)
        if takes_value:
            before.append(token)
            takes_value = False
        elif token.raw in FLAGS:
            flags.add(token.raw)
        elif token.raw.startswith("--"):
            before.append(token)
            option = options.find(token.text[2:], known)
            takes_value = bool(option and option.value)
        elif not who:
            who = token.raw
        else:
            break
        rest = after
    return ApplyLine(who, [token.text for token in before], frozenset(flags), rest.rstrip())
