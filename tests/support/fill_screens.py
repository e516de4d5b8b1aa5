#!/usr/bin/python3
"""Put real screens of goctx into the READMEs of the examples.

    fill_screens.py [--goctx FILE] [NAME...]

What stands between <!-- screen:COMMAND --> and <!-- /screen --> in
examples/NAME/README.md becomes the output of that command on a core of the
example, taken by examples/run.sh with Go 1.27 and the default -n.  All examples
are filled when none is named.  tests/test_readmes.py compares what stands
there with fresh screens.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
import tempfile
from pathlib import Path
from typing import Callable

sys.path.insert(0, str(Path(__file__).resolve().parent))

import examples  # noqa: E402
import helper  # noqa: E402
import toolchains  # noqa: E402

VERSION = "1.27"
_SCREEN = re.compile(r"<!-- screen:(.*?) -->\n(.*?)<!-- /screen -->", re.DOTALL)
_BLOCK = re.compile(r"```text\n\$ build/goctx --core \"\$CORE\" (.*?)\n(.*?)```\n", re.DOTALL)


def readme(name: str) -> Path:
    """The README of an example."""
    return examples.EXAMPLES / name / "README.md"


def screens_of(text: str) -> dict[str, str]:
    """Commands and the screens that a README has for them; "" where it is yet to be filled."""
    found = {}
    for command, body in _SCREEN.findall(text):
        block = _BLOCK.fullmatch(body)
        found[command] = block[2] if block and block[1] == command else ""
    return found


def filled(text: str, show: Callable[[str], str]) -> str:
    """A README with each screen replaced by what show() gives for its command."""
    def screen(found: re.Match[str]) -> str:
        command = found[1]
        return (f"<!-- screen:{command} -->\n```text\n$ build/goctx --core \"$CORE\" {command}\n"
                f"{show(command)}```\n<!-- /screen -->")
    return _SCREEN.sub(screen, text)


def run(goctx: helper.Goctx, exe: Path, core: Path, command: str) -> str:
    """One screen, as if the executable had not been named; the files appear under their names alone."""
    answer = goctx.run(helper.core_target(core, exe), *command.split())
    if answer.status != helper.OK or answer.stderr:
        raise RuntimeError(f"{command}: {answer.status} {answer.stderr}{answer.text}")
    text = answer.text.replace(f" --core {core} --exe {exe}", " --core core")
    return text.replace(f"{core.parent}/", "").replace(f"{exe.parent}/", "")


def fill(goctx: helper.Goctx, name: str) -> None:
    """Fill one README."""
    with tempfile.TemporaryDirectory(prefix="goctx-screens-") as folder:
        exe, core = examples.run_sh(name, VERSION, Path(folder))
        text = filled(readme(name).read_text(), lambda command: run(goctx, exe, core, command))
    readme(name).write_text(text)


def main() -> int:
    """Fill what is named, or all."""
    assert __doc__
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--goctx", type=Path, default=Path("build/goctx"), help="the helper")
    parser.add_argument("names", nargs="*", metavar="NAME", help="examples; all of them")
    options = parser.parse_args()
    os.environ["GOMAXPROCS"] = "1"  # the same order each time
    for name in options.names or examples.names():
        try:
            fill(helper.Goctx(options.goctx.resolve()), name)
        except (toolchains.Unavailable, RuntimeError) as why:
            print(f"fill_screens: {name}: {why}", file=sys.stderr)
            return 1
        print(readme(name))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
