"""Places and ways of building: the right answer, or a refusal with its reason, and no third thing.

One row each: how program places is built and started, what happens to its
executable, what goctx looks at, and which of three it must do there.  Right:
everything that `list`, `tree`, `children`, `tasks`, `blocked`, `bt` and
`leaks` say is what the program says of itself.  Refused: exit 3, with the
reason.  Partly: exit 4, with the reason, and what is said is right.

Only the rows marked quick run every time; GOCTX_PLACES=all (`make
check-places`) runs the whole table.
"""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

import build
import helper
import places
import toolchains
from agree import agree
from places import Partly, Refused, Right, Row

NEWEST = toolchains.DEFAULT_VERSIONS[-1]
OLDEST = toolchains.DEFAULT_VERSIONS[0]
WHOLE = os.environ.get("GOCTX_PLACES") == "all"
RIGHT = Right()
OTHER = Refused("is not the one that made this core")
GONE = "of this core is not here"
LIBRARY = Refused("is not a Go program")
GUEST = Right(notes=("has a Go runtime of its own",))
# Of the plugin's bss, which it never touched, the kernel dumps nothing.
UNTOUCHED = Partly("package variables are not all readable")
ASSUMED = Right(notes=("without it is assumed",))


def dumped() -> list[Row]:
    """What the kernel leaves out of a core, with the executable and with another build of it."""
    rows = []
    for bits in (0x01, 0x21, 0x23, 0x33, 0x7f):
        by_id = Right(build_id=True if bits & 0x10 else None)
        for version in (OLDEST, NEWEST):
            rows.append(Row(f"coredump_filter {bits:#04x}", by_id, version, quick=bits in (0x01, 0x21),
                            look=places.kernel(dumps=bits)))
        for version in ("1.22", "1.24", "1.25", NEWEST):
            rows += [Row(f"coredump_filter {bits:#04x}, executable replaced", OTHER, version,
                         look=places.kernel(dumps=bits), afterwards=places.replaced,
                         quick=(bits, version) == (0x21, NEWEST)),
                     Row(f"coredump_filter {bits:#04x}, another build by --exe", OTHER, version,
                         look=places.kernel(dumps=bits), exe="twin")]
    return rows


def deaths() -> list[Row]:
    """Why a program died, and who took the core."""
    rows = [Row(f"signal {signum.name}", RIGHT, version, look=places.kernel(signum),
                quick=signum in (signal.SIGSEGV, signal.SIGBUS) and version == NEWEST)
            for signum in (signal.SIGQUIT, signal.SIGSEGV, signal.SIGBUS, signal.SIGABRT)
            for version in (OLDEST, NEWEST)]
    rows += [Row(f"died of {end}", RIGHT, version, args=(f"-end={end}",), look=places.ended,
                 quick=version == NEWEST)
             for end in ("panic", "fault", "throw", "memory") for version in (OLDEST, NEWEST)]
    rows += [Row(f"core cut at {percent} %", Partly("truncated|cut"), version, look=places.cut(percent),
                 quick=version == NEWEST)
             for percent in (25, 60, 95) for version in (OLDEST, "1.22", NEWEST)]
    return rows + [
        Row("gcore", RIGHT, look=places.by_gcore, quick=True),
        Row("dlv's dump", Refused("does not name its executable", "--exe"), look=places.by_dlv),
        Row("dlv's dump, --exe", RIGHT, look=places.by_dlv, exe="kept"),
        Row("dlv's dump, another build by --exe", OTHER, look=places.by_dlv, exe="twin"),
    ]


def files() -> list[Row]:
    """What became of the executable's file, of a process and of a core."""
    core = places.kernel()
    rows = [
        Row("deleted, live", RIGHT, meanwhile=places.deleted, quick=True),
        Row("replaced, live", RIGHT, meanwhile=places.replaced, quick=True),
        Row("replaced, live, another build by --exe", Refused("is not the one"),
            meanwhile=places.replaced, exe="twin"),
        Row("renamed, live", RIGHT, meanwhile=places.renamed),
        Row("by a link, live", RIGHT, launch=places.symlinked),
        Row("in a memfd, live", RIGHT, launch=places.in_memory, quick=True),
        Row("by a link", RIGHT, launch=places.symlinked, look=core),
        Row("in a memfd", Refused(GONE, "--exe"), launch=places.in_memory, look=core, quick=True),
        Row("in a memfd, --exe", RIGHT, launch=places.in_memory, look=core, exe="kept"),
    ]
    for when in ("meanwhile", "afterwards"):
        rows += [
            Row(f"deleted {when}", Refused(GONE, "--exe"), look=core, **{when: places.deleted}),
            Row(f"deleted {when}, --exe", RIGHT, look=core, exe="kept", **{when: places.deleted}),
            Row(f"replaced {when}", OTHER, look=core, **{when: places.replaced}),
            Row(f"replaced {when}, --exe", RIGHT, look=core, exe="kept", **{when: places.replaced}),
            Row(f"renamed {when}, --exe", RIGHT, look=core, exe="kept", **{when: places.renamed}),
        ]
    return rows + [
        Row("renamed meanwhile", RIGHT, look=core, meanwhile=places.renamed),
        Row("renamed afterwards", Refused(GONE, "--exe"), look=core, afterwards=places.renamed),
    ]


def namespaces() -> list[Row]:
    """Where paths and numbers are another's."""
    core = places.kernel()
    return [
        Row("namespace of pids, live", RIGHT, launch=places.pid_namespace, quick=True),
        Row("namespace of pids", RIGHT, launch=places.pid_namespace, look=core, quick=True),
        Row("namespace of mounts, live", RIGHT, launch=places.mount_namespace),
        Row("namespace of mounts", Refused(GONE, "--exe"), launch=places.mount_namespace, look=core),
        Row("namespace of mounts, --exe", RIGHT, launch=places.mount_namespace, look=core, exe="kept"),
        Row("chroot, live", RIGHT, launch=places.chrooted, quick=True),
        Row("chroot, executable beside the core", RIGHT, launch=places.chrooted, look=core, quick=True),
        Row("chroot", Refused(GONE, "--exe"), launch=places.chrooted, look=core, afterwards=places.deleted),
        Row("chroot, --exe", RIGHT, launch=places.chrooted, look=core, exe="kept"),
    ]


def states() -> list[Row]:
    """What the process is doing, and how much of it there is."""
    core, bare = places.kernel(), ("-bare",)
    rows = []
    for version in (OLDEST, NEWEST):
        rows += [
            Row("stopped by SIGSTOP, live", RIGHT, version, look=places.stopped, quick=version == NEWEST),
            Row("its leader is a zombie, live", RIGHT, version, args=("-leaderless",), quick=version == NEWEST),
            Row("its leader is a zombie", RIGHT, version, args=("-leaderless", *bare), look=core),
            Row("collects all the time, live", RIGHT, version, args=("-collect",), quick=version == NEWEST),
            Row("collects all the time", RIGHT, version, args=("-collect", *bare), look=core, quick=version == NEWEST),
            Row("5 000 threads, live", RIGHT, version, args=("-threads=5000",)),
            Row("5 000 threads", RIGHT, version, args=("-threads=5000", *bare), look=core),
            Row("60 000 mappings, live", RIGHT, version, args=("-mappings=60000",)),
            Row("70 000 mappings", Refused("does not name its executable", "--exe"), version,
                args=("-mappings=70000", *bare), launch=places.roomy, look=core),
            Row("70 000 mappings, --exe", RIGHT, version, args=("-mappings=70000", *bare),
                launch=places.roomy, look=core, exe="kept"),
        ]
        for procs in ("1", "64"):
            rows += [Row(f"GOMAXPROCS={procs}, live", RIGHT, version, env={"GOMAXPROCS": procs}),
                     Row(f"GOMAXPROCS={procs}", RIGHT, version, env={"GOMAXPROCS": procs}, look=core),
                     Row(f"GOMAXPROCS={procs}, collects all the time", RIGHT, version,
                         args=("-collect", *bare), env={"GOMAXPROCS": procs}, look=core)]
    return rows


def builds() -> list[Row]:
    """Ways of building, of a process and of a core."""
    core = places.kernel()
    rows = []
    for how, version in (("race", "1.22"), ("race", NEWEST), ("cover", "1.21"), ("cover", NEWEST),
                         ("trimpath", OLDEST), ("trimpath", NEWEST), ("pie", OLDEST), ("pie", NEWEST),
                         ("cgo", OLDEST), ("cgo", NEWEST)):
        rows += [Row(f"built with {how}, live", RIGHT, version, how),
                 Row(f"built with {how}", RIGHT, version, how, look=core)]
    rows += [Row("built with pie, coredump_filter 0x21, --exe", Right(build_id=None), version, "pie",
                 look=places.kernel(dumps=0x21), exe="kept") for version in (OLDEST, NEWEST)]
    for version in ("1.22", NEWEST):
        rows += [
            Row("archive in a C program, live", RIGHT, version, "c-archive", launch=places.linked),
            Row("archive in a C program", RIGHT, version, "c-archive", launch=places.linked, look=core),
            Row("shared object in a C program, live", LIBRARY, version, "c-shared", launch=places.hosted),
            Row("shared object in a C program", LIBRARY, version, "c-shared", launch=places.hosted, look=core),
            Row("plugin, live", RIGHT, version, "load", launch=places.loading("plugin")),
            Row("plugin", UNTOUCHED, version, "load", launch=places.loading("plugin"), look=core),
            Row("loads a shared object of Go's, live", GUEST, version, "load", launch=places.loading("c-shared")),
            Row("loads a shared object of Go's", GUEST, version, "load", launch=places.loading("c-shared"), look=core),
        ]
    for side, name in enumerate(("all new", "none of the usual")):
        for version in ("1.22", "1.24", "1.25", "1.26", NEWEST):
            rows += [Row(f"GOEXPERIMENT: {name}, live", RIGHT, version, places.experiment(side)),
                     Row(f"GOEXPERIMENT: {name}", RIGHT, version, places.experiment(side), look=core),
                     Row(f"GOEXPERIMENT: {name}, no DWARF", ASSUMED, version,
                         places.experiment(side, "nodwarf"), look=core)]
    return rows


TABLE = [*dumped(), *deaths(), *files(), *namespaces(), *states(), *builds()]
ROWS = [row for row in TABLE if row.quick or WHOLE]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.version} {row.name}")
def test_place(goctx: helper.Goctx, scratch: Path, row: Row) -> None:
    """What goctx says there is what it must say."""
    try:
        with places.show(row, scratch) as seen:
            assert seen.truth.problems() == []
            agree(row.expect.judge(goctx, seen) + seen.after())
    except build.Unavailable as why:
        pytest.skip(f"{row.name}: {why}")


def test_names_are_unique() -> None:
    """A row that has another's name would hide it in the results."""
    names = [(row.version, row.name) for row in TABLE]
    assert len(names) == len(set(names))
