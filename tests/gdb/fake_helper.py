#!/usr/bin/python3
"""A helper that speaks the protocol and knows nothing: for what a real one cannot be made to do.

GOCTX_FAKE chooses how it behaves, GOCTX_FAKE_LOG names a file that gets one line
for its start (`start PID ARGS...`) and for each request.

    echo        answers with the words of the request
    bytes       answers with frames of one byte each, in the middle of characters too
    slow        begins an answer and goes on until SIGINT
    stubborn    the same, and takes no notice of SIGINT
    flood       prints lines until SIGINT
    die         ends in the middle of an answer
    die-once    ends without an answer at its second request, silently
    partial     answers, with an error and status 4
    fail        answers with an error, a hint and status 3
    garbage     answers with what is no frame
    old         greets with another version of the protocol
    mute        ends without a greeting
"""

from __future__ import annotations

import os
import signal
import sys
import time
from typing import BinaryIO

TEXT = "h\u00e9llo \u2502 w\u00f6rld \u251c\u2500 \U0001f642\n"
mode = os.environ.get("GOCTX_FAKE", "echo")
interrupted = False


def log(*words: object) -> None:
    path = os.environ.get("GOCTX_FAKE_LOG")
    if path:
        with open(path, "a", encoding="utf-8") as out:
            print(*words, file=out)


def send(kind: str, ident: int, text: str | bytes) -> None:
    data = text.encode() if isinstance(text, str) else text
    sys.stdout.buffer.write(b"%s %d %d\n" % (kind.encode(), ident, len(data)) + data)
    sys.stdout.buffer.flush()


def end(ident: int, status: int) -> None:
    sys.stdout.buffer.write(b"x %d %d\n" % (ident, status))
    sys.stdout.buffer.flush()


def read_request(source: BinaryIO) -> tuple[int, list[str]] | None:
    line = source.readline()
    if not line:
        return None
    ident, count, size = (int(word) for word in line.split())
    words = source.read(size).decode().split("\0")
    assert len(words) == count + 1 and words[-1] == ""
    return ident, words[:-1]


def last(ident: int) -> None:
    """An answer that has no end of its own."""
    send("o", ident, "begun\n")
    give_up = time.monotonic() + 240
    while not (interrupted and mode != "stubborn"):
        if time.monotonic() > give_up:
            raise SystemExit("nobody interrupted")
        if mode == "flood":
            send("o", ident, "x" * 79 + "\n")
        else:
            time.sleep(0.01)
    log("canceled")
    send("e", ident, "goctx: interrupted\n")
    end(ident, 130)


def answer(ident: int, words: list[str], count: int) -> None:
    if words[0].startswith("@"):
        end(ident, 0)
    elif mode in ("slow", "stubborn", "flood"):
        last(ident)
    elif mode == "die":
        send("o", ident, "begun\n")
        print("fake: I die", file=sys.stderr)
        raise SystemExit(7)
    elif mode == "die-once" and count == 2:
        raise SystemExit(7)
    elif mode == "garbage":
        sys.stdout.write("what?\n")
        sys.stdout.flush()
    elif mode == "bytes":
        for byte in TEXT.encode():
            send("o", ident, bytes([byte]))
        end(ident, 0)
    elif mode in ("partial", "fail"):
        if mode == "partial":
            send("o", ident, "what could be read\n")
        send("e", ident, "goctx: half of it\u2026 is missing\nhint: look elsewhere\n")
        end(ident, 4 if mode == "partial" else 3)
    else:
        send("o", ident, f"{words}\n")
        end(ident, 0)


def on_interrupt(number: int, frame: object) -> None:
    global interrupted
    interrupted = True


def main() -> None:
    signal.signal(signal.SIGINT, on_interrupt)
    log("start", os.getpid(), *sys.argv[1:])
    if mode == "mute":
        print("fake: no such option", file=sys.stderr)
        raise SystemExit(2)
    print(f"goctx-serve {99 if mode == 'old' else 1} 0.0-fake", flush=True)
    count = 0
    while True:
        request = read_request(sys.stdin.buffer)
        if request is None:
            return
        count += 1
        log("request", *request[1])
        answer(*request, count)


if __name__ == "__main__":
    main()
