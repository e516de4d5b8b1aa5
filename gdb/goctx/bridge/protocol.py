"""The wire between GDB and the helper; dwarf-helper/src/main/serve.h is its manual.

    GDB      <id> <argc> <bytes>\\n, then argc strings, each ended by NUL
    helper   o|e <id> <len>\\n<len bytes> any number of times, then x <id> <status>\\n
             and, when GDB reads the process for it, r <id> <address> <len>\\n or q <id> <what>\\n
    GDB      to these: <len>\\n<len bytes>, 0 when it is not to be had

Knows nothing of GDB and does no input or output.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Iterator, Sequence

__all__ = [
    "Done",
    "FrameReader",
    "Greeting",
    "Piece",
    "ProtocolError",
    "Question",
    "Wanted",
    "encode_reply",
    "encode_request",
]

VERSION = 1
ARGS_MAX = 256
BYTES_MAX = 1024 * 1024
HEADER_MAX = 1024  # bytes of "o <id> <len>\n" or a question with the names of all registers, generously
GREETING_MAX = 256


class ProtocolError(ValueError):
    """The other side says something that is no answer."""


@dataclass(frozen=True)
class Piece:
    """A piece of an answer as it arrived; pieces may end inside of a character."""

    error: bool
    data: bytes


@dataclass(frozen=True)
class Done:
    """The end of an answer, with the exit status of the command."""

    status: int


@dataclass(frozen=True)
class Wanted:
    """Memory of the process that the helper asks for."""

    address: int
    length: int


@dataclass(frozen=True)
class Question:
    """A text that the helper asks for: "maps", "auxv", "uptime", or "threads" with the names of registers."""

    what: str
    names: tuple[str, ...] = ()


@dataclass(frozen=True)
class Greeting:
    """The first line of a helper."""

    protocol: int
    version: str

    @classmethod
    def parse(cls, line: bytes) -> Greeting:
        """Read b"goctx-serve 1 0.1.0".

        Raises:
            ProtocolError: it is no such line
        """
        words = line.decode("utf-8", "replace").split()
        if len(words) < 3 or words[0] != "goctx-serve" or not words[1].isdigit():
            raise ProtocolError("it does not greet as a helper does")
        return cls(int(words[1]), words[2])


def encode_request(ident: int, args: Sequence[str]) -> bytes:
    """One request as bytes.

    Raises:
        ProtocolError: more or longer arguments than a request can hold
    """
    if not 0 < len(args) <= ARGS_MAX:
        raise ProtocolError(f"a command takes at most {ARGS_MAX - 1} words")
    if any("\0" in arg for arg in args):
        raise ProtocolError("an argument holds a NUL character")
    body = b"".join(arg.encode("utf-8", "surrogateescape") + b"\0" for arg in args)
    if len(body) > BYTES_MAX:
        raise ProtocolError("the arguments are too long")
    return b"%d %d %d\n" % (ident, len(args), len(body)) + body


def encode_reply(data: bytes | memoryview | None) -> bytes:
    """What the helper asked for, None when it is not to be had."""
    return b"%d\n" % len(data) + data if data else b"0\n"


class FrameReader:
    """Turns bytes, cut anywhere, into pieces of the answer to one request.

    Large frames are handed on as they come and never collected.
    """

    def __init__(self, ident: int) -> None:
        self._ident = ident
        self._head = bytearray()
        self._left = 0  # bytes of the current frame still to come
        self._error = False
        self._done = False

    def feed(self, data: bytes) -> Iterator[Piece | Done | Wanted | Question]:
        """Take in bytes.

        Raises:
            ProtocolError: not frames of this request, or bytes after its end
        """
        at = 0
        while at < len(data):
            if self._done:
                raise ProtocolError("it goes on after the end of its answer")
            if self._left:
                piece = data[at : at + self._left]
                at += len(piece)
                self._left -= len(piece)
                yield Piece(self._error, piece)
                continue
            end = data.find(b"\n", at)
            self._head += data[at : len(data) if end < 0 else end]
            if len(self._head) > HEADER_MAX:
                raise ProtocolError("its answer is no frame")
            if end < 0:
                return
            at = end + 1
            event = self._header(bytes(self._head))
            self._head.clear()
            if event:
                yield event

    def _header(self, line: bytes) -> Done | Wanted | Question | None:
        words = line.split(b" ")
        if len(words) < 3 or not words[1].isdigit():
            raise ProtocolError("its answer is no frame")
        if int(words[1]) != self._ident:
            raise ProtocolError("it answers what was not asked")
        if words[0] == b"q":
            what, *names = (word.decode("ascii", "replace") for word in words[2:])
            return Question(what, tuple(names))
        numbers = words[2:]
        if not all(word.isdigit() for word in numbers):
            raise ProtocolError("its answer is no frame")
        if words[0] == b"r" and len(numbers) == 2:
            return Wanted(int(numbers[0]), int(numbers[1]))
        if len(numbers) != 1 or words[0] not in (b"o", b"e", b"x"):
            raise ProtocolError("its answer is no frame")
        if words[0] == b"x":
            self._done = True
            return Done(int(words[2]))
        self._error = words[0] == b"e"
        self._left = int(words[2])
        return None
