"""`show`: who can still cancel a context, and what holds that, against a program that knows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import build
import helper
import toolchains

RELEASES = ("1.19", "1.23", "1.27")
EVERY = [(release, how) for release in RELEASES for how in ("default", "noopt")]


def core_of(release: str, how: str, folder: Path) -> tuple[list[str], build.Truth]:
    """A core of programs/cancelers, and what it knows."""
    try:
        exe = build.build("cancelers", release, how)
        died = build.some_core(exe, [], folder)
    except build.Unavailable as why:
        pytest.skip(f"cancelers with go {release} ({how}): {why}")
    return helper.core_target(died.core, exe), died.truth


def record(truth: build.Truth, label: str) -> dict[str, Any]:
    """The one of that label."""
    (found,) = [one for one in truth.other if one["label"] == label]
    return found


def wrong_with(one: dict[str, Any], lines: list[dict[str, Any]]) -> list[str]:
    """Where canceler lines differ from what the program knows."""
    wrong = []
    if [line["kind"] for line in lines] != (one["kinds"] or []):
        wrong.append(f"kinds {[line['kind'] for line in lines]}, not {one['kinds']}")
    if {line["context"] for line in lines} - {one["addr"]}:
        wrong.append("of another context")
    for line in (line for line in lines if line["kind"] == "func"):
        if line["closure"] != one["closure"] or line["held"] != one["held"]:
            wrong.append(f"{line['closure']} {line['held']}, not {one['closure']} {one['held']}")
        if one["by"] not in (line["held_by"] or "") or (not one["by"] and line["held_by"]):
            wrong.append(f"held by {line['held_by']}, not {one['by']}")
        if line["goid"] != (one["goid"] or None):
            wrong.append(f"goroutine {line['goid']}, not {one['goid']}")
    return [f"{one['label']}: {what}" for what in wrong]


@pytest.mark.parametrize("release, how", EVERY)
def test_cancelers(goctx: helper.Goctx, scratch: Path, release: str, how: str) -> None:
    """Every closure is found with its holder, none that is gone."""
    target, truth = core_of(release, how, scratch)
    assert len(truth.other) == 12
    wrong = []
    with goctx.serve(target) as server:
        for one in truth.other:
            answer = server.ask("show", one["addr"], "--json")
            assert answer.status == helper.OK and answer.context_list[0].addr == one["addr"]
            wrong += wrong_with(one, [line for line in answer.other if line["type"] == "canceler"])
    assert not wrong, "\n".join(wrong)


def cancel_lines(text: str) -> list[str]:
    """What stands under the label cancel."""
    lines, found = text.splitlines(), []
    for line in lines:
        if line.startswith("cancel ") or (found and line.startswith(" " * 11)):
            found.append(line[11:])
        elif found:
            break
    return found


def test_words(goctx: helper.Goctx, scratch: Path) -> None:
    """What a person reads."""
    target, truth = core_of(toolchains.DEFAULT_VERSIONS[-1], "default", scratch)

    def said(label: str) -> tuple[list[str], str]:
        text = helper.without_target(goctx.run(target, "show", record(truth, label)["addr"]).text)
        return cancel_lines(text), text.splitlines()[-1]

    kept = record(truth, "global")["closure"]
    assert said("global") == ([f"context.WithCancel.func1 {kept}", "held by global main.kept"],
                              f"next       goctx why {kept}")
    assert said("both")[0][1:] == ["held by global main.first", "and by global main.second → .cancel"]
    lines, _ = said("struct")
    assert lines[1] == "held by global main.app → .cancel" and lines[2].startswith("its deadline in 10h")
    goid = record(truth, "deferred")["goid"]
    lines, _ = said("deferred")
    assert lines[1].startswith(f"deferred by task {goid} main.openCoded main.go:")
    # Its child hangs on it: tree is worth asking, too.
    lines, after = said("dropped")
    assert lines == ["nobody: no CancelFunc of it exists any more"] and after.endswith("· goctx leaks")
    above = record(truth, "dropped")["addr"]
    assert said("dropped below")[0] == ["no CancelFunc of it exists any more", f"its ancestor WithCancel {above} can cancel it"]
    lines, _ = said("dropped timer")
    assert lines[0].startswith("its deadline in ") and lines[1:] == ["no CancelFunc of it exists any more"]
    lines, _ = said("watched")
    assert lines[0].startswith("task ") and lines[-1] == "an ancestor may cancel it"
    assert said("unreached")[0][1] == "held by nothing: it is garbage, not yet collected"
    assert said("canceled")[0] == []
    assert not cancel_lines(goctx.run(target, "show", "background").text)


@pytest.mark.parametrize("version", toolchains.DEFAULT_VERSIONS)
def test_keys_by_their_variables(goctx: helper.Goctx, scratch: Path, version: str) -> None:
    """A key that is a pointer is called as the one package variable that holds it."""
    try:
        exe = build.build("keys", version)
        died = build.some_core(exe, [], scratch)
    except build.Unavailable as why:
        pytest.skip(str(why))
    told = {one["addr"]: one["name"] for one in died.truth.other if one["type"] == "key"}
    assert len(told) == 7
    shown = {one.addr: one.key for one in
             goctx.run(helper.core_target(died.core, exe), "list", "--json", "--limit", "0").context_list}
    for addr, name in told.items():
        assert shown[addr] == name if name else "main." not in shown[addr].replace("main.named", ""), shown[addr]
