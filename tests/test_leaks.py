"""`leaks` on cores of the examples: what a person pastes works, scripts can rely on statuses and signatures."""

from __future__ import annotations

import contextlib
import subprocess
from pathlib import Path
from typing import Iterator

import pytest

import examples
import gdbrun
import helper
import toolchains

VERSIONS = ("1.19", "1.27")
CASES = ("lost-cancel", "nested-goroutines", "nested-no-propagation", "timer-not-stopped",
         "background-in-handler", "global-map-of-contexts", "value-chain", "handler-leak")
LEVELS = ("info", "possible", "likely", "certain")


@contextlib.contextmanager
def core_of(name: str, version: str, folder: Path, *args: str) -> Iterator[tuple[Path, Path]]:
    """Executable and core of an example, or the test is skipped."""
    try:
        with examples.core_of(name, version, folder, *args) as found:
            yield found
    except toolchains.Unavailable as why:
        pytest.skip(f"{name}: {why}")


def found_in(goctx: helper.Goctx, target: list[str], *options: str) -> list[helper.Finding]:
    """The findings, worst first."""
    answer = goctx.run(target, "leaks", "--json", *options)
    assert answer.status == helper.OK, answer.stderr
    order = [LEVELS.index(one.confidence) for one in answer.findings]
    assert order == sorted(order, reverse=True)
    return answer.findings


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("name", CASES)
def test_next_commands_work(goctx: helper.Goctx, scratch: Path, name: str, version: str) -> None:
    """Each command that a finding names can be pasted."""
    with core_of(name, version, scratch) as (exe, core):
        target = helper.core_target(core, exe)
        found = found_in(goctx, target, "--min-confidence", "info")
        assert found and found[0].confidence != "info"
        with goctx.serve(target) as server:
            for command in {command for one in found for command in one.next}:
                program, *words = command.split()
                assert program == "goctx"
                answer = server.ask(*words)
                assert answer.status == helper.OK and answer.text, f"{command}: {answer.stderr}"


@pytest.mark.parametrize("name", ("lost-cancel", "nested-goroutines", "global-map-of-contexts"))
def test_signatures_are_those_of_the_program(goctx: helper.Goctx, scratch: Path, name: str) -> None:
    """Other counts, other addresses, other goroutine ids: the same signatures."""
    seen = []
    for n in (60, 90):
        with core_of(name, "1.27", scratch, "-n", str(n)) as (exe, core):
            found = found_in(goctx, helper.core_target(core, exe))
            seen.append({(one.rule, one.signature) for one in found})
            assert all(len(one.signature) == 16 for one in found)
            assert len({one.signature for one in found}) == len(found)
    assert seen[0] == seen[1] and seen[0]


def test_statuses_and_limits(goctx: helper.Goctx, scratch: Path) -> None:
    """--fail-on, --min-confidence and --limit."""
    with core_of("lost-cancel", "1.27", scratch, "-n", "150") as (exe, core):
        target = helper.core_target(core, exe)
        for level in LEVELS:
            assert goctx.run(target, "leaks", "--fail-on", level).status == helper.FAIL_ON
            assert found_in(goctx, target, "--min-confidence", level)
        (lost,) = found_in(goctx, target)
        assert (lost.rule, lost.confidence, lost.count, lost.tasks) == ("lost-cancel", "certain", 150, 300)
        assert len(lost.contexts) == 100 and len(lost.goids) == 100
        (lost,) = found_in(goctx, target, "--limit", "0")
        assert len(lost.contexts) == 150 and len(lost.goids) == 300
        contexts = goctx.run(target, "list", "--json").contexts
        assert {contexts[addr].name for addr in lost.contexts} == {
            'context.Background.WithCancel.WithValue(stream.ctxKey("client")).WithCancel'}
        assert len(goctx.run(target, "leaks").text.splitlines()) <= 40
        refused = goctx.run(target, "leaks", "--fail-on", "maybe")
        assert refused.status == helper.USAGE and "hint: " in refused.stderr
    with core_of("lost-cancel", "1.27", scratch, "-fixed") as (exe, core):
        answer = goctx.run(helper.core_target(core, exe), "leaks", "--fail-on", "possible")
        assert answer.status == helper.OK and answer.text.startswith("no suspects.")


@pytest.mark.skipif(bool(gdbrun.missing()), reason=str(gdbrun.missing()))
def test_gdb_says_the_same_and_fails_when_asked(goctx: helper.Goctx, scratch: Path) -> None:
    """The same text in a session; `gdb -batch` ends with status 1 when --fail-on is met."""
    with core_of("lost-cancel", "1.27", scratch) as (exe, core):
        text = helper.without_target(goctx.run(helper.core_target(core, exe), "leaks").text)
        (said,) = gdbrun.session(["goctx leaks"], exe=exe, core=core)
        assert helper.without_target(said).split() == text.split()
        done = gdbrun.run(["goctx leaks --fail-on certain"], exe=exe, core=core)
        assert done.status == 1 and "lost-cancel" in done.out and "--fail-on" in done.err, done
        assert gdbrun.run(["goctx leaks"], exe=exe, core=core).status == 0
    with core_of("lost-cancel", "1.27", scratch, "-fixed") as (exe, core):
        assert gdbrun.run(["goctx leaks --fail-on possible"], exe=exe, core=core).status == 0


def test_a_core_without_its_heap_gives_no_clean_bill(goctx: helper.Goctx, scratch: Path) -> None:
    """Cut in the middle: whatever is told, nothing is certain, and no finding is no all-clear."""
    with core_of("lost-cancel", "1.27", scratch) as (exe, core):
        short = scratch / "short"
        size = core.stat().st_size
        for share in (0.35, 0.6, 0.85):
            subprocess.run(["head", "-c", str(int(size * share)), core], stdout=short.open("wb"), check=True)
            answer = goctx.run(helper.core_target(short, exe), "leaks", "--json")
            assert answer.status in (helper.UNREADABLE, helper.PARTIAL), answer.stderr
            if answer.status == helper.UNREADABLE:
                assert "truncated" in answer.stderr, "the reason is said"
            assert all(one.confidence != "certain" for one in answer.findings), share
