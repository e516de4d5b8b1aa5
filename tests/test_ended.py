"""Who is still at it although its context has ended, who is not, and what grows by wrapping: programs/ended, one situation after the other.

The program brings about what it is named after, and knows how many goroutines or contexts that takes; healthy ones look as alike as could be made.
"""

from __future__ import annotations

from pathlib import Path

import pytest

import build
import helper
import toolchains

VERSIONS = (toolchains.DEFAULT_VERSIONS[0], "1.22", "1.24", toolchains.DEFAULT_VERSIONS[-1])
MANY = 20  # as the program has it


class Look:
    """A core of one situation."""

    def __init__(self, goctx: helper.Goctx, situation: str, version: str, folder: Path) -> None:
        try:
            exe = build.build("ended", version)
            died = build.some_core(exe, [situation], folder)
        except build.Unavailable as why:
            pytest.skip(f"ended with go {version}: {why}")
        answer = goctx.run(helper.core_target(died.core, exe), "leaks", "--json", "--limit", "0", "--min-confidence", "info")
        assert answer.status == helper.OK, answer.stderr
        self.all = answer.findings
        self.suspects = [one for one in self.all if one.confidence != "info"]

    def told(self) -> str:
        """For messages."""
        return "; ".join(f"{one.rule} {one.confidence} {one.count}: {one.summary} {one.evidence}" for one in self.all)


BAD = (
    # situation, rule, confidence, where, what its evidence says
    ("stop channel", "ignores-cancel", "possible", "main.(*election).cycle.func1", "by its CancelFunc alone"),
    ("method value", "ignores-cancel", "possible", "main.(*subscription).deliver", "in an object of theirs"),
    ("lock", "ignores-cancel", "possible", "main.(*client).leave", "in an object of theirs"),
    ("wait group", "ignores-cancel", "possible", "main.collect", "expired 1h"),
    ("input", "ignores-cancel", "possible", "main.read", "expired 1h"),
    ("inside of the library", "ignores-cancel", "possible", "main.read", "inside: io.(*pipe).read"),
    ("clients", "ignores-cancel", "likely", "main.(*board).ServeHTTP", "20 different ones"),
    ("asked by none", "ignores-cancel", "likely", "main.sort", "canceled"),
)


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("situation, rule, confidence, where, says", BAD, ids=[row[0] for row in BAD])
def test_still_at_it(goctx: helper.Goctx, scratch: Path, situation: str, rule: str, confidence: str, where: str, says: str, version: str) -> None:
    """Each way to hold a context that has ended, and each way to wait; the finding is the first, and of all of them."""
    look = Look(goctx, situation, version, scratch)
    (one,) = look.suspects
    assert (one.rule, one.confidence, one.count) == (rule, confidence, MANY), look.told()
    text = " ".join(one.evidence)
    assert where in text and says in text, look.told()


HEALTHY = ("drain by select", "drain by receive", "drain by err", "first phase", "two contexts", "pool", "requests", "recursion", "daemon", "kept until a timer")


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("situation", HEALTHY)
def test_healthy(goctx: helper.Goctx, scratch: Path, situation: str, version: str) -> None:
    """Nothing above info: who listened and is about to end, who only defers a CancelFunc, who works under another context."""
    look = Look(goctx, situation, version, scratch)
    assert not look.suspects, look.told()


@pytest.mark.parametrize("version", VERSIONS)
def test_listened(goctx: helper.Goctx, scratch: Path, version: str) -> None:
    """A select leaves its channels behind: that they listened is evidence."""
    look = Look(goctx, "drain by select", version, scratch)
    (one,) = [one for one in look.all if one.rule == "ignores-cancel"]
    assert one.count == MANY and "Done has told them" in one.summary, look.told()
    assert any(text.startswith("listened: ") for text in one.evidence), look.told()


@pytest.mark.parametrize("version", VERSIONS)
def test_wraps(goctx: helper.Goctx, scratch: Path, version: str) -> None:
    """A loop that wraps what it wrapped before, its cancels deferred."""
    look = Look(goctx, "wraps", version, scratch)
    (one,) = look.suspects
    assert (one.rule, one.confidence, one.count) == ("context-chain", "likely", 3 * MANY + 1), look.told()
    assert any("deferred calls of task 1, main.reconnect" in text for text in one.evidence), look.told()


@pytest.mark.parametrize("version", VERSIONS)
def test_timer(goctx: helper.Goctx, scratch: Path, version: str) -> None:
    """What a timer drops in time is no leak, and the timer is named; without it the same map is."""
    (one,) = [one for one in Look(goctx, "kept until a timer", version, scratch).all if one.rule == "retained-context"]
    (timer,) = [text for text in one.evidence if text.startswith("timer: ")]
    assert one.confidence == "info" and "main.(*jobs).expire" in timer
    look = Look(goctx, "kept for ever", version, scratch)
    (one,) = look.suspects
    assert (one.rule, one.confidence, one.count) == ("retained-context", "likely", 3 * MANY), look.told()


@pytest.mark.parametrize("version", VERSIONS)
def test_watched(goctx: helper.Goctx, scratch: Path, version: str) -> None:
    """The type that is watched is named, not the value in between."""
    look = Look(goctx, "watched through a value", version, scratch)
    (one,) = [one for one in look.suspects if one.rule == "watcher"]
    assert "*main.peer" in one.summary and one.count == MANY, look.told()
    assert any(text.startswith("parent: ") and f"has {MANY}" in text for text in one.evidence), look.told()
