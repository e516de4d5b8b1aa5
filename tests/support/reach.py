"""Ask the engine who can still run and what can still be cancelled.

    dump = Dump(folder with libgoctx.a)
    found = dump.run(["--core", core, "--exe", exe])
    found.complete, found.stage[goid], found.contexts["0xc000..."].cancelable

The answers of analysis/reach.h are part of no command as they are; dump_reach.c
beside this file prints them.
"""

from __future__ import annotations

import json
import os
import shlex
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Sequence

from helper import SANITIZED, UNREADABLE

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
TIMEOUT = 600.0  # seconds: more is a hang


@dataclass(frozen=True)
class Known:
    """One context."""

    stage: str
    cancelable: str
    cancelers: list[dict[str, Any]]


@dataclass
class Found:
    """One answer."""

    complete: bool = False
    why: str | None = None
    objects: list[int] = field(default_factory=list)
    stage: dict[int, str] = field(default_factory=dict)  # by goid
    contexts: dict[str, Known] = field(default_factory=dict)
    pgo: bool = False

    def goids(self, stage: str) -> set[int]:
        """All goroutines of one stage."""
        return {goid for goid, at in self.stage.items() if at == stage}


class Dump:
    """The program dump_reach, built when it is older than the library."""

    def __init__(self, library: Path, flags: str = "-O2") -> None:
        self.binary = library.parent / "dump_reach"
        source = HERE / "dump_reach.c"
        inputs = max(source.stat().st_mtime, library.stat().st_mtime)
        if self.binary.exists() and self.binary.stat().st_mtime > inputs:
            return
        made = self.binary.with_suffix(f".{os.getpid()}")
        command = [*shlex.split(os.environ.get("CC", "cc")), *shlex.split(flags), "-std=c11",
                   "-D_GNU_SOURCE", "-Wall", "-Wextra", "-pthread", f"-I{ROOT}/dwarf-helper/src",
                   "-o", str(made), str(source), str(library), "-ldwarf", "-lelf", "-lz", "-lm"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"dump_reach does not compile: {done.stderr}"
        os.replace(made, self.binary)

    def run(self, target: Sequence[str]) -> Found:
        """All stages of a target."""
        found = self.try_run(target)
        assert found, "the target cannot be read"
        return found

    def try_run(self, target: Sequence[str]) -> Found | None:
        """The same; None when too little is left of the target. A crash is a failure in any case."""
        done = subprocess.run([str(self.binary), *target], capture_output=True, text=True,
                              check=False, timeout=TIMEOUT, env={**os.environ, **SANITIZED})
        assert done.returncode in (0, UNREADABLE), f"dump_reach: status {done.returncode}: {done.stderr[:4000]}"
        if done.returncode:
            return None
        found = Found()
        for line in done.stdout.splitlines():
            record = json.loads(line)
            kind = record.pop("type")
            if kind == "reach":
                found.complete, found.why = record["complete"], record["why"]
                found.objects, found.pgo = record["objects"], record["pgo"]
            elif kind == "task":
                found.stage[record["goid"]] = record["stage"]
            else:
                addr = record.pop("addr")
                found.contexts[addr] = Known(**record)
        return found
