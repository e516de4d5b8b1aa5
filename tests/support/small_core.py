#!/usr/bin/python3
"""The small core that is kept in tests/small: with it everything can be tried without a Go toolchain.

    small_core.py make --goctx build/goctx      builds tests/programs/small, takes its core, writes tests/small anew
    small = unpack(folder)                      small.exe, small.core, small.truth

tests/small has the core and the executable, both compressed by xz, and what the program said before it died.  The core
is the kernel's, whole but for texts with paths of the machine that made it; pages of zeros take no space.  The executable lacks what goctx does not read: the code of
packages other than the program's own and context, and DWARF's line numbers and locations of variables of all other packages.
`make` compares: every command must say of the kept pair what it says of the pair as it was.

The program is built and run without this machine's paths and environment, in FOLDER.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import lzma
import os
import re
import shutil
import struct
import subprocess
from pathlib import Path
from typing import Iterator, NamedTuple

import build
import helper

ROOT = Path(__file__).resolve().parents[2]
KEPT = ROOT / "tests/small"
FOLDER = Path("/tmp/small")  # the only path that the core has in it
VERSION = "1.27"
HOW = build.Variant(("-trimpath", "-buildvcs=false", "-ldflags=-compressdwarf=false"))
ALONE = {"GOMAXPROCS": "1"}  # all of the program's environment
# Paths of the machine that made it: the runtime has read the list of mounts, the kernel's vdso says where it was built.
OURS = re.compile(rb"[\t\n -~]*/(?:root|home|work|tmp/(?!small/)|nix|build|usr/src)\b[\t\n -~]*")
WHOLE = ("main", "context")  # packages of which all is kept
PAGE = 4096

# Every command; CTX is each context of the program, GOID each goroutine.
COMMANDS = (
    ("info",), ("tree",), ("tree", "--values", "--no-fold"), ("list",), ("show", "CTX"), ("children", "CTX"), ("tasks",),
    ("tasks", "--system"), ("tasks", "--group", "stack"), ("tasks", "--tree"), ("blocked",), ("bt", "GOID"), ("bt", "all", "--system"),
    ("leaks",), ("leaks", "--min-confidence", "info"), ("why", "CTX"), ("check",), ("heap",), ("layout",),
)


class Small(NamedTuple):
    """The core, unpacked."""

    exe: Path
    core: Path
    truth: build.Truth

    @property
    def target(self) -> list[str]:
        """Options of goctx."""
        return helper.core_target(self.core, self.exe)

    def questions(self) -> Iterator[list[str]]:
        """COMMANDS with their arguments."""
        for command in COMMANDS:
            words = {"CTX": [one.addr for one in self.truth.contexts], "GOID": [str(one.goid) for one in self.truth.tasks]}
            for word in next((words[one] for one in command if one in words), [""]):
                yield [word if one in words else one for one in command]


# -- reading ----------------------------------------------------------------


def unpack(folder: Path) -> Small:
    """Unpack the kept core into a folder: 5 MB on disk."""
    for name in ("core", "small"):
        _expand(KEPT / f"{name}.xz", folder / name)
    (folder / "small").chmod(0o755)
    return Small(folder / "small", folder / "core", read_truth((KEPT / "truth.jsonl").read_text()))


def _expand(packed: Path, path: Path) -> None:
    """Pages of zeros become holes."""
    with lzma.open(packed) as source, open(path, "wb") as to:
        while page := source.read(PAGE):
            if page.strip(b"\0"):
                to.write(page)
            else:
                to.seek(len(page), os.SEEK_CUR)
        to.truncate()


def read_truth(text: str) -> build.Truth:
    """What the program said; goroutines are those of its traceback, with what it knew of them besides."""
    truth = build.Truth()
    for line in text.splitlines():
        truth.add(line)
    other = {one["type"]: one for one in truth.other}
    truth.begun = other["begun"]["at"]
    parked = {one["goid"]: one for one in truth.other if one["type"] == "parked"}
    for block in other["traceback"]["text"].strip().split("\n\n"):
        task = _task(block.splitlines())
        if "main.print" not in task.stack:  # that goroutine has ended
            known = parked.get(task.goid, {})
            truth.tasks.append(dataclasses.replace(task, label=known.get("label", ""), waits=known.get("waits"),
                                                   waits_ctx=known.get("waits_ctx")))
    return truth


_HEAD = re.compile(r"goroutine (\d+) \[([^\],]*)")
_CREATED = re.compile(r"created by (.*) in goroutine (\d+)")


def _task(lines: list[str]) -> build.TaskTruth:
    """A goroutine of a traceback: its head, then functions, each with a line for its place."""
    head = _HEAD.match(lines[0])
    assert head, lines[0]
    frames, made = [], None
    for func, place in zip(lines[1::2], lines[2::2]):
        file, number = re.sub(r" \+0x\w+$", "", place.strip()).rsplit(":", 1)
        if found := _CREATED.match(func):
            made = (found[1], file, int(number), int(found[2]))
        else:
            name, arguments = func.rsplit("(", 1)
            frames.append({"func": name, "file": file, "line": int(number), "inlined": arguments == "...)"})
    own = next((one for one in frames if one["func"].startswith("main.")), {"func": "", "file": "", "line": 0})
    running = head[2] in ("running", "runnable", "syscall")
    return build.TaskTruth(
        goid=int(head[1]), label="", status=head[2] if running else "waiting", fickle=False, wait_reason=None if running else head[2],
        locked=False, func=own["func"], file=own["file"], line=own["line"], created_by=made and made[0], created_file=made and made[1],
        created_line=made and made[2], parent_goid=made and made[3], stack=[one["func"] for one in frames], frames=frames, elided=0,
        elided_at=0, waits=None, waits_ctx=None, labels=None)


# -- making -----------------------------------------------------------------


def sections(exe: Path) -> dict[str, tuple[int, int, int]]:
    """Address, offset and size of each section that is in the file."""
    told = subprocess.run(["readelf", "-SW", exe], text=True, check=True, capture_output=True).stdout
    rows = re.findall(r"\] (\.\S+) +(?!NOBITS)\w+ +(\w+) (\w+) (\w+)", told)
    return {name: (int(addr, 16), int(offset, 16), int(size, 16)) for name, addr, offset, size in rows}


def units(exe: Path) -> list[dict[str, str]]:
    """The attributes of each compilation unit of the DWARF."""
    told = subprocess.run(["readelf", "--debug-dump=info", "--dwarf-depth=1", exe], text=True, check=True, capture_output=True).stdout
    return [dict(re.findall(r"DW_AT_(\w+) *: (?:\(.*?\): )?(.*)", one)) for one in told.split("DW_TAG_compile_unit")[1:]]


def cut(exe: Path) -> bytes:
    """The executable without what goctx does not read."""
    data, at = bytearray(exe.read_bytes()), sections(exe)
    _cut_code(exe, data, *at[".text"])
    for unit in units(exe):
        if unit["name"].strip() in WHOLE:
            continue
        if "stmt_list" in unit:
            _cut_lines(data, at[".debug_line"][1] + int(unit["stmt_list"].split()[0], 16))
        if "loclists_base" in unit:
            _cut_locations(data, at[".debug_loclists"][1] + int(unit["loclists_base"].split()[0], 16) - 12)
    return bytes(data)


def _cut_code(exe: Path, data: bytearray, addr: int, offset: int, size: int) -> None:
    told = subprocess.run(["nm", "-S", exe], text=True, check=True, capture_output=True).stdout
    code = bytes(data[offset:offset + size])
    data[offset:offset + size] = bytes(size)
    for start, length, name in re.findall(r"(?m)^(\w+) (\w+) [tT] (.*)$", told):
        if re.match(rf"({'|'.join(WHOLE)})\.", name):
            begin = int(start, 16) - addr
            end = begin + int(length, 16)
            data[offset + begin:offset + end] = code[begin:end]


def _cut_lines(data: bytearray, at: int) -> None:
    """Files stay; the program has only instructions that make no rows (DWARF 5, 6.2.4: unit_length, version, sizes, header_length)."""
    length, version, _, header = struct.unpack_from("<IHHI", data, at)
    assert version == 5
    start, end = at + 12 + header, at + 4 + length
    data[start:end] = b"\x06" * (end - start)  # DW_LNS_negate_stmt


def _cut_locations(data: bytearray, at: int) -> None:
    """Every list ends at once: DW_LLE_end_of_list is 0 (DWARF 5, 7.29: unit_length, version, sizes, number of offsets)."""
    length, version, _, offsets = struct.unpack_from("<IHHI", data, at)
    assert version == 5
    start, end = at + 12 + 4 * offsets, at + 4 + length
    data[start:end] = bytes(end - start)


def without_paths(core: Path) -> bytes:
    """The core, with zeros instead of texts that have this machine's paths in them: nobody uses those any more."""
    return OURS.sub(lambda text: bytes(len(text[0])), core.read_bytes())


def answers(goctx: helper.Goctx, small: Small) -> dict[str, tuple[int, str]]:
    """What every command says, as text and as JSON, without the paths of the files and the time it took."""
    told = {}
    for words in small.questions():
        for form in ([], ["--json"]):
            answer = goctx.run(small.target, *words, *form)
            text = answer.text.replace(str(small.core), "CORE").replace(str(small.exe), "EXE") + answer.stderr
            told[" ".join([*words, *form])] = (answer.status, re.sub(r'"took_ns":\d+', "", text))
    return told


def make(goctx: helper.Goctx) -> None:
    """Write tests/small anew."""
    FOLDER.mkdir()
    try:
        exe = FOLDER / "small"
        build.build_as(build.source_dir("small"), VERSION, exe, HOW)
        os.environ.clear()  # it would be on the program's first stack
        os.environ.update(ALONE)
        died = build.kernel_core(exe, [], FOLDER)
        lines = [{"type": "begun", "at": died.truth.begun},
                 {"type": "header", "go": died.truth.go, "program": died.truth.program, "pid": died.truth.pid},
                 *({"type": "context", **dataclasses.asdict(one)} for one in died.truth.contexts), *died.truth.other]
        text = "".join(json.dumps(one) + "\n" for one in lines)
        whole = Small(exe, died.core, read_truth(text))
        (FOLDER / "cut").mkdir()
        kept = Small(FOLDER / "cut/small", FOLDER / "cut/core", whole.truth)
        kept.exe.write_bytes(cut(exe))
        kept.core.write_bytes(without_paths(died.core))
        before, after = answers(goctx, whole), answers(goctx, kept)
        different = [words for words in before if before[words] != after[words]]
        assert not different, f"what was cut away is missed by: {different}"
        KEPT.mkdir(exist_ok=True)
        (KEPT / "truth.jsonl").write_text(text)
        for path in (kept.exe, kept.core):
            (KEPT / f"{path.name}.xz").write_bytes(lzma.compress(path.read_bytes(), preset=9 | lzma.PRESET_EXTREME))
    finally:
        shutil.rmtree(FOLDER)


def main() -> None:
    """Command line; see the module's text."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("what", choices=["make"])
    parser.add_argument("--goctx", type=Path, default=ROOT / "build/goctx")
    make(helper.Goctx(parser.parse_args().goctx.resolve()))
    for path in sorted(KEPT.iterdir()):
        print(f"{path.stat().st_size:9} {path.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
