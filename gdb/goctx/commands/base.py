"""What all commands have in common: options go to the helper, its answer to the user."""

from __future__ import annotations

import codecs
import os
import sys
from typing import ClassVar

import gdb

from .. import complete, expr, options, params
from ..bridge import session
from ..errors import GoctxError

__all__ = ["Command", "GoctxCommand", "HelperCommand", "printable"]

MIN_WIDTH = 40  # what the helper takes at least
STATUS = "_goctx_status"  # convenience variable
DONE, FAIL_ON, NO_TARGET, INTERRUPTED = 0, 1, 3, 130  # exit statuses of the command line


class Command(gdb.Command):
    """What all commands have in common.

    $_goctx_status is set at the end of each one: what the command line would
    exit with.  GDB in batch mode has no statuses but 0 and 1 of its own.
    """

    def invoke(self, arg: str, from_tty: bool) -> None:
        """Called by GDB."""
        self.dont_repeat()
        status = NO_TARGET
        try:
            status = self._run(arg, from_tty)
        except GoctxError as why:
            status = why.status
            raise gdb.GdbError(printable(str(why))) from None
        except KeyboardInterrupt:
            status = INTERRUPTED
            raise
        finally:
            gdb.set_convenience_variable(STATUS, status)

    def _run(self, arg: str, from_tty: bool) -> int:
        """Do it; returns DONE, FAIL_ON or session.DAMAGED.

        Raises:
            GoctxError: it cannot be done
        """
        raise NotImplementedError


class GoctxCommand(Command):
    """A subcommand of goctx.

    A subclass gives its name and options, and in its docstring what `help`
    shows; the lines {options} and {rules} there stand for the lists of its options
    and rules.

    Attributes:
        name: what follows `goctx`
        request: what the helper calls it, the same when left out
        gdb_class: under which heading GDB's help lists it
        own_options: names of its options beside those that all commands have, by the helper's table
    """

    name: ClassVar[str]
    request: ClassVar[str | None] = None
    gdb_class: ClassVar[int] = gdb.COMMAND_DATA
    own_options: ClassVar[tuple[str, ...]] = ()

    def __init_subclass__(cls) -> None:
        if not hasattr(cls, "name"):  # what some commands have in common
            return
        cls.own_options = options.own(cls.request or cls.name)
        cls.__doc__ = options.document(cls.__doc__, cls.known(), cls.request or cls.name)

    def __init__(self) -> None:
        super().__init__(f"goctx {self.name}", self.gdb_class)

    @classmethod
    def known(cls) -> tuple[str, ...]:
        """Names of all options."""
        return cls.own_options + (("help",) if cls.request else options.COMMON)


class HelperCommand(GoctxCommand):
    """A command that the helper does.

    Attributes:
        name: as the helper knows it
        argument: "context", "address", "goroutine", "word" (as it is) or None
    """

    argument: ClassVar[str | None] = None

    def complete(self, text: str, word: str | None) -> list[str] | int:
        """Called by GDB; word is None when it only asks where words break."""
        found = complete.options_and_values(text, self.known())
        if found is not None:
            return complete.cut(found, text, word)
        last = text.split()[-1] if text and not text[-1].isspace() else ""
        if self.argument == "goroutine":
            found = ["all"]
        elif self.argument in ("context", "address"):
            if last and not last.isidentifier():
                return gdb.COMPLETE_EXPRESSION
            found = ["background", "todo", *dict.fromkeys(expr.locals_in_scope())]
        else:
            found = []
        if not last:
            found += [f"--{name}" for name in self.known()]
        return complete.cut(found, text, word)

    def _run(self, arg: str, from_tty: bool) -> int:
        line = options.take_apart(options.split(arg), self.known())
        if "help" in line.names:
            gdb.execute(f"help goctx {self.name}")
            return DONE
        where, target = session.current()
        request = [self.name, *self._defaults(line, from_tty), *line.options]
        rest = self.arguments(line)
        if rest:
            request += ["--", *rest]
        output, errors = _Text(), _Text()
        try:
            status = where.run(target, request, output.write, errors.collect)
        finally:
            output.flush()
        said = errors.collected.strip()
        if status == FAIL_ON and not said:  # an error for GDB, too: `gdb -batch` ends with status 1
            raise GoctxError.said(f"{self.name} found what --fail-on asks for", status)
        if status not in (DONE, session.DAMAGED):
            raise GoctxError.said(said or f"{self.name} failed, status {status}", status)
        if said:
            gdb.write(f"{said}\n", gdb.STDERR)
        return status

    @classmethod
    def arguments(cls, line: options.Line) -> list[str]:
        """What the helper gets for the words that are no options."""
        plain = [token.text for token in line.rest]
        if not plain or cls.argument in (None, "word"):
            return plain
        if len(plain) > 1 and all(word.isalnum() for word in plain):
            return plain  # no expression: too many arguments, which the helper says
        if cls.argument == "context":
            return [expr.context_word(line.expression)]
        if cls.argument == "address":
            return [expr.address_word(line.expression)]
        return [expr.goroutine_word(line.expression)]

    def _defaults(self, line: options.Line, from_tty: bool) -> list[str]:
        """Options for what GDB and its settings know; those of the user go before."""
        defaults = []
        width = gdb.parameter("width")
        if width and "width" not in line.names:
            defaults += ["--width", str(max(int(width), MIN_WIDTH))]
        if "color" not in line.names:
            defaults += ["--color", "always" if _in_color(from_tty) else "never"]
        limit = params.limit()
        if limit and "limit" in self.own_options and "limit" not in line.names:
            defaults += ["--limit", limit]
        if "no-fold" in self.own_options and not params.folds():
            defaults += ["--no-fold"]
        if "values" in self.own_options and not {"values", "redact"} & line.names:
            defaults += {"auto": [], "shown": ["--values"], "redacted": ["--redact"]}[params.values()]
        return defaults


class _Text:
    """Bytes as they come, printed or collected as text; characters may be cut anywhere."""

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self.collected = ""

    def write(self, data: bytes) -> None:
        """Print through GDB's pager, logging and redirection."""
        text = self._decoder.decode(data)
        if text:
            gdb.write(text.replace("\0", "\ufffd"))

    def collect(self, data: bytes) -> None:
        """Keep for later."""
        self.collected += self._decoder.decode(data)

    def flush(self) -> None:
        """Print what is left of a character that never ended."""
        if self._decoder.decode(b"", True):
            gdb.write("\ufffd")


def printable(text: str) -> str:
    """Text that GDB can print: it encodes messages of errors by its host charset, strictly."""
    charset = gdb.host_charset()
    text = text.replace("\0", "\ufffd")
    try:
        text.encode(charset)
    except UnicodeEncodeError:
        plain = text.replace("\u2026", "...")
        return plain.encode(charset, "replace").decode(charset)
    except LookupError:
        return text.encode("ascii", "replace").decode()
    return text


# -- colour -----------------------------------------------------------------


def _in_color(from_tty: bool) -> bool:
    choice = params.color_choice()
    if choice != "auto":
        return choice == "on"
    return (
        from_tty
        and bool(gdb.parameter("style enabled"))
        and not os.environ.get("NO_COLOR")
        and os.isatty(sys.__stdout__.fileno() if sys.__stdout__ else 1)
        and not gdb.parameter("logging enabled")
        and not _piping()
    )


def _piping() -> bool:
    """Whether this is `pipe COMMAND | SHELL`: GDB has no other sign of it.

    The sign is a pipe that we write to and whose other end is not in this
    process.  A helper's pipe looks the same, and is told by its being known.
    """
    ends: dict[str, list[int]] = {}
    for name in os.listdir("/proc/self/fd"):
        try:
            link = os.readlink(f"/proc/self/fd/{name}")
        except OSError:  # the descriptor of the listing itself
            continue
        if link.startswith("pipe:"):
            ends.setdefault(link, []).append(int(name))
    ours = session.descriptors()
    return any(
        len(fds) == 1 and fds[0] > 2 and fds[0] not in ours and _is_writer(fds[0])
        for fds in ends.values()
    )


def _is_writer(fd: int) -> bool:
    import fcntl

    return fcntl.fcntl(fd, fcntl.F_GETFL) & os.O_ACCMODE == os.O_WRONLY
