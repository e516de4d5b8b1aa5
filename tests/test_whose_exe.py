"""Whose executable is it?  Cores without build ids, programs without them, rebuilt twins.

A core whose first pages of files were left out (bit 4 of coredump_filter) has no
build id.  Right executables answer with the program's own truth, others are
refused, each time with what differs: there is no third thing.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import time
from pathlib import Path
from typing import Iterator

import pytest

import build
import compare
import gdbrun
import helper
import toolchains
from helper import OK, PARTIAL, UNREADABLE

NEWEST = toolchains.DEFAULT_VERSIONS[-1]
NO_BUILD_IDS = (0x01, 0x21, 0x23)
PLAIN = build.Variant()

# One changed line of main.go.
LONGER = ("\tr.Finish()\n", "\tprintln(\"one more line\")\n\tr.Finish()\n")
VARIABLE = ("var held ", "var extra = [9]int{time.Now().Second()}\n\nvar held ")
# A variable before the others.
MOVED = ("\tr.Finish()\n", "\tprintln(aaa[2])\n\taaa[3] = new(int)\n\tr.Finish()\n}\n\nvar aaa [9]*int\n\nfunc init() {\n")
ALIKE = ("9*long", "8*long")  # another value of the same size: all is where it was
# Two types of contexts that swap their names, of equal length.
SWAPPED = ("embedFirst", "embedLater")

pytestmark = pytest.mark.usefixtures("goctx_asan")


class Sources:
    """A copy of the program kinds that can be changed and built again, in one place as developers do."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.restore()

    def restore(self) -> None:
        """As in tests/programs."""
        for name in ("kinds", "truth"):
            shutil.copytree(build.PROGRAMS_DIR / name, self.folder / name, dirs_exist_ok=True)
        shutil.copy(build.PROGRAMS_DIR / "go.mod", self.folder)

    def change(self, old: str, new: str) -> None:
        """One line of main.go."""
        main = self.folder / "kinds/main.go"
        text = main.read_text()
        assert text.count(old) == 1
        main.write_text(text.replace(old, new))

    def swap(self, one: str, other: str) -> None:
        """Two names, everywhere."""
        names = {one: other, other: one}
        for path in (self.folder / "kinds").glob("*.go"):
            path.write_text(re.sub(rf"\b({one}|{other})\b", lambda m: names[m[1]], path.read_text()))

    def build(self, version: str, exe: Path, how: build.Variant = PLAIN) -> Path:
        """The program as it is now."""
        try:
            return build.build_as(self.folder / "kinds", version, exe, how)
        except build.Unavailable as why:
            pytest.skip(str(why))


@pytest.fixture
def sources(scratch: Path) -> Sources:
    return Sources(scratch / "src")


def twin(sources: Sources, version: str, exe: Path, change: tuple[str, str],
         how: build.Variant = PLAIN) -> Path:
    """The program after a change."""
    sources.swap(*change) if change == SWAPPED else sources.change(*change)
    try:
        return sources.build(version, exe, how)
    finally:
        sources.restore()


def core_of(exe: Path, folder: Path, dump: int) -> build.Died:
    """A core that the kernel wrote with this coredump_filter."""
    try:
        return build.kernel_core(exe, [], folder, dump)
    except build.Unavailable as why:
        pytest.skip(str(why))


def answers(goctx: helper.Goctx, target: list[str], truth: build.Truth, by: str, instrumented: bool = False) -> None:
    """The truth, and by what the executable was known.

    instrumented: calls that -race and -cover put into methods keep goctx from reading what these return, and it says so
    """
    answer = goctx.run(target, "list", "--json", "--limit", "0")
    assert answer.status == OK, answer.stderr
    wrong = compare.contexts(truth, answer, time.time())
    assert [one for one in wrong if not (instrumented and "state is 'unknown'" in one)] == []
    assert answer.header.build_id_match is (True if by == "build id matches" else None)
    assert by in goctx.run(target, "info").text.splitlines()[0]


def refuses(goctx: helper.Goctx, target: list[str], what: str = "[^)]+ there, [^)]+ here",
            whose: str = "made this core") -> None:
    """No command answers; what differs is said."""
    for command in ("list", "leaks", "tasks", "info"):
        answer = goctx.run(target, command)
        assert (answer.status, answer.text) == (UNREADABLE, ""), command
        assert re.search(rf"is not the one that {whose} \({what}\)\nhint: .*--exe FILE", answer.stderr)


BY_DATA = "build ids cannot be compared, its data match"


# -- rebuilt after one changed line ------------------------------------------


@pytest.mark.parametrize("dump", NO_BUILD_IDS, ids=hex)
@pytest.mark.parametrize("version", ["1.22", "1.24", "1.25", "1.27"])
def test_rebuilt(goctx_asan: helper.Goctx, sources: Sources, scratch: Path, version: str,
                 dump: int) -> None:
    """Given by --exe, or found at its path, which the new one took."""
    exe = sources.build(version, scratch / "server")
    died = core_of(exe, scratch, dump)
    answers(goctx_asan, helper.core_target(died.core), died.truth, BY_DATA)
    answers(goctx_asan, helper.core_target(died.core, exe), died.truth, BY_DATA)
    for change in (LONGER, VARIABLE):
        other = twin(sources, version, scratch / "other", change)
        refuses(goctx_asan, helper.core_target(died.core, other))
    os.replace(other, exe)
    refuses(goctx_asan, helper.core_target(died.core))


@pytest.mark.parametrize("version", ["1.22", "1.27"])
def test_twin_that_is_laid_out_alike(goctx_asan: helper.Goctx, sources: Sources, scratch: Path,
                                     version: str) -> None:
    """Another build, with everything in its place: what it answers is right."""
    exe = sources.build(version, scratch / "server")
    other = twin(sources, version, scratch / "other", ALIKE)
    assert exe.read_bytes() != other.read_bytes()
    died = core_of(exe, scratch, 0x23)
    answers(goctx_asan, helper.core_target(died.core, other), died.truth, BY_DATA)
    whole = core_of(exe, scratch, 0x33)
    refuses(goctx_asan, helper.core_target(whole.core, other), "build id .+ there, .+ here")


@pytest.mark.parametrize("how", [PLAIN, build.VARIANTS["pie"]], ids=["exe", "pie"])
@pytest.mark.parametrize("version", ["1.22", "1.27"])
def test_twin_whose_types_swapped_names(goctx_asan: helper.Goctx, sources: Sources, scratch: Path,
                                        version: str, how: build.Variant) -> None:
    """Of one size in all: what is where the types were are other types."""
    exe = sources.build(version, scratch / "server", how)
    other = twin(sources, version, scratch / "other", SWAPPED, how)
    died = core_of(exe, scratch, 0x23)
    answers(goctx_asan, helper.core_target(died.core, exe), died.truth, BY_DATA)
    refuses(goctx_asan, helper.core_target(died.core, other), "[^)]+")


# -- right ones are never refused --------------------------------------------

STATIC = "-ldflags=-linkmode=external -extldflags=-static"
RELR = '-ldflags=-linkmode=external "-extldflags=-Wl,-z,pack-relative-relocs"'
BUILDS = {
    "pie": build.VARIANTS["pie"],
    "cgo": build.VARIANTS["cgo"],
    "race": build.Variant(("-race",), cgo=True),
    "cover": build.Variant(("-cover",)),
    "trimpath": build.Variant(("-trimpath",)),
    "cgo pie": build.Variant(("-tags=goctx_cgo", "-buildmode=pie"), cgo=True),
    "static": build.Variant(("-tags=goctx_cgo", STATIC), cgo=True),
    "static pie": build.Variant(("-tags=goctx_cgo", "-buildmode=pie", f"{STATIC}-pie"), cgo=True),
    "relr": build.Variant(("-tags=goctx_cgo", "-buildmode=pie", RELR), cgo=True),
}


@pytest.mark.parametrize("name", BUILDS)
def test_right_one(goctx_asan: helper.Goctx, sources: Sources, scratch: Path, name: str) -> None:
    """However it was built; without debug information as well."""
    exe = sources.build(NEWEST, scratch / "server", BUILDS[name])
    if name == "relr":
        sections = subprocess.run(["readelf", "-SW", exe], check=True, capture_output=True, text=True)
        if ".relr.dyn" not in sections.stdout:
            pytest.skip("this linker packs no relocations")
    died = core_of(exe, scratch, 0x23)
    answers(goctx_asan, helper.core_target(died.core), died.truth, BY_DATA, name in ("race", "cover"))
    other = twin(sources, NEWEST, scratch / "other", LONGER, BUILDS[name])
    refuses(goctx_asan, helper.core_target(died.core, other))
    bare = scratch / "bare"
    subprocess.run(["strip", "--strip-debug", "-o", bare, exe], check=True)
    answers(goctx_asan, helper.core_target(died.core, bare), died.truth, BY_DATA, name in ("race", "cover"))


@pytest.fixture(params=[("-ldflags=-buildid=",), ("-ldflags=-buildid=", "-buildmode=pie")],
                ids=["exe", "pie"])
def nameless(request: pytest.FixtureRequest, sources: Sources, scratch: Path) -> tuple[Path, Path]:
    """A program without any build id, and its rebuilt twin."""
    how = build.Variant(request.param)
    return (sources.build(NEWEST, scratch / "server", how),
            twin(sources, NEWEST, scratch / "other", LONGER, how))


def test_without_build_ids(goctx_asan: helper.Goctx, nameless: tuple[Path, Path],
                           scratch: Path) -> None:
    """Cores with all pages, gcore's, and processes: the data tell."""
    exe, other = nameless
    died = core_of(exe, scratch, 0x37)
    answers(goctx_asan, helper.core_target(died.core, exe), died.truth, BY_DATA)
    refuses(goctx_asan, helper.core_target(died.core, other))
    died.core.unlink()
    with build.running(exe) as run:
        answers(goctx_asan, helper.pid_target(run.pid), run.truth, BY_DATA)
        refuses(goctx_asan, [*helper.pid_target(run.pid), "--exe", str(other)],
                whose="this process runs")
        try:
            core = build.gcore(run.pid, scratch / "core")
        except build.Unavailable as why:
            pytest.skip(str(why))
        answers(goctx_asan, helper.core_target(core, exe), run.truth, BY_DATA)
        refuses(goctx_asan, helper.core_target(core, other))
        if not gdbrun.missing():
            right, wrong = (gdbrun.run(["goctx list"], exe=one, pid=run.pid) for one in nameless)
            assert right.out.count("\n") > 100 and "not the one" not in right.err
            assert "is not the one that this process runs (" in wrong.err and wrong.status


def test_in_gdb(sources: Sources, scratch: Path) -> None:
    """`file` and a core without build ids."""
    if gdbrun.missing():
        pytest.skip(str(gdbrun.missing()))
    exe = sources.build(NEWEST, scratch / "server")
    other = twin(sources, NEWEST, scratch / "other", LONGER)
    died = core_of(exe, scratch, 0x23)
    right = gdbrun.run(["goctx list"], exe=exe, core=died.core)
    assert right.out.count("cancel") > 40 and right.status == 0
    for wrong in (gdbrun.run(["goctx list"], exe=other, core=died.core),
                  gdbrun.run([f"file {other}", "goctx leaks"], core=died.core)):
        assert "is not the one that made this core (" in wrong.err and wrong.status == 1
        assert "`file FILE`" in wrong.err and "--exe" not in wrong.err
        assert "no suspects" not in wrong.out and "no contexts" not in wrong.out


def test_nothing_to_compare(goctx_asan: helper.Goctx, sources: Sources, scratch: Path) -> None:
    """The file has neither a build id nor data, the core has all it needs: answered, and that it is not known is said."""
    exe = sources.build(NEWEST, scratch / "server", build.Variant(("-ldflags=-buildid=",)))
    died = core_of(exe, scratch, 0x37)
    bare = scratch / "bare"
    subprocess.run(["objcopy", "--only-keep-debug", exe, bare], check=True)
    answer = goctx_asan.run(helper.core_target(died.core, bare), "list", "--json", "--limit", "0")
    assert compare.contexts(died.truth, answer, time.time()) == []
    assert any("nothing tells whether" in note.text for note in answer.notes)


# -- separate debug information ----------------------------------------------


@pytest.mark.parametrize("version", ["1.22", NEWEST])
def test_debug_file_without_build_ids(goctx_asan: helper.Goctx, sources: Sources, scratch: Path,
                                      version: str) -> None:
    """The debug file of the build serves, the one of a rebuilt twin is refused: it has its sections elsewhere."""
    how = build.Variant(("-ldflags=-buildid=",))
    exe = sources.build(version, scratch / "server", how)
    other = twin(sources, version, scratch / "other", MOVED, how)
    for built in (exe, other):
        subprocess.run(["objcopy", "--only-keep-debug", built, f"{built}.debug"], check=True)
    died = core_of(exe, scratch, 0x33)
    subprocess.run(["strip", exe], check=True)
    target = helper.core_target(died.core, exe)
    answers(goctx_asan, [*target, "--debug", f"{exe}.debug"], died.truth, BY_DATA)
    wrong = goctx_asan.run([*target, "--debug", f"{other}.debug"], "list")
    assert (wrong.status, wrong.text) == (UNREADABLE, "")
    assert re.search(r"other\.debug does not belong to .*server: section \.\w+ of the two differs", wrong.stderr)


# -- plugins -----------------------------------------------------------------

PLUGIN_HOST = """package main

import (
	"context"
	"os"
	"plugin"
)

func main() {
	p, err := plugin.Open(os.Args[1])
	if err != nil {
		panic(err)
	}
	begin, err := p.Lookup("Begin")
	if err != nil {
		panic(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	mine := begin.(func(context.Context) context.Context)(ctx)
	os.Stdout.WriteString("READY\\n")
	os.Stdin.Read(make([]byte, 1))
	<-mine.Done()
	cancel()
}
"""
PLUGIN = """package main

import "context"

type key struct{}

// Written, for the kernel to dump it.
var table [1 << 16]byte

func Begin(parent context.Context) context.Context {
	table[len(table)/2] = 1
	ctx := context.WithValue(parent, key{}, 7)
	go Wait(ctx)
	return ctx
}

func Wait(ctx context.Context) { <-ctx.Done() }

func main() {}
"""
# A function more, for what follows it to move.
PLUGIN_CHANGED = PLUGIN.replace("func Wait", "func Extra() { println(table[7], 1) }\n\nfunc Wait")


def go_source(folder: Path, text: str) -> Path:
    """A module of one file."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "main.go").write_text(text)
    (folder / "go.mod").write_text(f"module example.com/{folder.name}\n\ngo {NEWEST}\n")
    return folder


def go_build(folder: Path, exe: Path, *flags: str) -> Path:
    """Built with C linked in."""
    try:
        return build.build_as(folder, NEWEST, exe, build.Variant(flags, cgo=True))
    except build.Unavailable as why:
        pytest.skip(str(why))


@pytest.mark.parametrize("dump", [0x23, 0x33], ids=hex)
def test_plugin(goctx_asan: helper.Goctx, scratch: Path, dump: int) -> None:
    """The one that was loaded names its functions; another one does not, and is told."""
    host = go_build(go_source(scratch / "host", PLUGIN_HOST), scratch / "server")
    loaded = go_build(go_source(scratch / "p", PLUGIN), scratch / "plugin.so", "-buildmode=plugin")
    other = go_build(go_source(scratch / "p", PLUGIN_CHANGED), scratch / "other.so", "-buildmode=plugin")
    try:
        core = build.kernel_core(host, [str(loaded)], scratch, dump).core
    except build.Unavailable as why:
        pytest.skip(str(why))
    target = helper.core_target(core)
    right = goctx_asan.run(target, "tasks", "--json")
    assert right.status == OK
    assert any(task.func.startswith("example.com/p.") for task in right.tasks.values())
    right = goctx_asan.run(target, "list", "--json")
    assert right.status == OK, right.notes
    assert "example.com/p.key" in right.text
    os.utime(other, (1, 1))
    os.replace(other, loaded)
    os.utime(core)  # the plugin is older than the core, as one that was copied is
    for command in ("list", "tasks"):
        wrong = goctx_asan.run(target, command, "--json")
        assert wrong.status == PARTIAL
        assert any("plugin.so is not the plugin that was loaded" in text for text in wrong.damage)
        assert '"func":"example.com/p.' not in wrong.text  # types are relocated, so those are in the core
    loaded.unlink()
    gone = goctx_asan.run(target, "tasks", "--json")
    assert gone.status == PARTIAL and any("plugin.so is not here" in text for text in gone.damage)
    as_exe = goctx_asan.run(helper.core_target(core, go_build(scratch / "p", loaded, "-buildmode=plugin")), "list")
    assert as_exe.status == UNREADABLE
    assert re.search(rf"is a library.*\nhint: give the program with --exe FILE: it is {host}\n", as_exe.stderr)


# -- hosts of other languages ------------------------------------------------

LIBRARY = """package main

import "C"

import "context"

var kept []context.CancelFunc

//export Begin
func Begin() {
	ctx, cancel := context.WithCancel(context.Background())
	kept = append(kept, cancel)
	go func() { <-ctx.Done() }()
}

func main() {}
"""
C_HOST = """#include <dlfcn.h>
#include <stdio.h>
#include <unistd.h>
int main(int argc, char **argv)
{
	void (*begin)(void) = (void (*)(void))dlsym(dlopen(argv[1], RTLD_NOW), "Begin");
	begin();
	puts("READY");
	fflush(stdout);
	return (int)read(0, &argc, 1);
}
"""
PYTHON_HOST = ("import ctypes, os, sys; ctypes.CDLL(sys.argv[1]).Begin(); "
               "print('READY', flush=True); os.read(0, 1)")


@pytest.mark.parametrize("language", ["C", "Python"])
def test_host_of_a_go_library(goctx_asan: helper.Goctx, scratch: Path, language: str) -> None:
    """Whichever file is named, the answer is the truth: there is no other one to name."""
    if not shutil.which("gcc"):
        pytest.skip("gcc is missing")
    library = go_build(go_source(scratch / "lib", LIBRARY), scratch / "libgo.so", "-buildmode=c-shared")
    if language == "C":
        source = scratch / "host.c"
        source.write_text(C_HOST)
        host, args = scratch / "chost", [str(library)]
        subprocess.run(["gcc", "-o", host, source, "-ldl"], check=True)
    else:
        host, args = Path("/usr/bin/python3").resolve(), ["-c", PYTHON_HOST, str(library)]
    run = build.start(host, args, cwd=scratch, core=True)
    try:
        refuse_host(goctx_asan, helper.pid_target(run.pid), host, library)
        try:
            core = build.abort(run, scratch)
        except build.Unavailable as why:
            pytest.skip(str(why))
    finally:
        build.stop(run.proc)
    refuse_host(goctx_asan, helper.core_target(core), host, library)
    if not gdbrun.missing():
        said = gdbrun.run(["goctx list"], core=core)
        assert f"the Go code is in its library {library}" in said.err and said.status


def refuse_host(goctx: helper.Goctx, target: list[str], host: Path, library: Path) -> None:
    """Named by nobody, the host, the library: one truth, and no hint that leads on."""
    for named in ([], ["--exe", str(host)], ["--exe", str(library)]):
        answer = goctx.run([*target, *named], "list")
        assert (answer.status, answer.text) == (UNREADABLE, ""), named
        assert "hint:" not in answer.stderr
        assert "is not a Go program" in answer.stderr
        assert str(host) in answer.stderr and str(library) in answer.stderr
        assert answer.stderr.endswith("Go code in a shared library cannot be read yet\n")


# -- cores that do not name their executable ---------------------------------


def test_no_list_of_files(goctx_asan: helper.Goctx, sources: Sources, scratch: Path) -> None:
    """As of 65 536 mappings, and of delve's dump: --exe is all that is missing; in GDB it is `file`."""
    exe = sources.build(NEWEST, scratch / "server")
    died = core_of(exe, scratch, 0x33)
    with open(died.core, "r+b") as core:
        head = core.read(1 << 20)
        assert head.count(b"ELIFCORE\0") == 1  # the note's type, NT_FILE, and its name
        core.seek(head.index(b"ELIFCORE\0"))
        core.write(b"XXXX")
    answer = goctx_asan.run(helper.core_target(died.core), "list")
    assert (answer.status, answer.text) == (UNREADABLE, "")
    assert "it has no list of mapped files\nhint: give it with --exe FILE, then the core is read" in answer.stderr
    answers(goctx_asan, helper.core_target(died.core, exe), died.truth, "build id matches")
    if gdbrun.missing():
        return
    said = gdbrun.run(["goctx list"], core=died.core)
    assert "hint: give it with GDB's `file FILE`, then" in said.err and "--exe" not in said.err
    said = gdbrun.run([f"file {exe}", "goctx list"], core=died.core)
    assert said.out.count("cancel") > 40 and said.status == 0


@pytest.mark.parametrize("name", ["pie", "cgo"])
def test_started_through_the_loader(goctx_asan: helper.Goctx, sources: Sources, scratch: Path,
                                    name: str) -> None:
    """`ld.so PROGRAM`: the kernel's words are of the loader, and the program is named by the hint."""
    exe = sources.build(NEWEST, scratch / "server", build.VARIANTS[name])
    loader = Path("/lib64/ld-linux-x86-64.so.2")
    if not loader.exists():
        pytest.skip(f"there is no {loader}")
    run = build.start(loader, [str(exe)], cwd=scratch, env={"GOTRACEBACK": "crash"}, core=True)
    try:
        answers(goctx_asan, [*helper.pid_target(run.pid), "--exe", str(exe)], run.truth, "build id matches")
        try:
            core = build.abort(run, scratch)
        except build.Unavailable as why:
            pytest.skip(str(why))
    finally:
        build.stop(run.proc)
    answer = goctx_asan.run(helper.core_target(core), "list")
    assert answer.status == UNREADABLE
    assert re.search(rf"has loaded one\nhint: .*--exe FILE: it is {exe}\n$", answer.stderr)
    answers(goctx_asan, helper.core_target(core, exe), run.truth, "build id matches")
    other = twin(sources, NEWEST, scratch / "other", LONGER, build.VARIANTS[name])
    os.replace(other, exe)
    refuses(goctx_asan, helper.core_target(core, exe), "build id .+ there, .+ here")
