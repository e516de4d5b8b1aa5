"""Put program places somewhere, and show goctx what is there: the machinery of test_places.py.

A Row says how the program is built, started, changed on disk and looked at,
and what goctx must do there.  show(row, folder) yields a Seen: the options for
goctx, the program's truth, and what to look after at the end.  What this
machine does not allow raises build.Unavailable.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import resource
import shutil
import signal
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Callable, Iterator, Mapping

import build
import helper
import toolchains
from agree import contexts_agree, left_alone, runs_on, state_of, tasks_agree

QUESTIONS = (("list",), ("tasks",), ("leaks",))
MAX_MAP_COUNT = Path("/proc/sys/vm/max_map_count")


# -- what goctx must do -------------------------------------------------------


@dataclass(frozen=True)
class Right:
    """Answer, and say what the program says; with these notes (patterns) and no others."""

    notes: tuple[str, ...] = ()
    build_id: bool | None = True  # of a core: whether the header tells that it matches

    def judge(self, goctx: helper.Goctx, seen: Seen) -> list[str]:
        """What differs from the truth."""
        header = {"notes": self.notes, "build_id": self.build_id}
        out = contexts_agree(goctx, seen.options, seen.truth, **header)
        out += tasks_agree(goctx, seen.options, seen.truth, seen.moved, **header)
        return out + self._lost(goctx, seen)

    def _lost(self, goctx: helper.Goctx, seen: Seen) -> list[str]:
        """`leaks`: the contexts that the program says nobody can cancel, all of them, certainly."""
        answer = goctx.run(seen.options, "leaks", "--json", "--limit", "0")
        wanted = sorted(one for told in seen.truth.other if told["type"] == "lost"
                        for one in told["contexts"])
        got = sorted(one for found in answer.findings for one in found.contexts
                     if (found.rule, found.confidence) == ("lost-cancel", "certain"))
        out = [] if got == wanted else [f"leaks: certainly lost are {got}, not {wanted}"]
        return out + ([] if answer.status == helper.OK else [f"leaks: status {answer.status}"])


@dataclass(frozen=True)
class Refused:
    """Answer nothing, exit 3, and say why: a pattern; and what to do, when there is a hint."""

    says: str
    hint: str = ""

    def judge(self, goctx: helper.Goctx, seen: Seen) -> list[str]:
        """What is not refused, or not like that."""
        out = []
        for question in QUESTIONS:
            answer = goctx.run(seen.options, *question)
            text = answer.stderr
            reason = re.match(r"goctx: (.*)\n(?:hint: (.*)\n)?\Z", text)
            if answer.status != helper.UNREADABLE or answer.text:
                out.append(f"{question}: status {answer.status}: {answer.text[:300]} {text}")
            elif not reason or not re.search(self.says, reason[1]):
                out.append(f"{question}: the reason is not {self.says!r}: {text}")
            elif self.hint and not re.search(self.hint, reason[2] or ""):
                out.append(f"{question}: the hint is not {self.hint!r}: {text}")
        return out


@dataclass(frozen=True)
class Partly:
    """Answer in part, exit 4, and say why: a pattern.  What is answered is right.

    `leaks`, which needs the whole heap, may refuse.
    """

    says: str

    def judge(self, goctx: helper.Goctx, seen: Seen) -> list[str]:
        """What is said without a reason, and what is false."""
        out = []
        known, goids = seen.truth.by_addr(), seen.truth.by_goid()
        for question in QUESTIONS:
            answer = goctx.run(seen.options, *question, "--json", "--limit", "0")
            reasons = [note.text for note in answer.notes] + answer.stderr.splitlines()
            refused = question == ("leaks",) and answer.status == helper.UNREADABLE
            if answer.status != helper.PARTIAL and not refused:
                out.append(f"{question}: status {answer.status}: {reasons}")
            if not any(re.search(self.says, reason) for reason in reasons):
                out.append(f"{question}: no reason is {self.says!r}: {reasons}")
            for one in answer.context_list:
                if one.addr not in known or one.kind != known[one.addr].kind:
                    out.append(f"{question}: {one.addr}, {one.kind}, is none of the program's")
            out += [f"{question}: there is no goroutine {task.goid}" for task in answer.task_list
                    if task.goid not in goids]
            out += [f"{question}: {found.rule} is certain of a part" for found in answer.findings
                    if found.confidence == "certain" and found.rule in ("lost-cancel", "stuck-task")]
        return out


Expect = Right | Refused | Partly


# -- a row, and what comes of it ----------------------------------------------


@dataclass
class Stage:
    """Where one row is played."""

    row: Row
    folder: Path
    exe: Path  # the program's executable, in the folder
    stack: contextlib.ExitStack
    env: dict[str, str] = field(default_factory=dict)
    cwd: Path = Path()
    kept: Path = Path()  # a copy of the executable that nothing happens to

    def command(self, exe: Path | str | None = None) -> list[str]:
        """The program and its arguments."""
        return [str(exe or self.exe), *self.row.args]

    def build(self, program: str, variant: str) -> Path:
        """Something else of the row's release."""
        return build.build(program, self.row.version, variant)


@dataclass
class Seen:
    """What goctx is asked about, and what it must say."""

    options: list[str]
    truth: build.Truth
    moved: list[int]  # goroutines that are not any more where the truth has them
    after: Callable[[], list[str]] = list  # differences that show when all is asked


Launch = Callable[[Stage], list[str]]  # the command that runs the program
Change = Callable[[Stage], None]  # of the executable on disk
Look = Callable[[Stage, build.Run, int], Seen]  # of the process of that number


@dataclass(frozen=True)
class Row:
    """One place."""

    name: str
    expect: Expect
    version: str = toolchains.DEFAULT_VERSIONS[-1]
    how: str | Callable[[str], str] = "default"  # of building; of the release when it is a function
    args: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    launch: Launch = Stage.command
    meanwhile: Change | None = None  # while the program runs
    look: Look | None = None  # a live process when None
    afterwards: Change | None = None  # once goctx has something to look at
    exe: str = ""  # to be named with --exe: kept, twin
    quick: bool = False


@contextlib.contextmanager
def show(row: Row, folder: Path) -> Iterator[Seen]:
    """Play a row; the program ends with the block."""
    with contextlib.ExitStack() as stack:
        how = row.how if isinstance(row.how, str) else row.how(row.version)
        built = build.build("places", row.version, how)
        stage = Stage(row, folder, folder / "places", stack, dict(row.env), folder / "cwd", built)
        stage.cwd.mkdir()
        shutil.copy(built, stage.exe)
        command = row.launch(stage)
        run = build.start(Path(command[0]), command[1:], cwd=stage.cwd, core=True,
                          env={"GOTRACEBACK": "crash", **stage.env})
        stack.callback(build.stop, run.proc)
        if row.meanwhile:
            row.meanwhile(stage)
        seen = (row.look or live)(stage, run, process_of(run))
        if row.afterwards:
            row.afterwards(stage)
        if row.exe:
            named = stage.kept if row.exe == "kept" else stage.build("places", row.exe)
            seen.options += ["--exe", str(named)]
        yield seen


def process_of(run: build.Run) -> int:
    """The program itself, where something that started it is still there."""
    inner = [pid for pid in build.descendants(run.pid)
             if re.search(rf"(?m)^NSpid:.*\t{run.truth.pid}$", Path(f"/proc/{pid}/status").read_text())]
    return inner[-1] if inner else run.pid


def moving(truth: build.Truth) -> list[int]:
    """The goroutine that collects all the time."""
    return [task.goid for task in truth.tasks if task.label == "collects"]


# -- ways to look -------------------------------------------------------------


def live(_: Stage, run: build.Run, pid: int) -> Seen:
    """The process; it must run on and end by itself."""
    def after() -> list[str]:
        return left_alone(pid) + runs_on(run)
    return Seen(helper.pid_target(pid), run.truth, moving(run.truth), after)


def stopped(_: Stage, run: build.Run, pid: int) -> Seen:
    """The process, stopped by SIGSTOP; it must stay so, and run on when it is let."""
    os.kill(pid, signal.SIGSTOP)
    os.waitid(os.P_PID, pid, os.WSTOPPED)

    def after() -> list[str]:
        states = {state_of(int(task.name))["State"] for task in Path(f"/proc/{pid}/task").iterdir()}
        os.kill(pid, signal.SIGCONT)
        os.waitid(os.P_PID, pid, os.WCONTINUED)
        return ([] if states == {"T (stopped)"} else [f"stopped threads are {states}"]) + runs_on(run)
    return Seen(helper.pid_target(pid), run.truth, moving(run.truth), after)


def kernel(signum: int = signal.SIGABRT, *, dumps: int | None = None) -> Look:
    """The kernel's core of a signal from outside; dumps is the process's coredump_filter."""
    def look(stage: Stage, run: build.Run, pid: int) -> Seen:
        build.core_pattern()
        if dumps is not None:
            Path(f"/proc/{pid}/coredump_filter").write_text(f"{dumps:#x}")
        os.kill(pid, signum)
        core = build.fallen(run, stage.cwd)
        return Seen(helper.core_target(core), run.truth, moving(run.truth))
    return look


def ended(stage: Stage, run: build.Run, pid: int) -> Seen:
    """The kernel's core of an end of the program's own making (-end); memory is short then."""
    build.core_pattern()
    size = int(state_of(pid)["VmSize"].split()[0]) << 10
    if "-end=memory" in stage.row.args:
        resource.prlimit(pid, resource.RLIMIT_AS, (size + (256 << 20),) * 2)
    assert run.proc.stdin
    run.proc.stdin.close()
    core = build.fallen(run, stage.cwd)
    waiter = [task.goid for task in run.truth.tasks if task.func.endswith("truth.waitForInput")]
    return Seen(helper.core_target(core), run.truth, moving(run.truth) + waiter)


def cut(percent: int) -> Look:
    """The first part of a core, as a full disk leaves it."""
    def look(stage: Stage, run: build.Run, pid: int) -> Seen:
        seen = kernel()(stage, run, pid)
        core = seen.options[1]
        os.truncate(core, os.stat(core).st_size * percent // 100)
        return seen
    return look


def by_gcore(stage: Stage, run: build.Run, pid: int) -> Seen:
    """GDB's core of a process that runs on."""
    core = build.gcore(pid, stage.folder / "core")
    return Seen(helper.core_target(core), run.truth, moving(run.truth), lambda: runs_on(run))


def by_dlv(stage: Stage, run: build.Run, pid: int) -> Seen:
    """What delve's command dump writes."""
    dlv = toolchains.ensure(["dlv"])["dlv"]
    if not dlv:
        raise build.Unavailable(f"dlv: {toolchains.reasons().get('dlv', 'missing')}")
    core, script = stage.folder / "core", stage.folder / "script"
    script.write_text(f"dump {core}\nexit\n")
    done = subprocess.run([dlv, "attach", "--check-go-version=false", "--init", script,
                           "--allow-non-terminal-interactive=true", str(pid)], text=True, check=False,
                          input="n\n", stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          env={**os.environ, "HOME": str(stage.folder)}, timeout=build.CORE_TIMEOUT)
    if not core.exists():
        raise RuntimeError(f"dlv wrote nothing: {done.stdout[-1000:]}")
    return Seen(helper.core_target(core), run.truth, moving(run.truth), lambda: runs_on(run))


# -- what happens to the executable -------------------------------------------


def deleted(stage: Stage) -> None:
    """It is there no more."""
    stage.exe.unlink()


def replaced(stage: Stage) -> None:
    """As a deployment does it: the program after a change, under the same name."""
    new = stage.folder / "new"
    shutil.copy(stage.build("places", "twin"), new)
    os.replace(new, stage.exe)


def renamed(stage: Stage) -> None:
    """It has another name."""
    os.replace(stage.exe, stage.folder / "places.old")


# -- ways to start ------------------------------------------------------------

IN_MEMORY = """
import os, shutil, sys
fd = os.memfd_create("program")
with open(sys.argv[1], "rb") as exe, open(os.dup(fd), "wb") as to:
    shutil.copyfileobj(exe, to)
os.execve(fd, sys.argv[1:], os.environ)
"""


def symlinked(stage: Stage) -> list[str]:
    """By a link."""
    link = stage.folder / "link"
    link.symlink_to(stage.exe)
    return stage.command(link)


def in_memory(stage: Stage) -> list[str]:
    """From a memfd: no file has it."""
    return [sys.executable, "-c", IN_MEMORY, *stage.command()]


def allowed(*command: str) -> None:
    """Whether this may be done here."""
    if not shutil.which(command[0]):
        raise build.Unavailable(f"{command[0]} is not installed")
    done = subprocess.run(command, text=True, capture_output=True, stdin=subprocess.DEVNULL, check=False)
    if done.returncode:
        raise build.Unavailable(f"{' '.join(command[:3])}: {done.stderr.strip()}")


def pid_namespace(stage: Stage) -> list[str]:
    """In a namespace of pids of its own, as number 2: 1 cannot die of a signal of its own."""
    unshare = ["unshare", "--fork", "--kill-child", "--pid", "--mount-proc"]
    allowed(*unshare, "true")
    return [*unshare, "sh", "-c", '"$0" "$@"; exit $?', *stage.command()]


def mount_namespace(stage: Stage) -> list[str]:
    """Its file is on a file system that only it sees."""
    unshare = ["unshare", "--mount", "--propagation", "private"]
    allowed(*unshare, "true")
    inner = stage.folder / "inner"
    inner.mkdir()
    script = 'mount -t tmpfs none "$0" && cp "$1" "$0/places" && shift && exec "$0/places" "$@"'
    return [*unshare, "sh", "-c", script, str(inner), *stage.command()]


def chrooted(stage: Stage) -> list[str]:
    """In another root; every path of its is another's."""
    root = stage.folder / "root"
    root.mkdir()
    stage.exe = stage.exe.rename(root / "program")
    stage.cwd = root  # where chroot(8) puts it, and the kernel its core
    allowed("chroot", str(root), "/program", "-h")
    return ["chroot", str(root), *stage.command("/program")]


def linked(stage: Stage) -> list[str]:
    """A C program, linked with the archive."""
    os.replace(stage.exe, stage.folder / "places.a")
    compile_c(stage, stage.exe, str(stage.folder / "places.a"), "-lpthread")
    stage.kept = stage.folder / "kept"
    shutil.copy(stage.exe, stage.kept)
    return stage.command()


def hosted(stage: Stage) -> list[str]:
    """A C program, which loads the shared object."""
    library = stage.folder / "libplaces.so"
    os.replace(stage.exe, library)
    compile_c(stage, stage.exe, "-DSHARED", "-ldl")
    stage.env["GOCTX_LIBRARY"] = str(library)
    return stage.command()


def compile_c(stage: Stage, exe: Path, *options: str) -> None:
    """Make the C program of programs/places."""
    source = build.source_dir("places") / "host" / "host.c"
    subprocess.run(["gcc", "-g", "-Wl,--build-id", "-o", exe, source, *options], check=True, text=True,
                   capture_output=True)


def loading(variant: str) -> Launch:
    """Go code that is loaded: a plugin, or a library of C's kind."""
    def launch(stage: Stage) -> list[str]:
        name = stage.folder / f"plugged.{variant}"
        shutil.copy(stage.build("plugged", variant), name)
        return [*stage.command(), "-load", str(name)]
    return launch


def roomy(stage: Stage) -> list[str]:
    """With room for more mappings than the kernel allows by default."""
    stage.stack.enter_context(more_mappings(100_000))
    return stage.command()


@contextlib.contextmanager
def more_mappings(wanted: int) -> Iterator[None]:
    """Lift the kernel's limit for as long as the block runs; one test at a time."""
    with open(toolchains.cache_dir() / "mappings.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        before = MAX_MAP_COUNT.read_text()
        if int(before) >= wanted:
            yield
            return
        try:
            MAX_MAP_COUNT.write_text(str(wanted))
        except OSError as why:
            raise build.Unavailable(f"vm.max_map_count is {before.strip()}: {why.strerror}") from None
        try:
            yield
        finally:
            MAX_MAP_COUNT.write_text(before)


# -- GOEXPERIMENT -------------------------------------------------------------


NO_EXPERIMENTS = {
    "regabiwrappers": "amd64 has no other ABI", "regabiargs": "amd64 has no other ABI",
    "boringcrypto": "another library, which needs cgo", "coverageredesign": "of -cover alone",
    "staticlockranking": "the runtime's check of itself", "fieldtrack": "a list that the linker writes",
    "preemptibleloops": "other code for loops",
}


def experiments(version: str) -> tuple[str, str]:
    """GOEXPERIMENT with all that a release offers and does not do by itself, and without all that it does.

    Read from the release's own source: internal/goexperiment/flags.go and
    the baseline of internal/buildcfg/exp.go.
    """
    go = toolchains.go(version)
    if not go:
        raise build.Unavailable(f"go {version}: {toolchains.reasons().get(version, 'missing')}")
    source = go.parent.parent / f"usr/share/go-{version}/src/internal"
    every = re.findall(r"(?m)^\t([A-Z]\w*)\s+bool$", (source / "goexperiment/flags.go").read_text())
    baseline = (source / "buildcfg/exp.go").read_text().split("baseline := goexperiment.Flags{")[1]
    usual = re.findall(r"(?m)^\t+(\w+):\s", baseline.split("}")[0])
    every = [name for name in every if name.lower() not in NO_EXPERIMENTS]
    return (",".join(name.lower() for name in every if name not in usual),
            ",".join(f"no{name.lower()}" for name in every if name in usual))


def experiment(side: int, how: str = "default") -> Callable[[str], str]:
    """All that are new (0), or none of those that are usual (1), as a way of building."""
    return lambda version: f"{how}+GOEXPERIMENT={experiments(version)[side]}"
