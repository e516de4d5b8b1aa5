"""Run the helper and read its answers.

    goctx = Goctx(binary)
    answer = goctx.run(core_target(core, exe), "list", "--json")
    answer.header.contexts, answer.contexts["0xc000..."].state, answer.status
    with goctx.serve(target) as server:        # one model, many questions
        server.ask("children", "0xc000...", "--json")

Every line of JSON becomes an object with the fields of the interface; a line
with a field missing, an unknown type, or no header first is a BadAnswer.
(Not called goctx: that is the name of the package in gdb/.)
"""

from __future__ import annotations

import json
import os
import re
import resource
import subprocess
import tempfile
import threading
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Sequence

OK, FAIL_ON, USAGE, UNREADABLE, PARTIAL = 0, 1, 2, 3, 4
TIMEOUT = 240.0  # seconds for one command: more is a hang
SANITIZED = {
    "ASAN_OPTIONS": "exitcode=99:detect_leaks=1:allocator_may_return_null=1",
    "UBSAN_OPTIONS": "halt_on_error=1:exitcode=98:print_stacktrace=1",
}


class BadAnswer(AssertionError):
    """What came is not what the interface promises."""


@dataclass(frozen=True)
class Header:
    """First line of every answer in JSON."""

    schema: int
    version: str
    command: str
    go: str | None
    arch: str | None
    exe: str | None
    target: str
    build_id_match: bool | None
    layout_source: str | None
    goroutines: int
    contexts: int
    damage: int


@dataclass(frozen=True)
class Context:
    """One context."""

    addr: str
    kind: str
    go_type: str
    name: str
    parent: str | None
    depth: int
    state: str | None
    err: str | None
    cause: str | None
    deadline: str | None
    deadline_left_ns: int | None
    children: int
    done: str | None
    tasks: int
    key: str | None
    value: str | None


@dataclass(frozen=True)
class Task:
    """One goroutine; labels only where the answer has them."""

    goid: int
    status: str
    wait_reason: str | None
    wait_ns: int | None
    system: bool
    func: str
    file: str
    line: int
    created_by: str | None
    created_file: str | None
    created_line: int | None
    parent_goid: int | None
    waits: list[dict[str, Any]]
    labels: dict[str, str] | None = None
    bubble: int | None = None


@dataclass(frozen=True)
class Edge:
    """A child under its parent."""

    parent: str
    child: str
    via: str


@dataclass(frozen=True)
class Frame:
    """One call of a stack."""

    goid: int
    index: int
    pc: str
    func: str
    file: str
    line: int
    inlined: bool


@dataclass(frozen=True)
class Note:
    """What could not be done or looks wrong."""

    level: str
    text: str


@dataclass(frozen=True)
class Finding:
    """What leaks and check say."""

    rule: str
    confidence: str
    signature: str
    summary: str
    unit: str
    count: int
    tasks: int
    bytes: int | None
    context: str | None
    contexts: list[str]
    goids: list[int]
    evidence: list[str]
    next: list[str]
    also: list[str] = field(default_factory=list)
    locations: list[dict[str, Any]] = field(default_factory=list)


RECORDS = {"header": Header, "context": Context, "task": Task, "edge": Edge, "frame": Frame,
           "note": Note,
           "finding": Finding}

OTHER = ("layout", "field", "variable", "member", "info", "path", "subject", "heap", "canceler", "group", "wait", "made", "site")


@dataclass
class Answer:
    """All that one command said."""

    status: int
    stderr: str
    text: str
    headers: list[Header] = field(default_factory=list)
    context_list: list[Context] = field(default_factory=list)
    task_list: list[Task] = field(default_factory=list)
    edges: list[Edge] = field(default_factory=list)
    frames: list[Frame] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    other: list[dict[str, Any]] = field(default_factory=list)  # types that few commands print

    @property
    def header(self) -> Header:
        """The first line."""
        if len(self.headers) != 1:
            raise BadAnswer(f"{len(self.headers)} headers; status {self.status}: {self.stderr}")
        return self.headers[0]

    @property
    def contexts(self) -> dict[str, Context]:
        """Contexts by address."""
        return {context.addr: context for context in self.context_list}

    @property
    def tasks(self) -> dict[int, Task]:
        """Goroutines by number."""
        return {task.goid: task for task in self.task_list}

    @property
    def damage(self) -> list[str]:
        """Texts of the notes about damage."""
        return [note.text for note in self.notes if note.level == "damage"]

    def read(self) -> Answer:
        """Take the lines of JSON apart; returns self."""
        kinds = {"header": self.headers, "context": self.context_list, "task": self.task_list,
                 "edge": self.edges, "frame": self.frames, "note": self.notes, "finding": self.findings}
        for number, line in enumerate(self.text.removesuffix("\n").split("\n")):
            try:
                record = json.loads(line)
                kind = record.pop("type")
                if kind in OTHER:
                    self.other.append({"type": kind, **record})
                    continue
                known = {one.name for one in fields(RECORDS[kind])}
                kinds[kind].append(  # type: ignore[attr-defined]
                    RECORDS[kind](**{k: v for k, v in record.items() if k in known}))
            except (ValueError, KeyError, TypeError, AttributeError) as why:
                raise BadAnswer(f"line {number}: {why!r} in {line[:300]!r}") from None
            if (number == 0) != (kind == "header"):
                raise BadAnswer(f"line {number} is a {kind}")
        return self


def without_target(text: str) -> str:
    """What GDB prints: the command line's `next` lines name the target, and stand one below the other."""
    text = re.sub(r"(\bgoctx \w+(?: \w+)?)((?: --(?:core|exe|pid|debug) \S+)+)$", r"\1", text, flags=re.M)
    return re.sub(r"(\bgoctx \w+(?: \w+)?)(?: ·)?\n +goctx ", r"\1 · goctx ", re.sub(r"(\bgoctx \w+(?: \w+)?)(?: ·)?\n +goctx ", r"\1 · goctx ", text))


def core_target(core: Path | str, exe: Path | str | None = None) -> list[str]:
    """Options for a core file."""
    return ["--core", str(core)] + (["--exe", str(exe)] if exe else [])


def pid_target(pid: int) -> list[str]:
    """Options for a process."""
    return ["--pid", str(pid)]


@dataclass(frozen=True)
class Goctx:
    """A helper program, perhaps one with sanitizers; prefix is a command that runs it."""

    binary: Path
    prefix: tuple[str, ...] = ()

    def run(self, target: Sequence[str], *command: str, timeout: float = TIMEOUT,
            data_limit: int | None = None) -> Answer:
        """Run one command.

        subprocess.TimeoutExpired when it hangs, BadAnswer when it dies of a
        signal or a sanitizer has something to say.  data_limit bounds its
        private memory, in bytes.
        """
        def limit() -> None:
            if data_limit is not None:
                resource.setrlimit(resource.RLIMIT_DATA, (data_limit, data_limit))

        done = subprocess.run([*self.prefix, str(self.binary), *target, *command], check=False,
                              stdin=subprocess.DEVNULL, capture_output=True, timeout=timeout,
                              env={**os.environ, **SANITIZED}, preexec_fn=limit)
        answer = Answer(done.returncode, done.stderr.decode(errors="replace"),
                        done.stdout.decode(errors="surrogateescape"))
        if done.returncode < 0 or done.returncode > PARTIAL:
            raise BadAnswer(f"{command}: exit status {done.returncode}: {answer.stderr[-6000:]}")
        if "Sanitizer" in answer.stderr or "runtime error:" in answer.stderr:
            raise BadAnswer(f"{command}: {answer.stderr[-6000:]}")
        return answer.read() if "--json" in command and answer.text else answer

    def serve(self, target: Sequence[str]) -> Server:
        """Start a helper that answers many questions; a context manager."""
        return Server(self.binary, target)


class Server:
    """A `goctx serve`; its model is read once.  See dwarf-helper/src/main/serve.h."""

    def __init__(self, binary: Path, target: Sequence[str]) -> None:
        self._stderr = tempfile.TemporaryFile()
        self._proc = subprocess.Popen([str(binary), *target, "serve"], stdin=subprocess.PIPE,
                                      stdout=subprocess.PIPE, stderr=self._stderr,
                                      env={**os.environ, **SANITIZED})
        self._ident = 0
        self._expect(self._line().startswith("goctx-serve 1 "), "no greeting")

    def __enter__(self) -> Server:
        return self

    def __exit__(self, failed: object, *_: object) -> None:
        try:
            if failed is None:
                self._quit()
        finally:
            self._proc.kill()
            self._proc.wait()
            for stream in (self._proc.stdin, self._proc.stdout, self._stderr):
                if stream:
                    stream.close()

    def _quit(self) -> None:
        """End it as one should; it must have nothing to complain about."""
        self.ask("@quit")
        status = self._proc.wait(TIMEOUT)
        self._expect(status == 0, f"exit status {status}")
        self._stderr.seek(0)
        said = self._stderr.read()
        self._expect(b"Sanitizer" not in said and b"runtime error:" not in said, "a sanitizer")

    def ask(self, *command: str, timeout: float = TIMEOUT) -> Answer:
        """Run one command; a helper that hangs is killed, which is a BadAnswer."""
        late: list[str] = []

        def end() -> None:
            late.append(f"no answer within {timeout:.0f} s")
            self._proc.kill()

        watchdog = threading.Timer(timeout, end)
        watchdog.start()
        try:
            return self._ask(command)
        except BadAnswer as why:
            raise BadAnswer(f"{' '.join(command)}: {late[0] if late else why}") from None
        finally:
            watchdog.cancel()

    def _ask(self, command: Sequence[str]) -> Answer:
        assert self._proc.stdin and self._proc.stdout
        self._ident += 1
        body = b"".join(word.encode() + b"\0" for word in command)
        try:
            self._proc.stdin.write(b"%d %d %d\n" % (self._ident, len(command), len(body)) + body)
            self._proc.stdin.flush()
        except BrokenPipeError:
            self._expect(False, "it is gone")
        parts: dict[str, bytes] = {"o": b"", "e": b""}
        while True:
            words = self._line().split()
            self._expect(len(words) == 3 and words[1] == str(self._ident),
                         "it died" if not words else f"frame {words}")
            if words[0] == "x":
                break
            parts[words[0]] += self._proc.stdout.read(int(words[2]))
        answer = Answer(int(words[2]), parts["e"].decode(errors="replace"),
                        parts["o"].decode(errors="surrogateescape"))
        return answer.read() if "--json" in command and answer.text else answer

    def _line(self) -> str:
        assert self._proc.stdout
        return self._proc.stdout.readline().decode()

    def _expect(self, right: bool, what: str) -> None:
        if not right:
            self._stderr.seek(0)
            said = self._stderr.read().decode(errors="replace")
            raise BadAnswer(f"serve: {what}: {said[-6000:]}")
