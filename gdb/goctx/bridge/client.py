"""One helper process: start it, ask it, interrupt it, end it.  Knows nothing of GDB.

GDB and the kernel set the manners here:
- A blocking system call inside of GDB is not ended by Ctrl-C, so every wait is
  a poll of a tenth of a second; KeyboardInterrupt comes between two of them.
- GDB reaps the children of others, so a helper's exit status means nothing:
  the end of an answer is told in the answer.
- The helper has a session of its own: Ctrl-C at the terminal reaches GDB
  alone, which hands it on.
"""

from __future__ import annotations

import os
import select
import signal
import subprocess
import time
from pathlib import Path
from typing import Callable, Iterator, Protocol, Sequence, Union

from ..errors import GoctxError, HelperGone
from . import protocol

__all__ = ["Client"]

POLL_MS = 100
GREETING_SECONDS = 20.0
CANCEL_SECONDS = 0.3  # for a helper to end its answer after Ctrl-C, then it is killed
END_SECONDS = 0.2  # for a helper to end after its input was closed, then it is killed
CHUNK_BYTES = 1 << 18
LAST_WORDS_BYTES = 2000

Sink = Callable[[bytes], None]
Event = Union[protocol.Piece, protocol.Done, protocol.Wanted, protocol.Question]


class Source(Protocol):
    """Who reads the process for a helper that may not, or cannot."""

    def memory(self, address: int, length: int) -> bytes | None:
        """The bytes there, None when any of them cannot be read."""

    def text(self, what: str, names: Sequence[str]) -> bytes | None:
        """ "maps", "auxv", "uptime", or "threads" with those registers (dwarf-helper/src/target/target.h), None: not to be had."""

    def begin(self) -> None:
        """A command starts."""

    def end(self) -> None:
        """A command has ended, however it did."""


class Client:
    """A running helper.  It lives until close(), or until it is interrupted and does not react.

    Args:
        helper: path of the program
        args: what follows `goctx serve`: the options that choose the target
        fds: descriptors that the helper shall have, by the same numbers
        source: reads the process for a helper that was started with --proxy

    Raises:
        GoctxError: it cannot be started, or is no helper of this version
    """

    def __init__(
        self,
        helper: Path,
        args: Sequence[str],
        fds: Sequence[int] = (),
        source: Source | None = None,
    ) -> None:
        self._helper = helper
        self._source = source
        self._ident = 0
        self._owes = False  # the helper waits for a reply
        # A file, not a pipe: nobody need read it, and what a dying helper said stays there.
        self._stderr = os.memfd_create("goctx-stderr")
        try:
            self._process = subprocess.Popen(
                [str(helper), "serve", *args],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._stderr,
                bufsize=0,
                pass_fds=tuple(fds),
                start_new_session=True,
            )
        except OSError as why:
            os.close(self._stderr)
            raise GoctxError(f"cannot start the helper {helper}: {why.strerror}") from None
        assert self._process.stdin is not None and self._process.stdout is not None
        self._stdin = self._process.stdin.fileno()
        self._stdout = self._process.stdout.fileno()
        self._poll = select.poll()
        self._poll.register(self._stdout, select.POLLIN)
        self._closed = False
        try:
            self._greet()
        except BaseException:
            self.kill()
            raise

    @property
    def pid(self) -> int:
        """Process id of the helper."""
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Whether requests can be sent: not closed, and the process has not ended."""
        return not self._closed and self._process.poll() is None

    @property
    def descriptors(self) -> set[int]:
        """Our ends of its pipes."""
        return {self._stdin, self._stdout}

    # -- asking -----------------------------------------------------------

    def request(self, args: Sequence[str], output: Sink, errors: Sink) -> int:
        """Run one command; pieces of the answer go to the sinks as they come.

        Returns:
            the exit status of the command

        Raises:
            HelperGone: the helper ended or broke the protocol; the client is closed
            GoctxError: the request cannot be sent
            KeyboardInterrupt: Ctrl-C, or one of the sinks had enough; the helper
                is asked to stop, and the client is closed if it does not
        """
        self._ident += 1
        try:
            message = protocol.encode_request(self._ident, args)
        except protocol.ProtocolError as why:
            raise GoctxError(str(why)) from None
        reader = protocol.FrameReader(self._ident)
        events: Iterator[Event] = iter(())
        answered = False
        sent = False
        if self._source:
            self._source.begin()
        try:
            self._send(message)
            sent = True
            while True:
                data = self._receive()
                if not data:
                    raise self._gone("ended before its answer was complete", answered)
                answered = True
                events = reader.feed(data)
                for event in events:
                    if isinstance(event, protocol.Done):
                        return event.status
                    if isinstance(event, protocol.Piece):
                        (errors if event.error else output)(event.data)
                    else:
                        self._reply(event)
        except protocol.ProtocolError as why:
            raise self._gone(f"broke the protocol: {why}", answered) from None
        except HelperGone:
            raise
        except BaseException:  # Ctrl-C mostly: the pipe must be clean for the next request
            if sent:
                self._cancel(reader, events)
            else:
                self.kill()
            raise
        finally:
            if self._source:
                self._source.end()

    def _greet(self) -> None:
        end = time.monotonic() + GREETING_SECONDS
        line = b""
        while not line.endswith(b"\n"):
            if time.monotonic() > end:
                raise self._not_a_helper(f"it says nothing for {GREETING_SECONDS:.0f} s")
            if not self._poll.poll(POLL_MS):
                continue
            byte = os.read(self._stdout, 1)
            line += byte
            if not byte or len(line) > protocol.GREETING_MAX:
                raise self._not_a_helper("it does not greet as a helper does")
        try:
            greeting = protocol.Greeting.parse(line)
        except protocol.ProtocolError as why:
            raise self._not_a_helper(str(why)) from None
        if greeting.protocol != protocol.VERSION:
            raise GoctxError(
                f"helper {self._helper} (version {greeting.version}) speaks protocol"
                f" {greeting.protocol}, this extension {protocol.VERSION}",
                "load the goctx-gdb.py that came with the helper, or build both anew",
            )

    def _send(self, message: bytes) -> None:
        try:
            while message:
                message = message[os.write(self._stdin, message) :]
        except OSError:  # EPIPE; Python, and with it GDB, ignores SIGPIPE
            raise self._gone("ended", False) from None

    def _reply(self, event: protocol.Wanted | protocol.Question) -> None:
        if self._source is None:
            raise protocol.ProtocolError("it asks for memory that it should read itself")
        self._owes = True
        if isinstance(event, protocol.Wanted):
            data = self._source.memory(event.address, event.length)
        else:
            data = self._source.text(event.what, event.names)
        self._owes = False  # an interrupt while sending leaves half a reply: the helper notices and ends
        self._send(protocol.encode_reply(data))

    def _receive(self) -> bytes:
        """What has come, at least one byte; b"" at the end of the helper."""
        while not self._poll.poll(POLL_MS):
            pass
        return os.read(self._stdout, CHUNK_BYTES)

    # -- ending -----------------------------------------------------------

    def _cancel(self, reader: protocol.FrameReader, pending: Iterator[Event]) -> None:
        """Stop the running command and throw away what is left of its answer.

        Args:
            pending: what has been received and not been looked at yet
        """
        end = time.monotonic() + CANCEL_SECONDS
        try:
            self._process.send_signal(signal.SIGINT)
            if self._owes:
                self._owes = False
                self._send(protocol.encode_reply(None))
            if self._drain(pending):
                return
            while time.monotonic() < end:
                if not self._poll.poll(POLL_MS):
                    continue
                data = os.read(self._stdout, CHUNK_BYTES)
                if not data:
                    break
                if self._drain(reader.feed(data)):
                    return
        except (KeyboardInterrupt, HelperGone, protocol.ProtocolError):
            pass  # no more patience
        self.kill()

    def _drain(self, events: Iterator[Event]) -> bool:
        """Throw events away; what the helper waits for it does not get.  True at the end of the answer."""
        for event in events:
            if isinstance(event, protocol.Done):
                return True
            if not isinstance(event, protocol.Piece):
                self._send(protocol.encode_reply(None))
        return False

    def close(self) -> None:
        """End the helper; nothing happens when it has ended."""
        if self._closed:
            return
        assert self._process.stdin is not None
        self._process.stdin.close()
        end = time.monotonic() + END_SECONDS
        while self._process.poll() is None and time.monotonic() < end:
            time.sleep(0.002)
        self.kill()

    def kill(self) -> None:
        """End the helper at once.  It holds nothing that would need to be let go."""
        if self._closed:
            return
        self._closed = True
        self._process.kill()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout):
            assert stream is not None
            stream.close()
        os.close(self._stderr)

    def _last_words(self) -> str:
        size = os.fstat(self._stderr).st_size
        said = os.pread(self._stderr, LAST_WORDS_BYTES, max(0, size - LAST_WORDS_BYTES))
        return said.decode("utf-8", "replace").strip()

    def _gone(self, what: str, answered: bool) -> HelperGone:
        said = self._last_words()
        self.kill()
        return HelperGone(
            f"the helper {what}" + (f"; it said:\n{said}" if said else ""),
            "the next command starts it anew",
            answered=answered,
        )

    def _not_a_helper(self, why: str) -> GoctxError:
        said = self._last_words()
        return GoctxError(
            f"{self._helper} is not the helper of goctx: {why}"
            + (f"; it said:\n{said}" if said else ""),
            "name the program that `make` builds: set goctx helper PATH",
        )
