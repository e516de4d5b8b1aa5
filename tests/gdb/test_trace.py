"""goctx trace: what it prints against what the program says that it did."""

from __future__ import annotations

import json
import re
import signal
import subprocess
from pathlib import Path

import pytest

import build
import gdbrun
import records
import toolchains

pytestmark = pytest.mark.skipif(bool(gdbrun.missing()), reason=str(gdbrun.missing()))
VERSIONS = [version for version in toolchains.DEFAULT_VERSIONS if version != "1.22"]
NEWEST = VERSIONS[-1]
START = ["set pagination off", "tbreak main.start"]  # a goroutine that moves to another thread comes to a breakpoint again


def built(version: str, variant: str = "default") -> Path:
    try:
        return build.build("traced", version, variant)
    except build.Unavailable as why:
        pytest.skip(str(why))


def jsonl(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def traced(exe: Path, tmp_path: Path, *options: str) -> tuple[list[dict], list[dict], gdbrun.Result]:
    """Events and sites of the trace, and the truth of the program, which ran to its end."""
    events, truth = tmp_path / "events", tmp_path / "truth"
    result = gdbrun.run([*START, f"run {truth}", f"goctx trace --to {events} {' '.join(options)}",
                         "info breakpoints", "continue"], exe=exe)
    page = records.read()
    assert [what for line in events.read_text().splitlines() for what in page.wrong(line)] == []
    return jsonl(events), jsonl(truth), result


def lines(events: list[dict], what: str, *names: str) -> list[tuple]:
    return sorted(tuple(one[name] or "" for name in names) for one in events
                  if one.get("event") == what)


@pytest.mark.parametrize("version, variant", [
    *((version, "default") for version in VERSIONS),
    *((version, variant) for version in (VERSIONS[0], NEWEST) for variant in ("noopt", "pie"))])
def test_every_event_is_seen_once(version: str, variant: str, tmp_path: Path) -> None:
    events, truth, result = traced(built(version, variant), tmp_path)
    assert truth[-1] == {"event": "end"}, result
    assert "exited normally" in result.out
    created = ("how", "context", "parent")
    assert lines(events, "create", *created) == lines(truth, "create", *created)
    told = lines(truth, "cancel", "context", "parent", "err")
    seen = lines(events, "cancel", "context", "parent", "err")
    by_parent = {one["context"] for one in truth if one.get("event") == "create"
                 and one["how"] == "WithTimeout"}
    assert set(told) <= set(seen) and len(seen) == len(set(seen))
    assert {one[0] for one in set(seen) - set(told)} <= by_parent  # those that root took along
    assert set(lines(truth, "remove", "context")) <= set(lines(events, "remove", "context"))


def test_who_did_it(tmp_path: Path) -> None:
    events, truth, _ = traced(built(NEWEST), tmp_path)
    made = [one for one in events if one.get("event") == "create" and one["how"] == "WithValue"]
    assert {one["func"] for one in made} == {"main.children"}
    source = Path(__file__).resolve().parents[1] / "programs" / "traced" / "main.go"
    numbered = source.read_text().splitlines()
    assert {numbered[one["line"] - 1].strip() for one in made} == {"v := context.WithValue(ctx, key{}, i)"}
    assert {one["key"] for one in made} == {"main.key"}
    assert len({one["goid"] for one in made}) == 1 and made[0]["goid"] != 1
    late = [one["context"] for one in truth if one.get("event") == "cancel" and one["how"] == "timer"]
    assert len(late) == 1
    assert [one["func"] for one in events if one.get("event") == "cancel" and one["context"] in late] == ["a timer"]


def test_file_is_an_answer_like_others(tmp_path: Path) -> None:
    """It begins with a header; what it says of the same events is what the screen says."""
    exe = built(NEWEST, "noopt")
    events, _, _ = traced(exe, tmp_path, "--count", "9")
    header, *rest = events
    assert header["type"] == "header" and header["command"] == "trace" and header["schema"] == 1
    assert [one["type"] for one in rest].index("site") == 9
    result = gdbrun.run([*START, f"run {tmp_path / 'again'}", "goctx trace --count 9", "kill"], exe=exe)
    printed = re.findall(r"^ +[\d.]+s  goroutine \d+ +(\w+) +(\S+) 0x.*  (\S+)  main.go:(\d+)$", result.out, re.MULTILINE)
    assert printed == [(one["event"], one["how"], one["func"], str(one["line"])) for one in rest[:9]]


# The helper dies at the n-th request of a trace.
DYING = """\
import os, signal
from goctx import ask
again, requests = ask.Held.again, []
def dying(self, args):
    requests.append(args)
    if len(requests) == NTH:
        os.kill(self._where._client.pid, signal.SIGKILL)
    return again(self, args)
ask.Held.again = dying
"""


@pytest.mark.parametrize("nth", [1, 4, 9])
def test_helper_that_dies_stops_the_trace(nth: int, tmp_path: Path) -> None:
    dying = tmp_path / "dying.py"
    dying.write_text(DYING.replace("NTH", str(nth)))
    result = gdbrun.run([*START, f"run {tmp_path / 'truth'}", f"source {dying}", "goctx trace",
                         "maint info breakpoints", "info threads", "kill"], exe=built(NEWEST))
    assert re.search("goctx: the helper (ended before its answer was complete|has ended)\nhint: ", result.err)
    assert "Traceback" not in result.err
    assert re.search(r"^\* +\d+ +.*LWP", result.out, re.MULTILINE), result
    assert not re.search(r" breakpoint +keep .*<context\.", result.out)


DEAF = """\
from goctx.trace import probes
stop, times = probes.Probe.stop, []
def deaf(self):
    said = stop(self)
    times.append(said)
    return said and times.count(True) > 1
probes.Probe.stop = deaf
"""


def test_stop_that_gdb_passes_over_comes_at_the_next_event(tmp_path: Path) -> None:
    """And that one is no event of the trace any more."""
    deaf = tmp_path / "deaf.py"
    deaf.write_text(DEAF)
    result = gdbrun.run([*START, f"run {tmp_path / 'truth'}", f"source {deaf}", f"goctx trace --count 9 --to {tmp_path / 'events'}",
                         "info threads", "kill"], exe=built(NEWEST))
    assert [one["type"] for one in jsonl(tmp_path / "events")].count("event") == 9
    assert "exited" not in result.out and re.search(r"^\* +\d+ +.*LWP", result.out, re.MULTILINE), result


BLIND = """\
import gdb
from goctx.trace import memory
word, times = memory.Memory.word, []
def blind(self, address):
    times.append(address)
    if len(times) == 2:
        raise gdb.MemoryError("nothing there")
    return word(self, address)
memory.Memory.word = blind
"""


def test_event_that_cannot_be_read_is_counted(tmp_path: Path) -> None:
    blind = tmp_path / "blind.py"
    blind.write_text(BLIND)
    result = gdbrun.run([*START, f"run {tmp_path / 'truth'}", f"source {blind}", "goctx trace", "info breakpoints"],
                        exe=built(NEWEST))
    assert "\n1 event could not be read\n" in result.out and "exited normally" in result.out
    assert "could not be read" not in traced(built(NEWEST), tmp_path)[2].out


def test_sums_by_call_site(tmp_path: Path) -> None:
    """Before anything is cancelled from above: two of five are still active."""
    events, _, result = traced(built(NEWEST), tmp_path, "--count", "23")
    sites = {(one["how"], one["func"]): one for one in events if one["type"] == "site"}
    loop = sites["WithTimeout", "main.children"]
    assert (loop["created"], loop["canceled"], len(loop["active"])) == (5, 3, 2), (events, result)
    assert "      5          3             2  WithTimeout by main.children" in result.out


def test_nothing_is_left_behind(tmp_path: Path) -> None:
    exe = built(NEWEST)
    _, truth, result = traced(exe, tmp_path, "--count", "3")
    assert re.search(r"^No breakpoints", result.out, re.MULTILINE)
    assert truth[-1] == {"event": "end"} and "exited normally" in result.out
    plain = subprocess.run([str(exe), str(tmp_path / "plain")], check=True)
    assert plain.returncode == 0 and len(jsonl(tmp_path / "plain")) == len(truth)


def test_subtree_function_and_event(tmp_path: Path) -> None:
    exe = built(NEWEST, "noopt")
    truth = tmp_path / "truth"
    result = gdbrun.run([*START, f"run {truth}", "up", "goctx trace --context before --stop-on cancel",
                         "info symbol $pc", "goctx trace --func 'children$' --count 2", "kill"], exe=exe)
    first, _, second = result.out.partition("events: ")
    assert "WithDeadline" in first and "WithValue" not in first
    assert "context.(*cancelCtx).cancel" in second
    events = tmp_path / "events"
    gdbrun.run([*START, f"run {truth}", f"goctx trace --to {events} --func children$"], exe=exe)
    assert {one["func"] for one in jsonl(events) if one["type"] == "event"} == {"main.children"}


@pytest.mark.parametrize("options, said", [
    ("--stop-on birth", "goctx: --stop-on: no such word 'birth'\nhint: --stop-on EVENT: stop the program at the first create, "),
    ("--count some", "goctx: --count some: not a number"),
    ("--func (", "goctx: --func '(' is no regular expression: "),
    ("--to /nowhere/at/all", "goctx: cannot write /nowhere/at/all: No such file"),
    ("--context background", "goctx: --context: an address is needed"),
    ("--wrong", "goctx: unknown option --wrong\nhint: "),
    ("more", "goctx: 'trace' takes no arguments: 'more' is too much\nhint: "),
    ("--count", "goctx: --count needs a value"),
])
def test_bad_options(options: str, said: str) -> None:
    result = gdbrun.run([*START, "run", f"goctx trace {options}", "kill"], exe=built(NEWEST))
    assert said in result.err and "Traceback" not in result.err


def test_nothing_to_trace(tmp_path: Path) -> None:
    exe = built(NEWEST)
    assert "goctx: there is no process" in gdbrun.run(["goctx trace"], exe=exe).err or \
        "goctx: only a live process can be traced" in gdbrun.run(["goctx trace"], exe=exe).err
    try:
        core = build.kernel_core(build.build("kinds", NEWEST), [], tmp_path).core
    except build.Unavailable as why:
        pytest.skip(str(why))
    result = gdbrun.run(["goctx trace"], exe=build.build("kinds", NEWEST), core=core)
    assert result.err.endswith("goctx: only a live process can be traced\n"
                               "hint: start it with `run`, or `attach PID`\n")


def test_nothing_stays_when_it_cannot_begin() -> None:
    spoil = ("python import goctx.trace.probes as probes, goctx.errors as errors; "
             "probes._fields = lambda memory: (_ for _ in ()).throw(errors.GoctxError('no such type'))")
    result = gdbrun.run([*START, "run", spoil, "goctx trace", "echo after\\n",
                         "maint info breakpoints", "kill"], exe=built(NEWEST))
    assert "goctx: no such type" in result.err
    assert "context." not in result.out.partition("after\n")[2]


def test_interrupt_ends_the_trace(tmp_path: Path) -> None:
    exe = build.build("kinds", NEWEST)
    with build.running(exe) as run:
        words = gdbrun.command_line(["set pagination off", "goctx trace", "echo then\\n",
                                     "goctx info", "detach"], exe=exe, pid=run.pid)
        gdb = subprocess.Popen(words, env=gdbrun.environment(), stdin=subprocess.DEVNULL,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True)
        try:
            assert gdb.stdout is not None
            seen = b""
            while b"Ctrl-C ends it" not in seen:
                some = gdb.stdout.read1(1 << 16)
                assert some, gdb.communicate()
                seen += some
            gdb.send_signal(signal.SIGINT)
            out, err = gdb.communicate(timeout=gdbrun.TIMEOUT)
        finally:
            gdb.kill()
            gdb.communicate()
        text = (seen + out).decode()
        assert "then\n" in text and "program " in text, err
        assert Path(f"/proc/{run.pid}/status").exists()
