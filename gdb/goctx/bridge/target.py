"""What GDB looks at, as options for the helper."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from typing import Tuple

import gdb

from ..errors import GoctxError

__all__ = ["Target", "current_target"]

# Before GDB 18 this is the only place that tells the core file.
_CORE_IN_INFO_FILES = re.compile(r"^Local core dump file:\n\t`(.*)', file type", re.MULTILINE)

Stamp = Tuple[str, int, int]

_core_paths: dict[int, str] = {}  # by number of the connection; asking is slow


@dataclass(frozen=True)
class Target:
    """A core file or a process with its executable; equal as long as a helper can be kept.

    Args:
        inferior: number of the inferior
        pid: of the process, or None for a core
        connection: number of GDB's connection: loading or attaching again gives a new one
        core: path, or None for a process
        exe: executable; None: the helper finds it
        debug: file of separate debug information, or None
        stamps: path, size and time of each file
        remote: only GDB can read the process
    """

    inferior: int
    pid: int | None
    connection: int
    core: str | None
    exe: str | None
    debug: str | None
    stamps: tuple[Stamp, ...]
    remote: bool = False

    @property
    def live(self) -> bool:
        """Whether its memory changes whenever GDB lets it run."""
        return self.pid is not None

    def options(self, mem_fd: int | None) -> list[str]:
        """The options of `goctx serve` for this target.

        Args:
            mem_fd: for a process, an open /proc/PID/mem; None: GDB reads it
        """
        options = ["--core", self.core] if self.core else ["--pid", str(self.pid), "--no-stop"]
        if self.live:
            options += ["--proxy"]
        if mem_fd is not None:
            options += ["--mem-fd", str(mem_fd)]
        if self.exe:
            options += ["--exe", self.exe]
        if self.debug:
            options += ["--debug", self.debug]
        return options


def current_target(inferior: gdb.Inferior) -> Target:
    """What the inferior is.

    Raises:
        GoctxError: nothing that the helper can look at
    """
    connection = inferior.connection
    kind = connection.type if connection else None
    if not inferior.pid or kind is None or kind == "exec":
        raise GoctxError(
            "there is no process and no core file to look at",
            "open a core with `core FILE`, or a process with `attach PID` or `run`",
        )
    core = None
    if kind == "core":
        core = _core_path(inferior)
    elif kind not in ("native", "remote", "extended-remote"):
        raise GoctxError(f"{kind} targets are not supported",
                         "those are: cores, processes, and processes behind a gdbserver")
    elif any(thread.is_running() for thread in inferior.threads()):
        raise GoctxError("the process is running", "stop it first: Ctrl-C, or `interrupt`")
    remote = kind not in ("core", "native")
    exe = _executable(inferior)
    if remote and not exe:
        raise GoctxError("the program of the remote process is not here",
                         "name a copy of its executable: file PATH")
    debug = _debug_file(inferior, exe)
    stamps = tuple(_stamp(path) for path in (core, exe, debug) if path)
    pid = None if core else inferior.pid
    return Target(inferior.num, pid, connection.num, core, exe, debug, stamps, remote)


def _core_path(inferior: gdb.Inferior) -> str:
    if getattr(inferior, "corefile", None) is not None:  # since GDB 18
        return os.path.abspath(inferior.corefile.filename)
    number = inferior.connection.num  # another core is another connection
    if number not in _core_paths:
        found = _CORE_IN_INFO_FILES.search(gdb.execute("info files", to_string=True))
        if not found:
            raise GoctxError("GDB does not tell the path of the core file",
                             "open it again with `core FILE`")
        _core_paths[number] = os.path.abspath(found[1])
    return _core_paths[number]


def _executable(inferior: gdb.Inferior) -> str | None:
    """What GDB takes for the program, when that is a file here.

    It is none for a core that was opened alone, and for a process whose file
    was replaced or is not visible from here (a container's): the helper then
    finds it by the core's notes or by /proc.
    """
    space = inferior.progspace
    path = getattr(space, "executable_filename", None) or space.filename  # since GDB 14
    if path and path.startswith("target:"):  # from the other side; mostly the same file is here, build ids will tell
        path = path[len("target:") :]
    return os.path.abspath(path) if path and os.path.isfile(path) else None


def _debug_file(inferior: gdb.Inferior, exe: str | None) -> str | None:
    """The separate debug information that GDB uses for the executable."""
    for objfile in inferior.progspace.objfiles():
        owner = objfile.owner
        if owner is not None and exe and owner.filename and objfile.filename:
            if os.path.abspath(owner.filename) == exe and os.path.isfile(objfile.filename):
                return os.path.abspath(objfile.filename)
    return None


def _stamp(path: str) -> Stamp:
    try:
        status = os.stat(path)
    except OSError:  # removed under GDB; the helper says it better
        return (path, -1, -1)
    return (path, status.st_size, status.st_mtime_ns)
