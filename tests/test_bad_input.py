"""Input that cannot be read, or only in part: a clear line, a hint, the right exit status.

All with the sanitizers on; helper.Goctx.run() fails when one of them speaks,
on a crash, and on a hang.
"""

from __future__ import annotations

import dataclasses
import os
import re
import shutil
import stat
import subprocess
import time
from pathlib import Path
from typing import Iterator

import pytest

import build
import compare
import helper
import toolchains
from helper import OK, PARTIAL, UNREADABLE, USAGE

NEWEST = toolchains.DEFAULT_VERSIONS[-1]
NOBODY = 65534

pytestmark = pytest.mark.usefixtures("goctx_asan")


@dataclasses.dataclass(frozen=True)
class Sample:
    """A good core, for tests to spoil copies of."""

    core: Path
    exe: Path
    truth: build.Truth

    @property
    def target(self) -> list[str]:
        """Options for it."""
        return helper.core_target(self.core, self.exe)


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sample]:
    """A kernel core of the program kinds."""
    folder = tmp_path_factory.mktemp("sample")
    try:
        exe = build.build("kinds", NEWEST)
        died = build.kernel_core(exe, [], folder)
    except build.Unavailable as why:
        pytest.skip(f"kinds with go {NEWEST}: {why}")
    yield Sample(died.core, exe, died.truth)
    shutil.rmtree(folder, ignore_errors=True)


def refused(answer: helper.Answer, status: int, says: str, hint: str | None = None) -> None:
    """Nothing on stdout, `goctx: …` and perhaps `hint: …` on stderr, nothing else."""
    assert answer.status == status, answer.stderr
    assert answer.text == ""
    lines = answer.stderr.splitlines()
    assert len(lines) == (2 if hint else 1), answer.stderr
    assert lines[0].startswith("goctx: ") and re.search(says, lines[0]), answer.stderr
    assert all(len(line) < 600 and line.isprintable() for line in lines), answer.stderr
    if hint:
        assert lines[1].startswith("hint: ") and re.search(hint, lines[1]), answer.stderr


def copy(source: Path, target: Path, size: int | None = None) -> Path:
    """The first bytes of a file, or all of it."""
    with open(source, "rb") as old, open(target, "wb") as new:
        left = source.stat().st_size if size is None else size
        while left:
            chunk = old.read(min(left, 1 << 22))
            if not chunk:
                break
            new.write(chunk)
            left -= len(chunk)
    target.chmod(stat.S_IMODE(source.stat().st_mode))
    return target


def patch(path: Path, at: int, data: bytes) -> Path:
    """Change bytes of a file."""
    with open(path, "r+b") as file:
        file.seek(at)
        file.write(data)
    return path


# -- files that are something else -------------------------------------------


@pytest.mark.parametrize("content, says, hint", [
    (b"", "is empty", "ulimit -c"),
    (b"\x7f", "not an ELF file", "gcore"),
    (b"goroutine 1 [running]:\nmain.main()\n" * 50, "not an ELF file", "gcore"),
    (bytes(100_000), "not an ELF file", "gcore"),
    (b"\x7fELF", "broken ELF file", None),
    (b"\x7fELF\x02\x01\x01" + bytes(57), "", None),
], ids=["empty", "byte", "text", "zeros", "magic", "header of zeros"])
def test_core_is_no_elf_file(goctx_asan: helper.Goctx, sample: Sample, tmp_path: Path,
                             content: bytes, says: str, hint: str | None) -> None:
    """Not ELF at all, or hardly."""
    bad = tmp_path / "bad"
    bad.write_bytes(content)
    for target in (helper.core_target(bad), helper.core_target(bad, sample.exe)):
        answer = goctx_asan.run(target, "list")
        hinted = hint or ("" if "\nhint:" in answer.stderr else None)
        refused(answer, UNREADABLE, says, hinted or ("." if hinted == "" else None))


@pytest.mark.parametrize("magic, command", [
    (b"\x1f\x8b\x08", "gzip -d"), (b"\xfd7zXZ\0", "xz -d"), (b"\x28\xb5\x2f\xfd", "zstd -d"),
    (b"\x04\x22\x4d\x18", "lz4 -d"), (b"BZh9", "bzip2 -d")],
    ids=["gzip", "xz", "zstd", "lz4", "bzip2"])
def test_core_is_compressed(goctx_asan: helper.Goctx, tmp_path: Path, magic: bytes,
                            command: str) -> None:
    """The hint is the command that unpacks it."""
    bad = tmp_path / "core.packed"
    bad.write_bytes(magic + os.urandom(5000))
    refused(goctx_asan.run(helper.core_target(bad), "list"), UNREADABLE, "is compressed",
            f"{command}.* {re.escape(str(bad))}")


def test_compressed_core_unpacked_as_told(goctx_asan: helper.Goctx, sample: Sample,
                                          tmp_path: Path) -> None:
    """The command in the hint works, and what it makes can be read."""
    core = copy(sample.core, tmp_path / "core")
    subprocess.run(["gzip", "-1", core], check=True)
    answer = goctx_asan.run(helper.core_target(tmp_path / "core.gz"), "list")
    hint = answer.stderr.splitlines()[1]
    subprocess.run(hint.split(": ", 2)[2].split(), check=True)
    answer = goctx_asan.run(helper.core_target(core, sample.exe), "list", "--json")
    core.unlink()
    assert answer.status == OK and answer.header.contexts >= len(sample.truth.contexts)


def test_core_is_missing_or_a_folder(goctx_asan: helper.Goctx, tmp_path: Path) -> None:
    """A wrong path."""
    refused(goctx_asan.run(helper.core_target(tmp_path / "none"), "list"), UNREADABLE,
            "cannot open core file.*No such file", "coredumpctl")
    refused(goctx_asan.run(helper.core_target(tmp_path), "list"), UNREADABLE,
            "not a regular file", "gcore")


def test_core_and_executable_are_swapped(goctx_asan: helper.Goctx, sample: Sample) -> None:
    """One given for the other."""
    refused(goctx_asan.run(helper.core_target(sample.exe), "list"), UNREADABLE,
            "is an executable, not a core file", "--core CORE --exe")
    refused(goctx_asan.run(helper.core_target(sample.exe, sample.core), "list"), UNREADABLE,
            "is an executable, not a core file", "--core CORE --exe")
    refused(goctx_asan.run(helper.core_target(sample.core, sample.core), "list"), UNREADABLE,
            "is a core file, not an executable", "--core")


def test_executable_is_something_else(goctx_asan: helper.Goctx, sample: Sample,
                                      tmp_path: Path) -> None:
    """--exe names no ELF file, or nothing."""
    text = tmp_path / "text"
    text.write_text("#!/bin/sh\nexec server\n")
    refused(goctx_asan.run(helper.core_target(sample.core, text), "list"), UNREADABLE,
            "not an ELF file", "script")
    text.write_text("just text, and more of it")
    refused(goctx_asan.run(helper.core_target(sample.core, text), "list"), UNREADABLE,
            "not an ELF file", "--exe FILE")
    refused(goctx_asan.run(helper.core_target(sample.core, tmp_path / "none"), "list"),
            UNREADABLE, "cannot open .*No such file", "--exe FILE")
    for size in (70, 300, 5000, 100_000):
        cut = copy(sample.exe, tmp_path / "cut", size)
        answer = goctx_asan.run(helper.core_target(sample.core, cut), "list")
        assert answer.status in (UNREADABLE, PARTIAL) and answer.stderr + answer.text


# From byte 5 of a header on: big-endian, version, OS, padding, core file, s390x.
BIG_ENDIAN = b"\x02\x01" + bytes(9) + b"\0\x04" + b"\0\x16"

# -- wrong machine -----------------------------------------------------------


@pytest.mark.parametrize("at, data, says", [
    (18, b"\xb7\0", "arm64"), (18, b"\xf3\0", "riscv64"), (18, b"\x60\xea", "60000"),
    (4, b"\x01", "32-bit|i386"), (5, BIG_ENDIAN, "big-endian|s390x")],
    ids=["arm64", "riscv64", "unknown", "32-bit", "big-endian"])
def test_core_of_another_machine(goctx_asan: helper.Goctx, sample: Sample, tmp_path: Path,
                                 at: int, data: bytes, says: str) -> None:
    """The ELF header names another architecture."""
    bad = patch(copy(sample.core, tmp_path / "core", 1 << 20), at, data)
    answer = goctx_asan.run(helper.core_target(bad, sample.exe), "list")
    refused(answer, UNREADABLE, says, "." if "\nhint: " in answer.stderr else None)


def compile_go(folder: Path, arch: str) -> Path:
    """A Go program for another architecture."""
    go = toolchains.go(NEWEST)
    if not go:
        pytest.skip(f"go {NEWEST} is missing")
    (folder / "main.go").write_text("""package main

import "os"

func main() {
	os.Stdout.WriteString("READY\\n")
	os.Stdin.Read(make([]byte, 1))
}
""")
    (folder / "go.mod").write_text(f"module other\n\ngo {NEWEST}\n")
    exe = folder / arch
    subprocess.run([go, "build", "-o", exe, "."], cwd=folder, check=True,
                   env={**toolchains.go_env(), "GOARCH": arch})
    return exe


@pytest.mark.parametrize("arch", ["386", "arm64"])
def test_executable_of_another_machine(goctx_asan: helper.Goctx, sample: Sample, tmp_path: Path,
                                       arch: str) -> None:
    """A program that Go made for another architecture."""
    exe = compile_go(tmp_path, arch)
    refused(goctx_asan.run(helper.core_target(sample.core, exe), "list"), UNREADABLE,
            "not a linux/amd64 program", arch)


def test_process_of_32_bits(goctx_asan: helper.Goctx, tmp_path: Path) -> None:
    """A live process of another word size, where the kernel runs such."""
    exe = compile_go(tmp_path, "386")
    try:
        proc = subprocess.Popen([exe], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    except OSError as why:
        pytest.skip(f"this kernel runs no programs of 32 bits: {why.strerror}")
    with proc:
        assert proc.stdout and proc.stdout.readline() == b"READY\n"
        answer = goctx_asan.run(helper.pid_target(proc.pid), "list")
        refused(answer, UNREADABLE, "32-bit|not a linux/amd64 program",
                "." if "\nhint: " in answer.stderr else None)
        assert proc.poll() is None


# -- programs that do not fit ------------------------------------------------


def test_other_build(goctx_asan: helper.Goctx, sample: Sample) -> None:
    """Core and executable of different builds; both build ids are shown."""
    other = build.build("kinds", NEWEST, "noopt")
    refused(goctx_asan.run(helper.core_target(sample.core, other), "list"), UNREADABLE,
            r"is not the one that made this core \(build id .+ there, .+ here\)", "--exe")


def test_other_build_by_gnu_build_id(goctx_asan: helper.Goctx, scratch: Path) -> None:
    """The hint names the right executable by its build id, for debuginfod."""
    try:
        exe, other = build.build("kinds", NEWEST, "cgo"), build.build("tree", NEWEST, "cgo")
        died = build.kernel_core(exe, [], scratch)
    except build.Unavailable as why:
        pytest.skip(str(why))
    refused(goctx_asan.run(helper.core_target(died.core, other), "list"), UNREADABLE,
            "is not the one that made this core", "--exe")


def test_executable_is_gone(goctx_asan: helper.Goctx, sample: Sample, scratch: Path) -> None:
    """Deleted since: the core says which one it was; beside the core it is found again."""
    exe = copy(sample.exe, scratch / "server")
    died = build.kernel_core(exe, [], scratch)
    exe.unlink()
    answer = goctx_asan.run(helper.core_target(died.core), "list")
    refused(answer, UNREADABLE, f"executable {re.escape(str(exe))} of this core is not here",
            "--exe FILE")
    beside = copy(sample.exe, died.core.parent / "server")
    answer = goctx_asan.run(helper.core_target(died.core), "list", "--json")
    assert answer.status == OK and answer.header.exe == str(beside)


def test_process_whose_executable_is_gone(goctx_asan: helper.Goctx, sample: Sample,
                                          scratch: Path) -> None:
    """A process keeps its executable, whatever happens to the file."""
    exe = copy(sample.exe, scratch / "server")
    with build.running(exe) as run:
        exe.unlink()
        answer = goctx_asan.run(helper.pid_target(run.pid), "list", "--json")
        exe.write_text("another file with its name")
        again = goctx_asan.run(helper.pid_target(run.pid), "list", "--json")
    assert answer.status == again.status == OK
    assert set(run.truth.by_addr()) <= set(answer.contexts) & set(again.contexts)


def test_no_go_program(goctx_asan: helper.Goctx, scratch: Path) -> None:
    """A core, and a process, of a C program."""
    if not shutil.which("gcc"):
        pytest.skip("gcc is missing")
    source = scratch / "plain.c"
    source.write_text("#include <stdio.h>\n#include <unistd.h>\nint main(void)\n"
                      '{ puts("READY"); fflush(stdout); pause(); return 0; }\n')
    exe = scratch / "plain"
    subprocess.run(["gcc", "-g", "-o", exe, source], check=True)
    run = build.start(exe, cwd=scratch, core=True)
    try:
        refused(goctx_asan.run(helper.pid_target(run.pid), "list"), UNREADABLE,
                "is not a Go program", "--exe")
        core = build.abort(run, scratch)
    finally:
        build.stop(run.proc)
    for target in (helper.core_target(core), helper.core_target(core, exe)):
        refused(goctx_asan.run(target, "list"), UNREADABLE, "is not a Go program", "--exe")


# -- debug information -------------------------------------------------------


def strip(source: Path, target: Path, *options: str) -> Path:
    """A copy without symbols or debug information."""
    if not shutil.which("strip"):
        pytest.skip("strip is missing (package binutils)")
    subprocess.run(["strip", *options, "-o", target, source], check=True)
    return target


def test_stripped(goctx_asan: helper.Goctx, sample: Sample, tmp_path: Path) -> None:
    """Neither debug information nor symbols: said, and what to do about it."""
    bare = strip(sample.exe, tmp_path / "bare")
    answer = goctx_asan.run(helper.core_target(sample.core, bare), "list")
    refused(answer, UNREADABLE, "no debug information", "-ldflags.*--debug FILE")
    try:
        exe = build.build("kinds", NEWEST, "stripped")
    except build.Unavailable as why:
        pytest.skip(str(why))
    with build.running(exe) as run:
        refused(goctx_asan.run(helper.pid_target(run.pid), "list"), UNREADABLE,
                "no debug information", "-ldflags")


@pytest.mark.parametrize("command, name, hint", [
    ("test", "wait_test.go", "`go test -c`"), ("run", "main.go", "`go build`")])
def test_linked_by_the_go_command(goctx_asan: helper.Goctx, tmp_path: Path, command: str, name: str, hint: str) -> None:
    """What `go test` and `go run` make for themselves has no symbols: the hint is how to get them."""
    go = toolchains.go(NEWEST)
    if not go:
        pytest.skip(f"go {NEWEST}: {toolchains.reasons().get(NEWEST)}")
    body = 'fmt.Println("PID", os.Getpid()); os.ReadFile("fifo")'
    head = 'package main\nimport ("fmt"; "os"; "testing")\nvar _ testing.T\n'
    main = f"func main() {{ {body} }}\n" if command == "run" else f"func TestWait(*testing.T) {{ {body} }}\n"
    (tmp_path / "go.mod").write_text("module example.com/wait\n")
    (tmp_path / name).write_text(head + main)
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "tmp").mkdir()
    words = [str(go), command, *(["-v"] if command == "test" else []), "."]
    with subprocess.Popen(words, cwd=tmp_path, env={**toolchains.go_env(), "TMPDIR": str(tmp_path / "tmp")},
                          stdout=subprocess.PIPE, text=True) as proc:
        assert proc.stdout is not None
        pid = next((int(line.split()[1]) for line in proc.stdout if line.startswith("PID")), None)
        assert pid is not None
        try:
            answer = goctx_asan.run(helper.pid_target(pid), "list")
        finally:
            (tmp_path / "fifo").write_text("")
    refused(answer, UNREADABLE, "no debug information", re.escape(hint))


def test_stripped_with_debug_file(goctx_asan: helper.Goctx, sample: Sample,
                                  tmp_path: Path) -> None:
    """What the hint says works."""
    bare = strip(sample.exe, tmp_path / "bare")
    target = [*helper.core_target(sample.core, bare), "--debug", str(sample.exe)]
    answer = goctx_asan.run(target, "list", "--json", "--limit", "0")
    assert answer.header.layout_source == "dwarf"
    assert compare.contexts(sample.truth, answer, time.time()) == []


def test_symbols_only(goctx_asan: helper.Goctx, sample: Sample, tmp_path: Path) -> None:
    """-ldflags=-w: without debug information the table of the release is used."""
    plain = strip(sample.exe, tmp_path / "plain", "--strip-debug")
    target = helper.core_target(sample.core, plain)
    answer = goctx_asan.run(target, "list", "--json", "--limit", "0")
    assert answer.status == OK and answer.header.layout_source == "table"
    assert compare.contexts(sample.truth, answer, time.time()) == []
    info = goctx_asan.run(target, "info")
    assert re.search(r"layouts +table of go1\.\d+", info.text)


def rename_release(source: Path, target: Path, new: bytes) -> Path:
    """A copy that says it was made with another release of the same length."""
    data = source.read_bytes()
    (old,) = set(re.findall(rb"\bgo1\.\d\d\.\d\b", data[:-1])) or {b""}
    assert old and len(old) == len(new)
    target.write_bytes(data.replace(old, new))
    target.chmod(0o755)
    return target


def test_newer_release(goctx_asan: helper.Goctx, sample: Sample, scratch: Path) -> None:
    """A Go version that is not known yet: tried by debug information, with a warning."""
    exe = rename_release(sample.exe, scratch / "newer", b"go1.99.4")
    died = build.kernel_core(exe, [], scratch)
    answer = goctx_asan.run(helper.core_target(died.core, exe), "list", "--json", "--limit", "0")
    warnings = [note.text for note in answer.notes if note.level == "warning"]
    assert answer.status == OK and answer.header.go == "go1.99.4"
    assert any("go1.99" in text for text in warnings), answer.notes
    assert set(died.truth.by_addr()) <= set(answer.contexts)
    text = goctx_asan.run(helper.core_target(died.core, exe), "tree")
    assert "go1.99" in text.text + text.stderr
    bare = strip(exe, scratch / "bare", "--strip-debug")
    answer = goctx_asan.run(helper.core_target(died.core, bare), "list")
    refused(answer, UNREADABLE, "debug information|go1.99", ".")


def test_older_release(goctx_asan: helper.Goctx, sample: Sample, scratch: Path) -> None:
    """A Go version from before what is supported."""
    exe = rename_release(sample.exe, scratch / "older", b"go1.12.4")
    died = build.kernel_core(exe, [], scratch)
    refused(goctx_asan.run(helper.core_target(died.core, exe), "list"), UNREADABLE,
            "go1.12.4.*oldest supported", "newer Go")


# -- processes ---------------------------------------------------------------


def test_pid_is_gone(goctx_asan: helper.Goctx) -> None:
    """No such process, and what is no process id."""
    proc = subprocess.Popen(["true"])
    proc.wait()
    refused(goctx_asan.run(helper.pid_target(proc.pid), "list"), UNREADABLE,
            f"no process with pid {proc.pid}")
    for word in ("0", "-5", "abc", "99999999999", "1.5"):
        refused(goctx_asan.run(["--pid", word], "list"), USAGE, "not a (process id|number)",
                "--pid")


def test_pid_is_a_zombie(goctx_asan: helper.Goctx) -> None:
    """A process that has ended, but is not gone."""
    proc = subprocess.Popen(["true"])
    os.waitid(os.P_PID, proc.pid, os.WEXITED | os.WNOWAIT)
    answer = goctx_asan.run(helper.pid_target(proc.pid), "list")
    proc.wait()
    refused(answer, UNREADABLE, "has ended", "." if "\nhint: " in answer.stderr else None)


@pytest.fixture
def as_nobody(goctx_asan: helper.Goctx) -> Iterator[helper.Goctx]:
    """The helper with no rights, whoever runs the tests."""
    if os.geteuid() != 0:
        pytest.skip("only root can run something as another user")
    if not shutil.which("setpriv"):
        pytest.skip("setpriv is missing (package util-linux)")
    folder = Path("/var/tmp") / f"goctx-test-{os.getpid()}"
    folder.mkdir(mode=0o755)
    try:
        binary = copy(goctx_asan.binary, folder / "goctx")
        binary.chmod(0o755)
        yield helper.Goctx(binary, ("setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}",
                                    "--clear-groups", "--inh-caps=-all", "--"))
    finally:
        shutil.rmtree(folder)


def test_no_permission(as_nobody: helper.Goctx, sample: Sample, scratch: Path) -> None:
    """Somebody else's process or core: which capability or sysctl is missing."""
    with build.running(sample.exe) as run:
        answer = as_nobody.run(helper.pid_target(run.pid), "list")
        refused(answer, UNREADABLE, "(Permission denied|not permitted)",
                "CAP_SYS_PTRACE|ptrace_scope")
    core = scratch / "core"
    core.write_bytes(b"\x7fELF")
    core.chmod(0o600)
    refused(as_nobody.run(helper.core_target(core), "list"), UNREADABLE, "Permission denied",
            "user of the process.*root")


def test_debugged_process(goctx_asan: helper.Goctx, sample: Sample) -> None:
    """A process that a debugger holds: named, with its pid."""
    if not shutil.which("gdb"):
        pytest.skip("gdb is missing")
    with build.running(sample.exe) as run:
        gdb = subprocess.Popen(["gdb", "-q", "-nx", "-batch", "-ex", f"attach {run.pid}",
                                "-ex", "echo HELD\\n", "-ex", "shell cat"],
                               stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                               stderr=subprocess.DEVNULL, text=True, start_new_session=True)
        try:
            assert gdb.stdout
            assert any("HELD" in line for line in gdb.stdout)
            refused(goctx_asan.run(helper.pid_target(run.pid), "list"), UNREADABLE,
                    f"debugged by gdb.*{gdb.pid}", ".")
        finally:
            os.killpg(gdb.pid, 9)
            gdb.wait()


# -- truncated cores ---------------------------------------------------------


@pytest.mark.parametrize("share", [0.02, 0.1, 0.3, 0.5, 0.7, 0.9, 0.99, 0.9999])
def test_truncated_core(goctx_asan: helper.Goctx, sample: Sample, scratch: Path,
                        share: float) -> None:
    """What is left is shown, and how much is missing is said; nothing is invented."""
    size = sample.core.stat().st_size
    cut = copy(sample.core, scratch / "core", int(size * share))
    target = helper.core_target(cut, sample.exe)
    told = sample.truth.by_addr()
    for command in ("list", "tree", "tasks", "blocked", "info"):
        answer = goctx_asan.run(target, command, "--json")
        assert answer.status == PARTIAL, (command, answer.stderr)
        assert any(re.search(f"truncated.* {size - int(size * share)} bytes", text)
                   for text in answer.damage), answer.notes
        assert answer.header.damage >= 1
        for one in answer.context_list:
            if one.addr in told:
                assert one.kind == told[one.addr].kind
    listed = goctx_asan.run(target, "list", "--json", "--limit", "0")
    invented = set(listed.contexts) - set(told) - {"background", "todo"}
    assert len(invented) <= 4, invented  # as in compare: kept by a timer
    if share >= 0.99:
        assert len(listed.contexts) > len(told) / 2
    text = goctx_asan.run(target, "list")
    assert text.status == PARTIAL and "truncated" in text.text + text.stderr


@pytest.mark.parametrize("size", [20, 63, 64, 65, 120, 500, 1000, 3000, 4096, 10_000, 40_000])
def test_core_with_hardly_anything(goctx_asan: helper.Goctx, sample: Sample, tmp_path: Path,
                                   size: int) -> None:
    """Cut within its headers or notes."""
    cut = copy(sample.core, tmp_path / "core", size)
    for target in (helper.core_target(cut), helper.core_target(cut, sample.exe)):
        answer = goctx_asan.run(target, "list")
        assert answer.status in (UNREADABLE, PARTIAL)
        assert answer.stderr.startswith("goctx: ") or "truncated" in answer.text


def test_core_that_shrinks(goctx: helper.Goctx, sample: Sample, tmp_path: Path) -> None:
    """The file is cut while the helper has it open."""
    core = copy(sample.core, tmp_path / "core", sample.core.stat().st_size)
    with pytest.raises(helper.BadAnswer, match="goctx: a file became shorter.*\nhint: "):
        with goctx.serve(helper.core_target(core, sample.exe)) as server:
            assert server.ask("tasks").status == helper.OK
            os.truncate(core, 8192)
            server.ask("bt", "all", "--json")


# -- arguments ---------------------------------------------------------------


def test_address_that_is_no_context(goctx_asan: helper.Goctx, sample: Sample) -> None:
    """An address of something else: what it is, when that is known."""
    server = sample.truth.context("server")
    for command in ("show", "children", "tree"):
        refused(goctx_asan.run(sample.target, command, "0x1234"), USAGE, "0x1234 is no context",
                "list and tree")
        refused(goctx_asan.run(sample.target, command, str(server.done)), USAGE,
                f"{server.done} is no context", f"done channel of .*{server.addr}")
        refused(goctx_asan.run(sample.target, command, "0xffffffffffffffff"), USAGE,
                "is no context", ".")
        refused(goctx_asan.run(sample.target, command, "main.ctx"), USAGE, "not an address",
                "hexadecimal")
        refused(goctx_asan.run(sample.target, command, "0x1" + "0" * 16), USAGE,
                "not an address", "hexadecimal")


def test_unknown_goroutine(goctx_asan: helper.Goctx, sample: Sample) -> None:
    """A goroutine that does not exist, and what is no number."""
    refused(goctx_asan.run(sample.target, "bt", "999999"), USAGE, "no goroutine 999999", "tasks")
    for word in ("x", "-1", "99999999999999999999999", "0x10"):
        refused(goctx_asan.run(sample.target, "bt", word), USAGE, "goroutine|option",
                "tasks|help")


@pytest.mark.parametrize("words, says", [
    ((), "no command"), (("lst",), "unknown command"), (("list", "--no-such"), "unknown option"),
    (("list", "extra"), "too much"), (("show",), "needs CTX"), (("tree", "--depth", "x"), "depth"),
    (("list", "--kind", "cancle"), "no such word"), (("list", "--limit", "-3"), "limit"),
    (("tasks", "--min-wait", "soon"), "min-wait"), (("tasks", "--func", "("), "func"),
    (("list", "--color", "blue"), "color")])
def test_wrong_use(goctx_asan: helper.Goctx, sample: Sample, words: tuple[str, ...],
                   says: str) -> None:
    """Wrong command lines are status 2, before anything is read."""
    refused(goctx_asan.run(sample.target, *words), USAGE, says, ".")


def test_no_target(goctx_asan: helper.Goctx, sample: Sample) -> None:
    """No target, or two."""
    refused(goctx_asan.run([], "list"), USAGE, "no target", "--core FILE or --pid PID")
    refused(goctx_asan.run([*sample.target, "--pid", "1"], "list"), USAGE, "exclude", ".")


def test_output_cannot_be_written(goctx_asan: helper.Goctx, sample: Sample) -> None:
    """A reader that goes away early, and a full disk."""
    command = [goctx_asan.binary, *sample.target, "list", "--json"]
    env = {**os.environ, **helper.SANITIZED}
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=env) as run:
        assert run.stdout and run.stderr
        run.stdout.close()
        assert b"Sanitizer" not in run.stderr.read()
        run.wait(helper.TIMEOUT)
    with open("/dev/full", "wb") as full:
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, env=env, timeout=helper.TIMEOUT,
                              check=False)
    assert done.returncode not in (0, 1) and done.stderr.startswith(b"goctx: "), done.stderr
