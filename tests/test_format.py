"""All C is formatted by .clang-format: `make format` mends what is named here."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Iterator

import pytest

ROOT = Path(__file__).resolve().parents[1]
FILES = sorted([*ROOT.glob("dwarf-helper/src/*/*.[ch]"), *ROOT.glob("tests/c/*.[ch]")])
TOOL = os.environ.get("CLANG_FORMAT", "clang-format")
MAJOR = "14"  # Debian 12's: others break lines elsewhere
COLUMNS = 100


def unformatted(files: list[Path]) -> list[str]:
    """Those that clang-format would change."""
    if not shutil.which(TOOL):
        pytest.skip(f"{TOOL} is not installed (package clang-format)")
    version = subprocess.run([TOOL, "--version"], text=True, capture_output=True, check=True).stdout
    found = re.search(r"version (\d+)", version)
    if not found or found[1] != MAJOR:
        pytest.skip(f"all is formatted by clang-format {MAJOR}; here is {version.strip()}")
    told = subprocess.run([TOOL, "--dry-run", *map(str, files)], text=True, capture_output=True, check=True).stderr
    names = set(re.findall(r"(?m)^(.*?):\d+:\d+: warning: code should be clang-formatted", told))
    return sorted(os.path.relpath(name, ROOT) for name in names)


def too_wide(path: Path) -> Iterator[int]:
    """Numbers of lines beyond COLUMNS, where clang-format is not switched off."""
    off = False
    for number, line in enumerate(path.read_text().splitlines(), 1):
        off = (off or "// clang-format off" in line) and "// clang-format on" not in line
        if not off and len(line.expandtabs(8)) > COLUMNS:
            yield number


def test_all_is_formatted() -> None:
    """`make format` has nothing to do."""
    assert len(FILES) > 200
    names = unformatted(FILES)
    assert not names, f"`make format` would change {len(names)} files: {' '.join(names)}"


def test_lines_fit() -> None:
    """Comments with tables in them, which clang-format leaves alone, keep to the width, too."""
    wide = [f"{path.relative_to(ROOT)}:{number}" for path in FILES for number in too_wide(path)]
    assert not wide, f"{len(wide)} lines are wider than {COLUMNS} columns: {' '.join(wide)}"


def test_what_is_not_formatted_is_found(tmp_path: Path) -> None:
    """What the other tests rely on."""
    shutil.copy(ROOT / ".clang-format", tmp_path)
    good, bad = tmp_path / "good.c", tmp_path / "bad.c"
    good.write_text("int main(void)\n{\n\treturn 0;\n}\n")
    bad.write_text("int main(void) { return 0; }\n// clang-format off\n" + "//" * 60 + "\n// clang-format on\n" + "//" * 51 + "\n")
    assert [Path(name).name for name in unformatted([good, bad])] == ["bad.c"]
    assert list(too_wide(bad)) == [5] and not list(too_wide(good))
