"""What goes wrong in GDB: targets, helpers, exit statuses, characters."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

import build
import gdbrun
from sessions import died, fake, kinds  # noqa: F401, F811

pytestmark = pytest.mark.skipif(bool(gdbrun.missing()), reason=str(gdbrun.missing()))


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
