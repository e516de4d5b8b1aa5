"""goctx frame: GDB's own frames of goroutines, on cores and live, against what the program says of itself."""

from __future__ import annotations

import fcntl
import os
import re
import resource
import shutil
import signal
import subprocess
from pathlib import Path
from typing import Iterator, NamedTuple

import pytest

import build
import gdbrun

HERE = Path(__file__).resolve().parent
VERSIONS = ("1.19", "1.23", "1.24", "1.27")
QUIET = ["set print frame-arguments none", "set print address off", "set width 0",
         "set print frame-info location"]

pytestmark = pytest.mark.skipif(bool(gdbrun.missing()), reason=str(gdbrun.missing()))


class Subject(NamedTuple):
    """A program to look at: where GDB finds it, and what it said."""

    where: dict[str, object]
    truth: build.Truth

    @property
    def locals(self) -> dict[str, dict[str, object]]:
        """What goroutines told of themselves, by label."""
        return {one["label"]: one for one in self.truth.other if one["type"] == "local"}

    @property
    def stacks(self) -> str:
        """All goroutines as runtime.Stack showed them."""
        (text,) = (one["text"] for one in self.truth.other if one["type"] == "stacks")
        return text


class Line(NamedTuple):
    """A frame: its function, and the line it stands at."""

    func: str
    line: int


_CALL = re.compile(r"^(?!created by|\t|\.\.\.|goroutine )(\S.*?)\(([^()]*(?:\{.*\})?[^()]*)\)\n\t.*:(\d+)(?: .*)?$",
                   re.MULTILINE)


def traceback(text: str, inlined: bool = True) -> dict[int, list[Line]]:
    """Frames by goroutine in a traceback of Go, those of the runtime left out.

    Args:
        inlined: with those that are inlined in others
    """
    found: dict[int, list[Line]] = {}
    for block in text.split("\n\n"):
        head = re.match(r"goroutine (\d+) .*\[.*\]:$", block.strip().partition("\n")[0])
        if head:
            frames = [Line(func, int(line)) for func, args, line in _CALL.findall(block)
                      if inlined or args != "..."]
            found[int(head[1])] = users(frames)
    return found


def users(frames: list[Line]) -> list[Line]:
    """Those that tracebacks of Go show: runtime/traceback.go, showframe()."""
    return [one for one in frames if "." in one.func and not one.func.startswith("runtime.")]


def backtrace(printed: str) -> list[Line]:
    """Frames of a `bt`, innermost first."""
    found = re.findall(r"^#\d+ +(?:0x\w+ in )?(.*?) \(.*\)(?: at .*:(\d+))?$", printed, re.MULTILINE)
    return users([Line(func, int(line or 0)) for func, line in found])


def by_goroutine(printed: str) -> dict[int, str]:
    """What `goctx frame all` printed for each."""
    return {int(goid): rest for goid, rest in
            re.findall(r"^goroutine (\d+) \[.*\]:\n((?:.+\n)*)", printed, re.MULTILINE)}


def exe_of(version: str, variant: str) -> Path:
    try:
        return build.build(HERE / "parked", version, variant)
    except build.Unavailable as why:
        pytest.skip(str(why))


@pytest.fixture(scope="module", params=["core", "live"])
def target(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture(scope="module", params=VERSIONS)
def parked(request: pytest.FixtureRequest, target: str,
           tmp_path_factory: pytest.TempPathFactory) -> Iterator[Subject]:
    """Program parked, built with cgo."""
    yield from subject(exe_of(request.param, "cgo"), target, tmp_path_factory)


@pytest.fixture(scope="module", params=VERSIONS)
def parked_noopt(request: pytest.FixtureRequest, target: str,
                 tmp_path_factory: pytest.TempPathFactory) -> Iterator[Subject]:
    """Program parked with all its variables."""
    yield from subject(exe_of(request.param, "noopt"), target, tmp_path_factory)


def subject(exe: Path, target: str, factory: pytest.TempPathFactory) -> Iterator[Subject]:
    if target == "core":
        died = build.some_core(exe, [], factory.mktemp("core"))
        yield Subject({"exe": exe, "core": died.core}, died.truth)
        died.core.unlink()
    else:
        with build.running(exe) as run:
            yield Subject({"pid": run.pid}, run.truth)


def said(commands: list[str], where: dict[str, object]) -> list[str]:
    """What the commands print, with everything off that is no part of a frame."""
    answers = gdbrun.session([*QUIET, *commands], **where)[len(QUIET):]
    # GDB says this of kernel cores whenever it sees a thread for the first time.
    return [re.sub(r"^warning: Section .* in core file too small\.\n", "", one, flags=re.MULTILINE)
            for one in answers]


def test_frames_are_those_of_the_program(parked: Subject) -> None:
    told = {goid: frames for goid, frames in traceback(parked.stacks).items() if goid != 1}
    running = parked.locals["running"]["goid"]
    assert len(told) >= 8 and all(told.values())
    (printed,) = said(["goctx frame all bt"], parked.where)
    found = {goid: backtrace(text) for goid, text in by_goroutine(printed).items()}
    assert set(told) <= set(found), printed
    assert {goid: found.get(goid) for goid in told if goid != running} == {
        goid: frames for goid, frames in told.items() if goid != running}
    # It goes on between its own print and ours: on another line, perhaps.
    assert [one.func for one in found[running]] == [one.func for one in told[running]]


def test_each_alone_is_as_among_all(parked: Subject) -> None:
    goids = [one["goid"] for one in parked.locals.values() if one["label"] != "running"]
    printed, *alone = said(["goctx frame all bt", *(f"goctx frame {goid} bt" for goid in goids)],
                           parked.where)
    assert [by_goroutine(printed)[goid] for goid in goids] == alone


def test_variables_have_their_values(parked_noopt: Subject) -> None:
    stated = parked_noopt.locals
    assert {"waiting", "select", "sleep", "syscall", "running"} <= set(stated)
    for one in stated.values():
        commands, expected = [f"goctx frame {one['goid']}", f"frame function {one['func']}"], []
        for name, value in one["values"].items():
            commands.append(f"print {name}")
            expected.append(value)
        printed = gdbrun.session(commands, **parked_noopt.where)[2:]
        assert [text.split(" = ")[-1].strip() for text in printed] == expected, one


# -- the program that crashed -----------------------------------------------


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("variant", ["default", "noopt", "cgo"])
def test_crash_has_the_frames_of_its_own_traceback(version: str, variant: str, tmp_path: Path) -> None:
    """The goroutine that fell, those that waited, and one that has never run."""
    exe = exe_of(version, variant)
    core, text = crash(exe, tmp_path)
    told = traceback(text)
    (printed,) = said(["goctx frame all bt"], {"exe": exe, "core": core})
    found = {goid: backtrace(frames) for goid, frames in by_goroutine(printed).items()}
    core.unlink()
    assert len(found) >= 7
    system = {goid for goid in told if goid not in found}
    assert all(not frames or frames[0].func.startswith("runtime.") for goid, frames in told.items()
               if goid in system), told
    assert {goid: told.get(goid) for goid in found} == found
    assert [one.func for one in found[1]] == ["main.fall"] * 3 + ["main.main"]
    # Nearly always at its first line; on a busy machine the one P may have come by before the fall, and it waits.
    assert ["main.neverRan"] in [[one.func for one in frames] for frames in found.values()]


def crash(exe: Path, folder: Path) -> tuple[Path, str]:
    """Let parked fall over nil; its core and what it printed."""
    def lift_limit() -> None:
        resource.setrlimit(resource.RLIMIT_CORE, (resource.RLIM_INFINITY,) * 2)

    try:
        build.core_pattern()
    except build.Unavailable as why:
        pytest.skip(f"kernel cores: {why}")
    with open(folder / "stderr", "wb") as errors:
        proc = subprocess.Popen([exe, "crash"], cwd=folder, stdin=subprocess.DEVNULL,
                                stdout=subprocess.DEVNULL, stderr=errors, preexec_fn=lift_limit,
                                env={**os.environ, "GOTRACEBACK": "crash"})
    proc.wait(build.CORE_TIMEOUT)
    return build.abort(build.Run(proc, build.Truth()), folder), (folder / "stderr").read_text()


def line_of(text: str) -> int:
    """The line of parked's main.go that has this text."""
    lines = (HERE / "parked/main.go").read_text().splitlines()
    return next(number for number, line in enumerate(lines, 1) if text in line)


@pytest.mark.parametrize("version", [VERSIONS[0], VERSIONS[-1]])
def test_program_without_debug_information(version: str, target: str,
                                           tmp_path_factory: pytest.TempPathFactory) -> None:
    """GDB cannot unwind it; the helper's frames step in.  GDB knows no inlined ones there, and no lines."""
    for one in subject(exe_of(version, "nodwarf"), target, tmp_path_factory):
        told = {goid: [frame.func for frame in frames]
                for goid, frames in traceback(one.stacks, inlined=False).items() if goid != 1}
        (printed,) = said(["set print demangle off", "goctx frame all bt"], one.where)[1:]
        found = {goid: [frame.func for frame in backtrace(text)]
                 for goid, text in by_goroutine(printed).items() if goid in told}
        assert found == told and len(told) >= 6


@pytest.mark.skipif(not shutil.which("gdbserver"), reason="gdbserver is not installed")
def test_remote_frames() -> None:
    exe = exe_of(VERSIONS[-1], "default")
    with build.running(exe) as run:
        connect = ["set sysroot /", f"target remote | gdbserver --once --attach - {run.pid}"]
        (printed, _) = said([*connect, "goctx frame all bt", "detach"], {"exe": exe})[len(connect):]
        told = traceback(Subject({}, run.truth).stacks)
    found = {goid: [one.func for one in backtrace(text)] for goid, text in by_goroutine(printed).items()}
    assert {goid: [one.func for one in frames] for goid, frames in told.items() if goid != 1} == {
        goid: frames for goid, frames in found.items() if goid != 1}


# -- the way back -----------------------------------------------------------

PLACE = ["thread", "frame", "bt", "info frame-filter", "info unwinder"]


@pytest.fixture(scope="module")
def core(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Subject]:
    """A core of parked by the newest Go, with all variables."""
    yield from subject(exe_of(VERSIONS[-1], "noopt"), "core", tmp_path_factory)


def test_nothing_is_left_of_a_visit(parked: Subject) -> None:
    """Thread, frame, filters and unwinders are those that were there before."""
    one, two = (parked.locals[label]["goid"] for label in ("select", "running"))
    for chosen in (["thread 1"], ["thread 2", "up"]):
        visits = [f"goctx frame {one} bt 1", f"goctx frame {two} up", f"goctx frame {one} nonsense",
                  "goctx frame all bt 2", f"goctx frame {one}", "up", f"goctx frame {two}",
                  f"goctx frame {one} bt 1", "goctx frame"]
        answers = said([*chosen, *PLACE, *visits, *PLACE], parked.where)[len(chosen):]
        assert answers[:len(PLACE)] == answers[-len(PLACE):]


def test_selected_goroutine_stays_selected(core: Subject) -> None:
    here, there = core.locals["waiting"], core.locals["select"]
    stay, frame, _, visit, same, number, functions, done, again, back = said(
        [f"goctx frame {here['goid']}", f"frame function {here['func']}", "down",
         f"goctx frame {there['goid']} bt", "frame", "up", "bt", "goctx frame all bt 1", "frame",
         "goctx frame"], core.where)
    assert re.match(rf"\[Switching to goroutine {here['goid']} \(chan receive.*\)\]\n#1 ", stay)
    assert here["func"] in frame and here["func"] not in same and here["func"] in number
    assert number == again
    assert there["func"] in visit and there["func"] not in functions and here["func"] in functions
    assert done.count("goroutine ") == len(traceback(core.stacks))
    assert back.startswith("[Switching back to thread 1]\n#0 ")


def test_frames_outside_of_the_goroutine_cannot_be_reached(core: Subject) -> None:
    goid = core.locals["sleep"]["goid"]
    answers = said(["set backtrace past-main on", f"goctx frame {goid}", "bt", "up 1000", "bt -1",
                    "bt -no-filters"], core.where)
    shown, top, last, plain = answers[2:]
    assert "runtime.goexit" not in shown and "#0" not in shown
    assert shown.splitlines()[-1] == last.splitlines()[-1]
    assert "runtime.goexit" in top and plain.splitlines()[-2].startswith(top.split()[0])


def test_threads_are_shown_as_they_are(core: Subject) -> None:
    """Another thread's frames are its own while a goroutine is selected."""
    goid = core.locals["select"]["goid"]
    before = said(["thread apply 2 bt", "info threads"], core.where)
    meanwhile = said([f"goctx frame {goid}", "thread apply 2 bt", "info threads"], core.where)[1:]
    assert [as_without_filters(one) for one in before] == [as_without_filters(one) for one in meanwhile]


def as_without_filters(printed: str) -> list[str]:
    """Lines of a `bt`, without what GDB says otherwise wherever there is a frame filter."""
    return [re.sub(r"(<signal handler called>).*", r"\1", line) for line in printed.splitlines()
            if not re.match(r"Backtrace stopped: |#\d+ +(0x0+ in )?(\?+ )?\(\)$", line)]


def test_another_core_ends_the_selection(core: Subject) -> None:
    goid = core.locals["select"]["goid"]
    result = gdbrun.run([f"goctx frame {goid}", f"core {core.where['core']}", "goctx frame"], **core.where)
    assert "goctx: no goroutine is selected\nhint: `goctx frame GOID`" in result.err
    plain = said(["bt"], core.where)
    assert said([f"goctx frame {goid}", f"core {core.where['core']}", "bt"], core.where)[-1:] == plain


# -- all of them ------------------------------------------------------------


def test_options_choose_goroutines(core: Subject) -> None:
    answers = said(["goctx frame all --status syscall bt 1", "goctx frame all --func '\\.selects$' bt",
                    "goctx frame all --wait sleep --limit 1 -q bt 1", "goctx frame all --system -q bt 1",
                    "goctx frame all -q bt 1"], core.where)
    assert set(by_goroutine(answers[0])) == {1, core.locals["syscall"]["goid"]}
    assert set(by_goroutine(answers[1])) == {core.locals["select"]["goid"]}
    assert re.fullmatch(r"#1 .*\n(\(More stack frames follow\.\.\.\)\n)?", answers[2])
    assert len(re.findall("^#1 ", answers[3], re.MULTILINE)) > len(re.findall("^#1 ", answers[4], re.MULTILINE))


def test_goroutines_where_the_command_fails(core: Subject) -> None:
    waits, deep = (one for one in core.truth.other if one.get("label") == "waiting")
    commands = ["goctx frame all -s frame function main.waits", "goctx frame all -s -q print sum"]
    answers = said(commands, core.where)
    assert set(by_goroutine(answers[0])) == {waits["goid"], deep["goid"]}
    assert answers[1] == ""
    result = gdbrun.run(["goctx frame all frame function main.waits"], **core.where)
    assert len(re.findall(r"^goroutine \d+ \[", result.out, re.MULTILINE)) == len(traceback(core.stacks))
    assert result.err.count("No frame for function") >= 4
    result = gdbrun.run(["goctx frame all print no_such_thing"], **core.where)
    assert re.search(r"^goctx: 'print no_such_thing' failed in all \d+ goroutines$", result.err, re.MULTILINE)
    assert result.status == 1


def test_command_is_taken_as_it_is_written(core: Subject) -> None:
    goid = core.locals["waiting"]["goid"]
    answers = said([f"goctx frame {goid} printf \"%d -s  --limit\\n\", 7",
                    f"goctx frame  {goid}   print   -pretty on -- 'main.spinner'",
                    "goctx frame 'runtime.allgs'.array[0] bt -1", "goctx frame 1 bt -1"], core.where)
    assert answers[0] == "7 -s  --limit\n"
    assert answers[1] == "$1 = 0\n"
    assert answers[2] == answers[3] != ""


@pytest.mark.parametrize("command, message", [
    ("goctx frame 99999", "goctx: no goroutine 99999\nhint: "),
    ("goctx frame 99999 bt", "goctx: no goroutine 99999\nhint: "),
    ("goctx frame nonsense", "goctx: cannot evaluate 'nonsense': No symbol"),
    ("goctx frame all", "goctx: 'all' needs a command\nhint: goctx frame all bt\n"),
    ("goctx frame", "goctx: no goroutine is selected\nhint: "),
    ("goctx frame --status waiting", "goctx: --status goes with `goctx frame all`\n"),
    ("goctx frame 1 nonsense", 'Undefined command: "nonsense"'),
    ("goctx frame all --func '(' bt", "goctx: --func '(' is no regular expression: "),
    ("goctx frame all --nonsense bt", "goctx: unknown option --nonsense"),
    ("goctx frame 'x", "goctx: unbalanced quotes: 'x"),
])
def test_wrong_use(command: str, message: str, core: Subject) -> None:
    result = gdbrun.run([command], **core.where)
    assert message in result.err and "Traceback" not in result.err
    assert result.status == 1


def test_helper_that_talks_nonsense(core: Subject, tmp_path: Path) -> None:
    env = {"GOCTX_HELPER": str(HERE / "fake_helper.py"), "GOCTX_FAKE_LOG": str(tmp_path / "log")}
    for command in ("goctx frame 1", "goctx frame 1 bt", "print $goctx(0x1234)", "print $goctx_task(1)"):
        result = gdbrun.run([command], env=env, **core.where)
        assert "goctx: the answer of the helper makes no sense\n" in result.err
        assert "Traceback" not in result.err and "Error occurred" not in result.err


def test_dead_goroutine(core: Subject) -> None:
    """One that has ended is no goroutine any more, like one that never was."""
    alive = {one for one in traceback(core.stacks)}
    gone = next(goid for goid in range(1, 1000) if goid not in alive and goid > 30)
    result = gdbrun.run([f"goctx frame {gone} bt"], **core.where)
    assert f"goctx: no goroutine {gone}\nhint: tasks --system lists all goroutines\n" in result.err


def test_nothing_to_look_at() -> None:
    for command in ("goctx frame 1", "goctx frame all bt"):
        result = gdbrun.run([command])
        assert result.err.startswith("goctx: there is no process and no core file to look at\nhint: ")


def test_help_and_completion() -> None:
    text, same, frame, option, value = gdbrun.session(
        ["help goctx frame", "goctx frame --help", "complete goctx frame al",
         "complete goctx frame all --stat", "complete goctx frame all --status wai"])
    assert text == same
    assert "Usage: goctx frame GOID [COMMAND]\n" in text and "\n  (gdb) goctx frame 884\n" in text
    assert max(map(len, text.splitlines())) <= 80
    assert frame == "goctx frame all\n"
    assert option == "goctx frame all --status\n"
    assert value == "goctx frame all --status waiting\n"


# -- Ctrl-C -----------------------------------------------------------------


@pytest.mark.parametrize("command", ["bt 5", "-s bt 2", "print 1"])
def test_interrupt_in_the_middle_of_all(command: str, tmp_path: Path) -> None:
    """GDB 13 loses a Ctrl-C now and then in loops of commands; it must count all the same."""
    count = 1000
    exe = exe_of(VERSIONS[-1], "noopt")
    died = build.some_core(exe, [str(count)], tmp_path)
    for begun in range(20, 600, 150):
        with gdbrun.started([f"goctx frame all {command}", "echo still here\\n", "thread", "bt 1"], exe=exe,
                            core=died.core) as proc:
            assert proc.stdout is not None
            # As small as a pipe can be: GDB does not get far ahead of who reads.
            fcntl.fcntl(proc.stdout, fcntl.F_SETPIPE_SZ, 4096)
            out = b""
            while out.count(b"\ngoroutine ") < begun:
                piece = os.read(proc.stdout.fileno(), 4096)
                assert piece, out
                out += piece
            proc.send_signal(signal.SIGINT)
            rest, err = proc.communicate(timeout=gdbrun.TIMEOUT)
        out += rest
        assert out.count(b"\ngoroutine ") < count and b"Quit" in err, begun
        assert re.search(rb"still here\n\[Current thread is 1 .*\n#0 ", out)
    died.core.unlink()


@pytest.mark.parametrize("at", ["FrameFilter", "_frame_at"])
def test_interrupt_half_way_into_a_goroutine(at: str, core: Subject) -> None:
    """Nothing of it stays, and the next visit is as any other."""
    visit = f"goctx frame {core.locals['select']['goid']} bt"
    broken = f"python import goctx.frames as f; kept = f.{at}; f.{at} = lambda *_: (_ for _ in ()).throw(KeyboardInterrupt())"
    result = gdbrun.run([broken, visit], **core.where)
    assert "Quit" in result.err and "SystemError" not in result.err
    assert said([broken, visit, f"python f.{at} = kept", *PLACE, visit], core.where)[3:] == said([*PLACE, visit], core.where)


# -- the program goes on ----------------------------------------------------


def test_attached_program_goes_on_as_it_was() -> None:
    exe = exe_of(VERSIONS[-1], "cgo")
    state = ["thread apply all -q info registers", "thread"]
    with build.running(exe) as run:
        goid = next(one["goid"] for one in run.truth.other if one.get("label") == "callback")
        answers = said([*state, "goctx frame all bt", f"goctx frame {goid}", "up 4", "info locals",
                        "goctx frame", *state, f"goctx frame {goid}"], {"pid": run.pid})
        assert answers[:2] == answers[7:9]
        status = Path(f"/proc/{run.pid}/status").read_text()
        assert "TracerPid:\t0" in status and re.search(r"State:\t[SR]", status)
        assert run.proc.stdin is not None
        run.proc.stdin.close()
        assert run.proc.wait(build.READY_TIMEOUT) == 0


OTHER = "'runtime.allgs'.array[1]"  # a goroutine of the runtime, which waits


def test_program_runs_on_from_a_goroutines_frame() -> None:
    """continue, stepping and a command that runs on: what follows is as without goctx frame."""
    exe = exe_of_stepping()
    look = ["output children", "bt 2"]
    plain = said(["break main.stopHere", "run", "continue", *look, "continue", *look], {"exe": exe})[3:]
    there = said(["break main.stopHere", "run", f"goctx frame {OTHER}", "up", "continue", *look,
                  f"goctx frame {OTHER} continue", *look], {"exe": exe})[5:]
    assert len(set(plain)) > 3
    assert [plain[0], plain[1], plain[3], plain[4]] == [there[0], there[1], there[3], there[4]]


@pytest.mark.parametrize("step", ["next", "step", "stepi", "finish"])
def test_stepping_ends_the_selection(step: str) -> None:
    exe = exe_of_stepping()
    answers = said(["break main.stopHere", "run", f"goctx frame {OTHER}", "goctx frame 1", step, "info frame-filter",
                    "bt"], {"exe": exe})
    assert answers[-2] == "No frame filters.\n"
    assert [one.func for one in backtrace(answers[-1])][-2:] == ["main.grow", "main.main"]
    result = gdbrun.run(["break main.stopHere", "run", f"goctx frame {OTHER}", step, "goctx frame"], exe=exe)
    assert "goctx: no goroutine is selected" in result.err


def test_command_that_runs_the_program_in_all() -> None:
    exe = exe_of_stepping()
    result = gdbrun.run(["break main.stopHere", "run", "goctx frame all --system continue", "bt 1"], exe=exe)
    assert "goctx: the program has run on, the other goroutines are not where they were\n" in result.err


def exe_of_stepping() -> Path:
    try:
        return build.build(HERE / "stepping", VERSIONS[-1], "noopt")
    except build.Unavailable as why:
        pytest.skip(str(why))
