"""What GDB knows of options is the helper's own table, and the helper takes all that it names."""

from __future__ import annotations

import subprocess

import pytest

import gdbrun

pytestmark = pytest.mark.skipif(bool(gdbrun.missing()), reason=str(gdbrun.missing()))

TABLE = gdbrun.ROOT / "gdb" / "goctx" / "options.tsv"
ROWS = [line.split("\t") for line in TABLE.read_text(encoding="utf-8").splitlines()]
OPTIONS = {row[1]: row[2:] for row in ROWS if row[0] == "option"}
ARGUMENT = {name: ["1"] for name in ("show", "children", "bt", "why", "@stacks", "@frames", "@context", "@children", "@words")}
COMMANDS = {row[1]: row[2].split() for row in ROWS if row[0] == "command"}


def refused(*words: str) -> str:
    """Why the helper does not take a line; it is never given a target."""
    done = subprocess.run([str(gdbrun.helper()), *words], capture_output=True, text=True, check=False,
                          timeout=gdbrun.TIMEOUT, env=gdbrun.environment())
    assert done.returncode == 2 and done.stdout == ""
    return done.stderr


def test_the_table_is_what_the_helper_prints() -> None:
    printed = subprocess.run([str(gdbrun.helper()), "@options"], capture_output=True, check=True).stdout
    assert printed == TABLE.read_bytes()


def test_what_gdb_does_itself_says_so() -> None:
    """Every other command is the helper's: its answer is printed as it is."""
    asked = gdbrun.run(["python import goctx.commands as c; print(*(one.name for one in c.OTHERS))",
                        "python import goctx.commands.base as b; print(all(issubclass(o, b.HelperCommand) for o in c.COMMANDS))"])
    names, helpers = asked.out.splitlines()
    assert helpers == "True" and len(names.split()) == 3
    for text in gdbrun.session([f"help goctx {name}" for name in names.split()]):
        assert "Done in GDB" in text


@pytest.mark.parametrize("command", COMMANDS)
def test_the_helper_takes_its_options(command: str) -> None:
    """With their values, and several of them only where the table says so."""
    line = [command, *ARGUMENT.get(command, [])]
    for name in COMMANDS[command]:
        value, words, many, _ = OPTIONS[name]
        given = words.split() or {"N": ["3"], "DURATION": ["1h"]}.get(value, ["x"] if value else [])
        for one in given:
            assert "no target" in refused(*line, f"--{name}", one)
        if not value:
            assert "no target" in refused(*line, f"--{name}")
        if words:
            assert "no such word 'nonsense'" in refused(*line, f"--{name}", "nonsense")
            pair = refused(*line, f"--{name}", ",".join(given[:2]))
            assert ("no target" in pair) == bool(many)
    assert "takes no option" in refused(*line, "--no-stop")
