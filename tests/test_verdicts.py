"""What leaks says of every example, and that it says nothing of healthy ones.

The leaking form of each example has a finding of the rule that the list of
situations names for it, with the example's own number; its mended twin has none
above "info".  So have busy servers: the example healthy-server, the program
crowd, and one that Debian packages.  Nothing here is known from goctx.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import pytest

import build
import debian
import examples
import helper
import toolchains

QUICK = os.environ.get("GOCTX_TRUTH") == "quick"
VERSIONS = ("1.27",) if QUICK else ("1.19", "1.23", "1.24", "1.27")
SCALE, OTHER_SCALE = 37, 21  # not the default of any example
PILE = 100  # fewer are no accumulation
ORDER = ("info", "possible", "likely", "certain")


@dataclass(frozen=True)
class Row:
    """What must be found: the rule, how sure it must at least be, how many of what; words of it."""

    name: str
    rule: str
    confidence: str
    per_n: int
    more: int = 0  # beyond per_n times -n
    says: str = ""  # in its sentence or evidence


ROWS = (
    Row("lost-cancel", "lost-cancel", "certain", 1, says="stream.(*Hub).Serve"),
    Row("loop-with-cancel", "lost-cancel", "certain", 1),
    Row("handler-leak", "task-pileup", "possible", 1, says="report.(*Service).ServeHTTP"),
    Row("background-in-handler", "detached", "likely", 1),
    Row("select-misses-done", "ignores-cancel", "likely", 1, says="mail.(*Post).sort"),
    Row("nested-no-propagation", "watcher", "likely", 1, says="audit.Context"),
    Row("goroutine-and-child", "lost-cancel", "certain", 1, says="feed.(*Broker).deliver"),
    Row("value-chain", "value-chain", "likely", 10, 1, says="chat.ctxKey"),
    Row("gin-style-context", "retained-context", "possible", 1, says="shop.activeRequests["),
    Row("global-map-of-contexts", "retained-context", "possible", 1, says="login.sessions["),
    Row("pool-stale-context", "retained-context", "possible", 1, says="sync.Pool"),
    Row("closure-capture", "retained-context", "possible", 1, says="upload.File.func1"),
    Row("list-element", "retained-context", "possible", 1, says=".Value"),
    Row("finalizer-root", "retained-context", "possible", 1, says="finalizer"),
    Row("timer-not-stopped", "expired-retained", "possible", 1),
    Row("nested-goroutines", "stuck-task", "certain", 1, 2, says="pipeline.ship"),  # and the two above them
    Row("enhanced-cancel", "lost-cancel", "certain", 1),
    Row("pool-of-workers", "stuck-task", "certain", 4, says="resize.(*Resizer).work"),
)
HEALTHY = "healthy-server"


def leaks(goctx: helper.Goctx, target: list[str]) -> list[helper.Finding]:
    """All findings; nothing may be damaged."""
    answer = goctx.run(target, "leaks", "--json", "--min-confidence", "info", "--limit", "0")
    assert answer.status == helper.OK, f"{answer.status} {answer.stderr}{answer.damage}"
    return answer.findings


def suspects(found: list[helper.Finding]) -> list[helper.Finding]:
    """Those above info."""
    return [one for one in found if one.confidence != "info"]


def told(found: list[helper.Finding]) -> str:
    """For messages."""
    return "; ".join(f"{one.rule} {one.confidence} {one.count}: {one.summary} {one.evidence}" for one in found)


def of_example(goctx: helper.Goctx, name: str, version: str, folder: Path, *args: str) -> list[helper.Finding]:
    """What leaks says of a core of an example; a skip names what is missing."""
    try:
        with examples.core_of(name, version, folder, *args) as (exe, core):
            return leaks(goctx, helper.core_target(core, exe))
    except toolchains.Unavailable as why:
        pytest.skip(f"{name} with go {version}: {why}")


def compare(row: Row, found: list[helper.Finding]) -> helper.Finding:
    """The finding that the row asks for; what else is above info must be about the same."""
    having = [one for one in suspects(found) if row.rule in (one.rule, *one.also)]
    assert having, f"no {row.rule} in: {told(found)}"
    one = having[0]
    assert ORDER.index(one.confidence) >= ORDER.index(row.confidence), told([one])
    assert one.count == row.per_n * SCALE + row.more, told([one])
    assert row.says in f"{one.summary} {one.evidence}", told([one])
    assert one.next and all(command.startswith("goctx ") for command in one.next)
    assert len(suspects(found)) <= 2, told(found)
    return one


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("row", ROWS, ids=[row.name for row in ROWS])
def test_leaking(goctx: helper.Goctx, scratch: Path, row: Row, version: str) -> None:
    """The bug is found, by its rule."""
    one = compare(row, of_example(goctx, row.name, version, scratch, "-n", str(SCALE)))
    if version != VERSIONS[-1]:
        return
    other = of_example(goctx, row.name, version, scratch, "-n", str(OTHER_SCALE))
    assert one.signature in [same.signature for same in other if same.rule == one.rule], \
        "another count, another signature"


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("name", [row.name for row in ROWS])
def test_mended(goctx: helper.Goctx, scratch: Path, name: str, version: str) -> None:
    """Of the healthy twin there is nothing to say."""
    found = suspects(of_example(goctx, name, version, scratch, "-n", str(SCALE), "-fixed"))
    assert not found, told(found)


def test_accumulation(goctx: helper.Goctx, scratch: Path) -> None:
    """Deferred cancels in a loop: nobody has lost them, but they pile up under one parent."""
    found = of_example(goctx, "loop-with-cancel", VERSIONS[-1], scratch, "-n", str(PILE), "-deferred")
    having = [one for one in suspects(found) if "accumulation" in (one.rule, *one.also)]
    assert [one.count for one in having] == [PILE], told(found)


def test_commands_to_run_next(goctx: helper.Goctx, scratch: Path) -> None:
    """What a finding names as the next command works."""
    try:
        with examples.core_of("lost-cancel", VERSIONS[-1], scratch, "-n", str(SCALE)) as (exe, core):
            target = helper.core_target(core, exe)
            (one,) = suspects(leaks(goctx, target))
            for command in one.next:
                answer = goctx.run(target, *command.removeprefix("goctx ").split())
                assert answer.status == helper.OK and answer.text, command
    except toolchains.Unavailable as why:
        pytest.skip(str(why))


def test_every_example_has_its_row() -> None:
    """A new example needs a verdict."""
    assert {row.name for row in ROWS} | {HEALTHY} == set(examples.names())


# -- healthy ones -----------------------------------------------------------


@pytest.mark.parametrize("version", VERSIONS)
def test_healthy_example(goctx: helper.Goctx, scratch: Path, version: str) -> None:
    """A busy server in which nothing leaks."""
    for _ in range(2):
        found = suspects(of_example(goctx, HEALTHY, version, scratch, "-n", str(SCALE)))
        assert not found, told(found)


@pytest.mark.parametrize("load", ["idle", "busy"])
@pytest.mark.parametrize("version", VERSIONS)
def test_crowd(goctx: helper.Goctx, version: str, load: str) -> None:
    """net/http on both sides of the wire: idle with connections kept, and under load."""
    try:
        exe = build.build("crowd", version)
    except build.Unavailable as why:
        pytest.skip(f"crowd with go {version}: {why}")
    with build.running(exe, [load]) as run:
        for _ in range(4 if load == "busy" else 1):
            found = suspects(leaks(goctx, helper.pid_target(run.pid)))
            assert not found, told(found)
            answer = goctx.run(helper.pid_target(run.pid), "check", "--json")
            assert answer.status == helper.OK and not answer.findings, told(answer.findings)


@pytest.mark.parametrize("load", ["idle", "busy"])
def test_packaged_server(goctx: helper.Goctx, load: str) -> None:
    """A server as Debian packages its source, built with debug information."""
    try:
        with debian.server(load == "busy") as pid:
            for _ in range(3 if load == "busy" else 1):
                found = suspects(leaks(goctx, helper.pid_target(pid)))
                assert not found, told(found)
                answer = goctx.run(helper.pid_target(pid), "check", "--json")
                assert answer.status == helper.OK and not answer.findings, told(answer.findings)
    except toolchains.Unavailable as why:
        pytest.skip(str(why))
