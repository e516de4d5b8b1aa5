"""The layout layer against real Go executables: tables, DWARF, and the two composed.

tests/c/test_layout.c does the asking; what is right comes from Go's own
debug/dwarf (the tables, see support/gen_layout.py) and from nm.
"""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent / "support"))

import build  # noqa: E402
import gen_layout  # noqa: E402
import helper  # noqa: E402
import toolchains  # noqa: E402
from conftest import make  # noqa: E402

ROOT = Path(__file__).resolve().parents[1]
VERSIONS = gen_layout.VERSIONS


@dataclass
class Loaded:
    """What layout_load() said of one executable."""

    facts: dict[str, str] = field(default_factory=dict)
    structs: dict[str, tuple[str, int]] = field(default_factory=dict)
    fields: dict[str, tuple[int, int]] = field(default_factory=dict)
    variables: dict[str, int] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    error: str = ""
    hint: str = ""

    @classmethod
    def parse(cls, text: str) -> Loaded:
        """Read the lines of `test_layout load`."""
        result = cls()
        for line in text.splitlines():
            kind, rest = line.split(" ", 1)
            words = rest.split()
            if kind == "struct":
                result.structs[words[0]] = (words[1], int(words[2]))
            elif kind == "field":
                result.fields[f"{words[0]} {words[1]}"] = (int(words[2]), int(words[3]))
            elif kind == "var":
                result.variables[words[0]] = int(words[1], 16)
            elif kind == "note":
                result.notes.append(rest)
            elif kind in ("error", "hint"):
                setattr(result, kind, rest)
            else:
                result.facts[kind] = rest
        return result

    def without(self, prefix: str) -> dict[str, tuple[int, int]]:
        """Fields of the structs whose names do not start so."""
        return {k: v for k, v in self.fields.items() if not k.startswith(prefix)}


@pytest.fixture(scope="session")
def tool() -> Path:
    """The test program, compiled with the sanitizers."""
    return make("units", "asan/tests/test_layout")


def ask(tool: Path, *args: str | Path) -> str:
    """Run the test program; it must neither fail nor be ended by a sanitizer."""
    done = subprocess.run([tool, *args], text=True, capture_output=True, check=False,
                          env={**os.environ, **helper.SANITIZED})
    assert done.returncode == 0, done.stderr
    return done.stdout


def load(tool: Path, exe: Path, *options: str | Path) -> Loaded:
    """layout_load() of an executable."""
    return Loaded.parse(ask(tool, "load", exe, *options))


def probe(version: str, variant: str = "default") -> Path:
    """The program of all types, built with one release."""
    try:
        return build.build(gen_layout.PROBE, version, variant)
    except toolchains.Unavailable as why:
        pytest.skip(str(why))


def objcopy(source: Path, target: Path, *options: str) -> Path:
    """A changed copy of an executable."""
    if not shutil.which("objcopy"):
        pytest.skip("objcopy is missing (package binutils)")
    subprocess.run(["objcopy", *options, source, target], check=True)
    return target


def symbols(exe: Path) -> dict[str, int]:
    """Addresses of the symbols, by nm."""
    text = subprocess.run(["nm", exe], text=True, capture_output=True, check=True).stdout
    rows = [line.split() for line in text.splitlines()]
    return {row[2]: int(row[0], 16) for row in rows if len(row) == 3}


def relabel(source: Path, target: Path, old: bytes, new: bytes) -> Path:
    """A copy that claims to be of another release."""
    data = source.read_bytes()
    assert old in data and len(old) == len(new)
    target.write_bytes(data.replace(old, new))
    return target


def nameless(source: Path, target: Path) -> Path:
    """A copy that does not say with which release it was built."""
    data = bytearray(source.read_bytes())
    offset, size = section(source, ".go.buildinfo")
    data[offset:offset + size] = bytes(size)
    target.write_bytes(data)
    return target


def section(exe: Path, name: str) -> tuple[int, int]:
    """Offset and size of a section in the file."""
    text = subprocess.run(["readelf", "-SW", exe], text=True, capture_output=True, check=True).stdout
    for line in text.replace("[ ", "[").splitlines():
        words = line.split()
        if len(words) > 5 and words[1] == name:
            return int(words[4], 16), int(words[5], 16)
    raise KeyError(name)


# -- tables -------------------------------------------------------------------


def test_self(tool: Path) -> None:
    """Tables are whole and the check notices what it is for."""
    ask(tool, "self")


@pytest.fixture(scope="session")
def oracle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The reader of DWARF that is not ours."""
    try:
        return gen_layout.build_oracle(tmp_path_factory.mktemp("oracle") / "oracle")
    except gen_layout.Failure as why:
        pytest.skip(str(why))


@pytest.mark.parametrize("version", VERSIONS)
def test_tables_are_fresh(version: str, oracle: Path, tmp_path: Path) -> None:
    """Another patch release of the same minor moves nothing."""
    if not toolchains.go(version):
        pytest.skip(f"no go {version}")
    fresh = gen_layout.make_table(version, oracle, tmp_path)
    stored = gen_layout.table_path(version).read_text()

    def body(text: str) -> list[str]:
        return [line for line in text.splitlines() if f"go{version}." not in line]

    assert body(fresh) == body(stored)


@pytest.mark.parametrize("variant", ("default", "noopt", "pie", "cgo"))
@pytest.mark.parametrize("version", VERSIONS)
def test_table_is_dwarf(tool: Path, version: str, variant: str) -> None:
    """Field by field, whatever the way of building."""
    ask(tool, "agree", probe(version, variant))


# -- composed -----------------------------------------------------------------


@pytest.mark.parametrize("variant", ("default", "pie", "cgo"))
@pytest.mark.parametrize("version", VERSIONS)
def test_load(tool: Path, version: str, variant: str) -> None:
    """All from DWARF, without a note, and variables where nm has them."""
    exe = probe(version, variant)
    got = load(tool, exe)
    assert not got.error
    assert not got.notes
    assert got.facts["source"] == "dwarf"
    assert got.facts["minor"] == version.split(".")[1]
    assert got.facts["table"] == "-1"
    assert got.facts["dwarf"] == ("5" if int(version[2:]) >= 25 else "4")
    known = symbols(exe)
    assert got.variables == {name: known[name] for name in got.variables}
    assert {"runtime.allgs", "runtime.mheap_", "context.closedchan"} <= set(got.variables)
    assert ("context.background" in got.variables) == (version == "1.19")


def test_bias(tool: Path) -> None:
    """The load bias is in every address, wherever it comes from."""
    exe = probe("1.27", "pie")
    plain, moved = load(tool, exe), load(tool, exe, "--bias", "0x10000")
    assert moved.variables == {name: addr + 0x10000 for name, addr in plain.variables.items()}


@pytest.mark.parametrize("version", VERSIONS)
def test_without_dwarf(tool: Path, version: str, tmp_path: Path) -> None:
    """-ldflags=-w keeps the symbols: the table gives the same layout."""
    exe = probe(version)
    bare = objcopy(exe, tmp_path / "bare", "--strip-debug")
    full, got = load(tool, exe), load(tool, bare)
    assert not got.error
    assert not got.notes
    assert got.facts["source"] == "table"
    assert got.facts["table"] == got.facts["minor"] == version.split(".")[1]
    assert got.fields == full.fields
    assert got.variables == full.variables


@pytest.mark.parametrize("version", ("1.19", "1.24", "1.27"))
def test_pruned(tool: Path, version: str, tmp_path: Path) -> None:
    """What a program does not use comes from the table, and nothing is said."""
    (tmp_path / "go.mod").write_text("module example.com/small\n\ngo 1.19\n")
    (tmp_path / "main.go").write_text("package main\n\nfunc main() { println(1) }\n")
    exe = tmp_path / "small"
    go = toolchains.go(version)
    if not go:
        pytest.skip(f"no go {version}")
    gen_layout.go_build(go, tmp_path, exe)
    got = load(tool, exe)
    assert not got.error
    assert not got.notes
    assert got.facts["source"] == "dwarf"
    assert got.structs["context.cancelCtx"][0] == "table"
    assert got.structs["runtime.g"][0] == "dwarf"
    assert got.fields == load(tool, probe(version)).fields


def test_stripped(tool: Path) -> None:
    """Neither DWARF nor symbols: an error that says what to try."""
    got = load(tool, probe("1.27", "stripped"))
    assert got.error.startswith("no_debug_info ")
    assert got.error.endswith(": no debug information and no symbol table")
    assert "--exe" in got.hint and "--debug" in got.hint and "-ldflags" in got.hint


@pytest.mark.parametrize("version", ("1.19", "1.27"))
@pytest.mark.parametrize("place", ("option", "beside", ".debug"))
def test_debug_file(tool: Path, version: str, place: str, tmp_path: Path) -> None:
    """A separate debug file, named or found by its link."""
    exe = probe(version, "pie")
    folder = tmp_path / place if place == ".debug" else tmp_path
    folder.mkdir(exist_ok=True)
    debug = objcopy(exe, folder / "probe.debug", "--only-keep-debug")
    bare = objcopy(exe, tmp_path / "bare", "--strip-all")
    if place != "option":
        bare = objcopy(bare, tmp_path / "linked", f"--add-gnu-debuglink={debug}")
    got = load(tool, bare, *(("--debug", debug) if place == "option" else ()))
    full = load(tool, exe)
    assert not got.error
    assert not got.notes
    assert got.facts["source"] == "dwarf"
    assert got.fields == full.fields
    assert got.variables == full.variables


def test_debug_file_of_another_build(tool: Path, tmp_path: Path) -> None:
    """A named one is refused; one that only lies there is noted."""
    bare = objcopy(probe("1.27"), tmp_path / "bare", "--strip-all")
    other = objcopy(probe("1.27", "noopt"), tmp_path / "other.debug", "--only-keep-debug")
    got = load(tool, bare, "--debug", other)
    assert got.error.startswith("bad_data ")
    assert "build ids differ" in got.error
    linked = objcopy(bare, tmp_path / "linked", f"--add-gnu-debuglink={other}")
    got = load(tool, linked)
    assert got.error.startswith("no_debug_info ")
    assert any("is not used" in note for note in got.notes)


def test_debug_file_missing(tool: Path, tmp_path: Path) -> None:
    """A named file that is not there is an error, DWARF in the executable or not."""
    got = load(tool, probe("1.27"), "--debug", tmp_path / "none")
    assert got.error.startswith("os ")


# -- other programs -----------------------------------------------------------


def test_not_go(tool: Path, tmp_path: Path) -> None:
    """A C program."""
    (tmp_path / "a.c").write_text("int main(void) { return 0; }\n")
    subprocess.run(["gcc", "-g", "-o", tmp_path / "a", tmp_path / "a.c"], check=True)
    got = load(tool, tmp_path / "a")
    assert got.error == f"unsupported '{tmp_path}/a' is not a Go program"
    assert "wrapped or packed" in got.hint


def test_too_old(tool: Path, tmp_path: Path) -> None:
    """A release before the oldest is named."""
    exe = relabel(probe("1.19"), tmp_path / "old", b"go1.19.8", b"go1.15.8")
    got = load(tool, exe)
    assert got.error.startswith("unsupported ")
    assert "go1.15.8" in got.error and "go1.18" in got.error


def test_newer(tool: Path, tmp_path: Path) -> None:
    """A release that is newer than the tables is tried by DWARF."""
    exe = relabel(probe("1.27"), tmp_path / "new", b"go1.27.", b"go1.99.")
    got = load(tool, exe)
    assert not got.error
    assert got.notes == ["go1.99 is newer than this goctx knows (newest: 1.27); layouts are taken"
                         " from its debug information"]
    assert got.facts["source"] == "dwarf" and got.facts["minor"] == "99"
    assert got.facts["table"] == "-1"
    got = load(tool, objcopy(exe, tmp_path / "bare", "--strip-debug"))
    assert got.error.startswith("no_debug_info ")
    assert "go1.99" in got.error


@pytest.mark.parametrize("minor, nearest", ((b"18", "19"), (b"20", "19")))
def test_no_table(tool: Path, minor: bytes, nearest: str, tmp_path: Path) -> None:
    """Supported releases without a table: DWARF, pruned contexts from a neighbour."""
    (tmp_path / "go.mod").write_text("module example.com/small\n\ngo 1.18\n")
    (tmp_path / "main.go").write_text("package main\n\nfunc main() { println(1) }\n")
    go = toolchains.go("1.19")
    if not go:
        pytest.skip("no go 1.19")
    gen_layout.go_build(go, tmp_path, tmp_path / "small")
    exe = relabel(tmp_path / "small", tmp_path / "relabelled", b"go1.19.", b"go1." + minor + b".")
    got = load(tool, exe)
    assert not got.error
    assert got.facts["source"] == "dwarf" and got.facts["table"] == nearest
    assert len(got.notes) == 1 and f"go1.{nearest}" in got.notes[0]


@pytest.mark.parametrize("how", ("devel", "removed"))
def test_unknown_release(tool: Path, how: str, tmp_path: Path) -> None:
    """A release that cannot be told is tried by DWARF, and needs it."""
    exe = tmp_path / "unknown"
    if how == "devel":
        relabel(probe("1.27"), exe, b"go1.27.4", b"devel +a")
    else:
        nameless(probe("1.27"), exe)
    got = load(tool, exe)
    assert not got.error
    assert len(got.notes) == 1 and "is not known" in got.notes[0]
    assert got.facts["minor"] == "-1" and got.facts["source"] == "dwarf"
    assert got.facts["mask_on_demand"] == got.facts["label_list"] == "1"
    got = load(tool, objcopy(exe, tmp_path / "bare", "--strip-debug"))
    assert got.error.startswith("no_debug_info ")


def test_only_c_has_dwarf(tool: Path, tmp_path: Path) -> None:
    """-ldflags=-w takes Go's debug information away and leaves that of C."""
    go = toolchains.go("1.27")
    if not go or not shutil.which("gcc"):
        pytest.skip("no go 1.27 or no gcc")
    exe = tmp_path / "probe"
    env = {**toolchains.go_env(), "CGO_ENABLED": "1"}
    subprocess.run([go, "build", "-p", "2", "-tags=goctx_cgo", "-ldflags=-w -linkmode=external '-extldflags=-g'",
                    "-o", exe, "."], cwd=gen_layout.PROBE, env=env, check=True)
    got = load(tool, exe)
    assert not got.error
    assert not got.notes
    assert got.facts["source"] == "table" and got.facts["dwarf"] == "0"


@pytest.mark.parametrize("version", ("1.24", "1.25"))
def test_noswissmap(tool: Path, version: str, tmp_path: Path) -> None:
    """GOEXPERIMENT=noswissmap: the old maps, by DWARF and by the table of 1.23."""
    go = toolchains.go(version)
    if not go:
        pytest.skip(f"no go {version}")
    exe = tmp_path / "probe"
    env = {**toolchains.go_env(), "GOEXPERIMENT": "noswissmap"}
    subprocess.run([go, "build", "-p", "2", "-o", exe, "."], cwd=gen_layout.PROBE, env=env, check=True)
    full = load(tool, exe)
    assert not full.error
    assert not full.notes
    assert full.structs["runtime.hmap"] == ("dwarf", 56)  # clearSeq came behind what we read
    assert full.structs["internal/runtime/maps.Map"][0] == "missing"
    assert full.fields["internal/abi.SwissMapType|internal/abi.MapType groupSize"][0] == -1
    got = load(tool, objcopy(exe, tmp_path / "bare", "--strip-debug"))
    assert not got.error
    assert len(got.notes) == 1 and "noswissmap" in got.notes[0]
    assert got.fields == full.fields
    got = load(tool, nameless(exe, tmp_path / "nameless"))
    assert not got.error and got.facts["minor"] == "-1"
    assert got.facts["mask_on_demand"] == got.facts["label_list"] == "1"  # no question of the maps


@pytest.mark.parametrize("version", VERSIONS)
def test_facts_without_a_release(tool: Path, version: str, tmp_path: Path) -> None:
    """How masks and labels are kept shows in the structs too, where the executable names no release."""
    full, got = load(tool, probe(version)), load(tool, nameless(probe(version), tmp_path / "nameless"))
    since = str(int(int(version[2:]) >= 24))
    for name in ("mask_on_demand", "label_list"):
        assert full.facts[name] == got.facts[name] == since, name
    assert full.facts["offset_embed"] == "0"


# -- damage -------------------------------------------------------------------


@pytest.mark.parametrize("version", ("1.19", "1.27"))
@pytest.mark.parametrize("name", (".debug_info", ".debug_abbrev"))
def test_damaged(tool: Path, version: str, name: str, tmp_path: Path) -> None:
    """A section that cannot be inflated: the table stands in, and that is said."""
    exe = probe(version)
    data = bytearray(exe.read_bytes())
    offset, size = section(exe, name)
    data[offset + 24:offset + size] = bytes(size - 24)
    bad = tmp_path / "bad"
    bad.write_bytes(data)
    got = load(tool, bad)
    assert not got.error
    assert got.facts["source"] == "table"
    assert any("damaged" in note for note in got.notes)
    assert got.fields == load(tool, exe).fields


@pytest.mark.parametrize("seed", range(40))
def test_random_damage(tool: Path, seed: int, scratch: Path) -> None:
    """Whatever the bytes are, the answer is a layout that passes its check, or an error."""
    exe = probe(("1.19", "1.24", "1.27")[seed % 3])
    plain = objcopy(exe, scratch / "plain", "--decompress-debug-sections")
    data = bytearray(plain.read_bytes())
    rng = random.Random(seed)
    for name in (".debug_info", ".debug_abbrev")[seed & 1:]:
        offset, size = section(plain, name)
        for _ in range(1 + size // rng.choice((100, 2000, 50000))):
            data[offset + rng.randrange(size)] = rng.randrange(256)
    plain.write_bytes(data)
    got = load(tool, plain)
    assert got.error or got.facts["source"] in ("dwarf", "table")
