"""Folding of the lines of a tree."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "gdb"))

from goctx.errors import GoctxError  # noqa: E402
from goctx.outline import Outline, parse, plain  # noqa: E402

TREE = """\
0 background 2\tBackground
1 0xc000126000 2\t├─ WithCancel 0xc000126000   active
2 0xc00041a030 1\t│  ├─ WithValue 0xc00041a030   key = "a\tb"
3 - 0\t│  │  └─ task 884   select
2 - 0\t│  └─ × 3 more like 0xc00041a030
1 0xc00012a000 0\t└─ \x1b[1mWithCancel 0xc00012a000\x1b[0m   canceled
0 todo 1\tTODO
1 0xc000091400 0\t└─ WithValue 0xc000091400
0 - 0\t8 contexts
"""
DRAWN = [one.split("\t", 1)[1] for one in TREE.splitlines()]


def shown(outline: Outline) -> list[tuple[str, int]]:
    return [(line.text.strip("│├└─ ").split("   ")[0], hidden) for line, hidden in outline.visible()]


def made() -> Outline:
    outline = Outline()
    outline.load(parse(TREE))
    return outline


def test_everything_is_shown_first() -> None:
    assert [line.text for line, _ in made().visible()] == DRAWN
    assert all(hidden == 0 for _, hidden in made().visible())


def test_a_click_folds_what_hangs_below() -> None:
    outline = made()
    assert outline.toggle(1)
    assert shown(outline)[:3] == [("Background", 0), ("WithCancel 0xc000126000", 3),
                                  ("\x1b[1mWithCancel 0xc00012a000\x1b[0m", 0)]
    assert outline.toggle(1)
    assert len(shown(outline)) == len(DRAWN)


def test_lines_without_anything_below_do_not_fold() -> None:
    outline = made()
    for number in (3, 4, 5, 8, 9, -1):
        assert not outline.toggle(number)
    assert shown(outline) == shown(made())


def test_all_and_by_name() -> None:
    outline = made()
    outline.fold_all()
    assert shown(outline) == [("Background", 5), ("TODO", 1), ("8 contexts", 0)]
    assert outline.fold("background", False)
    assert shown(outline)[:2] == [("Background", 0), ("WithCancel 0xc000126000", 3)]
    assert not outline.fold("0x1", True)
    outline.unfold_all()
    assert shown(outline) == shown(made())


def test_what_is_folded_stays_so() -> None:
    outline = made()
    outline.fold("0xc000126000", True)
    outline.load(parse(TREE.replace("3 more", "4 more")))
    assert shown(outline)[1] == ("WithCancel 0xc000126000", 3)
    outline.load(parse(""))
    assert outline.visible() == []


def test_texts_that_are_no_trees() -> None:
    outline = Outline()
    outline.load(plain("goctx: nothing\nhint: look elsewhere"))
    assert [line.text for line, _ in outline.visible()] == ["goctx: nothing", "hint: look elsewhere"]
    assert not outline.toggle(0)
    for bad in ("Background\n", "0 background\tBackground\n", "0 background many\tBackground\n"):
        with pytest.raises(GoctxError):
            parse(bad)
