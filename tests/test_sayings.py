"""What `leaks` says of situations that look like others: no more than is so, and in words that fit."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import pytest

import build
import helper
import toolchains

VERSIONS = (toolchains.DEFAULT_VERSIONS[0], "1.22", toolchains.DEFAULT_VERSIONS[-1])


class Row(NamedTuple):
    """A situation and what is said of it."""

    situation: str
    most: str  # no finding is surer
    least: str  # one finding is as sure
    says: str = ""  # in that finding
    never: str = ""  # in none
    since: int = 0  # minor release whose wait reason tells it: until 1.19 a mutex waits as "semacquire" does


ROWS = (
    Row("many keys", "likely", "likely", "130 (all different)", never="the same key"),
    Row("one key", "likely", "likely", "the same key is set again and again"),
    Row("recursion", "info", "info", "as deep as the calls that made it"),
    Row("groups", "info", "info", "as deep as the calls that made it"),
    Row("short", "possible", "possible", "deadlines below them"),
    Row("long", "certain", "certain", "they can never run again"),
    Row("nil select", "certain", "certain", "select on nil channels alone", never="lock"),
    Row("mutex", "certain", "certain", "mutex", never="channel", since=20),
)
ORDER = ("info", "possible", "likely", "certain")


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("row", ROWS, ids=[row.situation for row in ROWS])
def test_said(goctx: helper.Goctx, scratch: Path, row: Row, version: str) -> None:
    """The words, and how sure they are."""
    if int(version.partition(".")[2]) < row.since:
        pytest.skip(f"go {version} does not tell")
    try:
        died = build.some_core(exe := build.build("sayings", version), [row.situation], scratch)
    except build.Unavailable as why:
        pytest.skip(f"sayings with go {version}: {why}")
    answer = goctx.run(helper.core_target(died.core, exe), "leaks", "--json", "--min-confidence", "info", "--limit", "0")
    assert answer.status == helper.OK
    words = {f"{one.summary} {one.evidence}": one.confidence for one in answer.findings}
    assert all(ORDER.index(sure) <= ORDER.index(row.most) for sure in words.values()), words
    assert [text for text, sure in words.items() if row.says in text and sure == row.least], words
    assert not row.never or not [text for text in words if row.never in text], words
