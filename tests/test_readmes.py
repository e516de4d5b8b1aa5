"""The READMEs of the examples: their screens are true, their commands work.

    make golden        fills the screens anew (tests/support/fill_screens.py)
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import examples
import fill_screens
import helper
import screens
import toolchains

BUSY = "healthy-server"  # its numbers differ from core to core
UNORDERED = "handler-leak"  # a server on a socket makes its goroutines as bytes come in
COLUMNS = {"blocked": 130, "info": 130, "tree": 120, "leaks": 110}  # 100 for all others


def same(name: str, screen: str) -> list[str]:
    """What of a screen must be the same in each core."""
    text = screens.Normal(screens.own_files(examples.EXAMPLES / name)).text(screen)
    text = re.sub(r" ·\n +", " · ", text)  # an item further or nearer, as long as an age before it is
    lines = [re.sub(r"\bcore\.\d+|\bcore\b(?= \(MAKER\))", "CORE", line) for line in text.splitlines()]
    if name == BUSY:
        # Where a long line breaks is up to the numbers in it: its rest may begin with a word, or with a number.
        return [line.split()[0] for line in lines if line[:1].isalpha() and not line.startswith("os/signal")]
    if name == UNORDERED:
        return sorted(re.sub(r"\bG\d+\b", "G", line) for line in lines)
    return lines


@pytest.mark.parametrize("name", examples.names())
def test_screens(goctx: helper.Goctx, scratch: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """What the README shows is what a fresh core shows."""
    monkeypatch.setenv("GOMAXPROCS", "1")
    shown = fill_screens.screens_of(fill_screens.readme(name).read_text())
    assert shown, "no screens"
    try:
        with examples.steady_core_of(goctx, name, fill_screens.VERSION, scratch) as (exe, core):
            for command, screen in shown.items():
                fresh = fill_screens.run(goctx, exe, core, command)
                assert same(name, screen) == same(name, fresh), f"{command}: see make golden"
    except toolchains.Unavailable as why:
        pytest.skip(f"{name} with go {fill_screens.VERSION}: {why}")


@pytest.mark.parametrize("name", examples.names())
def test_commands(name: str) -> None:
    """Each command that is told has a screen, and each screen its command; both doors are shown."""
    text = fill_screens.readme(name).read_text()
    block = re.search(r"## Look at it\n.*?```sh\n(.*?)```", text, re.DOTALL)
    assert block
    first, *lines = block[1].splitlines()
    assert first.split("  ")[0] == f'eval "$(examples/run.sh {name})"'
    told = [line.removeprefix('build/goctx --core "$CORE" ') for line in lines[:-1]]
    assert told == list(fill_screens.screens_of(text))
    assert lines[-1] == ("gdb -batch -nx -x gdb/goctx-gdb.py"
                         f" -ex 'goctx {told[0]}' \"$EXE\" \"$CORE\"")


def test_screens_are_narrow() -> None:
    """A README is read in a browser; the joined table of blocked, and tree lines with two addresses, need more than 100."""
    wide = [(name, line) for name in examples.names()
            for command, screen in fill_screens.screens_of(fill_screens.readme(name).read_text()).items()
            for line in screen.splitlines()
            if len(line) > COLUMNS.get(command.split()[0], 100)]
    assert not wide
