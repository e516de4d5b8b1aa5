"""The layers of the C engine include one way only, and their special rights are kept."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SRC = ROOT / "dwarf-helper" / "src"
LAYERS = ["base", "target", "image", "layout", "runtime", "context", "analysis", "report", "main"]
FILES = sorted(p for layer in LAYERS for p in (SRC / layer).rglob("*.[ch]"))


def test_every_folder_is_a_layer() -> None:
    assert {p.name for p in SRC.iterdir() if p.is_dir()} == set(LAYERS)


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(SRC)))
def test_includes_go_left(path: Path) -> None:
    own = LAYERS.index(path.relative_to(SRC).parts[0])
    for name in re.findall(r'^\s*#\s*include\s+"([^"]+)"', path.read_text(), re.M):
        layer = name.split("/")[0]
        if layer in LAYERS:
            assert LAYERS.index(layer) <= own, f"{path.name} includes {name}"
        else:
            assert (path.parent / name).exists(), f"{path.name}: {name} belongs to no layer"


def test_only_image_includes_libdwarf() -> None:
    users = {p.relative_to(SRC).parts[0] for p in FILES if re.search(r"#\s*include.*[<\"](libdwarf/|libdwarf\.h|dwarf\.h)", p.read_text())}
    assert users == {"image"}


def test_only_report_and_main_print() -> None:
    printing = re.compile(r"\b(printf|puts|putchar|fputs|fprintf|fwrite)\s*\(")
    for path in FILES:
        layer = path.relative_to(SRC).parts[0]
        if layer in ("report", "main"):
            continue
        text = re.sub(r"/\*.*?\*/|//[^\n]*", "", path.read_text(), flags=re.S)
        hit = printing.search(text)
        assert not hit, f"{path.relative_to(SRC)} prints: {hit.group(0)}"


def test_no_file_grows_without_bound() -> None:
    long = [f"{p.relative_to(SRC)}: {n}" for p in FILES if (n := len(p.read_text().splitlines())) > 700]
    assert not long, long
