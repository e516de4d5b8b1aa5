"""The options of the helper's commands, and command lines taken apart.  Knows nothing of GDB.

The helper checks and understands options; here they are known for help and
completion, and to tell them from arguments.  They are read from options.tsv,
which `make` writes with what the helper prints (dwarf-helper/src/main/table.h):
loading must not start a helper.
"""

from __future__ import annotations

import os
import re
import textwrap
from typing import Iterable, NamedTuple, Sequence

from .errors import WrongUse

__all__ = ["COMMON", "OPTIONS", "Line", "Option", "describe", "document", "find", "first", "own", "split", "take_apart"]


class Option(NamedTuple):
    """One option.

    Args:
        name: without dashes
        value: what its value is called, None for a switch
        text: one line of help
        words: the values it can have, where these are fixed
        many: several words can be given, with commas between them
    """

    name: str
    value: str | None
    text: str
    words: tuple[str, ...] = ()
    many: bool = False


_TABLE = os.path.join(os.path.dirname(__file__), "options.tsv")
COMMON = ("json", "color", "width", "help")  # every command has these

OPTIONS: dict[str, Option] = {}
_own: dict[str, tuple[str, ...]] = {}  # names of options by command
_rules: dict[str, list[tuple[str, str]]] = {}  # by command: names of rules, and what they ask


def _read_table() -> None:
    with open(_TABLE, encoding="utf-8") as lines:
        for line in lines:
            kind, name, *rest = line.rstrip("\n").replace("\u2026", "...").split("\t")
            if kind == "option":
                value, words, many, text = rest
                # Lists of words break where lines do.
                OPTIONS[name] = Option(name, value or None, re.sub(r",(?=\w)", ", ", text), tuple(words.split()),
                                       bool(many))
            elif kind == "command":
                _own[name] = tuple(rest[0].split())
            else:
                _rules.setdefault(name, []).append((rest[0], rest[1]))


_read_table()


def own(command: str) -> tuple[str, ...]:
    """Names of the options that a command, or a request, of the helper has beside COMMON."""
    return _own[command]


def find(name: str, known: Iterable[str]) -> Option | None:
    """The option of that name, or of that beginning if only one has it."""
    known = list(known)
    if name in known:
        return OPTIONS[name]
    found = [one for one in known if one.startswith(name)]
    return OPTIONS[found[0]] if len(found) == 1 else None


def _line(left: str, text: str) -> str:
    """A name and what it means, folded."""
    return textwrap.fill(
        text,
        width=78,
        initial_indent=f"  {left:<22}" + ("" if len(left) < 22 else " "),
        subsequent_indent=" " * 24,
    )


def describe(names: Iterable[str]) -> str:
    """The options as lines of help."""
    lines = []
    for name in names:
        option = OPTIONS[name]
        lines.append(_line(f"--{name} {option.value}" if option.value else f"--{name}", option.text))
    return "\n".join(lines)


def document(text: str | None, names: Iterable[str], command: str = "") -> str | None:
    """A docstring whose lines {options} and {rules} are replaced by the options, and by the rules of a command.

    They get the indentation of that line: since Python 3.13 there is none left.
    """
    for mark, lines in (
        ("{options}", describe(names)),
        ("{rules}", "\n".join(_line(name, question) for name, question in _rules.get(command, []))),
    ):
        before, found, after = (text or "").partition(mark)
        if found:
            indent = before[before.rfind("\n") + 1 :]
            text = before + lines.replace("\n", "\n" + indent) + after
    return text


# -- command lines ----------------------------------------------------------


class Token(NamedTuple):
    """A word of a command line, as it was written and without its quotes."""

    raw: str
    text: str


class Line:
    """A command line: options with their values, and the rest.

    Attributes:
        options: as for the helper, unparsed
        names: full names of those options that are known
        rest: words that are neither options nor values of options
    """

    def __init__(self) -> None:
        self.options: list[str] = []
        self.names: set[str] = set()
        self.rest: list[Token] = []

    @property
    def expression(self) -> str:
        """The rest as it was written: quotes mean something in expressions."""
        return " ".join(token.raw for token in self.rest)


# Quoted parts and escaped characters belong to the word that they touch.
_WORD = re.compile(r"""(?:[^\s'"\\]|\\.|'[^']*'|"(?:[^"\\]|\\.)*")+""", re.DOTALL)
_PART = re.compile(r"""\\(.)|'([^']*)'|"((?:[^"\\]|\\.)*)\"""", re.DOTALL)


def _unquote(raw: str) -> str:
    def plain(found: re.Match[str]) -> str:
        if found[3] is not None:
            return re.sub(r"\\(.)", r"\1", found[3])
        return found[1] if found[1] is not None else found[2]

    return _PART.sub(plain, raw)


def split(line: str) -> list[Token]:
    """The words of a line; quotes and backslashes work as in gdb.string_to_argv.

    Raises:
        WrongUse: a quote without its end
    """
    tokens = []
    line = line.lstrip()
    while line:
        token, line = first(line)
        tokens.append(token)
    return tokens


def first(line: str) -> tuple[Token, str]:
    """The first word of a line that does not begin with blanks, and what follows it.

    Raises:
        WrongUse: a quote without its end
    """
    found = _WORD.match(line)
    end = found.end() if found else 0
    if not found or (end < len(line) and not line[end].isspace()):
        raise WrongUse(f"unbalanced quotes: {line}")
    return Token(found[0], _unquote(found[0])), line[end:].lstrip()


def take_apart(tokens: Sequence[Token], known: Iterable[str]) -> Line:
    """Tell options from arguments, as getopt_long() of the helper does.

    What looks like an option and is none is passed on as one: the helper says
    what is wrong with it.

    Args:
        tokens: words of the line
        known: names of the command's options
    """
    line = Line()
    known = tuple(known)
    words = iter(tokens)
    for token in words:
        if token.text == "--":
            line.rest.extend(words)
        elif token.raw.startswith("--"):
            name, equals, _ = token.text[2:].partition("=")
            option = find(name, known)
            line.options.append(token.text)
            if option:
                line.names.add(option.name)
                value = next(words, None) if option.value and not equals else None
                if value:
                    line.options.append(value.text)
        elif re.match(r"-[a-zA-Z]$", token.raw):
            line.options.append(token.text)
            if token.raw == "-h":
                line.names.add("help")
        else:
            line.rest.append(token)
    return line
