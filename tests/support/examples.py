"""Cores of the programs in examples/.

    with core_of("lost-cancel", "1.27", folder, "-n", "20") as (exe, core): ...

The executable comes from the cache of build.py; the core is the kernel's, or
where that is not to be had, examples/run.sh takes one.  Unavailable (from
toolchains) says what is missing on this machine.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Iterator, Sequence

try:
    from . import build, helper, toolchains
except ImportError:  # run with tests/support itself on the path
    import build  # type: ignore[no-redef]
    import helper  # type: ignore[no-redef]
    import toolchains  # type: ignore[no-redef]

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
DIGITS = 12  # of most addresses of a heap that is placed at random
TRIES = 12  # cores to take until one is at such an address
BUSY, BUSY_FOR = 0.05, 2.0  # seconds of processor time and of time after which a program that does not rest is a busy one
TIMEOUT = 600  # seconds to build an example, run it and take its core


def names() -> list[str]:
    """All examples."""
    return sorted(path.parent.name for path in EXAMPLES.glob("*/go.mod"))


def run_sh(name: str, version: str, folder: Path, *args: str) -> tuple[Path, Path]:
    """Executable and core that examples/run.sh leaves in a folder."""
    go = toolchains.go(version)
    if not go:
        raise toolchains.Unavailable(f"go {version}: {toolchains.reasons().get(version)}")
    command = [EXAMPLES / "run.sh", name, "--out", folder, "--", *args]
    env = {**toolchains.go_env(), "GO": str(go)}
    if "GOMAXPROCS" in os.environ:  # it is no setting of the go command
        env["GOMAXPROCS"] = os.environ["GOMAXPROCS"]
    done = subprocess.run(command, text=True, stdin=subprocess.DEVNULL, capture_output=True,
                          timeout=TIMEOUT, env=env, check=False)
    if done.returncode and "the kernel hands cores" in done.stderr:
        raise toolchains.Unavailable(done.stderr.strip())
    if done.returncode:
        raise RuntimeError(done.stderr)
    said = dict(line.split("=", 1) for line in done.stdout.splitlines())
    return Path(said["EXE"]), Path(said["CORE"])


def settle(pid: int) -> None:
    """Wait until all threads of a process sleep; one that has work to do for a while is busy, and is left.

    Between the line READY and its wait for the end, main is still on its way.
    """
    first, begun, quiet = _used(pid), time.monotonic(), 0
    # What it has used says more than what has passed: on a busy machine it may not have had its turn.
    while quiet < 3 and (_used(pid) - first < BUSY or time.monotonic() - begun < BUSY_FOR):
        if time.monotonic() - begun > build.READY_TIMEOUT:
            raise RuntimeError(f"process {pid} neither rests nor works")
        time.sleep(0.01)
        states = {path.read_text().rpartition(") ")[2][0]
                  for path in Path(f"/proc/{pid}/task").glob("*/stat")}
        quiet = quiet + 1 if states == {"S"} else 0


def _used(pid: int) -> float:
    """Seconds of processor time that a process has had."""
    words = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")


def kernel_core(exe: Path, args: Sequence[str], folder: Path) -> Path:
    """A core that the kernel wrote when the program was at rest."""
    build.core_pattern()  # before anything is started
    cwd = Path(tempfile.mkdtemp(prefix=f"{exe.name}-", dir=folder))
    run = build.start(exe, args, cwd=cwd, env={"GOTRACEBACK": "crash"}, core=True)
    try:
        settle(run.pid)
        return build.abort(run, cwd)
    finally:
        build.stop(run.proc)


@contextlib.contextmanager
def core_of(name: str, version: str, folder: Path, *args: str) -> Iterator[tuple[Path, Path]]:
    """Executable and core of an example; the core is gone after the block."""
    exe = build.build(EXAMPLES / name, version)
    try:
        core = kernel_core(exe, args, folder)
    except toolchains.Unavailable:
        exe, core = run_sh(name, version, folder, *args)
    try:
        yield exe, core
    finally:
        core.unlink()


@contextlib.contextmanager
def steady_core_of(goctx: helper.Goctx, name: str, version: str, folder: Path,
                   *args: str) -> Iterator[tuple[Path, Path]]:
    """core_of() with a heap at addresses of twelve digits: on screens, lines are broken by length.

    Go 1.26 and later place the heap at random; one core of eight is at shorter addresses.
    """
    for left in reversed(range(TRIES)):
        with core_of(name, version, folder, *args) as (exe, core):
            contexts = goctx.run(helper.core_target(core, exe), "list", "--json").context_list
            digits = {len(context.addr) - len("0x") for context in contexts}
            if max(digits, default=DIGITS) == DIGITS or not left:
                yield exe, core
                return
