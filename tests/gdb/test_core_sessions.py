"""goctx in GDB on cores: one helper, which says what it says without GDB."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

import build
import gdbrun
import helper
from sessions import died, fake, helper_says, kinds, log_of  # noqa: F401, F811

pytestmark = pytest.mark.skipif(bool(gdbrun.missing()), reason=str(gdbrun.missing()))


@pytest.mark.parametrize("command", [
    "info", "tree", "tree --no-fold --values --depth 3", "list", "list --limit 0 --sort children",
    "show background", "show {server}", "children {server}", "children background --limit 0",
    "tasks --system", "tasks --group stack", "tasks --tree", "blocked", "waits", "sites", "bt all", "bt 1", "check", "heap", "layout",
    "layout context.cancelCtx", "list --json", "tree --json", "blocked --json", "waits --json", "tasks --json",
    "bt all --json", "show {server} --json",
])
def test_core_prints_what_the_helper_prints(command: str, died: build.Died, kinds: Path) -> None:
    command = command.format(server=died.truth.context("server").addr)
    expected = helper_says("--core", died.core, "--exe", kinds, *command.split())
    (printed,) = gdbrun.session([f"goctx {command}"], exe=kinds, core=died.core)
    assert helper.without_target(printed) == helper.without_target(expected) != ""


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
    # The core's first thread is the one that the signal came to, which need not be main's.
    answers = gdbrun.session(["goctx frame 1", "frame function main.main", "goctx show server",
                              f"goctx show {addr}"], exe=kinds, core=died.core)
    assert answers[2] == answers[3] != ""
    assert addr in answers[2].splitlines()[0]
