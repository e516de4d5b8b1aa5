"""What bench.py measures on: the program, its core, a large executable.

Everything that needs a compiler, a toolchain or gigabytes of disk is here.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Sequence

import build
import toolchains
from measure import Failed
from table import thousands

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
PROGRAM = HERE / "program"
GRAPH = HERE / "graph"
SLOW = 900.0  # seconds for a large program to come to rest, and for its core

# About how large a core gets, measured on Go 1.27: bytes per byte of heap that
# was asked for (garbage included), and per context and goroutine.
CORE_PER_HEAP = 2.0
CORE_PER_OBJECT = 2000


@dataclass(frozen=True)
class Size:
    """How large the program is made."""

    contexts: int
    goroutines: int
    heap_mib: int
    pointers: bool = False  # program graph: nothing but pointers

    @property
    def program(self) -> Path:
        """The folder of the program."""
        return GRAPH if self.pointers else PROGRAM

    @property
    def objects(self) -> int:
        """What private memory is shared out to."""
        return self.contexts + self.goroutines

    def arguments(self) -> list[str]:
        """Flags of the program."""
        if self.pointers:
            return [f"-heap={self.heap_mib}"]
        return [f"-contexts={self.contexts}", f"-goroutines={self.goroutines}",
                f"-heap={self.heap_mib}"]

    def core_bytes(self) -> int:
        """About how large a core gets."""
        return int(self.heap_mib * (1 << 20) * CORE_PER_HEAP + self.objects * CORE_PER_OBJECT)

    def __str__(self) -> str:
        if self.pointers:
            return f"{thousands(self.heap_mib)} MiB of pointers"
        return (f"{thousands(self.contexts)} contexts, {thousands(self.goroutines)} goroutines,"
                f" {thousands(self.heap_mib)} MiB heap")


@dataclass(frozen=True)
class Subject:
    """A core and the executable that died."""

    exe: Path
    core: Path
    go: str  # minor release


def run_json(command: Sequence[str]) -> dict[str, Any]:
    """Run a small tool that prints one object."""
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          check=False)
    if done.returncode:
        raise Failed(done.stderr.strip() or f"{command[0]}: status {done.returncode}")
    return json.loads(done.stdout)


def compile_c(source: Path, target: Path, lib: bool = False) -> Path:
    """Compile a C file; with lib, against libgoctx.a of the build folder."""
    command = [*shlex.split(os.environ.get("CC", "cc")), "-O2", "-std=c11", "-D_GNU_SOURCE",
               "-Wall", "-Wextra", "-o", str(target), str(source)]
    if lib:
        command += [f"-I{ROOT}/dwarf-helper/src", f"{ROOT}/build/libgoctx.a", "-ldwarf", "-lelf",
                    "-lz", "-pthread"]
    else:
        command += ["-lelf"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise Failed(f"{source.name} does not compile:\n{done.stderr.strip()}")
    return target


def newest_go() -> str:
    """The newest Go of the cache; the newest known one is fetched into an empty cache."""
    cached = [version for version in toolchains.DEFAULT_VERSIONS
              if toolchains.tool_path(version).exists()]
    if cached:
        return cached[-1]
    newest = toolchains.DEFAULT_VERSIONS[-1]
    if not toolchains.go(newest):
        raise toolchains.Unavailable(f"no Go: {toolchains.reasons().get(newest, 'not fetched')}")
    return newest


def get_core(size: Size, work: Path, keep: Path | None) -> Subject:
    """Take a core of the program in work; or in keep, unless it is there already."""
    made = {**asdict(size), "go": newest_go()}
    if not size.pointers:
        del made["pointers"]  # as in notes of older cores
    folder = keep.absolute() if keep else work
    subject = Subject(folder / "program", folder / "core", made["go"])
    note = folder / "made.json"
    if note.exists():
        if json.loads(note.read_text()) != made:
            raise Failed(f"{folder} has another core: {note.read_text().strip()}")
        return subject
    folder.mkdir(parents=True, exist_ok=True)
    _require_space(size, folder)
    # A copy: the core names the path that it was started from.
    shutil.copy2(build.build(size.program, made["go"]), subject.exe)
    build.READY_TIMEOUT = build.CORE_TIMEOUT = SLOW
    with tempfile.TemporaryDirectory(dir=folder, prefix="core-") as tmp:
        taken = _take_core(subject.exe, size, Path(tmp))
        try:
            shutil.move(taken, subject.core)
        finally:
            taken.unlink(missing_ok=True)
    note.write_text(json.dumps(made) + "\n")
    return subject


def _take_core(exe: Path, size: Size, folder: Path) -> Path:
    """A core written by the kernel, or by gcore where the kernel sends cores elsewhere."""
    try:
        build.core_pattern()
    except toolchains.Unavailable as why:
        print(f"bench: {why}; taking it with gcore", file=sys.stderr)
        with build.running(exe, size.arguments()) as run:
            core = build.gcore(run.pid, folder / "core")
        # GDB before 15 writes reservations as zeros.
        subprocess.run(["fallocate", "--dig-holes", str(core)], check=True)
        return core
    return build.kernel_core(exe, size.arguments(), folder).core


def _require_space(size: Size, folder: Path) -> None:
    """Fail before the disk is full, and warn where the core will not stay in memory."""
    need = size.core_bytes() * 5 // 4
    free = shutil.disk_usage(folder).free
    if free < need:
        raise Failed(f"the core needs about {need / 1e9:.1f} GB, {folder} has {free / 1e9:.1f} GB")
    found = re.search(r"^MemAvailable:\s+(\d+)", Path("/proc/meminfo").read_text(), re.M)
    if found and int(found[1]) * 1024 < 2 * need:
        print("bench: little memory: what should be hot may be read from disk", file=sys.stderr)


def build_compiler() -> Path:
    """cmd/compile of the newest Go, with its debug information, from the cache or built now."""
    version = newest_go()
    go = toolchains.tool_path(version)
    exe = toolchains.cache_dir() / "programs" / f"compile-{version}" / "compile"
    if exe.exists():
        return exe
    exe.parent.mkdir(parents=True, exist_ok=True)
    env = {**toolchains.go_env(), "GOFLAGS": ""}  # -mod=mod would overlook its vendored modules
    with tempfile.TemporaryDirectory(dir=exe.parent) as tmp:
        done = subprocess.run([str(go), "build", "-p", "2", "-o", f"{tmp}/compile", "cmd/compile"],
                              cwd=tmp, env=env, stdin=subprocess.DEVNULL, capture_output=True,
                              text=True, check=False)
        if done.returncode:
            raise Failed(f"cmd/compile does not build: {done.stderr.strip()[-400:]}")
        os.replace(f"{tmp}/compile", exe)
    return exe
