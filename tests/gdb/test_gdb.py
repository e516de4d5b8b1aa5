"""goctx inside of GDB: sessions in batch mode on cores, live processes and a fake helper."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
from pathlib import Path

import pytest

import build
import gdbrun
import toolchains

HERE = Path(__file__).resolve().parent
FAKE = HERE / "fake_helper.py"
COMMANDS = ("info", "tree", "list", "show", "children", "tasks", "blocked", "bt", "leaks", "why", "check", "heap",
            "layout")
OWN_COMMANDS = ("frame", "window")  # that the helper does not have

pytestmark = pytest.mark.skipif(bool(gdbrun.missing()), reason=str(gdbrun.missing()))


def built(program: str | Path, variant: str = "noopt") -> Path:
    """The program by the newest Go that is here."""
    for version in reversed(toolchains.DEFAULT_VERSIONS):
        try:
            return build.build(program, version, variant)
        except build.Unavailable:
            continue
    pytest.skip("there is no Go toolchain")


@pytest.fixture(scope="module")
def kinds() -> Path:
    return built("kinds")


@pytest.fixture(scope="module")
def died(kinds: Path, tmp_path_factory: pytest.TempPathFactory) -> build.Died:
    """A core of kinds and its truth."""
    folder = tmp_path_factory.mktemp("cores")
    try:
        return build.kernel_core(kinds, [], folder)
    except build.Unavailable:
        with build.running(kinds) as run:
            return build.Died(build.gcore(run.pid, folder / "core"), run.truth)


@pytest.fixture(scope="module")
def frames() -> Path:
    return built(HERE / "frames")


@pytest.fixture
def fake(tmp_path: Path) -> dict[str, str]:
    """Environment in which the helper is the fake one; GOCTX_FAKE is up to the test."""
    return {"GOCTX_HELPER": str(FAKE), "GOCTX_FAKE_LOG": str(tmp_path / "log")}


def log_of(env: dict[str, str]) -> list[str]:
    path = Path(env["GOCTX_FAKE_LOG"])
    return path.read_text().splitlines() if path.exists() else []


def helper_says(*args: object) -> str:
    done = subprocess.run([str(gdbrun.helper()), *map(str, args)], capture_output=True, check=False,
                          timeout=gdbrun.TIMEOUT, env=gdbrun.environment())
    return done.stdout.decode()


# -- loading, help, settings ------------------------------------------------


@pytest.mark.parametrize("lang", ["C.UTF-8", "C"])
def test_loading_prints_nothing(lang: str, tmp_path: Path) -> None:
    result = gdbrun.run([], env={"LANG": lang, "LC_ALL": lang}, cwd=tmp_path)
    assert result == gdbrun.Result("", "", 0)


def test_loading_starts_no_helper(fake: dict[str, str], died: build.Died, kinds: Path) -> None:
    gdbrun.run(["help goctx tree", "complete goctx tr"], exe=kinds, core=died.core, env=fake)
    assert log_of(fake) == []


def test_loading_twice_is_harmless_and_keeps_settings(fake: dict[str, str], died: build.Died,
                                                      kinds: Path) -> None:
    again = f"source {gdbrun.LOADER}"
    answers = gdbrun.session(["goctx list", again, "goctx list", "set goctx limit 7", again,
                              "show goctx limit", "goctx list"],
                             exe=kinds, core=died.core, env=fake)
    assert answers[1] == answers[4] == ""
    assert answers[0] == answers[2] == "['list', '--color', 'never']\n"
    assert answers[5] == "The limit of lines is 7.\n"
    assert answers[6] == "['list', '--color', 'never', '--limit', '7']\n"
    assert sum(line.startswith("start") for line in log_of(fake)) == 3


def test_loading_from_another_python_script(tmp_path: Path) -> None:
    script = tmp_path / "mine.py"
    script.write_text(f"import gdb\ngdb.execute('source {gdbrun.LOADER}')\n")
    result = gdbrun.run([f"source {script}", "show goctx limit"], load=False)
    assert result == gdbrun.Result("The limit of lines is auto.\n", "", 0)


def test_loading_imports_nothing_heavy() -> None:
    """Beyond what this GDB imports by itself."""
    say = ("python import sys; print(sorted({'subprocess', 'dataclasses', 'pathlib', 'difflib', 'shutil',"
           " 'json'} & set(sys.modules)))")
    assert gdbrun.run([say]).out == gdbrun.run([say], load=False).out


def test_loading_works_by_relative_path_and_without_bytecode(tmp_path: Path) -> None:
    shutil.copytree(gdbrun.ROOT / "gdb", tmp_path / "gdb",
                    ignore=shutil.ignore_patterns("__pycache__"))
    done = subprocess.run([gdbrun.gdb(), "-nx", "-batch", "-eiex", "set python dont-write-bytecode on",
                           "-ex", "source gdb/goctx-gdb.py", "-ex", "show goctx"], cwd=tmp_path,
                          env=gdbrun.environment(), capture_output=True, text=True, check=False)
    assert done.stderr == "" and done.returncode == 0
    assert "goctx helper:" in done.stdout
    assert list(tmp_path.rglob("__pycache__")) == []


def test_too_old_gdb_gets_one_clear_line() -> None:
    result = gdbrun.run(["python del gdb.format_address", f"source {gdbrun.LOADER}"], load=False)
    assert re.fullmatch(r"goctx: GDB 13 or newer with Python .* is needed \(this is GDB .*\)\n",
                        result.err)
    assert result.out == ""


def test_bare_prefix_is_an_overview() -> None:
    bare, asked, listed, unknown = gdbrun.session(["goctx", "help goctx", "goctx help tree",
                                                   "help goctx tree"])
    assert bare == asked
    assert all(f"goctx {name} -- " in bare for name in (*COMMANDS, *OWN_COMMANDS))
    assert listed == unknown


@pytest.mark.parametrize("name", COMMANDS)
def test_help_has_usage_example_and_the_helpers_options(name: str) -> None:
    text, same = gdbrun.session([f"help goctx {name}", f"goctx {name} --help"])
    assert text == same
    first, _, usage, *_ = text.splitlines()
    assert first.endswith(".") and len(first) <= 80
    assert re.match(rf"Usage: goctx {name}( |$)", usage)
    assert re.search(rf"^Example.*:$(\n.*)*\n  \(gdb\) goctx {name}", text, re.MULTILINE)
    assert max(map(len, text.splitlines())) <= 80

    def options(lines: str) -> list[tuple[str, ...]]:
        found = re.findall(r"^  --([\w-]+)(?: (\S+))?( +\S.*(?:\n {10,}\S.*)*)", lines,
                           re.MULTILINE)
        return sorted((option, value, "".join(rest.split())) for option, value, rest in found)

    helper = helper_says("help", name).split("target:")[0].replace("\u2026", "...")
    usage_words = re.search(r"^usage: goctx \[TARGET\] (.*)$", helper, re.MULTILINE)
    assert usage_words
    argument = usage_words[1].replace(name, "", 1).replace("[OPTIONS]", "").strip()
    assert usage.removeprefix(f"Usage: goctx {name} [OPTION]...").strip() == argument
    assert options(text) == options(helper) != []


def test_every_command_of_the_helper_is_here() -> None:
    named = set(re.findall(r"^  (\w+) .*", helper_says("help").split("\n\n", 3)[-1], re.MULTILINE))
    assert named - {"serve", "help"} == set(COMMANDS)


def test_settings() -> None:
    show, limit, color, bad, still = gdbrun.session(
        ["show goctx", "set goctx limit 0", "set goctx color off", "set goctx limit many",
         "show goctx limit"])
    assert show == ("goctx color:  Colour is auto.\n"
                    "goctx fold:  Folding of equal siblings is on.\n"
                    "goctx helper:  The helper program is looked for.\n"
                    "goctx limit:  The limit of lines is auto.\n"
                    "goctx printers:  Printing of contexts by name is auto.\n"
                    "goctx values:  Printing of values is auto.\n")
    assert limit == color == bad == ""
    assert still == "The limit of lines is unlimited.\n"
    result = gdbrun.run(["set goctx limit many"])
    assert result.err == "goctx: 'many' is no limit\nhint: set goctx limit N, unlimited or auto\n"
    assert gdbrun.run(["set goctx nothing"]).status == 1
    assert gdbrun.run(["show goctx nothing"]).status == 1


def test_settings_become_options_unless_given(fake: dict[str, str], died: build.Died,
                                              kinds: Path) -> None:
    answers = gdbrun.session(
        ["set goctx limit unlimited", "set goctx color on", "set width 77", "goctx list",
         "goctx info", "goctx list --limit 3 --col=never --width 50", "set width 10", "goctx info"],
        exe=kinds, core=died.core, env=fake)
    assert answers[3] == "['list', '--width', '77', '--color', 'always', '--limit', '0']\n"
    assert answers[4] == "['info', '--width', '77', '--color', 'always']\n"
    assert answers[5] == "['list', '--limit', '3', '--col=never', '--width', '50']\n"
    assert "'--width', '40'" in answers[7]


@pytest.mark.parametrize("line, expected", [
    ("goctx tre", ["goctx tree"]),
    ("goctx li", ["goctx list"]),
    ("goctx list --ki", ["goctx list --kind"]),
    ("goctx list --kind ti", ["goctx list --kind timer"]),
    ("goctx list --kind cancel,ti", ["goctx list --kind cancel,timer"]),
    ("goctx list --kind=without", ["goctx list --kind=without_cancel"]),
    ("goctx list --state a", ["goctx list --state active"]),
    ("goctx list --limit ", []),
    ("goctx tree --no-", ["goctx tree --no-fold", "goctx tree --no-tasks"]),
    ("goctx tree --color a", ["goctx tree --color always", "goctx tree --color auto"]),
    ("goctx tasks --group cre", ["goctx tasks --group created"]),
    ("goctx tasks --group=s", ["goctx tasks --group=stack"]),
    ("goctx show back", ["goctx show background"]),
    ("goctx bt a", ["goctx bt all"]),
    ("goctx bt --min-w", ["goctx bt --min-wait"]),
    ("set goctx c", ["set goctx color"]),
    ("set goctx color o", ["set goctx color off", "set goctx color on"]),
])
def test_completion(line: str, expected: list[str]) -> None:
    (printed,) = gdbrun.session([f"complete {line}"])
    assert printed.splitlines() == expected


# -- cores ------------------------------------------------------------------


@pytest.mark.parametrize("command", [
    "info", "tree", "tree --no-fold --values --depth 3", "list", "list --limit 0 --sort children",
    "show background", "show {server}", "children {server}", "children background --limit 0",
    "tasks --system", "tasks --group stack", "tasks --tree", "blocked", "bt all", "bt 1", "check", "heap", "layout",
    "layout context.cancelCtx", "list --json", "tree --json", "blocked --json", "tasks --json",
    "bt all --json", "show {server} --json",
])
def test_core_prints_what_the_helper_prints(command: str, died: build.Died, kinds: Path) -> None:
    command = command.format(server=died.truth.context("server").addr)
    expected = helper_says("--core", died.core, "--exe", kinds, *command.split())
    (printed,) = gdbrun.session([f"goctx {command}"], exe=kinds, core=died.core)
    assert printed == expected != ""


def test_core_without_executable_is_left_to_the_helper(died: build.Died, kinds: Path) -> None:
    expected = helper_says("--core", died.core, "list")
    (printed,) = gdbrun.session(["goctx list"], core=died.core)
    assert printed == expected != ""


def test_core_by_relative_path(died: build.Died, kinds: Path) -> None:
    result = gdbrun.run(["cd /", "goctx list --limit 1"], exe=kinds, core=Path(died.core.name),
                        cwd=died.core.parent)
    assert "Background" in result.out and result.status == 0


def test_one_helper_serves_all_commands_of_a_core(fake: dict[str, str], died: build.Died,
                                                  kinds: Path) -> None:
    gdbrun.run(["goctx info", "goctx list", "frame 1", "p $pc", "goctx tree"], exe=kinds,
               core=died.core, env=fake)
    log = log_of(fake)
    assert [line.split()[0] for line in log] == ["start", "request", "request", "request"]
    assert log[0].split(maxsplit=2)[2] == f"serve --core {died.core} --exe {kinds}"


def test_separate_debug_file_is_named(fake: dict[str, str], died: build.Died, kinds: Path,
                                      tmp_path: Path) -> None:
    if not shutil.which("objcopy"):
        pytest.skip("objcopy is not installed")
    exe, debug = tmp_path / "kinds", tmp_path / "kinds.debug"
    for words in (["--only-keep-debug", kinds, debug], ["--strip-debug", kinds, exe],
                  [f"--add-gnu-debuglink={debug}", exe]):
        subprocess.run(["objcopy", *map(str, words)], check=True, cwd=tmp_path)
    gdbrun.run(["goctx info"], exe=exe, core=died.core, env=fake)
    assert log_of(fake)[0].endswith(f" --exe {exe} --debug {debug}")


def test_another_core_has_another_helper(fake: dict[str, str], died: build.Died,
                                         kinds: Path) -> None:
    gdbrun.run(["goctx info", f"core {died.core}", "goctx list", "core", "goctx info"], exe=kinds,
               core=died.core, env=fake)
    assert sum(line.startswith("start") for line in log_of(fake)) == 2


def test_frame_of_a_core(died: build.Died, kinds: Path) -> None:
    addr = died.truth.context("server").addr
    answers = gdbrun.session(["frame function main.main", "goctx show server",
                              f"goctx show {addr}"], exe=kinds, core=died.core)
    assert answers[1] == answers[2] != ""
    assert addr in answers[1].splitlines()[0]


# -- live -------------------------------------------------------------------


def test_live_process_has_the_contexts_that_it_made(kinds: Path) -> None:
    def kinds_by_addr(printed: str) -> dict[str, str]:
        return {line["addr"]: line["kind"] for line in map(json.loads, printed.splitlines())
                if line["type"] == "context"}

    with build.running(kinds) as run:
        (printed,) = gdbrun.session(["goctx list --json --limit 0"], pid=run.pid)
        alone = helper_says("--pid", run.pid, "list", "--json", "--limit", "0")
        truth = run.truth
    found = kinds_by_addr(printed)
    assert found == kinds_by_addr(alone)
    for label in ("server", "timeout", "value string", "children many"):
        assert found[truth.context(label).addr] == truth.context(label).kind


def test_live_process_runs_on_after_gdb(kinds: Path) -> None:
    with build.running(kinds) as run:
        gdbrun.run(["goctx info"], pid=run.pid)
        status = Path(f"/proc/{run.pid}/status").read_text()
        assert "TracerPid:\t0" in status and re.search(r"State:\t[SR]", status)


def test_live_process_is_read_anew_after_it_ran(frames: Path) -> None:
    count = "goctx list --limit 0"
    answers = gdbrun.session(["break main.stopHere", "run", count, count, "continue", "continue",
                              count], exe=frames, env=gdbrun.ONCE)
    counts = [len(answers[index].splitlines()) for index in (2, 3, 6)]
    assert counts[0] == counts[1] == counts[2] - 1


def test_live_helper_is_kept_and_refreshed(fake: dict[str, str], frames: Path) -> None:
    gdbrun.run(["break main.stopHere", "run", "goctx info", "goctx info", "continue",
                "goctx info", "set var $x = 1", "goctx info"], exe=frames, env=fake)
    log = log_of(fake)
    assert re.fullmatch(rf"start \d+ serve --pid \d+ --no-stop --proxy --mem-fd \d+ --exe {frames}", log[0])
    info = "request info --color never"
    assert log[1:] == [info, info, "request @refresh", info, info]


def test_live_helper_ends_with_the_process(fake: dict[str, str], frames: Path) -> None:
    result = gdbrun.run(["break main.stopHere", "run", "goctx info", "kill",
                         f"python import os; gone = not os.path.exists('/proc/%s' % "
                         f"open({fake['GOCTX_FAKE_LOG']!r}).read().split()[1])",
                         "python print('gone', gone)", "goctx info"], exe=frames, env=fake)
    assert "gone True" in result.out
    assert "goctx: there is no process and no core file to look at\n" in result.err


def test_running_process_is_refused(kinds: Path) -> None:
    with build.running(kinds) as run:
        result = gdbrun.run(["continue &", "goctx info", "interrupt"], pid=run.pid)
    assert "goctx: the process is running\nhint: stop it first" in result.err


# -- expressions ------------------------------------------------------------

IN_FRAME = ["break main.stopHere", "run", "up"]


def test_process_whose_main_thread_has_ended() -> None:
    """GDB attaches to one of the others only."""
    with build.running(built("leaderless", "default")) as run:
        tid = max(int(task.name) for task in Path(f"/proc/{run.pid}/task").iterdir())
        assert tid != run.pid
        result = gdbrun.run(["goctx list --limit 0", "quit $_goctx_status"], pid=tid)
    assert result.status == 0, result
    assert f"{len(run.truth.contexts)} contexts" in result.out
    assert "threads are not stopped" in result.out


def test_thread_is_not_the_process(kinds: Path) -> None:
    with build.running(kinds) as run:
        tid = max(int(task.name) for task in Path(f"/proc/{run.pid}/task").iterdir())
        result = gdbrun.run(["goctx list"], pid=tid)
    assert (f"goctx: {tid} is a thread of process {run.pid}, whose others run on\n"
            f"hint: attach to the whole process: attach {run.pid}\n") in result.err


def shown(frames: Path, before: list[str], expressions: list[str]) -> dict[str, str]:
    """First line that `goctx show` prints for each expression."""
    commands = [*before, *(f"goctx show {one}" for one in expressions)]
    answers = gdbrun.session(commands, exe=frames)[len(before):]
    return {one: (answer.splitlines() or [""])[0] for one, answer in zip(expressions, answers)}


@pytest.mark.parametrize("version", ["1.19", "1.21", "1.24", "1.27"])
@pytest.mark.parametrize("variant", ["noopt", "default"])
def test_expressions_of_a_frame(version: str, variant: str) -> None:
    try:
        frames = build.build(HERE / "frames", version, variant)
    except build.Unavailable as why:
        pytest.skip(str(why))
    lines = shown(frames, IN_FRAME, [
        "ctx", "ctx.data", "&ctx" if variant == "noopt" else "(ctx)", "anything",
        "*('context.cancelCtx' *)ctx.data", "s.ctx", "s->ctx", "*s.kind", "s.kind", "main.global.ctx", "'main.global'.ctx",
        "(background)", "background", "emptyAnything", "(todo)", "todo", "TODO",
    ])
    root = lines["ctx"]
    assert re.match(r"context\.\(\*cancelCtx\) 0x\w+ ", root)
    assert all(lines[one] == root for one in list(lines)[:5])
    assert re.match(r"context\.\(\*timerCtx\) 0x\w+ ", lines["s.ctx"])
    assert all(lines[one] == lines["s.ctx"] for one in list(lines)[5:11])
    assert all(lines[one].startswith("context Background") for one in list(lines)[11:14])
    assert all(lines[one].startswith("context TODO") for one in list(lines)[14:])


@pytest.mark.parametrize("variant", ["noopt", "default"])
def test_variable_that_escaped_to_the_heap(variant: str) -> None:
    lines = shown(built(HERE / "frames", variant), ["break main.stopHere if n == 2", "run", "up"],
                  ["ctx", "ctx.data"])
    assert re.match(r"context\.\(\*timerCtx\) 0x\w+ ", lines["ctx"])
    assert lines["ctx.data"] == lines["ctx"]


def test_register_as_an_expression(frames: Path) -> None:
    lines = shown(frames, [*IN_FRAME, "set var $keep = ctx.data"], ["$keep", "ctx"])
    assert lines["$keep"] == lines["ctx"] != ""


def test_goroutines_as_expressions(frames: Path) -> None:
    answers = gdbrun.session([*IN_FRAME, "goctx bt 1", "goctx bt 'runtime.allgs'.array[0]",
                              "goctx bt runtime.allgs.array[0]", "goctx bt *runtime.allgs.array[0]",
                              "goctx bt runtime.allgs.array[0].goid", "goctx bt all --limit 1",
                              "complete goctx show ct", "complete goctx show s.ct"], exe=frames)[3:]
    assert "main.stopHere" in answers[0]
    assert answers[0] == answers[1] == answers[2] == answers[3] == answers[4]
    assert "goroutine" in answers[5]
    assert answers[6] == "goctx show ctx\n"
    assert answers[7] == "goctx show s.ctx\n"


@pytest.mark.parametrize("expression, said", [
    ("nosuch", "cannot evaluate 'nosuch': No symbol"),
    ("none", "'none' is a nil interface"),
    ("ctx +", "cannot evaluate 'ctx +': "),
    ("1.5", "'1.5' has type float64, which is no context"),
    ("'ctx", "unbalanced quotes: 'ctx"),
    ("*(long *)0", "cannot evaluate '*(long *)0': "),
    ("number", "0x11 is no context"),
    ("ctx s", "'show' takes one argument: 's' is too much"),
    ("--nonsense ctx", "unknown option --nonsense"),
    ("", "'show' needs CTX"),
])
def test_expression_that_is_no_context(expression: str, said: str, frames: Path) -> None:
    result = gdbrun.run([*IN_FRAME, f"goctx show {expression}"], exe=frames)
    assert f"goctx: {said}" in result.err and "Traceback" not in result.err
    assert result.status == 1


def test_variable_that_is_optimized_out() -> None:
    result = gdbrun.run([*IN_FRAME, "info locals", "goctx show n"],
                        exe=built(HERE / "frames", "default"))
    if "n = <optimized out>" not in result.out:
        pytest.skip("this Go keeps the variable")
    assert "goctx: 'n' is optimized out in this frame\nhint: try its callers" in result.err


# -- failures ---------------------------------------------------------------


def test_exit_status_in_batch_mode(died: build.Died, kinds: Path) -> None:
    assert gdbrun.run(["goctx blocked"], exe=kinds, core=died.core).status == 0
    failed = gdbrun.run(["goctx show 0x1234"], exe=kinds, core=died.core)
    assert failed.status == 1
    assert "\ngoctx: 0x1234 is no context\nhint: " in "\n" + failed.err


@pytest.fixture(scope="module")
def cut(died: build.Died, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The core, its last part missing."""
    path = tmp_path_factory.mktemp("cut") / "core"
    shutil.copyfile(died.core, path)
    os.truncate(path, path.stat().st_size * 9 // 10)
    return path


@pytest.mark.parametrize("command, status", [
    ("info", 0),
    ("leaks --min-confidence info --fail-on info", 1),
    ("list --no-such-option", 2),
    ("show 0x1234", 2),
])
@pytest.mark.parametrize("whole", [True, False])
def test_exit_status_of_the_command_line_is_a_variable(command: str, status: int, whole: bool,
                                                       died: build.Died, cut: Path, kinds: Path) -> None:
    """GDB has only 0 and 1 of its own; the helper without GDB is the oracle."""
    core = died.core if whole else cut
    words = command.split()
    expected = subprocess.run([str(gdbrun.helper()), "--core", str(core), "--exe", str(kinds), *words],
                              check=False, capture_output=True).returncode
    assert not whole or expected == status
    result = gdbrun.run([f"goctx {command}", "quit $_goctx_status"], exe=kinds, core=core)
    assert result.status == expected, result


def test_status_of_a_damaged_target_is_seen(cut: Path, kinds: Path) -> None:
    assert gdbrun.run(["goctx list", "quit $_goctx_status"], exe=kinds, core=cut).status == 4


def test_status_of_what_only_gdb_does(died: build.Died, kinds: Path) -> None:
    show = "output $_goctx_status"
    where = {"exe": kinds, "core": died.core}
    assert gdbrun.session(["goctx tee", show, "goctx frame 1", show, "goctx frame 1 -q", show, "goctx trace", show,
                           "goctx show no_such_variable", show, "goctx window fold 1 2", show,
                           "goctx help", show], **where)[1::2] == ["2", "0", "2", "3", "2", "2", "0"]
    assert gdbrun.run(["goctx info", "quit $_goctx_status"]).status == 3


def test_nothing_to_look_at(kinds: Path) -> None:
    for exe in (None, kinds):
        result = gdbrun.run(["goctx tree"], exe=exe)
        assert result.err == (
            "goctx: there is no process and no core file to look at\n"
            "hint: open a core with `core FILE`, or a process with `attach PID` or `run`\n")
        assert result.status == 1


def test_unknown_command() -> None:
    result = gdbrun.run(["goctx tee"])
    assert result.err == "goctx: unknown command 'tee'\nhint: did you mean 'tree'?\n"
    assert gdbrun.run(["goctx xyzzy"]).err.endswith("hint: `help goctx` lists the commands\n")


def test_helper_that_is_missing(died: build.Died, kinds: Path, tmp_path: Path) -> None:
    shutil.copytree(gdbrun.ROOT / "gdb", tmp_path / "gdb",
                    ignore=shutil.ignore_patterns("__pycache__"))
    gdb = shutil.which("gdb")
    assert gdb
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/gdb").symlink_to(gdb)
    env = {"GOCTX_HELPER": "", "PATH": str(tmp_path / "bin")}
    result = gdbrun.run([f"source {tmp_path}/gdb/goctx-gdb.py", "goctx info"], exe=kinds,
                        core=died.core, env=env, load=False)
    assert result.err.endswith(
        f"goctx: the helper program is not built (looked for {tmp_path}/build/goctx,"
        f" then for goctx in PATH)\nhint: run `make` in {tmp_path}, or name it with"
        " `set goctx helper PATH`\n")
    assert result.status == 1
    result = gdbrun.run(["set goctx helper /nowhere/goctx", "goctx info"], exe=kinds,
                        core=died.core)
    assert "no helper program at /nowhere/goctx (named by set goctx helper)\nhint: " in result.err


@pytest.mark.parametrize("mode, said", [
    ("mute", "is not the helper of goctx: it does not greet as a helper does; it said:\n"
             "fake: no such option\nhint: "),
    ("old", "(version 0.0-fake) speaks protocol 99, this extension 1\nhint: "),
    ("die", "goctx: the helper ended before its answer was complete; it said:\nfake: I die\n"
            "hint: "),
    ("garbage", "goctx: the helper broke the protocol: its answer is no frame\nhint: "),
    ("fail", "goctx: half of it\u2026 is missing\nhint: look elsewhere\n"),
])
def test_helper_that_misbehaves(mode: str, said: str, fake: dict[str, str], died: build.Died,
                                kinds: Path) -> None:
    result = gdbrun.run(["goctx info"], exe=kinds, core=died.core, env={**fake, "GOCTX_FAKE": mode})
    assert said in result.err and "Traceback" not in result.err
    assert result.status == 1


def test_helper_that_cannot_be_started(died: build.Died, kinds: Path, tmp_path: Path) -> None:
    program = tmp_path / "goctx"
    program.write_text("not a program")
    program.chmod(0o755)
    result = gdbrun.run(["goctx info"], exe=kinds, core=died.core,
                        env={"GOCTX_HELPER": str(program)})
    assert f"goctx: cannot start the helper {program}: Exec format error\n" in result.err


def test_partial_answer_is_no_failure(fake: dict[str, str], died: build.Died, kinds: Path) -> None:
    result = gdbrun.run(["goctx info"], exe=kinds, core=died.core,
                        env={**fake, "GOCTX_FAKE": "partial"})
    assert result.out.endswith("what could be read\n")
    assert result.err.endswith("goctx: half of it\u2026 is missing\nhint: look elsewhere\n")
    assert result.status == 0


def test_errors_can_be_printed_in_an_ascii_locale(fake: dict[str, str], died: build.Died,
                                                  kinds: Path) -> None:
    result = gdbrun.run(["goctx info"], exe=kinds, core=died.core,
                        env={**fake, "GOCTX_FAKE": "fail", "LANG": "C", "LC_ALL": "C"})
    assert result.err.endswith("goctx: half of it... is missing\nhint: look elsewhere\n")


def test_characters_are_kept_whole(fake: dict[str, str], died: build.Died, kinds: Path) -> None:
    where = {"exe": kinds, "core": died.core, "env": {**fake, "GOCTX_FAKE": "bytes"}}
    text = "h\u00e9llo \u2502 w\u00f6rld \u251c\u2500 \U0001f642\n"
    assert gdbrun.session(["goctx info"], **where) == [text]
    captured = gdbrun.session(
        ["python s = gdb.execute('goctx info', to_string=True)",
         f"python print(s == {text.encode()!r}.decode())", "pipe goctx info | wc -c"], **where)
    assert captured == ["", "True\n", f"{len(text.encode())}\n"]


def test_helper_that_died_between_two_commands(fake: dict[str, str], died: build.Died,
                                               kinds: Path) -> None:
    kill = ("python import os, signal; os.kill(int(open(%r).read().split()[1]), signal.SIGKILL)"
            % fake["GOCTX_FAKE_LOG"])
    result = gdbrun.run(["goctx list", kill, "goctx list", "goctx list"], exe=kinds,
                        core=died.core, env=fake)
    assert result.out.count("['list', '--color', 'never']\n") == 3
    assert result.err.count("goctx") == 0 and result.status == 0
    fake_once = {**fake, "GOCTX_FAKE": "die-once"}
    result = gdbrun.run(["goctx list", "goctx list"], exe=kinds, core=died.core, env=fake_once)
    assert result.out.count("['list', '--color', 'never']\n") == 2
    assert result.status == 0


def test_program_that_is_not_go(tmp_path: Path) -> None:
    sleep = shutil.which("sleep")
    assert sleep
    proc = subprocess.Popen([sleep, "infinity"])
    try:
        result = gdbrun.run(["goctx info"], pid=proc.pid)
    finally:
        proc.kill()
        proc.wait()
    assert re.search(r"goctx: .*\bGo\b.*\nhint: .*\n", result.err)
    assert result.status == 1


# -- Ctrl-C and the end -----------------------------------------------------


@pytest.mark.parametrize("mode", ["slow", "flood", "stubborn"])
def test_interrupt(mode: str, fake: dict[str, str], died: build.Died, kinds: Path) -> None:
    env = {**fake, "GOCTX_FAKE": mode}
    log = Path(fake["GOCTX_FAKE_LOG"])
    with gdbrun.started(["goctx tree", "echo still here\\n"], exe=kinds, core=died.core,
                        env=env) as proc:
        gdbrun.interrupt_when(proc, log, "request tree")
        out, err = proc.communicate(timeout=gdbrun.TIMEOUT)
    assert out.endswith(b"still here\n")
    assert b"Quit" in err and b"Traceback" not in err
    assert ("canceled" in log.read_text()) == (mode != "stubborn")
    pid = int(log.read_text().split()[1])
    assert not Path(f"/proc/{pid}").exists()


def test_interrupted_helper_is_used_again(fake: dict[str, str], died: build.Died,
                                          kinds: Path) -> None:
    log = Path(fake["GOCTX_FAKE_LOG"])
    with gdbrun.started(["goctx tree", "goctx list"], exe=kinds, core=died.core,
                        env={**fake, "GOCTX_FAKE": "slow"}) as proc:
        gdbrun.interrupt_when(proc, log, "request tree")
        gdbrun.wait_for(lambda: "request list" in log.read_text())
        proc.send_signal(signal.SIGINT)
        proc.communicate(timeout=gdbrun.TIMEOUT)
    kinds_of_lines = [line.split()[0] for line in log.read_text().splitlines()]
    assert kinds_of_lines == ["start", "request", "canceled", "request", "canceled"]


@pytest.mark.parametrize("end", ["quit", "crash"])
def test_no_helper_is_left_behind(end: str, died: build.Died, kinds: Path,
                                  fake: dict[str, str]) -> None:
    log = Path(fake["GOCTX_FAKE_LOG"])
    with gdbrun.started(["goctx list"], exe=kinds, core=died.core, env=fake, batch=False) as proc:
        gdbrun.wait_for(lambda: log.exists() and "request" in log.read_text())
        pid = int(log.read_text().split()[1])
        os.kill(pid, 0)
        if end == "quit":
            proc.communicate(b"quit\n", timeout=gdbrun.TIMEOUT)
        else:
            proc.kill()
        gdbrun.wait_for(lambda: not Path(f"/proc/{pid}").exists())
