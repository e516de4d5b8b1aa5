"""Values of contexts as text: what is inside of them, as Go itself prints it; and within which bounds."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import build
import helper
import toolchains

VERSIONS = toolchains.DEFAULT_VERSIONS
BUILDS = [(version, "default") for version in VERSIONS] + [(VERSIONS[0], "nodwarf"), (VERSIONS[-1], "nodwarf")]
ENDS = re.compile(r"…|\(len \d+\)|\(\d+ entr(y|ies)\)| 0x")
LONGEST = 480  # bytes: what the header allows, with the names of types on top


def target(version: str, how: str, folder: Path) -> tuple[list[str], build.Truth]:
    """A core of programs/values, and what it knows."""
    try:
        exe = build.build("values", version, how)
        died = build.some_core(exe, [], folder)
    except build.Unavailable as why:
        pytest.skip(f"values with go {version} ({how}): {why}")
    return helper.core_target(died.core, exe), died.truth


def as_go(text: str) -> str:
    """Go's %#v of a whole value in our spelling: a pointer by its type, spaces behind colons, numbers in decimal, elements without their type."""
    text = re.sub(r"^&", "*", text)
    text = re.sub(r"\b0x([0-9a-f]+)\b", lambda hit: str(int(hit[1], 16)), text)
    text = re.sub(r'("(?:[^"\\]|\\.)*")|:', lambda hit: hit[1] or ": ", text)
    return re.sub(r"^struct \{[^{}]*\}", "struct", text)


def matches(how: str, want: str, shown: str) -> bool:
    """Whether a value's text is what the program wants."""
    if how == "syntax":
        return shown == as_go(want)
    if how == "text":
        return want in (shown, re.sub(r"^\*?[\w.]+\((.*)\)$", r"\1", shown))
    return how == "bounded" or shown == want


@pytest.mark.parametrize("version, how", BUILDS, ids=["-".join(one) for one in BUILDS])
def test_values(goctx: helper.Goctx, scratch: Path, version: str, how: str) -> None:
    """Each value as its program prints it, in one line, not too long, complete brackets."""
    core, truth = target(version, how, scratch)
    answer = goctx.run(core, "list", "--json", "--limit", "0")
    assert answer.status == helper.OK
    wrong = []
    for one in truth.other:
        shown = answer.contexts[one["addr"]].value
        if shown is None or not matches(one["how"], one["want"], shown):
            wrong.append(f"{one['label']}: {shown!r}, not {one['want']!r}")
        elif len(shown.encode()) > LONGEST:
            wrong.append(f"{one['label']}: {len(shown)} long: {shown}")
        elif one["how"] == "bounded" and not ENDS.search(shown):
            wrong.append(f"{one['label']}: no end in {shown}")
    assert len(truth.other) > 100
    assert not wrong, "\n".join(wrong)


def test_screens(goctx: helper.Goctx, scratch: Path) -> None:
    """`tree --values` keeps to its width, `show` says all; --redact shows types alone."""
    core, truth = target(VERSIONS[-1], "default", scratch)
    (ann,) = [one for one in truth.other if one["label"] == "pointer to a struct"]
    assert '*main.user{Name: "Ann", Age: 42, ' in goctx.run(core, "tree", "--values", "--no-fold").text
    (line,) = [line for line in goctx.run(core, "show", ann["addr"]).text.splitlines() if line.startswith("value ")]
    assert 'Home: main.address{City: "Graz", Zip: [2]int{80, 10}}}' in line
    for command in (["tree", "--values", "--no-fold"], ["show", ann["addr"]], ["list", "--json"]):
        text = goctx.run(core, *command, "--redact").text
        assert "*main.user (redacted)" in text
        for secret in ("Ann", "Graz", "4bf92f35", "boom", "p%40ss", "7f3a", "hello"):
            assert secret not in text, (command, secret)
