"""`leaks` mentions the largest groups that no finding names, and leaves out those that one does."""

from __future__ import annotations

from pathlib import Path

import pytest

import build
import examples
import helper
import toolchains

VERSIONS = (toolchains.DEFAULT_VERSIONS[0], toolchains.DEFAULT_VERSIONS[-1])


def core_of(version: str, scratch: Path) -> tuple[build.Died, Path]:
    try:
        return build.some_core(exe := build.build("crowds", version), [], scratch), exe
    except build.Unavailable as why:
        pytest.skip(f"crowds with go {version}: {why}")


@pytest.mark.parametrize("version", VERSIONS)
def test_groups_are_those_of_the_program(goctx: helper.Goctx, scratch: Path, version: str) -> None:
    """All well: no suspect, three groups, and not the fourth, which is small."""
    died, exe = core_of(version, scratch)
    answer = goctx.run(helper.core_target(died.core, exe), "leaks", "--json")
    told = [one for one in died.truth.other if one["type"] == "group"]
    found = [one for one in answer.other if one["type"] == "group"]
    assert answer.findings == [] and len(told) == 3
    assert [(one["of"], one["count"]) for one in found] == [(one["of"], one["count"]) for one in told]
    for one, truth in zip(found, told):
        assert one["by"] == "unnamed" and truth["func"] in one["key"] and truth["ends"] in one["key"]
        assert sorted(one["goids"]) == sorted(truth["goids"] or [])
        assert sorted(one.get("contexts", [])) == sorted(truth["addrs"] or [])
    text = goctx.run(helper.core_target(died.core, exe), "leaks").text
    assert "\n  60 goroutines  main.worker main.go:" in "\n" + text
    goids = told[0]["goids"]
    assert f"goids {min(goids)} to {max(goids)}" in text


def test_what_a_finding_names_is_no_group(goctx: helper.Goctx, scratch: Path) -> None:
    """Lost contexts, and the goroutines that wait for them."""
    try:
        with examples.core_of("lost-cancel", VERSIONS[-1], scratch) as (exe, core):
            answer = goctx.run(helper.core_target(core, exe), "leaks", "--json")
    except toolchains.Unavailable as why:
        pytest.skip(f"lost-cancel: {why}")
    assert answer.findings[0].rule == "lost-cancel"
    assert not [one for one in answer.other if one["type"] == "group"]
