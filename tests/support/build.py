"""Build the target programs, run them, and take cores of them.

    exe = build("kinds", "1.24", "noopt")           # cached by content
    with running(exe) as run:                       # printed READY, at rest
        run.truth.contexts, run.truth.tasks, run.pid
        core = gcore(run.pid, folder / "core")
    died = some_core(exe, [], folder)               # SIGABRT; died.core, died.truth

Programs are the folders of tests/programs, or any folder of a Go program.
They print what they know of themselves as JSON lines (package truth there says
what each field means), then READY, and block until their standard input is
closed.  What cannot be done on this machine raises toolchains.Unavailable with
the reason, which a test turns into a skip that names it.
"""

from __future__ import annotations

import contextlib
import dataclasses
import fcntl
import glob
import hashlib
import json
import os
import re
import resource
import select
import shutil
import signal
import subprocess
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Iterator, Mapping, NamedTuple, Sequence

try:
    from . import toolchains
except ImportError:  # run with tests/support itself on the path
    import toolchains  # type: ignore[no-redef]

Unavailable = toolchains.Unavailable

PROGRAMS_DIR = Path(__file__).resolve().parent.parent / "programs"
PROGRAMS = ("kinds", "tree", "waiters")
READY_TIMEOUT = 240.0  # seconds for a program to come to rest
CORE_TIMEOUT = 300.0  # seconds for a core to be written


@dataclass(frozen=True)
class Variant:
    """One way of building: flags of go build, whether C is linked in, and GOEXPERIMENT."""

    flags: tuple[str, ...] = ()
    cgo: bool = False
    experiment: str = ""


VARIANTS: Mapping[str, Variant] = {
    "default": Variant(),
    "noopt": Variant(("-gcflags=all=-N -l",)),
    "pie": Variant(("-buildmode=pie",)),
    "cgo": Variant(("-tags=goctx_cgo",), cgo=True),
    "c-shared": Variant(("-buildmode=c-shared",), cgo=True),
    "plugin": Variant(("-buildmode=plugin",), cgo=True),
    "nodwarf": Variant(("-ldflags=-w",)),
    "stripped": Variant(("-ldflags=-s -w",)),
    "leakprofile": Variant(experiment="goroutineleakprofile"),  # Go 1.26; later ones have it
    "race": Variant(("-race",), cgo=True),
    "race-cgo": Variant(("-race", "-tags=goctx_cgo"), cgo=True),
    "asan": Variant(("-asan",), cgo=True),
    "cover": Variant(("-cover",)),  # Go 1.20
    "trimpath": Variant(("-trimpath",)),
    "c-archive": Variant(("-buildmode=c-archive",), cgo=True),
    "load": Variant(("-tags=goctx_load",), cgo=True),  # loads plugins and libraries
    "twin": Variant(("-tags=goctx_twin",)),  # the same program after a change
}


def variant_of(name: str) -> Variant:
    """The way of building of that name: a row of VARIANTS, with "+GOEXPERIMENT=" and words behind it or without."""
    row, plus, experiment = name.partition("+GOEXPERIMENT=")
    return dataclasses.replace(VARIANTS[row], experiment=experiment) if plus else VARIANTS[row]


# -- truth ------------------------------------------------------------------


@dataclass(frozen=True)
class ContextTruth:
    """A context as its program sees it; see Context in package truth."""

    addr: str
    label: str
    kind: str
    go_type: str
    name: str
    parent: str | None
    state: str | None
    err: str | None
    cause: str | None
    own_cause: str | None
    deadline: str | None
    children: list[str] | None
    done: str | None
    key: str | None
    key_type: str | None
    value: str | None
    value_type: str | None


@dataclass(frozen=True)
class TaskTruth:
    """A goroutine as its program sees it; see Task in package truth."""

    goid: int
    label: str
    status: str
    fickle: bool
    wait_reason: str | None
    locked: bool
    func: str
    file: str
    line: int
    created_by: str | None
    created_file: str | None
    created_line: int | None
    parent_goid: int | None
    stack: list[str]
    frames: list[dict[str, Any]]
    elided: int
    elided_at: int
    waits: list[dict[str, str]] | None
    waits_ctx: list[str] | None
    labels: dict[str, str] | None


@dataclass
class Truth:
    """Everything that a program said before READY."""

    go: str = ""
    program: str = ""
    pid: int = 0
    begun: float = 0.0  # seconds since 1970 when it was about to be started
    contexts: list[ContextTruth] = field(default_factory=list)
    tasks: list[TaskTruth] = field(default_factory=list)
    other: list[dict[str, Any]] = field(default_factory=list)

    def context(self, label: str) -> ContextTruth:
        """The one context of that label; KeyError when there is none."""
        return _only(self.contexts, label)

    def task(self, label: str) -> TaskTruth:
        """The one goroutine of that label; KeyError when there is none."""
        return _only(self.tasks, label)

    def by_addr(self) -> dict[str, ContextTruth]:
        """Contexts by address ("background" and "todo" are addresses too)."""
        return {context.addr: context for context in self.contexts}

    def by_goid(self) -> dict[int, TaskTruth]:
        """Goroutines by number."""
        return {task.goid: task for task in self.tasks}

    def add(self, line: str) -> None:
        """Take in one line of a program's output."""
        try:
            record = json.loads(line)
            kind = record.pop("type")
        except (ValueError, KeyError, AttributeError):
            raise RuntimeError(f"no line of truth: {line!r}") from None
        if kind == "context":
            self.contexts.append(ContextTruth(**record))
        elif kind == "task":
            self.tasks.append(TaskTruth(**record))
        elif kind == "header":
            self.go, self.program, self.pid = record["go"], record["program"], record["pid"]
        else:
            self.other.append({"type": kind, **record})

    def problems(self) -> list[str]:
        """Contradictions inside of the truth itself; there must be none."""
        found = []
        known = self.by_addr()
        if len(known) != len(self.contexts):
            found.append("an address is told twice")
        if len(self.by_goid()) != len(self.tasks):
            found.append("a goroutine is told twice")
        for context in self.contexts:
            if context.parent is not None and context.parent not in known:
                found.append(f"{context.addr}: parent {context.parent} is not told")
            for child in context.children or ():
                if child not in known:
                    found.append(f"{context.addr}: child {child} is not told")
                elif known[child].state != "active":
                    found.append(f"{context.addr}: child {child} is {known[child].state}")
            if context.children and context.state != "active":
                found.append(f"{context.addr}: {context.state}, with children")
        for task in self.tasks:
            if not task.frames or len(task.frames) != len(task.stack):
                found.append(f"goroutine {task.goid}: no stack")
            for addr in task.waits_ctx or ():
                if addr not in known:
                    found.append(f"goroutine {task.goid}: waits on {addr}, which is not told")
        return found


def _only(records: Sequence[Any], label: str) -> Any:
    found = [record for record in records if record.label == label]
    if len(found) != 1:
        raise KeyError(f"{len(found)} records have the label {label!r}")
    return found[0]


# -- building ---------------------------------------------------------------


def source_dir(program: str | Path) -> Path:
    """The folder of a program: a name in tests/programs, or a path."""
    folder = PROGRAMS_DIR / program if isinstance(program, str) else program.resolve()
    if not folder.is_dir():
        raise ValueError(f"there is no program {program}")
    return folder


def content_hash(folder: Path, *words: str) -> str:
    """A name for what a build depends on; line tables hold the path, too."""
    digest = hashlib.sha256("\0".join((str(folder), *words)).encode())
    inputs = sorted(folder.rglob("*"))
    if folder.parent == PROGRAMS_DIR:
        inputs += sorted((PROGRAMS_DIR / "truth").glob("*.go"))
    for path in inputs:
        if path.is_file():
            digest.update(f"\0{path}\0".encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def build(program: str | Path, version: str, variant: str = "default") -> Path:
    """Build a program with a Go release; returns the executable.

    Takes a moment when it is in the cache, seconds when not.  Raises
    Unavailable when the toolchain (or, for cgo, a C compiler) is missing, and
    RuntimeError with the compiler's words when the program does not build.
    """
    how = variant_of(variant)
    go = toolchains.go(version)
    if not go:
        raise Unavailable(f"go {version}: {toolchains.reasons().get(version, 'missing')}")
    if how.cgo and not shutil.which("gcc"):
        raise Unavailable("cgo needs gcc")
    folder = source_dir(program)
    origin = (go.parent.parent / "origin").read_text()
    key = content_hash(folder, origin, version, variant, *how.flags, *how.experiment.split())
    cache = toolchains.cache_dir() / "programs"
    exe = cache / f"{folder.name}-{version}-{variant.partition('+')[0]}-{key}" / folder.name
    if exe.exists():
        return exe
    exe.parent.mkdir(parents=True, exist_ok=True)
    with open(exe.parent / ".lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not exe.exists():
            _compile(go, folder, version, how, exe)
    return exe


def build_as(folder: Path, version: str, exe: Path, how: Variant = Variant()) -> Path:
    """Build a program to a path of its own, past the cache: for sources that a test edits."""
    go = toolchains.go(version)
    if not go:
        raise Unavailable(f"go {version}: {toolchains.reasons().get(version, 'missing')}")
    if how.cgo and not shutil.which("gcc"):
        raise Unavailable("cgo needs gcc")
    _compile(go, folder, version, how, exe)
    return exe


def _compile(go: Path, folder: Path, version: str, how: Variant, exe: Path) -> None:
    """Run go build into a file beside exe and move it there."""
    env = toolchains.go_env()
    env["CGO_ENABLED"] = "1" if how.cgo else "0"
    if "-asan" in how.flags:
        env["CC"] = "gcc"  # Debian's Go 1.27 has a longer name for it, by which go does not know what it is
    if how.experiment:
        env["GOEXPERIMENT"] = how.experiment
    with tempfile.TemporaryDirectory(dir=exe.parent) as tmp:
        command = [str(go), "build", "-p", "2", *how.flags, "-o", f"{tmp}/exe"]
        if folder.parent == PROGRAMS_DIR:
            # The release's own go.mod version: what the runtime does by
            # default, timers for one, depends on it.
            text = (PROGRAMS_DIR / "go.mod").read_text()
            (Path(tmp) / "go.mod").write_text(re.sub(r"(?m)^go .*$", f"go {version}", text))
            command.append(f"-modfile={tmp}/go.mod")
        done = subprocess.run([*command, "."], cwd=folder, env=env, text=True, check=False,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT)
        if done.returncode:
            raise RuntimeError(f"{folder.name} with go {version} does not build:\n{done.stdout}")
        os.replace(f"{tmp}/exe", exe)


# -- running ----------------------------------------------------------------


class Run(NamedTuple):
    """A program that is at rest, and what it said."""

    proc: subprocess.Popen[bytes]
    truth: Truth

    @property
    def pid(self) -> int:
        """The process id."""
        return self.proc.pid


def start(exe: Path, args: Sequence[str] = (), *, cwd: Path | None = None,
          env: Mapping[str, str] | None = None, core: bool = False,
          dump: int | None = None) -> Run:
    """Start a program and read its truth; returns when it is at rest.

    The caller owns the process and ends it with stop().  core lifts the limit
    on the size of a core that the kernel writes; dump is its coredump_filter
    (core(5): which kinds of memory go into it).
    """
    def lift_limit() -> None:
        resource.setrlimit(resource.RLIMIT_CORE, (resource.RLIM_INFINITY,) * 2)
        if dump is not None:
            Path("/proc/self/coredump_filter").write_text(f"{dump:#x}")

    errors, begun = tempfile.TemporaryFile(), time.time()
    proc = subprocess.Popen([str(exe), *args], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                            stderr=errors, cwd=cwd, env={**os.environ, **(env or {})},
                            preexec_fn=lift_limit if core else None)
    try:
        truth, ready = _read_truth(proc)
        truth.begun = begun
        _await_thread_end(proc.pid, ready)
        return Run(proc, truth)
    except BaseException as why:
        stop(proc)
        errors.seek(0)
        said = errors.read(4000).decode(errors="replace").strip()
        if said and isinstance(why, Exception):
            raise RuntimeError(f"{why}; it said: {said}") from why
        raise
    finally:
        errors.close()


def _read_truth(proc: subprocess.Popen[bytes]) -> tuple[Truth, str]:
    """Read lines until READY, which is returned."""
    truth = Truth()
    end = time.monotonic() + READY_TIMEOUT
    assert proc.stdout is not None
    pending = b""
    while True:
        left = end - time.monotonic()
        if left <= 0 or not select.select([proc.stdout], [], [], left)[0]:
            raise RuntimeError(f"not READY within {READY_TIMEOUT:.0f} s")
        chunk = os.read(proc.stdout.fileno(), 1 << 16)
        if not chunk:
            raise RuntimeError(f"ended before READY with status {proc.wait()}")
        *lines, pending = (pending + chunk).split(b"\n")
        for raw in lines:
            line = raw.decode()
            if line.startswith("READY"):
                return truth, line
            if line:
                truth.add(line)


def _await_thread_end(pid: int, ready: str) -> None:
    """Wait for the end of the thread that printed READY, when it is named."""
    named = re.fullmatch(r"READY tid=(\d+)", ready)
    if not named:
        return
    task = _thread(pid, int(named[1]))
    end = time.monotonic() + READY_TIMEOUT
    while task and task.exists():
        if time.monotonic() > end:
            raise RuntimeError(f"thread {named[1]} does not end")
        time.sleep(0.001)


def _thread(pid: int, tid: int) -> Path | None:
    """The thread that calls itself tid; of a descendant when it is in a namespace of pids of its own."""
    own = Path(f"/proc/{pid}/task/{tid}")
    if own.exists():
        return own
    for one in descendants(pid):
        for task in Path(f"/proc/{one}/task").glob("*"):
            with contextlib.suppress(OSError):
                if re.search(rf"(?m)^NSpid:.*\t{tid}$", (task / "status").read_text()):
                    return task
    return None


def descendants(pid: int) -> list[int]:
    """Processes that a process has started, and those of theirs."""
    found = []
    for task in Path(f"/proc/{pid}/task").glob("*"):
        with contextlib.suppress(OSError):
            for child in (task / "children").read_text().split():
                found += [int(child), *descendants(int(child))]
    return found


def stop(proc: subprocess.Popen[bytes]) -> None:
    """End a program: its input is closed, and it is killed if that is not enough."""
    for stream in (proc.stdin, proc.stdout):
        if stream:
            with contextlib.suppress(OSError):
                stream.close()
    try:
        proc.wait(2)
    except subprocess.TimeoutExpired:
        proc.kill()
        proc.wait()


@contextlib.contextmanager
def running(exe: Path, args: Sequence[str] = (), env: Mapping[str, str] | None = None) -> Iterator[Run]:
    """start() and, at the end of the block, stop()."""
    run = start(exe, args, env=env)
    try:
        yield run
    finally:
        stop(run.proc)


# -- cores ------------------------------------------------------------------


def gcore(pid: int, path: Path) -> Path:
    """Take a core of a live process with gdb's gcore; it runs on.  Pages of zeros take no space, as in the kernel's."""
    if not shutil.which("gcore"):
        raise Unavailable("gcore is not installed (package gdb)")
    with tempfile.TemporaryDirectory(dir=path.parent) as tmp:
        done = subprocess.run(["gcore", "-o", f"{tmp}/core", str(pid)], text=True, check=False,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, timeout=CORE_TIMEOUT)
        made = Path(tmp) / f"core.{pid}"
        if not made.exists():
            raise RuntimeError(f"gcore wrote nothing: {done.stdout.strip()[-1000:]}")
        subprocess.run(["fallocate", "--dig-holes", made], check=False)
        os.replace(made, path)
    return path


@dataclass(frozen=True)
class Died:
    """A program that has left a core behind."""

    core: Path
    truth: Truth


def core_pattern() -> str:
    """Where the kernel writes cores, as a pattern; Unavailable when it does not."""
    pattern = Path("/proc/sys/kernel/core_pattern").read_text().strip()
    if pattern.startswith("|"):
        raise Unavailable(f"cores go to a program: kernel.core_pattern is {pattern!r}")
    if not pattern:
        raise Unavailable("kernel.core_pattern is empty, so no cores are written")
    return pattern


def kernel_core(exe: Path, args: Sequence[str], folder: Path, dump: int | None = None) -> Died:
    """Let a program die of SIGABRT under GOTRACEBACK=crash in a new folder.

    The core is left in a folder below folder.  dump: as start().
    """
    core_pattern()  # before anything is started
    cwd = Path(tempfile.mkdtemp(prefix=f"{exe.name}-", dir=folder))
    run = start(exe, args, cwd=cwd, env={"GOTRACEBACK": "crash"}, core=True, dump=dump)
    try:
        return Died(abort(run, cwd), run.truth)
    finally:
        stop(run.proc)


def some_core(exe: Path, args: Sequence[str], folder: Path) -> Died:
    """A core by the kernel or, on a machine whose kernel leaves none, by gcore."""
    try:
        return kernel_core(exe, args, folder)
    except Unavailable as why:
        with running(exe, args) as run:
            try:
                core = gcore(run.pid, Path(tempfile.mkdtemp(prefix=exe.name, dir=folder)) / "core")
            except Unavailable as other:
                raise Unavailable(f"{why}; {other}") from None
            return Died(core, run.truth)


def abort(run: Run, cwd: Path) -> Path:
    """Let a program die of SIGABRT; returns the core that the kernel wrote.

    It must have been started with core=True and GOTRACEBACK=crash, in cwd.
    """
    core_pattern()
    run.proc.send_signal(signal.SIGABRT)
    return fallen(run, cwd)


def fallen(run: Run, cwd: Path) -> Path:
    """The core of a program that is about to die; as for abort()."""
    pattern = core_pattern()
    try:
        run.proc.wait(CORE_TIMEOUT)
    except subprocess.TimeoutExpired:
        raise RuntimeError(f"process {run.pid} does not die") from None
    literal = re.sub(r"%.", "\0", pattern)
    wanted = "*".join(glob.escape(part) for part in literal.split("\0"))
    base = cwd / wanted  # an absolute pattern replaces cwd
    found = [Path(name) for name in glob.glob(f"{base}*")
             if "%p" not in pattern or {str(run.pid), str(run.truth.pid)} & set(re.findall(r"\d+", name))]
    if not found:
        raise Unavailable(f"the kernel wrote no core (kernel.core_pattern is {pattern!r})")
    return max(found, key=lambda path: path.stat().st_mtime)


def main() -> int:
    """build.py PROGRAM VERSION [VARIANT]: build, run, and print a summary."""
    import argparse

    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("program")
    parser.add_argument("version")
    parser.add_argument("variant", nargs="?", default="default", choices=VARIANTS)
    parser.add_argument("args", nargs="*", help="of the program, after --")
    options = parser.parse_args()
    try:
        exe = build(options.program, options.version, options.variant)
    except Unavailable as why:
        print(f"skipped: {why}")
        return 1
    with running(exe, options.args) as run:
        truth = run.truth
    problems = truth.problems()
    print(f"{exe}: {len(truth.contexts)} contexts, {len(truth.tasks)} goroutines,"
          f" {len(problems)} problems")
    for problem in problems:
        print(f"  {problem}")
    return 1 if problems else 0


if __name__ == "__main__":
    raise SystemExit(main())
