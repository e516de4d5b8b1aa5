"""Whose function it is, when import paths look like others.

Go writes no path of a machine into what it builds with -trimpath, so the import
path alone tells the standard library from the rest.  The names that are asked
for stand in the program's source.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

import build
import helper
import toolchains

APP = build.PROGRAMS_DIR / "packages/app"
VERSIONS = (toolchains.DEFAULT_VERSIONS[0], "1.22", toolchains.DEFAULT_VERSIONS[-1])
TAKE = "go.example.com/queue.take"
WAIT = "gopkg.in/tomb.v2.(*Tomb).wait"


@pytest.fixture(scope="module", params=[(version, way) for version in VERSIONS for way in ("trimpath", "default")],
                ids=lambda param: "-".join(param))
def target(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """A core of the program, built in that way."""
    try:
        exe = build.build(APP, *request.param)
        died = build.some_core(exe, [], tmp_path_factory.mktemp("packages"))
    except build.Unavailable as why:
        pytest.skip(f"packages with go {request.param}: {why}")
    return helper.core_target(died.core, exe)


def test_user_frames(goctx: helper.Goctx, target: list[str]) -> None:
    """A goroutine's function is the user's, as it is written in source, whatever of the library is below it."""
    tasks = goctx.run(target, "tasks", "--json").task_list
    found = Counter((task.func, task.created_by) for task in tasks)
    assert found[(TAKE, "go.example.com/queue.Start")] == 12, found
    assert found[(WAIT, "gopkg.in/tomb.v2.(*Tomb).Go")] == 1, found


def test_accused(goctx: helper.Goctx, target: list[str]) -> None:
    """They can be accused: none of them is the standard library's."""
    found = goctx.run(target, "leaks", "--json").findings
    assert sorted((one.rule, one.confidence, one.count) for one in found) == [("stuck-task", "certain", 1), ("stuck-task", "certain", 12)]
    words = " ".join(text for one in found for text in one.evidence)
    assert TAKE in words and WAIT in words, words
