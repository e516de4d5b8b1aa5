"""The GDB tests by other releases of GDB, those of newer Debian releases.

Each file of tests/gdb runs in a pytest of its own; what fails there is told
here with its name.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import gdbrun
import gdbs

FOLDER = Path(__file__).resolve().parent / "gdb"
FILES = sorted(path.name for path in FOLDER.glob("test_*.py"))
TIMEOUT = 3000.0


# Groups are shared out among processes: the slow files need not wait for each other.
@pytest.mark.skipif(bool(gdbrun.missing()), reason=str(gdbrun.missing()))
@pytest.mark.parametrize("version, file", [
    pytest.param(version, file, marks=pytest.mark.xdist_group(f"gdb-{version}-{file}"))
    for version in gdbs.VERSIONS for file in FILES])
def test_gdb_tests_pass(version: str, file: str) -> None:
    command = gdbs.gdb(version)
    if command is None:
        pytest.skip(f"GDB {version}: {gdbs.why(version)}")
    done = subprocess.run([sys.executable, "-m", "pytest", "-q", "-rf", "--tb=line", "-p", "no:cacheprovider",
                           str(FOLDER / file)], env={**os.environ, "GOCTX_GDB": str(command)},
                          capture_output=True, text=True, timeout=TIMEOUT, check=False)
    failed = re.findall(r"^FAILED (.*)$", done.stdout, re.MULTILINE)
    assert not failed and done.returncode == 0, done.stdout[-4000:]
    assert re.search(r"^(\d+) passed", done.stdout, re.MULTILINE), done.stdout[-400:]
