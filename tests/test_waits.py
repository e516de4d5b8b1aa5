"""Who waits for whom, and what does not move: `waits`, and the rule wait-chain of `leaks`.

The program says who has locked, taken or would receive what, and how many hang on that.  Healthy situations are twins of the others: their holders are at work.
"""

from __future__ import annotations

import contextlib
import hashlib
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import pytest

import build
import helper
import toolchains

VERSIONS = (toolchains.DEFAULT_VERSIONS[0], "1.22", "1.24", toolchains.DEFAULT_VERSIONS[-1])
STUCK = ("inversion", "reader", "result", "nested", "group", "twice", "queries", "shared", "ordered", "rooted")
HEALTHY = ("busy", "session", "drained", "global", "slots", "idle", "fed", "unfed", "returned", "acquired", "handed", "scanned", "transactions", "answering", "passed", "limited")
SITUATIONS = STUCK + HEALTHY


def source(version: str) -> Path:
    """The program with golang.org/x/sync beside it: every Go release carries the source of its semaphores, for its own tools."""
    go = toolchains.go(version)
    if not go:
        raise build.Unavailable(f"go {version}: {toolchains.reasons().get(version, 'missing')}")
    program = build.source_dir("hanging")
    root = subprocess.run([go, "env", "GOROOT"], env=toolchains.go_env(), text=True, capture_output=True, check=True).stdout.strip()
    library = Path(root) / "src/cmd/vendor/golang.org/x/sync/semaphore/semaphore.go"
    texts = {path.name: path.read_text() for path in program.glob("*.go")}
    texts["go.mod"] = (f"module goctx.test/hanging\n\ngo {version}\n\nrequire golang.org/x/sync v0.0.0\n\n"
                       "replace golang.org/x/sync => ./sync\n")
    texts["sync/go.mod"] = f"module golang.org/x/sync\n\ngo {version}\n"
    texts["sync/semaphore/semaphore.go"] = library.read_text()
    key = hashlib.sha256("\0".join(word for item in sorted(texts.items()) for word in item).encode()).hexdigest()[:16]
    place = toolchains.cache_dir() / "programs" / f"hanging-source-{key}"
    if not place.exists():
        place.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=place.parent) as made:
            for name, text in texts.items():
                path = Path(made) / "new/hanging" / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text)
            with contextlib.suppress(OSError):  # somebody else was as quick
                (Path(made) / "new").rename(place)
    return place / "hanging"


class Look:
    """What a situation is, and what goctx says of it."""

    def __init__(self, goctx: helper.Goctx, situation: str, version: str, variant: str, scratch: Path) -> None:
        try:
            exe = build.build(source(version), version, variant)
            died = build.some_core(exe, [situation], scratch)
        except build.Unavailable as why:
            pytest.skip(f"hanging with go {version}: {why}")
        self.target = helper.core_target(died.core, exe)
        self.goctx = goctx
        self.holds = [one for one in died.truth.other if one["type"] == "holds"]
        (self.hang,) = (one for one in died.truth.other if one["type"] == "hang")
        answer = goctx.run(self.target, "waits", "--json", "--limit", "0")
        assert answer.status == helper.OK
        self.waits: list[dict[str, Any]] = [one for one in answer.other if one["type"] == "wait"]


    def findings(self) -> list[helper.Finding]:
        """Those of leaks, info included."""
        return self.goctx.run(self.target, "leaks", "--json", "--limit", "0", "--min-confidence", "info").findings


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("variant", ("default", "noopt"))
@pytest.mark.parametrize("situation", SITUATIONS)
def test_holders_and_chains(goctx: helper.Goctx, scratch: Path, situation: str, version: str, variant: str) -> None:
    """Everybody who holds something that is waited for is named; what moves moves, what does not does not; only that is accused."""
    look = Look(goctx, situation, version, variant, scratch)
    for truth in look.holds:
        waiting = [one for one in look.waits if one["for"] == truth["for"]]
        assert waiting, truth
        for one in waiting:
            assert one["kind"] == truth["kind"], one
            assert truth["goid"] in one["holders"], (truth, one)
    still = {one["goid"] for one in look.waits if not one["moves"]}
    assert len(still) == look.hang["hang"], look.waits
    suspects = [one for one in look.findings() if one.confidence != "info"]
    if situation in HEALTHY:
        assert not suspects, suspects
        return
    assert {one.rule for one in suspects} <= {"wait-chain", "stuck-task"}, suspects
    assert {goid for one in suspects for goid in one.goids} >= still
    (found,) = (one for one in suspects if one.rule == "wait-chain" or "wait-chain" in one.also)
    chain = " ".join(text for text in found.evidence if text.startswith("chain:"))
    assert ("deadlock" in chain) == look.hang["cycle"], chain


def test_text(goctx: helper.Goctx, scratch: Path) -> None:
    """The tree names the blocked, what they wait for, and the last who blocks."""
    look = Look(goctx, "result", VERSIONS[-1], "default", scratch)
    text = goctx.run(look.target, "waits").text
    lines = [line.strip() for line in text.splitlines()]
    assert lines[0] == "13 goroutines hang on a chain that does not move", text
    assert lines[1].startswith("12 goroutines, sync.Mutex.Lock in main.(*results).size "), text
    assert any(line.startswith(f"goroutine {look.holds[0]['goid']}, chan send in main.(*results).publish ") for line in lines), text
    assert any(line.endswith("(no buffer), and nobody receives") for line in lines), text


def test_unsignalled(goctx: helper.Goctx, scratch: Path) -> None:
    """A chain may end in a Cond that nobody signals, and who waits there holds something else; no accusation: who signals may be yet to come."""
    look = Look(goctx, "unsignalled", VERSIONS[-1], "default", scratch)
    assert {one["goid"] for one in look.waits if not one["moves"]} == {one["goid"] for one in look.waits} and len(look.waits) == 13
    (truth,) = look.holds
    assert {tuple(one["holders"]) for one in look.waits if one["for"] == truth["for"]} == {(truth["goid"],)}
    chain, _ = blocks(goctx.run(look.target, "waits").text)
    assert "Cond 0x" in chain[-1] and chain[-1].endswith(", and nobody signals"), chain
    assert [one.confidence for one in look.findings() if one.rule == "wait-chain"] == ["info"]
    assert not [one for one in look.findings() if one.confidence != "info"]


@pytest.mark.parametrize("version", VERSIONS)
def test_forgotten_rows(goctx: helper.Goctx, scratch: Path, version: str) -> None:
    """A pool whose connections nobody has any more: full, with no holders, and no claim that it never moves."""
    look = Look(goctx, "forgotten", version, "default", scratch)
    pool = [one for one in look.waits if one["kind"] == "pool"]
    assert len(pool) == 12 and all(one["full"] and one["holders"] == [] and one["moves"] for one in pool), pool
    (line,) = (line for line in goctx.run(look.target, "waits").text.splitlines() if " pool 0x" in line)
    assert "(full, 3 of 3 open)" in line and line.rstrip().endswith("not known"), line


def test_limits(goctx: helper.Goctx, scratch: Path) -> None:
    """Semaphores and pools are told with what is held of them, and nothing is claimed where DWARF does not say what they are."""
    for situation, words, function in (("twice", "semaphore 0x", "main.(*kitchen).cook"), ("queries", "pool 0x", "main.(*shop).count")):
        look = Look(goctx, situation, VERSIONS[-1], "default", scratch)
        chain, _ = blocks(goctx.run(look.target, "waits").text)
        assert function in chain[1] and words in chain[2] and "(full, 3 of 3 " in chain[2], chain
        assert chain[-1].endswith("which each of them holds itself: a deadlock"), chain
        bare = Look(goctx, situation, VERSIONS[-1], "nodwarf", scratch)
        assert {one["kind"] for one in bare.waits} <= {"chan", "context"} and all(one["moves"] for one in bare.waits), bare.waits


def blocks(text: str) -> list[list[str]]:
    """The paragraphs of an answer."""
    return [[line.strip() for line in block.splitlines()] for block in text.split("\n\n")]


def test_alike(goctx: helper.Goctx, scratch: Path) -> None:
    """Chains of the same shape are told once, cycles first; --no-fold and JSON have each."""
    look = Look(goctx, "alike", VERSIONS[-1], "default", scratch)
    cycles, sends, last = blocks(goctx.run(look.target, "waits").text)
    assert cycles[0] == "3 cycles alike, 2 goroutines each" and cycles[-1].startswith("likewise goroutines "), cycles
    assert sends[0] == "12 chains alike that do not move, 1 goroutine each", sends
    assert sends[1].count("main.(*mailbox).post main.go:") == 1 and sends[2].endswith("(no buffer), and nobody receives"), sends
    likewise = " ".join(sends[3:])
    assert likewise.endswith("and 9 more  (--no-fold shows them)"), sends
    of_post = {str(one["goid"]) for one in look.waits if one["kind"] == "chan"}
    named = {sends[1].split()[1].rstrip(","), *(word for word in likewise.partition(" and ")[0].replace(",", "").split() if word in of_post)}
    assert len(of_post) == 12 and len(named) == 3 and named <= of_post, sends
    assert last[0].startswith("18 of "), last
    single = blocks(goctx.run(look.target, "waits", "--no-fold", "--limit", "0").text)
    assert [block[0] for block in single[:-1]] == ["2 goroutines hang on a cycle"] * 3 + ["1 goroutine hangs on a chain that does not move"] * 12
    few = blocks(goctx.run(look.target, "waits", "--limit", "1").text)
    assert few[:1] == [cycles] and few[1][0] == "…  12 more chains (--limit 0 for all)", few


def test_long_chain(goctx: helper.Goctx, scratch: Path) -> None:
    """Of a chain of many steps the screen shows the first and the last, and how many are in between; --limit 0 shows all."""
    look = Look(goctx, "row", VERSIONS[-1], "default", scratch)
    chain, _ = blocks(goctx.run(look.target, "waits").text)
    assert chain[0] == "41 goroutines hang on a chain that does not move"
    assert chain[-1].endswith("(no buffer), and nobody receives") and "main.(*link).publish" in chain[-2], chain
    (cut,) = (line for line in chain if line.startswith("…"))
    assert cut == "…  33 more goroutines in between (--limit 0 for all)" and len(chain) == 1 + 2 * 8 + 1, chain
    whole, _ = blocks(goctx.run(look.target, "waits", "--limit", "0").text)
    assert len(whole) == 1 + 2 * 41 and sum("main.(*link).hold" in line for line in whole) == 40, whole


def test_full_buffers(goctx: helper.Goctx, scratch: Path) -> None:
    """`tasks` says of who waits to send that the buffer is full, and how large it is."""
    look = Look(goctx, "nested", VERSIONS[-1], "default", scratch)
    sends = [line for line in goctx.run(look.target, "tasks").text.splitlines() if "main.(*pool).work" in line]
    assert len(sends) == look.hang["hang"] and all("chan send, full, 3 of 3 " in line for line in sends), sends
