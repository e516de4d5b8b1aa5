"""goctx in GDB on live processes: read anew after they ran, left as they were."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

import build
import gdbrun
from sessions import built, fake, frames, helper_says, kinds, log_of  # noqa: F401, F811

pytestmark = pytest.mark.skipif(bool(gdbrun.missing()), reason=str(gdbrun.missing()))


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
