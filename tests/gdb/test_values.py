"""$goctx() and its like, and printers of contexts, against what the program says and GDB's own print."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Iterator

import pytest

import build
import gdbrun
import toolchains

HERE = Path(__file__).resolve().parent
VERSIONS = ("1.19", "1.23", "1.24", "1.27")
LANGUAGES = ("auto", "go", "c", "asm", "minimal")
IN_FRAME = ["break main.stopHere", "run", "up"]

pytestmark = pytest.mark.skipif(bool(gdbrun.missing()), reason=str(gdbrun.missing()))


def exe_of(program: str | Path, version: str, variant: str = "noopt") -> Path:
    try:
        return build.build(program, version, variant)
    except build.Unavailable as why:
        pytest.skip(str(why))


class Subject:
    """A core of program kinds, and its truth."""

    def __init__(self, exe: Path, died: build.Died) -> None:
        self.where: dict[str, object] = {"exe": exe, "core": died.core}
        self.truth = died.truth

    def printed(self, expressions: list[str], before: tuple[str, ...] = (), how: str = "output") -> list[str]:
        """What GDB prints for each expression; `output` prints no $1 =."""
        commands = [*before, "set print elements 0", "set width 0", *(f"{how} {one}" for one in expressions)]
        return gdbrun.session(commands, **self.where)[len(before) + 2:]


@pytest.fixture(scope="module", params=VERSIONS)
def kinds(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Subject]:
    exe = exe_of("kinds", request.param)
    died = build.some_core(exe, [], tmp_path_factory.mktemp("core"))
    yield Subject(exe, died)
    died.core.unlink()


@pytest.fixture(scope="module")
def newest(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Subject]:
    exe = exe_of("kinds", toolchains.DEFAULT_VERSIONS[-1])
    died = build.some_core(exe, [], tmp_path_factory.mktemp("core"))
    yield Subject(exe, died)
    died.core.unlink()


@pytest.fixture(scope="module")
def frames() -> Path:
    return exe_of(HERE / "frames", toolchains.DEFAULT_VERSIONS[-1])


def told(subject: Subject) -> list[build.ContextTruth]:
    """Contexts that lie somewhere and that the linker has left the debug information of."""
    found = [one for one in subject.truth.contexts if one.addr not in ("background", "todo")]
    assert len(found) > 60
    return found


def number(text: str) -> int:
    """The address in what GDB printed."""
    found = re.search(r"0x[0-9a-f]+", text)
    return int(found[0], 16) if found else int(text)


# -- functions --------------------------------------------------------------


def test_values_have_the_address_and_type_of_the_context(kinds: Subject) -> None:
    contexts = told(kinds)
    pointers = kinds.printed([f"/r $goctx({one.addr})" for one in contexts])
    names = {one.go_type.lstrip("*") for one in contexts}
    assert {"context.cancelCtx", "context.timerCtx", "context.valueCtx"} < names
    for one, text in zip(contexts, pointers):
        found = re.fullmatch(r"\((?:struct )?(.*) \*\) (0x[0-9a-f]+)(?: <.*>)?", text)
        assert found, text
        assert int(found[2], 16) == int(one.addr, 16)
        # The truth is of package reflect, which leaves out the path of the package.
        assert found[1].rpartition("/")[2] == one.go_type.lstrip("*")


def test_parents_are_those_of_the_program(kinds: Subject) -> None:
    contexts = [one for one in told(kinds) if one.parent]
    parents = kinds.printed([f"/r $goctx_parent({one.addr})" for one in contexts])
    for one, text in zip(contexts, parents):
        assert one.parent is not None
        if one.parent in ("background", "todo"):
            assert re.match(rf"\((context\.{one.parent}Ctx|context.emptyCtx) \*\) 0x", text), text
        else:
            assert number(text) == int(one.parent, 16)


def test_children_are_those_of_the_map(kinds: Subject) -> None:
    contexts = [one for one in told(kinds) if one.children is not None]
    assert any(len(one.children or ()) > 30 for one in contexts)
    maps = kinds.printed([f"/r $goctx_children({one.addr})" for one in contexts])
    for one, text in zip(contexts, maps):
        found = [int(addr, 16) for addr in re.findall(r"data = (0x[0-9a-f]+)", text)]
        assert sorted(found) == sorted(int(addr, 16) for addr in one.children or ()), text


def test_children_are_values_to_go_on_with(kinds: Subject) -> None:
    many = kinds.truth.context("children many")
    (text,) = kinds.printed([f"/r $goctx_parent($goctx_children({many.addr})[39])"])
    assert number(text) == int(many.addr, 16)


def test_done_is_the_channel_of_the_context(kinds: Subject) -> None:
    contexts = [one for one in told(kinds) if one.kind in ("cancel", "timer")]
    channels = kinds.printed([f"/r $goctx_done({one.addr})" for one in contexts])
    assert sum(one.done is not None for one in contexts) > 10
    for one, text in zip(contexts, channels):
        assert number(text) == (int(one.done, 16) if one.done else 0), one
    closed = [one for one in contexts if one.done and one.state in ("canceled", "expired")]
    fields = kinds.printed([f"$goctx_done({one.addr}).closed" for one in closed])
    assert closed and fields == ["1"] * len(closed)


def test_done_of_a_value_context_is_its_ancestors(newest: Subject) -> None:
    by_addr = newest.truth.by_addr()
    values = [one for one in told(newest) if one.kind == "value" and one.parent]
    channels = newest.printed([f"/r $goctx_done({one.addr})" for one in values])
    checked = 0
    for one, text in zip(values, channels):
        above = one
        while above.kind == "value" and above.parent:
            above = by_addr[above.parent]
        if above.kind in ("cancel", "timer"):
            checked += 1
            assert number(text) == (int(above.done, 16) if above.done else 0)
    assert checked > 5


def test_tasks(kinds: Subject) -> None:
    numbers = [one.goid for one in kinds.truth.tasks]
    found = kinds.printed([f"$goctx_task({goid}).goid" for goid in numbers])
    assert [int(text) for text in found] == numbers != []
    assert number(kinds.printed(["/r $goctx_task($goctx_task(1))"])[0])


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language(language: str, newest: Subject) -> None:
    server = newest.truth.context("server").addr
    before = ("goctx frame 1", "frame function main.main", f"set language {language}")
    expressions = [f"$goctx({server})", "$goctx(server)", "$goctx(server.data)", "$goctx(&server)",
                   f"$goctx_parent({newest.truth.context('timeout').addr})"]
    for text in newest.printed([f"/r {one}" for one in expressions], before):
        assert number(text) == int(server, 16)
    assert newest.printed(["$goctx_task(1).goid"], before) == ["1"]


def test_background_and_todo(kinds: Subject) -> None:
    for word in ("background", "todo"):
        pointer, value = kinds.printed([f'/r $goctx("{word}")', f'*$goctx("{word}")'])
        assert re.match(rf"\(context\.({word}Ctx|emptyCtx) \*\) 0x", pointer)
        if "emptyCtx" not in pointer:
            assert value == {"background": "context.Background", "todo": "context.TODO"}[word]


@pytest.mark.parametrize("expression, said", [
    ("$goctx(0x1234)", "goctx: 0x1234 is no context\nhint: "),
    ("$goctx(0)", "goctx: 'argument' is nil"),
    ("$goctx(1.5)", "goctx: 'argument' has type "),
    ('$goctx("nothing")', "goctx: "),
    ("$goctx_task(99999)", "goctx: no goroutine 99999\nhint: "),
    ("$goctx_children(0x1234)", "goctx: 0x1234 is no context\nhint: "),
    ("$goctx()", "goctx: $goctx takes one argument\n"),
])
def test_what_is_no_context(expression: str, said: str, newest: Subject) -> None:
    result = gdbrun.run([f"print {expression}"], **newest.where)
    assert said in result.err and "Traceback" not in result.err
    assert result.status == 1


def test_nothing_to_look_at() -> None:
    result = gdbrun.run(["print $goctx(0x1234)"])
    assert result.err.startswith("goctx: there is no process and no core file to look at\nhint: ")


def test_program_without_debug_information(tmp_path: Path) -> None:
    exe = exe_of("kinds", toolchains.DEFAULT_VERSIONS[-1], "nodwarf")
    died = build.some_core(exe, [], tmp_path)
    server = died.truth.context("server").addr
    result = gdbrun.run([f"print $goctx({server})"], exe=exe, core=died.core)
    died.core.unlink()
    assert "goctx: the debug information has no type context.cancelCtx\nhint: " in result.err


@pytest.mark.parametrize("name", ["goctx", "goctx_parent", "goctx_done", "goctx_children", "goctx_task"])
def test_help_of_functions(name: str) -> None:
    (text,) = gdbrun.session([f"help function {name}"])
    assert re.match(rf".*\.\n\nUsage: \${name}\(", text)
    assert re.search(rf"Example:\n  \(gdb\) print .*\${name}\(", text)


# -- printers ---------------------------------------------------------------


PLAIN_NAME = re.compile(r"context\.(Background|TODO)(\.WithCancel|\.WithDeadline\([^()]*\))*")


def test_printed_contexts_say_name_state_and_children(kinds: Subject) -> None:
    std = ("cancel", "timer", "value", "without_cancel", "after_func", "stop")
    contexts = [one for one in told(kinds) if one.kind in std]
    texts = kinds.printed([f"*$goctx({one.addr})" for one in contexts])
    plain = 0
    for one, text in zip(contexts, texts):
        found = re.fullmatch(rf"(.*) {one.addr} \(({one.state or 'unknown'})\b.*\)", text)
        assert found, (one, text)
        if one.kind != "after_func" and PLAIN_NAME.fullmatch(one.name):
            plain += 1
            assert found[1] == re.sub(r"\.WithDeadline\([^()]*\)", ".WithTimeout", one.name)
        said = re.search(r", (\d+) child(ren)?\b", text)
        assert (int(said[1]) if said else 0) == len(one.children or ()), text
    assert plain > 20


def test_printed_names_are_those_of_the_commands(kinds: Subject) -> None:
    exe, core = kinds.where["exe"], kinds.where["core"]
    done = subprocess.run([str(gdbrun.helper()), "--core", str(core), "--exe", str(exe), "list", "--json", "--limit", "0"],
                          capture_output=True, check=True, env=gdbrun.environment())
    lines = [line for line in map(json.loads, done.stdout.splitlines())
             if line["type"] == "context" and line["addr"].startswith("0x") and line["kind"] != "custom"]
    alone = kinds.printed([f"*$goctx({line['addr']})" for line in lines])
    behind = kinds.printed([f"*$goctx({line['addr']})" for line in lines], ("goctx info",))
    assert alone == behind
    for line, text in zip(lines, alone):
        assert text.startswith(f"{line['name']} {line['addr']} ({line['state']}"), line


def test_interfaces_are_printed_by_what_they_hold(newest: Subject) -> None:
    server = newest.truth.context("server")
    before = ("goctx frame 1", "frame function main.main")
    found = newest.printed(["server", "background", "/r server"], before)
    assert re.fullmatch(rf"{server.name} {server.addr} \(active, \d+ children\)", found[0])
    assert found[1] == "context.Background"
    assert re.fullmatch(r"\{tab = 0x\w+, data = 0x\w+\}", found[2])


def test_raw_values_are_those_of_gdb(newest: Subject) -> None:
    """print/r, and every print when printers are off: as if goctx were not there."""
    contexts = [one for one in told(newest) if one.go_type.startswith("*context.")][:30]
    typed = [f"*('{one.go_type.lstrip('*')}' *) {one.addr}" for one in contexts]
    alone = newest.printed([f"*$goctx({one.addr})" for one in contexts], how="output/r")
    for before in ("set goctx printers off", "disable pretty-printer global goctx"):
        plain = newest.printed([f"*$goctx({one.addr})" for one in contexts], (before,))
        assert plain == alone
    without = gdbrun.session(["set print elements 0", "set width 0", "set language c",
                              *(f"output {one}" for one in typed)], load=False, **newest.where)[3:]
    assert alone == without


def test_printers_can_be_switched_on_again(newest: Subject) -> None:
    server = newest.truth.context("server")
    answers = gdbrun.session(["set goctx printers off", "show goctx printers", "set goctx printers on",
                              f"output *$goctx({server.addr})", "disable pretty-printer global goctx",
                              "enable pretty-printer global goctx", f"output *$goctx({server.addr})"],
                             **newest.where)
    assert answers[1] == "Printing of contexts by name is off.\n"
    assert answers[3] == answers[6] and answers[3].startswith(server.name)


def test_what_is_no_context_is_printed_as_it_is(newest: Subject) -> None:
    """Memory that has the type of a context, and is none."""
    (text,) = newest.printed(["*('context.cancelCtx' *) &'runtime.allgs'"], ("set language c",))
    assert text.startswith("{Context = {tab = ")


def test_other_printers_stay(newest: Subject, tmp_path: Path) -> None:
    script = tmp_path / "mine.py"
    script.write_text("import gdb\n"
                      "class Mine:\n"
                      "    def __init__(self, value): pass\n"
                      "    def to_string(self): return 'MINE'\n"
                      "gdb.pretty_printers.append(lambda v: Mine(v) if v.type.name == 'context.cancelCtx'"
                      " else None)\n")
    server = newest.truth.context("server").addr
    show = f"output *$goctx({server})"
    again = f"source {gdbrun.LOADER}"
    before = gdbrun.session([f"source {script}", again, show], **newest.where)[-1]
    assert before == "MINE"
    after = gdbrun.session([f"source {script}", show, "python print(len(gdb.pretty_printers))", again,
                            "python print(len(gdb.pretty_printers))"], **newest.where)
    assert after[1].startswith("context.Background.WithCancel")
    assert after[2] == after[4]


def test_beside_gos_own_script(kinds: Subject, request: pytest.FixtureRequest) -> None:
    version = request.node.callspec.params["kinds"]
    go = toolchains.go(version)
    assert go
    scripts = sorted(go.parent.parent.rglob("runtime-gdb.py"))
    if not scripts:
        pytest.skip("this toolchain has no runtime-gdb.py")
    server = kinds.truth.context("server")
    load = f"source {scripts[0]}"
    commands = ["info goroutines", "print $len('os.Args')", "print 'runtime.buildVersion'"]
    theirs = gdbrun.session(["set language c", load, *commands], load=False, **kinds.where)[2:]
    for first, second in ((load, "echo"), ("echo", load)):
        both = gdbrun.session(["set language c", first, f"source {gdbrun.LOADER}", second, *commands,
                               f"output *$goctx({server.addr})"], **kinds.where)
        assert both[4:-1] == theirs
        assert both[-1].startswith(f"{server.name} {server.addr} (active, ")


def test_live_values_follow_the_program() -> None:
    exe = exe_of(HERE / "stepping", toolchains.DEFAULT_VERSIONS[-1])
    look = ["output children", "up", "output root", "output $goctx_children(root)", "continue"]
    answers = gdbrun.session(["break main.stopHere", "run", *look * 4, "up", "output root"], exe=exe)[2:]
    stops = [answers[5 * stop:5 * stop + 5] for stop in range(4)]
    assert [int(stop[0]) for stop in stops] == [0, 1, 2, 0]
    for count, _, root, children, _ in stops:
        said = {"0": "", "1": ", 1 child", "2": ", 2 children"}[count]
        assert re.fullmatch(rf"context\.Background\.WithCancel 0x\w+ \(active{said}\)", root)
        assert children.count("context.Background.WithCancel.WithCancel 0x") == int(count)
    assert re.fullmatch(r'context\.Background\.WithCancel 0x\w+ \(canceled "context canceled"\)', answers[-1])


def test_contexts_as_arguments_of_frames(frames: Path) -> None:
    (text,) = gdbrun.session(["break main.stopHere", "run", "bt"], exe=frames)[2:]
    assert re.search(r"main\.inFrame \(ctx=context\.Background\.WithCancel 0x\w+ \(active, 21 children\),"
                     r" s=0x\w+, background=context\.Background, todo=context\.TODO", text)


@pytest.mark.skipif(not shutil.which("gdbserver"), reason="gdbserver is not installed")
def test_remote_values(frames: Path) -> None:
    """The functions work; printers only when they are asked for: they would read the process at each step."""
    server = ["set sysroot /", f"target remote | gdbserver --once - {frames}", "break main.stopHere",
              "continue", "up"]
    answers = gdbrun.session([*server, "output/r $goctx(ctx)", "output/r ctx", "output ctx",
                              "set goctx printers on", "output ctx", "kill"], exe=frames)[len(server):]
    assert answers[1] == answers[2]
    assert re.fullmatch(r"context\.Background\.WithCancel 0x\w+ \(active, 21 children\)", answers[4])
    assert number(answers[0]) == number(answers[4])


def test_printers_without_helper_leave_values_to_gdb(newest: Subject) -> None:
    server = newest.truth.context("server").addr
    answers = gdbrun.session(["set language c", "set goctx helper /nowhere",
                              f"output *('context.cancelCtx' *) {server}"], **newest.where)
    assert answers[2].startswith("{Context = {tab = ")
