"""Arguments of commands that are expressions of the selected frame."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import build
import gdbrun
from sessions import built, frames, HERE  # noqa: F401, F811

pytestmark = pytest.mark.skipif(bool(gdbrun.missing()), reason=str(gdbrun.missing()))
IN_FRAME = ["break main.stopHere", "run", "up"]


def shown(frames: Path, before: list[str], expressions: list[str]) -> dict[str, str]:
    """First line that `goctx show` prints for each expression."""
    commands = [*before, *(f"goctx show {one}" for one in expressions)]
    answers = gdbrun.session(commands, exe=frames)[len(before):]
    return {one: (answer.splitlines() or [""])[0] for one, answer in zip(expressions, answers)}


@pytest.mark.parametrize("version", ["1.19", "1.21", "1.24", "1.27"])
@pytest.mark.parametrize("variant", ["noopt", "default"])
def test_expressions_of_a_frame(version: str, variant: str) -> None:
    try:
        frames = build.build(HERE / "frames", version, variant)
    except build.Unavailable as why:
        pytest.skip(str(why))
    lines = shown(frames, IN_FRAME, [
        "ctx", "ctx.data", "&ctx" if variant == "noopt" else "(ctx)", "anything",
        "*('context.cancelCtx' *)ctx.data", "s.ctx", "s->ctx", "*s.kind", "s.kind", "main.global.ctx", "'main.global'.ctx",
        "(background)", "background", "emptyAnything", "(todo)", "todo", "TODO",
    ])
    root = lines["ctx"]
    assert re.match(r"context\.\(\*cancelCtx\) 0x\w+ ", root)
    assert all(lines[one] == root for one in list(lines)[:5])
    assert re.match(r"context\.\(\*timerCtx\) 0x\w+ ", lines["s.ctx"])
    assert all(lines[one] == lines["s.ctx"] for one in list(lines)[5:11])
    assert all(lines[one].startswith("context Background") for one in list(lines)[11:14])
    assert all(lines[one].startswith("context TODO") for one in list(lines)[14:])


@pytest.mark.parametrize("variant", ["noopt", "default"])
def test_variable_that_escaped_to_the_heap(variant: str) -> None:
    lines = shown(built(HERE / "frames", variant), ["break main.stopHere if n == 2", "run", "up"],
                  ["ctx", "ctx.data"])
    assert re.match(r"context\.\(\*timerCtx\) 0x\w+ ", lines["ctx"])
    assert lines["ctx.data"] == lines["ctx"]


def test_register_as_an_expression(frames: Path) -> None:
    lines = shown(frames, [*IN_FRAME, "set var $keep = ctx.data"], ["$keep", "ctx"])
    assert lines["$keep"] == lines["ctx"] != ""


def test_goroutines_as_expressions(frames: Path) -> None:
    answers = gdbrun.session([*IN_FRAME, "goctx bt 1", "goctx bt 'runtime.allgs'.array[0]",
                              "goctx bt runtime.allgs.array[0]", "goctx bt *runtime.allgs.array[0]",
                              "goctx bt runtime.allgs.array[0].goid", "goctx bt all --limit 1",
                              "complete goctx show ct", "complete goctx show s.ct"], exe=frames)[3:]
    assert "main.stopHere" in answers[0]
    assert answers[0] == answers[1] == answers[2] == answers[3] == answers[4]
    assert "goroutine" in answers[5]
    assert answers[6] == "goctx show ctx\n"
    assert answers[7] == "goctx show s.ctx\n"


@pytest.mark.parametrize("expression, said", [
    ("nosuch", "cannot evaluate 'nosuch': No symbol"),
    ("none", "'none' is a nil interface"),
    ("ctx +", "cannot evaluate 'ctx +': "),
    ("1.5", "'1.5' has type float64, which is no context"),
    ("'ctx", "unbalanced quotes: 'ctx"),
    ("*(long *)0", "cannot evaluate '*(long *)0': "),
    ("number", "0x11 is no context"),
    ("ctx s", "'show' takes one argument: 's' is too much"),
    ("--nonsense ctx", "unknown option --nonsense"),
    ("", "'show' needs CTX"),
])
def test_expression_that_is_no_context(expression: str, said: str, frames: Path) -> None:
    result = gdbrun.run([*IN_FRAME, f"goctx show {expression}"], exe=frames)
    assert f"goctx: {said}" in result.err and "Traceback" not in result.err
    assert result.status == 1


def test_variable_that_is_optimized_out() -> None:
    result = gdbrun.run([*IN_FRAME, "info locals", "goctx show n"],
                        exe=built(HERE / "frames", "default"))
    if "n = <optimized out>" not in result.out:
        pytest.skip("this Go keeps the variable")
    assert "goctx: 'n' is optimized out in this frame\nhint: try its callers" in result.err
