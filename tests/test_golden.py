"""Whole screens, as a person sees them: tests/golden holds what is expected.

    make golden        or        GOCTX_GOLDEN=update python3 -m pytest tests/test_golden.py

writes them anew; read the difference before it is committed.  The programs run
with one processor, so that they make everything in the same order each time;
support/screens.py takes out what still differs.  Those of the core that is kept are
compared as they are.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Callable, Iterator

import pytest

import examples
import helper
import screens
import small_core
import toolchains

ROOT = Path(__file__).resolve().parents[1]
GOLDEN = ROOT / "tests/golden"
UPDATE = os.environ.get("GOCTX_GOLDEN") == "update"
VERSION = "1.27"
COLUMNS = 100
COMMANDS = ("info", "tree", "list", "show", "children", "tasks", "blocked", "waits", "sites", "bt", "leaks", "why", "check", "heap",
            "layout", "serve", "help")

Contexts = list[helper.Context]


@dataclass(frozen=True)
class Program:
    """A program, and the words of commands that are found by looking at it."""

    name: str
    args: tuple[str, ...]
    commands: tuple[str, ...]
    find: dict[str, Callable[[Contexts], str]] = field(default_factory=dict)


def first(**wanted: object) -> Callable[[Contexts], str]:
    """Address of the first context that has all of this."""
    def find(contexts: Contexts) -> str:
        for context in contexts:
            if all(getattr(context, name) == value for name, value in wanted.items()):
                return context.addr
        raise AssertionError(f"no context has {wanted}")
    return find


PROGRAMS = (
    Program("lost-cancel", ("-n", "9"), (
        "info", "tree", "tree --depth 1", "tree --no-tasks {value}", "tree --no-fold --limit 9",
        "list", "list --kind cancel --sort waiters --limit 3", "list --state canceled",
        "show {hub}", "show {conn}", "show {value}", "show background",
        "children {hub}", "children {hub} --limit 3", "children {conn}",
        "blocked", "blocked --limit 3", "blocked --min-wait 1000h",
        "tasks --width 140", "tasks --width 140 --func watch --limit 2", "tasks --group func", "tasks --group wait",
        "tasks --group created", "tasks --group context --limit 3", "tasks --group stack",
        "tasks --tree", "bt 1", "bt all", "layout context.cancelCtx", "layout context.valueCtx",
    ), {"hub": first(depth=1), "conn": first(kind="cancel", depth=3), "value": first(kind="value")}),
    Program("timer-not-stopped", ("-n", "2"), (
        "tree", "list", "list --kind timer --state expired", "show {lease}", "show {over}",
        "show {hook}", "children {lease}",
    ), {"lease": first(kind="timer", state="active"), "over": first(state="expired"),
        "hook": first(kind="after_func")}),
    Program("value-chain", ("-n", "1"), ("tree", "tree --values", "list --limit 4 --width 140", "show {tip}"),
            {"tip": first(depth=12)}),
    Program("nested-no-propagation", ("-n", "3"), (
        "tree", "blocked", "show {deaf}", "children {deaf}", "tasks --tree",
    ), {"deaf": first(kind="custom", state="canceled")}),
    Program("gin-style-context", ("-n", "2"), ("tree", "list", "show {kept}"),
            {"kept": first(kind="custom")}),
    Program("nested-goroutines", ("-n", "5"), ("tasks --tree", "tasks --group stack", "blocked", "tree")),
    Program("background-in-handler", ("-n", "4"), ("tree", "list --state canceled", "blocked")),
)

# Wrong use: no program is needed.  EXE is an executable, TEXT a text file.
ERRORS = (
    "", "nonsense", "help nonsense", "--core nowhere list", "--core TEXT list", "--core EXE list",
    "list", "--core nowhere --pid 1 list", "--pid 0 list", "--pid 4194303 info", "tree --depth", "tree --depth x",
    "list --kind foo", "list --state foo", "list --sort foo", "list --limit -1", "list --nonsense",
    "tasks --group foo", "tasks --min-wait 5", "show", "bt", "--color blue list",
)
BAD_ARGUMENTS = ("show 0x1", "show zz", "tree 0x10", "children todo", "bt 99999999", "bt x",
                 "layout no.such", "tasks --func (")


SMALL = ("info", "tree", "tree --values --no-fold", "list", "show {lost}", "show {failed}", "children {server}", "tasks", "tasks --tree",
         "blocked", "bt all", "leaks --min-confidence info", "why {lost}", "check")


# -- comparing --------------------------------------------------------------


def slug(words: str) -> str:
    """A file name for a command."""
    return re.sub(r"[^a-z0-9]+", "-", re.sub(r"[{}]", "", words.lower())).strip("-") or "nothing"


class Screens:
    """The screens of one file in tests/golden, checked or written at the end."""

    def __init__(self, name: str) -> None:
        self.path = GOLDEN / f"{name}.txt"
        self._parts: list[str] = []

    def add(self, words: str, answer: helper.Answer, change: Callable[[str], str]) -> None:
        """One command and what came of it, changed so that it is the same each time."""
        status = f"[exit status {answer.status}]\n" if answer.status else ""
        command = f"$ goctx {words}".rstrip()
        self._parts.append(f"{command}\n{change(answer.text)}{change(answer.stderr)}{status}")

    def check(self) -> None:
        """Compare with what is expected, or write it."""
        text = "\n".join(self._parts)
        if UPDATE:
            self.path.parent.mkdir(exist_ok=True)
            self.path.write_text(text)
        expected = self.path.read_text() if self.path.exists() else ""
        assert text == expected, "see the difference; GOCTX_GOLDEN=update writes it anew"


@pytest.fixture
def one_processor(monkeypatch: pytest.MonkeyPatch) -> None:
    """Go programs schedule the same way each time."""
    monkeypatch.setenv("GOMAXPROCS", "1")


@pytest.fixture
def plain(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of the person's terminal gets into the screens."""
    for name in ("COLUMNS", "NO_COLOR", "CLICOLOR_FORCE"):
        monkeypatch.delenv(name, raising=False)


def commands(program: Program, contexts: Contexts) -> Iterator[tuple[str, list[str]]]:
    """Commands as they are written here, and as they are run."""
    found = {name: find(contexts) for name, find in program.find.items()}
    for words in program.commands:
        yield words, words.format(**found).split()


@pytest.mark.parametrize("program", PROGRAMS, ids=[program.name for program in PROGRAMS])
def test_screens(goctx: helper.Goctx, scratch: Path, program: Program, one_processor: None,
                 plain: None) -> None:
    """All screens of a program, and none with a crooked column."""
    golden, crooked = Screens(program.name), []
    own = screens.own_files(examples.EXAMPLES / program.name)
    try:
        with examples.steady_core_of(goctx, program.name, VERSION, scratch,
                                     *program.args) as (exe, core):
            target = helper.core_target(core, exe)
            contexts = goctx.run(target, "list", "--json").context_list
            for words, command in commands(program, contexts):
                answer = goctx.run(target, *command)
                names = {str(core): "CORE", str(exe): "EXE"}
                golden.add(words, answer, screens.Normal(own, names).text)
                heads = {"tasks": ["function"], "blocked": ["blocked on", "context", "function"],
                         "list": ["kind", "state"], "children": ["kind", "state"]}
                if "--group" not in words and "--tree" not in words:
                    crooked += screens.misaligned(answer.text, heads.get(command[0], []))
    except toolchains.Unavailable as why:
        pytest.skip(f"{program.name} with go {VERSION}: {why}")
    assert not crooked
    golden.check()


def test_small_core(goctx: helper.Goctx, scratch: Path, plain: None) -> None:
    """The core that is kept: byte by byte, as neither addresses nor times change."""
    golden, small = Screens("small-core"), small_core.unpack(scratch)
    found = {one.label: one.addr for one in small.truth.contexts}
    for words in SMALL:
        answer = goctx.run(small.target, *words.format(**found).split())
        golden.add(words, answer, lambda text: text.replace(str(small.core), "CORE").replace(str(small.exe), "EXE"))
    golden.check()


def test_bad_arguments(goctx: helper.Goctx, scratch: Path, one_processor: None, plain: None) -> None:
    """What a readable target cannot answer."""
    golden = Screens("bad-arguments")
    try:
        with examples.core_of("lost-cancel", VERSION, scratch, "-n", "1") as (exe, core):
            for words in BAD_ARGUMENTS:
                answer = goctx.run(helper.core_target(core, exe), *words.split())
                golden.add(words, answer, lambda text: text)
    except toolchains.Unavailable as why:
        pytest.skip(f"go {VERSION}: {why}")
    golden.check()


def test_errors(goctx: helper.Goctx, scratch: Path, plain: None) -> None:
    """Wrong use, and targets that are none: one line, and a hint."""
    golden = Screens("errors")
    files = {"EXE": str(goctx.binary), "TEXT": __file__}

    def normal(text: str) -> str:
        return text.replace(files["EXE"], "EXE").replace(files["TEXT"], "TEXT")

    for words in ERRORS:
        answer = goctx.run([], *(files.get(word, word) for word in words.split()))
        golden.add(words, answer, normal)
    golden.check()


def test_help(goctx: helper.Goctx, plain: None) -> None:
    """The help of everything; it fits the columns of a terminal."""
    golden = Screens("help")
    for words in ("--help", *(f"help {command}" for command in COMMANDS)):
        answer = goctx.run([], *words.split())
        assert all(len(line) <= COLUMNS for line in answer.text.splitlines()), words
        golden.add(words, answer, lambda text: text)
    golden.check()
