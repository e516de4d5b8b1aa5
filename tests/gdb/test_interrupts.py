"""Ctrl-C in GDB, and that no helper outlives it."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

import build
import gdbrun
from sessions import died, fake, kinds  # noqa: F401, F811

pytestmark = pytest.mark.skipif(bool(gdbrun.missing()), reason=str(gdbrun.missing()))


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


# GDB gets the signal in a handler of the program's going on, and those of goctx come after that.
PRESS = """\
import ctypes
from goctx import events
class Two:
    from_param = classmethod(lambda cls, event: ctypes.c_int(2))
press = ctypes.CDLL(None)["raise"]
press.argtypes = [Two]
events.disconnect()
gdb.events.cont.connect(press)
events.connect()
"""


@pytest.mark.parametrize("command", ["continue", "goctx trace"])
def test_interrupt_before_gdb_waits(command: str, kinds: Path, tmp_path: Path) -> None:
    """Ctrl-C that comes while the program is let go stops it: nothing of goctx takes it for its own."""
    press = tmp_path / "press.py"
    press.write_text(PRESS)
    with build.running(kinds) as run:
        with gdbrun.started(["set pagination off", "goctx frame 1", "goctx frame", f"source {press}", command,
                             "echo then\\n", "goctx info", "detach"], exe=kinds, pid=run.pid) as gdb:
            out, err = gdb.communicate(timeout=gdbrun.TIMEOUT)
        text = out.decode()
        assert "received signal SIGINT" in text, err
        assert "program " in text.partition("then\n")[2], err
        assert Path(f"/proc/{run.pid}/status").exists()
