#!/usr/bin/python3
"""Fetch other releases of GDB from Debian's suites into a cache.

    gdbs.py [VERSION...]

prints one line per version, as toolchains.py does:

    16 /home/me/.cache/goctx/gdbs/16/gdb
    18 missing: no suite that this mirror carries has GDB 18

A GDB comes with all the libraries it needs, its C library and its Python
included, and runs by its own dynamic loader: nothing is installed, and the
machine's own GDB and Python are not touched.  The command is a small script.

From Python: gdb(version) -> path or None, why(version) tells why it is None.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
import tempfile
from pathlib import Path

import toolchains
from toolchains import PrivateApt, Unavailable, run

VERSIONS = ("16", "18")
SUITES = ("trixie", "trixie-backports")  # of one Debian release: libraries fit to each other

_reasons: dict[str, str] = {}

_SCRIPT = """\
#!/bin/sh
# GDB {version} with the libraries of its own release.  Python must find its modules, programs started from GDB must not.
# Compiled modules are kept: without them GDB takes four times as long to start.
root={root}
PYTHONHOME=$root/usr PYTHONPYCACHEPREFIX=$root/../pycache
export PYTHONHOME PYTHONPYCACHEPREFIX
unset PYTHONDONTWRITEBYTECODE
exec "$root/{loader}" --library-path "$root/usr/lib/x86_64-linux-gnu:$root/lib/x86_64-linux-gnu" --argv0 gdb \\
	"$root/usr/bin/gdb" --data-directory "$root/usr/share/gdb" \\
	-iex "python import os; [os.environ.pop(name, None) for name in ('PYTHONHOME', 'PYTHONPYCACHEPREFIX')]" \\
	-iex "unset environment PYTHONHOME" -iex "unset environment PYTHONPYCACHEPREFIX" "$@"
"""


def path(version: str) -> Path:
    """Where the command of a version is, or would be."""
    return toolchains.cache_dir() / "gdbs" / version / "gdb"


def why(version: str) -> str:
    """Why gdb() found none."""
    return _reasons.get(version, "not asked for")


def gdb(version: str) -> Path | None:
    """The command of a major release, fetched when need be (about 60 MB), or None."""
    command = path(version)
    if command.exists():
        with toolchains.locked(toolchains.cache_dir()):
            _write_command(command.parent, version)  # it may be from before the script was changed
        return command
    if os.environ.get("GOCTX_OFFLINE"):
        _reasons[version] = "not in the cache, and fetching is switched off"
        return None
    try:
        with toolchains.locked(toolchains.cache_dir()):
            if not command.exists():
                _fetch(version)
    except Unavailable as reason:
        _reasons[version] = str(reason)
        return None
    return command


def _fetch(version: str) -> None:
    cache = toolchains.cache_dir()
    apt = PrivateApt(cache / "apt")
    apt.prepare()
    apt.update()
    offers = [one for one in apt.candidates("gdb")
              if re.match(rf"{version}\.", one.version) and one.suite in SUITES]
    if not offers:
        raise Unavailable(f"no suite that this mirror carries has GDB {version}")
    (cache / "gdbs").mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".new-", dir=cache / "gdbs") as tmp:
        folder = Path(tmp) / version
        root = folder / "root"
        root.mkdir(parents=True)
        for deb in _download(apt, offers[0], Path(tmp)):
            done = run(["dpkg", "-x", str(deb), str(root)])
            if done.returncode:
                raise Unavailable(f"{deb.name} cannot be unpacked: {done.stderr.strip()}")
        _write_command(folder, version)
        folder.rename(cache / "gdbs" / version)
    shutil.rmtree(apt.root / "cache", ignore_errors=True)
    # The script names its place: it was made for the final one.
    done = run([str(path(version)), "-nx", "-batch", "-ex", "python print(gdb.VERSION)"])
    if not done.stdout.startswith(f"{version}."):
        shutil.rmtree(path(version).parent, ignore_errors=True)
        raise Unavailable(f"GDB {offers[0].version} does not run here: "
                          f"{(done.stderr.strip().splitlines() or ['it says nothing'])[-1]}")


def _download(apt: PrivateApt, offer: toolchains.Candidate, into: Path) -> list[Path]:
    """GDB and all that it depends on, as if nothing at all were installed."""
    (into / "archives/partial").mkdir(parents=True)
    sources = into / "sources.list"
    sources.write_text("".join(line + "\n" for line in (apt.root / "sources.list").read_text().splitlines()
                               if line.split()[-2] in SUITES))
    done = run(["apt-get", "-q", "-y", "-c", str(apt.config), "-o", f"Dir::Etc::SourceList={sources}",
                "-o", f"Dir::Cache::Archives={into / 'archives'}", "--no-install-recommends", "-d",
                "-t", offer.suite, "install", f"gdb={offer.version}"])
    debs = sorted((into / "archives").glob("*.deb"))
    if done.returncode or not debs:
        raise Unavailable("download failed: " + toolchains.complaint(done.stderr))
    return debs


def _write_command(folder: Path, version: str) -> None:
    loaders = [one for one in ("usr/lib64/ld-linux-x86-64.so.2", "lib64/ld-linux-x86-64.so.2",
                               "usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2")
               if (folder / "root" / one).exists()]
    if not loaders:
        raise Unavailable("its C library has no dynamic loader where one was expected")
    command, made = folder / "gdb", folder / "gdb.new"
    text = _SCRIPT.format(version=version, root=path(version).parent / "root", loader=loaders[0])
    if command.exists() and command.read_text() == text:
        return
    made.write_text(text)
    made.chmod(0o755)
    os.replace(made, command)  # somebody may be about to start it


def main() -> int:
    """Command line; see the module's text."""
    failed = False
    for version in sys.argv[1:] or VERSIONS:
        found = gdb(version)
        failed |= found is None
        print(version, found or f"missing: {why(version)}")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
