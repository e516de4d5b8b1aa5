"""Loading the extension into GDB: help, settings and completion."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

import build
import gdbrun
from sessions import died, fake, helper_says, kinds, log_of  # noqa: F401, F811

COMMANDS = ("info", "tree", "list", "show", "children", "tasks", "blocked", "waits", "sites", "bt", "leaks", "why", "check", "heap",
            "layout")
OWN_COMMANDS = ("frame", "window")  # that the helper does not have

pytestmark = pytest.mark.skipif(bool(gdbrun.missing()), reason=str(gdbrun.missing()))


@pytest.mark.parametrize("lang", ["C.UTF-8", "C"])
def test_loading_prints_nothing(lang: str, tmp_path: Path) -> None:
    result = gdbrun.run([], env={"LANG": lang, "LC_ALL": lang}, cwd=tmp_path)
    assert result == gdbrun.Result("", "", 0)


def test_loading_starts_no_helper(fake: dict[str, str], died: build.Died, kinds: Path) -> None:
    gdbrun.run(["help goctx tree", "complete goctx tr"], exe=kinds, core=died.core, env=fake)
    assert log_of(fake) == []


def test_loading_twice_is_harmless_and_keeps_settings(fake: dict[str, str], died: build.Died,
                                                      kinds: Path) -> None:
    again = f"source {gdbrun.LOADER}"
    answers = gdbrun.session(["goctx list", again, "goctx list", "set goctx limit 7", again,
                              "show goctx limit", "goctx list"],
                             exe=kinds, core=died.core, env=fake)
    assert answers[1] == answers[4] == ""
    assert answers[0] == answers[2] == "['list', '--color', 'never']\n"
    assert answers[5] == "The limit of lines is 7.\n"
    assert answers[6] == "['list', '--color', 'never', '--limit', '7']\n"
    assert sum(line.startswith("start") for line in log_of(fake)) == 3


def test_loading_from_another_python_script(tmp_path: Path) -> None:
    script = tmp_path / "mine.py"
    script.write_text(f"import gdb\ngdb.execute('source {gdbrun.LOADER}')\n")
    result = gdbrun.run([f"source {script}", "show goctx limit"], load=False)
    assert result == gdbrun.Result("The limit of lines is auto.\n", "", 0)


def test_loading_imports_nothing_heavy() -> None:
    """Beyond what this GDB imports by itself."""
    say = ("python import sys; print(sorted({'subprocess', 'dataclasses', 'pathlib', 'difflib', 'shutil',"
           " 'json'} & set(sys.modules)))")
    assert gdbrun.run([say]).out == gdbrun.run([say], load=False).out


def test_loading_works_by_relative_path_and_without_bytecode(tmp_path: Path) -> None:
    shutil.copytree(gdbrun.ROOT / "gdb", tmp_path / "gdb",
                    ignore=shutil.ignore_patterns("__pycache__"))
    done = subprocess.run([gdbrun.gdb(), "-nx", "-batch", "-eiex", "set python dont-write-bytecode on",
                           "-ex", "source gdb/goctx-gdb.py", "-ex", "show goctx"], cwd=tmp_path,
                          env=gdbrun.environment(), capture_output=True, text=True, check=False)
    assert done.stderr == "" and done.returncode == 0
    assert "goctx helper:" in done.stdout
    assert list(tmp_path.rglob("__pycache__")) == []


def test_too_old_gdb_gets_one_clear_line() -> None:
    result = gdbrun.run(["python del gdb.format_address", f"source {gdbrun.LOADER}"], load=False)
    assert re.fullmatch(r"goctx: GDB 13 or newer with Python .* is needed \(this is GDB .*\)\n",
                        result.err)
    assert result.out == ""


def test_bare_prefix_is_an_overview() -> None:
    bare, asked, listed, unknown = gdbrun.session(["goctx", "help goctx", "goctx help tree",
                                                   "help goctx tree"])
    assert bare == asked
    assert all(f"goctx {name} -- " in bare for name in (*COMMANDS, *OWN_COMMANDS))
    assert listed == unknown


@pytest.mark.parametrize("name", COMMANDS)
def test_help_has_usage_example_and_the_helpers_options(name: str) -> None:
    text, same = gdbrun.session([f"help goctx {name}", f"goctx {name} --help"])
    assert text == same
    first, _, usage, *_ = text.splitlines()
    assert first.endswith(".") and len(first) <= 80
    assert re.match(rf"Usage: goctx {name}( |$)", usage)
    assert re.search(rf"^Example.*:$(\n.*)*\n  \(gdb\) goctx {name}", text, re.MULTILINE)
    assert max(map(len, text.splitlines())) <= 80

    def options(lines: str) -> list[tuple[str, ...]]:
        found = re.findall(r"^  --([\w-]+)(?: (\S+))?( +\S.*(?:\n {10,}\S.*)*)", lines,
                           re.MULTILINE)
        return sorted((option, value, "".join(rest.split())) for option, value, rest in found)

    helper = helper_says("help", name).split("target:")[0].replace("\u2026", "...")
    usage_words = re.search(r"^usage: goctx \[TARGET\] (.*)$", helper, re.MULTILINE)
    assert usage_words
    argument = usage_words[1].replace(name, "", 1).replace("[OPTIONS]", "").strip()
    assert usage.removeprefix(f"Usage: goctx {name} [OPTION]...").strip() == argument
    assert options(text) == options(helper) != []


def test_every_command_of_the_helper_is_here() -> None:
    named = set(re.findall(r"^  (\w+) .*", helper_says("help").split("\n\n", 3)[-1], re.MULTILINE))
    assert named - {"serve", "help"} == set(COMMANDS)


def test_settings() -> None:
    show, limit, color, bad, still = gdbrun.session(
        ["show goctx", "set goctx limit 0", "set goctx color off", "set goctx limit many",
         "show goctx limit"])
    assert show == ("goctx color:  Colour is auto.\n"
                    "goctx fold:  Folding of equal siblings is on.\n"
                    "goctx helper:  The helper program is looked for.\n"
                    "goctx limit:  The limit of lines is auto.\n"
                    "goctx printers:  Printing of contexts by name is auto.\n"
                    "goctx values:  Printing of values is auto.\n")
    assert limit == color == bad == ""
    assert still == "The limit of lines is unlimited.\n"
    result = gdbrun.run(["set goctx limit many"])
    assert result.err == "goctx: 'many' is no limit\nhint: set goctx limit N, unlimited or auto\n"
    assert gdbrun.run(["set goctx nothing"]).status == 1
    assert gdbrun.run(["show goctx nothing"]).status == 1


def test_settings_become_options_unless_given(fake: dict[str, str], died: build.Died,
                                              kinds: Path) -> None:
    answers = gdbrun.session(
        ["set goctx limit unlimited", "set goctx color on", "set width 77", "goctx list",
         "goctx info", "goctx list --limit 3 --col=never --width 50", "set width 10", "goctx info"],
        exe=kinds, core=died.core, env=fake)
    assert answers[3] == "['list', '--width', '77', '--color', 'always', '--limit', '0']\n"
    assert answers[4] == "['info', '--width', '77', '--color', 'always']\n"
    assert answers[5] == "['list', '--limit', '3', '--col=never', '--width', '50']\n"
    assert "'--width', '40'" in answers[7]


@pytest.mark.parametrize("line, expected", [
    ("goctx tre", ["goctx tree"]),
    ("goctx li", ["goctx list"]),
    ("goctx list --ki", ["goctx list --kind"]),
    ("goctx list --kind ti", ["goctx list --kind timer"]),
    ("goctx list --kind cancel,ti", ["goctx list --kind cancel,timer"]),
    ("goctx list --kind=without", ["goctx list --kind=without_cancel"]),
    ("goctx list --state a", ["goctx list --state active"]),
    ("goctx list --limit ", []),
    ("goctx tree --no-", ["goctx tree --no-fold", "goctx tree --no-tasks"]),
    ("goctx tree --color a", ["goctx tree --color always", "goctx tree --color auto"]),
    ("goctx tasks --group cre", ["goctx tasks --group created"]),
    ("goctx tasks --group=s", ["goctx tasks --group=stack"]),
    ("goctx show back", ["goctx show background"]),
    ("goctx bt a", ["goctx bt all"]),
    ("goctx bt --min-w", ["goctx bt --min-wait"]),
    ("set goctx c", ["set goctx color"]),
    ("set goctx color o", ["set goctx color off", "set goctx color on"]),
])
def test_completion(line: str, expected: list[str]) -> None:
    (printed,) = gdbrun.session([f"complete {line}"])
    assert printed.splitlines() == expected
