"""JSON against its reference page, dwarf-helper/RECORDS.md: every line of every command, field by field."""

from __future__ import annotations

import json
import os
import re
import subprocess
import time
from datetime import datetime
from pathlib import Path

import pytest

import build
import helper
import records
import toolchains

PROGRAMS = (("kinds", "1.27"), ("kinds", "1.19"), ("waiters", "1.24"), ("cancelers", "1.27"), ("bubbles", "1.27"))
TRACE = "goctx trace"  # made by GDB: tests/gdb/test_trace.py

# Every command; CTX is each of some contexts, GOID a goroutine.
COMMANDS = (
    ("info",), ("tree",), ("tree", "CTX", "--depth", "1"), ("list",), ("list", "--redact", "--limit", "3"), ("show", "CTX"),
    ("children", "CTX"), ("children", "CTX", "--limit", "1"), ("tasks", "--system"), ("tasks", "--group", "stack"),
    ("tasks", "--group", "func"), ("tasks", "--group", "wait", "--system"), ("tasks", "--group", "created"),
    ("tasks", "--group", "context"), ("blocked",), ("waits",), ("sites",), ("bt", "GOID"), ("bt", "all", "--system"), ("leaks",),
    ("leaks", "--min-confidence", "info"), ("check", "--min-confidence", "info"), ("why", "CTX"), ("why", "CTX", "--paths", "0"),
    ("why", "0x10"), ("heap",), ("layout",), ("layout", "context.cancelCtx"),
)


@pytest.fixture(scope="module")
def page() -> records.Page:
    """The reference page."""
    return records.read()


def test_page_is_the_list(goctx: helper.Goctx) -> None:
    """`make records` has nothing to do."""
    made = subprocess.run([str(goctx.binary), "@records"], check=True, capture_output=True, text=True)
    assert made.stdout == records.PAGE.read_text() and not made.stderr


def test_page_knows_all_commands(goctx: helper.Goctx, page: records.Page) -> None:
    """Those of `goctx help` that answer in records, and no other."""
    told = subprocess.run([str(goctx.binary), "help"], check=True, capture_output=True, text=True).stdout
    names = set(re.findall(r"^  ([a-z]+) ", told, re.M)) - {"serve", "help"}
    assert set(page.commands) == names | {"goctx trace"} == {one[0] for one in COMMANDS} | {TRACE}
    assert set().union(*page.commands.values()) == set(page.records) - {"header", "note"} - page.parts


def died(name: str, version: str, folder: Path) -> tuple[list[str], build.Died, Path]:
    """A core of a program."""
    try:
        exe = build.build(name, version)
        core = build.some_core(exe, [], folder)
    except build.Unavailable as why:
        pytest.skip(f"{name} with go {version}: {why}")
    return helper.core_target(core.core, exe), core, exe


ELSEWHERE = {"made"}  # takes a heap of some size: test_made.py reads it against the page


def some_contexts(server: helper.Server) -> list[str]:
    """One of each kind and state."""
    found = {(one.kind, one.state): one.addr for one in server.ask("list", "--json").context_list}
    return sorted(found.values())


def questions(server: helper.Server) -> list[list[str]]:
    """COMMANDS with their arguments."""
    contexts = some_contexts(server)
    goid = str(server.ask("tasks", "--json").task_list[0].goid)
    asked = []
    for command in COMMANDS:
        for addr in contexts if "CTX" in command else [""]:
            asked.append([{"CTX": addr, "GOID": goid}.get(word, word) for word in command])
    return asked


def types_of(text: str) -> set[str]:
    """Of all lines."""
    return {json.loads(line)["type"] for line in text.splitlines()}


def wrong_lines(server: helper.Server, page: records.Page, seen: set[str]) -> list[str]:
    """Of all commands; types of records that came are added to seen."""
    wrong = []
    for command in questions(server):
        answer = server.ask(*command, "--json")
        assert answer.status == helper.OK, f"{command}: {answer.stderr}"
        lines = answer.text.splitlines()
        assert lines and types_of(lines[0]) == {"header"}
        came = types_of(answer.text) - {"header", "note"}
        if not came <= page.commands[command[0]]:
            wrong.append(f"{command}: {came}")
        seen |= types_of(answer.text)
        wrong += [f"{command}: {what}" for line in lines for what in page.wrong(line)]
    return wrong


def test_every_line(goctx_asan: helper.Goctx, page: records.Page, scratch: Path) -> None:
    """Exactly the fields of the page, in its order and of its types; every type comes."""
    seen: set[str] = set()
    for name, version in PROGRAMS:
        target, core, _ = died(name, version, scratch)
        with goctx_asan.serve(target) as server:
            wrong = wrong_lines(server, page, seen)
        core.core.unlink()
        assert not wrong, f"{name} with go {version}: {len(wrong)} wrong, as {wrong[:5]}"
    assert seen == page.lines - ELSEWHERE


def test_a_cut_core(goctx_asan: helper.Goctx, page: records.Page, scratch: Path) -> None:
    """What is missing is null only where the page says that it can be."""
    target, core, _ = died("kinds", "1.27", scratch)
    os.truncate(core.core, core.core.stat().st_size * 2 // 3)
    wrong = []
    for command in (one for one in COMMANDS if not {"CTX", "GOID"} & set(one)):
        answer = goctx_asan.run(target, *command, "--json")
        if answer.status != helper.UNREADABLE:
            assert answer.status == helper.PARTIAL, f"{command}: {answer.status} {answer.stderr}"
            wrong += [what for line in answer.text.splitlines() for what in page.wrong(line)]
    assert not wrong, f"{len(wrong)} wrong, as {wrong[:5]}"


def settings(exe: Path, version: str) -> dict[str, str]:
    """What the go command says of an executable: its main module and settings."""
    go = toolchains.go(version)
    if not go:
        pytest.skip(f"no toolchain of go {version}")
    told = subprocess.run([str(go), "version", "-m", str(exe)], check=True, capture_output=True, text=True,
                          env=toolchains.go_env()).stdout
    found = dict(re.findall(r"^\tbuild\t([^=]+)=(.*)$", told, re.M))
    module = re.search(r"^\tmod\t(\S+)\t(\S*)", told, re.M)
    return {**found, "module": module[1] if module else "", "version": module[2] if module else ""}


def raw_header(answer: helper.Answer) -> dict[str, object]:
    """The first line with all of its fields."""
    return json.loads(answer.text.splitlines()[0])


def check_build(head: dict[str, object], exe: Path, version: str) -> None:
    """What the executable says of itself, by readelf and the go command."""
    told = settings(exe, version)
    notes = subprocess.run(["readelf", "-n", str(exe)], check=True, capture_output=True, text=True).stdout
    build_id = re.search(r"Build ID: ([0-9a-f]+)", notes)
    assert head["build_id"] == (build_id[1] if build_id else None)
    assert head["module"] == (told["module"] or None) and head["module_version"] == (told["version"] or None)
    assert head["vcs_revision"] == told.get("vcs.revision")


@pytest.mark.parametrize("version", ["1.19", "1.27"])
def test_header_of_a_core(goctx: helper.Goctx, scratch: Path, version: str) -> None:
    """Where it comes from and what was built into it."""
    target, core, exe = died("kinds", version, scratch)
    head = raw_header(goctx.run(target, "list", "--json"))
    assert head["core"] == str(core.core) and head["pid"] == core.truth.pid
    assert head["host"] is None and head["stopped_ns"] is None
    taken = datetime.fromisoformat(re.sub(r"(\.\d{1,6})\d*Z$", r"\1+00:00", str(head["time"]))).timestamp()
    assert core.truth.begun - 1 <= taken <= core.core.stat().st_mtime + 1
    check_build(head, exe, version)


def test_header_of_a_process(goctx: helper.Goctx, scratch: Path) -> None:
    """Its host, the time, and for how long it stood still."""
    try:
        exe = build.build("kinds", "1.27")
    except build.Unavailable as why:
        pytest.skip(str(why))
    with build.running(exe) as run:
        before = time.time()
        head = raw_header(goctx.run(helper.pid_target(run.pid), "list", "--json"))
        after = time.time()
    assert head["core"] is None and head["pid"] == run.pid and head["host"] == os.uname().nodename
    taken = datetime.fromisoformat(re.sub(r"(\.\d{1,6})\d*Z$", r"\1+00:00", str(head["time"]))).timestamp()
    assert before - 1 <= taken <= after + 1
    assert isinstance(head["stopped_ns"], int) and 0 < head["stopped_ns"] <= (after - before) * 1e9
    check_build(head, exe, "1.27")


def test_notation_of_values(goctx: helper.Goctx, scratch: Path) -> None:
    """A string has quotes inside of the JSON text, a number has none: "7" and 7 are two values."""
    target, core, _ = died("kinds", "1.27", scratch)
    got = goctx.run(target, "list", "--json", "--kind", "value").contexts
    plain = [one for one in core.truth.contexts if one.kind == "value" and (one.value or "").isascii() and "\n" not in (one.value or "")]
    strings = [one for one in plain if one.value_type == "string"]
    numbers = [one for one in plain if one.value_type == "int"]
    assert len(strings) > 1 and len(numbers) > 1
    assert [got[one.addr].value for one in strings] == [json.dumps(one.value) for one in strings]
    assert [got[one.addr].value for one in numbers] == [one.value for one in numbers]


@pytest.mark.parametrize("line, said", [
    ('{"type":"edge","parent":"0x1","child":"todo","via":"children"}', ""),
    ('{"type":"edge","parent":null,"child":"todo","via":null}', ""),
    ('{"type":"edge","child":"todo","parent":"0x1","via":"children"}', "fields"),
    ('{"type":"edge","parent":"0x1","child":"todo"}', "fields"),
    ('{"type":"edge","parent":"0x01","child":"todo","via":"children"}', "parent is '0x01', no context"),
    ('{"type":"edge","parent":1,"child":"todo","via":"children"}', "parent is 1, no context"),
    ('{"type":"edge","parent":"0x1","child":"todo","via":"guess"}', "via is 'guess', no word"),
    ('{"type":"note","level":null,"text":""}', "level is null"),
    ('{"type":"nothing"}', "no record nothing"),
    ('{"level":"damage","type":"note","text":""}', "no type first"),
])
def test_comparison_sees_differences(page: records.Page, line: str, said: str) -> None:
    """What the other tests rely on."""
    wrong = page.wrong(line)
    assert wrong == [] if not said else any(said in what for what in wrong)
