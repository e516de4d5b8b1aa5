"""goctx in GDB on the core that is kept in tests/small: a try of each kind of thing, without a Go toolchain."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import gdbrun
import helper
import small_core
from sessions import helper_says

pytestmark = pytest.mark.skipif(bool(gdbrun.missing()), reason=str(gdbrun.missing()))
COMMANDS = ("info", "tree", "list --json", "tasks --tree", "blocked", "bt all", "leaks", "check", "heap")


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> small_core.Small:
    """The core, unpacked."""
    return small_core.unpack(tmp_path_factory.mktemp("small"))


def test_prints_what_the_helper_prints(small: small_core.Small) -> None:
    printed = gdbrun.session([f"goctx {one}" for one in COMMANDS], exe=small.exe, core=small.core)
    for command, text in zip(COMMANDS, printed):
        assert without_time(text) == without_time(helper_says(*small.target, *command.split())) != "", command


def without_time(text: str) -> str:
    """Without how long it took, and what only the command line says of the target."""
    return re.sub(r'"took_ns":\d+', "", helper.without_target(text))


def test_frames_of_goroutines(small: small_core.Small) -> None:
    """GDB goes where Go's traceback has each goroutine, prints the context that is in its frame, and back."""
    for task in small.truth.tasks:
        if task.label != "lost pump":
            continue
        (ctx,) = task.waits_ctx or ()
        printed = gdbrun.session([f"goctx frame {task.goid}", "bt", "frame function main.pump", "goctx show ctx",
                                  f"goctx show {ctx}"], exe=small.exe, core=small.core)
        functions = re.findall(r"(?m)^#\d+ +(?:0x\w+ in )?([\w./()*]+) \(", printed[1])
        own = [one for one in functions if not re.search(r"^runtime\.|\.gowrap\d+$", one)]  # as runtime.Stack shows it
        assert own == [one for one in task.stack if not one.startswith("runtime.")], printed[1]
        assert f"{Path(task.file).name}:{task.line}" in printed[1]
        assert printed[3] == printed[4] != "" and ctx in printed[3]


def test_values(small: small_core.Small) -> None:
    """Functions for expressions, and contexts as GDB prints them."""
    told = {one.label: one for one in small.truth.contexts}
    server, limited = told["server"].addr, told["limited"].addr
    assert told["lost"].addr in (told["server"].children or ())
    count = len(told["server"].children or ())
    printed = gdbrun.session([f"p *$goctx({server})", f"p *$goctx_parent({told['lost'].addr})", f"p/r $goctx({limited})",
                              f"p *$goctx_parent({limited})", "goctx show 0x1", "p $_goctx_status"], exe=small.exe, core=small.core)
    assert f"context.Background.WithCancel {server} (active, {count} children)" in printed[0], printed[0]
    assert printed[1].partition(" = ")[2] == printed[0].partition(" = ")[2]
    assert printed[2].endswith(f"(context.timerCtx *) {limited}\n"), printed[2]
    assert f'context.Background.WithCancel.WithValue(main.key("user")) {told["user"].addr} (active)' in printed[3], printed[3]
    assert printed[5] == "$5 = 2\n", printed[5]
