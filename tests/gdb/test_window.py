"""The TUI window and the MI commands, in real terminals and front-end sessions."""

from __future__ import annotations

import json
import os
import pty
import re
import select
import struct
import subprocess
import termios
import time
import fcntl
from pathlib import Path
from typing import Iterator

import pytest

import build
import gdbrun
from sessions import built

pytestmark = pytest.mark.skipif(bool(gdbrun.missing()), reason=str(gdbrun.missing()))
ROWS, COLUMNS = 40, 100


def _take_terminal() -> None:
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


class Terminal:
    """GDB in a terminal of its own; what it draws is kept as bytes."""

    def __init__(self, words: list[str]) -> None:
        self._fd, other = pty.openpty()
        fcntl.ioctl(other, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
        env = {**gdbrun.environment(), "TERM": "xterm"}
        self._proc = subprocess.Popen(words, stdin=other, stdout=other, stderr=other, env=env,
                                      start_new_session=True, preexec_fn=_take_terminal)
        os.close(other)

    def send(self, line: str) -> None:
        os.write(self._fd, line.encode() + b"\n")

    def until(self, pattern: str, seconds: float = gdbrun.TIMEOUT) -> str:
        """What is drawn until the pattern appears, without positions and colours."""
        seen = b""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if not select.select([self._fd], [], [], 0.1)[0]:
                continue
            try:
                seen += os.read(self._fd, 1 << 16)
            except OSError:  # the other side is gone
                break
            plain = re.sub(rb"\x1b\[[0-9;?]*[A-Za-z]|\x1b[()][A-Z0-9]", b" ", seen).decode("utf-8", "replace")
            if re.search(pattern, plain):
                return plain
        raise AssertionError(f"{pattern!r} never came; last: {seen[-2000:]!r}")

    def close(self) -> None:
        self._proc.kill()
        self._proc.wait()
        os.close(self._fd)


@pytest.fixture(scope="module")
def chain(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Executable and core."""
    exe = built("kinds")
    try:
        return exe, build.kernel_core(exe, [], tmp_path_factory.mktemp("core")).core
    except build.Unavailable as why:
        pytest.skip(str(why))


@pytest.mark.parametrize("options", [[], ["--no-fold", "--limit", "0"], ["--depth", "2"], ["--no-tasks"]])
def test_lines_of_the_window_are_those_of_the_tree(chain: tuple[Path, Path], options: list[str]) -> None:
    """What they are marked with, against the drawing: depth by its indentation, key by the first address, lines below by depth."""
    exe, core = chain

    def said(command: str) -> list[str]:
        return subprocess.run([str(gdbrun.helper()), "--core", str(core), "--exe", str(exe), command, *options],
                              capture_output=True, text=True, check=True).stdout.splitlines()

    rows = [line.split("\t", 1) for line in said("@tree")]
    assert [text for _, text in rows] == said("tree")
    depths = [int(marks.split()[0]) for marks, _ in rows]
    for at, (marks, text) in enumerate(rows):
        depth, key, below = marks.split()
        prefix = re.match("[ │├└─]*", text)[0]
        assert len(prefix) == 3 * int(depth)
        following = depths[at + 1:]
        under = next((n for n, one in enumerate(following) if one <= int(depth)), len(following))
        assert following[:under].count(int(depth) + 1) == int(below), text
        named = re.match(r"[ │├└─]*(?:(Background|TODO)\b|.*?(0x\w+))", text)
        if key != "-" and not key.startswith("chain:"):
            assert named and (named[2] or named[1].lower()) == key, text
    keys = [marks.split()[1] for marks, _ in rows if not marks.split()[1] == "-"]
    assert len(keys) == len(set(keys)) > 10


@pytest.fixture
def terminal(chain: tuple[Path, Path]) -> Iterator[Terminal]:
    exe, core = chain
    one = Terminal(gdbrun.command_line(["set pagination off"], exe=exe, core=core, batch=False))
    yield one
    one.close()


def test_window_shows_the_tree_and_folds(terminal: Terminal) -> None:
    terminal.until(r"\(gdb\)")
    terminal.send("goctx window")
    screen = terminal.until(r"(?s)contexts, lines 1-\d+ of \d+.*WithCancel")
    assert "WithCancel" in screen
    terminal.send("goctx window fold")
    terminal.until(r"\[\+\d+\]")
    terminal.send("goctx window unfold background")
    terminal.until(r"WithCancel")
    terminal.send("goctx window fold 0x1")
    terminal.until(r"no line of the window is about 0x1")
    terminal.send("tui disable")
    terminal.send("goctx window refresh")
    terminal.send("goctx info")
    terminal.until(r"contexts +\d+")


def test_window_follows_stops() -> None:
    frames = built(Path(__file__).resolve().parent / "frames")
    terminal = Terminal(gdbrun.command_line(["set pagination off", "break main.stopHere"], exe=frames, batch=False))
    try:
        terminal.until(r"\(gdb\)")
        terminal.send("goctx window")
        terminal.until(r"there is no process and no core file")
        terminal.send("run >/dev/null")
        terminal.until(r"WithCancel 0x")
        terminal.send("kill")
        terminal.until(r"there is no process and no core file")
    finally:
        terminal.close()


def test_window_outside_of_a_terminal(chain: tuple[Path, Path]) -> None:
    exe, core = chain
    result = gdbrun.run(["goctx window", "goctx window fold"], exe=exe, core=core)
    assert "goctx: the window cannot be opened: " in result.err
    assert "goctx: the window is not open\nhint: " in result.err
    assert result.status == 1


def mi(commands: list[str], exe: Path, core: Path) -> str:
    done = subprocess.run([gdbrun.gdb(), "-nx", "-i=mi", "-iex", "set auto-load no", "-x", str(gdbrun.LOADER), str(exe), str(core)],
                          input="\n".join(commands) + "\n", capture_output=True, text=True,
                          env=gdbrun.environment(), timeout=gdbrun.TIMEOUT, check=False)
    return done.stdout


def test_mi_commands_return_the_json_model(chain: tuple[Path, Path]) -> None:
    exe, core = chain
    out = mi(["-goctx-list --kind value --limit 0", "-goctx-show todo", "-goctx-show nothing_there"],
             exe, core)
    answers = re.findall(r"^\^(done,.*goctx=.*|error,.*)$", out, re.MULTILINE)
    assert len(answers) == 3, out
    alone = subprocess.run([str(gdbrun.helper()), "--core", str(core), "--exe", str(exe), "list", "--json",
                            "--kind", "value", "--limit", "0"], capture_output=True, text=True, check=True)
    lines = [json.loads(line) for line in alone.stdout.splitlines()]
    assert answers[0].count('{type="context"') == len(lines) - 1
    for line in lines[1:]:
        assert f'addr="{line["addr"]}",kind="value"' in answers[0]
    assert 'addr="todo",kind="todo"' in answers[1]
    assert answers[2].startswith("error,msg=\"goctx: ")


def test_every_command_has_its_mi_form() -> None:
    result = gdbrun.run(["python import goctx.commands as c; print(*(one.name for one in c.COMMANDS))"])
    exe = built("kinds")
    out = mi([f"-goctx-{name}" for name in result.out.split()], exe, exe)
    assert "undefined-command" not in out


def test_settings_change_what_is_asked(chain: tuple[Path, Path]) -> None:
    exe, core = chain
    fold, unfold, hidden, shown = gdbrun.session([
        "goctx tree", "with goctx fold off -- goctx tree",
        "with goctx values redacted -- goctx list --kind value --json",
        "with goctx values shown -- goctx list --kind value --json"], exe=exe, core=core)
    assert "more like" in fold and "more like" not in unfold
    secret = [json.loads(line)["value"] for line in shown.splitlines() if '"context"' in line]
    redacted = [json.loads(line)["value"] for line in hidden.splitlines() if '"context"' in line]
    assert len(secret) == len(redacted) > 3
    assert all(value is None or value == "nil" or value.endswith(" (redacted)") for value in redacted)
    assert not any(value.endswith("(redacted)") for value in secret if value)
