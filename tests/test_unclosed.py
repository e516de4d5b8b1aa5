"""What was opened with a library and forgotten, and what somebody can still close: programs/unclosed."""

from __future__ import annotations

from pathlib import Path

import pytest

import build
import helper
import toolchains

VERSIONS = (toolchains.DEFAULT_VERSIONS[0], "1.22", "1.24", toolchains.DEFAULT_VERSIONS[-1])
MANY = 20  # as the program has it
SAYS = {
    "bodies": "Response bodies were neither read to the end nor closed",
    "bodies over HTTP/2": "Response bodies were neither read to the end nor closed",
    "rows": "Rows of database/sql",
    "transactions": "Transactions of database/sql",
    "commands": "Commands of os/exec",
}


def look(goctx: helper.Goctx, situation: str, version: str, folder: Path) -> list[helper.Finding]:
    """What is said above info."""
    try:
        died = build.some_core(exe := build.build("unclosed", version), [situation], folder)
    except build.Unavailable as why:
        pytest.skip(f"unclosed with go {version}: {why}")
    answer = goctx.run(helper.core_target(died.core, exe), "leaks", "--json", "--limit", "0", "--min-confidence", "possible")
    assert answer.status == helper.OK, answer.stderr
    return answer.findings


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("situation", SAYS)
def test_forgotten(goctx: helper.Goctx, scratch: Path, situation: str, version: str) -> None:
    """One finding, of all of them, that says what was not closed."""
    (found,) = look(goctx, situation, version, scratch)
    counts = {MANY, 2 * MANY} if situation == "bodies" else {MANY}  # a connection's reader, and its writer where that has none but it
    assert (found.rule, found.confidence) == ("unclosed", "likely") and found.count in counts, found
    assert SAYS[situation] in found.summary


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("situation", SAYS)
def test_kept(goctx: helper.Goctx, scratch: Path, situation: str, version: str) -> None:
    """Somebody holds them: nothing above info."""
    found = look(goctx, f"{situation}, kept", version, scratch)
    assert not found, [(one.rule, one.confidence, one.summary, one.evidence) for one in found]
