"""Drive GDB in batch mode, with everything pinned that could change its output.

    result = run(["goctx info"], exe=exe, core=core)
    result.status, result.out, result.err
    first, second = session(["goctx info", "goctx tree"], exe=exe, core=core)

goctx-gdb.py is loaded first.  No user's files are read, terminal, language and
width are fixed, and scripts of Go's own are not loaded.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Iterator, Mapping, Sequence

ROOT = Path(__file__).resolve().parents[2]
LOADER = ROOT / "gdb" / "goctx-gdb.py"
TIMEOUT = 240.0
_MARK = "@@goctx-test@@"


# A signal, as Go preempts by, lets a thread come to a breakpoint again: for programs that count their stops.
ONCE = {"GODEBUG": "asyncpreemptoff=1"}


def helper() -> Path:
    """The helper that is tested: $GOCTX_HELPER, else build/goctx."""
    return Path(os.environ.get("GOCTX_HELPER") or ROOT / "build" / "goctx")


def gdb() -> str:
    """The GDB that is tested: $GOCTX_GDB, else the one in PATH."""
    return os.environ.get("GOCTX_GDB") or "gdb"


@dataclass(frozen=True)
class Result:
    """What GDB printed, and its exit status."""

    out: str
    err: str
    status: int


def environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """A small environment that is the same on every machine."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in os.environ}
    fixed = {"TERM": "dumb", "LANG": "C.UTF-8", "LC_ALL": "C.UTF-8", "GOCTX_HELPER": str(helper())}
    return {**kept, **fixed, **(extra or {})}


def command_line(commands: Sequence[str], *, exe: Path | None = None, core: Path | None = None,
                 pid: int | None = None, load: bool = True, batch: bool = True) -> list[str]:
    """The words of a call of GDB; batch mode, or commands and then a prompt."""
    words = [gdb(), "-nx", "-q", *(["-batch"] if batch else [])]
    for setting in ("auto-load no", "confirm off", "debuginfod enabled off",
                    "startup-with-shell off"):
        words += ["-iex", f"set {setting}"]
    if load:
        words += ["-x", str(LOADER)]
    for command in commands:
        words += ["-ex", command]
    if pid is not None:
        words += ["-p", str(pid)]
    if core and not exe:
        words.append("-c")
    return words + [str(path) for path in (exe, core) if path]


def run(commands: Sequence[str], *, exe: Path | None = None, core: Path | None = None,
        pid: int | None = None, env: Mapping[str, str] | None = None, load: bool = True,
        cwd: Path | None = None) -> Result:
    """Run commands in a GDB of their own."""
    done = subprocess.run(command_line(commands, exe=exe, core=core, pid=pid, load=load),
                          env=environment(env), cwd=cwd, stdin=subprocess.DEVNULL,
                          capture_output=True, timeout=TIMEOUT, check=False)
    return Result(done.stdout.decode(), done.stderr.decode(), done.returncode)


def session(commands: Sequence[str], **where: object) -> list[str]:
    """What each of the commands printed on stdout."""
    fenced = [word for command in commands for word in (command, f"echo {_MARK}\\n")]
    result = run([f"echo {_MARK}\\n", *fenced], **where)  # type: ignore[arg-type]
    parts = result.out.split(f"{_MARK}\n")
    assert len(parts) == len(commands) + 2, result
    return parts[1:-1]


@contextlib.contextmanager
def started(commands: Sequence[str], *, exe: Path | None = None, core: Path | None = None, pid: int | None = None,
            env: Mapping[str, str] | None = None,
            batch: bool = True) -> Iterator[subprocess.Popen[bytes]]:
    """A GDB that runs while the block does; killed at its end if need be."""
    proc = subprocess.Popen(command_line(commands, exe=exe, core=core, pid=pid, batch=batch),
                            env=environment(env), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE, start_new_session=True)
    try:
        yield proc
    finally:
        if proc.poll() is None:
            os.killpg(proc.pid, signal.SIGKILL)  # a gdbserver of its own, too, which would spin on
        proc.communicate()


def interrupt_when(proc: subprocess.Popen[bytes], log: Path, word: str) -> None:
    """Send SIGINT to GDB once a word stands in a file."""
    wait_for(lambda: log.exists() and word in log.read_text())
    time.sleep(0.2)  # for GDB to have begun to wait; earlier would do, and test less
    proc.send_signal(signal.SIGINT)


def wait_for(what: object, seconds: float = 240.0) -> None:
    """Wait until a function gives true."""
    end = time.monotonic() + seconds
    while not what():  # type: ignore[operator]
        if time.monotonic() > end:
            raise AssertionError("waited in vain")
        time.sleep(0.01)


def missing() -> str | None:
    """Why GDB cannot be tested here; None when it can."""
    if not shutil.which(gdb()):
        return f"{gdb()} is not installed"
    if not helper().is_file():
        return f"{helper()} is not built"
    return None
