#!/usr/bin/python3
"""Fetch Go toolchains, and delve, from Debian's suites into a cache.

    toolchains.py [--list] [--check] [--offline] [--cache DIR] [VERSION...]

prints one line per version, in the order asked:

    1.24 /home/me/.cache/goctx/toolchains/1.24/bin/go
    1.27 missing: no suite that this mirror carries has golang-1.27-go

VERSION is a minor release ("1.24") or "dlv" for the delve debugger.  Without
any, DEFAULT_VERSIONS are meant.  The exit status is 0 when all of them are
there, 1 otherwise.

Which suite holds which version changes over time, so it is looked up: a
private apt state is built in the cache, pointed at the mirror that the machine
itself uses, with the suites of SUITES.  apt checks signatures and hashes.
Nothing is installed, and the machine's own apt state is neither read for
versions nor written.  Without network, what the cache has is used.

From Python: ensure(versions) -> {version: path or None}, go(version),
cache_dir().  reasons() tells why the last ensure() left something out.
"""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import functools
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Iterator, NamedTuple, Sequence

DEFAULT_VERSIONS = ("1.19", "1.21", "1.22", "1.23", "1.24", "1.25", "1.26", "1.27")
SUITES = (
    "bullseye",
    "bookworm",
    "bookworm-backports",
    "trixie",
    "trixie-backports",
    "sid",
)
KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")

INDEX_AGE = 3600  # seconds for which the suites' indexes count as fresh

# Hooks of the machine would run on our private update too; some empty the
# machine's package cache.
APT_HOOKS = ("APT::Update::Pre-Invoke", "APT::Update::Post-Invoke",
             "APT::Update::Post-Invoke-Success", "DPkg::Post-Invoke")

_VERSION = re.compile(r"1\.\d{1,3}|dlv")
_reasons: dict[str, str] = {}


class Unavailable(Exception):
    """A version cannot be had; the text says why, for a person."""


class Candidate(NamedTuple):
    """One version of a package and the suite that carries it."""

    version: str
    suite: str


def note(text: str) -> None:
    """Tell the person something that is not an answer."""
    print(f"toolchains: {text}", file=sys.stderr, flush=True)


def cache_dir() -> Path:
    """The project's cache; everything below it may be deleted at any time."""
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base) / "goctx"


def tool_path(version: str, cache: Path | None = None) -> Path:
    """Where the program of a version is, or would be."""
    tool = "dlv" if version == "dlv" else "go"
    return (cache or cache_dir()) / "toolchains" / version / "bin" / tool


def reasons() -> dict[str, str]:
    """Why versions are missing, from the last ensure() that wanted them."""
    return dict(_reasons)


def go_env(cache: Path | None = None) -> dict[str, str]:
    """Environment for running a cached go command: it never goes online.

    C is compiled by gcc: with a CC of two words Go's linker finds no -no-pie, and links what -race cannot run.
    """
    env = {k: v for k, v in os.environ.items() if not k.startswith(("GO", "CGO_")) and k != "CC"}
    env.update(
        GOTOOLCHAIN="local",
        GOFLAGS="-mod=mod",
        GOPROXY="off",
        GOSUMDB="off",
        GOENV="off",
        GOTELEMETRY="off",
        CGO_ENABLED="0",
        GOCACHE=str((cache or cache_dir()) / "gocache"),
        GOPATH=str((cache or cache_dir()) / "gopath"),
    )
    return env


# -- the private apt state ---------------------------------------------------


def run(args: Sequence[str], **kwargs) -> subprocess.CompletedProcess[str]:
    """Run a command, capture its text, never raise for its exit status."""
    env = {**os.environ, "LC_ALL": "C"}
    kwargs.setdefault("env", env)
    return subprocess.run(
        args, text=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, check=False, **kwargs
    )


def machine_mirror() -> str:
    """The address of the Debian archive that this machine is set up to use."""
    fmt = "$(REPO_URI)|$(RELEASE)|$(LABEL)"
    done = run(["apt-get", "indextargets", "--format", fmt, "Created-By: Packages"])
    rows = [line.split("|") for line in done.stdout.splitlines()]
    rows = [row for row in rows if len(row) == 3 and "security" not in row[1]]
    rows.sort(key=lambda row: row[2] != "Debian")
    if not rows:
        raise Unavailable("the machine's apt configuration names no Debian mirror")
    return rows[0][0]


def complaint(stderr: str) -> str:
    """The first thing that apt-get complains of, without the mirror's address."""
    for line in stderr.splitlines():
        if line.startswith(("E:", "W:")):
            text = re.sub(r"\S+://\S+", "the mirror", line[2:]).strip()
            return re.sub(r"'[\w.-]+\.[a-z]{2,}(:\w+)?'", "the mirror", text)
    return "apt-get gave no reason"


class PrivateApt:
    """apt-get and apt-cache over a state of our own, below the cache."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.config = root / "apt.conf"

    def prepare(self) -> None:
        """Write the configuration and the list of sources."""
        if not shutil.which("apt-get") or not shutil.which("dpkg"):
            raise Unavailable("this machine has no apt-get and dpkg")
        if not KEYRING.exists():
            raise Unavailable(f"{KEYRING} is missing (package debian-archive-keyring)")
        mirror = machine_mirror()
        for sub in ("state/lists/partial", "cache/archives/partial", "parts", "debs"):
            (self.root / sub).mkdir(parents=True, exist_ok=True)
        (self.root / "status").touch()
        lines = [f"deb [signed-by={KEYRING}] {mirror} {suite} main" for suite in SUITES]
        (self.root / "sources.list").write_text("\n".join(lines) + "\n")
        self.config.write_text(self._config_text())

    def _config_text(self) -> str:
        """Settings read after the machine's own, so that proxies still hold."""
        options = {
            "Dir::State": self.root / "state",
            "Dir::State::Lists": self.root / "state/lists",
            "Dir::State::Status": self.root / "status",
            "Dir::Cache": self.root / "cache",
            "Dir::Etc::SourceList": self.root / "sources.list",
            "Dir::Etc::SourceParts": self.root / "parts",
            "Dir::Etc::Preferences": "/dev/null",
            "Dir::Etc::PreferencesParts": self.root / "parts",
            "Acquire::Languages": "none",
            "Acquire::Retries": "2",
            "Acquire::http::Timeout": "20",
            "Acquire::https::Timeout": "20",
            "APT::Architecture": run(["dpkg", "--print-architecture"]).stdout.strip(),
        }
        if os.geteuid() == 0:
            options["APT::Sandbox::User"] = "root"  # the cache is ours alone
        text = "".join(f"#clear {hook};\n" for hook in APT_HOOKS)
        return text + "".join(f'{key} "{value}";\n' for key, value in options.items())

    def update(self) -> None:
        """Read the suites' indexes, unless that was done within the hour.

        A suite that is not there is only noted.
        """
        stamp = self.root / "updated"
        with contextlib.suppress(FileNotFoundError):
            if 0 <= time.time() - stamp.stat().st_mtime < INDEX_AGE:
                return
        done = run(["apt-get", "-q", "-c", str(self.config), "update"])
        lists = self.root / "state/lists"
        found = [suite for suite in SUITES if any(lists.glob(f"*_dists_{suite}_*Release"))]
        if not found:
            raise Unavailable("the mirror cannot be reached: " + complaint(done.stderr))
        for suite in SUITES:
            if suite not in found:
                note(f"suite {suite} skipped: this mirror does not carry it")
        stamp.touch()

    def candidates(self, package: str) -> list[Candidate]:
        """Versions of a package, newest first, each once."""
        done = run(["apt-cache", "-c", str(self.config), "madison", package])
        seen: dict[str, str] = {}
        for line in done.stdout.splitlines():
            fields = [field.strip() for field in line.split("|")]
            if len(fields) == 3 and fields[0] == package and "Packages" in fields[2]:
                suite = fields[2].split()[1].split("/")[0]
                seen.setdefault(fields[1], suite)

        def compare(a: str, b: str) -> int:
            if a == b:
                return 0
            newer = run(["dpkg", "--compare-versions", a, "gt", b]).returncode == 0
            return -1 if newer else 1

        order = sorted(seen, key=functools.cmp_to_key(compare))
        return [Candidate(version, seen[version]) for version in order]

    def download(self, packages: Sequence[str], into: Path) -> list[Path]:
        """Fetch packages ("name=version") as .deb files, verified by apt."""
        done = run(["apt-get", "-q", "-c", str(self.config), "download", *packages], cwd=into)
        debs = sorted(into.glob("*.deb"))
        if done.returncode or len(debs) != len(packages):
            raise Unavailable("download failed: " + complaint(done.stderr))
        return debs


# -- unpacking ---------------------------------------------------------------


def works(tool: Path) -> str | None:
    """The version line of a go or dlv, or None when it does not run here."""
    done = run([str(tool), "version"], env=go_env())
    if done.returncode:
        return None
    lines = done.stdout.strip().splitlines()
    named = [line for line in lines if line.startswith(("go version", "Version:"))]
    return named[0] if named else None


def packages_of(version: str) -> list[str]:
    """The Debian packages that make up a version; all share one version."""
    if version == "dlv":
        return ["delve"]
    return [f"golang-{version}-go", f"golang-{version}-src"]


def unpack(debs: Sequence[Path], version: str, root: Path) -> Path:
    """Unpack into root and add the bin link; returns the program.

    Debian splits GOROOT between /usr/lib and /usr/share with relative links,
    which hold as long as both are unpacked side by side.
    """
    for deb in debs:
        done = run(["dpkg", "-x", str(deb), str(root)])
        if done.returncode:
            raise Unavailable(f"{deb.name} cannot be unpacked: {done.stderr.strip()}")
    where = "usr/bin" if version == "dlv" else f"usr/lib/go-{version}/bin"
    (root / "bin").symlink_to(where)
    return root / "bin" / ("dlv" if version == "dlv" else "go")


def fetch(apt: PrivateApt, version: str, cache: Path) -> None:
    """Bring one version into the cache, the newest that runs on this machine."""
    packages = packages_of(version)
    offers = [apt.candidates(package) for package in packages]
    common = [offer for offer in offers[0]
              if all(offer.version in {o.version for o in other} for other in offers)]
    if not common:
        raise Unavailable(f"no suite that this mirror carries has {packages[0]}")
    for offer in common:
        with tempfile.TemporaryDirectory(prefix=".new-", dir=cache / "toolchains") as tmp:
            root = Path(tmp) / "root"
            root.mkdir()
            wanted = [f"{package}={offer.version}" for package in packages]
            debs = apt.download(wanted, Path(tmp))
            tool = unpack(debs, version, root)
            if not works(tool):
                note(f"{packages[0]} {offer.version} of {offer.suite} does not run here")
                continue
            (root / "origin").write_text(f"{packages[0]} {offer.version} {offer.suite}\n")
            root.rename(cache / "toolchains" / version)
            return
    raise Unavailable(f"no {packages[0]} of any suite runs on this machine")


@contextlib.contextmanager
def locked(cache: Path) -> Iterator[None]:
    """One fetching run at a time; a second waits and then finds the work done."""
    folder = cache / "toolchains"
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / ".lock", "w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        for left in folder.glob(".new-*"):
            shutil.rmtree(left, ignore_errors=True)
        yield


def fetch_missing(missing: Sequence[str], cache: Path) -> None:
    """Fetch what is missing; what cannot be had is recorded in _reasons."""
    with locked(cache):
        missing = [v for v in missing if not tool_path(v, cache).exists()]
        if not missing:
            return
        apt = PrivateApt(cache / "apt")
        try:
            apt.prepare()
            apt.update()
        except Unavailable as why:
            _reasons.update({version: str(why) for version in missing})
            return
        for version in missing:
            try:
                fetch(apt, version, cache)
            except Unavailable as why:
                _reasons[version] = str(why)
        shutil.rmtree(apt.root / "cache", ignore_errors=True)


def ensure(versions: Sequence[str] = DEFAULT_VERSIONS, cache: Path | None = None,
           offline: bool | None = None) -> dict[str, Path | None]:
    """Make versions available; maps each to its go (or dlv) or to None.

    Takes seconds to a minute per version that the cache lacks, nothing
    otherwise.  offline (default: whether GOCTX_OFFLINE is set) uses only what
    is there.
    """
    cache = cache or cache_dir()
    for version in versions:
        if not _VERSION.fullmatch(version):
            raise ValueError(f"{version!r} is no Go minor release such as 1.24, nor dlv")
    if offline is None:
        offline = bool(os.environ.get("GOCTX_OFFLINE"))
    missing = [v for v in versions if not tool_path(v, cache).exists()]
    for version in missing:
        _reasons[version] = "not in the cache, and fetching is switched off"
    if missing and not offline:
        fetch_missing(missing, cache)
    result: dict[str, Path | None] = {}
    for version in versions:
        path = tool_path(version, cache)
        result[version] = path if path.exists() else None
        if path.exists():
            _reasons.pop(version, None)
    return result


def go(version: str) -> Path | None:
    """The go command of a minor release, fetched when need be, or None."""
    return ensure([version])[version]


# -- the command -------------------------------------------------------------

HELLO = 'package main\n\nimport "fmt"\n\nfunc main() { fmt.Println("hello") }\n'


def check(version: str, tool: Path, cache: Path) -> str:
    """Run a tool in earnest; a go builds and runs a program. Says what came."""
    named = works(tool)
    if not named:
        raise Unavailable(f"{tool} does not run")
    if version == "dlv":
        return named
    with tempfile.TemporaryDirectory() as tmp:
        source = Path(tmp) / "hello.go"
        source.write_text(HELLO)
        env = go_env(cache)
        built = run([str(tool), "build", "-o", f"{tmp}/hello", str(source)], env=env, cwd=tmp)
        if built.returncode:
            raise Unavailable(f"{tool} cannot build: {built.stderr.strip()}")
        said = run([f"{tmp}/hello"]).stdout.strip()
    if said != "hello" or f"go{version}" not in named:
        raise Unavailable(f"{tool} is {named!r} and its program said {said!r}")
    return named


def main() -> int:
    """Command line; see the module's text."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("versions", nargs="*", metavar="VERSION")
    parser.add_argument("--list", action="store_true", help="only say what is in the cache")
    parser.add_argument("--check", action="store_true", help="also build a program with each")
    parser.add_argument("--offline", action="store_true", help="fetch nothing")
    parser.add_argument("--cache", type=Path, help="instead of the user's cache folder")
    args = parser.parse_args()
    cache = (args.cache or cache_dir()).absolute()
    failed = False
    for version in args.versions or DEFAULT_VERSIONS:
        try:
            tool = ensure([version], cache, True if args.list or args.offline else None)[version]
            if not tool:
                raise Unavailable(_reasons.get(version, "unknown"))
            extra = f"  # {check(version, tool, cache)}" if args.check else ""
            print(f"{version} {tool}{extra}", flush=True)
        except ValueError as why:
            parser.error(str(why))
        except Unavailable as why:
            failed = True
            print(f"{version} missing: {why}", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
